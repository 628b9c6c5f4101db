"""What every world promises of one gateway before both slots beside what it promises of every balancer."""

from __future__ import annotations

import msgspec
import pytest

from shared.actions import SetWeights
from shared.errors import Superseded
from shared.fleet import Gate, Source, Target
from shared.levers import SlotName
from shared.loads import OpenConnections
from shared.probes import BalancerSeen, BalancerState, GateReading, TrafficSeen, TrafficShare, Unavailable
from shared.safety import Drain, Traffic
from tests.contract.sides import Side, Sides, answer_samples, seen_as
from tests.fleets import BLUE, FLEET, GREEN
from tests.fleets_balanced import GATEWAY, application_gateway_fleet

DEPLOYED_SECONDS = 40
REQUESTS = Gate(
    name="requests",
    source=Source.METRICS,
    target=Target.GATEWAY,
    namespace="Microsoft.Network/applicationGateways",
    metric="TotalRequests",
    aggregation="Total",
)


@pytest.fixture
async def side(make: Sides) -> Side:
    """A world whose only lever is the rule of a gateway."""
    return await make(application_gateway_fleet())


async def gateway(side: Side) -> BalancerSeen:
    """The gateway as the world sees it."""
    return seen_as(await side.see(BalancerState(GATEWAY)), BalancerSeen)


async def lead(side: Side, slot: SlotName, *, epoch: int = 1) -> None:
    """Lead the rule to a slot under the etag that the gateway has now."""
    etag = (await gateway(side)).etag
    other = side.fleet.other(slot)
    await side.do(SetWeights(GATEWAY, {slot: 100, other: 0}, etag), epoch=epoch)


async def test_a_cut_over_is_settled_when_every_instance_follows(side: Side) -> None:
    before = await gateway(side)
    await lead(side, GREEN, epoch=7)
    cut_over = await gateway(side)
    assert cut_over.weights == {"green": 100}
    assert cut_over.unsettled
    assert cut_over.etag != before.etag
    side.clock.pass_seconds(DEPLOYED_SECONDS)
    settled = await gateway(side)
    assert (settled.weights, settled.unsettled) == ({"green": 100}, "")
    assert (settled.epoch, settled.fleet) == (7, FLEET.name)


async def test_a_way_back_waits_for_no_change_that_is_under_way(side: Side) -> None:
    await lead(side, GREEN, epoch=1)
    await lead(side, BLUE, epoch=2)
    assert (await gateway(side)).weights == {"blue": 100}


async def test_what_another_hand_wrote_is_not_overwritten_unseen(side: Side) -> None:
    seen = (await gateway(side)).etag
    balancers = side.estate.world.balancers
    balancers.write(GATEWAY, balancers.newest(GATEWAY).members, tags={"owner": "network-team"})
    with pytest.raises(Superseded):
        await side.do(SetWeights(GATEWAY, {"blue": 0, "green": 100}, seen), epoch=2)
    assert (await gateway(side)).weights == {"blue": 100}


async def test_the_traffic_of_one_gateway_is_told_apart_by_its_pools(side: Side) -> None:
    side.estate.deploy(GREEN)
    side.clock.pass_seconds(10 * 60)
    before = seen_as(await side.see(TrafficShare(side.estate.world.estate.started_at)), TrafficSeen)
    assert before.requests["blue"] == pytest.approx(6000, rel=0.05)
    assert before.requests.get("green", 0) == 0
    await lead(side, GREEN)
    side.clock.pass_seconds(DEPLOYED_SECONDS)
    moved_at = side.clock.now()
    side.clock.pass_seconds(10 * 60)
    after = seen_as(await side.see(TrafficShare(moved_at)), TrafficSeen)
    assert after.requests["green"] == pytest.approx(6000, rel=0.05)
    assert after.requests.get("blue", 0) == 0


async def test_a_gate_on_the_gateway_is_about_its_slot_alone(side: Side) -> None:
    side.clock.pass_seconds(20 * 60)
    latency = msgspec.structs.replace(REQUESTS, metric="BackendLastByteResponseTime", aggregation="Average")
    assert all(value for value in answer_samples(await side.see(GateReading(REQUESTS, BLUE))))
    assert not any(answer_samples(await side.see(GateReading(REQUESTS, GREEN))))
    assert all(value for value in answer_samples(await side.see(GateReading(latency, BLUE))))
    assert answer_samples(await side.see(GateReading(latency, GREEN))) == []


async def test_what_does_not_tell_the_slots_apart_is_not_taken_for_an_answer(side: Side) -> None:
    side.clock.pass_seconds(20 * 60)
    statuses = msgspec.structs.replace(REQUESTS, metric="ResponseStatus")
    logs = Gate(name="logs", source=Source.LOGS, target=Target.GATEWAY, query="AppRequests")
    for gate in (statuses, logs):
        assert isinstance(await side.see(GateReading(gate, GREEN)), Unavailable), gate.name


async def test_a_shared_gateway_without_a_dimension_measures_nobody(make: Sides) -> None:
    side = await make(msgspec.structs.replace(application_gateway_fleet(), traffic=Traffic()))
    side.clock.pass_seconds(20 * 60)
    share = seen_as(await side.see(TrafficShare(side.estate.world.estate.started_at)), Unavailable)
    gate = seen_as(await side.see(GateReading(REQUESTS, BLUE)), Unavailable)
    assert "traffic.dimension" in share.because
    assert "traffic.dimension" in gate.because


async def test_the_connections_of_a_shared_gateway_are_nobodys(make: Sides) -> None:
    drain = Drain(connections_metric="CurrentConnections")
    side = await make(msgspec.structs.replace(application_gateway_fleet(), drain=drain))
    side.clock.pass_seconds(20 * 60)
    answer = seen_as(await side.see(OpenConnections(side.estate.world.estate.started_at)), Unavailable)
    assert "CurrentConnections" in answer.because
