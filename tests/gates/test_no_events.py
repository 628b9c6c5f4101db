"""Where a sample says itself that nothing happened, nothing went well."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.gates.recorded import Beneath, recorded
from shared.model import Sample, Verdict
from tests.gates.kinds import LOGS
from tests.gates.peers import MINUTE, START, counted, declared, samples


@pytest.mark.parametrize(
    ("rules", "value", "verdict"),
    [
        ({}, 0.0, Verdict.NO_DATA),
        ({}, 0.9, Verdict.FAIL),
        ({"min": 5}, 0.0, Verdict.FAIL),
        (counted(3), 0.0, Verdict.NO_DATA),
        (counted(3), 0.9, Verdict.FAIL),
        ({"max_over_baseline": 1.5}, 0.0, Verdict.NO_DATA),
        ({"max_over_baseline": 1.5}, 9.0, Verdict.NO_DATA),
        ({"max_over_live": 1.5}, 0.0, Verdict.NO_DATA),
        ({"anomaly": {"direction": "decrease"}}, 0.0, Verdict.FAIL),
    ],
)
def test_of_no_requests_nothing_is_said_to_be_well(
    rules: dict[str, object], value: float, verdict: Verdict
) -> None:
    idle = [Sample(at=START + n * MINUTE, value=value, requests=0.0) for n in range(4)]
    weeks = [samples(*[9.0, 10.0, 11.0] * 4, start=START - timedelta(days=7 * n)) for n in range(1, 5)]
    beneath = Beneath(
        baseline=1.0, live=samples(1, 1, 1, 1), past=tuple(each for week in weeks for each in week)
    )
    assert recorded(declared(**LOGS, **rules).gates[0], idle, beneath=beneath).verdict is verdict
