"""Single steps where they must be careful."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from shared.actions import Freeze, PointRecord, SetWeights
from shared.decision import Decision, Seen
from shared.fleet import Fleet, Window
from shared.levers import SwitchKind
from shared.model import FleetState, Outcome, Rollout, Stage
from shared.probes import (
    AddressSeen,
    Answer,
    CheckSeen,
    ClusterSeen,
    ClusterState,
    Probe,
    RecordSeen,
    RecordState,
    SlotAddress,
    TrafficSeen,
    TrafficShare,
    Unavailable,
)
from stages import decide, needs
from stages.converging import converge
from stages.plan import plan
from stages.step import Verb
from stages.windows import seconds_until_open
from tests.engine.balanced import balanced
from tests.fleets import ADDRESSES, BLUE, FLEET, GREEN, fleet, record
from tests.stages.test_table import NOW
from tests.stages.test_verdicts import rollout


def decided(
    declared: Fleet, before: Rollout, answers: dict[Probe, Answer], *, epoch: int = 3, now: datetime = NOW
) -> Decision:
    """The decision on a rollout; what is not answered is unavailable."""
    state = FleetState(live=BLUE, epoch=epoch, rollouts=1, rollout=before)
    wanted = needs(declared, declared, state, (), now)
    seen = {probe: answers.get(probe, Unavailable("not answered")) for probe in wanted}
    return decide(declared, declared, state, Seen(now=now, answers=seen, epoch=epoch))


def ground(live: RecordSeen, candidate: ClusterSeen, check: CheckSeen) -> dict[Probe, Answer]:
    preflight = rollout("preflight", Stage.PREPARE)
    state = FleetState(live=BLUE, epoch=3, rollout=preflight)
    answers: dict[Probe, Answer] = {}
    for probe in needs(FLEET, FLEET, state, (), NOW):
        match probe:
            case RecordState():
                answers[probe] = live
            case SlotAddress(slot):
                answers[probe] = AddressSeen(ADDRESSES[slot])
            case ClusterState():
                answers[probe] = candidate
            case _:
                answers[probe] = check
    return answers


AT_BLUE = RecordSeen(
    exists=True, targets=(ADDRESSES[BLUE],), ttl_seconds=300, etag="e", epoch=3, fleet="contoso"
)
FREE, VALID = ClusterSeen(exists=False), CheckSeen(valid=True)


@pytest.mark.parametrize(
    ("live", "candidate", "check", "problem"),
    [
        (RecordSeen(exists=False), FREE, VALID, "does not exist"),
        (msgspec.structs.replace(AT_BLUE, targets=(ADDRESSES[GREEN],)), FREE, VALID, "recorded as live"),
        (msgspec.structs.replace(AT_BLUE, fleet="another"), FREE, VALID, "belongs to the fleet another"),
        (msgspec.structs.replace(AT_BLUE, epoch=80), FREE, VALID, "its state was lost"),
        (AT_BLUE, ClusterSeen(exists=True, version="1.30.1"), VALID, "still holds a cluster"),
        (AT_BLUE, FREE, CheckSeen(valid=False, because="QuotaExceeded"), "QuotaExceeded"),
    ],
)
def test_preflight_stops_on_ground_that_is_not_as_planned(
    live: RecordSeen, candidate: ClusterSeen, check: CheckSeen, problem: str
) -> None:
    decision = decided(FLEET, rollout("preflight", Stage.PREPARE), ground(live, candidate, check))
    assert decision.state.rollout is not None
    assert decision.state.rollout.stage is Stage.ROLLBACK
    assert problem in decision.because


def test_preflight_goes_on_where_the_ground_is_as_planned() -> None:
    decision = decided(FLEET, rollout("preflight", Stage.PREPARE), ground(AT_BLUE, FREE, VALID))
    assert decision.state.rollout is not None
    assert decision.state.rollout.step == "baseline"
    assert decision.state.rollout.addresses == ADDRESSES


TWO = fleet(live_records=(record("aks"), record("api")))
AT_GREEN = RecordSeen(exists=True, targets=(ADDRESSES[GREEN],), ttl_seconds=30, etag="e", epoch=2)


def going_back(**facts: object) -> Rollout:
    known = {"shifted": True, "rollback_because": "alert", "ordered_epoch": None}
    return rollout("divert", Stage.ROLLBACK, **{**known, **facts})


def written(decision: Decision) -> list[str]:
    return [action.record.name for action in decision.actions if isinstance(action, PointRecord)]


def test_a_rollback_moves_live_records_back_in_reverse_order() -> None:
    answers: dict[Probe, Answer] = {RecordState(r): AT_GREEN for r in TWO.live_records}
    assert written(decided(TWO, going_back(), answers)) == ["api", "aks"]


def test_a_rollback_writes_even_where_the_record_looks_right_already() -> None:
    right = msgspec.structs.replace(AT_GREEN, targets=(ADDRESSES[BLUE],))
    answers: dict[Probe, Answer] = {RecordState(r): right for r in TWO.live_records}
    assert written(decided(TWO, going_back(), answers)) == ["api", "aks"]


def test_a_rollback_moves_the_records_that_it_can_read_and_keeps_trying_the_rest() -> None:
    decision = decided(TWO, going_back(), {RecordState(TWO.live_records[0]): AT_GREEN})
    assert written(decision) == ["aks"]
    assert decision.wake_at == NOW + timedelta(seconds=5)


def test_a_rollback_is_not_done_until_its_own_write_is_seen_everywhere() -> None:
    back = msgspec.structs.replace(AT_GREEN, targets=(ADDRESSES[BLUE],), epoch=9)
    stale = msgspec.structs.replace(back, epoch=8)
    ordered = going_back(ordered_epoch=9)
    first, second = (RecordState(r) for r in TWO.live_records)
    assert written(decided(TWO, ordered, {first: back, second: stale})) == ["api", "aks"]
    done = decided(TWO, ordered, {first: back, second: back})
    assert done.state.rollout is not None
    assert (done.state.rollout.step, done.actions) == ("prove", ())


def test_a_rollback_that_cannot_write_in_time_ends_as_failed_and_holds_the_version() -> None:
    late = NOW + timedelta(hours=1)
    decision = decided(TWO, going_back(), {}, now=late)
    assert decision.state.rollout is not None
    assert decision.state.rollout.outcome is Outcome.ROLLBACK_FAILED
    assert [held.version for held in decision.state.held_versions] == ["1.32.6"]


MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
OFFICE = Window(days=(0, 1), from_minute=8 * 60, to_minute=14 * 60)
NIGHT = Window(days=(0,), from_minute=22 * 60, to_minute=4 * 60)


@pytest.mark.parametrize(("answered_after_seconds", "freezes"), [(50, False), (150, True)])
def test_a_freeze_that_ran_out_while_the_worker_looked_is_renewed(
    answered_after_seconds: int, freezes: bool
) -> None:
    entered_at = NOW - timedelta(minutes=10)
    runs_out_at = NOW + timedelta(seconds=100)
    before = msgspec.structs.replace(
        rollout("recheck", Stage.SWITCH), entered_at=entered_at, frozen_until=runs_out_at
    )
    state = FleetState(live=BLUE, epoch=3, rollouts=1, rollout=before)
    answered_at = NOW + timedelta(seconds=answered_after_seconds)
    decision = decide(FLEET, FLEET, state, Seen(now=NOW, answers={}, answered_at=answered_at))
    assert [type(action) for action in decision.actions] == [Freeze] * freezes


@pytest.mark.parametrize(
    ("window", "at", "hours"),
    [
        (OFFICE, MONDAY + timedelta(hours=8), 0),
        (OFFICE, MONDAY + timedelta(hours=7), 1),
        (OFFICE, MONDAY + timedelta(hours=14), 18),
        (OFFICE, MONDAY + timedelta(days=1, hours=14), 6 * 24 - 6),
        (NIGHT, MONDAY + timedelta(hours=23), 0),
        (NIGHT, MONDAY + timedelta(days=1, hours=3), 0),
        (NIGHT, MONDAY + timedelta(days=1, hours=4), 6 * 24 + 18),
    ],
)
def test_a_rollout_waits_for_its_window_and_no_longer(window: Window, at: datetime, hours: float) -> None:
    assert seconds_until_open((window,), at) == hours * 3600


def test_a_plan_lists_the_writes_in_the_order_in_which_they_would_be_made() -> None:
    writes = plan(FLEET, "1.32.6", NOW)
    assert [(w.step, type(w.action).__name__) for w in writes] == [
        ("deploy", "Deploy"),
        ("expose", "PointRecord"),
        ("freeze", "Freeze"),
        ("lower_ttl", "PointRecord"),
        ("sync", "StartSync"),
        ("shift", "PointRecord"),
        ("unfreeze", "Thaw"),
        ("restore_ttl", "PointRecord"),
        ("stop", "StopCluster"),
        ("destroy", "DestroyCluster"),
    ]
    assert [w.after_seconds for w in writes] == sorted(w.after_seconds for w in writes)


def switch_seconds(kind: SwitchKind) -> list[float]:
    """When a plan without a ramp orders the balancer anything, since the first such order."""
    at = [w.after_seconds for w in plan(balanced(kind), "1.32.6", NOW) if isinstance(w.action, SetWeights)]
    return [seconds - at[0] for seconds in at]


def test_a_plan_reckons_with_a_front_door_that_deploys_one_change_at_a_time() -> None:
    assert switch_seconds(SwitchKind.FRONT_DOOR) == [0, pytest.approx(1200, abs=60)]
    assert switch_seconds(SwitchKind.FRONT_DOOR_CLASSIC) == [0]
    assert switch_seconds(SwitchKind.TRAFFIC_MANAGER) == [0]


def test_a_planned_ramp_takes_what_its_changes_and_its_holds_take() -> None:
    fleet = balanced(SwitchKind.FRONT_DOOR, steps=True)
    writes = [w for w in plan(fleet, "1.32.6", NOW) if isinstance(w.action, SetWeights)]
    ordered = [w.after_seconds - writes[0].after_seconds for w in writes]
    # Each step is told to two origins; a step's hold begins when the second has reached the edges.
    held = 1200 + 1200 + 300
    assert ordered == pytest.approx([0, 1200, held, held + 1200, 2 * held], abs=120)


@pytest.mark.parametrize(("passed", "over"), [(89, False), (90, True)])
def test_nobody_counts_as_moved_before_one_ttl_and_its_propagation_have_passed(
    passed: int, over: bool
) -> None:
    at = rollout("converge", Stage.SWITCH, moved_at=NOW)
    users = TrafficShare(NOW + timedelta(seconds=90))
    seen = Seen(
        now=NOW + timedelta(seconds=passed),
        answers={users: TrafficSeen({GREEN: 1000.0}, 5)},
        signals=(),
        epoch=9,
    )
    assert (converge(FLEET, at, seen).verb is Verb.ADVANCE) is over
