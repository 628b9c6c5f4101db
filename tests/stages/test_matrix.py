"""Every cell of the design's matrix, through the steps: what each verdict, and an alert, does in each stage.

The documents say the same in words (docs/gates.md, "Verdicts, and what each does").
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from shared.actions import DestroyCluster
from shared.decision import Decision, Seen
from shared.fleet import Fleet, Shift, WeightStep
from shared.levers import SwitchKind
from shared.model import FleetState, HoldKind, Rollout, Signal, SignalKind, Stage, Verdict
from shared.probes import Answer, BalancerSeen, Probe, TrafficSeen
from stages import decide, needs
from tests.fleets import BLUE, GREEN
from tests.fleets_balanced import balanced_fleet
from tests.stages.test_table import NOW, signal
from tests.stages.test_verdicts import answer, rollout, tolerant

EXPECTED = """
               platform_gate sync_gate functional_tests load_test recheck ramp   observe bake   destroy destroying
pass           advance       advance   advance          advance   advance counts counts  counts destroy advance
fail           stop          stop      stop             stop      stop    back   back    back   back    advance
inconclusive   ask           ask       ask              ask       ask     ask    ask     ask    ask     advance
no_data        wait          wait      wait             wait      wait    ask    ask     ask    wait    advance
provider_error wait          wait      wait             wait      wait    ask    ask     ask    wait    advance
alert          stop          stop      stop             stop      stop    back   back    back   back    advance
"""  # noqa: E501
# `back` takes users back, and `stop` is the same before there were any; `ask` holds for a person and ends the
# clean run; `wait` looks again. While the old cluster is being destroyed nothing is judged any more.

AT_DEADLINE = """
               platform_gate sync_gate functional_tests load_test recheck ramp   observe bake
inconclusive   ask           ask       ask              ask       ask     ask    ask     ask
no_data        stop          stop      stop             stop      stop    ask    ask     ask
provider_error ask           ask       ask              ask       ask     ask    ask     ask
"""

STAGES = {
    "platform_gate": Stage.DEPLOY,
    "sync_gate": Stage.SYNC,
    "functional_tests": Stage.SYNC,
    "load_test": Stage.SYNC,
    "recheck": Stage.SWITCH,
    "ramp": Stage.SWITCH,
    "observe": Stage.SWITCH,
    "bake": Stage.RETIRE,
    "destroy": Stage.RETIRE,
    "destroying": Stage.RETIRE,
}
FIRED = signal(SignalKind.ALERT, slot=GREEN, state="fired", severity="Sev1", alert_id="a", fired_at=NOW)


def cells(table: str) -> list[tuple[str, str, str]]:
    head, *lines = table.strip("\n").splitlines()
    rows = [line.split() for line in lines]
    return [(row[0], step, cell) for row in rows for step, cell in zip(head.split(), row[1:], strict=True)]


def fleet_for(step: str) -> Fleet:
    """The fleet whose gates bear one breach; for a ramp with a lever that knows weights."""
    gates = msgspec.structs.replace(tolerant().gates, functional=tolerant().gates.bake)
    gates = msgspec.structs.replace(gates, load=gates.bake)
    fleet = msgspec.structs.replace(tolerant(), gates=gates, sync=())
    if step != "ramp":
        return fleet
    steps = (WeightStep(weight=10, hold_seconds=600, gates=gates.switch),)
    return balanced_fleet(SwitchKind.TRAFFIC_MANAGER, gates=gates, sync=(), shift=Shift(steps=steps))


def standing(step: str, now: datetime, clean_minutes: int = 20) -> Rollout:
    """A rollout in that step, with users on the candidate where the step comes after the switch."""
    found = rollout(
        "destroy" if step == "destroying" else step,
        STAGES[step],
        weighed_at=NOW if step == "ramp" else None,
        live_stopped=step in ("destroy", "destroying"),
        destroying=step == "destroying",
    )
    if step == "recheck":
        return msgspec.structs.replace(found, shifted=False, moved_at=None)
    watched = step in ("ramp", "observe", "bake")
    clean_since = now - timedelta(minutes=clean_minutes) if watched else None
    return msgspec.structs.replace(found, clean_since=clean_since)


def told(probe: Probe, verdict: Verdict) -> Answer:
    found = answer(probe, verdict)
    name = type(probe).__name__
    if name == "BalancerState":
        return BalancerSeen(weights={str(BLUE): 90, str(GREEN): 10}, epoch=1)
    if name == "TrafficShare":
        return TrafficSeen({str(BLUE): 900.0, str(GREEN): 100.0}, 5)
    return found


def decided(step: str, row: str, now: datetime, clean_minutes: int = 20) -> tuple[Rollout, Decision]:
    fleet, before = fleet_for(step), standing(step, now, clean_minutes)
    signals: tuple[Signal, ...] = (FIRED,) if row == "alert" else ()
    verdict = Verdict.PASS if row == "alert" else Verdict(row)
    state = FleetState(live=BLUE, epoch=3, rollouts=1, rollout=before)
    probes = needs(fleet, fleet, state, signals, now)
    answers = {probe: told(probe, verdict) for probe in probes}
    return before, decide(fleet, fleet, state, Seen(now=now, answers=answers, signals=signals))


def done(before: Rollout, decision: Decision) -> str:
    """What the decision does, in one word."""
    after = decision.state.rollout
    assert after is not None
    if after.stage is Stage.ROLLBACK:
        return "back" if after.shifted else "stop"
    if after.held is not None:
        assert after.held.kind in (HoldKind.GATE, HoldKind.DEADLINE)
        assert after.clean_since is None
        return "ask"
    if any(isinstance(action, DestroyCluster) for action in decision.actions):
        return "advance" if before.destroying else "destroy"
    if (after.step, after.portion) != (before.step, before.portion):
        return "advance"
    return "counts" if after.clean_since is not None else "wait"


def soon(step: str) -> datetime:
    """When the first window is over. A ramp's order takes a while to reach everybody before that."""
    return NOW + timedelta(minutes=40 if step == "ramp" else 20)


@pytest.mark.parametrize(("row", "step", "cell"), cells(EXPECTED))
def test_each_verdict_does_in_each_step_what_the_design_says(row: str, step: str, cell: str) -> None:
    before, decision = decided(step, row, soon(step), clean_minutes=3)
    assert done(before, decision) == cell, decision.because
    if step == "destroying" and row == "alert":
        assert [each.applied for each in decision.dispositions] == [False]


@pytest.mark.parametrize(("row", "step", "cell"), cells(AT_DEADLINE))
def test_each_step_is_given_up_or_asked_about_at_its_deadline(row: str, step: str, cell: str) -> None:
    before, decision = decided(step, row, NOW + timedelta(hours=30))
    assert done(before, decision) == cell, decision.because


@pytest.mark.parametrize("step", ["ramp", "observe", "bake"])
def test_a_clean_run_that_was_long_enough_goes_on(step: str) -> None:
    assert done(*decided(step, "pass", soon(step))) == "advance"


def test_every_verdict_and_every_step_is_stated() -> None:
    rows = {row for row, _, _ in cells(EXPECTED)}
    assert rows == {*(verdict.value for verdict in Verdict), "alert"}
    assert {step for _, step, _ in cells(EXPECTED)} == set(STAGES)
