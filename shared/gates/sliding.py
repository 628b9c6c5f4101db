"""Judges every window of a long time as `judge` would, without going through its samples for each.

Decides nothing of its own: it comes to what `judge` comes to, look by look, which the tests hold it to.
Refuses to know when a look is, and what is counted from look to look (`looking_back`).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import NamedTuple, Protocol

from shared.fleet import Gate
from shared.gate_rules import Objective
from shared.gates.anomaly import Unusual, hours, odd_alone, unusual, usual
from shared.gates.burn_windows import NOT_ALL
from shared.gates.burning import Watch, beyond, burn_of
from shared.gates.events import kept_of
from shared.gates.figures import Highest, Sums, multiple
from shared.gates.ledger import Ledger, Page
from shared.gates.measuring import SOUND, known, limits_of, measured
from shared.gates.scoring import Finding
from shared.gates.window import lacking, of_none
from shared.measured import Kept, Measurement, Phase, Usual
from shared.model import Doubt, Sample, Verdict

Said = Finding | None
"""A verdict, or what is known of an inconclusive one. None: what it is held against is not known of then."""

_WEEK = timedelta(weeks=1)


class View(NamedTuple):
    """A window: the places of its samples, `end` excluded, from when until when it is in seconds since 1970.

    `begin` is since when longer windows see anything, `baseline` what a gate with one is held against.
    """

    first: int
    end: int
    since: float
    until: float
    begin: float = -math.inf
    baseline: float | None = None


class Rule(Protocol):
    """What a window with enough samples comes to."""

    def __call__(self, view: View) -> Said:
        """What is said of it."""


class Windows:
    """The windows of one gate over one long time. `past` are all samples, also of other times."""

    def __init__(
        self, gate: Gate, samples: Sequence[Sample], past: Sequence[Sample], watched_seconds: float
    ) -> None:
        self._told = _Told(gate, samples)
        self._rule = _rule(gate, self._told, past, watched_seconds)

    def verdict(self, view: View) -> Said:
        """What `judge` says of that window."""
        lack = self._told.lacking(view)
        return self._rule(view) if lack is None else lack

    def unusual(self, view: View) -> Unusual | None:
        """How far from the weeks before that window is, None for a gate that does not ask."""
        return self._rule.unusual(view) if isinstance(self._rule, _Odd) else None

    def kept(self, view: View) -> Kept | None:
        """What is known of longer windows than the gate's; None for a gate that has none."""
        return self._rule.kept(view) if isinstance(self._rule, _Burn) else None


class _Told:
    """Samples with what each is worth. Several of one instant are one, as bad as the worst of them."""

    def __init__(self, gate: Gate, samples: Sequence[Sample]) -> None:
        self.samples = samples
        self.measurements = measured(samples, limits_of(gate))
        self._gate = gate
        self._empty = of_none(gate, samples)
        good = [each.phase in SOUND for each in self.measurements]
        self.sound = [sample for sample, one in zip(samples, good, strict=True) if one]
        self.places = _count(good)
        self.instants = _instants(self.measurements, SOUND)
        self.highest, self._lowest = _extremes(self.sound)
        self._worst = Highest(self.highest)
        self._errors = _count(each.phase is Phase.ERROR for each in self.measurements)
        self._requests = Sums(
            _requests(each) if one else 0.0 for each, one in zip(samples, good, strict=True)
        )

    def lacking(self, view: View) -> Verdict | None:
        """As `window.lacking`."""
        first, end = view.first, view.end
        if self.instants[end] - self.instants[first] < self._gate.min_samples:
            errors = self._errors[end] - self._errors[first]
            return Verdict.PROVIDER_ERROR if errors else Verdict.NO_DATA
        if self._gate.requests_min and self._requests.of(first, end) < self._gate.requests_min:
            return Verdict.NO_DATA
        return None

    def without(self, view: View, worst: float) -> Verdict:
        """What a window that is within its limit passes as, by the samples that are no worse than that."""
        if self._empty:
            return self.on(view, lambda value: value <= worst)
        first, end = self.instants[view.first], self.instants[view.end]
        if self._worst.of(first, end) <= worst:
            return Verdict.PASS
        there = sum(each <= worst for each in self._lowest[first:end])
        if there >= self._gate.min_samples and not self._gate.requests_min:
            return Verdict.PASS
        return self.on(view, lambda value: value <= worst)

    def on(self, view: View, speaks: Callable[[float], bool]) -> Verdict:
        """What a window that is well passes as, by the samples whose value speaks for it."""
        measurements = self.measurements[view.first : view.end]
        empty = self._empty
        within = [
            each
            for each in measurements
            if (each.at, each.value) not in empty and (each.value is None or speaks(each.value))
        ]
        if len(within) == len(measurements):
            return Verdict.PASS
        lack = lacking(self._gate, within, self.samples[view.first : view.end])
        return Verdict.PASS if lack is None else lack[0]


def _rule(gate: Gate, told: _Told, past: Sequence[Sample], watched_seconds: float) -> Rule:
    if gate.max_over_baseline is not None:
        return _Relative(gate.max_over_baseline, told)
    if gate.slo is not None:
        return _Burn(gate.slo, Watch(gate.window_seconds, watched_seconds), told)
    if gate.anomaly is not None:
        return _Odd(gate, told, past)
    return _Fixed(gate, told)


