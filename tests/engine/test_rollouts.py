"""Whole rollouts through the real engine on the stand-in: what a platform team would see."""

from __future__ import annotations

from datetime import timedelta

from sandbox.world import Faults
from shared.model import HoldKind, Outcome, SignalKind, Stage
from shared.policy import Approvals, DriftPolicy
from shared.store.audit import verify
from tests.engine.rig import VERSION, Rig
from tests.fleets import ADDRESSES, BLUE, GREEN, fleet, policy


async def rig(faults: Faults | None = None, **changes: object) -> Rig:
    return await Rig(fleet(**changes), faults).applied()


async def test_a_published_version_walks_to_a_new_live_cluster_and_destroys_the_old_one() -> None:
    it = await rig()
    await it.publish_version()
    rollout = await it.ended()
    state = await it.state()
    assert (rollout.outcome, rollout.version) == (Outcome.COMPLETED, VERSION), rollout.because
    assert (state.live, rollout.safe) == (GREEN, GREEN)
    assert it.traffic_at() == ADDRESSES[GREEN]
    assert rollout.frozen_until is None
    assert it.world.clusters.find(it.fleet.slot(BLUE).cluster_id) is None
    assert state.held_versions == ()


async def test_the_audit_trail_of_a_whole_rollout_replays_to_the_stored_state() -> None:
    it = await rig()
    await it.publish_version()
    await it.ended()
    assert verify(await it.store.audit("contoso"), await it.state()) == ()


async def test_each_transition_is_announced_exactly_once() -> None:
    it = await rig()
    await it.publish_version()
    await it.ended()
    assert it.topic.repeats() == []
    steps = [entry.event["data"]["step"] for entry in it.topic.taken]
    assert {"preflight", "shift", "bake", "destroy"} <= set(steps)
    assert it.topic.taken[-1].event["data"]["outcome"] == "completed"


async def test_a_candidate_that_is_sick_as_a_platform_is_stopped_before_anything_moves() -> None:
    it = await rig(Faults(bad_nodes=True))
    await it.publish_version()
    rollout = await it.ended()
    assert rollout.outcome is Outcome.STOPPED
    assert "nodes-not-ready" in rollout.because
    assert it.traffic_at() == ADDRESSES[BLUE]
    assert [held.version for held in (await it.state()).held_versions] == [VERSION]


async def test_an_slo_breach_after_the_switch_brings_the_traffic_back_without_any_alert() -> None:
    it = await rig(Faults(slow_burn=True))
    await it.publish_version()
    rollout = await it.ended()
    assert rollout.outcome is Outcome.ROLLED_BACK
    assert "failed-share" in rollout.because
    assert it.traffic_at() == ADDRESSES[BLUE]
    assert (await it.state()).live == BLUE


async def test_an_alert_during_the_bake_moves_the_record_back_in_the_same_invocation() -> None:
    it = await rig()
    await it.publish_version()
    await it.until("bake")
    await it.fire()
    assert it.traffic_at() == ADDRESSES[BLUE]
    rollout = await it.ended()
    assert rollout.outcome is Outcome.ROLLED_BACK
    assert rollout.ttl_lowered_at is None
    assert it.live_record().ttl_seconds == 300, "the way back wrote with a low TTL once more"
    assert rollout.frozen_until is None


async def test_an_alert_during_the_sync_stops_the_rollout_and_lifts_the_freeze() -> None:
    it = await rig()
    await it.publish_version()
    await it.until("sync_gate")
    assert it.frozen_until(BLUE) is not None
    await it.fire()
    rollout = await it.ended()
    assert rollout.outcome is Outcome.STOPPED
    assert it.frozen_until(BLUE) is None
    assert it.live_record().ttl_seconds == 300


async def test_a_pause_holds_the_rollout_but_never_an_alert() -> None:
    it = await rig()
    await it.publish_version()
    await it.until("bake")
    await it.send(SignalKind.PAUSE, by="olivia@contoso.com")
    for _ in range(60):
        await it.minute()
    held = (await it.rollout()).held
    assert held is not None
    assert held.kind is HoldKind.PERSON
    await it.fire()
    assert it.traffic_at() == ADDRESSES[BLUE]


