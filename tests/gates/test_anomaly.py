"""What is unusual for this hour of the week, and what nobody can tell from so little past."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.gate_rules import Anomaly, Direction
from shared.gates.anomaly import Unusual, hours, unusual, usual
from shared.model import Sample, Verdict

# A Saturday, a quarter past nine.
NOW = datetime(2026, 11, 21, 9, 15, tzinfo=UTC)
WEEK = timedelta(weeks=1)
BADNESS = {Verdict.PASS: 0, Verdict.INCONCLUSIVE: 1, Verdict.FAIL: 2}
# Median 100; distances 10, 5, 0, 5, 10 have the median 5: one robust deviation is 7.413.
USUAL = (90.0, 95.0, 100.0, 105.0, 110.0)

finite = st.floats(min_value=-1e6, max_value=1e6).map(lambda x: round(x, 3))


def at(moment: datetime, *values: float | None) -> tuple[Sample, ...]:
    return tuple(Sample(at=moment + timedelta(minutes=n), value=value) for n, value in enumerate(values))


def past(*values: float | None, weeks: int = 4) -> tuple[Sample, ...]:
    """The same values at this hour in each of the last weeks."""
    return tuple(s for back in range(1, weeks + 1) for s in at(NOW - back * WEEK, *values))


def held(rule: Anomaly, present: Sequence[Sample], known: Sequence[Sample], unit: str = "") -> Unusual:
    """The present held against what is usual in its hours."""
    moments = [each.at for each in present] or [NOW]
    since, until = hours(min(moments), max(moments) + timedelta(minutes=1))
    return unusual(rule, present, usual(rule, since, until, known), unit)


@pytest.mark.parametrize(
    ("value", "direction", "verdict"),
    [
        (100, Direction.EITHER, Verdict.PASS),
        (100 + 3.499 * 7.413, Direction.EITHER, Verdict.PASS),
        (100 + 3.501 * 7.413, Direction.EITHER, Verdict.FAIL),
        (100 - 3.501 * 7.413, Direction.EITHER, Verdict.FAIL),
        (200, Direction.INCREASE, Verdict.FAIL),
        (200, Direction.DECREASE, Verdict.PASS),
        (0, Direction.DECREASE, Verdict.FAIL),
        (0, Direction.INCREASE, Verdict.PASS),
    ],
)
def test_a_value_is_unusual_beyond_so_many_robust_deviations(
    value: float, direction: Direction, verdict: Verdict
) -> None:
    found = held(Anomaly(direction=direction), at(NOW, value), past(*USUAL))
    assert found.verdict is verdict
    assert (found.value, found.median) == (value, 100)
    assert found.deviations == pytest.approx((value - 100) / 7.413)


def test_exactly_at_the_limit_is_still_usual() -> None:
    # Distances 4, 2, 0, 2, 4 around 4 with a scale of 1.4826 * 2.
    found = held(Anomaly(deviations_max=2.0), at(NOW, 4 + 2 * 1.4826 * 2), past(0.0, 2.0, 4.0, 6.0, 8.0))
    assert (found.verdict, found.value) == (Verdict.PASS, found.limit)


def test_a_sentence_has_both_values_and_the_distance() -> None:
    assert held(Anomaly(), at(NOW, 200.0), past(*USUAL), " rps").because == (
        "200 rps now; 100 rps is usual at this hour in 4 weeks; 13.49 robust deviations away, "
        "beyond the limit of 3.5, which is 125.9 rps"
    )


@pytest.mark.parametrize(
    ("value", "known", "words"),
    [
        (5.0001, past(*(5.0,) * 5), "5.0001 now; 5 is usual at this hour"),
        (5.0001, past(4.99999, 5.0, 5.00001), "5.0001 now; 5 is usual at this hour"),
        # Each is another number than the limit, on the side that is said.
        (5.0001, past(4.99999, 5.0, 5.00001), "beyond the limit of 3.5, which is 5.00005"),
        (5.00004, past(4.99999, 5.0, 5.00001), "within the limit of 3.5, which is 5.00005"),
        (5.0 - 1e-15, past(*(5.0,) * 5), "5 now; 5 is usual at this hour in 4 weeks, as always"),
    ],
)
def test_what_differs_reads_as_two_numbers(value: float, known: Sequence[Sample], words: str) -> None:
    assert words in held(Anomaly(), at(NOW, value), known).because


def test_one_bad_week_among_four_moves_nothing() -> None:
    bad = at(NOW - 2 * WEEK, *(5_000.0,) * 5)
    good = tuple(s for s in past(*USUAL) if s.at < NOW - 2 * WEEK or s.at >= NOW - WEEK)
    assert held(Anomaly(), at(NOW, 104.0), (*good, *bad)).verdict is Verdict.PASS
    assert held(Anomaly(), at(NOW, 500.0), (*good, *bad)).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "elsewhere",
    [
        pytest.param(at(NOW - WEEK + timedelta(hours=1), *USUAL), id="another hour"),
        pytest.param(at(NOW - timedelta(days=1), *USUAL), id="another day"),
        pytest.param(at(NOW - 5 * WEEK, *USUAL), id="too long ago"),
        pytest.param(at(NOW, *USUAL), id="now"),
        pytest.param(at(NOW + WEEK, *USUAL), id="the future"),
        pytest.param(at(NOW - WEEK, None, float("nan"), float("inf")), id="no values"),
    ],
)
def test_only_the_same_hour_of_the_last_weeks_is_a_past(elsewhere: tuple[Sample, ...]) -> None:
    one = at(NOW - 3 * WEEK, *USUAL)
    found = held(Anomaly(), at(NOW, 100.0), (*one, *elsewhere))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.because == "1 of the 2 past weeks it needs has values for this hour"
    assert held(Anomaly(), at(NOW, 100.0), (*one, *at(NOW - WEEK, *USUAL))).verdict is Verdict.PASS


def test_the_whole_hour_counts_and_the_next_one_does_not() -> None:
    start = NOW.replace(minute=0) - WEEK
    hour = (*at(start, 1.0), *at(start + timedelta(minutes=59), 3.0, 500.0))
    assert held(Anomaly(weeks_min=1), at(NOW, 2.0), hour).median == 2.0


def test_a_window_across_two_hours_is_held_against_both() -> None:
    late = NOW.replace(minute=59)
    found = held(Anomaly(weeks_min=1), at(late, 5.0, 5.0), at(late - WEEK, 4.0, 6.0))
    assert (found.verdict, found.median) == (Verdict.PASS, 5.0)


@pytest.mark.parametrize("present", [(), (None,), (float("nan"),), (float("inf"), None)])
def test_nothing_present_is_no_data(present: tuple[float | None, ...]) -> None:
    assert held(Anomaly(), at(NOW, *present), past(*USUAL)).verdict is Verdict.NO_DATA


@pytest.mark.parametrize("value", [0.0, 100.0, 1e9])
def test_having_no_past_is_no_proof_of_being_usual(value: float) -> None:
    for rule in (Anomaly(), Anomaly(weeks_min=0), Anomaly(weeks=0, weeks_min=0)):
        assert held(rule, at(NOW, value), ()).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("value", "each_week", "direction", "verdict", "words"),
    [
        (7.0, 5, Direction.EITHER, Verdict.PASS, "as always"),
        (7.0 + 1e-12, 5, Direction.EITHER, Verdict.PASS, "as always"),
        (8.0, 5, Direction.EITHER, Verdict.FAIL, "in 20 values it was never anything else"),
        (8.0, 5, Direction.DECREASE, Verdict.PASS, "and it differs on the side that does not count"),
        (8.0, 4, Direction.EITHER, Verdict.INCONCLUSIVE, "16 equal values are too few"),
    ],
)
def test_a_past_that_never_varied(
    value: float, each_week: int, direction: Direction, verdict: Verdict, words: str
) -> None:
    found = held(Anomaly(direction=direction), at(NOW, value), past(*(7.0,) * each_week))
    assert (found.verdict, found.deviations, found.limit) == (verdict, None, 7.0)
    assert words in found.because


@pytest.mark.parametrize(
    ("value", "verdict"), [(0.0, Verdict.PASS), (3.0, Verdict.INCONCLUSIVE), (50.0, Verdict.FAIL)]
)
def test_a_signal_that_is_rarely_anything_but_zero(value: float, verdict: Verdict) -> None:
    found = held(Anomaly(), at(NOW, value), past(*(0.0,) * 9, 4.0))
    assert found.verdict is verdict
    # The mean distance is 0.4, so that one deviation is 0.4 * 1.2533.
    assert found.deviations == pytest.approx(value / (0.4 * 1.2533))


@pytest.mark.parametrize(
    ("value", "verdict"), [(0.3, Verdict.PASS), (0.3 - 1e-16, Verdict.PASS), (0.31, Verdict.FAIL)]
)
def test_the_last_bits_of_a_sum_are_no_variation(value: float, verdict: Verdict) -> None:
    known = past(0.1 + 0.2, *[0.3] * 9)
    assert held(Anomaly(), at(NOW, value), known).verdict is verdict
    few = past(0.1 + 0.2, 0.3, 0.3)
    unclear = Verdict.PASS if verdict is Verdict.PASS else Verdict.INCONCLUSIVE
    assert held(Anomaly(), at(NOW, value), few).verdict is unclear


def test_one_odd_minute_is_no_anomaly() -> None:
    assert held(Anomaly(), at(NOW, 100.0, 9_000.0, 102.0), past(*USUAL)).verdict is Verdict.PASS


def test_what_is_unusual_on_one_side_hides_nothing_on_the_other() -> None:
    flood, outage = 200.0, 0.0
    found = held(Anomaly(), at(NOW, flood, flood, outage, outage), past(*USUAL), " rps")
    assert found.verdict is Verdict.FAIL
    assert found.because == (
        "without 2 samples that are unusual on the other side, 200 rps now; 100 rps is usual at this hour in "
        "4 weeks; 13.49 robust deviations away, beyond the limit of 3.5, which is 125.9 rps"
    )
    one_side = Anomaly(direction=Direction.DECREASE)
    assert held(one_side, at(NOW, flood, outage), past(*USUAL)).verdict is Verdict.PASS
    assert held(Anomaly(), at(NOW, flood, *USUAL, outage), past(*USUAL)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "odd", [{"value": 1e9, "error": "the query timed out"}, {"value": -1e9}, {"value": -1.0}]
)
def test_what_is_no_sound_number_makes_nothing_usual(odd: dict[str, Any]) -> None:
    nonsense = tuple(Sample(at=each.at, **odd) for each in past(*(0.0,) * 30))
    assert held(Anomaly(), at(NOW, 500.0), (*past(*USUAL), *nonsense)).verdict is Verdict.FAIL
    assert held(Anomaly(), at(NOW, 100.0), nonsense).verdict is Verdict.INCONCLUSIVE


def test_whether_it_decides_does_not_change_what_it_says() -> None:
    found = [held(Anomaly(decides=d), at(NOW, 900.0), past(*USUAL)) for d in (False, True)]
    assert found[0] == found[1]


@given(
    st.lists(finite, min_size=1, max_size=9),
    st.lists(finite, max_size=12),
    st.sampled_from([2.0**n for n in range(-8, 9)]),
)
def test_another_unit_changes_nothing(present: list[float], known: list[float], factor: float) -> None:
    one = held(Anomaly(), at(NOW, *present), past(*known))
    other = held(Anomaly(), at(NOW, *(v * factor for v in present)), past(*(v * factor for v in known)))
    assert one.verdict is other.verdict
    assert one.deviations == pytest.approx(other.deviations)


@given(st.lists(finite, min_size=1, max_size=9), st.lists(finite, min_size=1, max_size=12))
def test_a_worse_sample_never_improves_a_verdict(present: list[float], known: list[float]) -> None:
    rule = Anomaly(direction=Direction.INCREASE)
    before = held(rule, at(NOW, *present), past(*known)).verdict
    after = held(rule, at(NOW, *present, max(*present, *known) + 1), past(*known)).verdict
    assert BADNESS[after] >= BADNESS[before]


@given(
    st.lists(st.one_of(st.none(), finite, st.sampled_from([float("nan"), float("inf")])), max_size=6),
    st.lists(
        st.builds(
            lambda hours, value: Sample(at=NOW - timedelta(hours=hours), value=value),
            st.integers(min_value=-200, max_value=800),
            st.one_of(st.none(), finite),
        ),
        max_size=30,
    ),
)
def test_nothing_passes_without_a_present_and_a_past(
    present: list[float | None], known: list[Sample]
) -> None:
    found = held(Anomaly(), at(NOW, *present), known)
    if found.verdict is Verdict.PASS:
        assert any(v is not None and abs(v) < float("inf") for v in present)
        weeks = {
            (NOW.replace(minute=0) - s.at.replace(minute=0)) / WEEK for s in known if s.value is not None
        }
        assert len(weeks & {1.0, 2.0, 3.0, 4.0}) >= 2
