"""Decides whether a signal is unusual for this hour of the week. Refuses to know what is good for it.

The baseline is robust: one bad week among the past ones moves neither the median nor the median deviation.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from shared.gate_rules import Anomaly, Direction
from shared.gates.figures import mean, median, shown
from shared.model import Sample, Verdict

CONSTANT_MIN = 20
"""So many equal values of the past are needed before another value alone is an anomaly."""

# Both make the measure equal to the standard deviation where values are normal.
_MEDIAN_SCALE, _MEAN_SCALE = 1.4826, 1.2533
_HOUR, _WEEK = timedelta(hours=1), timedelta(weeks=1)


class Unusual(Struct, frozen=True):
    """The verdict with its sentence.

    `value` is the median of the present samples, `median` that of the past. `deviations` is their distance in
    robust deviations, above 0 where it is higher; None where the past never varied. `limit` is the value
    beyond which it is anomalous on that side.
    """

    verdict: Verdict
    because: str
    value: float | None = None
    median: float | None = None
    deviations: float | None = None
    limit: float | None = None


def unusual(rule: Anomaly, samples: Sequence[Sample], past: Sequence[Sample], unit: str = "") -> Unusual:
    """Hold the median of `samples` against those of `past` from the same hours of the week, in UTC.

    Weeks are counted back from each present hour; `past` may hold anything else too. An anomaly is `fail`
    whether or not the rule `decides`: who may act on it is the caller's business.

    The distance is measured by the median absolute deviation. Where that is 0, at least half of the past is
    one value, and the mean absolute deviation takes its place, as in IBM's modified z score (ibm.com/docs,
    Cognos Analytics, "Modified z score"). It is small for a signal that is rarely anything but 0, so that a
    value which the past has seen is `inconclusive` then. A past that never varied gives no measure at all:
    another value is an anomaly after `CONSTANT_MIN` equal ones, where chance would put it so far out less
    than once in twenty, and `inconclusive` before. There is no least tolerance: 1 % of an availability is an
    outage. The median of the present is held against single values of the past, so that one odd minute is no
    anomaly.

    Fewer than `weeks_min` weeks with values are `inconclusive`: having no past is no proof of being usual.
    No present value is `no_data`. Values that are None, NaN or infinite are no values.
    """
    present = sorted(_values(samples))
    if not present:
        return Unusual(Verdict.NO_DATA, "there is no present value to judge")
    value = median(present)
    weeks, known = _same_hours(rule, samples, past)
    if weeks < max(rule.weeks_min, 1):
        because = f"{weeks} of the {max(rule.weeks_min, 1)} past weeks it needs have values for this hour"
        return Unusual(Verdict.INCONCLUSIVE, because, value)
    known.sort()
    middle = median(known)
    distances = [abs(one - middle) for one in known]
    scale = _MEDIAN_SCALE * median(sorted(distances))
    rough = scale == 0
    if rough:
        scale = _MEAN_SCALE * mean(distances)
    usual = f"{shown(value, unit)} now; {shown(middle, unit)} is usual at this hour in {weeks} weeks"
    if scale == 0 or not math.isfinite(scale):
        return _unvaried(rule, value, middle, len(known), usual)
    return _measured(rule, value, middle, scale, usual, seen=rough and known[0] <= value <= known[-1])


def _values(samples: Iterable[Sample]) -> list[float]:
    return [s.value for s in samples if s.value is not None and math.isfinite(s.value)]


def _same_hours(rule: Anomaly, samples: Sequence[Sample], past: Sequence[Sample]) -> tuple[int, list[float]]:
    """How many weeks of the past have values for the hours of the samples, and those values."""
    moments = [sample.at for sample in past]
    if sorted(moments) != moments:
        past = sorted(past, key=lambda sample: sample.at)
        moments = [sample.at for sample in past]
    hours = {_hour(s.at) for s in samples if s.value is not None and math.isfinite(s.value)}
    weeks: set[int] = set()
    known: list[float] = []
    for hour in hours:
        for back in range(1, rule.weeks + 1):
            since = hour - back * _WEEK
            first = bisect_left(moments, since)
            values = _values(past[first : bisect_left(moments, since + _HOUR, first)])
            known += values
            if values:
                weeks.add(back)
    return len(weeks), known


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _against(direction: Direction, distance: float) -> bool:
    return (distance > 0 and direction is not Direction.DECREASE) or (
        distance < 0 and direction is not Direction.INCREASE
    )


def _unvaried(rule: Anomaly, value: float, middle: float, count: int, usual: str) -> Unusual:
    if math.isclose(value, middle) or not _against(rule.direction, value - middle):
        because = f"{usual}, as always"
        return Unusual(Verdict.PASS, because, value, middle, None, middle)
    if count < CONSTANT_MIN:
        because = f"{usual}, but {count} equal values are too few to say that it never varies"
        return Unusual(Verdict.INCONCLUSIVE, because, value, middle, None, middle)
    because = f"{usual}, and in {count} values it was never anything else"
    return Unusual(Verdict.FAIL, because, value, middle, None, middle)


def _measured(rule: Anomaly, value: float, middle: float, scale: float, usual: str, *, seen: bool) -> Unusual:
    deviations = (value - middle) / scale
    limit = middle + math.copysign(rule.deviations_max * scale, deviations)
    because = f"{usual}; {shown(abs(deviations))} robust deviations away"
    bound = f"the limit of {shown(rule.deviations_max)}"
    if abs(deviations) <= rule.deviations_max:
        verdict, because = Verdict.PASS, f"{because}, within {bound}"
    elif not _against(rule.direction, deviations):
        verdict, because = Verdict.PASS, f"{because}, on the side that does not count"
    elif seen:
        verdict, because = (
            Verdict.INCONCLUSIVE,
            f"{because}, beyond {bound}, but the past has seen such values",
        )
    else:
        verdict, because = Verdict.FAIL, f"{because}, beyond {bound}"
    return Unusual(verdict, because, value, middle, deviations, limit)