async def test_a_rollback_after_the_old_cluster_was_stopped_starts_it_again_first() -> None:
    it = await rig()
    await it.publish_version()
    await it.until("stop")
    await it.minute()
    assert (await it.rollout()).safe == GREEN
    await it.send(SignalKind.ROLLBACK, by="olivia@contoso.com")
    assert it.traffic_at() == ADDRESSES[GREEN], "users stay where they can be served while blue starts"
    rollout = await it.ended()
    assert (rollout.outcome, rollout.safe) == (Outcome.ROLLED_BACK, BLUE)
    assert it.traffic_at() == ADDRESSES[BLUE]


async def test_from_destroy_on_a_rollback_is_refused_with_the_reason() -> None:
    it = await rig()
    await it.publish_version()
    await it.until("destroy")
    while not (await it.rollout()).destroying:
        await it.minute()
    ticked = await it.send(SignalKind.ROLLBACK, by="olivia@contoso.com")
    answers = [d for decision in ticked.decisions for d in decision.dispositions]
    assert [a.applied for a in answers] == [False]
    assert "no way back" in answers[0].because
    assert (await it.ended()).outcome is Outcome.COMPLETED


async def test_an_approval_waits_for_a_person_and_a_held_version_until_it_is_lifted() -> None:
    it = await rig(approvals=Approvals(switch=True))
    await it.publish_version()
    await it.until("approve_switch")
    await it.minute()
    assert it.traffic_at() == ADDRESSES[BLUE]
    await it.send(SignalKind.ROLLBACK, by="olivia@contoso.com")
    assert (await it.ended()).outcome is Outcome.STOPPED
    refused = await it.send(SignalKind.START, by="olivia@contoso.com", version=VERSION)
    assert "is held" in refused.decisions[0].dispositions[0].because
    it.world.clusters.delete(it.fleet.slot(GREEN).cluster_id)
    it.clock.at = it.clock.at.replace(hour=it.clock.at.hour + 1)
    lifted = await it.send(SignalKind.START, by="olivia@contoso.com", version=VERSION, lift_hold=True)
    assert lifted.decisions[0].dispositions[0].applied
    await it.until("approve_switch")
    await it.send(SignalKind.PROMOTE, by="olivia@contoso.com")
    assert (await it.ended()).outcome is Outcome.COMPLETED


async def test_a_second_start_is_refused_while_a_rollout_is_in_flight() -> None:
    it = await rig()
    await it.publish_version()
    ticked = await it.send(SignalKind.START, by="olivia@contoso.com", version="1.33.0")
    answer = ticked.decisions[0].dispositions[0]
    assert (answer.applied, "one at a time" in answer.because) == (False, True)


async def test_a_record_that_somebody_else_moved_holds_the_rollout_or_is_repaired() -> None:
    for drift in DriftPolicy:
        it = await rig(policy=policy(drift=drift))
        await it.publish_version()
        await it.until("bake")
        it.point_elsewhere("198.51.100.9")
        await it.minute()
        held = (await it.rollout()).held
        if drift is DriftPolicy.HOLD:
            assert held is not None
            assert held.kind is HoldKind.DRIFT
            assert it.traffic_at() == "198.51.100.9"
        else:
            assert held is None
            assert it.traffic_at() == ADDRESSES[GREEN]
            assert it.live_record().ttl_seconds == 300, "the TTL had been restored before"


async def test_editing_the_fleet_never_changes_a_rollout_in_flight() -> None:
    it = await rig()
    await it.publish_version()
    await it.until("sync_gate")
    changed = fleet(approvals=Approvals(switch=True, destroy=True))
    await it.store.apply(changed, if_match=None, now=it.clock.now())
    rollout = await it.ended()
    assert rollout.outcome is Outcome.COMPLETED
    assert rollout.stage is Stage.RETIRE


async def test_the_sweep_names_the_fleets_that_are_due_and_no_others() -> None:
    it = await rig()
    await it.store.mark("contoso", active=True, now=it.clock.now())
    assert await it.engine.sweep() == ()
    await it.publish_version()
    assert await it.engine.sweep() == ()
    it.clock.at += timedelta(minutes=1)
    assert await it.engine.sweep() == ("contoso",)


async def test_a_fleet_with_nothing_due_is_left_alone() -> None:
    it = await rig()
    ticked = await it.engine.tick("contoso")
    assert ticked.decisions == ()
    assert await it.store.audit("contoso") == ()
