"""As of when a recording is judged, and since when it is counted, whatever came first or last."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.gates.recorded import Beneath, recorded
from shared.model import Sample, Verdict
from tests.gates.kinds import LOGS
from tests.gates.peers import MINUTE, START, counted, declared, samples


def test_silence_does_not_move_the_windows_of_a_burning_budget() -> None:
    gate = declared(slo={"objective": "99.9%"}, window="1h").gates[0]
    burning = samples(*[0.0] * 50, *[0.15] * 10)
    assert recorded(gate, burning).verdict is Verdict.FAIL
    silent = Sample(at=START + MINUTE * 66)
    assert recorded(gate, [*burning, silent]).verdict is Verdict.FAIL
    # At a time that was named nothing is known of the last minutes.
    assert recorded(gate, burning, START + MINUTE * 66).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("later", [11, 14, 30, 3000])
@pytest.mark.parametrize("bad", [1.0, 0.9])
@pytest.mark.parametrize("good", [0, 6])
def test_a_bad_share_does_not_move_the_windows_past_what_burns(later: int, bad: float, good: int) -> None:
    rule = {"objective": "90%", "burns": [{"rate": 5, "long": "10m", "short": "2m"}]}
    gate = declared(**LOGS, slo=rule, window="10m").gates[0]
    burning = samples(*[0.0] * good, *[bad] * 11)
    assert recorded(gate, burning).verdict is Verdict.FAIL
    after = Sample(at=burning[-1].at + MINUTE * later, value=bad)
    assert recorded(gate, [*burning, after]).verdict is Verdict.FAIL


@pytest.mark.parametrize("later", [11, 14, 30, 3000])
@pytest.mark.parametrize("good", [0, 2, 6])
def test_an_odd_sample_does_not_move_the_window_past_an_anomaly(later: int, good: int) -> None:
    gate = declared(**LOGS, anomaly={"weeks_min": 1}, window="10m", min_samples=3).gates[0]
    week = 7 * 24 * 60
    past = tuple(Sample(at=START + (n - week) * MINUTE, value=n % 3 / 50) for n in range(-120, 600))
    odd = samples(*[0.02] * good, *[9.0] * 9)
    assert recorded(gate, odd, beneath=Beneath(past=past)).verdict is Verdict.FAIL
    after = Sample(at=odd[-1].at + MINUTE * later, value=9.0)
    assert recorded(gate, [*odd, after], beneath=Beneath(past=past)).verdict is Verdict.FAIL


def test_odd_samples_after_a_gap_are_an_anomaly_of_their_own() -> None:
    gate = declared(**LOGS, anomaly={"weeks_min": 1}, window="10m", min_samples=3).gates[0]
    week = 7 * 24 * 60
    past = tuple(Sample(at=START + (n - week) * MINUTE, value=n % 3 / 50) for n in range(-120, week))
    odd = [*samples(*[0.02] * 9), *samples(*[9.0] * 5, start=START + MINUTE * 60)]
    assert recorded(gate, odd, beneath=Beneath(past=past)).verdict is Verdict.FAIL


def test_a_time_that_was_named_is_where_the_window_ends() -> None:
    gate = declared(window="5m").gates[0]
    assert recorded(gate, samples(1, 0, 0, 0)).verdict is Verdict.FAIL
    assert recorded(gate, samples(1, 0, 0, 0), START + MINUTE * 60).verdict is Verdict.NO_DATA


def test_a_bad_sample_that_comes_late_does_not_move_the_beginning() -> None:
    gate = declared(interval="3m", tolerance={"failures": 1}).gates[0]
    known = samples(0, 0, 1, 1, 0, 0, 0)
    assert recorded(gate, known).verdict is Verdict.FAIL
    assert recorded(gate, [*known, Sample(at=START - MINUTE)]).verdict is Verdict.FAIL


@pytest.mark.parametrize("bad", [None, 1.0, "away"])
def test_a_bad_sample_that_comes_first_makes_no_more_of_the_good_ones(bad: float | str | None) -> None:
    gate = declared(interval="3m", min_samples=2, tolerance={"failures": 1}).gates[0]
    good = [*samples(0, start=START + MINUTE * 3), *samples(0, start=START + MINUTE * 5)]
    for stream in (good, [*samples(bad), *good], [*good, *samples(bad)]):
        assert recorded(gate, stream).verdict is None


@pytest.mark.parametrize("bad", [None, 1.0, "away"])
def test_a_bad_sample_that_comes_late_does_not_shorten_the_delay(bad: float | str | None) -> None:
    gate = declared(initial_delay="2m", min_samples=2, tolerance={"failures": 1}).gates[0]
    good = samples(0, 0, 0)
    late = samples(bad, start=START - MINUTE * 10)
    assert recorded(gate, good).verdict is None
    assert recorded(gate, [*good, *late]).verdict is None


@pytest.mark.parametrize("silent", [None, "away"])
def test_silence_that_comes_first_does_not_shorten_the_delay(silent: str | None) -> None:
    gate = declared(initial_delay="2m", min_samples=2).gates[0]
    for before in ((), (silent,), (silent, silent, silent)):
        assert recorded(gate, samples(*before, 0, 0, 0)).verdict is None
        assert recorded(gate, samples(*before, 0, 0, 0, 0)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("later", "verdict"),
    [((1,), Verdict.FAIL), ((0, 1), Verdict.PASS), (("away",) * 5, Verdict.PROVIDER_ERROR)],
)
def test_a_tolerated_failure_does_not_hide_what_comes_until_all_have_passed(
    later: tuple[float | str, ...], verdict: Verdict
) -> None:
    gate = declared(**counted(3, tolerance={"failures": 1})).gates[0]
    assert recorded(gate, samples(0, 1, 0)).verdict is Verdict.PASS
    assert recorded(gate, samples(0, 1, 0, *later)).verdict is verdict


def test_the_last_measurement_is_as_bad_as_the_worst_of_its_interval() -> None:
    gate = declared(interval="3m", count=2, min_samples=1).gates[0]
    assert recorded(gate, samples(0, None, None, 0)).complete
    assert recorded(gate, samples(0, None, None, 0, 1)).verdict is Verdict.FAIL
    assert recorded(gate, samples(0, None, None, 0, None, None, 1)).verdict is Verdict.PASS


@pytest.mark.parametrize("minute", range(6))
@pytest.mark.parametrize("lesser", [None, 0.06])
def test_what_is_less_than_a_failure_does_not_say_which_failures_are_one(
    lesser: float | None, minute: int
) -> None:
    tolerance = {"failures": 1, "inconclusives": 1}
    gate = declared(interval="3m", max=0.1, pass_max=0.05, tolerance=tolerance).gates[0]
    near, apart = ([Sample(at=START + n * MINUTE, value=1.0) for n in pair] for pair in ((6, 8), (6, 9)))
    before = samples(lesser, start=START + minute * MINUTE)
    assert recorded(gate, [*before, *near]).verdict is recorded(gate, near).verdict is None
    assert recorded(gate, [*before, *apart]).verdict is recorded(gate, apart).verdict is Verdict.FAIL


def test_what_fails_before_anything_passes_is_counted() -> None:
    gate = declared(interval="3m", initial_delay="3m", tolerance={"failures": 1}, min_samples=1).gates[0]
    assert recorded(gate, samples(1, 1, 1, 1, 1, 1, 1, 0, 0)).verdict is Verdict.FAIL
    assert recorded(gate, samples(1, 1, 1, 0, 0, 0, 0)).verdict is Verdict.PASS


def after(*seconds: float, value: float = 1.0) -> list[Sample]:
    """A sample so many seconds after the start, each of that value."""
    return [Sample(at=START + timedelta(seconds=each), value=value) for each in seconds]


def test_an_earlier_failure_does_not_bring_two_others_into_one_interval() -> None:
    gate = declared(interval="60s", count=3, tolerance={"failures": 2}).gates[0]
    failed = after(0, 61, 120)
    assert recorded(gate, failed).verdict is Verdict.FAIL
    assert recorded(gate, [*after(-59), *failed]).verdict is Verdict.FAIL
    assert recorded(gate, [*failed, *after(-59)]).verdict is Verdict.FAIL
    assert recorded(gate, [*failed, *after(181, value=0.0)]).verdict is Verdict.FAIL


def test_samples_that_come_a_little_early_or_late_have_an_interval_each() -> None:
    gate = declared(interval="60s", count=4).gates[0]
    found = recorded(gate, after(30, 89.7, 150.4, 209.9, value=0.0))
    assert (found.verdict, found.complete) == (Verdict.PASS, True)


def test_the_next_sample_is_due_in_the_rhythm_of_those_before_it() -> None:
    gate = declared(interval="60s", count=4).gates[0]
    assert recorded(gate, after(42, 102, value=0.0)).next_due_seconds == 60
    assert recorded(gate, after(42, 102, value=0.0), START + timedelta(seconds=150)).next_due_seconds == 12
    # What would come in the interval of the newest one is none of its own.
    assert recorded(gate, after(42, 121, value=0.0)).next_due_seconds == 59


@pytest.mark.parametrize("bad", [(-54,), (-54, -20), (-80, -54, -31)])
def test_a_failure_that_comes_first_does_not_shorten_the_delay(bad: tuple[float, ...]) -> None:
    gate = declared(initial_delay="30s", count=1, tolerance={"failures": 0}).gates[0]
    found = [*after(0, value=0.0), *after(45)]
    assert recorded(gate, found).verdict is Verdict.FAIL
    assert recorded(gate, [*after(*bad), *found]).verdict is Verdict.FAIL


def test_failures_while_it_warms_up_are_not_measured() -> None:
    gate = declared(initial_delay="2m", count=3).gates[0]
    found = recorded(gate, samples(1, 1, 0, 0, 0))
    assert (found.verdict, found.complete) == (Verdict.PASS, True)
    # Where the counting had begun with the second or the third, the last one would have counted.
    assert recorded(gate, samples(1, 1, 0, 0, 0, 1)).verdict is Verdict.FAIL
    assert recorded(gate, samples(1, 1, 0, 0, 0, 0, 0, 1)).verdict is Verdict.PASS
