"""Sums up samples of a long time once, so that every window of it is known without a new sum.

Decides nothing: a `Page` tells of its time what `Events` of its samples would, which the tests hold it to.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate, pairwise

from shared.gates.events import GAPS, distinct, knowing, near_seconds, shares
from shared.gates.figures import Sums, median
from shared.model import Sample

_SECOND = timedelta(seconds=1)


class _Marks:
    """Moments, oldest first and each once, and how far apart they are."""

    # Seconds since 1970 are found sooner than moments are, and subtracted less exactly.
    __slots__ = ("_gaps", "_grains", "_near", "_smallest", "seconds")

    def __init__(self, moments: list[datetime]) -> None:
        once = distinct(moments)
        self.seconds = [each.timestamp() for each in once]
        self._gaps = [(after - before) / _SECOND for before, after in pairwise(once)]
        self._grains: dict[tuple[int, int], float] = {}
        self._smallest: dict[tuple[int, int, int], float] = {}
        self._near: dict[float, Sums] = {}

    def places(self, since: float, until: float) -> tuple[int, int]:
        """The places of those from `since` on, before `until`."""
        first = bisect_left(self.seconds, since)
        return first, bisect_left(self.seconds, until, first)

    def grain(self, first: int, end: int) -> float:
        """How many seconds those from place `first` on, before place `end`, are usually apart."""
        key = max(first, end - GAPS - 1), end
        found = self._grains.get(key)
        if found is None:
            gaps = sorted(self._gaps[key[0] : max(key[0], end - 1)])
            found = self._grains[key] = median(gaps) if gaps else 0.0
        return found

    def smallest(self, since: float, end: int, count: int) -> float:
        """The median of the smallest gaps, so many of them, from then on before place `end`."""
        key = bisect_left(self.seconds, since), end, count
        found = self._smallest.get(key)
        if found is None:
            gaps = sorted(self._gaps[key[0] : end - 1])[:count]
            found = self._smallest[key] = median(gaps)
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
        counts = [0.0 if requests is None else requests for _, _, requests in rows]
        self.every = _Marks([each.at for each in samples])
        self.sound = _Marks([at for at, _, _ in rows])
        self.well = _Marks(
            [row[0] for row, weight in zip(rows, weights, strict=True) if row[1] < 1 and weight]
        )
        self.seconds = [at.timestamp() for at, _, _ in rows]
        self.unknown = [0, *accumulate(int(requests is None) for _, _, requests in rows)]
        # Where one sample of a time does not know its number of events, all weigh the same.
        self.bad = {
            counted: Sums(row[1] * weight for row, weight in zip(rows, each, strict=True))
            for counted, each in ((True, counts), (False, weights))
        }
        self.all = {True: Sums(counts), False: Sums(weights)}


class Page:
    """What is known of good and bad events from `since` on before `until`, both in seconds since 1970."""

    __slots__ = (
        "_end", "_every", "_first", "_ledger", "_since", "_sound", "_until", "_well", "counted", "strange",
    )  # fmt: skip

    def __init__(self, ledger: Ledger, since: float, until: float) -> None:
        self._ledger = ledger
        self._since = since
        self._until = until
        self._first = bisect_left(ledger.seconds, since)
        self._end = bisect_left(ledger.seconds, until, self._first)
        self._every = ledger.every.places(since, until)
        self._sound = ledger.sound.places(since, until)
        self._well = ledger.well.places(since, until)
        self.counted = ledger.unknown[self._first] == ledger.unknown[self._end]
        self.strange = 0

    @property
    def alone(self) -> Page | None:
        """As `Counting.alone`."""
        unknown = self._ledger.unknown[self._end] - self._ledger.unknown[self._first]
        if self._ledger.alone is None or unknown in (0, self._end - self._first):
            return None
        return Page(self._ledger.alone, self._since, self._until)

    def of(self, seconds: float) -> tuple[float, float, float]:
        """As `Events.of`."""
        ledger, since = self._ledger, self._until - seconds
        first = bisect_left(ledger.seconds, since, self._first, self._end)
        sound = bisect_left(ledger.sound.seconds, since, *self._sound)
        covered = min(1.0, (self._sound[1] - sound) * ledger.every.grain(*self._every) / seconds)
        bad, every = ledger.bad[self.counted], ledger.all[self.counted]
        return bad.of(first, self._end), every.of(first, self._end), covered

    def well(self, seconds: float) -> float:
        """As `Events.well`."""
        ledger = self._ledger
        well = bisect_left(ledger.well.seconds, self._until - seconds, *self._well)
        return min(1.0, (self._well[1] - well) * self._usually() / seconds)

    def _usually(self) -> float:
        """As `usual_gap`."""
        first, end = self._well
        newest = max(first, end - GAPS - 1)
        if end - newest < 2:
            return 0.0
        since = self._ledger.well.seconds[newest]
        return self._ledger.every.smallest(since, self._every[1], end - newest - 1)

    def spread(self, seconds: float) -> float:
        """As `Events.spread`."""
        first, end = self._sound
        first = bisect_left(self._ledger.sound.seconds, self._until - seconds, first, end)
        return min(1.0, self._ledger.sound.spread(first, end, self._until, near_seconds(seconds)) / seconds)
