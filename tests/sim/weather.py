"""What may happen to a worker, and the clocks that it goes by. Faults are drawn here and strike in the doors.

Decides from the seed whether a fault strikes now. Refuses to know what it does.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import log, prod
from random import Random

from shared.clock import DRIFT, ServiceClock
from tests.sim.scenario import BLACKOUT_SECONDS, CALM, Scenario, Span, Swarm
from tests.sim.scheduler import Scheduler, Task

DELIVERIES_MAX = 5
NEVER_POINTS = 2**60
_STRIKERS = ("crash", "hang", "stall")
JUMPS = 0.05
"""How often a clock that is wrong is found to have been set."""


class Weather:
    """Draws faults while they last.

    A crash, a hang and a stall may strike at any scheduler point. How many points go by until one does is
    drawn at once instead of at each of them. `watched` says whether somebody counts the points.
    """

    def __init__(self, chance: Random, scenario: Scenario) -> None:
        self.store_stops = scenario.store_stops
        self.chance = chance
        self._random = chance.random
        self.crash_at: frozenset[int] = frozenset()
        self.seen: list[tuple[int, Task, str, str]] | None = None
        self.crashes = 0
        self._blow(scenario.swarm)

    def watch(self, crash_at: frozenset[int], seen: list[tuple[int, Task, str, str]] | None = None) -> None:
        """Crash at exactly those points, and note every point in `seen`."""
        self.crash_at, self.seen = crash_at, seen
        self._blow(self.swarm)

    def calm_down(self) -> None:
        """No more faults."""
        self.store_stops = ()
        self._blow(CALM)

    def _blow(self, swarm: Swarm) -> None:
        self.swarm = swarm
        self.watched = bool(self.crash_at or self.seen is not None)
        self._strikers = tuple((getattr(swarm, name), name) for name in _STRIKERS if getattr(swarm, name))
        self.quiet_points = self._until_next()

    def striker(self) -> str:
        """What strikes at this point by itself, and is due no more; empty if nothing does."""
        if self.quiet_points >= 0:
            return ""
        self.quiet_points = self._until_next()
        rates = [rate for rate, _ in self._strikers]
        return self.chance.choices(self._strikers, rates)[0][1]

    def _until_next(self) -> int:
        spared = prod(1 - rate for rate, _ in self._strikers)
        return int(log(1 - self._random()) / log(spared)) if spared < 1 else NEVER_POINTS

    def store_stopped(self, seconds: float) -> bool:
        """Whether the store answers nobody now."""
        return any(stop.from_seconds <= seconds < stop.until_seconds for stop in self.store_stops)

    def stop_store(self, seconds: float) -> None:
        """From now on the store answers nobody for a while, unless all is calm."""
        if self.swarm is not CALM:
            self.store_stops = (*self.store_stops, Span(seconds, seconds + BLACKOUT_SECONDS))

    def deliveries(self) -> int:
        """How often something is delivered: once, or up to five times."""
        times = 1
        while times < DELIVERIES_MAX and self.strikes(self.swarm.duplicate):
            times += 1
        return times

    def strikes(self, rate: float) -> bool:
        """Whether a fault of that rate strikes now."""
        return rate > 0 and self._random() < rate


class Worker:
    """One process: a name, a clock that may be wrong and jumps, and what the product makes of it."""

    def __init__(self, name: str, scheduler: Scheduler, chance: Random, skew_seconds: float) -> None:
        self.name = name
        self.scheduler = scheduler
        self.clock = ServiceClock(WrongClock(scheduler, chance, skew_seconds), elapsed=self.elapsed)
        self._began_at = chance.uniform(0, 1e6)
        self._rate = 1 + chance.uniform(-DRIFT / 2, DRIFT / 2)

    def elapsed(self) -> float:
        """Seconds by a clock that nobody sets: it began somewhere, and its quartz is not perfect."""
        return self._began_at + self._rate * self.scheduler.seconds


class WrongClock:
    """What a process sees on its own wall: wrong by up to `skew_seconds`, and set anew at any moment."""

    def __init__(self, scheduler: Scheduler, chance: Random, skew_seconds: float) -> None:
        self._scheduler = scheduler
        self._chance = chance
        self._most_seconds = skew_seconds
        self._skew = timedelta(seconds=chance.choice((-1, 0, 1)) * skew_seconds)

    def now(self) -> datetime:
        """The time as this process shows it."""
        if self._most_seconds and self._chance.random() < JUMPS:
            self._skew = timedelta(seconds=self._chance.uniform(-1, 1) * self._most_seconds)
        return self._scheduler.now() + self._skew

    def at(self, real: datetime) -> datetime:
        """The same moment: nothing is rehearsed."""
        return real
