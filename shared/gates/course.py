"""Counts look after look what a gate measures, from one start after the other.

A run of looks that bring passes alone to a tally that passes is one step: they change no verdict. Decides
nothing of its own: the rest is folded as a rollout folds it. Refuses to know when a look is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from shared.fleet import Gate
from shared.gates.measuring import Limits, measured
from shared.gates.scoring import Finding
from shared.gates.sliding import moment
from shared.gates.tally import begun, endless, fold, passed, standing
from shared.measured import Measurement, Phase, Tally
from shared.model import Sample, Verdict


class Look(NamedTuple):
    """A look that sees its whole window, from `since` until `until`, in seconds since 1970.

    `first` is the place of its first sample, `new` of the first that the look before it did not see, and
    `end` that after its last one. For some of the time until `unread_until` nobody answered.
    """

    since: float
    until: float
    first: int
    new: int
    end: int
    unread_until: float = -math.inf


class Start(NamedTuple):
    """Nothing is seen that is older than `at`, and nothing counted that is older than `counts_from`.

    Both are in seconds since 1970.
    """

    at: float
    counts_from: float


class Course:
    """The looks of one gate that are numbered as in `over`, with the limits that each number is held against.

    `looks` has all of them, numbered from 1. `samples` are those from place `offset` on.
    """

    def __init__(
        self,
        gate: Gate,
        samples: Sequence[Sample],
        limits: Limits,
        looks: Sequence[Look],
        over: range,
        offset: int = 0,
    ) -> None:
        self._gate = gate
        self._looks = looks
        self._offset = offset
        self._measurements = measured(samples, limits)
        self._odd = [0, *accumulate(map(int, _odd(self._measurements)))]
        self._calm = self._runs(over) if endless(gate) else {}

    def said(self, start: Start, looks: range) -> list[Finding]:
        """What is found at each of these looks, the first after a start and those that follow on it."""
        found: list[Finding] = []
        tally = begun(moment(start.counts_from))
        while len(found) < len(looks):
            look = looks[len(found)]
            at = self._looks[look - 1]
            if unread(at, start):
                found.append(Verdict.PROVIDER_ERROR)
                continue
            tally = self._folded(tally, at)
            stands = standing(self._gate, tally, moment(at.until))
            found.append(stands.doubt or stands.verdict or Verdict.NO_DATA)
            last = min(self._calm.get(look, look), looks[-1])
            if found[-1] is Verdict.PASS and last > look:
                found += [Verdict.PASS] * (last - look)
                tally = passed(self._gate, tally, self._of(at.end, self._looks[last - 1].end))
        return found

    def tally(self, start: Start, looks: range) -> Tally:
        """What was counted by the end of these looks."""
        tally = begun(moment(start.counts_from))
        for at in (self._looks[look - 1] for look in looks):
            if not unread(at, start):
                tally = self._folded(tally, at)
        return tally

    def _folded(self, tally: Tally, look: Look) -> Tally:
        """The tally with what is new at a look: the newest instant of before may come again."""
        measurements = self._of(look.first, look.end)
        if tally.newest_at is not None:
            place = len(measurements)
            while place and measurements[place - 1].at >= tally.newest_at:
                place -= 1
            measurements = measurements[place:]
        return fold(self._gate, tally, measurements)[0]

    def _of(self, first: int, end: int) -> list[Measurement]:
        return self._measurements[max(0, first - self._offset) : max(0, end - self._offset)]

    def _runs(self, over: range) -> dict[int, int]:
        """Of each look that calm ones follow on, the last of these."""
        found: dict[int, int] = {}
        for look in reversed(over[:-1]):
            if self._is_calm(look + 1):
                found[look] = found.get(look + 1, look + 1)
        return found

    def _is_calm(self, look: int) -> bool:
        """Whether it brings passes alone, right after the look before it."""
        at, before = self._looks[look - 1], self._looks[look - 2]
        first, end = at.new - self._offset, at.end - self._offset
        if at.unread_until > at.since or at.new != before.end:
            return False
        return first < end and self._odd[first] == self._odd[end]


def unread(look: Look, start: Start) -> bool:
    """Whether a look would have seen a time for which nobody answered."""
    return max(look.since, start.at) < look.unread_until


def _odd(measurements: Sequence[Measurement]) -> list[bool]:
    """Of each whether it is no pass, or not newer than the one before it."""
    if not measurements:
        return []
    first, *rest = measurements
    return [
        first.phase is not Phase.PASS,
        *(
            each.phase is not Phase.PASS or each.at <= before.at
            for before, each in zip(measurements, rest, strict=False)
        ),
    ]
