"""What a sentence says of numbers holds of the numbers that are read in it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.gate_rules import Scores
from shared.gates.explaining import explained
from shared.gates.figures import apart, beside, exactly, last, shown, span
from shared.gates.recorded import Beneath, recorded
from shared.gates.scoring import score
from shared.model import Sample, Verdict
from tests.gates.kinds import LOGS
from tests.gates.peers import MINUTE, START, counted, declared, samples


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        (0.0, "", "0"),
        (-0.0, "", "0"),
        (12345.678, "ms", "12346 ms"),
        (123456.0, "", "123456"),
        (0.00005, "", "0.00005"),
        (99.5, "%", "99.5%"),
        (0.123456, "", "0.1235"),
        (2.5e300, "", "2.5e+300"),
    ],
)
def test_a_number_is_read_without_an_exponent_where_people_would_write_it_so(
    number: float, unit: str, text: str
) -> None:
    assert shown(number, unit) == text


@pytest.mark.parametrize("written", ["12345.678", "99999.5", "-273.15", "0.00001234", "123456", "0.05"])
def test_a_limit_is_told_as_it_was_written(written: str) -> None:
    assert exactly(float(written)) == written
    rule = "min" if written.startswith("-") else "max"
    told = " ".join(explained(declared(**{rule: float(written)}).gates[0]))
    assert f" {written} fails." in told


@given(st.floats(-1e14, 1e14), st.floats(-1e14, 1e14))
def test_a_value_beside_a_limit_reads_as_what_it_is_to_it(value: float, limit: float) -> None:
    read = float(beside(value, limit))
    assert (read > limit, read < limit) == (value > limit, value < limit)


@given(st.integers(-(10**9), 10**9), st.integers(-3000, 3000), st.integers(-9, 3))
def test_numbers_read_in_the_order_that_they_have(whole: int, more: int, power: int) -> None:
    value, other = whole * 10.0**power, (whole + more) * 10.0**power
    read, beside_it = (float(shown(each, digits=apart(value, other))) for each in (value, other))
    assert (read > beside_it, read < beside_it) == (more < 0, more > 0)


@pytest.mark.parametrize(
    ("rules", "value", "because"),
    [
        ({"max": 0.05}, 0.05000001, "0.05000001 is beyond the limit of 0.05 in 3 of 3 samples"),
        ({"max": 123456}, 123457.0, "123457 is beyond the limit of 123456 in 3 of 3 samples"),
        ({"min": 0.5}, 0.4999999, "0.4999999 is beyond the lower limit of 0.5 in 3 of 3 samples"),
        ({"min": 0.01, "max": 0.05}, 0.02, "0.02 is within the lower limit of 0.01"),
        ({"max": 0.1, "pass_max": 0.05}, 0.05000001, "0.05000001 is beyond 0.05, up to which it passes"),
        ({"min": 0.1, "pass_min": 0.2}, 0.19999999, "0.19999999 is beyond 0.2, down to which it passes"),
        (
            {"max_over_baseline": 1.5},
            0.06000001,
            "a mean of 0.06000001 is beyond 1.5 times the baseline of 0.04",
        ),
        ({"max_over_live": 1.5}, 0.06000001, "a mean of 0.06000001 is beyond 1.5 times live's 0.04"),
    ],
)
def test_rounding_makes_no_verdict_absurd(rules: dict[str, float], value: float, because: str) -> None:
    beneath = Beneath(baseline=0.04, live=samples(0.04, 0.04, 0.04))
    found = recorded(declared(**LOGS, **rules).gates[0], samples(value, value, value), beneath=beneath)
    assert found.because.startswith(because)


NEWEST = "; the newest that did was 1, beyond the limit of 0.05"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(1, "1 second"), (59, "59 seconds"), (60, "1 minute"), (90, "90 seconds"), (3_600, "1 hour")],
)
def test_one_of_a_time_is_told_from_several(seconds: float, told: str) -> None:
    assert span(seconds) == told
    assert last(seconds) == f"the last {told.removeprefix('1 ')}"


@pytest.mark.parametrize(
    ("limits", "values", "because"),
    [
        ({"max": 10, "min": 5}, (7.0, 4.0), "the newest that did was 4, beyond the lower limit of 5"),
        ({"max": 10, "min": 5}, (12.0,), "the newest that did was 12, beyond the limit of 10"),
        ({"max": 0.05}, (0.05000001,), "the newest that did was 0.05000001, beyond the limit of 0.05"),
        ({"max_over_baseline": 2}, (0.09,), "the newest that did was 0.09, beyond the limit of 0.08"),
    ],
)
def test_a_count_of_failures_says_what_failed(
    limits: dict[str, float], values: tuple[float, ...], because: str
) -> None:
    gate = declared(**LOGS, **limits, interval="1m").gates[0]
    found = recorded(gate, samples(*values), beneath=Beneath(baseline=0.04))
    assert found.because.endswith(because), found.because


@pytest.mark.parametrize(
    ("rules", "values", "because"),
    [
        (counted(3), (1,), f"1 measurement failed, 0 are tolerated{NEWEST}"),
        (counted(3, tolerance={"failures": 1}), (1, 1), f"2 measurements failed, 1 is tolerated{NEWEST}"),
        (counted(1), (), "there are no samples"),
        (counted(1), ("away",), "it has not ended: 0 of 1 measurement is there"),
        (counted(3), (0.0,), "it has not ended: 1 of 3 measurements is there"),
        (counted(consecutive_passes=3), (0.0,), "it has not ended: 1 of 3 passes in a row is there"),
        ({"min_samples": 3}, (0.0,), "1 of the 3 samples it needs is there"),
        (counted(3, tolerance={"errors": 0}), ("away",), "1 measurement was an error, 0 are tolerated"),
        ({"min_samples": 1}, (None,), "the 1 sample it needs is not there"),
        ({"min_samples": 2}, (None,), "0 of the 2 samples it needs are there"),
        ({"min_samples": 1, "tolerance": {}}, (None,), "the 1 pass it needs is not there"),
        ({"min_samples": 1, "min_requests": 1}, (0.0,), "0 of the 1 request it needs is behind the samples"),
    ],
)
def test_one_of_a_thing_is_told_from_several(
    rules: dict[str, object], values: tuple[float | str | None, ...], because: str
) -> None:
    assert recorded(declared(**rules).gates[0], samples(*values)).because == because


def test_few_requests_are_fewer_than_are_needed_in_the_sentence_too() -> None:
    known = [Sample(at=START + n * MINUTE, value=0.0, requests=33.33333) for n in range(3)]
    found = recorded(declared(min_requests=100).gates[0], known)
    assert found.because.startswith("99.99999 of the 100 requests")


def test_a_budget_that_just_burns_is_said_to_burn_faster_than_it_may() -> None:
    rule = {"objective": "90%", "burns": [{"rate": 5, "long": "10m", "short": "2m"}]}
    gate = declared(**LOGS, slo=rule, window="10m").gates[0]
    found = recorded(gate, samples(*[0.500001] * 12))
    rate = re.search(r"burns ([0-9.]+) times", found.because)
    assert rate is not None
    assert float(rate[1]) > 5


def test_a_score_just_below_what_passes_is_not_said_to_reach_it() -> None:
    found = score(Scores(passing=95, marginal=75), [(Verdict.PASS, 94.9999), (Verdict.FAIL, 5.0001)])
    assert found.because.startswith("the group has 94.9999 of 100 points; it passes from 95 on")
