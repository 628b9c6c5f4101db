"""Whole rollouts of a fleet in shadow: they decide and record, and change nothing in the world."""

from __future__ import annotations

import msgspec
import pytest

from shared.fleet import Shift, WeightStep
from shared.levers import SwitchKind
from shared.loads import OpenConnections
from shared.model import HoldKind, Outcome, SignalKind, Stage, Verdict
from shared.probes import GateReading, TrafficShare
from shared.safety import Readiness
from shared.store.audit import verify
from tests.engine.balanced import balanced
from tests.engine.shadowed import estate, judged, rig, watched
from tests.engine.test_checks import FLEET_OF_CHECKS
from tests.fleets import BLUE, ERRORS, FLEET, policy
from tests.fleets_balanced import composite_fleet

LOADED = Readiness(every_seconds=180, load_max=0.8)


async def test_a_shadow_goes_through_the_whole_runbook_and_leaves_the_world_as_it_was() -> None:
    it = await rig()
    before = estate(it)
    await it.publish_version()
    rollout = await it.ended()
    assert (rollout.outcome, rollout.shadow, rollout.stage) == (Outcome.COMPLETED, True, Stage.RETIRE)
    assert estate(it) == before
    trail = await it.store.audit("contoso", rollout.id)
    ordered = {action["type"] for entry in trail for action in entry.actions}
    assert {"deploy", "freeze", "point_record", "destroy_cluster"} <= ordered, (
        "it says what it would have done"
    )
    assert {entry.stage for entry in trail} >= {"T0", "T1", "T2", "T3", "T4"}
    assert all(entry.because.startswith("in shadow: ") for entry in trail)
    assert verify(await it.store.audit("contoso"), await it.state()) == ()


async def test_any_worker_goes_on_with_it_by_what_is_stored() -> None:
    it = await rig()
    await it.publish_version()
    while (await it.rollout()).outcome is None:
        it.restart()
        await it.minute()
    assert (await it.rollout()).outcome is Outcome.COMPLETED


async def test_an_alert_on_the_live_slot_counts_once_users_would_be_on_the_candidate() -> None:
    it = await rig()
    before = estate(it)
    await it.publish_version()
    await it.until("sync")
    await it.fire(BLUE, "alert-early")
    held = (await it.rollout()).held
    assert held is not None
    assert held.kind is HoldKind.ALERT
    await it.send(SignalKind.ALERT, slot=BLUE, state="resolved", alert_id="alert-early")
    await it.until("bake")
    await it.fire(BLUE)
    rollout = await it.ended()
    assert (rollout.outcome, rollout.shadow) == (Outcome.ROLLED_BACK, True), rollout.because
    assert estate(it) == before


@pytest.mark.parametrize("step", ["deploy", "sync_gate", "converge", "observe", "bake", "stop"])
async def test_it_turns_back_from_anywhere_and_changes_nothing(step: str) -> None:
    it = await rig(policy=policy(observe_seconds=300, bake_seconds=600, keep_candidate=False))
    before = estate(it)
    await it.publish_version()
    await it.until(step)
    await it.send(SignalKind.ROLLBACK, by="olivia@contoso.com")
    rollout = await it.ended()
    moved = step in ("converge", "observe", "bake", "stop")
    assert rollout.outcome is (Outcome.ROLLED_BACK if moved else Outcome.STOPPED), rollout.because
    assert estate(it) == before


async def test_a_bad_gate_turns_a_shadow_back_before_it_turns_back_a_real_rollout() -> None:
    """Users of blue are as well as ever: it is the limit that is wrong."""
    strict = msgspec.structs.replace(ERRORS, name="strict", max_value=0.0001)
    it = await rig(gates=msgspec.structs.replace(FLEET.gates, bake=(strict,)))
    await it.publish_version()
    rollout = await it.ended()
    assert rollout.outcome is Outcome.ROLLED_BACK
    assert "strict on blue" in rollout.because
    failed = next(each for each in await judged(it) if each.verdict is Verdict.FAIL)
    assert (failed.slot, failed.dry_run) == (BLUE, False)
    assert failed.samples, "it was really measured"


