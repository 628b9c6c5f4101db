"""A worker that is killed once, anywhere in a rollout, costs a repeat and never a loss."""

from __future__ import annotations

import pytest

from shared.model import Outcome
from tests.sim.single_crash import BACK, GOOD, casualties, undisturbed

PARTS = 2


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
