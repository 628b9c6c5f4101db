"""Small numbers and the words for them, which several judgements share. Decides nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate

_PARTS = 1 << 60
_MINUTE = 60
_DIGITS = 4
# What is written with so many digits is read back as it was, and with more of them every number is itself.
_DIGITS_ALL, _DIGITS_MAX = 15, 17
# What is further apart, as a share of the larger, reads as two numbers.
_APART = 2 * 10.0 ** (1 - _DIGITS)
_SMALLEST = -6
_MARGIN = 1 + 1e-12


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


def multiple(factor: float, of: float) -> float:
    """A limit that is a multiple: a mean that equals it is within, whatever the last bits of both say."""
    return factor * of * _MARGIN


def tidy(number: float) -> float:
    """A number without the noise of its last bits."""
    return float(f"{number:.12g}")


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


def shown(number: float, unit: str = "", digits: int = _DIGITS) -> str:
    """A number with its unit as people read it: so many digits, and all before the point."""
    return f"{_plain(number, digits)}{' ' if unit[:1].isalpha() else ''}{unit}"


def exactly(number: float, unit: str = "") -> str:
    """A number that somebody wrote, as it was written."""
    return shown(number, unit, _DIGITS_ALL)


def telling(holds: Callable[..., bool], *numbers: float) -> int:
    """With how many digits numbers must be shown so that what is said of them holds of what is read."""
    every = range(_DIGITS, _DIGITS_MAX)
    good = (each for each in every if holds(*(float(_plain(number, each)) for number in numbers)))
    return next(good, _DIGITS_MAX)


def beside(value: float, limit: float, unit: str = "") -> str:
    """A value that is read next to a limit: rounding makes it neither equal nor something else."""
    digits = telling(lambda read: (read > limit, read < limit) == (value > limit, value < limit), value)
    return shown(value, unit, digits)


def apart(value: float, *others: float) -> int:
    """With how many digits a value reads above, below or equal to each of the others, as it is to them."""
    # Mostly they are far apart, and this is asked of every look at the past.
    if all(abs(value - other) > _APART * max(abs(value), abs(other)) for other in others):
        return _DIGITS
    meant = _order(*map(tidy, (value, *others)))
    return telling(lambda *read: _order(*read) == meant, value, *others)


def _order(value: float, *others: float) -> list[int]:
    return [(value > other) - (value < other) for other in others]


def _plain(number: float, digits: int) -> str:
    size = math.floor(math.log10(abs(number))) if number and math.isfinite(number) else 0
    if not _SMALLEST <= size < _DIGITS_ALL:
        return f"{number:.{digits}g}"
    text = f"{number or 0.0:.{max(0, digits - 1 - size)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def times(number: str) -> str:
    """So many times."""
    return f"{number} time{'' if number == '1' else 's'}"


def many(number: float, one: str, several: str) -> str:
    """A number and the word for so many."""
    return f"{number} {one if number == 1 else several}"


def missing(there: int, needed: int, one: str, several: str, of: str = "") -> str:
    """How many there are of what is needed."""
    if needed == 1:
        return f"the 1 {one} it needs{of} is not there"
    return f"{there} of the {needed} {several} it needs{of} {are(there)} there"


def are(number: int) -> str:
    """The verb for so many of several."""
    return "is" if number == 1 else "are"


def percent(share: float, digits: int = 3) -> str:
    """A share (0 to 1) in percent."""
    hundredths = share * 100
    return f"{hundredths:.0f} %" if 1000 <= hundredths < math.inf else f"{hundredths:.{digits}g} %"


def span(seconds: float, digits: int = 3) -> str:
    """A length of time in the largest unit that does not hide it."""
    for length, word in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * length or (seconds >= length and seconds % length == 0):
            number = seconds / length
            return f"{number:.{digits}g} {word if number != 1 else word[:-1]}"
    return f"{seconds:.{digits}g} {'second' if seconds == 1 else 'seconds'}"


def last(seconds: float) -> str:
    """The time that ends now: `the last hour`, `the last 6 hours`."""
    return f"the last {span(seconds).removeprefix('1 ')}"
