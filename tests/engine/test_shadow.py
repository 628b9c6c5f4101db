"""Whole rollouts of a fleet in shadow: they decide and record, and change nothing in the world."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec
import pytest

from sandbox.world import Faults, World
from sandbox.world.ports import PortsWorld
from shared.actions import Action, DestroyCluster, PointRecord
from shared.fleet import Fleet
from shared.model import Outcome, Rollout, SignalKind, Stage, Verdict
from shared.policy import Approvals, DriftPolicy
from shared.probes import Answer, Probe
from shared.store.audit import verify
from tests.engine.rig import VERSION, Rig
from tests.engine.test_checks import FLEET_OF_CHECKS
from tests.fleets import ADDRESSES, BLUE, FLEET, GREEN, policy

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


async def test_a_shadow_goes_through_the_whole_runbook_and_leaves_the_world_as_it_was() -> None:
    it = await rig()
    before = estate(it)
    await it.publish_version()
    rollout = await it.ended()
    assert (rollout.outcome, rollout.shadow, rollout.stage) == (Outcome.COMPLETED, True, Stage.RETIRE)
    assert estate(it) == before
    trail = await it.store.audit("contoso", rollout.id)
    ordered = [type(action) for entry in trail for action in entry.actions]
    assert {PointRecord, DestroyCluster} <= set(ordered), "it says what it would have ordered"
    assert {entry.stage for entry in trail} >= {"T0", "T1", "T2", "T3", "T4"}
    assert all(entry.because.startswith("in shadow: ") for entry in trail)
    assert verify(await it.store.audit("contoso"), await it.state()) == ()
