"""What the gates of a group say together: what nobody saw is worth nothing, and is nobody's fault."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.gate_rules import Scores
from shared.gates.scoring import Finding, rank, score, worth
from shared.model import Doubt, Verdict

P, F, I, N, E = (  # noqa: E741
    Verdict.PASS,
    Verdict.FAIL,
    Verdict.INCONCLUSIVE,
    Verdict.NO_DATA,
    Verdict.PROVIDER_ERROR,
)
W, B = Doubt
Judged = list[tuple[Finding, float]]

weights = st.one_of(st.sampled_from([0.0, 1.0, 0.1]), st.floats(min_value=0.001, max_value=1e3))
findings = st.sampled_from([*Verdict, *Doubt])
groups = st.lists(st.tuples(findings, weights), min_size=1, max_size=8)
bars = st.tuples(st.floats(0, 100), st.floats(0, 100)).map(
    lambda both: Scores(passing=max(both), marginal=min(both))
)


def equal(*verdicts: Finding) -> Judged:
    return [(verdict, 1.0) for verdict in verdicts]


@pytest.mark.parametrize(
    ("judged", "points", "verdict"),
    [
        # Kayenta's ScorerSuite: one metric, two, three, and groups of weight 75 and 25.
        (equal(P), 100, P),
        (equal(F), 0, F),
        (equal(P, F), 50, F),
        (equal(P, F, F), pytest.approx(33.33, abs=0.01), F),
        ([(P, 37.5), (P, 37.5), (F, 25.0)], 75, I),
        # Keptn: a warning earns half of the weight.
        (equal(P, P, P, W), 87.5, I),
        (equal(*[P] * 9, W), 95, P),
        (equal(W, W), 50, F),
        (equal(*[P] * 19, F), 95, P),
        ([(P, 0.1)] * 19 + [(F, 0.1)], 95, P),
        (equal(*[P] * 18, F, F), 90, I),
    ],
)
def test_a_group_scores_by_the_weights_of_its_members(
    judged: Judged, points: float, verdict: Verdict
) -> None:
    found = score(Scores(), judged)
    assert (found.score, found.verdict) == (points, verdict)


@pytest.mark.parametrize(
    ("judged", "points", "verdict", "words"),
    [
        # Kayenta gives a group of nothing but errors 100 points.
        (equal(E, E, E), None, E, "no gate of the group has any evidence"),
        (equal(N, N), None, N, "no gate of the group has any evidence"),
        (equal(N, E), None, E, "no gate of the group has any evidence"),
        ([], None, N, "no gate of the group has a weight"),
        ([(P, 0.0)], None, N, "no gate of the group has a weight"),
        (equal(*[P] * 9, E), 90, E, "90 of 100 points, at most 100 with the 1 without evidence; it passes"),
        (equal(*[P] * 9, N), 90, N, "at most 100"),
        (equal(*[P] * 19, E), 95, P, "95 are enough"),
        (equal(*[F] * 3, E), 0, F, "at most 25"),
        (equal(*[P] * 17, F, F, E), 85, I, "at most 90"),
    ],
)
def test_what_nobody_saw_decides_only_where_it_could_make_a_difference(
    judged: Judged, points: float | None, verdict: Verdict, words: str
) -> None:
    found = score(Scores(), judged)
    assert (found.score, found.verdict) == (points, verdict)
    assert words in found.because


@pytest.mark.parametrize(
    ("critical", "points", "verdict"),
    [(F, 0, F), (E, 99, E), (N, 99, N), (I, 99, I), (W, 99.5, I), (P, 100, P)],
)
def test_a_critical_gate_that_does_not_pass_keeps_the_group_from_passing(
    critical: Finding, points: float, verdict: Verdict
) -> None:
    judged = [*equal(*[P] * 99), (critical, 1.0)]
    found = score(Scores(), judged, critical={99})
    assert (found.score, found.verdict) == (points, verdict)
    assert score(Scores(), judged).verdict is P


def test_a_critical_gate_needs_no_weight_to_fail_the_group() -> None:
    assert score(Scores(), [(P, 1.0), (F, 0.0)], critical=[1]).verdict is F


def test_a_group_that_is_marginal_everywhere_does_not_pass_however_low_the_bar_is() -> None:
    assert score(Scores(passing=10, marginal=5), equal(W, W)).verdict is I
    assert score(Scores(passing=0, marginal=0), equal(F, F)).verdict is I


@pytest.mark.parametrize(
    ("judged", "critical", "message"),
    [
        ([(P, -1.0)], (), "weight 0 is -1.0"),
        ([(P, 1.0), (P, float("nan"))], (), "weight 1 is nan"),
        ([(P, float("inf"))], (), "weight 0 is inf"),
        (equal(P), (1,), r"positions \[1\] do not exist among 1 gates"),
    ],
)
def test_weights_and_positions_that_make_no_sense_are_refused(
    judged: Judged, critical: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        score(Scores(), judged, critical)


@given(groups, st.floats(min_value=0, max_value=100))
def test_no_group_passes_without_a_member_that_passes(judged: Judged, passing: float) -> None:
    if score(Scores(passing=passing, marginal=0), judged).verdict is P:
        assert any(verdict is P and weight > 0 for verdict, weight in judged)


@pytest.mark.parametrize(
    ("judged", "points", "verdict", "words"),
    [
        # It may burn, or be as well as all the others: neither a pass nor a failure hangs on half of it.
        (equal(*[P] * 9, I), 90, I, "90 of 100 points, at most 100 with the 1 in doubt; it passes"),
        (equal(I, I), 0, I, "at most 100 with the 2 in doubt"),
        (equal(*[P] * 9, B), 90, I, "at most 95 with the 1 in doubt"),
        (equal(B, B), 0, F, "at most 50"),
        (equal(*[P] * 8, I, N), 80, I, "at most 100 with the 1 without evidence and the 1 in doubt"),
        # Whatever the silent one is, a fifth of the group failed.
        (equal(*[P] * 16, *[F] * 3, B, N), pytest.approx(76.19, abs=0.01), I, "at most 83.3"),
        (equal(*[P] * 14, *[F] * 5, I, N), pytest.approx(66.67, abs=0.01), N, "at most 76.19"),
    ],
)
def test_what_is_in_doubt_is_neither_well_nor_bad(
    judged: Judged, points: float, verdict: Verdict, words: str
) -> None:
    found = score(Scores(), judged)
    assert (found.score, found.verdict) == (points, verdict)
    assert words in found.because


@given(groups, weights.filter(bool), st.sampled_from([F, N, E]))
def test_a_member_that_does_not_pass_never_raises_a_score(
    judged: Judged, weight: float, worse: Verdict
) -> None:
    before, after = score(Scores(), judged), score(Scores(), [*judged, (worse, weight)])
    assert (after.score or 0) <= (before.score or 0)
    assert after.verdict is not P or before.verdict is P


@given(groups, st.data(), bars, st.sets(st.integers(0, 7)))
def test_a_group_is_never_better_by_a_member_that_is_worth_less(
    judged: Judged, data: st.DataObject, bar: Scores, vital: set[int]
) -> None:
    place = data.draw(st.integers(0, len(judged) - 1))
    critical = [each for each in vital if each < len(judged)]
    was, weight = judged[place]
    less = [
        each
        for each in (*Verdict, *Doubt)
        if all(a <= b for a, b in zip(worth(each), worth(was), strict=True))
    ]
    after = [*judged[:place], (data.draw(st.sampled_from(less)), weight), *judged[place + 1 :]]
    assert rank(score(bar, after, critical).verdict) <= rank(score(bar, judged, critical).verdict)


@given(groups)
def test_only_the_proportion_of_weights_matters(judged: Judged) -> None:
    doubled = [(verdict, weight * 2) for verdict, weight in judged]
    assert score(Scores(), judged) == score(Scores(), doubled)


@given(groups, st.randoms(use_true_random=False))
def test_the_order_of_members_changes_nothing(judged: Judged, random: object) -> None:
    shuffled = judged.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert score(Scores(), shuffled) == score(Scores(), judged)
