"""Decides what a gate's reading means, and several gates together. Refuses to know what a verdict leads to.

What one sample is worth is in `measuring`; a window of them in `window`; a count of them in `tally`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from shared.fleet import Gate
from shared.gate_rules import Scores
from shared.gates.against_live import live_seen
from shared.gates.burning import Watch
from shared.gates.events import hourly
from shared.gates.figures import exactly, shown, tidy
from shared.gates.figures import mean as mean_of
from shared.gates.measuring import (
    advises,
    counted,
    declared,
    failure_told,
    known,
    limits_of,
    measured,
    newest_failure,
    newest_value,
)
from shared.gates.scoring import Scored, score
from shared.gates.shares import as_shares
from shared.gates.tally import begun, fold, newer, standing
from shared.gates.weighed import Beside
from shared.gates.window import lacking, limit_shown, weigh
from shared.levers import SlotName
from shared.measured import Kept, Measurement, Phase, Tally, Usual
from shared.model import Doubt, Judgement, Sample, Verdict
from shared.probes import Answer, Reading, Unavailable

_SEVERITY = (
    Verdict.FAIL,
    Verdict.PROVIDER_ERROR,
    Verdict.NO_DATA,
    Verdict.INCONCLUSIVE,
    Verdict.PASS,
)
_SCORES = Scores()
_WORDS_MAX = 3


def combine(judgements: Iterable[Judgement], scores: Scores = _SCORES) -> Verdict:
    """The verdict of several gates together: the worst of them, `no_data` where there is none.

    The gates of a group count as one, by their score. What only advises is no evidence.
    """
    deciding = [judgement for judgement in judgements if not judgement.dry_run]
    verdicts = {judgement.verdict for judgement in deciding if not judgement.group}
    verdicts |= {scored.verdict for scored in grouped(deciding, scores).values()}
    return next((verdict for verdict in _SEVERITY if verdict in verdicts), Verdict.NO_DATA)


def grouped(judgements: Iterable[Judgement], scores: Scores = _SCORES) -> dict[str, Scored]:
    """Each group of gates with its score, in the order in which they come."""
    groups: dict[str, list[Judgement]] = {}
    for judgement in judgements:
        if judgement.group and not judgement.dry_run:
            groups.setdefault(judgement.group, []).append(judgement)
    return {
        name: score(
            scores,
            [(each.doubt or each.verdict, each.weight) for each in members],
            [place for place, each in enumerate(members) if each.critical],
        )
        for name, members in groups.items()
    }


def tallied(gate: str, slot: str) -> str:
    """Under which key a rollout remembers the tally of a gate on a slot."""
    return f"{gate} on {slot}"


def tallies_of(judgements: Iterable[Judgement]) -> dict[str, Tally]:
    """What the measurements came to, for a rollout to remember until the next look."""
    return {tallied(each.gate, each.slot): each.tally for each in judgements if each.tally is not None}


def mean(samples: Iterable[Sample]) -> float | None:
    """The mean of the samples that hold a finite number and no error, None where none does."""
    values = [
        each.value
        for each in samples
        if each.value is not None and math.isfinite(each.value) and not each.error
    ]
    return mean_of(values) if values else None


class Beyond(Struct, frozen=True):
    """What a rollout knows of a time that a gate's window does not reach.

    `usual` is what the weeks before were like, `kept` what the longer windows of an objective hold. `answer`
    is what the source said of that time, where this look has asked. `watched_seconds`: for so long the step
    watches users.
    """

    usual: Usual | None = None
    kept: Kept | None = None
    answer: Answer | None = None
    watched_seconds: float = 0.0


_NOTHING = Beyond()


def judge(
    gate: Gate,
    slot: SlotName,
    answer: Answer | None,
    at: datetime,
    baseline: float | None = None,
    live: Answer | None = None,
    tally: Tally | None = None,
    beyond: Beyond = _NOTHING,
) -> Judgement:
    """Judge one reading of `gate` on `slot`.

    `baseline` is the mean that was recorded on the live slot; it matters to `max_over_baseline` only.
    `live` is the live slot's reading of the same window, for gates that are judged beside it. `tally` is what
    was counted before, for gates that count. `beyond` is for anomalies and objectives.
    """
    baseline = known(baseline)
    if not isinstance(answer, Reading):
        because = f"its source gave no answer: {_why(answer)}"
        return _judgement(gate, slot, at, Verdict.PROVIDER_ERROR, because, tally=tally)
    if answer.failed:
        return _judgement(gate, slot, at, Verdict.FAIL, f"it failed{_said(answer)}", reading=answer)
    if counted(gate):
        return _count(gate, slot, answer, at, baseline, tally)
    limits = limits_of(gate, baseline)
    samples = as_shares(gate, answer.samples, limits)
    measurements = measured(samples, limits, answer.since, answer.until)
    lack = lacking(gate, measurements, samples)
    if lack is not None:
        verdict, because = lack
        # What was read of the time before is remembered, whatever came of this look.
        read = _held_against(gate, None, beyond)
        return _judgement(gate, slot, at, verdict, because + _said(answer), reading=answer, beside=read)
    beside = _beside(gate, baseline, live, beyond)
    weighed = weigh(gate, measurements, samples, beside, answer.until)
    return _judgement(
        gate,
        slot,
        at,
        weighed.verdict,
        weighed.because + _said(answer, _against(measurements, samples)),
        value=weighed.value,
        limit=weighed.limit,
        score=weighed.score,
        doubt=weighed.doubt,
        reading=answer,
        beside=_held_against(gate, live, beyond),
    )


def _count(
    gate: Gate, slot: SlotName, reading: Reading, at: datetime, baseline: float | None, tally: Tally | None
) -> Judgement:
    limits = limits_of(gate, baseline)
    if not limits.alone:
        because = "there is no baseline to compare with"
        return _judgement(gate, slot, at, Verdict.INCONCLUSIVE, because, reading=reading, tally=tally)
    tally = tally or begun(reading.since)
    # What is newer than the reading may still change, and counted now it would hide all that comes before it.
    samples = as_shares(gate, reading.samples, limits)
    due = [each for each in measured(samples, limits) if each.at <= reading.until]
    measurements = newer(tally, due)
    tally, _ = fold(gate, tally, measurements)
    stands = standing(gate, tally, reading.until)
    # What has not ended has no verdict: for whoever waits for one it is evidence that is not there yet.
    verdict = stands.verdict or Verdict.NO_DATA
    failed = newest_failure(measurements) if verdict is Verdict.FAIL else None
    value = newest_value(measurements) if failed is None else failed
    limit = limit_shown(limits)
    because = stands.because + failure_told(gate, limits, failed) + _multiple(gate, baseline)
    because += _said(reading, _against(measurements, samples))
    return _judgement(
        gate,
        slot,
        at,
        verdict,
        because,
        value=value,
        limit=limit,
        doubt=stands.doubt,
        reading=reading,
        tally=tally,
    )


def _beside(gate: Gate, baseline: float | None, live: Answer | None, beyond: Beyond) -> Beside:
    silent = isinstance(beyond.answer, Unavailable)
    beside = Beside(
        baseline=baseline,
        usual=beyond.usual,
        watch=Watch(gate.window_seconds, beyond.watched_seconds, beyond.kept),
        trouble=f"the live slot's source gave no answer: {_why(live)}",
        unread=f"its source gave no answer on the time before: {_why(beyond.answer)}" if silent else "",
    )
    if not isinstance(live, Reading):
        return beside
    found, odd = live_seen(gate, live.samples, live.since, live.until)
    return msgspec.structs.replace(beside, live=found, odd=odd)


def _multiple(gate: Gate, baseline: float | None) -> str:
    """What the limit of each measurement is a multiple of, for the sentence of a gate that counts them."""
    if gate.max_over_baseline is None or baseline is None:
        return ""
    limit, of = (shown(each, gate.unit) for each in (gate.max_over_baseline * baseline, baseline))
    return f"; the limit of {limit} is {exactly(gate.max_over_baseline)} times the baseline of {of}"


def _limit_told(gate: Gate, limit: float | None) -> float | None:
    """The limit that a record keeps: of a multiple without what it leaves to the last bits of a mean."""
    if limit is None:
        return gate.max_value
    relative = gate.max_over_baseline is not None or gate.max_over_live is not None
    return tidy(limit) if relative else limit


def _held_against(gate: Gate, live: Answer | None, beyond: Beyond) -> tuple[Sample, ...]:
    """The samples beside the gate's own. Thousands of a longer window are told by the hour."""
    if isinstance(live, Reading):
        return live.samples
    if not isinstance(beyond.answer, Reading):
        return ()
    return beyond.answer.samples if gate.slo is None else hourly(beyond.answer.samples)


