"""An estate whose clusters all hear of a version at once stays under the limits, and is done in the end."""

from __future__ import annotations

import pytest

from shared.model import Outcome
from tests.limits.estate import Estate
from tests.limits.meter import peak

ROLLOUTS = 90
"""Enough for half of them to have to wait for their turn."""


@pytest.mark.parametrize("example", ["contoso-public", "contoso-private"])
async def test_an_estate_asks_azure_no_more_than_it_may(example: str) -> None:
    estate = Estate(ROLLOUTS, example=example)
    await estate.run()
    assert await estate.outcomes() == {Outcome.COMPLETED: ROLLOUTS}
    lines = estate.meter.lines()
    assert {line.limit.name: line.refused for line in lines if line.refused} == {}
    # Other tools of the same identity need room too, and other estates are other than this one.
    assert {line.limit.name: line.lowest for line in lines if line.lowest < 0.1 * line.limit.size} == {}


def test_a_peak_is_the_most_within_a_span() -> None:
    assert peak([0, 0, 30, 59.9, 60, 61], 60) == 4
    assert peak([], 60) == 0
