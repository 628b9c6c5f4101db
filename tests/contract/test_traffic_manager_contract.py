"""What every world promises of Traffic Manager beside what it promises of every balancer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.world import Faults
from sandbox.world.balancers import FULL, MemberState
from sandbox.world.estate import STRANGER
from shared.actions import SetWeights
from shared.errors import Refused, Retry
from shared.loads import ConnectionsSeen, OpenConnections
from shared.probes import BalancerSeen, BalancerState, TrafficSeen, TrafficShare, Unavailable
from tests.contract.sides import Side, Sides, seen_as
from tests.fleets import BLUE, GREEN
from tests.fleets_balanced import PROFILE, traffic_manager_fleet

CUT_OVER = {"blue": 0, "green": 100}
CHECKED_SECONDS = 10
CHANGED_SECONDS = 5
FOLLOWED_SECONDS = CHECKED_SECONDS + PROFILE.ttl_seconds


@pytest.fixture
async def side(make: Sides) -> Side:
    """A world whose only lever is a profile."""
    return await make(traffic_manager_fleet())


async def profile(side: Side) -> BalancerSeen:
    """The profile as the world sees it."""
    return seen_as(await side.see(BalancerState(PROFILE)), BalancerSeen)


async def weigh(side: Side, **weights: int) -> None:
    """Tell the profile its shares."""
    await side.do(SetWeights(PROFILE, weights))


async def test_a_cut_over_is_settled_when_the_new_endpoint_has_been_checked(side: Side) -> None:
    await side.do(SetWeights(PROFILE, CUT_OVER))
    cut_over = await profile(side)
    assert cut_over.weights == {"green": 100}
    assert "externalEndpoints/green" in cut_over.unsettled
    side.clock.pass_seconds(CHECKED_SECONDS)
    assert await profile(side) == BalancerSeen({"green": 100})


async def test_users_follow_when_their_answers_have_expired(side: Side) -> None:
    side.estate.deploy(GREEN)
    await side.do(SetWeights(PROFILE, CUT_OVER))
    side.clock.pass_seconds(FOLLOWED_SECONDS)
    moved_at = side.clock.now()
    side.clock.pass_seconds(10 * 60)
    served = seen_as(await side.see(TrafficShare(moved_at)), TrafficSeen)
    assert served.requests["green"] > 5000
    assert served.requests["blue"] == 0


async def test_shares_are_read_back_as_they_were_told(side: Side) -> None:
    await weigh(side, blue=90, green=10)
    assert (await profile(side)).weights == {"blue": 90, "green": 10}
    side.clock.pass_seconds(CHECKED_SECONDS)
    await weigh(side, blue=50, green=50)
    assert await profile(side) == BalancerSeen({"blue": 50, "green": 50})


async def test_nothing_takes_an_endpoint_out_and_something_brings_it_back(side: Side) -> None:
    await weigh(side, blue=50, green=50)
    await weigh(side, blue=100, green=0)
    assert (await profile(side)).weights == {"blue": 100}
    await weigh(side, blue=99, green=1)
    assert (await profile(side)).weights == {"blue": 99, "green": 1}


async def test_a_profile_that_somebody_else_is_changing_takes_no_order_and_does_when_that_is_over(
    side: Side,
) -> None:
    both = {member.name: MemberState(FULL, enabled=True) for member in PROFILE.members}
    side.estate.world.balancers.write(PROFILE, both, by=STRANGER)
    for _ in range(2):
        with pytest.raises(Retry) as raised:
            await weigh(side, blue=0, green=100)
        assert raised.value.after_seconds == CHANGED_SECONDS
    assert (await profile(side)).weights == {"blue": 50, "green": 50}
    side.clock.pass_seconds(CHANGED_SECONDS)
    await weigh(side, blue=0, green=100)
    assert (await profile(side)).weights == {"green": 100}


async def test_an_order_that_changes_nothing_waits_for_nobody(side: Side) -> None:
    out = {PROFILE.member(GREEN).name: MemberState(7, enabled=False)}
    side.estate.world.balancers.write(PROFILE, out, by=STRANGER)
    await weigh(side, blue=100, green=0)
    assert side.estate.world.balancers.newest(PROFILE).by == STRANGER


async def test_a_profile_that_does_not_route_by_weight_has_no_shares(make: Sides) -> None:
    side = await make(traffic_manager_fleet(), faults=Faults(routing_method="Performance"))
    assert "Performance" in seen_as(await side.see(BalancerState(PROFILE)), Unavailable).because
    with pytest.raises(Refused):
        await weigh(side, blue=90, green=10)
    assert len(side.estate.world.balancers.history(PROFILE)) == 1


async def test_a_way_back_asks_no_profile_how_it_routes(make: Sides) -> None:
    side = await make(traffic_manager_fleet(), faults=Faults(routing_method="Priority"))
    await side.do(SetWeights(PROFILE, CUT_OVER))
    members = side.estate.world.balancers.newest(PROFILE).members
    assert {name: state.enabled for name, state in members.items()} == {
        "externalEndpoints/blue": False,
        "externalEndpoints/green": True,
    }


async def test_open_connections_are_those_of_each_slots_own_gateway(side: Side) -> None:
    since = side.clock.now()
    side.clock.pass_seconds(20 * 60)
    before = seen_as(await side.see(OpenConnections(since)), ConnectionsSeen).connections
    assert before["blue"] == pytest.approx(120, rel=0.05)
    assert before.get("green", 0) == 0
    await side.do(SetWeights(PROFILE, CUT_OVER))
    side.clock.pass_seconds(20 * 60)
    after = seen_as(await side.see(OpenConnections(since)), ConnectionsSeen).connections
    assert after["green"] == pytest.approx(120, rel=0.05)
    assert after.get("blue", 0) == 0


async def test_open_connections_are_a_mean_of_whole_minutes_and_of_none_before_since(side: Side) -> None:
    side.clock.pass_seconds(20 * 60)
    await side.do(SetWeights(PROFILE, CUT_OVER))
    moved_at = side.clock.now()
    side.clock.pass_seconds(4 * 60)
    mixed = seen_as(await side.see(OpenConnections(moved_at, 300)), ConnectionsSeen).connections
    minutes = (moved_at, moved_at + timedelta(minutes=1))
    counted = [side.estate.world.traffic.connections(BLUE, minute) for minute in minutes]
    assert counted[0] > counted[1] == 0
    assert mixed["blue"] == pytest.approx(sum(counted) / 2)
    later = seen_as(await side.see(OpenConnections(side.clock.now(), 300)), ConnectionsSeen)
    assert later.connections == {}


async def test_a_slot_that_is_not_named_is_taken_out(side: Side) -> None:
    await weigh(side, green=100)
    assert (await profile(side)).weights == {"green": 100}
