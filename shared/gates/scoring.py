"""Decides what the gates of one group say together, by their weights. Refuses to know what they measure."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from msgspec import Struct

from shared.gate_rules import Scores
from shared.gates.figures import exactly, many, shown, telling
from shared.model import Verdict

POINTS = {Verdict.PASS: 100.0, Verdict.INCONCLUSIVE: 50.0, Verdict.FAIL: 0.0}
"""What a verdict is worth, 0 to 100. `no_data` and `provider_error` are absent: nobody knows what they hide.

An inconclusive gate counts half, as a warning does in Keptn (its lighthouse-service).
"""

_RANKS = {Verdict.FAIL: 0, Verdict.PASS: 2}
_UNKNOWN = (Verdict.PROVIDER_ERROR, Verdict.NO_DATA)
_WORST_FIRST = (Verdict.FAIL, *_UNKNOWN, Verdict.INCONCLUSIVE, Verdict.PASS)


def rank(verdict: Verdict) -> int:
    """How good a verdict is: 0 a failure, 2 a pass, 1 all that decides nothing.

    A bad sample more never lifts it. What has no verdict yet has no rank either.
    """
    return _RANKS.get(verdict, 1)


class Scored(Struct, frozen=True):
    """A group's verdict with its score, 0 to 100, and its sentence.

    The score is what the group is sure of: a member without evidence earns nothing. None where none has any.
    """

    verdict: Verdict
    score: float | None
    because: str


def score(rule: Scores, judged: Sequence[tuple[Verdict, float]], critical: Collection[int] = ()) -> Scored:
    """Score a group: each member is its verdict and its weight; `critical` are positions in `judged`.

    A member without evidence (`no_data`, `provider_error`) stays in the sum of weights. The group therefore
    has a least score, where all of those would have failed, and a greatest, where all would have passed. It
    passes where the least is enough, and fails where not even the greatest reaches `marginal`. Where the
    unknown decides between the two, the group's verdict is theirs. Kayenta leaves such a metric out, gives a
    group of nothing else 100 points, and fails everything once half of all metrics are without data (its
    WeightedSumScorer): the first passes what nobody saw, the second blames the candidate for a provider's
    trouble, and so does Keptn, which counts a missing value as failed.

    A critical member that failed fails the group with 0 points, as in Kayenta; a key SLI of Keptn does so
    too, and leaves the score as it is. A critical member that is not known to pass keeps the group from
    passing. No group passes on inconclusive members alone, whatever `passing` is.

    Raises:
        ValueError: a weight is negative or not finite, or a position in `critical` does not exist.
    """
    _check(judged, critical)
    vital = {judged[place][0] for place in critical}
    if Verdict.FAIL in vital:
        return Scored(Verdict.FAIL, 0.0, "a critical gate of the group failed")
    weighing = {verdict for verdict, weight in judged if weight > 0}
    if not weighing:
        return Scored(Verdict.NO_DATA, None, "no gate of the group has a weight")
    unknown = next((verdict for verdict in _UNKNOWN if verdict in weighing), None)
    if unknown is not None and weighing <= set(_UNKNOWN):
        return Scored(unknown, None, "no gate of the group has any evidence")
    least, greatest = _points(judged, 0.0), _points(judged, 100.0)
    if greatest < rule.marginal:
        verdict = Verdict.FAIL
    elif least >= rule.passing and Verdict.PASS in weighing:
        verdict = Verdict.PASS
    elif unknown is None or (least >= rule.marginal and greatest < rule.passing):
        verdict = Verdict.INCONCLUSIVE
    else:
        verdict = unknown
    worst = next(v for v in _WORST_FIRST if v in {verdict, *vital})
    return Scored(worst, least, _sentence(rule, judged, least, greatest, verdict, worst))


def _check(judged: Sequence[tuple[Verdict, float]], critical: Collection[int]) -> None:
    wrong = [f"weight {n} is {w}" for n, (_, w) in enumerate(judged) if not (math.isfinite(w) and w >= 0)]
    if wrong:
        raise ValueError(f"weights must be finite and not negative: {', '.join(wrong)}")
    missing = sorted(place for place in critical if not 0 <= place < len(judged))
    if missing:
        raise ValueError(f"critical positions {missing} do not exist among {len(judged)} gates")


def _points(judged: Sequence[tuple[Verdict, float]], unknown: float) -> float:
    """The mean points by weight, where a member without evidence has `unknown` points."""
    largest = max(weight for _, weight in judged)
    weights = [weight / largest for _, weight in judged]
    points = [POINTS.get(verdict, unknown) * w for (verdict, _), w in zip(judged, weights, strict=True)]
    # 19 of 20 equal weights are 95 points, whatever the last bits of the weights make of it.
    return round(math.fsum(points) / math.fsum(weights), 9)


def _sentence(
    rule: Scores,
    judged: Sequence[tuple[Verdict, float]],
    least: float,
    greatest: float,
    verdict: Verdict,
    worst: Verdict,
) -> str:
    unknown = sum(1 for found, weight in judged if found in _UNKNOWN and weight > 0)
    reached = (least >= rule.passing, least < rule.marginal)
    digits = telling(lambda read: (read >= rule.passing, read < rule.marginal) == reached, least)
    because = f"the group has {shown(least, digits=digits)} of 100 points"
    if unknown:
        silent = many(unknown, "without evidence is", "without evidence are")
        because += f", up to {shown(greatest)} if the {silent} well"
    if worst is not verdict:
        return f"{because}, but a critical gate is not known to pass: {worst}"
    if verdict is Verdict.PASS:
        return f"{because}; {exactly(rule.passing)} are enough"
    if verdict is Verdict.FAIL:
        return f"{because}; below {exactly(rule.marginal)} it fails"
    return f"{because}; it passes from {exactly(rule.passing)} on and fails below {exactly(rule.marginal)}"
