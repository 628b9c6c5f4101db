"""Both doors to the stand-in's world behind one interface, for the tests of what every world promises."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec

from sandbox.world import Faults
from shared.actions import Action, PointRecord
from shared.fleet import Fleet
from shared.levers import Record, SlotName, SwitchKind
from shared.ports import World
from shared.probes import (
    Answer,
    ClusterSeen,
    ClusterState,
    Probe,
    Reading,
    RecordSeen,
    RecordState,
)
from tests.azure.rig import rig
from tests.fleets import FLEET
from tests.sources import ENDPOINT
from tests.world.manual_clock import Estate

LIVE = FLEET.live_records[0]


class Side:
    """A world under test and the estate that lies behind it.

    `prometheus_endpoint` is the one that its gates on managed Prometheus name.
    """

    def __init__(self, world: World, estate: Estate, prometheus_endpoint: str = ENDPOINT) -> None:
        self.world = world
        self.estate = estate
        self.fleet = estate.fleet
        self.clock = estate.clock
        self.prometheus_endpoint = prometheus_endpoint

    async def see(self, probe: Probe) -> Answer:
        """The answer to one probe now."""
        return (await self.world.observe(self.fleet, frozenset({probe}), self.clock.now()))[probe]

    async def do(self, action: Action, *, epoch: int = 1) -> str | None:
        """Perform one action."""
        return await self.world.perform(self.fleet, action, epoch=epoch)

    async def record(self, record: Record = LIVE) -> RecordSeen:
        """The record set as the world sees it."""
        return seen_as(await self.see(RecordState(record)), RecordSeen)

    async def cluster(self, slot: SlotName) -> ClusterSeen:
        """The slot's cluster as the world sees it."""
        return seen_as(await self.see(ClusterState(slot)), ClusterSeen)

    async def point(self, slot: SlotName, *, epoch: int = 1, record: Record = LIVE, ttl: int = 30) -> None:
        """Point the record at a slot under the etag that it has now."""
        etag = (await self.record(record)).etag
        await self.do(PointRecord(record, slot, self.target(record, slot), ttl, etag), epoch=epoch)

    def target(self, record: Record, slot: SlotName) -> str:
        """What the record set is seen to hold when it points at the slot."""
        return self.estate.world.estate.target_of(record, slot).lower()


class Sides:
    """Makes the side that a test asks for, with its fleet and faults."""

    def __init__(self, name: str, stack: AsyncExitStack, directory: Path) -> None:
        self.name = name
        self._stack = stack
        self._directory = directory

    async def __call__(self, fleet: Fleet = FLEET, faults: Faults | None = None) -> Side:
        if self.name == "ports":
            estate = Estate(fleet, faults)
            return Side(estate.ports, estate)
        started = await self._stack.enter_async_context(rig(self._directory, fleet, faults))
        return Side(started.azure, started.estate, started.wire.prometheus_endpoint)


def private_fleet() -> Fleet:
    """The fleet with its live record in a private zone."""
    zone = LIVE.zone_id.replace("dnszones/contoso.com", "privateDnsZones/priv.contoso.com")
    live = msgspec.structs.replace(LIVE, kind=SwitchKind.PRIVATE_DNS, zone_id=zone)
    return msgspec.structs.replace(FLEET, live_records=(live,))


def answer_samples(answer: Answer) -> list[float | None]:
    """The values of a reading."""
    return [sample.value for sample in seen_as(answer, Reading).samples]


def seen_as[T](answer: Answer | Any, kind: type[T]) -> T:
    assert isinstance(answer, kind), answer
    return answer
