"""Decides what a gate's samples mean. Refuses to know where they came from and what a verdict leads to.

Limits are the largest (or smallest) tolerated number: only a strictly greater (smaller) value breaches.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime

from shared.fleet import Gate
from shared.levers import SlotName
from shared.model import Judgement, Sample, Verdict
from shared.probes import Answer, Reading, Unavailable

_SEVERITY = (
    Verdict.FAIL,
    Verdict.PROVIDER_ERROR,
    Verdict.NO_DATA,
    Verdict.INCONCLUSIVE,
    Verdict.PASS,
)

_WORDS_MAX = 3


def combine(judgements: Iterable[Judgement]) -> Verdict:
    """The verdict of several gates together: the worst of them, `no_data` where there is none."""
    verdicts = {judgement.verdict for judgement in judgements}
    return next((verdict for verdict in _SEVERITY if verdict in verdicts), Verdict.NO_DATA)


def mean(samples: Iterable[Sample]) -> float | None:
    """The mean of the samples that hold a finite number, None where none does."""
    values = _finite(samples)
    return math.fsum(values) / len(values) if values else None


def judge(
    gate: Gate, slot: SlotName, answer: Answer | None, at: datetime, baseline: float | None = None
) -> Judgement:
    """Judge one reading of `gate` on `slot`.

    `baseline` is the mean that was recorded on the live slot; it matters to `max_over_baseline` only.
    """
    if not isinstance(answer, Reading):
        because = answer.because if isinstance(answer, Unavailable) else "it was not observed"
        return _judgement(gate, slot, at, Verdict.PROVIDER_ERROR, f"its source gave no answer: {because}")
    if answer.failed:
        return _judgement(gate, slot, at, Verdict.FAIL, f"it failed{_said(answer)}", reading=answer)
    values = _finite(answer.samples)
    if len(values) < gate.min_samples:
        because = f"{len(values)} of the {gate.min_samples} samples it needs are there{_said(answer)}"
        return _judgement(gate, slot, at, Verdict.NO_DATA, because, reading=answer)
    return _weigh(gate, slot, at, answer, values, baseline)


def _weigh(
    gate: Gate, slot: SlotName, at: datetime, reading: Reading, values: list[float], baseline: float | None
) -> Judgement:
    if gate.max_over_baseline is not None:
        return _against_baseline(gate, slot, at, reading, values, baseline)
    worst, limit = _worst(gate, values)
    breaches = sum(_breaches(gate, value) for value in values)
    if breaches == 0:
        verdict, word = Verdict.PASS, "within"
    elif breaches <= gate.breaches_max:
        verdict, word = Verdict.INCONCLUSIVE, "beyond"
    else:
        verdict, word = Verdict.FAIL, "beyond"
    because = f"{_show(worst)}{gate.unit} is {word} the limit of {_show(limit)}{gate.unit}"
    if breaches:
        because += f" in {breaches} of {len(values)} samples"
    because += _said(reading, [each for each in reading.samples if _breaches(gate, each.value)])
    return _judgement(gate, slot, at, verdict, because, value=worst, limit=limit, reading=reading)


def _against_baseline(
    gate: Gate, slot: SlotName, at: datetime, reading: Reading, values: list[float], baseline: float | None
) -> Judgement:
    value = math.fsum(values) / len(values)
    if baseline is None:
        because = "no baseline was recorded to compare with"
        return _judgement(gate, slot, at, Verdict.INCONCLUSIVE, because, value=value, reading=reading)
    limit = (gate.max_over_baseline or 0.0) * baseline
    verdict, word = (Verdict.FAIL, "beyond") if value > limit else (Verdict.PASS, "within")
    because = (
        f"a mean of {_show(value)}{gate.unit} is {word} {_show(gate.max_over_baseline or 0.0)} times "
        f"the baseline of {_show(baseline)}{gate.unit}"
    )
    return _judgement(gate, slot, at, verdict, because, value=value, limit=limit, reading=reading)


def _worst(gate: Gate, values: list[float]) -> tuple[float, float]:
    if gate.max_value is not None and (gate.min_value is None or max(values) > gate.max_value):
        return max(values), gate.max_value
    return min(values), gate.min_value if gate.min_value is not None else math.inf


def _said(reading: Reading, breaching: Iterable[Sample] = ()) -> str:
    """What the source says of the samples that breach, and of all; its words come last in a sentence."""
    words = dict.fromkeys([*(each.because for each in breaching), reading.because])
    told = [word for word in words if word]
    return f": {'; '.join(told[:_WORDS_MAX])}" if told else ""


def _breaches(gate: Gate, value: float | None) -> bool:
    if value is None or not math.isfinite(value):
        return False
    above = gate.max_value is not None and value > gate.max_value
    below = gate.min_value is not None and value < gate.min_value
    return above or below


def _finite(samples: Iterable[Sample]) -> list[float]:
    return [s.value for s in samples if s.value is not None and math.isfinite(s.value)]


def _show(number: float) -> str:
    return f"{number:.4g}"


def _judgement(
    gate: Gate,
    slot: SlotName,
    at: datetime,
    verdict: Verdict,
    because: str,
    *,
    value: float | None = None,
    limit: float | None = None,
    reading: Reading | None = None,
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
    )
