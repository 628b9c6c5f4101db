"""Decides what a gate's reading means, and several gates together. Refuses to know what a verdict leads to.

What one sample is worth is in `measuring`; a window of them in `window`; a count of them in `tally`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime

from shared.fleet import Gate
from shared.gate_rules import Scores
from shared.gates.measuring import advises, counted, limits_of, measured, numbers
from shared.gates.scoring import Scored, score
from shared.gates.tally import begun, fold, newer, standing
from shared.gates.window import Beside, lacking, limit_shown, weigh
from shared.levers import SlotName
from shared.measured import Measurement, Phase, Tally
from shared.model import Judgement, Sample, Verdict
from shared.probes import Answer, Reading, Unavailable

_SEVERITY = (
    Verdict.FAIL,
    Verdict.PROVIDER_ERROR,
    Verdict.NO_DATA,
    Verdict.INCONCLUSIVE,
    Verdict.PASS,
)
_RANKS = {Verdict.FAIL: 0, Verdict.PASS: 2}
_SCORES = Scores()
_WORDS_MAX = 3


def rank(verdict: Verdict) -> int:
    """How good a verdict is: 0 a failure, 2 a pass, 1 all that decides nothing.

    A bad sample more never lifts it. What has no verdict yet has no rank either.
    """
    return _RANKS.get(verdict, 1)


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
            [(each.verdict, each.weight) for each in members],
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
    """The mean of the samples that hold a finite number, None where none does."""
    values = [each.value for each in samples if each.value is not None and math.isfinite(each.value)]
    return math.fsum(values) / len(values) if values else None


def judge(
    gate: Gate,
    slot: SlotName,
    answer: Answer | None,
    at: datetime,
    baseline: float | None = None,
    live: Answer | None = None,
    tally: Tally | None = None,
) -> Judgement:
    """Judge one reading of `gate` on `slot`.

    `baseline` is the mean that was recorded on the live slot; it matters to `max_over_baseline` only.
    `live` is the live slot's reading of the same window, for gates that are judged beside it. `tally` is what
    was counted before, for gates that count.
    """
    if not isinstance(answer, Reading):
        because = f"its source gave no answer: {_why(answer)}"
        return _judgement(gate, slot, at, Verdict.PROVIDER_ERROR, because, tally=tally)
    if answer.failed:
        return _judgement(gate, slot, at, Verdict.FAIL, f"it failed{_said(answer)}", reading=answer)
    if counted(gate):
        return _count(gate, slot, answer, at, baseline, tally)
    limits = limits_of(gate, baseline)
    measurements = measured(answer.samples, limits, answer.since, answer.until)
    lack = lacking(gate, measurements, answer.samples)
    if lack is not None:
        verdict, because = lack
        return _judgement(gate, slot, at, verdict, because + _said(answer), reading=answer)
    weighed = weigh(gate, measurements, answer.samples, _beside(gate, baseline, live), answer.until)
    return _judgement(
        gate,
        slot,
        at,
        weighed.verdict,
        weighed.because + _said(answer, _against(measurements, answer.samples)),
        value=weighed.value,
        limit=weighed.limit,
        score=weighed.score,
        reading=answer,
    )


def _count(
    gate: Gate, slot: SlotName, reading: Reading, at: datetime, baseline: float | None, tally: Tally | None
) -> Judgement:
    limits = limits_of(gate, baseline)
    if not limits.alone:
        because = "no baseline was recorded to compare with"
        return _judgement(gate, slot, at, Verdict.INCONCLUSIVE, because, reading=reading, tally=tally)
    tally = tally or begun(reading.since)
    measurements = newer(tally, measured(reading.samples, limits, None, reading.until))
    tally, _ = fold(gate, tally, measurements)
    stands = standing(gate, tally, reading.until)
    value = next((each.value for each in reversed(measurements) if each.value is not None), None)
    # What has not ended has no verdict: for whoever waits for one it is evidence that is not there yet.
    verdict = stands.verdict or Verdict.NO_DATA
    limit = limit_shown(limits)
    because = stands.because + _said(reading, _against(measurements, reading.samples))
    return _judgement(
        gate, slot, at, verdict, because, value=value, limit=limit, reading=reading, tally=tally
    )


def _beside(gate: Gate, baseline: float | None, live: Answer | None) -> Beside:
    if not isinstance(live, Reading):
        return Beside(baseline=baseline, trouble=f"the live slot's source gave no answer: {_why(live)}")
    return Beside(baseline=baseline, live=live_numbers(gate, live.samples, live.since, live.until))


def live_numbers(gate: Gate, samples: Sequence[Sample], since: datetime, until: datetime) -> list[float]:
    """The live slot's sound numbers of a window; it has no limits of its own."""
    return numbers(measured(samples, limits_of(gate), since, until))


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
) -> Judgement:
    return Judgement(
        gate=gate.name,
        slot=slot,
        verdict=verdict,
        because=f"{gate.name} on {slot}: {because}",
        at=at,
        value=value,
        limit=limit if limit is not None else gate.max_value,
        unit=gate.unit,
        source=reading.source if reading else gate.source.value,
        samples=reading.samples if reading else (),
        since=reading.since if reading else None,
        until=reading.until if reading else None,
        score=score,
        tally=tally,
        group=gate.group,
        weight=gate.weight,
        critical=gate.critical,
        dry_run=advises(gate),
    )
