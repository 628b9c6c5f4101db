"""A gate that only advises is recorded and decides nothing, in whatever step it is asked."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from shared.decision import Decision, Seen
from shared.fleet import Fleet, Gate, Gates, Target
from shared.gate_rules import Anomaly
from shared.model import FleetState, Rollout, Stage, Verdict
from shared.probes import Answer, GateReading, Probe
from stages import decide, needs
from tests.fleets import BLUE, ERRORS, FLEET, HEALTH, NODES
from tests.stages.test_verdicts import SOON, after, answer, reading, rollout

STEPS = {
    "baseline": Stage.PREPARE,
    "platform_gate": Stage.DEPLOY,
    "sync_gate": Stage.SYNC,
    "functional_tests": Stage.SYNC,
    "load_test": Stage.SYNC,
    "recheck": Stage.SWITCH,
    "observe": Stage.SWITCH,
    "bake": Stage.RETIRE,
    "destroy": Stage.RETIRE,
}
DRY = msgspec.structs.replace(ERRORS, name="dry", target=Target.GATEWAY, dry_run=True)
GROUPED = msgspec.structs.replace(DRY, group="users", critical=True)
ADVICE = msgspec.structs.replace(DRY, dry_run=False, max_value=None, anomaly=Anomaly())
NOT_PASSING = [verdict for verdict in Verdict if verdict is not Verdict.PASS]


def with_gates(*more: Gate, alone: bool = False) -> Fleet:
    """The fleet with gates beside its own for every question, or alone where a question needs none."""

    def of(*own: Gate) -> tuple[Gate, ...]:
        return (*own, *more)

    tests = more if alone else of(HEALTH)
    gates = Gates(platform=of(NODES), functional=tests, load=tests, switch=of(ERRORS), bake=of(ERRORS))
    return msgspec.structs.replace(FLEET, gates=gates, sync=())


def decided(fleet: Fleet, before: Rollout, verdict: Verdict) -> Decision:
    """What is decided where all is well but for the gate called `dry`, which says that."""
    state = FleetState(live=BLUE, epoch=3, rollouts=1, rollout=before)

    def told(probe: Probe) -> Answer:
        if isinstance(probe, GateReading) and probe.gate.name == "dry":
            return reading(msgspec.structs.replace(probe.gate, max_value=1), verdict)
        return answer(probe, Verdict.PASS)

    probes = needs(fleet, fleet, state, (), SOON)
    return decide(fleet, fleet, state, Seen(now=SOON, answers={probe: told(probe) for probe in probes}))


def standing(step: str) -> Rollout:
    found = rollout(step, STEPS[step], live_stopped=step == "destroy")
    moved = msgspec.structs.replace(found, shifted=False, moved_at=None) if step == "recheck" else found
    return msgspec.structs.replace(moved, clean_since=SOON - timedelta(minutes=20))


@pytest.mark.parametrize("verdict", NOT_PASSING)
@pytest.mark.parametrize("gate", [DRY, GROUPED, ADVICE], ids=["dry run", "of a group", "anomaly"])
@pytest.mark.parametrize("step", STEPS)
def test_what_only_advises_is_recorded_and_decides_nothing(step: str, gate: Gate, verdict: Verdict) -> None:
    without = decided(with_gates(), standing(step), verdict)
    beside = decided(with_gates(gate), standing(step), verdict)
    assert after(beside).step != step or step == "destroy"
    assert (after(beside).stage, after(beside).step, after(beside).held, beside.actions) == (
        after(without).stage,
        after(without).step,
        after(without).held,
        without.actions,
    )
    assert any(each.gate == "dry" and each.dry_run for each in beside.judgements) or step == "baseline"


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("step", ["functional_tests", "load_test", "recheck"])
def test_tests_that_only_advise_keep_nobody_waiting(step: str, verdict: Verdict) -> None:
    found = decided(with_gates(DRY, alone=True), standing(step), verdict)
    assert (after(found).step != step, after(found).held, after(found).outcome) == (True, None, None)
    assert after(found).stage is not Stage.ROLLBACK
    assert {each.gate for each in found.judgements} == {"dry"}


def test_a_long_window_that_only_advises_does_not_put_off_a_hold() -> None:
    long = msgspec.structs.replace(DRY, window_seconds=86_400)
    fleet = with_gates(long)
    state = FleetState(live=BLUE, epoch=3, rollouts=1, rollout=rollout("observe", Stage.SWITCH))
    probes = needs(fleet, fleet, state, (), SOON)
    answers = {probe: answer(probe, Verdict.NO_DATA) for probe in probes}
    held = after(decide(fleet, fleet, state, Seen(now=SOON, answers=answers))).held
    assert held is not None
