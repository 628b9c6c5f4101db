"""Decides what each sample of a gate is worth: its phase, and what is odd about it.

No oddity is a pass. What a number means beside others, in a window or in a tally, is not known here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from shared.fleet import Gate, Source
from shared.gate_rules import Direction
from shared.gates.figures import beside, exactly, many, multiple, shown
from shared.measured import Measurement, Phase
from shared.model import Sample


class Limits(NamedTuple):
    """What one number is held against. Beyond `high` or `low` it fails, beyond `pass_high` or `pass_low`
    it does not pass. `signed`: it may be negative. `alone`: it is judged by itself. `of_none` are
    the phases that it has although no events are behind it. `falls`: the lowest is what is worst.
    """

    high: float
    low: float
    pass_high: float
    pass_low: float
    signed: bool
    alone: bool
    requests_min: int
    of_none: frozenset[Phase]
    falls: bool


def counted(gate: Gate) -> bool:
    """Whether its measurements are counted one by one, and not judged as a window."""
    return (gate.schedule is not None or gate.tolerance is not None) and not together(gate)


def together(gate: Gate) -> bool:
    """Whether its numbers only mean something together, or beside others."""
    rules = (gate.max_over_live, gate.compare, gate.slo, gate.anomaly)
    return any(rule is not None for rule in rules)


def advises(gate: Gate) -> bool:
    """Whether it is recorded and decides nothing."""
    return gate.dry_run or (gate.anomaly is not None and not gate.anomaly.decides)


def beside_live(gate: Gate) -> bool:
    """Whether it can only be judged beside the live slot's samples of the same window."""
    return gate.max_over_live is not None or gate.compare is not None


def limits_of(gate: Gate, multiple_of: float | None = None) -> Limits:
    """The limits of one number. `multiple_of` is what a relative limit is a multiple of, None if unknown."""
    multiple_of = known(multiple_of)
    high = math.inf if gate.max_value is None else gate.max_value
    factor = gate.max_over_baseline if gate.max_over_live is None else gate.max_over_live
    if factor is not None and multiple_of is not None:
        high = multiple(factor, multiple_of)
    low = -math.inf if gate.min_value is None else gate.min_value
    fixed = (gate.max_value, gate.min_value, gate.pass_max, gate.pass_min)
    apart = gate.compare is not None or gate.slo is not None or gate.anomaly is not None
    return Limits(
        high=high,
        low=low,
        pass_high=math.inf if gate.pass_max is None else gate.pass_max,
        pass_low=-math.inf if gate.pass_min is None else gate.pass_min,
        signed=any(each is not None and each < 0 for each in fixed),
        alone=not apart and (factor is None or multiple_of is not None),
        requests_min=gate.requests_min if counted(gate) else 0,
        of_none=_of_none(gate),
        falls=direction_of(gate) is Direction.DECREASE,
    )


def direction_of(gate: Gate) -> Direction:
    """To which side numbers are bad that only mean something beside others."""
    rule = gate.compare or gate.anomaly
    return Direction.INCREASE if rule is None else rule.direction


def _of_none(gate: Gate) -> frozenset[Phase]:
    """An objective weighs by events itself, and to an anomaly it may be what is unusual that there are none.

    Otherwise nothing is well of which nothing happened; that it is too few is a fixed limit's to say.
    """
    if gate.slo is not None or gate.anomaly is not None:
        return frozenset(Phase)
    return AGAINST if gate.max_over_baseline is None else frozenset()


def known(baseline: float | None) -> float | None:
    """A baseline that a multiple can be taken of: NaN and infinities would let anything pass."""
    return baseline if baseline is not None and 0 <= baseline < math.inf else None


_FIXED = ("max_value", "min_value", "pass_max", "pass_min", "max_over_baseline", "max_over_live")
_WORDS = ("max", "min", *_FIXED[2:])


