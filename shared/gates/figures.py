"""Small numbers and the words for them, which several judgements share. Decides nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate

_PARTS = 1 << 60
_MINUTE = 60


class Sums:
    """The sum of any run of numbers by one subtraction, exact because they are kept as whole parts."""

    __slots__ = ("_up_to",)

    def __init__(self, numbers: Iterable[float]) -> None:
        self._up_to = [0, *accumulate(map(_parts, numbers))]

    def of(self, first: int, end: int) -> float:
        """The sum of those from place `first` on, before place `end`. Raises OverflowError."""
        return (self._up_to[end] - self._up_to[first]) / _PARTS

    def mean(self, first: int, end: int) -> float:
        """As `mean` of those, of which there is at least one."""
        try:
            return self.of(first, end) / (end - first)
        except OverflowError:
            return (self._up_to[end] - self._up_to[first]) / (_PARTS * (end - first))


class Highest:
    """The highest of any run of numbers by one comparison: those of runs of 2, 4, 8 and so on are kept."""

    __slots__ = ("_runs",)

    def __init__(self, numbers: Iterable[float]) -> None:
        self._runs = [list(numbers)]
        length = 1
        while 2 * length <= len(self._runs[0]):
            shorter = self._runs[-1]
            self._runs.append(list(map(max, shorter, shorter[length:])))
            length *= 2

    def of(self, first: int, end: int) -> float:
        """The highest of those from place `first` on, before place `end`, of which there is at least one."""
        runs = self._runs[(end - first).bit_length() - 1]
        return max(runs[first], runs[end - (1 << (end - first).bit_length() - 1)])


def _parts(number: float) -> int:
    if number == int(number):
        return int(number) * _PARTS
    top, bottom = float(number).as_integer_ratio()
    return top * _PARTS // bottom


def minute_until(seconds: float) -> int:
    """The start of the minute that a moment lies in, both in seconds since 1970."""
    return int(seconds // _MINUTE) * _MINUTE


def minute_from(seconds: float) -> int:
    """The first start of a minute that is not before a moment, both in seconds since 1970."""
    return -int(-seconds // _MINUTE) * _MINUTE


def median(ordered: Sequence[float]) -> float:
    """The median of sorted numbers, of which there is at least one."""
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    # Halved first: the sum of two very large numbers may be no number any more.
    return ordered[middle - 1] / 2 + ordered[middle] / 2


def mean(values: Sequence[float]) -> float:
    """The mean of numbers, of which there is at least one."""
    try:
        return math.fsum(values) / len(values)
    except OverflowError:
        return math.fsum(value / len(values) for value in values)


def shown(number: float, unit: str = "") -> str:
    """A number with its unit as people read it: four digits, no more than it has."""
    return f"{number:.4g}{unit}"


def percent(share: float) -> str:
    """A share (0 to 1) in percent."""
    hundredths = share * 100
    return f"{hundredths:.0f} %" if 1000 <= hundredths < math.inf else f"{hundredths:.3g} %"


def span(seconds: float) -> str:
    """A length of time in the largest unit that does not hide it."""
    for length, word in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * length or (seconds >= length and seconds % length == 0):
            number = seconds / length
            return f"{number:.3g} {word if number != 1 else word[:-1]}"
    return f"{seconds:.3g} seconds"
