"""Counts in how many ways of dealing values to two sides one side ranks as high as it does, ties and all.

Decides nothing. What makes a p-value exact: the normal curve that stands in for the count in large samples
calls a few tied values two or three times as certain as they are, and a few untied ones less.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

# Bits that may be moved for one count: some hundredths of a second.
_WORK_MAX = 2_000_000_000


class Dealt(NamedTuple):
    """The share of all ways to deal that rank our side at least as high, and at least as low."""

    high: float
    low: float


def dealt(ours: Sequence[float], theirs: Sequence[float]) -> Dealt | None:
    """How likely such ranks are where both sides are alike; None where there are too many ways to count.

    Each side has a value at least. The value that comes most often is not dealt one by one: it fills the
    places that all others leave.
    """
    every = Counter((*ours, *theirs))
    scores = _scores(every)
    often = max(every, key=lambda value: every[value])
    rest = [scores[value] for value, count in every.items() if value != often for _ in range(count)]
    places, width = min(len(ours), len(rest)), len(rest) + 2
    longest = sum(sorted(rest, reverse=True)[:places])
    if len(rest) * places * (longest + 1) * width > _WORK_MAX:
        return None
    total = sum(scores[value] for value in ours)
    high = low = 0
    for taken, sums in enumerate(_sums(rest, places, width)):
        left = len(ours) - taken
        ways, needed = math.comb(every[often], left), total - left * scores[often]
        high += ways * _ways_from(sums, needed, width)
        low += ways * (math.comb(len(rest), taken) - _ways_from(sums, needed + 1, width))
    deals = math.comb(len(ours) + len(theirs), len(ours))
    return Dealt(high / deals, low / deals)


def _scores(every: Counter[float]) -> dict[float, int]:
    """Whole numbers that are as far apart as the ranks: tied values share theirs, the lowest has 0."""
    found: dict[float, int] = {}
    below = 0
    for value in sorted(every):
        found[value] = 2 * below + every[value]
        below += every[value]
    lowest = min(found.values())
    step = math.gcd(*(score - lowest for score in found.values())) or 1
    return {value: (score - lowest) // step for value, score in found.items()}


def _sums(scores: Sequence[int], places: int, width: int) -> list[int]:
    """For each number of scores that are taken, up to `places`, how many ways come to which sum.

    The ways for each sum are `width` bits of one large number, so that adding a score to all is one shift.
    """
    sums = [1, *[0] * places]
    for there, score in enumerate(scores, 1):
        for taken in range(min(there, places), 0, -1):
            sums[taken] += sums[taken - 1] << score * width
    return sums


def _ways_from(sums: int, needed: int, width: int) -> int:
    """How many ways come to a sum of so much at least."""
    # A number has the same remainder as its digits together, where its base less one divides it.
    return (sums >> max(needed, 0) * width) % ((1 << width) - 1)