async def test_what_would_begin_something_is_not_asked_and_recorded_so() -> None:
    it = await rig(FLEET_OF_CHECKS, shadow=True)
    before = estate(it)
    await it.publish_version()
    rollout = await it.ended()
    assert rollout.outcome is Outcome.COMPLETED, rollout.because
    assert (it.world.hooks.asked, it.world.load_tests.started, estate(it)) == ([], (), before)
    asked = {probe.gate.name for probe in watched(it).asked if isinstance(probe, GateReading)}
    assert asked == {"expected", "nodes-not-ready", "failed-share", "there", "calm"}
    unasked = {each.gate: each for each in await judged(it) if each.gate not in asked}
    assert unasked.keys() == {"hook", "pods", "load"}
    assert all(each.dry_run and each.verdict is Verdict.NO_DATA for each in unasked.values())
    assert unasked["hook"].because == "hook on blue: not asked in shadow, because it would call a hook"


async def test_a_gate_beside_live_advises_and_decides_nothing() -> None:
    """Live beside itself is always well, which is no evidence of anything."""
    beside = msgspec.structs.replace(ERRORS, name="beside", max_value=None, max_over_live=0.5)
    steps = (WeightStep(weight=10, hold_seconds=300, gates=(beside,)),)
    fleet = balanced(SwitchKind.TRAFFIC_MANAGER)
    it = await rig(fleet, shadow=True, shift=Shift(steps=steps))
    await it.publish_version()
    assert (await it.ended()).outcome is Outcome.COMPLETED
    said = [each for each in await judged(it) if each.gate == "beside"]
    assert said
    assert all(each.dry_run for each in said)
    assert Verdict.FAIL in {each.verdict for each in said}, "twice as good as itself is nobody"


LEVERS = {
    "front door": balanced(SwitchKind.FRONT_DOOR, beneath=True, steps=True, canary=True),
    "traffic manager": balanced(SwitchKind.TRAFFIC_MANAGER, steps=True),
    "gateway": balanced(SwitchKind.APPLICATION_GATEWAY),
    "above": composite_fleet(),
}


@pytest.mark.parametrize("back_from", ["", "sync_gate", "converge", "bake"])
@pytest.mark.parametrize("name", LEVERS)
async def test_every_lever_is_taken_as_moved_there_and_back(name: str, back_from: str) -> None:
    it = await rig(LEVERS[name], shadow=True)
    await it.publish_version()
    if back_from:
        await it.until(back_from)
        await it.send(SignalKind.ROLLBACK, by="olivia@contoso.com")
    rollout = await it.ended(hours_max=24)
    assert rollout.outcome in ENDS[bool(back_from)], rollout.because
    share = [each for each in watched(it).asked if isinstance(each, TrafficShare | OpenConnections)]
    assert all(each.slots == (BLUE,) for each in share), "green was never deployed: nobody asks its gateway"


ENDS = {False: {Outcome.COMPLETED}, True: {Outcome.ROLLED_BACK, Outcome.STOPPED}}


async def test_a_ramp_turns_back_with_a_part_of_the_users() -> None:
    it = await rig(LEVERS["front door"], shadow=True)
    await it.publish_version()
    await it.until("ramp")
    while (await it.rollout()).portion < 2:
        await it.minute()
    await it.send(SignalKind.ROLLBACK, by="olivia@contoso.com")
    assert (await it.ended()).outcome is Outcome.ROLLED_BACK


async def test_the_way_back_is_proven_by_what_the_live_slot_bears_today() -> None:
    it = await rig(LEVERS["traffic manager"], shadow=True, readiness=LOADED)
    await it.publish_version()
    rollout = await it.ended()
    assert rollout.outcome is Outcome.COMPLETED, rollout.because
    assert (rollout.unready, rollout.unproven) == (None, None)
    assert rollout.ready_at is not None
