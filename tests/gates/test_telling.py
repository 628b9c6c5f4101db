"""What the rows and verdicts of a rollout tell the scorecard: nothing that nobody measured."""

from __future__ import annotations

import msgspec

from shared.gate_rules import Named
from shared.gates.scorecard import Beside, Told
from shared.gates.telling import told
from shared.model import Judgement, Outcome, Rollout, Sample, Stage, Verdict
from shared.ports import AuditEntry
from tests.fleets import BLUE, GREEN
from tests.gates.test_scorecard import NOW, later


def entry(seconds: float, **changed: object) -> AuditEntry:
    return AuditEntry(
        epoch=1,
        at=later(seconds),
        who="",
        because="",
        rollout="contoso-0001",
        stage="",
        step="",
        actions=[],
        signals=[],
        change={"rollout": changed} if changed else {},
        seen={},
        previous="",
        hash="",
    )


def judged(gate: str, seconds: float, verdict: Verdict, value: float | None = 1.0) -> Judgement:
    samples = (Sample(at=later(seconds), value=value),)
    return Judgement(
        gate=gate, slot=GREEN, verdict=verdict, because="", at=later(seconds), value=value, samples=samples
    )


ROLLOUT = Rollout(
    id="contoso-0001",
    version="1.32.6",
    live=BLUE,
    candidate=GREEN,
    safe=BLUE,
    stage=Stage.ROLLBACK,
    step="hold_version",
    entered_at=NOW,
    started_at=NOW,
    started_by="test",
    because="",
    shifted=True,
    moved_at=later(500),
    diverted_at=later(900),
    baseline={"errors": 0.5},
    outcome=Outcome.ROLLED_BACK,
    ended_at=later(1000),
)
ENTRIES = (
    entry(0, stage="T0", portion=None, shifted=None),
    entry(100, shifted=True),
    entry(400, portion=1),
    entry(800, stage="rollback"),
    entry(850, portion=2),
)
JUDGEMENTS = (
    judged("ready", 10, Verdict.FAIL),
    judged("ready", 50, Verdict.PASS),
    judged("parity", 60, Verdict.NO_DATA, None),
    judged("errors", 600, Verdict.PASS, 0.6),
    judged("errors", 700, Verdict.FAIL, 2.0),
    judged("sessions", 700, Verdict.PASS, 0.0004),
    msgspec.structs.replace(judged("errors", 750, Verdict.FAIL, 9.0), slot=BLUE),
)


def test_rows_and_verdicts_tell_what_a_rollout_did() -> None:
    found = told(ROLLOUT, ENTRIES, JUDGEMENTS, Named(errors="errors", sessions="sessions"))
    assert found == Told(
        id="contoso-0001",
        outcome=Outcome.ROLLED_BACK,
        ended_at=later(1000),
        shifted=True,
        ordered_at=later(400),
        moved_at=later(500),
        failed_at=later(700),
        restored_at=later(900),
        errors=Beside(value=2.0, baseline=0.5),
        checks=2,
        checks_passed=1,
        signals=4,
        signals_seen=3,
        sessions_lost=0.0004,
    )


def window(gate: str, seconds: float, *values: float | None, **facts: object) -> Judgement:
    """A verdict on a window of values, a minute apart, that ends then."""
    samples = tuple(
        Sample(at=later(seconds - 60 * back), value=value) for back, value in enumerate(reversed(values))
    )
    found = judged(gate, seconds, Verdict.PASS, 77.0)
    return msgspec.structs.replace(found, samples=samples[::-1], **facts)


def measured(gate: str, *judgements: Judgement) -> dict[str, float | None]:
    """What is told where that gate measures everything."""
    done = msgspec.structs.replace(
        ROLLOUT, stage=Stage.RETIRE, outcome=Outcome.COMPLETED, baseline={gate: 1.0}
    )
    named = Named(errors=gate, latency=gate, sessions=gate, database_errors=gate, cost=gate)
    found = told(done, ENTRIES[:3], judgements, named)
    assert found is not None
    known = {
        name: getattr(found, name)
        for name in ("errors", "latency", "sessions_lost", "database_errors", "cost")
    }
    return {name: each.value if isinstance(each, Beside) else each for name, each in known.items()}


def test_a_rate_is_that_of_a_window_and_not_of_its_worst_minute_nor_what_its_rule_made_of_it() -> None:
    # 77 is what the gate's rule weighed: a worst minute, a burn rate or an effect.
    calm, spike = window("g", 600, 1.0, 1.0, 1.0, 1.0, 1.0), window("g", 900, 0.0, 9.0, 0.0, 0.0, 1.0)
    assert measured("g", calm, spike) == {
        "errors": 2.0,
        "latency": 2.0,
        "sessions_lost": 2.0,
        "database_errors": 1.5,
        "cost": 1.5,
    }


def test_what_is_told_in_several_looks_counts_once() -> None:
    looks = [window("g", 600 + 60 * n, *[float(v) for v in range(n, n + 5)]) for n in range(3)]
    found = measured("g", *looks)
    assert (found["errors"], found["database_errors"]) == (4.0, 3.0)


def test_silence_and_what_is_no_number_measure_nothing() -> None:
    assert set(measured("g", window("g", 600, None, float("nan"))).values()) == {None}


def test_a_check_that_only_advises_is_no_critical_check() -> None:
    dry = msgspec.structs.replace(judged("dry", 40, Verdict.FAIL), dry_run=True)
    found = told(ROLLOUT, ENTRIES, (*JUDGEMENTS[:2], dry), Named())
    assert found is not None
    assert (found.checks, found.checks_passed) == (1, 1)


def test_a_cut_over_is_over_when_users_first_were_there_whatever_others_moved_later() -> None:
    arrived = (*ENTRIES[:3], entry(520, moved_at=later(500).isoformat()), *ENTRIES[3:])
    drifted = msgspec.structs.replace(ROLLOUT, moved_at=later(790))
    moved = (*arrived[:4], entry(790, moved_at=later(790).isoformat()), *arrived[4:])
    for row, entries in ((ROLLOUT, arrived), (drifted, moved)):
        found = told(row, entries, JUDGEMENTS, Named())
        assert found is not None
        assert (found.ordered_at, found.moved_at) == (later(400), later(500))


def test_a_rollback_without_a_failed_gate_is_known_when_it_begins() -> None:
    found = told(ROLLOUT, ENTRIES, JUDGEMENTS[:4], Named())
    assert found is not None
    assert (found.failed_at, found.errors, found.sessions_lost) == (later(800), None, None)


def test_a_rollout_that_is_not_over_tells_nothing() -> None:
    assert told(msgspec.structs.replace(ROLLOUT, outcome=None), ENTRIES, JUDGEMENTS, Named()) is None


def test_a_rollout_that_never_switched_has_checks_and_no_cut_over() -> None:
    stopped = msgspec.structs.replace(ROLLOUT, shifted=False, moved_at=None, outcome=Outcome.STOPPED)
    found = told(stopped, ENTRIES[:1], JUDGEMENTS[:3], Named(errors="ready"))
    assert found is not None
    assert (found.ordered_at, found.errors, found.checks) == (None, None, 2)
