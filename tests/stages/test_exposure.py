"""What is left of the error budgets bounds each step of a ramp: asked once, before more users are ordered."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from shared.decision import Decision
from shared.fleet import Fleet, Gate, MatchStep, Shift, Source, Target, WeightStep
from shared.gate_rules import BURNS, Objective
from shared.levers import Match, SwitchKind
from shared.model import HoldKind, Rollout, Sample, Stage, Verdict
from shared.probes import (
    Answer,
    BalancerSeen,
    BalancerState,
    ClusterSeen,
    ClusterState,
    GateReading,
    Probe,
    Reading,
    TrafficSeen,
    TrafficShare,
    Unavailable,
)
from stages import needs
from stages.ramp import portions
from tests.fleets import BLUE, ERRORS, GREEN
from tests.fleets_balanced import balanced_fleet
from tests.stages.test_budgets import AVAILABILITY, DAYS, over_the_period, state_of
from tests.stages.test_steps import decided
from tests.stages.test_table import NOW
from tests.stages.test_verdicts import rollout

HOUR = timedelta(hours=1)
WEIGHTS = (10, 50)
STEPS = tuple(WeightStep(weight=each, hold_seconds=60, gates=(ERRORS,)) for each in WEIGHTS)
SHARED = Gate(
    name="availability",
    source=Source.PROMETHEUS,
    target=Target.RESOURCE,
    endpoint="https://amw.westeurope.prometheus.monitor.azure.com",
    query="bad / all",
    slo=Objective(objective=0.999),
)
ENOUGH, FOR_SOME, FOR_FEW = 0.0, 0.0009, 0.00099
"""Shares of bad events that leave a budget for everybody, for more than a tenth of users, and for less."""


def ramped(gate: Gate = AVAILABILITY, *, match: bool = False, gates: tuple[Gate, ...] = (ERRORS,)) -> Fleet:
    """A fleet that comes by 10 and 50 %, with an objective in its bake."""
    canary = MatchStep(match=Match(header="x-canary", value="green"), hold_seconds=60, gates=gates)
    steps = tuple(msgspec.structs.replace(step, gates=gates) for step in STEPS)
    fleet = balanced_fleet(
        SwitchKind.FRONT_DOOR, shift=Shift(match=canary if match else None, steps=steps), sync=()
    )
    return msgspec.structs.replace(fleet, gates=msgspec.structs.replace(fleet.gates, bake=(ERRORS, gate)))


def at_portion(portion: int, **facts: object) -> Rollout:
    """A rollout whose portion has been in force for so long that its gates have passed."""
    known = {
        "weighed_at": NOW - HOUR,
        "clean_since": NOW - HOUR / 2,
        "entered_at": NOW - HOUR,
        "passed": True,
    }
    return rollout("ramp", Stage.SWITCH, portion=portion, moved_at=None, **(known | facts))


def answers(
    fleet: Fleet, before: Rollout, live: Answer, candidate: Answer, failed: float = 0
) -> dict[Probe, Answer]:
    """Everything is well, but for what both slots say of their share of bad events."""
    found: dict[Probe, Answer] = {}
    portion = portions(fleet)[before.portion]
    weight = portion.weight if isinstance(portion, WeightStep) else 0
    for probe in needs(fleet, fleet, state_of(before), (), NOW):
        match probe:
            case BalancerState():
                shares = {str(BLUE): 100 - weight, str(GREEN): weight}
                found[probe] = BalancerSeen(
                    {slot: share for slot, share in shares.items() if share}, matched=GREEN
                )
            case ClusterState():
                found[probe] = ClusterSeen(
                    exists=True, provisioning="Succeeded", power="Running", version="1.32.6", nodes=3
                )
            case TrafficShare():
                found[probe] = TrafficSeen({BLUE: 100.0 - weight, GREEN: 1.0 + weight}, 5)
            case GateReading(gate, slot) if gate.slo is not None:
                found[probe] = live if slot == BLUE else candidate
            case GateReading():
                samples = tuple(Sample(at=NOW - timedelta(minutes=n), value=failed) for n in range(6, 1, -1))
                found[probe] = Reading(
                    samples, "query", NOW - timedelta(minutes=7), NOW - timedelta(minutes=2)
                )
            case _:
                pass
    return found


def since_they_came(share: float, requests: float = 10_000) -> Reading:
    """So many bad events on the candidate in the hour since users came."""
    return Reading((Sample(at=NOW - HOUR / 2, value=share, requests=requests),), "other", NOW - HOUR, NOW)


FINE = since_they_came(0.0)


def moved(fleet: Fleet, before: Rollout, live: Answer, candidate: Answer = FINE) -> Decision:
    return decided(fleet, before, answers(fleet, before, live, candidate))


def after(decision: Decision) -> Rollout:
    assert decision.state.rollout is not None
    return decision.state.rollout


@pytest.mark.parametrize(
    ("portion", "share", "held"),
    [
        (0, ENOUGH, None),
        (0, FOR_SOME, "50%"),
        (0, FOR_FEW, "50%"),
        (1, ENOUGH, None),
        (1, FOR_SOME, "100%"),
    ],
)
def test_a_step_is_held_where_so_many_more_may_not_be_put_at_risk(
    portion: int, share: float, held: str | None
) -> None:
    decision = moved(ramped(), at_portion(portion), over_the_period(share))
    rest = after(decision)
    assert decision.actions == ()
    if held is None:
        assert (rest.portion, rest.held, rest.passed) == (portion + 1, None, False)
        (evidence,) = [each for each in decision.judgements if each.gate == "availability exposure"]
        assert (evidence.verdict, evidence.value) == (Verdict.PASS, (50, 100)[portion] / 100)
        return
    assert rest.held is not None
    assert (rest.portion, rest.held.kind) == (portion, HoldKind.GATE)
    assert f"would put {held} of the users at risk at once" in decision.because


def test_the_first_weight_after_a_match_is_bounded_too() -> None:
    decision = moved(ramped(match=True), at_portion(0), over_the_period(FOR_FEW))
    assert "would put 10% of the users at risk at once" in decision.because
    assert after(moved(ramped(match=True), at_portion(0), over_the_period(FOR_SOME))).portion == 1


def test_the_question_is_asked_once_the_gates_have_passed_and_not_with_each_look() -> None:
    fleet, before = ramped(), at_portion(0, passed=False)
    asked = [p for p in needs(fleet, fleet, state_of(before), (), NOW) if isinstance(p, GateReading)]
    assert [probe.gate.name for probe in asked] == [ERRORS.name]
    passed = after(moved(fleet, before, Unavailable("nobody was asked")))
    assert (passed.passed, passed.portion, passed.wake_at) == (True, 0, NOW)


def test_both_slots_are_asked_once_users_are_on_both() -> None:
    # A ramp that was tried again has not forgotten when its first users came.
    came = NOW - 5 * HOUR
    fleet, before = ramped(), at_portion(0, came_at=came)
    budgets = {
        (probe.slot, probe.since, probe.gate.window_seconds)
        for probe in needs(fleet, fleet, state_of(before), (), NOW)
        if isinstance(probe, GateReading) and probe.gate.slo is not None
    }
    assert budgets == {(BLUE, None, DAYS * 86_400), (GREEN, came, DAYS * 86_400)}


def test_it_is_remembered_when_the_first_users_were_ordered_over() -> None:
    fleet, first = ramped(), at_portion(0, shifted=False, weighed_at=None, passed=False)
    ordered = decided(fleet, first, users_at(fleet, first, 0))
    assert ordered.actions
    assert after(ordered).came_at == NOW
    next_ = at_portion(1, weighed_at=None, passed=False, came_at=NOW - HOUR)
    assert after(decided(fleet, next_, users_at(fleet, next_, 10))).came_at == NOW - HOUR


def users_at(fleet: Fleet, before: Rollout, weight: int) -> dict[Probe, Answer]:
    """Everything is well, and the balancer sends so many percent to the candidate."""
    found = answers(fleet, before, FINE, FINE)
    shares = {str(BLUE): 100 - weight, str(GREEN): weight}
    told = BalancerSeen({slot: share for slot, share in shares.items() if share}, matched=GREEN)
    return {probe: told if isinstance(probe, BalancerState) else each for probe, each in found.items()}


@pytest.mark.parametrize(("requests", "portion"), [(10_000.0, 0), (10.0, 1)])
def test_what_the_candidate_has_done_to_users_counts_by_their_number(requests: float, portion: int) -> None:
    # The budget is 7,200 bad events of 7.2 million: the candidate has spent it, or hardly anything of it.
    decision = moved(ramped(), at_portion(0), over_the_period(0.0), since_they_came(0.9, requests))
    assert after(decision).portion == portion


def test_a_query_that_names_no_slot_counts_once() -> None:
    # The same answer for both slots. Added to itself, its newest hour would outweigh the period.
    everybody = since_they_came(0.0009, 10_000_000)
    live = msgspec.structs.replace(
        over_the_period(0.0), samples=(*over_the_period(0.0).samples, *everybody.samples)
    )
    same = msgspec.structs.replace(everybody, source=live.source)
    shared = moved(ramped(SHARED), at_portion(0), live, same)
    own = moved(ramped(SHARED), at_portion(0), live, everybody)
    assert _exposure(shared) > _exposure(own)


def _exposure(decision: Decision) -> float:
    """What share of the budget is left, by the sentence of the evidence or of the hold."""
    told = next((j.because for j in decision.judgements if j.gate.endswith("exposure")), decision.because)
    return float(told.split(" % of the error budget")[0].rsplit(" ", 1)[-1])


@pytest.mark.parametrize("silent", ["live", "candidate"])
def test_a_budget_that_nobody_can_tell_keeps_the_weight_and_blames_nobody(silent: str) -> None:
    down = Unavailable("the workspace is down")
    live = down if silent == "live" else over_the_period(0.0)
    decision = moved(ramped(), at_portion(0), live, down if silent == "candidate" else FINE)
    assert (after(decision).portion, after(decision).failures) == (0, 1)
    assert "the error budget could not be read: the workspace is down" in decision.because


def test_silence_is_no_budget() -> None:
    nothing = Reading((), "query", NOW - HOUR, NOW)
    decision = moved(ramped(), at_portion(0), nothing, nothing)
    assert after(decision).portion == 0
    assert "silence is no evidence" in decision.because


def test_a_person_may_promote_it_to_the_next_step_and_no_further() -> None:
    decision = moved(ramped(), at_portion(0, promoted=True), over_the_period(FOR_FEW))
    rest = after(decision)
    assert (rest.step, rest.portion, rest.promoted, rest.weighed_at) == ("ramp", 1, False, None)


def test_users_are_watched_while_it_is_held() -> None:
    fleet, before = ramped(), at_portion(0)
    found = answers(fleet, before, over_the_period(FOR_FEW), FINE, failed=1.0)
    assert after(decided(fleet, before, found)).stage is Stage.ROLLBACK


def test_gates_that_stop_passing_have_the_question_asked_anew() -> None:
    fleet, before = ramped(gates=(msgspec.structs.replace(ERRORS, breaches_max=9),)), at_portion(0)
    found = answers(fleet, before, over_the_period(ENOUGH), FINE, failed=1.0)
    assert after(decided(fleet, before, found)).passed is False


def test_a_fleet_without_objectives_asks_nobody() -> None:
    fleet = msgspec.structs.replace(ramped(), gates=msgspec.structs.replace(ramped().gates, bake=(ERRORS,)))
    decision = moved(fleet, at_portion(0, passed=False), Unavailable("nobody is asked"))
    assert after(decision).portion == 1


@pytest.mark.parametrize(
    ("switch", "steps", "portion"),
    [(True, True, 1), (True, False, 0), (False, True, 0), (False, False, 0)],
    ids=["everywhere", "switch", "steps", "bake"],
)
def test_a_gate_that_each_step_asks_notices_sooner_and_lets_more_be_risked(
    switch: bool, steps: bool, portion: int
) -> None:
    # 17 minutes for everybody are left: enough for 82 % noticed in three minutes, and for 22 % in an hour.
    gate = msgspec.structs.replace(
        AVAILABILITY, window_seconds=3_600, slo=Objective(objective=0.999, burns=BURNS[:1])
    )
    fleet = ramped(gate, gates=(ERRORS, gate) if steps else (ERRORS,))
    asked = (ERRORS, gate) if switch else (ERRORS,)
    fleet = msgspec.structs.replace(fleet, gates=msgspec.structs.replace(fleet.gates, switch=asked))
    before = at_portion(0)
    found = answers(fleet, before, over_the_period(0.0006), FINE)
    for probe in found:
        if isinstance(probe, GateReading) and probe.gate == gate:
            found[probe] = a_good_hour()
    assert after(decided(fleet, before, found)).portion == portion


def a_good_hour() -> Reading:
    """Nothing bad in any minute."""
    minutes = (NOW - timedelta(minutes=n) for n in range(62, 2, -1))
    samples = tuple(Sample(at=at, value=0.0, requests=10_000) for at in minutes)
    return Reading(samples, "query", NOW - HOUR, NOW - timedelta(minutes=2))
