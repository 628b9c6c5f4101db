"""Says the value of a measure so that what is read in the sentence meets the target as the value does.

Decides nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

from shared.gates.figures import percent, shown, span, times

_DIGITS = range(3, 17)
_UNITS = {"%": 0.01, "time": 1.0, "second": 1.0, "minute": 60.0, "hour": 3_600.0, "day": 86_400.0}

Words = Callable[[float, int], str]
"""A value in words, with so many digits."""


def truly(said: Words, within: Callable[[float], bool], value: float) -> str:
    """With as few digits as it takes: 0.9996 is not 100 % where the target is 100 %."""
    each = (said(value, digits) for digits in _DIGITS)
    return next((text for text in each if within(_read(text, value)) is within(value)), said(value, 17))


def took(value: float, digits: int) -> str:
    """Seconds that something took."""
    return f"it took {span(value, digits)}"


def of_all(what: str) -> Words:
    """A share, of `what`."""
    return lambda value, digits: f"{percent(value, digits)} {what}"


def beside_baseline(value: float, digits: int) -> str:
    """A multiple of the baseline; of none there is no multiple."""
    if not math.isfinite(value):
        return "something where there was nothing"
    return f"{times(shown(value, digits=digits))} the baseline"


def _read(text: str, value: float) -> float:
    """The number that is read in a sentence; what is no number is read as it is."""
    pairs = pairwise(text.split())
    read = (float(number) * _UNITS[unit.rstrip("s")] for number, unit in pairs if unit.rstrip("s") in _UNITS)
    return next(read, value)
