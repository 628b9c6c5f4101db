"""Decides which of several numbers of one instant the candidate is held to beside live.

The worst of them is the instant's number. What is far out is one more, and takes no other's place: a number
more must not take away what spoke against the candidate without it.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.fleet import Gate
from shared.gate_rules import Comparison, Direction
from shared.gates.figures import tidy
from shared.gates.measuring import SOUND, numbers
from shared.gates.scoring import rank
from shared.gates.statistics import Compared, Fence, compare, fence
from shared.measured import Measurement


def compared(
    gate: Gate, rule: Comparison, measurements: Sequence[Measurement], live: Sequence[float]
) -> Compared:
    """`compare` of a window's measurements with live's numbers. Where an instant has two worst, the worse.

    Raises:
        ValueError: a number of live's is NaN or infinite.
    """
    around = fence(rule, live)
    found = compare(rule, _values(gate, around, measurements, falls=False), live, gate.unit)
    if rule.direction is Direction.EITHER:
        # Of one instant the highest is the worst, and so is the lowest.
        lowest = compare(rule, _values(gate, around, measurements, falls=True), live, gate.unit)
        found = min(found, lowest, key=lambda each: rank(each.verdict))
    return found


def _values(gate: Gate, around: Fence, measurements: Sequence[Measurement], *, falls: bool) -> list[float]:
    near, above, below = list[Measurement](), list[Measurement](), list[Measurement]()
    for each in measurements:
        if each.value is None or each.phase not in SOUND:
            continue
        far = above if tidy(each.value) > around.high else below
        (near if around.holds(each.value) else far).append(each)
    return [*numbers(gate, near, falls=falls), *numbers(gate, above), *numbers(gate, below, falls=True)]
