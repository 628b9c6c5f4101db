"""Requests that are sent together are held against a share by the share of them that failed."""

from __future__ import annotations

from typing import Any

import pytest

from shared.gates import judge
from shared.gates.recorded import Recorded, recorded
from shared.levers import SlotName
from shared.model import Judgement, Sample, Verdict
from shared.probes import Reading
from tests.gates.peers import MINUTE, START, declared

GREEN = SlotName("green")
PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


def requests(failed: int, of: int, minute: int = 0) -> tuple[Sample, ...]:
    """One reading: so many of its requests failed, and say why."""
    at = START + minute * MINUTE
    bad = Sample(at=at, value=1.0, because="status 503, expected less than 400")
    return (*[bad] * failed, *[Sample(at=at, value=0.0)] * (of - failed))


def both(rules: dict[str, Any], found: tuple[Sample, ...]) -> tuple[Recorded, Judgement]:
    """What a recording of it comes to, and what a rollout says of the same reading."""
    gate = declared(min_samples=3, requests=50, **rules).gates[0]
    reading = Reading(found, "GET https://green/healthz", START, found[-1].at)
    return recorded(gate, found), judge(gate, GREEN, reading, found[-1].at)


@pytest.mark.parametrize(
    ("rules", "failed", "verdict"),
    [
        ({"max": "5%"}, 0, PASS),
        ({"max": "5%"}, 2, PASS),
        ({"max": "5%"}, 3, FAIL),
        ({"max": "10%", "pass_max": "2%"}, 3, INCONCLUSIVE),
        # Beside none at all each counts by itself.
        ({"max": 0}, 1, FAIL),
        ({"max": 0, "breaches_max": 2}, 2, INCONCLUSIVE),
        ({"max": 0, "breaches_max": 2}, 3, FAIL),
    ],
)
def test_a_share_of_the_requests_may_fail(rules: dict[str, Any], failed: int, verdict: Verdict) -> None:
    for found in both(rules, requests(failed, 50)):
        assert found.verdict is verdict, found.because


def test_a_share_is_told_with_why_its_requests_failed() -> None:
    _, said = both({"max": "5%"}, requests(3, 50))
    beyond = "0.06 is beyond the limit of 0.05 in 50 of 50 samples"
    assert said.because == f"errors on green: {beyond}: status 503, expected less than 400"
    # The evidence is what each request came to.
    assert [each.value for each in said.samples] == [*[1.0] * 3, *[0.0] * 47]


def test_each_reading_that_is_counted_is_a_share_of_its_own() -> None:
    found = (*requests(2, 50), *requests(3, 50, minute=1), *requests(2, 50, minute=2))
    rules = {"max": "5%", "interval": "1m", "count": 3}
    assert recorded(declared(**rules, tolerance={"failures": 1}).gates[0], found).verdict is PASS
    assert recorded(declared(**rules).gates[0], found).verdict is FAIL


def test_a_request_that_fails_more_makes_no_share_smaller() -> None:
    gate = declared(max="40%", breaches_max=2, min_samples=1).gates[0]
    odd = (Sample(at=START, value=5.0), Sample(at=START), Sample(at=START, error="away"))
    for failed in range(6):
        before = recorded(gate, requests(failed, 5))
        for more in (*odd, requests(1, 1)[0]):
            after = recorded(gate, (*requests(failed, 5), more))
            assert not (after.verdict is PASS and before.verdict is not PASS)
            assert not (before.verdict is FAIL and after.verdict is not FAIL)