class _Fixed:
    """By `max`, `min`, `pass_max` and `pass_min`."""

    def __init__(self, gate: Gate, told: _Told) -> None:
        self._breaches_max = gate.breaches_max
        self._breaches = _instants(told.measurements, (Phase.FAIL,))
        self._unclear = _instants(told.measurements, (Phase.INCONCLUSIVE,))

    def __call__(self, view: View) -> Said:
        breaches = self._breaches[view.end] - self._breaches[view.first]
        if breaches > self._breaches_max:
            return Verdict.FAIL
        if breaches:
            return Doubt.AT_MOST_WARNING
        return Doubt.WARNING if self._unclear[view.end] - self._unclear[view.first] else Verdict.PASS


class _Relative:
    """By a multiple of the baseline."""

    def __init__(self, factor: float, told: _Told) -> None:
        self._factor = factor
        self._told = told
        self._values = Sums(told.highest)

    def __call__(self, view: View) -> Said:
        assert view.baseline is not None, "without a baseline nothing is judged"
        if known(view.baseline) is None:
            return Verdict.INCONCLUSIVE
        limit = multiple(self._factor, view.baseline)
        value = self._values.mean(self._told.instants[view.first], self._told.instants[view.end])
        return Verdict.FAIL if value > limit else self._told.without(view, limit)


class _Burn:
    """By the burn of an error budget; longer windows than the gate's see all that there is since `begin`."""

    def __init__(self, rule: Objective, watch: Watch, told: _Told) -> None:
        self._objective = rule
        self._watch = watch
        self._told = told
        self._near = Ledger(told.sound)
        self._beyond = beyond(rule, watch.window_seconds)
        same = not self._beyond or len(told.sound) == len(told.samples)
        self._longer = self._near if same else Ledger(told.samples)

    def __call__(self, view: View) -> Said:
        near = Page(self._near, view.since, view.until)
        longer = Page(self._longer, view.begin, view.until)
        verdict = burn_of(self._objective, near, longer, self._watch).verdict
        return self._told.without(view, NOT_ALL) if verdict is Verdict.PASS else verdict

    def kept(self, view: View) -> Kept | None:
        """What a rollout would know of the longer windows, had it just read them; None without any."""
        if not self._beyond:
            return None
        page = Page(self._longer, view.begin, view.until)
        return kept_of(page, self._beyond, moment(view.begin), moment(view.until))


class _Odd:
    """By the weeks before, which are summed up once for the hours that a window lies in."""

    def __init__(self, gate: Gate, told: _Told, past: Sequence[Sample]) -> None:
        assert gate.anomaly is not None, "the caller has chosen those that learn from the past"
        self._anomaly = gate.anomaly
        self._window = timedelta(seconds=gate.window_seconds)
        self._unit = gate.unit
        self._told = told
        self._past = past
        self._moments = [each.at for each in past]
        self._known: dict[tuple[datetime, datetime], Usual] = {}
        self._alone: dict[tuple[datetime, datetime, float], bool] = {}

    def __call__(self, view: View) -> Said:
        found = self.unusual(view)
        if found.verdict is Verdict.PASS:
            known = self.usual(view.until)
            return self._told.on(view, lambda value: not self._odd(value, known))
        short = found.verdict is Verdict.INCONCLUSIVE and found.median is None
        return None if short else found.verdict

    def unusual(self, view: View) -> Unusual:
        """The same with its sentence."""
        samples = self._told.sound[self._told.places[view.first] : self._told.places[view.end]]
        return unusual(self._anomaly, samples, self.usual(view.until), self._unit)

    def _odd(self, value: float, known: Usual) -> bool:
        key = known.since, known.until, value
        if key not in self._alone:
            self._alone[key] = odd_alone(self._anomaly, value, known)
        return self._alone[key]

    def usual(self, until: float) -> Usual:
        """What is usual in the hours of a window that ends then."""
        end = moment(until)
        span = hours(end - self._window, end)
        if span not in self._known:
            self._known[span] = usual(self._anomaly, *span, self._weeks_before(*span))
        return self._known[span]

    def _weeks_before(self, since: datetime, until: datetime) -> list[Sample]:
        found: list[Sample] = []
        for back in range(self._anomaly.weeks, 0, -1):
            first = bisect_left(self._moments, since - back * _WEEK)
            found += self._past[first : bisect_left(self._moments, until - back * _WEEK, first)]
        return found


def moment(seconds: float) -> datetime:
    """The time of so many seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def _count(found: Iterable[bool]) -> list[int]:
    """How many of them are true up to each place."""
    return [0, *accumulate(map(int, found))]


def _instants(measurements: Sequence[Measurement], phases: Collection[Phase]) -> list[int]:
    """How many instants have a measurement of such a phase up to each place."""
    newest: datetime | None = None
    new = []
    for each in measurements:
        is_new = each.phase in phases and each.at != newest
        new.append(is_new)
        newest = each.at if is_new else newest
    return _count(new)


def _extremes(sound: Iterable[Sample]) -> tuple[list[float], list[float]]:
    """The highest and the lowest value of each instant."""
    values: dict[datetime, list[float]] = {}
    for each in sound:
        values.setdefault(each.at, []).append(0.0 if each.value is None else each.value)
    return [max(each) for each in values.values()], [min(each) for each in values.values()]


def _requests(sample: Sample) -> float:
    requests = sample.requests
    return requests if requests is not None and 0 < requests < math.inf else 0.0
