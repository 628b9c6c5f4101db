"""Decides what gates would have said of rollouts that are over, by the samples that were kept of them.

What cannot be judged again from samples is said to be so, and never guessed. Refuses to know where they are
kept. Whether they answer what a gate asks is in `asked`; how a rollout ended in `ends`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from shared.fleet import Fleet, Gate, Source
from shared.gates.asked import asked_alike
from shared.gates.ends import End, Ended, end_of
from shared.gates.judge import judge
from shared.gates.measuring import beside_live
from shared.measured import Tally
from shared.model import Judgement, Sample, Stage, Verdict
from shared.probes import Answer, Reading, Unavailable

_QUESTIONS = {
    "platform_gate": "platform",
    "sync_gate": "platform",
    "functional_tests": "functional",
    "recheck": "functional",
    "load_test": "load",
    "ramp": "ramp",
    "observe": "switch",
}


class Said(StrEnum):
    """What a gate would have done to a rollout.

    `stop`: it failed. `hold`: it did not, and was inconclusive or had not passed at the last look.
    """

    STOP = "stop"
    HOLD = "hold"
    PASS = "pass"  # noqa: S105 - a word for people


class Case(Struct, frozen=True, kw_only=True):
    """What a gate would have said of one rollout, and when.

    `earlier_seconds` is how long before the way back began it would have stopped a bad one, negative: after.
    """

    rollout: str
    good: bool
    said: Said
    at: datetime
    because: str
    earlier_seconds: float | None = None


class Unjudged(Struct, frozen=True, kw_only=True):
    """A rollout that a gate cannot be tried on, and why."""

    rollout: str
    because: str


class Trial(Struct, frozen=True, kw_only=True):
    """A gate, tried on all rollouts. The numbers count rollouts; `judged` is all that it was tried on.

    `false_alarms` were good and stopped, `misses` bad and passed, `caught` bad and stopped, `held` neither
    stopped nor passed. `advises` says that it decides nothing as it is declared.
    """

    question: str
    gate: str
    advises: bool
    judged: int
    false_alarms: int
    misses: int
    caught: int
    held: int
    because: str
    cases: tuple[Case, ...] = ()
    unjudged: tuple[Unjudged, ...] = ()


class Backtest(Struct, frozen=True, kw_only=True):
    """How the rollouts ended, and what each gate would have said of them."""

    rollouts: tuple[End, ...]
    gates: tuple[Trial, ...]


def backtest(fleet: Fleet, rollouts: Sequence[Ended]) -> Backtest:
    """Try every gate of `fleet` that is asked of a candidate on `rollouts`. What is under way is left out."""
    ends = [(ended, end) for ended in rollouts if (end := end_of(ended)) is not None]
    trials = tuple(_trial(question, gate, ends) for question, gate in _gates(fleet))
    return Backtest(rollouts=tuple(end for _, end in ends), gates=trials)


def _gates(fleet: Fleet) -> Iterator[tuple[str, Gate]]:
    for question in ("platform", "functional", "load", "switch", "bake"):
        for gate in getattr(fleet.gates, question):
            yield question, gate
    portions = (*((fleet.shift.match,) if fleet.shift.match else ()), *fleet.shift.steps)
    for gate in dict.fromkeys(gate for portion in portions for gate in portion.gates):
        yield "ramp", gate


def _trial(question: str, gate: Gate, ends: Iterable[tuple[Ended, End]]) -> Trial:
    found = [_tried(question, gate, ended, end) for ended, end in ends]
    cases = tuple(each for each in found if isinstance(each, Case))
    unjudged = tuple(each for each in found if isinstance(each, Unjudged))
    stopped = [case.good for case in cases if case.said is Said.STOP]
    return Trial(
        question=question,
        gate=gate.name,
        advises=gate.dry_run or (gate.anomaly is not None and not gate.anomaly.decides),
        judged=len(cases),
        false_alarms=sum(stopped),
        misses=sum(case.said is Said.PASS and not case.good for case in cases),
        caught=len(stopped) - sum(stopped),
        held=sum(case.said is Said.HOLD for case in cases),
        because=_told(cases, unjudged),
        cases=cases,
        unjudged=unjudged,
    )


def _told(cases: Sequence[Case], unjudged: Sequence[Unjudged]) -> str:
    if cases:
        good = [case for case in cases if case.good]
        bad = [case for case in cases if not case.good]
        return (
            f"would have stopped {sum(c.said is Said.STOP for c in good)} of {len(good)} good rollouts, "
            f"and passed {sum(c.said is Said.PASS for c in bad)} of {len(bad)} bad ones"
        )
    if not unjudged:
        return "no rollout has ended to try it on"
    reasons = dict.fromkeys(each.because for each in unjudged)
    return f"nothing is known of it: {'; '.join(reasons)}"


def _tried(question: str, gate: Gate, ended: Ended, end: End) -> Case | Unjudged:
    looks = _looks(question, gate, ended)
    trouble = _unjudgeable(gate, ended, looks)
    if trouble is not None:
        return Unjudged(rollout=end.rollout, because=trouble)
    found = _again(gate, looks, ended.rollout.baseline.get(gate.name))
    failed = next((each for each in found if each.verdict is Verdict.FAIL), None)
    unclear = next((each for each in found if each.verdict is Verdict.INCONCLUSIVE), None)
    last = found[-1]
    if failed is not None:
        said, shown = Said.STOP, failed
    elif unclear is not None:
        said, shown = Said.HOLD, unclear
    else:
        said, shown = (Said.PASS if last.verdict is Verdict.PASS else Said.HOLD), last
    before = (end.at - shown.at).total_seconds() if said is Said.STOP and not end.good else None
    return Case(
        rollout=end.rollout,
        good=end.good,
        said=said,
        at=shown.at,
        because=shown.because,
        earlier_seconds=before,
    )


class _Look(Struct, frozen=True):
    step: str
    judgement: Judgement


def _looks(question: str, gate: Gate, ended: Ended) -> list[_Look]:
    """What was asked of the candidate under the gate's name, in the steps that ask its question."""
    steps = {entry.epoch: (entry.stage, entry.step) for entry in ended.entries}
    found = []
    for each in ended.verdicts:
        stage, step = steps.get(each.epoch, ("", ""))
        asked = "bake" if stage == Stage.RETIRE.value else _QUESTIONS.get(step)
        ours = each.judgement.gate == gate.name and each.judgement.slot == ended.rollout.candidate
        if ours and asked == question:
            found.append(_Look(step, each.judgement))
    return found


