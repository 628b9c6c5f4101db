"""Decides what a gate would have seen at each look of a time that is over, and what it would have said.

A look comes every `poll_seconds` and sees the newest whole minutes that had arrived by then, none of before
the start. Refuses to know what is reckoned from the looks (`history`).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from shared.fleet import Gate
from shared.gates.burning import beyond
from shared.gates.course import Course, Look, Start, unread
from shared.gates.figures import minute_from, minute_until
from shared.gates.judge import Beyond, judge, mean
from shared.gates.measuring import counted, limits_of
from shared.gates.quiet import LeftOut, Quiet
from shared.gates.sliding import Said, View, Windows, moment
from shared.levers import SlotName
from shared.measured import Tally
from shared.model import Sample, Verdict
from shared.probes import Reading

_HOUR = 3600


class Stretch(Struct, frozen=True, kw_only=True):
    """What a gate's source says of a quiet time: samples, oldest first, and when it gave no answer."""

    quiet: Quiet
    samples: tuple[Sample, ...] = ()
    unread: tuple[LeftOut, ...] = ()


class Told(Struct, frozen=True):
    """What is said at a look in a sentence, and how far beyond the limit the value is."""

    because: str
    beyond: float = 0.0


class LookingBack:
    """The looks of one gate over one stretch, numbered from 1. A start is the number of the look before it.

    A gate that counts, or is held against a baseline, is judged from a start on: for each look that is the
    newest of starts an hour apart. All others see their whole window at every look. `length` is of how many
    looks its walks are; `lookback_seconds` is how far before its time a value may speak; `past` are the
    samples of all stretches. `watched_seconds` is how long a step that asks the gate watches users.

    An objective's windows that are longer than the gate's see all that was measured since the start; at
    `looks`, since the stretch began. What nobody answered for is silence to them.
    """

    def __init__(
        self,
        gate: Gate,
        stretch: Stretch,
        poll_seconds: int,
        length: int,
        lookback_seconds: int = 0,
        past: Sequence[Sample] = (),
        watched_seconds: float = math.inf,
    ) -> None:
        self._gate = gate
        self._samples = stretch.samples
        self.slot: SlotName = stretch.quiet.slot
        self._times = [each.at.timestamp() for each in stretch.samples]
        self._unread = [(each.since.timestamp(), each.until.timestamp()) for each in stretch.unread]
        self._poll = poll_seconds
        self._lookback = lookback_seconds
        self._begin = minute_from(stretch.quiet.since.timestamp())
        self.count = max(0, int((stretch.quiet.until.timestamp() - self._begin) // poll_seconds))
        self.hour = -(-_HOUR // poll_seconds)
        self.from_start = counted(gate) or gate.max_over_baseline is not None
        self._length = length
        self._walks: dict[int, list[Said]] = {}
        longer = beyond(gate.slo, gate.window_seconds) if gate.slo is not None else ()
        self._reach = max(gate.window_seconds, *longer, 0)
        self._watched_seconds = watched_seconds
        self._windows = Windows(gate, stretch.samples, past, watched_seconds)
        self._counting = list(self._each()) if counted(gate) else []
        self._steady: Course | None = None
        self._looks = self._all()

    @property
    def looks(self) -> Sequence[Said]:
        """What it says at each look, the first one at place 0."""
        return self._looks

    def at(self, look: int) -> datetime:
        """When that look is."""
        return moment(self._begin + look * self._poll)

    @property
    def starts(self) -> range:
        """The starts whose whole walk lies in the stretch, an hour apart or the next look after it."""
        return range(0, self.count - self._length + 1, self.hour)

    def walk(self, start: int) -> Sequence[Said]:
        """What it says at the looks after a start, which sees nothing of before it."""
        if self.from_start:
            return self._walks[start][: self._length]
        found: list[Said] = []
        while len(found) < self._length and self._is_cut(start, start + len(found) + 1):
            found.append(self._window(start + len(found) + 1, start, None))
        return [*found, *self._looks[start + len(found) : start + self._length]]

    def told(self, look: int) -> Told:
        """The sentence of a look, as in `looks`."""
        start = self._start_of(look)
        baseline = self._baseline(start) if self.from_start else None
        since, until = self._span(look, start)
        view = self._view(since, until, self._earliest(start), baseline)
        odd = self._windows.unusual(view)
        if odd is not None:
            return Told(f"{self._gate.name} on {self.slot}: {odd.because}", abs(odd.deviations or 0.0))
        tally = self._tally(start, look - 1, baseline) if counted(self._gate) else None
        samples = self._samples[view.first : view.end]
        reading = Reading(samples, self._gate.source.value, moment(since), moment(until))
        longer = Beyond(kept=self._windows.kept(view), watched_seconds=self._watched_seconds)
        found = judge(self._gate, self.slot, reading, self.at(look), baseline, None, tally, longer)
        known = found.value is not None and found.limit is not None
        return Told(found.because, abs((found.value or 0.0) - (found.limit or 0.0)) if known else 0.0)

    def _all(self) -> list[Said]:
        if not self.from_start:
            return [self._window(look, 0, None) for look in range(1, self.count + 1)]
        found: list[Said] = []
        for start in range(0, self.count, self.hour):
            length = min(max(self.hour, self._length), self.count - start)
            self._walks[start] = self._walked(start, length)
            found += self._walks[start][: self.hour]
        return found

    def _walked(self, start: int, length: int) -> list[Said]:
        baseline = self._baseline(start)
        if self._gate.max_over_baseline is not None and baseline is None:
            return [None] * length
        if counted(self._gate):
            return self._counted(start, length, baseline)
        return [self._window(start + place, start, baseline) for place in range(1, length + 1)]

    def _start_of(self, look: int) -> int:
        return (look - 1) // self.hour * self.hour if self.from_start else 0

    def _span(self, look: int, start: int) -> tuple[int, int]:
        """From when until when a look sees, in seconds since 1970."""
        until = minute_until(self._begin + look * self._poll - self._gate.ingestion_seconds)
        return max(minute_from(until - self._gate.window_seconds), self._earliest(start)), until

    def _earliest(self, start: int) -> int:
        """From when on anything is seen after a start."""
        return minute_from(self._begin + start * self._poll + self._lookback)

    def _is_cut(self, start: int, look: int) -> bool:
        """Whether the start is later than the beginning of the longest window of the look."""
        reached = self._span(look, start)[1] - self._reach
        return self._earliest(start) > max(reached, self._earliest(0))

    def _view(self, since: float, until: float, begin: float, baseline: float | None) -> View:
        first = bisect_left(self._times, since)
        return View(first, bisect_left(self._times, until, first), since, until, begin, baseline)

    def _window(self, look: int, start: int, baseline: float | None) -> Said:
        since, until = self._span(look, start)
        if self._is_unread(since, until):
            return Verdict.PROVIDER_ERROR
        return self._windows.verdict(self._view(since, until, self._earliest(start), baseline))

    def _is_unread(self, since: float, until: float) -> bool:
        return any(begins < until and since < ends for begins, ends in self._unread)

    def _baseline(self, start: int) -> float | None:
        """The mean that T0 would have recorded at the start, None where there was none to record."""
        if self._gate.max_over_baseline is None:
            return None
        since, until = self._span(start, 0)
        view = self._view(since, until, since, None)
        return mean(self._samples[view.first : view.end])

    def _counted(self, start: int, length: int, baseline: float | None) -> list[Said]:
        looks, begin = range(start + 1, start + length + 1), self._start(start)
        if limits_of(self._gate, baseline).alone:
            return list(self._course(looks, baseline).said(begin, looks))
        # A baseline was recorded, and is no number that anything can be a multiple of.
        unseen = (unread(self._counting[look - 1], begin) for look in looks)
        return [Verdict.PROVIDER_ERROR if each else Verdict.INCONCLUSIVE for each in unseen]

    def _tally(self, start: int, look: int, baseline: float | None) -> Tally:
        looks = range(start + 1, look + 1)
        return self._course(looks, baseline).tally(self._start(start), looks)

    def _start(self, start: int) -> Start:
        return Start(self._earliest(start), self._span(start + 1, start)[0])

    def _course(self, looks: range, baseline: float | None) -> Course:
        """Who counts at these looks: one for all where the limits are always the same."""
        limits = limits_of(self._gate, baseline)
        if baseline is not None and looks:
            first, end = self._counting[looks[0] - 1].first, self._counting[looks[-1] - 1].end
            return Course(self._gate, self._samples[first:end], limits, self._counting, looks, first)
        if self._steady is None:
            every = range(1, self.count + 1)
            self._steady = Course(self._gate, self._samples, limits, self._counting, every)
        return self._steady

    def _each(self) -> Iterator[Look]:
        """All looks with their whole windows, as they are counted."""
        before = -math.inf
        for look in range(1, self.count + 1):
            since, until = self._span(look, 0)
            view = self._view(since, until, since, None)
            new = bisect_left(self._times, before, view.first, view.end)
            last = max((ends for begins, ends in self._unread if begins < until), default=-math.inf)
            yield Look(since, until, view.first, new, view.end, last)
            before = until
