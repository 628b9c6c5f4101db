"""Decides whether the candidate differs from the live slot, by ranks. Refuses to know what the numbers mean.

The Mann-Whitney U test asks how often a value of one side is above a value of the other. It needs no normal
distribution and does not care how far an outlier is out. How often is also the effect: Cliff's delta.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from shared.gate_rules import Comparison, Direction
from shared.gates.deals import dealt
from shared.gates.figures import apart, beside, exactly, many, median, shown, tidy
from shared.gates.scoring import rank
from shared.model import Verdict

# Romano, Kromrey, Coraggio and Skowronek (2006), the usual reading of Cliff's delta.
NEGLIGIBLE = 0.147
_SIZES = ((NEGLIGIBLE, "negligible"), (0.33, "small"), (0.474, "medium"))
_POINTS = {Verdict.PASS: 100.0, Verdict.INCONCLUSIVE: 50.0, Verdict.FAIL: 0.0}
# So many times the range of live's values beyond it a value is far out.
_RANGES_MAX = 3.0


class Fence(NamedTuple):
    """Between which values, both included, a number of the candidate is not far out of what live has."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether it is no further out. The last bits of a sum are no distance."""
        return self.low <= tidy(value) <= self.high

    def equal(self, values: Sequence[float]) -> list[float]:
        """The sorted values, with all that is far out on a side as far out as the furthest there."""
        lowest, highest = values[0], values[-1]
        return [lowest if v < self.low else highest if v > self.high else v for v in values]


class Compared(Struct, frozen=True):
    """The verdict of a comparison with its sentence.

    `effect` is Cliff's delta (-1 to 1) in the direction that counts against the candidate: 1 says that every
    one of its values is worse than every live one, 0 that neither side is, below 0 that the candidate is
    better. `p_value` is the chance of such a difference between two equal slots, None where no test was
    needed. `score` is 100 for a pass, 50 where it is inconclusive, 0 for a failure, None without evidence.
    """

    verdict: Verdict
    because: str
    effect: float | None = None
    p_value: float | None = None
    score: float | None = None


def compare(rule: Comparison, candidate: Sequence[float], live: Sequence[float], unit: str = "") -> Compared:
    """Compare the candidate's values with the live slot's of the same window.

    | difference in `direction`   | effect > `effect_max` | up to it            | negligible (<= 0.147) |
    | significant at `confidence` | fail                  | inconclusive        | pass                  |
    | not significant             | inconclusive          | pass                | pass                  |

    A difference fails where it is both certain and large. Large but not certain means too few samples to
    tell: Kayenta calls that Pass, and a candidate with little traffic would pass by having little of it.
    Certain but tolerable is a thing for a person: Kayenta passes it below its `allowedIncrease`. Certain
    but negligible passes here too: with enough samples any two clusters differ, and nobody wants to be
    woken for it. Kayenta's High and Low are `direction`; its effect size is a ratio of means, which a
    single outlier makes, and which it does not look at where a mean is 0; its other one, `cles`, is (1 +
    delta) / 2. Flagger knows no such comparison: it holds each value against a fixed range, and counts
    silence as a failure.

    Two constants are compared like all else: each value of one side is above each of the other, and how
    certain that is follows from their numbers alone. Kayenta adds noise to them and lets chance decide.

    What is far out of what live has (`fence`) is no evidence that both are alike: the values are compared
    once more without it, and the worse of the two verdicts counts. Where either side is bad, what is far out
    on one is no evidence against a difference to the other: that still fails once it is left out.

    Fewer than `samples_min` values on a side are `no_data`. The p-value is counted, with ties (`dealt`), as
    long as there are not too many ways to count, and corrected for ties after that (docs.scipy.org,
    scipy.stats.mannwhitneyu). Kayenta and scipy take the normal curve much sooner: to it three minutes of a
    hundred with errors, beside none of a hundred, are no chance at 95 %; they come about once in eight times.

    Raises:
        ValueError: a value is NaN or infinite.
    """
    _refuse_no_numbers(candidate=candidate, live=live)
    # The last bits of a sum or a division are no ranks.
    candidate, live = [tidy(value) for value in candidate], [tidy(value) for value in live]
    found = _compared(rule, candidate, live, unit)
    if found.verdict in (Verdict.FAIL, Verdict.NO_DATA):
        return found
    for kept, needed in _parts(rule, fence(rule, live), candidate):
        if len(kept) == len(candidate):
            continue
        without = _compared(replace(rule, samples_min=needed), kept, live, unit)
        if rank(without.verdict) < rank(found.verdict):
            far = many(len(candidate) - len(kept), "sample that is", "samples that are")
            because = f"without {far} far out of what live has, {without.because}"
            found = replace(without, because=because)
    return found


def _parts(rule: Comparison, around: Fence, candidate: Sequence[float]) -> Iterator[tuple[list[float], int]]:
    """The candidate's values without what is far out, and how many of them it takes to say anything."""
    yield [value for value in candidate if around.holds(value)], rule.samples_min
    if rule.direction is Direction.EITHER:
        # Together there are enough of them.
        yield [value for value in candidate if value <= around.high], 1
        yield [value for value in candidate if value >= around.low], 1


