"""Decides what a window comes to beside the live slot's of the same time. Refuses to know who asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shared.fleet import Gate
from shared.gate_rules import Comparison
from shared.gates.figures import exactly, mean, missing, multiple, shown, telling
from shared.gates.instants import compared
from shared.gates.measuring import SOUND, error_in, limits_of, measured, numbers, told_once
from shared.gates.weighed import Beside, Weighed
from shared.measured import Measurement
from shared.model import Sample, Verdict


def live_seen(
    gate: Gate, samples: Sequence[Sample], since: datetime, until: datetime
) -> tuple[list[float], str]:
    """The live slot's sound numbers of a window, and an error among its samples, held against no limit."""
    found = measured(samples, limits_of(gate), since, until)
    return numbers(gate, found), error_in(found)


def short_of_live(gate: Gate, there: int, odd: str) -> tuple[Verdict, str]:
    """The verdict where too few samples of the live slot are there, and which are missing."""
    because = missing(there, gate.min_samples, "sample", "samples", " of the live slot")
    return (Verdict.PROVIDER_ERROR, f"{because}: {odd}") if odd else (Verdict.NO_DATA, because)


def compared_with_live(
    gate: Gate, rule: Comparison, measurements: Sequence[Measurement], beside: Beside
) -> Weighed:
    """A comparison with live's numbers of the same window."""
    if beside.live is None:
        return Weighed(Verdict.PROVIDER_ERROR, beside.trouble)
    found = compared(gate, rule, measurements, beside.live)
    verdict, because = found.verdict, found.because
    odd = _odd_of_short(gate, rule, measurements, beside)
    if verdict is Verdict.NO_DATA and odd:
        verdict, because = Verdict.PROVIDER_ERROR, f"{because}: {odd}"
    return Weighed(verdict, because, found.effect, rule.effect_max, found.score)


def _odd_of_short(gate: Gate, rule: Comparison, measurements: Sequence[Measurement], beside: Beside) -> str:
    """What error is among the samples of a side that has too few."""
    ours = told_once(gate, (each for each in measurements if each.phase in SOUND))
    odd = error_in(measurements) if ours < rule.samples_min else ""
    return odd or (beside.odd if len(beside.live or ()) < rule.samples_min else "")


def against_live(gate: Gate, values: list[float], beside: Beside) -> Weighed:
    """A mean against a multiple of live's over the same window."""
    value = mean(values)
    if beside.live is None:
        return Weighed(Verdict.PROVIDER_ERROR, beside.trouble, value)
    if len(beside.live) < gate.min_samples:
        return Weighed(*short_of_live(gate, len(beside.live), beside.odd), value)
    live = mean(beside.live)
    limit = multiple(gate.max_over_live or 0.0, live)
    if value <= limit:
        verdict, word = Verdict.PASS, "within"
    elif live <= 0:
        because = (
            f"a mean of {shown(value, gate.unit)} is a multiple of nothing: live has {shown(live, gate.unit)}"
        )
        return Weighed(Verdict.INCONCLUSIVE, because, value, limit)
    else:
        verdict, word = Verdict.FAIL, "beyond"
    because = told_multiple(gate, value, gate.max_over_live, ("live's ", live), word)
    return Weighed(verdict, because, value, limit)


def told_multiple(gate: Gate, value: float, factor: float | None, of: tuple[str, float], word: str) -> str:
    """The sentence on a mean and a multiple, with as many digits as it takes to be true."""
    factor, (name, base) = factor or 0.0, of
    is_beyond = word == "beyond"
    digits = telling(lambda read, other: (read > multiple(factor, other)) is is_beyond, value, base)
    return (
        f"a mean of {shown(value, gate.unit, digits)} is {word} {exactly(factor)} times "
        f"{name}{shown(base, gate.unit, digits)}"
    )
