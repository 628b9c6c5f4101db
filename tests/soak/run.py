"""One rollout while its hosts are killed: the fleet, the event, the alerts, the end, and then silence.

Decides what is sent and when the rollout has had its time. Whether it went well is `checks`' business.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from msgspec import Struct

from cli.client import Api
from sandbox.demo.play import VERSION
from sandbox.demo.rehearsal import HISTORY
from sandbox.demo.scenarios import Scenario
from sandbox.wire.delivery import ActionGroup, Delivery, EventGridDelivery
from sandbox.world import events
from sandbox.world.outgoing import Outbound, Receiver
from shared.clock import RehearsalClock
from shared.model import FleetState
from shared.ports import AuditEntry, FleetEntry
from shared.store import rows
from shared.store.tables import Entity, Range
from tests.soak.estate import Estate, estate
from tests.soak.hosts import Blow
from tests.soak.kills import Killer, plan

ROLLOUT_SECONDS_MAX = 150.0
QUIET_SECONDS_MAX = 25.0
LOOK_SECONDS = 0.2
PUMP_SECONDS = 0.03
ALERT_RATE = 12.0
"""An action group gives up after 75 s of its own time, and a host needs a real second to start."""


class Sent(Struct, frozen=True, kw_only=True):
    """What was sent and how its delivery ended; `outbound.at` is when the world sent it."""

    outbound: Outbound
    delivery: Delivery


class Ran(Struct, frozen=True, kw_only=True):
    """Everything that the checks look at. `inbox`, `pending` and `owed` are rows of the state table.

    `late` says what did not come to rest in its time, None where everything did.
    """

    place: Estate
    seed: str
    blows: tuple[Blow, ...]
    sent: tuple[Sent, ...]
    late: str | None
    state: FleetState
    audit: tuple[AuditEntry, ...]
    inbox: tuple[Entity, ...]
    pending: tuple[str, ...]
    owed: tuple[str, ...]
    published: tuple[Mapping[str, Any], ...]
    published_at: tuple[float, ...]
    directory: tuple[FleetEntry, ...]
    exit_codes: tuple[int, ...]
    seconds: float

    def kills(self) -> int:
        """How many of the blows were kills."""
        return sum(not blow.stalled for blow in self.blows)


async def run(
    scenario: Scenario, seed: str, directory: Path, *, rate: float, hosts: int, kills_max: int | None = None
) -> Ran:
    """Play one scenario from an empty store to silence, with at most `kills_max` kills where that is given.

    Raises ChildFailed and what the API raises.
    """
    began = time.monotonic()
    async with estate(scenario, directory, rate=rate, hosts=hosts) as place:
        senders = _Senders(place)
        async with senders.events, senders.alerts:
            playing = _Playing(place, Random(seed), senders, kills_max)
            late = await playing.play()
        return await _found(place, seed, playing.sent, late, time.monotonic() - began)


class _Senders:
    """Event Grid and the action group, each in its own time."""

    def __init__(self, place: Estate) -> None:
        code = f"code={place.people.key}"
        hook = f"{place.front.url}/runtime/webhooks/eventgrid?functionName=events&{code}"
        slow = RehearsalClock(origin=place.clock.origin, start=place.clock.start, rate=ALERT_RATE)
        self.events = EventGridDelivery(hook, place.clock)
        self.alerts = ActionGroup(f"{place.front.url}/api/alerts?fleet={place.world.fleet.name}&{code}", slow)

    async def deliver(self, outbound: Outbound) -> Delivery:
        receiver = self.events if outbound.receiver is Receiver.EVENT_GRID else self.alerts
        return await receiver.deliver(outbound.body)


class _Playing:
    """The acts of a run that go on at the same time."""

    def __init__(self, place: Estate, dice: Random, senders: _Senders, kills_max: int | None) -> None:
        self.sent: list[Sent] = []
        self._place = place
        self._dice = dice
        self._senders = senders
        self._deliveries: set[asyncio.Task[None]] = set()
        kills = islice(plan(Random(dice.random())), kills_max)
        self._killer = Killer(place.hosts, kills, place.changes, lambda: len(place.wire.published))

    async def play(self) -> str | None:
        """From the fleet's first application to silence; what was late, if anything was."""
        with Api(self._place.front.url, lambda: self._place.people.token("operator")) as api:
            text = self._place.text.encode()
            path = ("fleets", self._place.scenario.fleet)
            await asyncio.to_thread(lambda: api.put(*path, text=text, content_type="application/yaml"))
        await self._senders.events.validate()
        await self._place.has_history(HISTORY)
        pump = asyncio.create_task(self._pump())
        killer = asyncio.create_task(self._killer.run())
        try:
            self._start()
            ended = await self._ends(killer)
        finally:
            self._killer.stop()
            await killer
        late = await self._rests() if ended else f"the rollout did not end within {ROLLOUT_SECONDS_MAX:.0f} s"
        pump.cancel()
        for delivery in self._deliveries:
            delivery.cancel()
        await asyncio.gather(pump, *self._deliveries, return_exceptions=True)
        return late

    def _start(self) -> None:
        """The event that starts it all, twice: Event Grid delivers at least once."""
        place = self._place
        live = place.world.fleet.slot(place.world.fleet.live)
        guid, now = place.world.estate.next_guid(), place.clock.now()
        body = events.version_available(live.cluster_id, VERSION, now, event_id=guid)
        outbound = Outbound(at=now, receiver=Receiver.EVENT_GRID, body=body)
        for after_seconds in (self._dice.uniform(0.0, 1.0), self._dice.uniform(0.0, 20.0)):
            self._send(outbound, after_seconds)

    def _send(self, outbound: Outbound, after_seconds: float = 0.0) -> None:
        async def deliver() -> None:
            await asyncio.sleep(after_seconds)
            delivery = await self._senders.deliver(outbound)
            self.sent.append(Sent(outbound=outbound, delivery=delivery))

        task = asyncio.create_task(deliver())
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    async def _pump(self) -> None:
        while True:
            for outbound in self._place.world.take_due():
                if outbound.receiver is Receiver.ACTION_GROUP and self._dice.random() < 0.5:
                    self._killer.strike()
                    await asyncio.sleep(self._dice.uniform(0.0, 0.05))
                self._send(outbound)
            await asyncio.sleep(PUMP_SECONDS)

    async def _ends(self, killer: asyncio.Task[None]) -> bool:
        until = time.monotonic() + ROLLOUT_SECONDS_MAX
        while time.monotonic() < until:
            if killer.done():
                killer.result()
            row = await self._place.store.load(self._place.scenario.fleet)
            if row.state.rollout is not None and row.state.rollout.outcome is not None:
                return True
            await asyncio.sleep(LOOK_SECONDS)
        return False

    async def _rests(self) -> str | None:
        """Wait until nothing is left to do; says what is, if that takes too long."""
        until, left = time.monotonic() + QUIET_SECONDS_MAX, "nothing"
        while time.monotonic() < until:
            left = await self._left()
            if left == "":
                return None
            await asyncio.sleep(LOOK_SECONDS)
        return f"after {QUIET_SECONDS_MAX:.0f} s there was still {left}"

    async def _left(self) -> str:
        fleet, store = self._place.scenario.fleet, self._place.store
        row = await store.load(fleet)
        active = await store.directory(active_only=True)
        owed = await store.owed(fleet, before=self._place.clock.now() + timedelta(days=1))
        said = {
            "a delivery": bool(self._deliveries),
            f"{len(row.pending)} signals": bool(row.pending),
            "a wake-up": row.state.rollout is None or row.state.rollout.wake_at is not None,
            f"{len(owed)} announcements": bool(owed),
            "a fleet that is swept": bool(active),
        }
        return ", ".join(what for what, so in said.items() if so)


async def _found(place: Estate, seed: str, sent: list[Sent], late: str | None, seconds: float) -> Ran:
    fleet, store = place.scenario.fleet, place.store
    row = await store.load(fleet)
    await place.hosts.stop()

    async def keys(prefix: str) -> tuple[Entity, ...]:
        asked = Range(partition=fleet, low=f"{prefix}-", high=f"{prefix}.")
        return tuple(found.entity for found in await place.tables.scan(rows.STATE_TABLE, asked))

    return Ran(
        place=place,
        seed=seed,
        blows=tuple(place.hosts.blows),
        sent=tuple(sent),
        late=late,
        state=row.state,
        audit=await store.audit(fleet),
        inbox=await keys("i"),
        pending=tuple(str(each["RowKey"]) for each in await keys("p")),
        owed=tuple(str(each["RowKey"]) for each in await keys("o")),
        published=tuple(place.wire.published),
        published_at=tuple(place.published_at),
        directory=await store.directory(),
        exit_codes=tuple(place.hosts.exit_codes),
        seconds=seconds,
    )
