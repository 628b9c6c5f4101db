"""The candidate beside live: what differs for certain and by how much, and what nobody can tell."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from shared.gate_rules import Comparison, Direction
from shared.gates.scoring import rank
from shared.gates.statistics import compare, fence
from shared.model import Verdict

# docs.scipy.org, scipy.stats.mannwhitneyu: ages at diagnosis of type II diabetes, U = 17 for the men.
MALES, FEMALES = [19.0, 22.0, 16.0, 29.0, 24.0], [20.0, 11.0, 17.0, 12.0]
EXAMPLE = Comparison(samples_min=4)
INCREASE, DECREASE, EITHER = Direction.INCREASE, Direction.DECREASE, Direction.EITHER

numbers = st.floats(min_value=-1e9, max_value=1e9, allow_nan=False).map(lambda x: round(x, 3))
few = st.integers(min_value=0, max_value=9).map(float)
sides = st.lists(st.one_of(numbers, few), min_size=5, max_size=40)


def alike(rule: Comparison, candidate: list[float], live: list[float]) -> bool:
    """Whether no value of the candidate is far out of what live has."""
    return all(fence(rule, live).holds(value) for value in candidate)


def spread(center: float, count: int = 30) -> list[float]:
    """Evenly spread values around a center, one apart."""
    return [center + n - (count - 1) / 2 for n in range(count)]


@pytest.mark.parametrize(
    ("direction", "effect", "p_value"),
    [(INCREASE, 0.7, 0.111111 / 2), (DECREASE, -0.7, 0.968254), (EITHER, 0.7, 0.111111)],
)
def test_the_published_example_has_its_u_and_its_p(
    direction: Direction, effect: float, p_value: float
) -> None:
    found = compare(Comparison(direction=direction, samples_min=4), MALES, FEMALES)
    assert found.effect == pytest.approx(effect)  # U = 17 of 20 pairs: 2 * 17 / 20 - 1
    assert found.p_value == pytest.approx(p_value, abs=1e-5)


@pytest.mark.parametrize(
    ("shift", "direction", "verdict"),
    [
        (0, INCREASE, Verdict.PASS),
        (2, INCREASE, Verdict.PASS),
        (20, INCREASE, Verdict.FAIL),
        (20, EITHER, Verdict.FAIL),
        (20, DECREASE, Verdict.PASS),
        (-20, INCREASE, Verdict.PASS),
        (-20, EITHER, Verdict.FAIL),
        (-20, DECREASE, Verdict.FAIL),
    ],
)
def test_only_a_difference_in_the_direction_that_counts_fails(
    shift: float, direction: Direction, verdict: Verdict
) -> None:
    assert compare(Comparison(direction=direction), spread(100 + shift), spread(100)).verdict is verdict


@pytest.mark.parametrize(
    ("count", "shift", "effect_max", "verdict", "words"),
    [
        (300, 50, 0.33, Verdict.INCONCLUSIVE, "it is no chance, though not above the effect of 0.33"),
        (300, 50, 0.2, Verdict.FAIL, "it is no chance, and more than the effect of 0.2"),
        (2000, 100, 0.33, Verdict.PASS, "it is negligible"),
        (2000, 100, 0.05, Verdict.FAIL, "more than the effect of 0.05"),
        (5, 2, 0.33, Verdict.INCONCLUSIVE, "but it may be chance"),
        (30, 3, 0.33, Verdict.PASS, "it may well be chance"),
    ],
)
def test_certainty_and_size_decide_together(
    count: int, shift: float, effect_max: float, verdict: Verdict, words: str
) -> None:
    rule = Comparison(effect_max=effect_max, samples_min=5)
    found = compare(rule, spread(shift, count), spread(0, count))
    assert found.verdict is verdict
    assert words in found.because


def test_an_effect_at_its_limit_is_within_it_in_either_direction() -> None:
    # Of 100 pairs 66.5 are higher: an effect of exactly 0.33.
    ours, theirs = [float(n) for n in range(10)], [n - 1.5 for n in range(10)]
    theirs[-1] = 5.0
    up = compare(Comparison(samples_min=10), ours, theirs)
    down = compare(Comparison(direction=DECREASE, samples_min=10), theirs, ours)
    assert (up.effect, down.effect) == (0.33, 0.33)
    assert (up.verdict, down.verdict) == (Verdict.PASS, Verdict.PASS)


def test_a_sentence_has_the_medians_the_effect_and_the_numbers_of_samples() -> None:
    assert compare(Comparison(), spread(120), spread(100), " ms").because == (
        "a median of 120 ms on the candidate and 100 ms on live in 30 and 30 samples; the candidate is "
        "higher, a large effect of 0.8889 (p 1.032e-11, significant below 0.05): it is no chance, and more "
        "than the effect of 0.33 that is tolerated"
    )


@pytest.mark.parametrize(
    ("ours", "live", "words"),
    [
        (5.0001, 5.0, "a median of 5.0001 on the candidate and 5 on live"),
        (123.456, 123.4561, "a median of 123.456 on the candidate and 123.4561 on live"),
        (0.1 + 0.2, 0.3, "both sides were always 0.3"),
    ],
)
def test_medians_that_differ_read_as_two_numbers(ours: float, live: float, words: str) -> None:
    assert words in compare(Comparison(direction=EITHER), [ours] * 30, [live] * 30).because


@pytest.mark.parametrize(("ours", "theirs"), [(19, 30), (30, 19), (0, 30), (0, 0)])
def test_too_few_samples_on_a_side_are_no_data(ours: int, theirs: int) -> None:
    found = compare(Comparison(), spread(500, ours), spread(0, theirs))
    assert (found.verdict, found.effect, found.p_value, found.score) == (Verdict.NO_DATA, None, None, None)
    assert f"{ours} candidate and {theirs} live samples are there, 20 each are needed" in found.because


def test_no_samples_are_no_data_even_where_none_are_required() -> None:
    assert compare(Comparison(samples_min=0), [], []).verdict is Verdict.NO_DATA


@pytest.mark.parametrize(
    ("candidate", "live", "verdict", "words"),
    [
        ([5.0] * 20, [5.0] * 20, Verdict.PASS, "both sides were always 5 ms"),
        ([0.1 + 0.2] * 20, [0.3] * 20, Verdict.PASS, "both sides were always 0.3 ms"),
        ([0.0] * 20, [0.0] * 25, Verdict.PASS, "both sides were always 0 ms in 20 and 25 samples"),
        ([7.0] * 20, [5.0] * 20, Verdict.FAIL, "each side constant"),
        ([5.0] * 20, [7.0] * 20, Verdict.PASS, "each side constant"),
        ([0.0, 1.0] * 10, [0.0, 1.0] * 10, Verdict.PASS, "may well be chance|not worse"),
        ([0.0, 1.0, 1.0, 1.0] * 5, [0.0, 0.0, 0.0, 1.0] * 5, Verdict.FAIL, "a large effect of 0.5"),
    ],
)
def test_constant_and_tied_values_are_judged_like_all_others(
    candidate: list[float], live: list[float], verdict: Verdict, words: str
) -> None:
    found = compare(Comparison(), candidate, live, " ms")
    assert found.verdict is verdict
    assert any(word in found.because for word in words.split("|"))


@pytest.mark.parametrize(
    ("candidate", "live", "effect"),
    [
        ([0.1 + 0.2] * 20, [0.3] * 20, 0.0),
        ([0.1 + 0.2] * 20 + [0.31], [0.3] * 20, 1 / 21),
        ([0.1 + 0.2] * 20, [0.3] * 19 + [0.29], 0.05),
        ([0.3] * 20 + [0.31], [0.3] * 10 + [0.1 + 0.2] * 10, 1 / 21),
        ([0.3] * 10 + [0.1 + 0.2] * 10 + [0.31], [0.1 + 0.2] * 20, 1 / 21),
        ([0.3 + 1e-9] * 19 + [0.31], [0.3] * 20, 1.0),
    ],
)
def test_the_last_bits_of_a_sum_are_no_difference(
    candidate: list[float], live: list[float], effect: float
) -> None:
    found = compare(Comparison(), candidate, live)
    assert found.effect == pytest.approx(effect)
    assert found.verdict is (Verdict.FAIL if effect > 0.33 else Verdict.PASS)


def test_three_constants_on_each_side_are_too_few_to_be_certain() -> None:
    # Of the 20 ways to deal six values to two sides one is as extreme: p is 0.05, and not below it.
    found = compare(Comparison(samples_min=3), [7.0] * 3, [5.0] * 3)
    assert (found.verdict, found.p_value) == (Verdict.INCONCLUSIVE, 0.05)


def test_ties_do_not_make_a_few_samples_more_certain_than_they_can_be() -> None:
    candidate, live = [5.0, 5.0, 5.0], [1.0, 1.0, 2.0]
    assert mannwhitneyu(candidate, live, alternative="greater").pvalue < 0.05
    assert compare(Comparison(samples_min=3), candidate, live).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_refused_by_side_and_place(bad: float) -> None:
    with pytest.raises(ValueError, match=rf"candidate\[1\] is {bad}, live\[0\] is {bad}"):
        compare(EXAMPLE, [1.0, bad, 2.0, 3.0], [bad, 1.0, 2.0, 3.0])


def test_nothing_heavy_is_loaded_before_there_is_enough_to_compare() -> None:
    code = (
        "import sys; from shared.gates.statistics import compare; from shared.gate_rules import Comparison; "
        "compare(Comparison(), [1.0] * 19, [2.0] * 30); print('scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


@settings(deadline=None, max_examples=40)
@given(sides, sides)
def test_u_is_that_of_scipy(candidate: list[float], live: list[float]) -> None:
    assume(alike(Comparison(), candidate, live))
    found = compare(Comparison(samples_min=5), candidate, live)
    u = mannwhitneyu(candidate, live).statistic
    assert found.effect == pytest.approx(2 * u / (len(candidate) * len(live)) - 1)


@settings(deadline=None, max_examples=40)
@given(sides)
def test_the_same_values_on_both_sides_are_no_difference(values: list[float]) -> None:
    for direction in Direction:
        found = compare(Comparison(direction=direction, samples_min=5), values, values[::-1])
        assert (found.verdict, found.effect) == (Verdict.PASS, 0.0)


@settings(deadline=None, max_examples=40)
@given(sides, sides)
def test_an_increase_of_one_side_is_a_decrease_of_the_other(one: list[float], other: list[float]) -> None:
    increase, decrease = (Comparison(direction=each, samples_min=5) for each in (INCREASE, DECREASE))
    assume(alike(increase, one, other) and alike(decrease, other, one))
    up, down = compare(increase, one, other), compare(decrease, other, one)
    assert up.verdict is down.verdict
    assert up.effect == pytest.approx(down.effect)


@pytest.mark.parametrize(
    ("candidate", "rule", "verdict", "words"),
    [
        ([0.02] * 4, {}, Verdict.NO_DATA, "4 candidate and 9 live samples are there, 5 each are needed"),
        ([0.02] * 4 + [9.0], {}, Verdict.NO_DATA, "without 1 sample that is far out of what live has, 4"),
        ([0.01] * 4 + [9.0] * 2, {}, Verdict.NO_DATA, "without 2 samples that are far out"),
        ([0.02] * 4 + [9.0], {"direction": DECREASE}, Verdict.PASS, "the candidate is not worse"),
        ([0.02] * 5 + [9.0], {}, Verdict.PASS, "it may well be chance"),
        ([0.02] * 4 + [0.09], {}, Verdict.PASS, "it may well be chance"),
        ([9.0] * 5, {}, Verdict.FAIL, "it is no chance"),
        ([0.01] * 9 + [9.0] * 6, {"direction": EITHER}, Verdict.FAIL, "without 6 samples that are far out"),
    ],
)
def test_what_is_far_out_of_what_live_has_is_no_evidence_that_both_are_alike(
    candidate: list[float], rule: dict[str, Any], verdict: Verdict, words: str
) -> None:
    found = compare(Comparison(samples_min=5, **rule), candidate, [0.01, *[0.02] * 7, 0.03])
    assert found.verdict is verdict
    assert words in found.because


@pytest.mark.parametrize(
    ("candidate", "verdict"),
    [
        ([1.0] * 4 + [10.0], Verdict.NO_DATA),
        ([1.0] * 4 + [1.01], Verdict.NO_DATA),
        ([1.0] * 5 + [10.0], Verdict.PASS),
        ([1.0] * 5 + [0.0], Verdict.PASS),
        ([1.0] * 2 + [10.0] * 4, Verdict.FAIL),
    ],
)
def test_where_live_never_varied_all_that_is_beyond_it_is_far(
    candidate: list[float], verdict: Verdict
) -> None:
    assert compare(Comparison(samples_min=5), candidate, [1.0] * 5).verdict is verdict


@pytest.mark.parametrize("far", [1e6, 0.0])
def test_what_is_far_out_on_one_side_does_not_hide_a_difference_to_the_other(far: float) -> None:
    other = 75.0 if far else 125.0
    rule, live = Comparison(samples_min=5, direction=EITHER), [100.0 + n for n in range(10)]
    for more in range(30):
        assert compare(rule, [other] * 5 + [far] * more, live).verdict is Verdict.FAIL


def test_how_far_a_sample_is_out_does_not_decide_how_certain_a_difference_is() -> None:
    rule = Comparison(samples_min=3, direction=DECREASE, confidence=0.99, effect_max=0.5)
    lower = [*[0.0] * 8, 11.0]
    for more in ([], [0.0], [0.5], [0.5, 0.25]):
        assert compare(rule, lower + more, [1.0] * 4).verdict is Verdict.FAIL


@settings(deadline=None, max_examples=100)
@given(st.lists(numbers, max_size=9) | sides, sides, st.sampled_from(Direction), st.floats(0.01, 1e9))
def test_a_sample_that_is_far_out_never_improves_a_verdict(
    candidate: list[float], live: list[float], direction: Direction, beyond: float
) -> None:
    rule = Comparison(samples_min=5, direction=direction)
    around = fence(rule, live)
    for far in (around.high + beyond, around.low - beyond):
        if math.isfinite(far) and not around.holds(far):
            before, after = compare(rule, candidate, live), compare(rule, [*candidate, far], live)
            assert rank(after.verdict) <= rank(before.verdict), (before.because, after.because)


@settings(deadline=None, max_examples=40)
@given(sides, sides, st.floats(min_value=0.001, max_value=1000))
def test_another_unit_changes_nothing(candidate: list[float], live: list[float], factor: float) -> None:
    rule = Comparison(samples_min=5)
    ours, theirs = [float(round(v)) for v in candidate], [float(round(v)) for v in live]
    scaled = compare(rule, [v * factor for v in ours], [v * factor for v in theirs])
    assert scaled.effect == compare(rule, ours, theirs).effect
