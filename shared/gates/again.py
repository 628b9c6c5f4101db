"""Judges the looks of a past rollout once more, by the samples that were kept of them.

What cannot be judged again from samples is said to be so, and never guessed. Refuses to know how the rollout
ended, and where samples are kept. Whether they answer what a gate asks is in `asked`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from shared.fleet import Gate, Source
from shared.gates.asked import asked_alike
from shared.gates.burning import beyond
from shared.gates.ends import Ended
from shared.gates.events import kept
from shared.gates.judge import Beyond, judge
from shared.gates.measuring import beside_live
from shared.gates.weeks import Weeks
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


def judged_again(question: str, gate: Gate, ended: Ended, watched_seconds: float = 0.0) -> list[Look] | str:
    """What `gate` would have said at each look at the candidate, or why nobody knows.

    `watched_seconds` is how long a step that asks the question watches users.
    """
    looks = _looks(question, gate, ended)
    weeks = Weeks(gate, ended)
    trouble = _unjudgeable(gate, ended, looks, weeks)
    if trouble is not None:
        return trouble
    return _again(gate, looks, ended.rollout.baseline.get(gate.name), watched_seconds, weeks)


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


def _unjudgeable(gate: Gate, ended: Ended, looks: Sequence[Look], weeks: Weeks) -> str | None:
    """Why the samples that were kept do not tell what the gate would have said, None where they do."""
    if not looks:
        return "it was not asked, or under another name"
    answered = [look.judgement for look in looks if look.judgement.until is not None]
    if not answered:
        return "its source never answered"
    if beside_live(gate) and not any(_was_beside_live(each) for each in answered):
        return "it is judged beside the live slot, of which nothing was kept"
    if gate.anomaly is not None and not weeks.read:
        return "it is judged by the weeks before, of which nothing was kept"
    if gate.max_over_baseline is not None and gate.name not in ended.rollout.baseline:
        return "no baseline was recorded for it"
    other = next((each for each in answered if not asked_alike(gate, each)), None)
    if other is not None:
        return f"the evidence answers another question: {other.source}"
    cut = next((each for each in answered if not _is_whole(gate, each)), None)
    return None if cut is None else f"{cut.left_out} samples of one look were judged and not kept"


def _was_beside_live(look: Judgement) -> bool:
    """Whether what is beside it are live's samples."""
    return bool(look.beside) and not look.limits.keys().isdisjoint(("max_over_live", "effect_max"))


def _is_whole(gate: Gate, look: Judgement) -> bool:
    """Whether all samples of the gate's window were kept: only the oldest are ever left out."""
    if not look.left_out:
        return True
    if gate.slo is not None and beyond(gate.slo, gate.window_seconds):
        return False
    begins = _begins(gate, look)
    kept_of = (look.samples, look.beside) if beside_live(gate) else (look.samples,)
    return begins is not None and all(each and each[0].at < begins for each in kept_of)


def _begins(gate: Gate, look: Judgement) -> datetime | None:
    return None if look.until is None else look.until - timedelta(seconds=gate.window_seconds)


def _again(
    gate: Gate, looks: Sequence[Look], baseline: float | None, watched_seconds: float, weeks: Weeks
) -> list[Look] | str:
    """Each look judged by `gate`, or why one cannot be; what is counted begins anew with each step."""
    found = []
    tally: Tally | None = None
    every: list[Judgement] = []
    before: list[Judgement] = []
    beside: list[Judgement] = []
    step = looks[0].step
    for look in looks:
        if look.step != step:
            tally, before, beside, step = None, [], [], look.step
        was = look.judgement
        for known, one in ((every, was), (before, was), (beside, _live_of(was))):
            known.append(one)
        live = _answer(gate, beside) if _was_beside_live(was) else None
        more = weeks.beyond(look.epoch, was) if gate.anomaly else _longer(gate, every, watched_seconds)
        judgement = judge(gate, was.slot, _answer(gate, before), was.at, baseline, live, tally, more)
        trouble = weeks.untold(was, judgement, more) if gate.anomaly else None
        if trouble is not None:
            return trouble
        tally = judgement.tally
        found.append(Look(look.epoch, look.step, judgement))
    return found


def _live_of(look: Judgement) -> Judgement:
    """The look with live's samples in the place of its own; without any where they were not asked for."""
    known = _was_beside_live(look)
    return replace(look, samples=look.beside if known else (), until=look.until if known else None)


def _longer(gate: Gate, looks: Sequence[Judgement], watched_seconds: float) -> Beyond:
    """What the looks until now know of an objective's windows that are longer than the gate's."""
    windows = beyond(gate.slo, gate.window_seconds) if gate.slo is not None else ()
    until = looks[-1].until
    if not windows or until is None:
        return Beyond(watched_seconds=watched_seconds)
    since, samples = _joined(looks, until - timedelta(seconds=windows[-1]))
    return Beyond(kept=kept(samples, windows, since, until), watched_seconds=watched_seconds)


def _answer(gate: Gate, looks: Sequence[Judgement]) -> Answer:
    """What the gate would have been told at the newest of these looks.

    A window that is longer than theirs was is put together from looks that follow one another.
    """
    newest = looks[-1]
    if newest.since is None or newest.until is None:
        return Unavailable(because=newest.because)
    since, until, samples = newest.since, newest.until, newest.samples
    begins = _begins(gate, newest)
    if gate.source is not Source.HTTP and begins is not None:
        since, samples = _joined(looks, begins)
        since = max(since, begins)
    return Reading(samples=samples, source=newest.source, since=since, until=until)


def _joined(looks: Sequence[Judgement], begins: datetime) -> tuple[datetime, tuple[Sample, ...]]:
    since = looks[-1].since
    assert since is not None, "the caller has checked that it was answered"
    parts: list[Sequence[Sample]] = [looks[-1].samples]
    for earlier in reversed(looks[:-1]):
        if since <= begins:
            break
        if earlier.since is None or earlier.until is None or earlier.since >= since:
            continue
        if earlier.until < since:
            break
        # What both looks saw, the newer one knows better.
        parts.append([each for each in earlier.samples if each.at < since])
        since = earlier.since
    return since, tuple(each for part in reversed(parts) for each in part)
