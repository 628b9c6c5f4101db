"""Judges the looks of a past rollout once more, by the samples that were kept of them.

What cannot be judged again from samples is said to be so, and never guessed. Refuses to know how the rollout
ended, and where samples are kept. Whether they answer what a gate asks is in `asked`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from shared.fleet import Gate, Source
from shared.gates.asked import asked_alike
from shared.gates.ends import Ended
from shared.gates.judge import judge
from shared.gates.measuring import beside_live
from shared.measured import Tally
from shared.model import Judgement, Sample, Stage
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


class Look(Struct, frozen=True):
    """A judgement of the claim `epoch`, which was made in `step`."""

    epoch: int
    step: str
    judgement: Judgement


def judged_again(question: str, gate: Gate, ended: Ended) -> list[Look] | str:
    """What `gate` would have said at each look at the candidate, or why nobody knows."""
    looks = _looks(question, gate, ended)
    trouble = _unjudgeable(gate, ended, looks)
    return _again(gate, looks, ended.rollout.baseline.get(gate.name)) if trouble is None else trouble


def _looks(question: str, gate: Gate, ended: Ended) -> list[Look]:
    """What was asked of the candidate under the gate's name, in the steps that ask its question."""
    steps = {entry.epoch: (entry.stage, entry.step) for entry in ended.entries}
    found = []
    for each in ended.verdicts:
        stage, step = steps.get(each.epoch, ("", ""))
        asked = "bake" if stage == Stage.RETIRE.value else _QUESTIONS.get(step)
        ours = each.judgement.gate == gate.name and each.judgement.slot == ended.rollout.candidate
        if ours and asked == question:
            found.append(Look(each.epoch, step, each.judgement))
    return found


def _unjudgeable(gate: Gate, ended: Ended, looks: Sequence[Look]) -> str | None:
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


def _again(gate: Gate, looks: Sequence[Look], baseline: float | None) -> list[Look]:
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
        found.append(Look(look.epoch, look.step, judgement))
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
