"""Sums up what samples say of good and bad events, by window. Decides what a sample says nothing about.

A sample is a share of bad events (0 to 1) and, where the source knows it, how many events there were.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Protocol

from msgspec.structs import replace

from shared.gates.figures import median
from shared.measured import Kept, Span
from shared.model import Sample

_SECOND = timedelta(seconds=1)
_NEAR_SECONDS = 300

GAPS = 30
"""How samples are usually apart is told by so many of the newest gaps between them."""


class Counting(Protocol):
    """What is known of good and bad events up to a moment, as `Events` has it."""

    @property
    def counted(self) -> bool:
        """Whether every sample knows its number of events."""

    @property
    def strange(self) -> int:
        """How many samples are no shares."""

    @property
    def alone(self) -> Counting | None:
        """What the samples say alone that know their number of events; None where all of them do, or none."""

    def of(self, seconds: float) -> tuple[float, float, float]:
        """Bad events, all events, and the part that has samples."""

    def well(self, seconds: float) -> float:
        """The part that has good events."""

    def spread(self, seconds: float) -> float:
        """The part that samples stand for."""


class Events:
    """Samples that mean something until a moment. What is newer, or no share of a number, is left out.

    `counted` says that every sample knows its number of events; otherwise all of them weigh the same. Neither
    way of counting is right where only some do: a bad one that does not would hide how few or how bad the
    others were. So `alone` has those that do.
    `strange` is how many samples have a value that is no share, or a number of events that is none.
    """

    # Moments are compared and hardly ever subtracted, which would take most of the time.
    __slots__ = (
        "_all", "_bad", "_distinct", "_find", "_good", "_good_grain", "_grain", "_moments", "_until",
        "alone", "counted", "strange",
    )  # fmt: skip

    def __init__(self, samples: Sequence[Sample], until: datetime) -> None:
        moments = [sample.at for sample in samples]
        if sorted(moments) != moments or (moments and moments[-1] > until):
            samples = sorted((s for s in samples if s.at <= until), key=lambda sample: sample.at)
            moments = [sample.at for sample in samples]
        sound = shares(samples)
        counts = [requests for _, _, requests in sound if requests is not None]
        self.counted = len(counts) == len(sound)
        self.alone = None if self.counted or not counts else Events(knowing(samples), until)
        # What had no requests says nothing, whatever the others know.
        self._all = counts if self.counted else [float(row[2] != 0) for row in sound]
        self._bad = [row[1] * weight for row, weight in zip(sound, self._all, strict=True)]
        every = distinct(moments)
        whole = len(sound) == len(samples)
        valued = sum(s.value is not None and not s.error for s in samples)
        self.strange = 0 if whole else valued - len(sound)
        self._moments = moments if whole else [row[0] for row in sound]
        self._distinct = every if whole else distinct(self._moments)
        self._grain = self._good_grain = usual_gap(every, every)
        self._good = self._distinct
        if not whole or 0 in self._all or any(row[1] == 1 for row in sound):
            self._good = distinct(_good(sound, self._all))
            self._good_grain = usual_gap(self._good, every)
        self._until = until
        # A sample at the very end is stamped with the end of its bucket; otherwise stamps are beginnings.
        # A bad one must not say so, or one that is worse could go.
        self._find = bisect_right if self._good[-1:] == [until] else bisect_left

    def of(self, seconds: float) -> tuple[float, float, float]:
        """The last so many seconds: bad events, all events, and the part (0 to 1) that has samples.

        A sample covers as much time as samples are usually apart. What it takes to speak well of a time is
        `well`, and what it takes to speak ill of it `spread`.
        """
        since = self._until - timedelta(seconds=seconds)
        first = self._find(self._moments, since)
        covers = len(self._distinct) - self._find(self._distinct, since)
        covered = min(1.0, covers * self._grain / seconds)
        return math.fsum(self._bad[first:]), math.fsum(self._all[first:]), covered

    def well(self, seconds: float) -> float:
        """The part (0 to 1) of the last so many seconds that has good events, by how they are spaced.

        A time in which nothing went well, or nothing happened, does not speak well of itself or of others.
        """
        since = self._until - timedelta(seconds=seconds)
        covers = len(self._good) - self._find(self._good, since)
        return min(1.0, covers * self._good_grain / seconds)

    def spread(self, seconds: float) -> float:
        """The part (0 to 1) of the last so many seconds that samples stand for, however they are spaced.

        A sample stands for the time to its neighbour, at most a quarter of the window or `_NEAR_SECONDS`. No
        further sample makes it less: who fails more often must not look better for it.
        """
        since = self._until - timedelta(seconds=seconds)
        first = self._find(self._distinct, since)
        points = self._distinct[first:]
        if self._find is bisect_left:
            points = [*points, self._until]
        elif first:
            points = [max(since, self._distinct[first - 1]), *points]
        most = near_seconds(seconds)
        return min(1.0, sum(min((b - a) / _SECOND, most) for a, b in pairwise(points)) / seconds)


class KeptEvents:
    """The same of windows whose counts were kept; of any other it knows nothing.

    A kept window ends a while ago: how long is for whoever keeps it to bound.
    """

    __slots__ = ("_spans", "alone", "counted", "strange")

    def __init__(self, kept: Kept | None) -> None:
        self._spans = {span.seconds: span for span in kept.spans} if kept is not None else {}
        self.counted = kept.counted if kept is not None else False
        self.alone = KeptEvents(kept.alone) if kept is not None and kept.alone is not None else None
        self.strange = kept.strange if kept is not None else 0

    def of(self, seconds: float) -> tuple[float, float, float]:
        """As `Events.of`."""
        span = self._spans.get(int(seconds))
        return (span.bad, span.total, span.covered) if span is not None else (0.0, 0.0, 0.0)

    def well(self, seconds: float) -> float:
        """As `Events.well`."""
        span = self._spans.get(int(seconds))
        return span.well if span is not None else 0.0

    def spread(self, seconds: float) -> float:
        """As `Events.spread`."""
        span = self._spans.get(int(seconds))
        return span.spread if span is not None else 0.0


def kept(samples: Sequence[Sample], windows: Iterable[int], since: datetime | None, until: datetime) -> Kept:
    """What is kept of samples for windows of so many seconds that end then."""
    return kept_of(Events(samples, until), tuple(windows), since, until)


def kept_of(events: Counting, windows: tuple[int, ...], since: datetime | None, until: datetime) -> Kept:
    """`kept`, of events that are summed up already."""
    spans = tuple(Span(each, *events.of(each), events.spread(each), events.well(each)) for each in windows)
    alone = None if events.alone is None else kept_of(events.alone, windows, since, until)
    return Kept(until, since, spans, events.counted, events.strange, alone)


def knowing(samples: Iterable[Sample]) -> tuple[Sample, ...]:
    """The samples, without the values of those that do not know their number of events."""
    return tuple(replace(each, value=None) if each.requests is None else each for each in samples)


def hourly(samples: Iterable[Sample]) -> tuple[Sample, ...]:
    """One sample for each hour that has any, of all its sound ones: for people, in the place of thousands."""
    rows = sorted(shares(tuple(samples)), key=lambda row: row[0])
    return tuple(_summed(at, list(group)) for at, group in groupby(rows, key=_hour))


def _hour(row: tuple[datetime, float, float | None]) -> datetime:
    return row[0].replace(minute=0, second=0, microsecond=0)


def _summed(at: datetime, rows: list[tuple[datetime, float, float | None]]) -> Sample:
    counts = [requests for _, _, requests in rows if requests is not None]
    if len(counts) < len(rows):
        return Sample(at=at, value=math.fsum(share for _, share, _ in rows) / len(rows))
    total = math.fsum(counts)
    bad = math.fsum(share * (requests or 0) for _, share, requests in rows)
    return Sample(at=at, value=bad / total if total else None, requests=total)


def shares(samples: Sequence[Sample]) -> list[tuple[datetime, float, float | None]]:
    """The moment, the share and the number of events of each sample that is a share of a number."""
    return [
        (sample.at, value, requests)
        for sample in samples
        if not sample.error
        and (value := sample.value) is not None
        and 0 <= value <= 1
        and ((requests := sample.requests) is None or 0 <= requests < math.inf)
    ]


def _good(sound: Iterable[tuple[datetime, float, float | None]], weights: Iterable[float]) -> list[datetime]:
    """When at least one event was good."""
    return [row[0] for row, weight in zip(sound, weights, strict=True) if row[1] < 1 and weight > 0]


def near_seconds(seconds: float) -> float:
    """For how long at most a sample stands for the time to its neighbour, in a window of so many seconds."""
    return max(seconds / 4, _NEAR_SECONDS)


def distinct(moments: list[datetime]) -> list[datetime]:
    """Sorted moments, each once."""
    if len(set(moments)) == len(moments):
        return moments
    return list(dict.fromkeys(moments))


def usual_gap(good: list[datetime], every: list[datetime]) -> float:
    """How many seconds a good moment covers: what samples are usually apart, by the newest good ones.

    0 for less than two. Of the gaps between `every` sample the smallest are taken, as many as there are
    between good ones: so no further sample makes more of the good ones.
    """
    newest = good[-GAPS - 1 :]
    if len(newest) < 2:
        return 0.0
    since = bisect_left(every, newest[0])
    gaps = sorted((after - before) / _SECOND for before, after in pairwise(every[since:]))
    return median(gaps[: len(newest) - 1])
