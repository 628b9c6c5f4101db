"""Measurements that are counted one by one: each limit, and what has no end of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.gates.recorded import recorded
from shared.model import Sample, Verdict
from tests.gates.peers import MINUTE, START, declared, samples

# 0 passes, 0.02 is inconclusive, 1 fails.
RULES: dict[str, Any] = {"max": 0.05, "pass_max": 0.01, "window": "5m"}
UNCLEAR = 0.02


@pytest.mark.parametrize(
    ("tolerance", "values", "verdict"),
    [
        ({"inconclusives": 1}, (UNCLEAR, 0, 0, 0), Verdict.PASS),
        ({"inconclusives": 1}, (UNCLEAR, 0, UNCLEAR, 0, 0, 0), Verdict.INCONCLUSIVE),
        ({"inconclusives": 9, "consecutive_inconclusives": 1}, (UNCLEAR, 0, UNCLEAR, 0, 0, 0), Verdict.PASS),
        (
            {"inconclusives": 9, "consecutive_inconclusives": 1},
            (0, 0, UNCLEAR, UNCLEAR),
            Verdict.INCONCLUSIVE,
        ),
        # Silence between two of them does not make them two runs, and a failure after them is still seen.
        (
            {"inconclusives": 9, "consecutive_inconclusives": 1},
            (0, UNCLEAR, None, UNCLEAR),
            Verdict.INCONCLUSIVE,
        ),
        ({"inconclusives": 9, "consecutive_inconclusives": 1}, (UNCLEAR, UNCLEAR, 1), Verdict.FAIL),
        ({"errors": 1}, ("away", 0, 0, 0), Verdict.PASS),
        ({"errors": 1}, ("away", 0, "away", 0, 0, 0), Verdict.PROVIDER_ERROR),
        ({"consecutive_errors": 1}, ("away", 0, "away", 0, 0), Verdict.PASS),
        ({"consecutive_errors": 1}, (0, 0, "away", "away"), Verdict.PROVIDER_ERROR),
        # A provider that is back is no reason to go back.
        ({"consecutive_errors": 1}, ("away", "away", 0, 0, 0), Verdict.PASS),
    ],
)
def test_each_limit_is_the_largest_tolerated_number(
    tolerance: dict[str, int], values: tuple[float | str | None, ...], verdict: Verdict
) -> None:
    gate = declared(**RULES, interval="1m", count=3, tolerance=tolerance).gates[0]
    assert recorded(gate, samples(*values)).verdict is verdict


@pytest.mark.parametrize(
    ("values", "later", "verdict"),
    [
        ((0, 0), timedelta(), None),
        ((0, 0, 0), timedelta(), Verdict.PASS),
        ((0, 0, None), timedelta(), None),
        ((0, 0, "away"), timedelta(), None),
        ((None, None), timedelta(), Verdict.NO_DATA),
        (("away",) * 5, timedelta(), Verdict.PROVIDER_ERROR),
        ((0, 0, 0), 5 * MINUTE, Verdict.PASS),
        ((0, 0, 0), 5 * MINUTE + timedelta(seconds=1), Verdict.NO_DATA),
    ],
)
def test_what_only_the_step_ends_passes_on_enough_passes_that_are_fresh(
    values: tuple[float | str | None, ...], later: timedelta, verdict: Verdict | None
) -> None:
    gate = declared(**RULES, interval="1m", min_samples=3).gates[0]
    found = recorded(gate, samples(*values), START + (len(values) - 1) * MINUTE + later)
    assert (found.verdict, found.complete) == (verdict, False)


@pytest.mark.parametrize("beside", [UNCLEAR, "away"])
def test_a_tolerated_failure_takes_back_nothing_that_was_worse_tolerated_in_its_interval(
    beside: float | str,
) -> None:
    tolerance = {"failures": 1, "inconclusives": 0, "errors": 0}
    gate = declared(**RULES, interval="1m", count=3, min_samples=1, tolerance=tolerance).gates[0]
    failed = Sample(at=START, value=1.0)
    without = [*samples(beside), *(Sample(at=START + n * MINUTE, value=0.0) for n in (1, 2, 3))]
    before, after = recorded(gate, without).verdict, recorded(gate, [failed, *without]).verdict
    assert before is after
    assert after in (Verdict.INCONCLUSIVE, Verdict.PROVIDER_ERROR)


@pytest.mark.parametrize(
    ("rules", "values"),
    [
        ({"count": 2, "tolerance": {"failures": 2}}, (1, 1, 0, 0, 0)),
        ({"count": 5, "consecutive_passes": 3, "tolerance": {"failures": 9, "of": 99}}, (0, 0, 1, 0, 0, 0)),
        # A pass that becomes a failure, or inconclusive, must not put off the end that speaks against it.
        ({"count": 3, "consecutive_passes": 3, "tolerance": {"failures": 9, "of": 99}}, (1, 1, 0, 0, 0)),
        ({"count": 3, "consecutive_passes": 3, "tolerance": {"inconclusives": 9}}, (UNCLEAR, 0, 0, 0)),
    ],
)
def test_what_count_ended_without_a_pass_does_not_pass_after_it(
    rules: dict[str, Any], values: tuple[float, ...]
) -> None:
    gate = declared(**RULES, interval="1m", **rules).gates[0]
    found = recorded(gate, samples(*values))
    assert (found.verdict, found.complete) == (Verdict.INCONCLUSIVE, True), found.because
    assert f"{rules['count']} measurements are over" in found.because
    # A failure too many is still one.
    failed = recorded(gate, samples(*values, *(1,) * 10))
    assert failed.verdict is Verdict.FAIL
