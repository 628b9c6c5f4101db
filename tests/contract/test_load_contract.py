"""What every world promises of the load that slots bear."""

from __future__ import annotations

from sandbox.world import Faults
from sandbox.world.settings import Crowd, Family, Outage, Scaling
from shared.loads import LoadSeen, LoadState
from shared.probes import Unavailable
from tests.contract.sides import Side, Sides, seen_as
from tests.fleets import BLUE, GREEN


async def load(side: Side) -> LoadSeen:
    return seen_as(await side.see(LoadState(BLUE)), LoadSeen)


async def test_who_serves_bears_the_load_and_a_cluster_that_is_not_there_bears_none(side: Side) -> None:
    side.clock.pass_seconds(20 * 60)
    alone = await load(side)
    assert alone.used.keys() == {BLUE}
    assert alone.used[BLUE].nodes == 3
    assert 2.5 < alone.used[BLUE].cores < 4.5
    assert alone.cores is not None
    assert 11 < alone.cores < 12
    assert alone.memory_bytes is not None
    assert 0 < alone.used[BLUE].memory_bytes < alone.memory_bytes


async def test_the_load_goes_where_the_users_go(side: Side) -> None:
    side.estate.deploy(GREEN)
    side.clock.pass_seconds(20 * 60)
    before = await load(side)
    await side.point(GREEN)
    side.clock.pass_seconds(20 * 60)
    after = await load(side)
    assert before.used[BLUE].cores > before.used[GREEN].cores
    assert after.used[GREEN].cores > after.used[BLUE].cores


async def test_more_users_are_more_load_and_more_nodes_can_bear_more(make: Sides) -> None:
    crowd = Crowd(from_seconds=1200, until_seconds=7200, times=4.0)
    side = await make(faults=Faults(crowd=crowd, scalings=(Scaling(slot=BLUE, at_seconds=3600, nodes=5),)))
    side.clock.pass_seconds(1200)
    usual = await load(side)
    side.clock.pass_seconds(1200)
    crowded = await load(side)
    assert crowded.used[BLUE].cores > 2 * usual.used[BLUE].cores
    assert crowded.cores == usual.cores
    assert usual.cores is not None
    side.clock.pass_seconds(1800)
    scaled = await load(side)
    assert scaled.used[BLUE].nodes == 5
    assert scaled.cores is not None
    assert round(scaled.cores / usual.cores, 3) == round(5 / 3, 3)
    assert (await side.cluster(BLUE)).nodes == 5


async def test_an_outage_of_the_metrics_says_nothing_of_the_load(make: Sides) -> None:
    outage = Outage(family=Family.METRICS, from_seconds=0, until_seconds=7200)
    side = await make(faults=Faults(outages=(outage,)))
    side.clock.pass_seconds(1200)
    assert isinstance(await side.see(LoadState(BLUE)), Unavailable)
