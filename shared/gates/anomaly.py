"""Decides whether a signal is unusual for this hour of the week. Refuses to know what is good for it.

The baseline is robust: one bad week among the past ones moves neither the median nor the median deviation.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from msgspec import Struct
from msgspec.structs import replace

from shared.gate_rules import Anomaly, Direction
from shared.gates.figures import apart, beside, exactly, many, median, shown
from shared.gates.scoring import rank
from shared.measured import Usual
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


def hours(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """The whole hours around a span of time, in UTC: the start of the first, and the end of the last."""
    end = _hour(until)
    return _hour(since), end if end == until else end + _HOUR


def usual(rule: Anomaly, since: datetime, until: datetime, past: Sequence[Sample]) -> Usual:
    """What `past` says of the hours from `since` until `until` (see `hours`) in each of the weeks before.

    `past` may hold anything else too. What would be no sound number of the present is none of the past.
    """
    moments = [sample.at for sample in past]
    if sorted(moments) != moments:
        past = sorted(past, key=lambda sample: sample.at)
        moments = [sample.at for sample in past]
    weeks, known = 0, []
    for back in range(1, rule.weeks + 1):
        first = bisect_left(moments, since - back * _WEEK)
        found = _values(past[first : bisect_left(moments, until - back * _WEEK, first)])
        values = [each for each in found if each >= 0]
        weeks += bool(values)
        known += values
    if not known:
        return Usual(since, until)
    known.sort()
    middle = median(known)
    distances = sorted(abs(one - middle) for one in known)
    return Usual(
        since,
        until,
        weeks,
        len(known),
        middle,
        _finite(median(distances)),
        _finite(math.fsum(each / len(distances) for each in distances)),
        known[0],
        known[-1],
    )


def unusual(rule: Anomaly, samples: Sequence[Sample], known: Usual, unit: str = "") -> Unusual:
    """Hold the median of `samples` against what is usual in the same hours of the weeks before.

    An anomaly is `fail` whether or not the rule `decides`: who may act on it is the caller's business.

    The distance is measured by the median absolute deviation. Where that is 0, at least half of the past is
    one value, and the mean absolute deviation takes its place, as in IBM's modified z score (ibm.com/docs,
    Cognos Analytics, "Modified z score"). It is small for a signal that is rarely anything but 0, so that a
    value which the past has seen is `inconclusive` then. A past that never varied gives no measure at all:
    another value is an anomaly after `CONSTANT_MIN` equal ones, where chance would put it so far out less
    than once in twenty, and `inconclusive` before. There is no least tolerance: 1 % of an availability is an
    outage. The median of the present is held against single values of the past, so that one odd minute is no
    anomaly.

    Fewer than `weeks_min` weeks with values are `inconclusive`: having no past is no proof of being usual.
    No present value is `no_data`.

    Where either side is bad, what is odd on one is no evidence against an anomaly on the other: an outage
    does not make up for a flood. So it is done once more without those of each side, and the worst counts.
    """
    present = sorted(_values(samples))
    found = _held(rule, present, known, unit)
    if rule.direction is not Direction.EITHER or found.median is None:
        return found
    for kept in _sides(rule, present, known):
        without = _held(rule, kept, known, unit)
        if rank(without.verdict) < rank(found.verdict):
            far = many(len(present) - len(kept), "sample that is", "samples that are")
            found = replace(without, because=f"without {far} unusual on the other side, {without.because}")
    return found


def _sides(rule: Anomaly, present: list[float], known: Usual) -> Iterator[list[float]]:
    """The sorted values without those that are odd below, and without those above, where there are any."""
    low = takewhile(lambda each: each < known.median and odd_alone(rule, each, known), present)
    high = takewhile(lambda each: each > known.median and odd_alone(rule, each, known), reversed(present))
    below, above = len(list(low)), len(list(high))
    if below:
        yield present[below:]
    if above:
        yield present[:-above]


def _held(rule: Anomaly, present: Sequence[float], known: Usual, unit: str) -> Unusual:
    """Hold the median of sorted values against what is usual."""
    if not present:
        return Unusual(Verdict.NO_DATA, "there is no present value to judge")
    value = median(present)
    wanted = max(rule.weeks_min, 1)
    if known.weeks < wanted:
        weeks = many(wanted, "past week", "past weeks")
        has = "has" if known.weeks == 1 or wanted == 1 else "have"
        because = f"{known.weeks} of the {weeks} it needs {has} values for this hour"
        return Unusual(Verdict.INCONCLUSIVE, because, value)
    rough = known.deviation == 0
    scale = _MEAN_SCALE * known.mean_deviation if rough else _MEDIAN_SCALE * known.deviation
    # What only differs in the last bits of a sum never varied either.
    if not math.isfinite(scale) or math.isclose(known.median + scale, known.median):
        return _unvaried(rule, value, known, unit)
    seen = rough and known.lowest <= value <= known.highest
    return _measured(rule, value, known, scale, unit, seen=seen)


def odd_alone(rule: Anomaly, value: float, known: Usual) -> bool:
    """Whether a value would not pass by itself: one that would not is no evidence that others are usual."""
    return _held(rule, (value,), known, "").verdict is not Verdict.PASS


def _values(samples: Iterable[Sample]) -> list[float]:
    return [s.value for s in samples if not s.error and s.value is not None and math.isfinite(s.value)]


def _finite(number: float) -> float:
    return number if math.isfinite(number) else 0.0


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _against(direction: Direction, distance: float) -> bool:
    return (distance > 0 and direction is not Direction.DECREASE) or (
        distance < 0 and direction is not Direction.INCREASE
    )


def _told(value: float, known: Usual, unit: str, digits: int) -> str:
    now, middle = shown(value, unit, digits), shown(known.median, unit, digits)
    return f"{now} now; {middle} is usual at this hour in {many(known.weeks, 'week', 'weeks')}"


def _unvaried(rule: Anomaly, value: float, known: Usual, unit: str) -> Unusual:
    middle, count = known.median, known.count
    same = math.isclose(value, middle)
    read = middle if same else value
    usual = _told(read, known, unit, apart(read, middle))
    if same:
        return Unusual(Verdict.PASS, f"{usual}, as always", value, middle, None, middle)
    if not _against(rule.direction, value - middle):
        because = f"{usual}, and it differs on the side that does not count"
        return Unusual(Verdict.PASS, because, value, middle, None, middle)
    if count < CONSTANT_MIN:
        because = f"{usual}, but {count} equal values are too few to say that it never varies"
        return Unusual(Verdict.INCONCLUSIVE, because, value, middle, None, middle)
    because = f"{usual}, and in {count} values it was never anything else"
    return Unusual(Verdict.FAIL, because, value, middle, None, middle)


def _measured(rule: Anomaly, value: float, known: Usual, scale: float, unit: str, *, seen: bool) -> Unusual:
    middle = known.median
    deviations = (value - middle) / scale
    limit = middle + math.copysign(rule.deviations_max * scale, deviations)
    digits = apart(value, middle, limit)
    usual = _told(value, known, unit, digits)
    because = f"{usual}; {beside(abs(deviations), rule.deviations_max)} robust deviations away"
    bound = f"the limit of {exactly(rule.deviations_max)}, which is {shown(limit, unit, digits)}"
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