def _unjudgeable(gate: Gate, ended: Ended, looks: Sequence[_Look]) -> str | None:
    """Why the samples that were kept do not tell what the gate would have said, None where they do."""
    if not looks:
        return "it was not asked, or under another name"
    answered = [look.judgement for look in looks if look.judgement.until is not None]
    if not answered:
        return "its source never answered"
    if beside_live(gate):
        return "it is judged beside the live slot, whose samples of the same window are not kept"
    if gate.anomaly is not None:
        return "it is judged by the weeks before, whose samples are not kept"
    if gate.max_over_baseline is not None and gate.name not in ended.rollout.baseline:
        return "no baseline was recorded for it"
    other = next((each for each in answered if not asked_alike(gate, each)), None)
    return None if other is None else f"the evidence answers another question: {other.source}"


def _again(gate: Gate, looks: Sequence[_Look], baseline: float | None) -> list[Judgement]:
    """Each look judged by `gate`; what is counted begins anew with each step."""
    found = []
    tally: Tally | None = None
    before: list[Judgement] = []
    step = looks[0].step
    for look in looks:
        if look.step != step:
            tally, before, step = None, [], look.step
        was = look.judgement
        before.append(was)
        judgement = judge(gate, was.slot, _answer(gate, before), was.at, baseline, tally=tally)
        tally = judgement.tally
        found.append(judgement)
    return found


def _answer(gate: Gate, looks: Sequence[Judgement]) -> Answer:
    """What the gate would have been told at the newest of these looks.

    A window that is longer than theirs was is put together from looks that follow one another.
    """
    newest = looks[-1]
    if newest.since is None or newest.until is None:
        return Unavailable(because=newest.because)
    since, until, samples = newest.since, newest.until, newest.samples
    if gate.source is not Source.HTTP:
        begins = until - timedelta(seconds=gate.window_seconds)
        since, samples = _joined(looks, begins)
        since = max(since, begins)
    return Reading(samples=samples, source=newest.source, since=since, until=until)


def _joined(looks: Sequence[Judgement], begins: datetime) -> tuple[datetime, tuple[Sample, ...]]:
    since, samples = looks[-1].since, looks[-1].samples
    assert since is not None, "the caller has checked that it was answered"
    for earlier in reversed(looks[:-1]):
        if since <= begins:
            break
        if earlier.since is None or earlier.until is None or earlier.since >= since:
            continue
        if earlier.until < since:
            break
        # What both looks saw, the newer one knows better.
        samples = (*(each for each in earlier.samples if each.at < since), *samples)
        since = earlier.since
    return since, samples
