"""Decides what the gates of one group say together, by their weights. Refuses to know what they measure."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence

from msgspec import Struct

from shared.gate_rules import Scores
from shared.gates.figures import exactly, shown, telling
from shared.model import Doubt, Verdict

Span = tuple[float, float]
Finding = Verdict | Doubt
"""What a member of a group came to: its verdict, or what is known of an inconclusive one all the same."""

_SPANS: dict[Finding, Span] = {
    Verdict.PASS: (100.0, 100.0),
    Verdict.FAIL: (0.0, 0.0),
    Doubt.WARNING: (50.0, 50.0),
    Doubt.AT_MOST_WARNING: (0.0, 50.0),
}
"""A warning is half, as in Keptn (its lighthouse-service).

All that is not here may be anything. Were doubt worth more than silence, a bad sample that lets something be
said at all could let a group pass; were it worth less, one that silences a gate could save it from failing.
"""
_ANY: Span = (0.0, 100.0)

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

    The score is what the group is sure of: a member without evidence, or in doubt, earns nothing. None where
    no member has any evidence.
    """

    verdict: Verdict
    score: float | None
    because: str


def score(rule: Scores, judged: Sequence[tuple[Finding, float]], critical: Collection[int] = ()) -> Scored:
    """Score a group: each member is its finding and its weight; `critical` are positions in `judged`.

    A member without evidence (`no_data`, `provider_error`) stays in the sum of weights, and so does one that
    is in doubt. The group therefore has a least score, where all of those would have failed, and a greatest,
    where all would have passed. It passes where the least is enough, and fails where not even the greatest
    reaches `marginal`. Where the unknown decides between the two, the group's verdict is theirs. Kayenta
    leaves such a metric out, gives a group of nothing else 100 points, and fails everything once half of all
    metrics are without data (its WeightedSumScorer): the first passes what nobody saw, the second blames the
    candidate for a provider's trouble, and so does Keptn, which counts a missing value as failed.

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
    weighing = {finding for finding, weight in judged if weight > 0}
    if not weighing:
        return Scored(Verdict.NO_DATA, None, "no gate of the group has a weight")
    unknown = next((verdict for verdict in _UNKNOWN if verdict in weighing), None)
    if unknown is not None and weighing <= set(_UNKNOWN):
        return Scored(unknown, None, "no gate of the group has any evidence")
    least = _points(judged, lambda each: worth(each)[0])
    greatest = _points(judged, lambda each: worth(each)[1])
    if greatest < rule.marginal:
        verdict = Verdict.FAIL
    elif least >= rule.passing and Verdict.PASS in weighing:
        verdict = Verdict.PASS
    elif unknown is None or _is_unclear(rule, judged):
        verdict = Verdict.INCONCLUSIVE
    else:
        verdict = unknown
    worst = next(v for v in _WORST_FIRST if v in {verdict, *map(verdict_of, vital)})
    return Scored(worst, least, _sentence(rule, judged, (least, greatest), verdict, worst))


def worth(finding: Finding) -> Span:
    """How many points, 0 to 100, a finding has at least and at most. A bad sample more raises neither."""
    return _SPANS.get(finding, _ANY)


def verdict_of(finding: Finding) -> Verdict:
    """The verdict of a finding."""
    return Verdict.INCONCLUSIVE if isinstance(finding, Doubt) else finding


def _is_unclear(rule: Scores, judged: Sequence[tuple[Finding, float]]) -> bool:
    """Whether the group neither passes nor fails, whatever the members without evidence are."""
    well = _points(judged, lambda each: worth(each)[each in _UNKNOWN])
    bad = _points(judged, lambda each: worth(each)[each not in _UNKNOWN])
    return well < rule.passing and bad >= rule.marginal


def _check(judged: Sequence[tuple[Finding, float]], critical: Collection[int]) -> None:
    wrong = [f"weight {n} is {w}" for n, (_, w) in enumerate(judged) if not (math.isfinite(w) and w >= 0)]
    if wrong:
        raise ValueError(f"weights must be finite and not negative: {', '.join(wrong)}")
    missing = sorted(place for place in critical if not 0 <= place < len(judged))
    if missing:
        raise ValueError(f"critical positions {missing} do not exist among {len(judged)} gates")


def _points(judged: Sequence[tuple[Finding, float]], of: Callable[[Finding], float]) -> float:
    """The mean by weight of the points that `of` gives a finding."""
    largest = max(weight for _, weight in judged)
    weights = [weight / largest for _, weight in judged]
    points = [of(finding) * weight for (finding, _), weight in zip(judged, weights, strict=True)]
    # 19 of 20 equal weights are 95 points, whatever the last bits of the weights make of it.
    return round(math.fsum(points) / math.fsum(weights), 9)


def _sentence(
    rule: Scores,
    judged: Sequence[tuple[Finding, float]],
    span: Span,
    verdict: Verdict,
    worst: Verdict,
) -> str:
    least, greatest = span
    reached = (least >= rule.passing, least < rule.marginal)
    digits = telling(lambda read: (read >= rule.passing, read < rule.marginal) == reached, least)
    because = f"the group has {shown(least, digits=digits)} of 100 points{_open(judged, greatest)}"
    if worst is not verdict:
        return f"{because}, but a critical gate is not known to pass: {worst}"
    if verdict is Verdict.PASS:
        return f"{because}; {exactly(rule.passing)} are enough"
    if verdict is Verdict.FAIL:
        return f"{because}; below {exactly(rule.marginal)} it fails"
    if least >= rule.passing:
        return f"{because}, which would be enough, but none of its gates passes"
    return f"{because}; it passes from {exactly(rule.passing)} on and fails below {exactly(rule.marginal)}"


def _open(judged: Sequence[tuple[Finding, float]], greatest: float) -> str:
    """How many points more it may have, and by which members."""
    weighing = [finding for finding, weight in judged if weight > 0]
    silent = sum(finding in _UNKNOWN for finding in weighing)
    doubtful = sum(worth(finding)[0] < worth(finding)[1] for finding in weighing) - silent
    kinds = ((silent, "without evidence"), (doubtful, "in doubt"))
    told = [f"the {count} {kind}" for count, kind in kinds if count]
    if not told:
        return ""
    return f", at most {shown(greatest)} with {' and '.join(told)}"
