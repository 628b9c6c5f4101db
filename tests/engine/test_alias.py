"""A rollout whose records are aliases of the slots' public IP resources: there, and back."""

from __future__ import annotations

import msgspec

from shared.actions import PointRecord
from shared.levers import SlotName
from shared.model import Outcome, Stage
from shared.policy import DriftPolicy
from stages.plan import plan
from tests.engine.rig import START, VERSION, Rig
from tests.fleets import ADDRESSES, BLUE, GREEN, policy
from tests.stages.test_steps import decided
from tests.stages.test_verdicts import rollout
from tests.wire.rig import aliased_fleet

FLEET = aliased_fleet()


def resource(slot: SlotName) -> str:
    """The slot's public IP resource, as a write names it."""
    return str(FLEET.slot(slot).public_ip_id).lower()


def hosts(it: Rig) -> list[str]:
    """What the slots' own host names hold."""
    declared = [each.host for each in it.fleet.slots]
    found = [it.world.zones.get(each.zone_id, each.name, each.type) for each in declared]
    return [target.lower() for each in found for target in each.targets]


async def test_an_alias_is_moved_to_the_candidates_resource_and_stays_one() -> None:
    it = await Rig(FLEET).applied()
    await it.publish_version()
    assert (await it.ended()).outcome is Outcome.COMPLETED
    assert it.traffic_at() == resource(GREEN)
    assert hosts(it) == [resource(BLUE), resource(GREEN)]
    assert it.live_record().ttl_seconds == FLEET.live_records[0].ttl_seconds


async def test_a_rollback_brings_an_alias_back() -> None:
    it = await Rig(FLEET).applied()
    await it.publish_version()
    await it.until("bake")
    await it.fire()
    assert it.traffic_at() == resource(BLUE)
    assert (await it.ended()).outcome is Outcome.ROLLED_BACK


def test_a_rollback_writes_an_alias_that_cannot_be_read_under_its_last_etag() -> None:
    live = FLEET.live_records[0]
    lost = rollout("divert", Stage.ROLLBACK, shifted=True, etags={live.fqdn: "e-1"}, rollback_because="alert")
    (write,) = decided(FLEET, lost, {}).actions
    assert isinstance(write, PointRecord)
    assert (write.address, write.if_match) == (resource(BLUE), "e-1")


async def test_an_alias_that_somebody_replaced_by_an_address_is_drift() -> None:
    it = await Rig(aliased_fleet()).applied()
    await it.publish_version()
    await it.until("bake")
    it.point_elsewhere(ADDRESSES[GREEN])
    await it.minute()
    held = (await it.rollout()).held
    assert held is not None
    assert f"points at {ADDRESSES[GREEN]}, not at green ({resource(GREEN)})" in held.because


async def test_a_fleet_that_repairs_makes_it_an_alias_again() -> None:
    repairs = msgspec.structs.replace(FLEET, policy=policy(drift=DriftPolicy.REPAIR))
    it = await Rig(repairs).applied()
    await it.publish_version()
    await it.until("bake")
    it.point_elsewhere(ADDRESSES[GREEN])
    await it.minute()
    assert it.traffic_at() == resource(GREEN)


async def test_a_candidates_own_host_name_is_exposed_as_an_alias() -> None:
    it = await Rig(FLEET).applied()
    host = FLEET.slot(GREEN).host
    it.world.zones.put(host.zone_id, host.name, host.type, ttl_seconds=30, targets=(ADDRESSES[GREEN],))
    await it.publish_version()
    await it.until("platform_gate")
    assert hosts(it) == [resource(BLUE), resource(GREEN)]


def test_a_plan_writes_the_resource_and_never_its_address() -> None:
    actions = [write.action for write in plan(FLEET, VERSION, START)]
    targets = [action.address for action in actions if isinstance(action, PointRecord)]
    assert targets == [resource(GREEN), resource(BLUE), resource(GREEN), resource(GREEN)]
