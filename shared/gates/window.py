"""Decides what the numbers of one window mean together, by the one rule that a gate has for it.

Limits are the largest (or smallest) tolerated number: only a strictly greater (smaller) value breaches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from shared.fleet import Gate
from shared.gate_rules import Anomaly, Objective
from shared.gates.against_live import against_live, compared_with_live, told_multiple
from shared.gates.anomaly import odd_alone, unusual
from shared.gates.burn_windows import NOT_ALL
from shared.gates.burning import burn
from shared.gates.figures import beside as near
from shared.gates.figures import exactly, many, mean, missing, multiple
from shared.gates.measuring import SOUND, Limits, error_in, numbers, told_once
from shared.gates.statistics import fence
from shared.gates.weighed import Beside, Speaks, Weighed
from shared.measured import Measurement, Phase
from shared.model import Doubt, Sample, Verdict


def lacking(
    gate: Gate, measurements: Sequence[Measurement], samples: Sequence[Sample]
) -> tuple[Verdict, str] | None:
    """The verdict on a window without enough evidence, and what it lacks; None where there is enough."""
    short = shortage(gate, measurements)
    if short is not None and error_in(measurements):
        return Verdict.PROVIDER_ERROR, short
    short = short or requests_short(gate, measurements, samples)
    return None if short is None else (Verdict.NO_DATA, short)


def shortage(gate: Gate, measurements: Sequence[Measurement]) -> str | None:
    """What of the evidence that a verdict needs is missing, None where nothing is."""
    there = told_once(gate, (each for each in measurements if each.phase in SOUND))
    if there >= gate.min_samples:
        return None
    because = missing(there, gate.min_samples, "sample", "samples")
    odd = error_in(measurements)
    return f"{because}: {odd}" if odd else because


def requests_short(gate: Gate, measurements: Sequence[Measurement], samples: Sequence[Sample]) -> str | None:
    """Why there are too few requests for a verdict, None where there are enough or none are asked for."""
    if not gate.requests_min:
        return None
    known = (each.requests for each in sound(measurements, samples) if each.requests is not None)
    there = sum(each for each in known if math.isfinite(each) and each > 0)
    if there >= gate.requests_min:
        return None
    behind = near(there, gate.requests_min)
    needed = many(gate.requests_min, "request it needs is", "requests it needs are")
    return f"{behind} of the {needed} behind the samples"


def weigh(
    gate: Gate,
    measurements: Sequence[Measurement],
    samples: Sequence[Sample],
    beside: Beside,
    until: datetime,
) -> Weighed:
    """Judge a window that has enough samples."""
    weighed, speaks = _by_its_rule(gate, measurements, samples, beside, until)
    if speaks is None:
        return replace(weighed, within=measurements)
    empty = of_none(gate, samples)
    within = [
        each
        for each in measurements
        if (each.at, each.value) not in empty and (each.value is None or speaks(each.value))
    ]
    return _by_itself(gate, replace(weighed, within=within), measurements, samples)


def _by_its_rule(
    gate: Gate,
    measurements: Sequence[Measurement],
    samples: Sequence[Sample],
    beside: Beside,
    until: datetime,
) -> tuple[Weighed, Speaks | None]:
    """What the numbers come to as a whole, and which of them speak for a pass by themselves; None: all do."""
    if gate.max_over_baseline is not None:
        weighed = _against_baseline(gate, numbers(gate, measurements), beside.baseline)
        return weighed, _up_to(weighed.limit)
    if gate.max_over_live is not None:
        weighed = against_live(gate, numbers(gate, measurements), beside)
        return weighed, _up_to(weighed.limit)
    if gate.compare is not None:
        weighed = compared_with_live(gate, gate.compare, measurements, beside)
        return weighed, fence(gate.compare, beside.live or ()).holds
    if gate.slo is not None:
        return _burnt(gate.slo, sound(measurements, samples), beside, until), _up_to(NOT_ALL)
    if gate.anomaly is not None:
        return _unusual(gate, gate.anomaly, sound(measurements, samples), beside)
    return _fixed(gate, measurements), None


def _up_to(worst: float | None) -> Speaks | None:
    return None if worst is None else lambda value: value <= worst


def _burnt(rule: Objective, samples: Sequence[Sample], beside: Beside, until: datetime) -> Weighed:
    burnt = burn(rule, samples, until, beside.watch)
    # What is not known of a longer window is not known because nobody answered.
    unanswered = beside.unread and burnt.verdict is Verdict.NO_DATA
    verdict = Verdict.PROVIDER_ERROR if unanswered else burnt.verdict
    because = f"{burnt.because}: {beside.unread}" if unanswered else burnt.because
    return Weighed(verdict, because, burnt.rate, burnt.limit)


def _unusual(
    gate: Gate, rule: Anomaly, samples: Sequence[Sample], beside: Beside
) -> tuple[Weighed, Speaks | None]:
    known = beside.usual
    if known is None:
        verdict = Verdict.PROVIDER_ERROR if beside.unread else Verdict.INCONCLUSIVE
        because = beside.unread or "nobody can say what was usual in the weeks before"
        return Weighed(verdict, because), None
    far = unusual(rule, samples, known, gate.unit)
    weighed = Weighed(far.verdict, far.because, far.value, far.limit)
    return weighed, lambda value: not odd_alone(rule, value, known)


def of_none(gate: Gate, samples: Sequence[Sample]) -> frozenset[tuple[datetime, float | None]]:
    """Samples of an objective that speak of no event: nothing could have gone well then."""
    if gate.slo is None:
        return frozenset()
    told = {(each.at, each.value) for each in samples if each.requests != 0 and not each.error}
    return frozenset((each.at, each.value) for each in samples if each.requests == 0) - told


def sound(measurements: Sequence[Measurement], samples: Sequence[Sample]) -> list[Sample]:
    """The samples that are sound numbers."""
    known = {(each.at, each.value) for each in measurements if each.phase in SOUND}
    return [each for each in samples if not each.error and (each.at, each.value) in known]


def _fixed(gate: Gate, measurements: Sequence[Measurement]) -> Weighed:
    good = [each for each in measurements if each.phase in SOUND]
    values = [each.value for each in good if each.value is not None]
    breaches = told_once(gate, (each for each in good if each.phase is Phase.FAIL))
    unclear = told_once(gate, (each for each in good if each.phase is Phase.INCONCLUSIVE))
    there = told_once(gate, good)
    if breaches == 0 and unclear:
        return _between(gate, values, f"{unclear} of {there} samples")
    worst, limit = _worst(gate if breaches else _strict(gate), values)
    if breaches == 0:
        verdict, word = Verdict.PASS, "within"
    elif breaches <= gate.breaches_max:
        verdict, word = Verdict.INCONCLUSIVE, "beyond"
    else:
        verdict, word = Verdict.FAIL, "beyond"
    which = "lower limit" if _is_lower(gate, limit) else "limit"
    because = f"{near(worst, limit, gate.unit)} is {word} the {which} of {exactly(limit, gate.unit)}"
    if breaches:
        because += f" in {breaches} of {there} samples"
    if 0 < breaches <= gate.breaches_max:
        because += f", {many(gate.breaches_max, 'is', 'are')} tolerated"
    doubt = Doubt.AT_MOST_WARNING if verdict is Verdict.INCONCLUSIVE else None
    return Weighed(verdict, because, worst, limit, doubt=doubt)


def _is_lower(gate: Gate, limit: float) -> bool:
    """Whether a limit is one from below."""
    return limit in (gate.min_value, gate.pass_min) and limit not in (gate.max_value, gate.pass_max)


def _between(gate: Gate, values: list[float], which: str) -> Weighed:
    high = gate.pass_max is not None and max(values) > gate.pass_max
    worst, limit = (max(values), gate.pass_max) if high else (min(values), gate.pass_min)
    reached = "up" if high else "down"
    because = (
        f"{near(worst, limit or 0.0, gate.unit)} is beyond {exactly(limit or 0.0, gate.unit)}, {reached} to "
        f"which it passes, in {which}, and not so far that it fails"
    )
    return Weighed(Verdict.INCONCLUSIVE, because, worst, limit, doubt=Doubt.WARNING)


def _strict(gate: Gate) -> Gate:
    """The gate with the limits that a pass has to be within."""
    high = gate.max_value if gate.pass_max is None else gate.pass_max
    low = gate.min_value if gate.pass_min is None else gate.pass_min
    return replace(gate, max_value=high, min_value=low)


def _worst(gate: Gate, values: list[float]) -> tuple[float, float]:
    if gate.max_value is not None and (gate.min_value is None or max(values) > gate.max_value):
        return max(values), gate.max_value
    return min(values), gate.min_value if gate.min_value is not None else math.inf


def _against_baseline(gate: Gate, values: list[float], baseline: float | None) -> Weighed:
    value = mean(values)
    if baseline is None:
        return Weighed(Verdict.INCONCLUSIVE, "there is no baseline to compare with", value)
    limit = multiple(gate.max_over_baseline or 0.0, baseline)
    verdict, word = (Verdict.FAIL, "beyond") if value > limit else (Verdict.PASS, "within")
    because = told_multiple(gate, value, gate.max_over_baseline, ("the baseline of ", baseline), word)
    return Weighed(verdict, because, value, limit)


def _by_itself(
    gate: Gate, weighed: Weighed, measurements: Sequence[Measurement], samples: Sequence[Sample]
) -> Weighed:
    """What is well as a whole passes on the measurements that are `within` alone."""
    if weighed.verdict is not Verdict.PASS:
        return weighed
    lack = lacking(gate, weighed.within, samples) if len(weighed.within) < len(measurements) else None
    if lack is None:
        return weighed
    because = f"{weighed.because}; without the samples that are worse {lack[1]}"
    return replace(weighed, verdict=lack[0], because=because)


def limit_shown(limits: Limits) -> float | None:
    """The one limit to show beside a measurement, the upper where there are two."""
    for limit in (limits.high, limits.low, limits.pass_high, limits.pass_low):
        if math.isfinite(limit):
            return limit
    return None
