"""Judges every window of a long time as `judge` would, without going through its samples for each.

Decides nothing of its own: it comes to what `judge` comes to, look by look, which the tests hold it to.
Refuses to know when a look is, and what is counted from look to look (`looking_back`).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import NamedTuple, Protocol

from shared.fleet import Gate
from shared.gates.anomaly import Unusual, unusual
from shared.gates.budget import burn, burn_of
from shared.gates.events import Ledger, Page
from shared.gates.figures import Sums
from shared.gates.measuring import SOUND, limits_of, measured
from shared.measured import Measurement, Phase
from shared.model import Sample, Verdict

Said = Verdict | None
"""A verdict; None where what it is held against is not known of that time."""

_HOUR, _WEEK = timedelta(hours=1), timedelta(weeks=1)


class View(NamedTuple):
    """A window: the places of its samples, `end` excluded, when it ends in seconds since 1970, a baseline."""

    first: int
    end: int
    until: float
    baseline: float | None = None


class Rule(Protocol):
    """What a window with enough samples comes to."""

    def __call__(self, view: View) -> Said:
        """The verdict."""


class Windows:
    """The windows of one gate over one long time. `past` are all samples, also of other times."""

    def __init__(self, gate: Gate, samples: Sequence[Sample], past: Sequence[Sample]) -> None:
        measurements = measured(samples, limits_of(gate))
        self._gate = gate
        self._distinct = _distinct_sound(measurements)
        self._errors = _count(each.phase is Phase.ERROR for each in measurements)
        self._requests = _requests(samples, measurements)
        self._rule = _rule(gate, samples, measurements, past)

    def verdict(self, view: View) -> Said:
        """What `judge` says of that window."""
        lack = self._lacking(view)
        return self._rule(view) if lack is None else lack

    def unusual(self, view: View) -> Unusual | None:
        """How far from the weeks before that window is, None for a gate that does not ask."""
        return self._rule.unusual(view) if isinstance(self._rule, _Odd) else None

    def _lacking(self, view: View) -> Verdict | None:
        first, end = view.first, view.end
        if self._distinct[end] - self._distinct[first] < self._gate.min_samples:
            errors = self._errors[end] - self._errors[first]
            return Verdict.PROVIDER_ERROR if errors else Verdict.NO_DATA
        if self._gate.requests_min and self._requests.of(first, end) < self._gate.requests_min:
            return Verdict.NO_DATA
        return None


def _rule(
    gate: Gate, samples: Sequence[Sample], measurements: Sequence[Measurement], past: Sequence[Sample]
) -> Rule:
    sound = [s for s, m in zip(samples, measurements, strict=True) if m.phase in SOUND]
    places = _count(each.phase in SOUND for each in measurements)
    if gate.max_over_baseline is not None:
        return _Relative(gate.max_over_baseline, sound, places)
    if gate.slo is not None:
        return _Burn(gate, sound, places)
    if gate.anomaly is not None:
        return _Odd(gate, sound, places, past)
    return _Fixed(gate, measurements)


class _Fixed:
    """By `max`, `min`, `pass_max` and `pass_min`."""

    def __init__(self, gate: Gate, measurements: Sequence[Measurement]) -> None:
        self._breaches_max = gate.breaches_max
        self._breaches = _count(each.phase is Phase.FAIL for each in measurements)
        self._unclear = _count(each.phase is Phase.INCONCLUSIVE for each in measurements)

    def __call__(self, view: View) -> Said:
        breaches = self._breaches[view.end] - self._breaches[view.first]
        if breaches > self._breaches_max:
            return Verdict.FAIL
        unclear = breaches or self._unclear[view.end] - self._unclear[view.first]
        return Verdict.INCONCLUSIVE if unclear else Verdict.PASS


class _Relative:
    """By a multiple of the baseline."""

    def __init__(self, factor: float, sound: Sequence[Sample], places: list[int]) -> None:
        self._factor = factor
        self._values = [0.0 if each.value is None else each.value for each in sound]
        self._places = places

    def __call__(self, view: View) -> Said:
        assert view.baseline is not None, "without a baseline nothing is judged"
        values = self._values[self._places[view.first] : self._places[view.end]]
        value = math.fsum(values) / len(values)
        return Verdict.FAIL if value > self._factor * view.baseline else Verdict.PASS


class _Burn:
    """By the burn of an error budget."""

    def __init__(self, gate: Gate, sound: Sequence[Sample], places: list[int]) -> None:
        assert gate.slo is not None, "the caller has chosen those with an objective"
        self._objective = gate.slo
        self._sound = sound
        self._places = places
        self._ledger = Ledger.kept(sound)

    def __call__(self, view: View) -> Said:
        first, end = self._places[view.first], self._places[view.end]
        until = moment(view.until)
        if self._ledger is None:
            return burn(self._objective, self._sound[first:end], until).verdict
        return burn_of(self._objective, Page(self._ledger, first, end, until)).verdict


class _Odd:
    """By the weeks before, of which only those hours are looked at that matter."""

    def __init__(
        self, gate: Gate, sound: Sequence[Sample], places: list[int], past: Sequence[Sample]
    ) -> None:
        assert gate.anomaly is not None, "the caller has chosen those that learn from the past"
        self._anomaly = gate.anomaly
        self._unit = gate.unit
        self._sound = sound
        self._places = places
        self._past = past
        self._moments = [each.at for each in past]
        self._known: tuple[tuple[datetime, ...], list[Sample]] = ((), [])

    def __call__(self, view: View) -> Said:
        found = self.unusual(view)
        short = found.verdict is Verdict.INCONCLUSIVE and found.median is None
        return None if short else found.verdict

    def unusual(self, view: View) -> Unusual:
        """The same with its sentence."""
        samples = self._sound[self._places[view.first] : self._places[view.end]]
        hours = tuple(dict.fromkeys(_hour(each.at) for each in samples))
        if hours != self._known[0]:
            self._known = hours, self._weeks_before(hours)
        return unusual(self._anomaly, samples, self._known[1], self._unit)

    def _weeks_before(self, hours: Sequence[datetime]) -> list[Sample]:
        begins = sorted({hour - back * _WEEK for hour in hours for back in range(1, self._anomaly.weeks + 1)})
        found: list[Sample] = []
        for begin in begins:
            first = bisect_left(self._moments, begin)
            found += self._past[first : bisect_left(self._moments, begin + _HOUR, first)]
        return found


def moment(seconds: float) -> datetime:
    """The time of so many seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _count(found: Iterable[bool]) -> list[int]:
    """How many of them are true up to each place."""
    return [0, *accumulate(map(int, found))]


def _distinct_sound(measurements: Sequence[Measurement]) -> list[int]:
    """How many instants have a sound number up to each place: several of one instant are one sample."""
    newest: datetime | None = None
    new = []
    for each in measurements:
        is_new = each.phase in SOUND and each.at != newest
        new.append(is_new)
        newest = each.at if is_new else newest
    return _count(new)


def _requests(samples: Sequence[Sample], measurements: Sequence[Measurement]) -> Sums:
    """The requests behind samples of instants that have a sound number."""
    sound = {each.at for each in measurements if each.phase in SOUND}
    known = (each.requests if each.at in sound else None for each in samples)
    return Sums(n if n is not None and 0 < n < math.inf else 0.0 for n in known)
