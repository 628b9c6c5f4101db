"""One switch tried under load: a cut-over, a rollback, a canary and its rollback, and the old cluster's end.

Decides the order of the moves and for how long each is watched. Refuses to judge: `story` does.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path

from sandbox.traffic.application_gateway import DRAIN_SECONDS, ApplicationGateway
from sandbox.traffic.gateway import KEEPALIVE_SECONDS
from sandbox.traffic.sessions import Kept
from sandbox.traffic.tally import failures, lost_sessions, right_after_seconds, share_at
from sandbox.wire.pace import pause
from shared.levers import THROUGH, WEIGHTED, Balancer, Record, SlotName, SwitchKind
from tests.fleets import BLUE, GREEN
from tests.zero_downtime.mover import Mover
from tests.zero_downtime.physics import LOW_TTL_SECONDS, bound, propagation_seconds, writes
from tests.zero_downtime.place import Place, Scale, place
from tests.zero_downtime.story import Move, Share, Story

STEPS = (10, 50)
AGAIN_SECONDS = 0.1
VISITS_MIN = 50
"""So many requests in a row at the right slot say that everybody is there."""

MORE_SECONDS_MAX = 30.0
"""For how long more requests are waited for, in real seconds, however slow the machine is."""


class Trial:
    """The moves of one switch. `short` leaves the canary out."""

    def __init__(self, found: Place, *, short: bool) -> None:
        self._place = found
        self._short = short
        self._mover = Mover(found)
        self._fleet = found.world.fleet
        self._rate = found.scale.rate
        self._visits = found.load.visits
        self.entries: list[Move | Share] = []
        self.notes: list[str] = []

    async def run(self) -> None:
        """Every move, and then load until enough requests were made."""
        lever = self._fleet.levers[0]
        await self._mover.look(lever)
        await self._more(lambda: all(each.pings for each in self._place.load.sockets))
        await self._rest(self._watch_seconds)
        if isinstance(lever, Record) and self._fleet.above is not None:
            await self._past(lever, self._fleet.above)
        elif isinstance(lever, Record):
            await self._record(lever)
        elif lever.kind not in WEIGHTED:
            await self._whole(lever)
        elif lever.beneath:
            await self._composite(lever)
        else:
            await self._weighted(lever)
        if not self._short:
            await self._stop()
        await self._more(lambda: len(self._visits) >= self._place.scale.requests)

    async def _record(self, record: Record) -> None:
        point = self._mover.point
        await point(record, BLUE, LOW_TTL_SECONDS)
        await self._rest(record.ttl_seconds + propagation_seconds(self._place.world, record))
        await self._moved("cut-over", GREEN, record, point(record, GREEN, LOW_TTL_SECONDS))
        await self._moved("rollback", BLUE, record, point(record, BLUE, LOW_TTL_SECONDS))
        if not self._short:
            self.notes.append("a record answers everybody alike, so that a canary is one step")
            await self._moved("canary, 100 %", GREEN, record, point(record, GREEN, LOW_TTL_SECONDS))

    async def _past(self, record: Record, above: Balancer) -> None:
        """The record cannot be moved: Front Door, above it, takes users past it. Then all is put right."""
        self.notes.append("the record is out for each move, and follows when it can be written again")
        moves = [("cut-over", GREEN), ("rollback", BLUE), *([] if self._short else [("again", GREEN)])]
        for what, slot in moves:
            await self._moved(what, slot, above, self._mover.weigh(above, {slot: 100}))
            await self._mover.point(record, slot, record.ttl_seconds)
            await self._rest(propagation_seconds(self._place.world, record) + record.ttl_seconds)
            passed_on = self._mover.weigh(above, {THROUGH: 100})
            await self._moved(f"realigned, {what}", slot, above, passed_on)

    async def _whole(self, lever: Balancer) -> None:
        await self._moved("cut-over", GREEN, lever, self._mover.weigh(lever, {GREEN: 100}))
        await self._moved("rollback", BLUE, lever, self._mover.weigh(lever, {BLUE: 100}))
        if not self._short:
            self.notes.append("a rule names one pool, so that a canary is one step")
            await self._moved("canary, 100 %", GREEN, lever, self._mover.weigh(lever, {GREEN: 100}))
        self.notes.append(f"what is open on the pool that was left is cut after {DRAIN_SECONDS:.0f} s")

    async def _weighted(self, lever: Balancer) -> None:
        weigh = self._mover.weigh
        if lever.kind is SwitchKind.FRONT_DOOR_CLASSIC:
            self.notes.append("Front Door (classic) carries no websockets, so that nobody has any")
        if lever.kind is SwitchKind.FRONT_DOOR:
            self.notes.append("Front Door drains no connection: a websocket stays until its cluster stops")
        await self._moved("cut-over", GREEN, lever, weigh(lever, {GREEN: 100}))
        await self._moved("rollback", BLUE, lever, weigh(lever, {BLUE: 100}))
        if not self._short:
            await self._canary(lever)
            await self._moved("rollback in mid-canary", BLUE, lever, weigh(lever, {BLUE: 100}))
            await self._canary(lever)
            await self._moved("canary, 100 %", GREEN, lever, weigh(lever, {GREEN: 100}))

    async def _composite(self, lever: Balancer) -> None:
        """The way back goes by the record beneath the candidate's member; the weights follow later."""
        self.notes.append("the rollback goes by the record beneath, the weights follow")
        await self._moved("cut-over", GREEN, lever, self._mover.weigh(lever, {GREEN: 100}))
        await self._back(lever, "rollback")
        if not self._short:
            await self._canary(lever)
            await self._back(lever, "rollback in mid-canary")
            await self._canary(lever)
            await self._moved("canary, 100 %", GREEN, lever, self._mover.weigh(lever, {GREEN: 100}))

    async def _back(self, lever: Balancer, what: str) -> None:
        to_green = lever.member(GREEN).beneath
        assert to_green is not None
        await self._moved(what, BLUE, to_green, self._beneath(lever, BLUE))
        await self._mover.weigh(lever, {BLUE: 100})
        await self._mover.point(to_green, GREEN, to_green.ttl_seconds)
        await self._rest(propagation_seconds(self._place.world, to_green) + to_green.ttl_seconds)

    async def _beneath(self, lever: Balancer, slot: SlotName) -> None:
        """Every record beneath leads to the slot, whichever member a user is sent to."""
        for record in reversed(lever.beneath):
            await self._mover.point(record, slot, LOW_TTL_SECONDS)

    async def _canary(self, lever: Balancer) -> None:
        """The steps below 100 %, each held until its share can be measured."""
        for percent in STEPS:
            await self._mover.weigh(lever, {BLUE: 100 - percent, GREEN: percent})
            await self._rest(lever.ttl_seconds + (KEEPALIVE_SECONDS if _meets_slots(lever) else 0.0))
            since = self._place.clock.now()
            await self._rest(max(4.0 * lever.ttl_seconds, self._watch_seconds))
            got = share_at(self._visits, GREEN, since, self._place.clock.now())
            self.entries.append(Share(percent=percent, got=got))

    async def _stop(self) -> None:
        """What T4 does once the old slot is drained: nobody may notice."""
        self.notes.append("in the end the old cluster is stopped under the same load")
        await self._mover.stop(BLUE)
        await self._rest(self._watch_seconds)

    async def _moved(
        self, what: str, slot: SlotName, lever: Record | Balancer, order: Awaitable[None]
    ) -> None:
        """Carry out a move and watch users follow."""
        world, before = self._place.world, writes(self._place.world, lever)
        await order
        kept = self._fleet.above is None and _meets_slots(self._fleet.levers[0])
        physical = bound(world, lever, before, kept=kept)
        drain = DRAIN_SECONDS if lever.kind is SwitchKind.APPLICATION_GATEWAY else 0.0
        due = physical.since + timedelta(seconds=physical.seconds + drain)
        await self._rest((due - self._place.clock.now()).total_seconds() + self._watch_seconds)
        await self._more(lambda: self._right_in_a_row(slot, due) >= VISITS_MIN)
        until = self._place.clock.now()
        self.entries.append(
            Move(
                what=what,
                to=slot,
                right_after_seconds=right_after_seconds(self._visits, slot, physical.since, until),
                bound_seconds=physical.seconds,
                bound=physical.words,
                slack_seconds=self._slack_seconds,
            )
        )

    def _right_in_a_row(self, slot: SlotName, since: datetime) -> int:
        """How many of the newest requests, none older than `since`, met the slot."""
        newest = takewhile(lambda visit: visit.started >= since, reversed(self._visits))
        return sum(1 for _ in takewhile(lambda visit: visit.slot == slot, newest))

    @property
    def _slack_seconds(self) -> float:
        """A kept connection ends with the next request, and this machine may be late."""
        asks_every = self._place.scale.users / self._place.scale.per_second
        return (2 * asks_every + self._place.scale.hitch_seconds) * self._rate

    @property
    def _watch_seconds(self) -> float:
        return self._place.scale.watch_seconds * self._rate

    async def _rest(self, seconds: float) -> None:
        await pause(self._place.clock, seconds)

    async def _more(self, enough: Callable[[], bool]) -> None:
        """Go on with the load until there is enough of it, or nobody can wait any longer."""
        end = time.monotonic() + MORE_SECONDS_MAX
        while not enough() and time.monotonic() < end:  # noqa: ASYNC110 - users ring no bell
            await asyncio.sleep(AGAIN_SECONDS)


