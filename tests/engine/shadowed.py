"""A fleet in shadow, in a stand-in whose world nobody may change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from sandbox.world import Faults, World
from sandbox.world.ports import PortsWorld
from shared.actions import Action
from shared.fleet import Fleet
from shared.model import Judgement
from shared.probes import Answer, Probe
from tests.engine.rig import Rig
from tests.fleets import BLUE, FLEET, GREEN

SHADOW = msgspec.structs.replace(FLEET, shadow=True)


class Watched(PortsWorld):
    """The stand-in's world, which nobody may change."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.asked: set[Probe] = set()

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> Mapping[Probe, Answer]:
        """Answer, and remember the questions."""
        self.asked |= probes
        return await super().observe(fleet, probes, now)

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """Fail whoever hands an order over."""
        raise AssertionError(f"{fleet.name}, epoch {epoch}: {action} has reached the world")


async def rig(fleet: Fleet = SHADOW, faults: Faults | None = None, **changes: object) -> Rig:
    """A fleet in shadow, in a world that takes no order."""
    it = Rig(msgspec.structs.replace(fleet, **changes), faults)
    it.observed = Watched(it.world)
    it.restart()
    return await it.applied()


def estate(it: Rig) -> tuple[object, ...]:
    """What users, clusters and zones of the fleet are like."""
    ids = [slot.cluster_id for slot in it.fleet.slots]
    record, host = it.live_record(), it.fleet.slot(GREEN).host
    return (
        [it.world.clusters.find(each) for each in ids],
        (record.targets, record.ttl_seconds, record.etag, record.metadata),
        it.world.zones.find(host.zone_id, host.name, host.type),
        it.frozen_until(BLUE),
        list(it.world.commands.given),
    )


async def apply(it: Rig, fleet: Fleet) -> None:
    """The file is applied anew."""
    etag = (await it.store.load(fleet.name)).fleet_etag
    await it.store.apply(fleet, if_match=etag, now=it.clock.now())


async def judged(it: Rig) -> tuple[Judgement, ...]:
    """Every verdict of the present rollout."""
    return await it.store.judgements(it.fleet.name, (await it.rollout()).id)


def watched(it: Rig) -> Watched:
    """The world of a rig in shadow."""
    assert isinstance(it.observed, Watched)
    return it.observed
