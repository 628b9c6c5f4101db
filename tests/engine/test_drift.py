"""Live records that somebody else moves, or that cannot be read, at the worst of moments."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from sandbox.world import Family, Faults, Outage
from shared.model import HoldKind, Outcome, SignalKind
from shared.policy import DriftPolicy
from tests.engine.rig import VERSION, Rig
from tests.fleets import ADDRESSES, BLUE, GREEN, fleet, policy

STRANGER = "198.51.100.9"


def arm_is_out(it: Rig, seconds: float) -> None:
    """Azure Resource Manager answers nothing from now on, for so long."""
    passed = (it.clock.at - it.world.estate.started_at).total_seconds()
    outage = Outage(family=Family.ARM, from_seconds=passed, until_seconds=passed + seconds)
    it.world.estate.faults = msgspec.structs.replace(it.world.estate.faults, outages=(outage,))


async def minutes(it: Rig, count: int) -> None:
    for _ in range(count):
        await it.minute()


async def test_a_failed_rollback_brings_the_traffic_back_once_the_records_can_be_read_again() -> None:
    it = await Rig(fleet(policy=policy(deadlines={"divert": 60}, settle_seconds=300))).applied()
    await it.publish_version()
    await it.until("bake")
    arm_is_out(it, 3600)
    await it.fire()
    assert (await it.ended()).outcome is Outcome.ROLLBACK_FAILED
    await minutes(it, 70)
    assert it.traffic_at() == ADDRESSES[BLUE]


async def test_an_order_that_is_refused_after_the_end_is_repeated_no_faster_than_the_fleet_polls() -> None:
    it = await Rig(fleet(policy=policy(drift=DriftPolicy.REPAIR, settle_seconds=1200))).applied()
    await it.publish_version()
    await it.ended()
    it.point_elsewhere(STRANGER)
    record = it.fleet.live_records[0]
    it.world.zones.put(
        record.zone_id,
        record.name,
        record.type,
        ttl_seconds=30,
        targets=(STRANGER,),
        metadata={"switchyard_epoch": "999"},
    )
    before = (await it.state()).epoch
    await it.minute()
    assert (await it.state()).epoch - before <= 2


async def test_a_hold_at_a_deadline_stays_while_the_record_is_still_elsewhere() -> None:
    it = await Rig(fleet(policy=policy(deadlines={"bake": 120}, bake_seconds=3000))).applied()
    await it.publish_version()
    await it.until("bake")
    it.point_elsewhere(STRANGER)
    await minutes(it, 4)
    parked = (await it.rollout()).held
    assert parked is not None
    assert parked.kind is HoldKind.DEADLINE
    for _ in range(4):
        await it.minute()
        assert (await it.rollout()).held == parked


async def test_the_candidate_is_kept_while_a_live_record_points_at_it() -> None:
    it = await Rig(fleet(policy=policy(keep_candidate=False))).applied()
    await it.publish_version()
    await it.until("platform_gate")
    it.point_elsewhere(ADDRESSES[GREEN])
    await it.send(SignalKind.ROLLBACK, by="olivia@contoso.com")
    rollout = await it.ended()
    assert rollout.outcome is Outcome.STOPPED
    assert it.world.clusters.find(it.fleet.slot(GREEN).cluster_id) is not None


async def test_the_bake_begins_anew_once_a_record_is_back_from_somebody_elses_hands() -> None:
    it = await Rig(fleet(policy=policy(bake_seconds=600))).applied()
    await it.publish_version()
    await it.until("bake")
    await minutes(it, 6)
    it.point_elsewhere(ADDRESSES[BLUE])
    await minutes(it, 3)
    it.point_elsewhere(ADDRESSES[GREEN])
    back_at = it.clock.at
    await it.until("drained")
    assert (it.clock.at - back_at).total_seconds() >= 600


async def test_what_stood_in_the_slot_before_the_rollout_is_never_removed_with_its_candidate() -> None:
    it = await Rig(fleet(policy=policy(keep_candidate=False))).applied()
    # The file says that green is live, and it is wrong: users are on blue.
    wrong = fleet(live=GREEN, policy=policy(keep_candidate=False))
    await it.store.apply(wrong, if_match=None, now=it.clock.now())
    await it.send(SignalKind.START, by="olivia@contoso.com", version=VERSION)
    rollout = await it.ended()
    assert rollout.outcome is Outcome.STOPPED
    await minutes(it, 15)
    assert it.world.clusters.find(it.fleet.slot(BLUE).cluster_id) is not None


async def test_a_candidate_is_kept_while_the_last_users_leave_it() -> None:
    lingering = Faults(stragglers_share=0.009, stragglers_seconds=1200)
    it = await Rig(fleet(policy=policy(keep_candidate=False)), lingering).applied()
    await it.publish_version()
    await it.until("observe")
    await it.send(SignalKind.ROLLBACK)
    await it.until("remove_candidate")
    cluster = it.fleet.slot(GREEN).cluster_id
    left_at = it.clock.now()
    while (found := it.world.clusters.find(cluster)) is not None and found.provisioning != "Deleting":
        assert it.clock.now() - left_at < timedelta(hours=1)
        await it.minute()
    share = it.world.traffic.mix(it.clock.now()).get(GREEN, 0.0)
    assert share < 0.001