def declared(gate: Gate) -> dict[str, float]:
    """Every limit that a gate declares, and how much evidence it wants, in the words of the fleet file."""
    known: tuple[float | None, ...] = tuple(getattr(gate, field) for field in _FIXED)
    told = {word: limit for word, limit in zip(_WORDS, known, strict=True) if limit is not None}
    told["min_samples"] = gate.min_samples
    if gate.breaches_max:
        told["breaches_max"] = gate.breaches_max
    if gate.requests_min:
        told["min_requests"] = gate.requests_min
    if gate.compare is not None:
        told["effect_max"] = gate.compare.effect_max
    if gate.slo is not None:
        told["objective"] = gate.slo.objective
    if gate.anomaly is not None:
        told["deviations_max"] = gate.anomaly.deviations_max
    if gate.schedule is not None or gate.tolerance is not None:
        told |= _counting(gate)
    return told


def _counting(gate: Gate) -> dict[str, float]:
    schedule, allowed = gate.schedule, gate.tolerance
    told: dict[str, float | None] = {}
    if schedule is not None:
        told = {
            "count": schedule.count or None,
            "consecutive_passes": schedule.consecutive_passes or None,
        }
    if allowed is not None:
        told |= {
            "failures": allowed.failures_max,
            "of": allowed.of or None,
            "consecutive_failures": allowed.consecutive_failures_max,
            "inconclusives": allowed.inconclusives_max,
            "consecutive_inconclusives": allowed.consecutive_inconclusives_max,
            "errors": allowed.errors_max,
            "consecutive_errors": allowed.consecutive_errors_max,
        }
    return {word: limit for word, limit in told.items() if limit is not None}


def measured(
    samples: Iterable[Sample], limits: Limits, since: datetime | None = None, until: datetime | None = None
) -> list[Measurement]:
    """Every sample as a measurement, by time. `samples` are in the order in which they came.

    What lies outside of `since` and `until`, both included, is no evidence. A sample that is older than one
    before it is no evidence for a pass, and still counts against it.
    """
    found = [_measurement(sample, limits) for sample in samples]
    moments = [each.at for each in found]
    ordered = sorted(moments)
    if ordered != moments:
        late = _late(found, -1 if limits.falls else 1)
        found = [_gone_back(each, late.get(place)) for place, each in enumerate(found)]
        found.sort(key=lambda each: each.at)
    within = (since is None or ordered[:1] >= [since]) and (until is None or ordered[-1:] <= [until])
    return found if within else [_within(each, since, until) for each in found]


def phase_of(sample: Sample, limits: Limits) -> Phase:
    """What one sample is worth, whenever it came."""
    return _measurement(sample, limits).phase


def _gone_back(measurement: Measurement, newest: datetime | None) -> Measurement:
    if newest is None or measurement.phase in AGAINST:
        return measurement
    because = f"time went backwards: the sample before it is of {newest:%H:%M:%S}"
    return Measurement(measurement.at, measurement.value, Phase.ERROR, because)


def _within(measurement: Measurement, since: datetime | None, until: datetime | None) -> Measurement:
    at, value = measurement.at, measurement.value
    if since is not None and at < since:
        return Measurement(at, value, Phase.NO_DATA, "it is older than the window")
    if until is not None and at > until:
        return Measurement(at, value, Phase.NO_DATA, "it is newer than the window")
    return measurement


def _late(told: Sequence[Measurement], up: int) -> dict[int, datetime]:
    """The places of those that came after one of a later time, and what that was.

    Of one instant some may have come in time. Which of them did is nothing that a verdict may hang on: it is
    what speaks against the candidate, or for it the least.
    """
    newest, late = datetime.min.replace(tzinfo=UTC), dict[int, datetime]()
    for place, each in enumerate(told):
        if each.at < newest:
            late[place] = newest
        newest = max(newest, each.at)
    together: dict[datetime, list[int]] = {told[place].at: [] for place in late}
    for place, each in enumerate(told):
        if each.at in together:
            together[each.at].append(place)
    for places in together.values():
        since = [late.pop(place) for place in places if place in late]
        by_weight = sorted(places, key=lambda place: _weight(told[place], up))
        late |= dict.fromkeys(by_weight[len(places) - len(since) :], max(since))
    return late


def _weight(measurement: Measurement, up: int) -> tuple[int, float, str]:
    """Against the candidate first, then numbers that mean something beside others, the worst before."""
    value = measurement.value if measurement.phase in SOUND and measurement.value is not None else 0.0
    return _AGAINST_FIRST.index(measurement.phase), -value * up, measurement.because or ""


