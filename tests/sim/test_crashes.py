"""A worker that is killed once, or twice, anywhere in a rollout, costs a repeat and never a loss."""

from __future__ import annotations

import pytest

from shared.model import Outcome
from tests.sim.crashes import BACK, GOOD, casualties, casualties_of_two, effects, undisturbed
from tests.sim.scenario import Scenario

PARTS = 2
PAIR_PARTS = 8


@pytest.mark.parametrize("part", range(PARTS))
def test_a_good_rollout_survives_a_crash_at_every_point(part: int) -> None:
    ran, points = undisturbed(GOOD)
    assert ran.outcomes == (Outcome.COMPLETED,), ran.violation
    assert len(points) > 200
    assert casualties(GOOD, points[part::PARTS], Outcome.COMPLETED) == []


@pytest.mark.parametrize("part", range(PARTS))
def test_a_rollback_survives_a_crash_at_every_point(part: int) -> None:
    ran, points = undisturbed(BACK)
    assert ran.outcomes == (Outcome.ROLLED_BACK,), ran.violation
    alert = next(n for n, point in enumerate(points) if point.what.startswith("alert"))
    assert casualties(BACK, points[alert:][part::PARTS], Outcome.ROLLED_BACK) == []


@pytest.mark.parametrize("part", range(PAIR_PARTS))
@pytest.mark.parametrize(
    ("scenario", "outcome"), [(GOOD, Outcome.COMPLETED), (BACK, Outcome.ROLLED_BACK)], ids=["good", "back"]
)
def test_a_rollout_survives_every_two_crashes(scenario: Scenario, outcome: Outcome, part: int) -> None:
    firsts = effects(undisturbed(scenario)[1])
    pairs = 0
    for first in firsts[part::PAIR_PARTS]:
        seconds, found = casualties_of_two(scenario, first, outcome)
        assert found == []
        pairs += seconds
    assert pairs > 300