def fence(rule: Comparison, live: Sequence[float]) -> Fence:
    """How far out a number may be, in the direction that counts, to speak for a candidate beside live.

    Where live never varied, all that is beyond it is far.
    """
    if not live:
        return Fence(-math.inf, math.inf)
    lowest, highest = tidy(min(live)), tidy(max(live))
    away = _RANGES_MAX * (highest - lowest)
    falls, rises = rule.direction is not Direction.INCREASE, rule.direction is not Direction.DECREASE
    return Fence(lowest - away if falls else -math.inf, highest + away if rises else math.inf)


def _compared(rule: Comparison, candidate: Sequence[float], live: Sequence[float], unit: str) -> Compared:
    needed = max(rule.samples_min, 1)
    if len(candidate) < needed or len(live) < needed:
        because = (
            f"{len(candidate)} candidate and {len(live)} live samples are there, {needed} each are needed"
        )
        return Compared(Verdict.NO_DATA, because)
    ours, theirs = sorted(candidate), sorted(live)
    if math.isclose(ours[0], theirs[-1]) and math.isclose(ours[-1], theirs[0]):
        always = f"both sides were always {shown(theirs[0], unit)}"
        because = f"{always} in {len(ours)} and {len(theirs)} samples: there is no difference"
        return Compared(Verdict.PASS, because, 0.0, None, _POINTS[Verdict.PASS])
    # Far out is far out: how far must not decide how certain a difference is.
    delta, p_value = _tested(rule.direction, fence(rule, theirs).equal(ours), theirs)
    effect = _against(rule.direction, delta)
    verdict, reading = _weigh(rule, effect, p_value)
    because = _difference(rule, ours, theirs, unit, delta, p_value)
    return Compared(verdict, f"{because}: {reading}", effect, p_value, _POINTS[verdict])


def _refuse_no_numbers(**sides: Sequence[float]) -> None:
    wrong = [
        f"{side}[{n}] is {value}"
        for side, values in sides.items()
        for n, value in enumerate(values)
        if not math.isfinite(value)
    ]
    if wrong:
        raise ValueError(f"only finite numbers can be compared: {', '.join(wrong)}")


def _tested(direction: Direction, ours: list[float], theirs: list[float]) -> tuple[float, float]:
    """Cliff's delta of the candidate over live, and the p-value in that direction."""
    counted = dealt(ours, theirs)
    if counted is not None:
        sided = {Direction.INCREASE: counted.high, Direction.DECREASE: counted.low}
        return _delta(ours, theirs), sided.get(direction, min(1.0, 2 * min(counted)))
    from scipy.stats import mannwhitneyu

    words: dict[Direction, Literal["greater", "less", "two-sided"]] = {
        Direction.INCREASE: "greater",
        Direction.DECREASE: "less",
        Direction.EITHER: "two-sided",
    }
    found = mannwhitneyu(ours, theirs, alternative=words[direction])
    return _delta(ours, theirs), float(found.pvalue)


def _delta(ours: list[float], theirs: list[float]) -> float:
    # Whole numbers until the last step, so that an effect at its limit is not above it by a last bit.
    above = sum(bisect_left(theirs, value) + bisect_right(theirs, value) for value in ours)
    pairs = len(ours) * len(theirs)
    return (above - pairs) / pairs


def _against(direction: Direction, delta: float) -> float:
    if direction is Direction.EITHER:
        return abs(delta)
    return delta if direction is Direction.INCREASE else -delta


def _weigh(rule: Comparison, effect: float, p_value: float) -> tuple[Verdict, str]:
    significant = 1 - p_value > rule.confidence
    limit = exactly(rule.effect_max)
    if significant and effect > rule.effect_max:
        return Verdict.FAIL, f"it is no chance, and more than the effect of {limit} that is tolerated"
    if effect > rule.effect_max:
        return (
            Verdict.INCONCLUSIVE,
            f"more than the effect of {limit} that is tolerated, but it may be chance",
        )
    if significant and effect > min(NEGLIGIBLE, rule.effect_max):
        return Verdict.INCONCLUSIVE, f"it is no chance, though not above the effect of {limit} that fails"
    if effect <= 0:
        return Verdict.PASS, "the candidate is not worse"
    return Verdict.PASS, "it is negligible" if significant else "it may well be chance"


def _difference(
    rule: Comparison, ours: list[float], theirs: list[float], unit: str, delta: float, p_value: float
) -> str:
    size = next((word for limit, word in _SIZES if abs(delta) <= limit), "large")
    side = "neither is higher"
    if delta:
        effect = beside(abs(delta), rule.effect_max)
        side = f"the candidate is {'higher' if delta > 0 else 'lower'}, a {size} effect of {effect}"
    constant = ", each side constant" if ours[0] == ours[-1] and theirs[0] == theirs[-1] else ""
    here, there = median(ours), median(theirs)
    digits = apart(here, there)
    return (
        f"a median of {shown(here, unit, digits)} on the candidate and {shown(there, unit, digits)} on live "
        f"in {len(ours)} and {len(theirs)} samples{constant}; {side} "
        f"(p {beside(p_value, 1 - rule.confidence)}, significant below {shown(1 - rule.confidence)})"
    )