def _against(measurements: Sequence[Measurement], samples: Iterable[Sample]) -> list[Sample]:
    """The samples that speak against the slot."""
    bad = {(each.at, each.value) for each in measurements if each.phase in (Phase.FAIL, Phase.INCONCLUSIVE)}
    return [each for each in samples if (each.at, each.value) in bad]


def _said(reading: Reading, breaching: Iterable[Sample] = ()) -> str:
    """What the source says of the samples that breach, and of all; its words come last in a sentence."""
    words = dict.fromkeys([*(each.because for each in breaching), reading.because])
    told = [word for word in words if word]
    return f": {'; '.join(told[:_WORDS_MAX])}" if told else ""


def _why(answer: Answer | None) -> str:
    return answer.because if isinstance(answer, Unavailable) else "it was not observed"


def _judgement(
    gate: Gate,
    slot: SlotName,
    at: datetime,
    verdict: Verdict,
    because: str,
    *,
    value: float | None = None,
    limit: float | None = None,
    score: float | None = None,
    reading: Reading | None = None,
    tally: Tally | None = None,
    beside: tuple[Sample, ...] = (),
    doubt: Doubt | None = None,
) -> Judgement:
    return Judgement(
        gate=gate.name,
        slot=slot,
        verdict=verdict,
        because=f"{gate.name} on {slot}: {because}",
        at=at,
        value=value,
        limit=_limit_told(gate, limit),
        limits=declared(gate),
        unit=gate.unit,
        source=reading.source if reading else gate.source.value,
        samples=reading.samples if reading else (),
        beside=beside,
        since=reading.since if reading else None,
        until=reading.until if reading else None,
        score=score,
        tally=tally,
        group=gate.group,
        weight=gate.weight,
        critical=gate.critical,
        dry_run=advises(gate),
        doubt=doubt,
    )
