"""How many ways of dealing values to two sides rank one as high: counted, and by writing every way down."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from shared.gate_rules import Comparison, Direction
from shared.gates.deals import dealt
from shared.gates.scoring import rank
from shared.gates.statistics import compare
from shared.model import Verdict

tied = st.lists(st.integers(0, 3).map(float), min_size=1, max_size=6)
NONE = [0.0]


def pairs_above(ours: list[float], theirs: list[float]) -> float:
    """Mann-Whitney's U."""
    return sum((one > other) + (one == other) / 2 for one in ours for other in theirs)


@settings(deadline=None, max_examples=60)
@given(tied, tied)
def test_the_share_is_that_of_all_ways_written_down(ours: list[float], theirs: list[float]) -> None:
    every = range(len(ours) + len(theirs))
    both, found = [*ours, *theirs], dealt(ours, theirs)
    ways = [
        pairs_above([both[n] for n in taken], [both[n] for n in every if n not in taken])
        for taken in combinations(every, len(ours))
    ]
    told = pairs_above(ours, theirs)
    assert found is not None
    assert found.high == pytest.approx(sum(way >= told for way in ways) / len(ways))
    assert found.low == pytest.approx(sum(way <= told for way in ways) / len(ways))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 10_000).map(float), min_size=2, max_size=60, unique=True), st.data())
def test_without_ties_it_is_that_of_scipy(values: list[float], data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(values) - 1))
    ours, theirs = values[:cut], values[cut:]
    found = dealt(ours, theirs)
    assert found is not None
    assert found.high == pytest.approx(
        mannwhitneyu(ours, theirs, alternative="greater", method="exact").pvalue
    )
    assert found.low == pytest.approx(mannwhitneyu(ours, theirs, alternative="less", method="exact").pvalue)


@pytest.mark.parametrize(("each", "high"), [(20, 0.1153846), (100, 0.1231156), (720, 0.1247394)])
def test_three_errors_on_one_side_and_none_on_the_other_are_an_eighth(each: int, high: float) -> None:
    # The normal curve says 0.04 of all of them.
    ours = [0.1, 0.2, 0.3] + NONE * (each - 3)
    found = dealt(ours, NONE * each)
    assert found is not None
    assert found.high == pytest.approx(high, abs=1e-6)
    assert mannwhitneyu(ours, NONE * each, alternative="greater").pvalue < 0.045
    assert compare(Comparison(effect_max=0.0), ours, NONE * each).verdict is Verdict.INCONCLUSIVE


def test_too_many_ways_are_left_to_the_normal_curve() -> None:
    ours, theirs = [float(n) for n in range(300)], [n + 0.5 for n in range(300)]
    assert dealt(ours, theirs) is None
    expected = mannwhitneyu(ours, theirs, alternative="greater").pvalue
    assert compare(Comparison(), ours, theirs).p_value == expected


@pytest.mark.parametrize("each", [9, 12, 20, 30])
def test_a_repeated_worst_sample_leaves_a_difference_as_certain(each: int) -> None:
    # Each sample more, of which the first makes the ninth or the first tie, was counted another way.
    rule = Comparison(samples_min=5, effect_max=0.2, confidence=0.999)
    live = [float(n) for n in range(each)]
    candidate = [live[-1] - 1.5 + n for n in range(5)]
    before = compare(rule, candidate, live)
    for _ in range(12):
        candidate.append(max(candidate))
        after = compare(rule, candidate, live)
        assert rank(after.verdict) <= rank(before.verdict)
        assert after.p_value is not None
        assert before.p_value is not None
        assert after.p_value < before.p_value
        before = after


def test_nine_samples_are_as_certain_as_eight() -> None:
    rule = Comparison(samples_min=5, effect_max=0.2, confidence=0.9999)
    live = [float(n) for n in range(13)]
    candidate = [9.5, *(20.0 + n for n in range(7))]
    assert compare(rule, candidate, live).verdict is Verdict.FAIL
    assert compare(rule, [*candidate, 30.0], live).verdict is Verdict.FAIL


def test_the_p_value_is_that_of_the_direction() -> None:
    ours, theirs = [0.0, 2.0, 2.0, 3.0, 3.0], [0.0, 0.0, 1.0, 2.0, 2.0]
    up, down, either = (
        compare(Comparison(direction=each, samples_min=5), ours, theirs) for each in Direction
    )
    counted = dealt(ours, theirs)
    assert counted is not None
    assert (up.p_value, down.p_value) == counted
    assert either.p_value == pytest.approx(2 * counted.high)
