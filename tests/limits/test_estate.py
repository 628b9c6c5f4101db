"""An estate whose clusters all hear of a version at once stays under the limits, and is done in the end."""

from __future__ import annotations

import pytest

from shared.loads import OpenConnections
from shared.model import Outcome
from shared.probes import HostState, NamesState, RecordOwner
from tests.limits.estate import EXAMPLES, Estate
from tests.limits.meter import peak

ROLLOUTS = 90
"""Enough for half of them to have to wait for their turn."""

EVERY = sorted(path.stem for path in EXAMPLES.glob("*.yaml") if path.stem != "contoso-rings")
"""The examples of one fleet: the rings of a file are fleets like it."""


@pytest.mark.parametrize("example", EVERY)
async def test_an_estate_asks_azure_no_more_than_it_may(example: str) -> None:
    estate = Estate(ROLLOUTS, example=example)
    await estate.run()
    assert await estate.outcomes() == {Outcome.COMPLETED: ROLLOUTS}
    lines = estate.meter.lines()
    assert {line.limit.name: line.refused for line in lines if line.refused} == {}
    # Other tools of the same identity need room too, and other estates are other than this one.
    assert {line.limit.name: line.lowest for line in lines if line.lowest < 0.1 * line.limit.size} == {}


@pytest.mark.parametrize("example", EVERY)
def test_its_fleets_ask_all_that_a_fleet_asks_if_it_says_nothing(example: str) -> None:
    (fleet,) = Estate(1, example=example).fleets
    assert (fleet.names.owners, fleet.names.writers, fleet.readiness.every_seconds) == (True, True, 180)
    # Behind one gateway no name moves.
    assert fleet.names.ask or example == "contoso-one-gateway"


async def test_owners_names_connections_and_readiness_are_counted_too() -> None:
    estate = Estate(2)
    await estate.run()
    assert {RecordOwner, NamesState, OpenConnections, HostState} <= estate.azure.asked.keys()
    zone = estate.fleets[0].live_records[0].zone_id.lower()
    assert estate.azure.first == {(fleet.name, zone) for fleet in estate.fleets}


def test_a_peak_is_the_most_within_a_span() -> None:
    assert peak([0, 0, 30, 59.9, 60, 61], 60) == 4
    assert peak([], 60) == 0
