"""What an error budget does to a rollout: may it begin, and how many users may its switch put at risk?"""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from shared.decision import Decision
from shared.fleet import Fleet, Gate, Shift, Source, Target, WeightStep
from shared.gate_rules import Objective
from shared.model import FleetState, HoldKind, Outcome, Rollout, Sample, Stage, Verdict
from shared.probes import Answer, ClusterSeen, ClusterState, GateReading, Probe, Reading, Unavailable
from stages import needs
from tests.fleets import BLUE, FLEET
from tests.stages.test_steps import decided
from tests.stages.test_table import NOW
from tests.stages.test_verdicts import rollout

DAYS = 30
AVAILABILITY = Gate(
    name="availability",
    source=Source.LOGS,
    target=Target.CLUSTER,
    query="AppRequests | project TimeGenerated, value",
    slo=Objective(objective=0.999),
)


def declared(gate: Gate = AVAILABILITY, *steps: int) -> Fleet:
    """The fleet with that gate in the bake, and a ramp over those weights."""
    gates = msgspec.structs.replace(FLEET.gates, bake=(*FLEET.gates.bake, gate))
    shift = Shift(steps=tuple(WeightStep(weight=weight, hold_seconds=60) for weight in steps))
    return msgspec.structs.replace(FLEET, gates=gates, shift=shift, sync=())


def over_the_period(share: float) -> Reading:
    """A reading of so many bad events in every hour of the period."""
    hours = DAYS * 24
    samples = tuple(
        Sample(at=NOW - timedelta(hours=n), value=share, requests=10_000) for n in range(1, hours + 1)
    )
    return Reading(samples, "query", NOW - timedelta(days=DAYS), NOW)


def at_step(fleet: Fleet, step: str, stage: Stage, answer: Answer) -> Decision:
    """The decision at a step when the budget's reading is that, and all clusters are well."""
    before = rollout(step, stage, shifted=False, moved_at=None)
    answers: dict[Probe, Answer] = {}
    for probe in needs(fleet, fleet, state_of(before), (), NOW):
        match probe:
            case ClusterState(slot):
                version = "1.31.9" if slot == BLUE else "1.32.6"
                answers[probe] = ClusterSeen(
                    exists=True, provisioning="Succeeded", power="Running", version=version
                )
            case GateReading(gate) if gate.slo is not None:
                answers[probe] = answer
            case GateReading(gate, slot) if gate.source is Source.HTTP:
                samples = tuple(Sample(at=NOW, value=0.0) for _ in range(5))
                answers[probe] = Reading(samples, f"GET {slot}", NOW, NOW)
    return decided(fleet, before, answers)


def state_of(before: Rollout) -> FleetState:
    """The state of a fleet with that rollout."""
    return FleetState(live=BLUE, epoch=3, rollouts=1, rollout=before)


def after(decision: Decision) -> Rollout:
    assert decision.state.rollout is not None
    return decision.state.rollout


def test_the_budget_is_that_of_the_live_slot_over_the_whole_period() -> None:
    fleet = declared()
    asked = [
        probe
        for probe in needs(fleet, fleet, state_of(rollout("admit", Stage.PREPARE)), (), NOW)
        if isinstance(probe, GateReading)
    ]
    assert [(p.slot, p.gate.window_seconds, p.since) for p in asked] == [(BLUE, DAYS * 86_400, None)]


def test_a_rollout_begins_with_a_budget_and_keeps_the_evidence() -> None:
    decision = at_step(declared(), "admit", Stage.PREPARE, over_the_period(0.0004))
    assert after(decision).step != "admit"
    (evidence,) = decision.judgements
    assert (evidence.gate, evidence.verdict, evidence.slot) == ("availability budget", Verdict.PASS, BLUE)
    assert evidence.value == pytest.approx(0.4)


@pytest.mark.parametrize("share", [0.001, 0.02])
def test_a_spent_budget_refuses_the_rollout_and_says_how_much_is_spent(share: float) -> None:
    decision = at_step(declared(), "admit", Stage.PREPARE, over_the_period(share))
    assert after(decision).stage is Stage.ROLLBACK
    assert f"{share / 0.001 * 100:.0f} % of the error budget of 30 days is spent" in decision.because


@pytest.mark.parametrize(
    "answer", [Unavailable("the workspace is down"), Reading((), "query", NOW - timedelta(days=DAYS), NOW)]
)
def test_a_budget_that_nobody_can_tell_keeps_the_rollout_waiting(answer: Answer) -> None:
    decision = at_step(declared(), "admit", Stage.PREPARE, answer)
    assert (after(decision).step, after(decision).outcome) == ("admit", None)
    assert "error budget" in decision.because


def test_a_dry_run_never_refuses() -> None:
    fleet = declared(msgspec.structs.replace(AVAILABILITY, dry_run=True))
    assert after(at_step(fleet, "admit", Stage.PREPARE, over_the_period(0.02))).step != "admit"


def test_a_switch_of_everybody_is_held_where_so_many_may_not_be_put_at_risk() -> None:
    decision = at_step(declared(), "recheck", Stage.SWITCH, over_the_period(0.00099))
    held = after(decision).held
    assert held is not None
    assert held.kind is HoldKind.GATE
    assert "would put 100% of the users at risk at once" in decision.because


def test_a_ramp_whose_first_step_is_small_enough_goes_on() -> None:
    decision = at_step(declared(AVAILABILITY, 5), "recheck", Stage.SWITCH, over_the_period(0.00095))
    assert after(decision).held is None


def test_a_full_budget_bears_a_switch_of_everybody() -> None:
    decision = at_step(declared(), "recheck", Stage.SWITCH, over_the_period(0.0))
    assert after(decision).held is None
    assert after(decision).outcome is not Outcome.STOPPED
