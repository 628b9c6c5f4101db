"""The timers and the queue: a sweep that enqueues, ticks that come again, and the housekeeping.

Decides when an invocation begins. One that would find nothing is mostly left out: it only reads.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import stages
from shared.clock import DATE_SECONDS
from shared.engine import QUIET_SECONDS
from shared.store.rows import OUTBOX_HIGH, OUTBOX_LOW, SNAPSHOT_LOW, STATE_TABLE, TICK_LOW
from tests.sim.doors import at_once

if TYPE_CHECKING:
    from tests.sim.simulation import Simulation

TICK_SECONDS = 60.0
HOUSEKEEPING_MINUTES = 5
DEQUEUES_MAX = 5
VISIBILITY_SECONDS = 30.0
"""`maxDequeueCount` and `visibilityTimeout` of host.json."""
IDLE_TIMERS = 0.03
"""The share of timers that do their work although there is none."""


class Timers:
    """What the host starts by itself."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim

    def fire(self, minutes: int) -> None:
        """The timers of one minute; `minutes` have passed since the first."""
        sim, weather = self._sim, self._sim.weather
        idly = weather.strikes(IDLE_TIMERS)
        if (idly or self._stirs()) and not weather.strikes(weather.swarm.missed):
            sim.invoke("sweep", lambda process: process.engine.sweep(), self._enqueue)
        keeps = minutes % HOUSEKEEPING_MINUTES == 0 and (idly or self._litters())
        if keeps and not weather.strikes(weather.swarm.missed):
            sim.invoke("housekeep", lambda process: process.engine.housekeep())

    def _stirs(self) -> bool:
        """Whether a worker would find the fleet due, now or after a sleep.

        A timer that finds nothing has only read, and no interleaving with it can matter: a few are kept.
        """
        soon = self._sim.scheduler.now() + timedelta(seconds=self._asleep_seconds())
        name = self._sim.scenario.fleet.name
        return self._sim.tables.holds(STATE_TABLE, name, TICK_LOW, SNAPSHOT_LOW) or stages.due(
            self._sim.facts.state, (), soon
        )

    def _litters(self) -> bool:
        """Whether the housekeeping would find an announcement that is owed, or a fleet that may rest."""
        name = self._sim.scenario.fleet.name
        if self._sim.tables.holds(STATE_TABLE, name, OUTBOX_LOW, OUTBOX_HIGH):
            return True
        quiet = self._sim.scheduler.now() - timedelta(seconds=QUIET_SECONDS - self._asleep_seconds())
        return any(entry.marked_at <= quiet for entry in at_once(self._sim.truth.directory(active_only=True)))

    def _asleep_seconds(self) -> float:
        swarm = self._sim.weather.swarm
        return TICK_SECONDS if swarm.stall else DATE_SECONDS

    def _enqueue(self, names: object, error: BaseException | None) -> None:
        if error is not None or not isinstance(names, tuple):
            return
        for name in names:
            for _ in range(self._sim.weather.deliveries()):
                wait = self._sim.chance.random() * 4.0
                self._sim.scheduler.call(wait, partial(self._tick, str(name)))

    def _tick(self, name: str, dequeued: int = 1) -> None:
        """A message of the queue: it comes again until it was handled, or goes to the poison queue."""
        if self._sim.weather.strikes(self._sim.weather.swarm.dropped):
            self._sim.told("weather", "a message of the queue is lost")
            return

        def handled(_result: object, error: BaseException | None) -> None:
            if error is not None and dequeued < DEQUEUES_MAX:
                self._sim.scheduler.call(VISIBILITY_SECONDS, partial(self._tick, name, dequeued + 1))

        self._sim.invoke("tick", lambda process: process.engine.tick(name), handled)
