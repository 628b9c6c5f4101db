"""Sums up samples of a long time once, so that every window of it is known without a new sum.

Decides nothing: a `Page` tells of its time what `Events` of its samples would, which the tests hold it to.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import accumulate, pairwise

from shared.gates.events import GAPS, distinct, knowing, near_seconds, shares
from shared.gates.figures import Sums, median
from shared.model import Sample

_SECOND = timedelta(seconds=1)


class _Places:
    """At which place of many moments, oldest first, a time begins. Looks ask for the same times again."""

    __slots__ = ("_known", "seconds")

    def __init__(self, moments: Iterable[datetime]) -> None:
        # Seconds since 1970 are found sooner than moments are, and subtracted less exactly.
        self.seconds = [each.timestamp() for each in moments]
        self._known: dict[float, int] = {}

    def of(self, at: float) -> int:
        """The place of the first one that is not before then, in seconds since 1970."""
        found = self._known.get(at)
        if found is None:
            found = self._known[at] = bisect_left(self.seconds, at)
        return found


class _Marks(_Places):
    """Moments, each once, and how far apart they are."""

    __slots__ = ("_gaps", "_grains", "_near", "_smallest")

    def __init__(self, moments: list[datetime]) -> None:
        once = distinct(moments)
        super().__init__(once)
        self._gaps = [(after - before) / _SECOND for before, after in pairwise(once)]
        self._grains: dict[tuple[int, int], float] = {}
        self._smallest: dict[tuple[int, int, int], float] = {}
        self._near: dict[float, Sums] = {}

    def grain(self, first: int, end: int) -> float:
        """How many seconds those from place `first` on, before place `end`, are usually apart."""
        key = max(first, end - GAPS - 1), end
        found = self._grains.get(key)
        if found is None:
            gaps = sorted(self._gaps[key[0] : max(key[0], end - 1)])
            found = self._grains[key] = median(gaps) if gaps else 0.0
        return found

    def smallest(self, first: int, end: int, count: int) -> float:
        """The median of the smallest gaps, so many of them, from place `first` on before place `end`."""
        key = first, end, count
        found = self._smallest.get(key)
        if found is None:
            found = self._smallest[key] = median(sorted(self._gaps[first : end - 1])[:count])
        return found

    def spread(self, first: int, end: int, until: float, most: float) -> float:
        """The seconds from place `first` until then, each gap being at the most so long."""
        if first == end:
            return 0.0
        near = self._near.get(most)
        if near is None:
            near = self._near[most] = Sums(min(gap, most) for gap in self._gaps)
        return near.of(first, end - 1) + min(until - self.seconds[end - 1], most)


class Ledger:
    """Samples, oldest first, with the sums of what they say up to each. `alone` as in `Counting`."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        rows = shares(samples)
        known = sum(requests is not None for _, _, requests in rows)
        self.alone = Ledger(knowing(samples)) if 0 < known < len(rows) else None
        weights = [float(requests != 0) for _, _, requests in rows]
        self._rows, self._weights = rows, weights
        self.every = _Marks([each.at for each in samples])
        self.told = _Places(each.at for each in samples)
        self.strange = [0, *accumulate(int(_is_strange(each)) for each in samples)]
        self.sound = self.every if len(rows) == len(samples) else _Marks([at for at, _, _ in rows])
        self.well = _Marks(
            [row[0] for row, weight in zip(rows, weights, strict=True) if row[1] < 1 and weight]
        )
        self.rows = _Places(at for at, _, _ in rows)
        self.unknown = [0, *accumulate(int(requests is None) for _, _, requests in rows)]
        self._sums: dict[bool, tuple[Sums, Sums]] = {}

    def sums(self, *, counted: bool) -> tuple[Sums, Sums]:
        """Bad events and all. Where one sample does not know its number of events, all weigh the same."""
        if counted not in self._sums:
            each = [row[2] or 0.0 for row in self._rows] if counted else self._weights
            bad = Sums(row[1] * weight for row, weight in zip(self._rows, each, strict=True))
            self._sums[counted] = bad, Sums(each)
        return self._sums[counted]


def _is_strange(sample: Sample) -> bool:
    return sample.value is not None and not sample.error and not shares((sample,))


class Page:
    """What is known of good and bad events from `since` on before `until`, both in seconds since 1970."""

    __slots__ = ("_ledger", "_rows", "_since", "_until", "_usually", "counted")

    def __init__(self, ledger: Ledger, since: float, until: float) -> None:
        self._ledger = ledger
        self._since = since
        self._until = until
        self._rows = ledger.rows.of(since), ledger.rows.of(until)
        self._usually = ledger.every.grain(ledger.every.of(since), ledger.every.of(until))
        self.counted = ledger.unknown[self._rows[0]] == ledger.unknown[self._rows[1]]

    @property
    def strange(self) -> int:
        """As `Events.strange`."""
        told, strange = self._ledger.told, self._ledger.strange
        return strange[told.of(self._until)] - strange[told.of(self._since)]

    @property
    def alone(self) -> Page | None:
        """As `Counting.alone`."""
        first, end = self._rows
        unknown = self._ledger.unknown[end] - self._ledger.unknown[first]
        if self._ledger.alone is None or unknown in (0, end - first):
            return None
        return Page(self._ledger.alone, self._since, self._until)

    def of(self, seconds: float) -> tuple[float, float, float]:
        """As `Events.of`."""
        ledger, since = self._ledger, max(self._since, self._until - seconds)
        first, end = ledger.rows.of(since), self._rows[1]
        sound = ledger.sound.of(self._until) - ledger.sound.of(since)
        bad, every = ledger.sums(counted=self.counted)
        return bad.of(first, end), every.of(first, end), min(1.0, sound * self._usually / seconds)

    def well(self, seconds: float) -> float:
        """As `Events.well`."""
        well = self._ledger.well
        there = well.of(self._until) - well.of(max(self._since, self._until - seconds))
        return min(1.0, there * self._apart() / seconds)

    def _apart(self) -> float:
        """As `usual_gap` of the good ones."""
        well, every = self._ledger.well, self._ledger.every
        end = well.of(self._until)
        newest = max(well.of(self._since), end - GAPS - 1)
        if end - newest < 2:
            return 0.0
        return every.smallest(every.of(well.seconds[newest]), every.of(self._until), end - newest - 1)

    def spread(self, seconds: float) -> float:
        """As `Events.spread`."""
        sound = self._ledger.sound
        first, end = sound.of(max(self._since, self._until - seconds)), sound.of(self._until)
        return min(1.0, sound.spread(first, end, self._until, near_seconds(seconds)) / seconds)