def _meets_slots(lever: Record | Balancer) -> bool:
    """Whether users connect to the slots themselves: behind a proxy nobody keeps a connection to one."""
    return isinstance(lever, Record) or lever.kind is SwitchKind.TRAFFIC_MANAGER


async def tried(switch: str, scale: Scale, directory: Path, *, short: bool = False) -> Story:
    """Try one switch, and tell what was found. Raises NotMoved."""
    began = time.monotonic()
    async with place(switch, scale, directory) as found:
        trial = Trial(found, short=short)
        await trial.run()
    visits, sockets = found.load.visits, found.load.sockets
    gateways = (each for each in found.front.proxies.values() if isinstance(each, ApplicationGateway))
    return Story(
        switch=switch,
        requests=len(visits),
        requests_wanted=scale.requests,
        failed=failures(visits),
        sessions=sum(visit.session == Kept.NEW for visit in visits),
        lost=lost_sessions(visits),
        sockets=len(sockets),
        pings=sum(each.pings for each in sockets),
        told=sum(each.told for each in sockets),
        dropped=sum((each.dropped for each in sockets), Counter()),
        refused=sum((each.refused for each in sockets), Counter()),
        cut=sum(each.cut for each in gateways),
        entries=tuple(trial.entries),
        notes=tuple(trial.notes),
        seconds=time.monotonic() - began,
        world_seconds=(found.clock.now() - found.world.estate.started_at).total_seconds(),
    )
