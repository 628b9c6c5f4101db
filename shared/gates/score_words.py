"""Says the value of a measure so that what is read in the sentence meets the target as the value does.

Decides nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from shared.gates.figures import percent, shown, span, times

_DIGITS = range(3, 17)

Words = Callable[[float, int], str]
"""A value in words, with so many digits."""


def truly(said: Words, within: Callable[[float], bool], value: float) -> str:
    """With as few digits as it takes: 0.9996 is not 100 % where the target is 100 %."""
    enough = (each for each in _DIGITS if within(float(f"{value:.{each}g}")) is within(value))
    return said(value, next(enough, _DIGITS.stop))


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
