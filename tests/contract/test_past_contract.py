"""What every world promises of the past: each span's own samples, in order, and none where one is missing."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from sandbox.world import Faults
from sandbox.world.settings import Family, Outage
from shared.fleet import Gate
from shared.probes import GatePast, Reading, Unavailable
from tests.contract.sides import Side, Sides, seen_as
from tests.fleets import BLUE, ERRORS, NODES
from tests.sources import APP, ORIGIN, SHARE, WORLDWIDE, at

WEEK, MINUTE = timedelta(weeks=1), timedelta(minutes=1)


def weeks_before(side: Side, gate: Gate) -> GatePast:
    """Ten minutes at this time in each of the last three weeks."""
    now = side.clock.now().replace(second=0, microsecond=0)
    spans = tuple((now - n * WEEK, now - n * WEEK + 10 * MINUTE) for n in (3, 2, 1))
    return GatePast(at(gate, side.prometheus_endpoint), BLUE, spans)


@pytest.mark.parametrize("gate", [ERRORS, NODES, APP, SHARE, ORIGIN], ids=lambda gate: gate.name)
async def test_the_samples_are_those_of_the_spans_in_their_order(make: Sides, gate: Gate) -> None:
    side = await make(WORLDWIDE)
    side.clock.pass_seconds(1200)
    probe = weeks_before(side, gate)
    found = seen_as(await side.see(probe), Reading)
    moments = [sample.at for sample in found.samples]
    assert moments == [since + n * MINUTE for since, _ in probe.spans for n in range(10)]
    assert all(sample.value is not None for sample in found.samples)
    assert (found.since, found.until) == (probe.spans[0][0], probe.spans[-1][1])


async def test_nothing_is_older_than_since(make: Sides) -> None:
    side = await make()
    side.clock.pass_seconds(1200)
    asked = weeks_before(side, ERRORS)
    since = asked.spans[-1][0] + 4 * MINUTE
    found = seen_as(await side.see(msgspec.structs.replace(asked, since=since)), Reading)
    assert [sample.at for sample in found.samples] == [since + n * MINUTE for n in range(6)]


async def test_a_source_that_is_out_has_no_past(make: Sides) -> None:
    side = await make(
        faults=Faults(outages=(Outage(family=Family.LOGS, from_seconds=0, until_seconds=9_999),))
    )
    side.clock.pass_seconds(1200)
    assert isinstance(await side.see(weeks_before(side, ERRORS)), Unavailable)