def numbers(gate: Gate, measurements: Iterable[Measurement], *, falls: bool = False) -> list[float]:
    """The sound numbers among them: of one instant the worst, but for requests that were sent together.

    The highest is the worst, unless what `falls` counts against the candidate.
    """
    sound = [(each.at, each.value) for each in measurements if each.phase in SOUND and each.value is not None]
    if gate.source is Source.HTTP:
        return [value for _, value in sound]
    falls = falls or direction_of(gate) is Direction.DECREASE
    return list(dict(sorted(sound, reverse=falls)).values())


def told_once(gate: Gate, measurements: Iterable[Measurement]) -> int:
    """How many samples measurements are: those of one instant are one, as in `numbers`."""
    moments = [each.at for each in measurements]
    return len(moments) if gate.source is Source.HTTP else len(set(moments))


def error_in(measurements: Iterable[Measurement]) -> str:
    """The first error among them, empty where there is none: of one instant always the same."""
    odd = ((each.at, each.because) for each in measurements if each.phase is Phase.ERROR)
    return min(odd, default=(None, ""))[1]


def newest_failure(taken: Sequence[Measurement]) -> float | None:
    """The value of the newest measurement that failed, None where none did; of one instant the highest."""
    return newest_value([each for each in taken if each.phase is Phase.FAIL])


def newest_value(taken: Sequence[Measurement]) -> float | None:
    """The newest number among them, None where there is none; of one instant the highest."""
    known = [(each.at, each.value) for each in taken if each.value is not None and not math.isnan(each.value)]
    return max(known)[1] if known else None


def failure_told(gate: Gate, limits: Limits, value: float | None) -> str:
    """What a count of failures leaves out: the newest of them, and the limit that it is beyond."""
    if value is None:
        return ""
    limit, which = (limits.high, "limit") if value > limits.high else (limits.low, "lower limit")
    written = limit in (gate.max_value, gate.min_value)
    bound = exactly(limit, gate.unit) if written else shown(limit, gate.unit)
    return f"; the newest that did was {beside(value, limit, gate.unit)}, beyond the {which} of {bound}"


SOUND = frozenset({Phase.PASS, Phase.FAIL, Phase.INCONCLUSIVE, Phase.MEASURED})
AGAINST = frozenset({Phase.FAIL, Phase.INCONCLUSIVE})
_AGAINST_FIRST = (Phase.FAIL, Phase.INCONCLUSIVE, Phase.MEASURED, Phase.ERROR, Phase.NO_DATA, Phase.PASS)


def _measurement(sample: Sample, limits: Limits) -> Measurement:
    value = sample.value
    if sample.error:
        return Measurement(sample.at, value, Phase.ERROR, sample.error)
    if value is None:
        return Measurement(sample.at, None, Phase.NO_DATA, "the source has no value")
    if not math.isfinite(value):
        because = f"{value} is no number: there was nothing to divide by"
        return Measurement(sample.at, value, Phase.NO_DATA, because)
    if value < 0 and not limits.signed:
        because = f"{value:g} is negative, which it cannot be"
        return Measurement(sample.at, value, Phase.ERROR, because)
    if limits.requests_min and (sample.requests or 0) < limits.requests_min:
        behind = sample.requests or 0
        told = f"{behind:g} {'request is' if behind == 1 else 'requests are'} behind it"
        because = f"{told}, and {many(limits.requests_min, 'is', 'are')} needed"
        return Measurement(sample.at, value, Phase.NO_DATA, because)
    phase = _phase(value, limits)
    if sample.requests == 0 and phase not in limits.of_none:
        return Measurement(sample.at, value, Phase.NO_DATA, "no requests are behind it")
    return Measurement(sample.at, value, phase)


def _phase(value: float, limits: Limits) -> Phase:
    if not limits.alone:
        return Phase.MEASURED
    if value > limits.high or value < limits.low:
        return Phase.FAIL
    if value > limits.pass_high or value < limits.pass_low:
        return Phase.INCONCLUSIVE
    return Phase.PASS
