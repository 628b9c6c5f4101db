"""What each verdict does in each stage, and what happens when a step runs out of time."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from shared.decision import Decision, Seen
from shared.fleet import Fleet, Gate, Target
from shared.model import FleetState, Hold, HoldKind, Rollout, Sample, SignalKind, Stage, Verdict
from shared.probes import (
    Answer,
    ClusterSeen,
    ClusterState,
    GateReading,
    Probe,
    Reading,
    RecordSeen,
    RecordState,
    Unavailable,
)
from stages import decide, needs
from stages.react import react
from tests.fleets import ADDRESSES, BLUE, ERRORS, FLEET, GREEN
from tests.stages.test_table import NOW, signal

GATES = {
    "platform_gate": Stage.DEPLOY,
    "sync_gate": Stage.SYNC,
    "observe": Stage.SWITCH,
    "bake": Stage.RETIRE,
}
AT_BLUE = RecordSeen(exists=True, targets=(ADDRESSES[BLUE],), ttl_seconds=30, etag="e", epoch=1)
LATER = NOW + timedelta(hours=1)


def rollout(step: str, stage: Stage, **facts: object) -> Rollout:
    known = {
        "id": "contoso-0001",
        "version": "1.32.6",
        "live": BLUE,
        "candidate": GREEN,
        "safe": BLUE,
        "stage": stage,
        "step": step,
        "entered_at": NOW,
        "started_at": NOW,
        "started_by": "test",
        "because": "",
        "addresses": dict(ADDRESSES),
        "shifted": stage in (Stage.SWITCH, Stage.RETIRE),
        "moved_at": NOW if stage in (Stage.SWITCH, Stage.RETIRE) else None,
        "wake_at": NOW,
    }
    return Rollout(**{**known, **facts})  # type: ignore[arg-type]


def answer(probe: Probe, verdict: Verdict) -> Answer:
    """An answer that makes every gate say `verdict` and everything else look well."""
    match probe:
        case GateReading(gate):
            return reading(gate, verdict)
        case ClusterState(slot):
            version = "1.32.6" if slot == GREEN else "1.31.9"
            return ClusterSeen(exists=True, provisioning="Succeeded", power="Running", version=version)
        case RecordState():
            return RecordSeen(exists=True, targets=(ADDRESSES[GREEN],), ttl_seconds=30, etag="e", epoch=1)
        case _:
            return Unavailable("not part of this test")


def reading(gate: Gate, verdict: Verdict) -> Answer:
    limit = gate.max_value or 0.0
    values: dict[Verdict, list[float]] = {
        Verdict.PASS: [limit] * 5,
        Verdict.FAIL: [limit + 1] * 5,
        Verdict.INCONCLUSIVE: [limit + 1, *[limit] * 4],
        Verdict.NO_DATA: [],
    }
    if verdict is Verdict.PROVIDER_ERROR:
        return Unavailable("the provider is down")
    apart = (LATER - NOW) / 5
    samples = tuple(Sample(at=NOW + n * apart, value=value) for n, value in enumerate(values[verdict]))
    return Reading(samples, "query", NOW, LATER)


def tolerant() -> Fleet:
    """The fleet whose gates bear one breach, so that `inconclusive` can be had."""

    def of(gates: tuple[Gate, ...]) -> tuple[Gate, ...]:
        return tuple(msgspec.structs.replace(gate, breaches_max=1) for gate in gates)

    gates = msgspec.structs.replace(
        FLEET.gates,
        platform=of(FLEET.gates.platform),
        switch=of(FLEET.gates.switch),
        bake=of(FLEET.gates.bake),
    )
    return msgspec.structs.replace(FLEET, gates=gates)


def judged(before: Rollout, verdict: Verdict, now: datetime = LATER) -> Decision:
    fleet = tolerant()
    state = FleetState(live=BLUE, epoch=3, rollouts=1, rollout=before)
    probes = needs(fleet, fleet, state, (), now)
    answers = {probe: answer(probe, verdict) for probe in probes}
    seen = Seen(now=now, answers=answers)
    return decide(fleet, fleet, state, seen)


def after(decision: Decision) -> Rollout:
    assert decision.state.rollout is not None
    return decision.state.rollout


SOON = NOW + timedelta(minutes=20)


@pytest.mark.parametrize(("step", "stage"), GATES.items())
def test_a_failing_gate_takes_the_way_back_from_every_stage(step: str, stage: Stage) -> None:
    assert after(judged(rollout(step, stage), Verdict.FAIL, SOON)).stage is Stage.ROLLBACK


@pytest.mark.parametrize(("step", "stage"), GATES.items())
def test_an_inconclusive_gate_holds_and_asks_and_a_person_may_promote_it(step: str, stage: Stage) -> None:
    held = after(judged(rollout(step, stage), Verdict.INCONCLUSIVE, SOON))
    assert held.held is not None
    assert held.held.kind is HoldKind.GATE
    assert held.step == step
    promoted = msgspec.structs.replace(held, promoted=True)
    assert after(judged(promoted, Verdict.INCONCLUSIVE, SOON)).step != step


@pytest.mark.parametrize(("step", "stage"), [("platform_gate", Stage.DEPLOY), ("sync_gate", Stage.SYNC)])
def test_silence_before_the_switch_waits_for_the_deadline_and_then_stops(step: str, stage: Stage) -> None:
    waiting = after(judged(rollout(step, stage), Verdict.NO_DATA, SOON))
    assert (waiting.step, waiting.held) == (step, None)
    assert after(judged(waiting, Verdict.NO_DATA, LATER)).stage is Stage.ROLLBACK


@pytest.mark.parametrize(("step", "stage"), [("platform_gate", Stage.DEPLOY), ("sync_gate", Stage.SYNC)])
def test_a_dead_provider_never_stops_a_candidate_but_asks_a_person(step: str, stage: Stage) -> None:
    waiting = after(judged(rollout(step, stage), Verdict.PROVIDER_ERROR, SOON))
    assert (waiting.step, waiting.failures) == (step, 1)
    held = after(judged(waiting, Verdict.PROVIDER_ERROR, LATER))
    assert held.held is not None
    assert held.held.kind is HoldKind.DEADLINE


@pytest.mark.parametrize(("step", "stage"), [("observe", Stage.SWITCH), ("bake", Stage.RETIRE)])
@pytest.mark.parametrize("verdict", [Verdict.NO_DATA, Verdict.PROVIDER_ERROR])
def test_silence_with_users_on_the_candidate_holds_and_starts_the_clean_run_anew(
    step: str, stage: Stage, verdict: Verdict
) -> None:
    clean = rollout(step, stage, clean_since=NOW)
    held = after(judged(clean, verdict, SOON))
    assert held.held is not None
    assert (held.step, held.clean_since) == (step, None)


@pytest.mark.parametrize(("step", "stage"), [("observe", Stage.SWITCH), ("bake", Stage.RETIRE)])
def test_a_pass_counts_until_the_clean_run_is_long_enough(step: str, stage: Stage) -> None:
    begun = after(judged(rollout(step, stage), Verdict.PASS, SOON))
    assert (begun.step, begun.clean_since) == (step, SOON)
    assert after(judged(begun, Verdict.PASS, SOON + timedelta(minutes=10))).step != step


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.PASS])
def test_nothing_is_destroyed_without_a_pass(verdict: Verdict) -> None:
    stopped = rollout("destroy", Stage.RETIRE, live_stopped=True, safe=GREEN)
    decision = judged(stopped, verdict, SOON)
    assert decision.actions == ()
    assert not after(decision).destroying


def test_a_pass_destroys_and_says_that_there_is_no_way_back() -> None:
    stopped = rollout("destroy", Stage.RETIRE, live_stopped=True, safe=GREEN)
    decision = judged(stopped, Verdict.PASS, SOON)
    assert [type(action).__name__ for action in decision.actions] == ["DestroyCluster"]
    assert "no way back" in decision.because


def test_the_evidence_behind_a_verdict_is_kept() -> None:
    decision = judged(rollout("observe", Stage.SWITCH), Verdict.FAIL, SOON)
    assert [(j.gate, j.verdict, len(j.samples)) for j in decision.judgements] == [
        ("failed-share", Verdict.FAIL, 5)
    ]


@pytest.mark.parametrize(("step", "stage"), [("observe", Stage.SWITCH), ("bake", Stage.RETIRE)])
def test_a_person_may_promote_past_silence_but_not_past_a_failing_gate(step: str, stage: Stage) -> None:
    held = after(judged(rollout(step, stage), Verdict.NO_DATA, SOON))
    promoted = msgspec.structs.replace(held, promoted=True)
    assert after(judged(promoted, Verdict.NO_DATA, SOON)).step != step
    assert after(judged(promoted, Verdict.FAIL, SOON)).stage is Stage.ROLLBACK


def test_a_step_that_nobody_could_look_at_before_its_deadline_is_tried_once() -> None:
    long_out = rollout("shift", Stage.SWITCH, shifted=False, moved_at=None, wake_at=None)
    seen = Seen(now=NOW + timedelta(hours=5), answers={RecordState(r): AT_BLUE for r in FLEET.live_records})
    decision = decide(FLEET, FLEET, FleetState(live=BLUE, rollout=long_out), seen)
    after = decision.state.rollout
    assert after is not None
    assert (after.step, len(decision.actions)) == ("shift", 1)
    again = decide(FLEET, FLEET, FleetState(live=BLUE, rollout=after), seen)
    assert again.state.rollout is not None
    assert again.state.rollout.stage is Stage.ROLLBACK


def test_a_hold_at_a_deadline_stays_until_the_step_is_done_or_a_person_decides() -> None:
    late = NOW + timedelta(days=2)
    held = after(judged(rollout("bake", Stage.RETIRE), Verdict.NO_DATA, late))
    assert held.held is not None
    assert held.held.kind is HoldKind.DEADLINE
    waiting = after(judged(held, Verdict.PASS, late))
    assert waiting.held == held.held
    passed = after(judged(waiting, Verdict.PASS, late + timedelta(minutes=10)))
    assert (passed.step != "bake", passed.held) == (True, None)


def test_a_promotion_cannot_skip_what_later_steps_rely_on() -> None:
    hold = Hold(kind=HoldKind.DEADLINE, because="late", since=NOW)
    stopping = rollout("stop", Stage.RETIRE, held=hold)
    state = FleetState(live=BLUE, epoch=3, rollouts=1, rollout=stopping)
    command = signal(SignalKind.PROMOTE, by="olivia@contoso.com")
    reacted = react(FLEET, state, (command,), NOW, None)
    assert not reacted.dispositions[0].applied
    assert "retry it or roll back" in reacted.dispositions[0].because


ELSEWHERE = msgspec.structs.replace(ERRORS, name="slow", target=Target.GATEWAY, breaches_max=1)


def beside(quiet: Gate, other: Gate, found: Verdict, stage: Stage, step: str) -> Decision:
    """What is decided when one gate is silent and another says that."""
    gates = msgspec.structs.replace(FLEET.gates, switch=(quiet, other), bake=(quiet, other))
    fleet = msgspec.structs.replace(FLEET, gates=gates)
    state = FleetState(live=BLUE, epoch=3, rollouts=1, rollout=rollout(step, stage))
    answers = {
        probe: reading(probe.gate, Verdict.NO_DATA if probe.gate.name == quiet.name else found)
        if isinstance(probe, GateReading)
        else answer(probe, found)
        for probe in needs(fleet, fleet, state, (), SOON)
    }
    return decide(fleet, fleet, state, Seen(now=SOON, answers=answers))


def test_silence_beside_a_bad_signal_of_another_resource_ends_a_switch() -> None:
    decision = beside(ERRORS, ELSEWHERE, Verdict.INCONCLUSIVE, Stage.SWITCH, "observe")
    assert after(decision).stage is Stage.ROLLBACK
    assert "two signals speak against it" in decision.because


@pytest.mark.parametrize(
    ("other", "found", "step"),
    [
        (ELSEWHERE, Verdict.PASS, "observe"),
        (msgspec.structs.replace(ERRORS, name="more", breaches_max=1), Verdict.INCONCLUSIVE, "observe"),
        (msgspec.structs.replace(ELSEWHERE, dry_run=True), Verdict.INCONCLUSIVE, "observe"),
        (ELSEWHERE, Verdict.INCONCLUSIVE, "bake"),
    ],
)
def test_silence_beside_anything_else_is_held(other: Gate, found: Verdict, step: str) -> None:
    decision = beside(ERRORS, other, found, GATES[step], step)
    assert after(decision).stage is GATES[step]
    assert after(decision).held is not None
