"""The costs that `make limits` reckons with are those of the real adapters and SDK clients on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from sandbox.world.balancers import TYPES
from shared.actions import (
    Action,
    Deploy,
    DestroyCluster,
    Freeze,
    PointRecord,
    Purge,
    SetMatch,
    SetWeights,
    StartCluster,
    StartSync,
    StopCluster,
    Thaw,
)
from shared.fleet import Fleet, Gate, Source, Target
from shared.levers import MATCHING, Balancer, Match, Record, RecordType, SlotName
from shared.loads import LoadState, OpenConnections
from shared.probes import (
    BalancerSeen,
    BalancerState,
    ClusterState,
    CommandState,
    DeploymentCheck,
    DeploymentState,
    GatePast,
    GateReading,
    GroupState,
    HostState,
    LastWriter,
    NamesState,
    Probe,
    Reading,
    RecordOwner,
    RecordSeen,
    RecordState,
    SlotAddress,
    SyncState,
    TrafficShare,
)
from shared.safety import Drain
from tests.azure.rig import Rig, rig
from tests.contract.test_checks_contract import HOOK, LOAD, gate
from tests.contract.test_checks_contract import PODS as PODS_READY
from tests.contract.test_checks_contract import asked as of_a_rollout
from tests.fleets import ADDRESSES, BLUE, ERRORS, GREEN, HEALTH, NODES
from tests.fleets_balanced import balancer
from tests.limits.lever_requests import once
from tests.limits.requests import Request, asked, of_action, of_probe, path_of
from tests.sources import APP, KUBELET, ORIGIN, PODS, at
from tests.wire.rig import addressed_fleet, private_fleet
from tests.world.manual_clock import START, VERSION

NAME = "switchyard-contoso-0001"
FLEET = msgspec.structs.replace(
    addressed_fleet(),
    balancers=tuple(map(balancer, TYPES)),
    drain=Drain(connections_metric="CurrentConnections"),
)
MATCH = Match(value="canary", header="x-switchyard")
NEEDED: dict[type[Probe], Probe] = {
    ClusterState: ClusterState(BLUE),
    SlotAddress: SlotAddress(BLUE),
    RecordState: RecordState(FLEET.live_records[0]),
    RecordOwner: RecordOwner(FLEET.live_records[0]),
    LastWriter: LastWriter(FLEET.live_records[0].resource_id, START, START + timedelta(hours=1)),
    HostState: HostState(BLUE),
    BalancerState: BalancerState(FLEET.balancers[0]),
    DeploymentCheck: DeploymentCheck(GREEN, VERSION, "1.4.0"),
    DeploymentState: DeploymentState(NAME),
    SyncState: SyncState(BLUE),
    CommandState: CommandState(BLUE, "c-1"),
    GateReading: GateReading(NODES, BLUE),
    GatePast: GatePast(
        ERRORS, BLUE, tuple((START - timedelta(weeks=n), START - timedelta(days=7 * n - 1)) for n in (2, 1))
    ),
    GroupState: GroupState(BLUE),
    OpenConnections: OpenConnections(START - timedelta(hours=1)),
    LoadState: LoadState(BLUE),
}


@pytest.fixture
async def azure(tmp_path: Path) -> AsyncIterator[Rig]:
    """The adapters on a wire whose world has run for a while."""
    async with rig(tmp_path, FLEET) as started:
        started.estate.clock.pass_seconds(1800)
        yield started


def sent(azure: Rig) -> list[Request]:
    """What crossed the wire since this was last asked, in lower case."""
    lines = azure.exchanges()
    return sorted((line["method"], path_of(line["url"]).lower()) for line in lines)


def expected(requests: list[Request]) -> list[Request]:
    """The same form."""
    return sorted((method, path.lower()) for method, path in requests)


async def look(azure: Rig, probe: Probe, fleet: Fleet = FLEET) -> list[Request]:
    """What one question costs."""
    sent(azure)
    await azure.azure.observe(fleet, frozenset({probe}), azure.estate.clock.now())
    return sent(azure)


@pytest.mark.parametrize("kind", [each for each in get_args(Probe) if each in NEEDED])
async def test_a_question_costs_what_the_table_says(azure: Rig, kind: type[Probe]) -> None:
    probe = NEEDED[kind]
    assert await look(azure, probe) == expected(of_probe(FLEET, probe))


async def test_a_measurement_costs_what_the_table_says(azure: Rig) -> None:
    hour_ago = azure.estate.clock.now() - timedelta(hours=1)
    own: list[Probe] = [GateReading(ERRORS, GREEN), GateReading(HEALTH, BLUE), TrafficShare(hour_ago)]
    kubelet = at(KUBELET, azure.wire.prometheus_endpoint)
    for probe in (*own, *(GateReading(each, BLUE) for each in (kubelet, APP, PODS, ORIGIN))):
        assert await look(azure, probe) == expected(of_probe(FLEET, probe))


@pytest.mark.parametrize(
    "asked_gate",
    [
        gate(Source.WEBHOOK, HOOK),
        gate(Source.ALERTS, target=Target.GATEWAY),
        gate(Source.RESOURCE_HEALTH, target=Target.CLUSTER),
        gate(Source.KUBERNETES, PODS_READY),
        gate(Source.LOAD_TEST, LOAD),
    ],
    ids=lambda each: each.source.value,
)
async def test_a_check_costs_what_the_table_says(azure: Rig, asked_gate: Gate) -> None:
    probe = of_a_rollout(asked_gate, BLUE if asked_gate.source is not Source.LOAD_TEST else GREEN)
    assert await look(azure, probe) == expected(of_probe(FLEET, probe))


async def test_a_check_in_a_cluster_that_was_begun_costs_a_look(azure: Rig) -> None:
    probe = of_a_rollout(gate(Source.KUBERNETES, PODS_READY), BLUE)
    begun = (await azure.azure.observe(FLEET, frozenset({probe}), azure.estate.clock.now()))[probe]
    assert isinstance(begun, Reading)
    again = of_a_rollout(probe.gate, BLUE, *(begun.receipts or ()))
    assert await look(azure, again) == expected(of_probe(FLEET, again))


async def test_a_records_names_cost_a_look_at_the_zone_once_in_a_process(azure: Rig) -> None:
    probe = NamesState(FLEET.live_records[0])
    assert await look(azure, probe) == expected([*once(probe), *of_probe(FLEET, probe)])
    assert await look(azure, probe) == expected(of_probe(FLEET, probe)) == []


async def test_an_address_that_is_declared_costs_nothing(azure: Rig) -> None:
    slots = tuple(msgspec.structs.replace(each, address=ADDRESSES[each.name]) for each in FLEET.slots)
    fleet = msgspec.structs.replace(FLEET, slots=slots)
    assert await look(azure, SlotAddress(GREEN), fleet) == [] == of_probe(fleet, SlotAddress(GREEN))


async def test_readings_of_one_metric_on_two_slots_share_a_request(azure: Rig) -> None:
    probes: list[Probe] = [GateReading(NODES, BLUE), GateReading(NODES, GREEN)]
    sent(azure)
    await azure.azure.observe(FLEET, frozenset(probes), azure.estate.clock.now())
    assert sent(azure) == expected([each for _, requests in asked(FLEET, probes) for each in requests])


async def etag(azure: Rig, record: Record) -> str | None:
    """The etag that a record set has now."""
    seen = await azure.see(RecordState(record))
    assert isinstance(seen, RecordSeen)
    return seen.etag


async def order(azure: Rig, action: Action) -> None:
    """Give an order, and hold what it cost against the table."""
    sent(azure)
    await azure.azure.perform(azure.estate.fleet, action, epoch=1)
    assert sent(azure) == expected(of_action(azure.estate.fleet, action)), action


async def test_every_order_costs_what_the_table_says(azure: Rig) -> None:
    clock = azure.estate.clock
    live = FLEET.live_records[0]
    orders: list[Action] = [
        PointRecord(live, GREEN, ADDRESSES[GREEN], 30, await etag(azure, live)),
        *orders_to(FLEET.balancers[0], None),
        Deploy(NAME, GREEN, VERSION, "1.4.0"),
        StartSync(GREEN),
        Freeze(BLUE, clock.now() + timedelta(hours=1)),
        Thaw(BLUE),
        StopCluster(BLUE),
        StartCluster(BLUE),
        DestroyCluster(BLUE, None),
    ]
    assert {type(each) for each in orders} == set(get_args(Action))
    for action in orders:
        await order(azure, action)
        clock.pass_seconds(1800)


def orders_to(lever: Balancer, etag: str | None) -> list[Action]:
    """What is ordered of a balancer, once each."""
    matches = [SetMatch(lever, MATCH, GREEN), SetMatch(lever, MATCH, None)]
    return [
        *(matches if lever.kind in MATCHING else []),
        SetWeights(lever, {BLUE: 0, GREEN: 100}, etag),
        Purge(lever),
    ]


@pytest.mark.parametrize("lever", FLEET.balancers, ids=lambda each: each.kind)
async def test_every_balancer_costs_what_the_table_says(azure: Rig, lever: Balancer) -> None:
    without = msgspec.structs.replace(lever, rules="")
    assert await look(azure, BalancerState(without)) == expected(of_probe(FLEET, BalancerState(without)))
    assert await look(azure, BalancerState(lever)) == expected(of_probe(FLEET, BalancerState(lever)))
    seen = await azure.see(BalancerState(lever))
    assert isinstance(seen, BalancerSeen)
    for action in orders_to(lever, seen.etag):
        await order(azure, action)
        azure.estate.clock.pass_seconds(1800)


async def test_a_record_of_a_private_zone_costs_the_same(tmp_path: Path) -> None:
    fleet = private_fleet()
    live = fleet.live_records[0]
    async with rig(tmp_path, fleet) as azure:
        assert await look(azure, RecordState(live), fleet) == expected(of_probe(fleet, RecordState(live)))
        await order(azure, PointRecord(live, SlotName("green"), "10.20.1.20", 30, await etag(azure, live)))
        names, owner = NamesState(live), RecordOwner(live)
        assert await look(azure, names, fleet) == expected(once(names)) == []
        assert await look(azure, owner, fleet) == expected(of_probe(fleet, owner))


@pytest.mark.parametrize("kind", [RecordType.AAAA, RecordType.CNAME])
async def test_an_owner_of_another_type_has_one_place_alone(azure: Rig, kind: RecordType) -> None:
    probe = RecordOwner(msgspec.structs.replace(FLEET.live_records[0], type=kind))
    assert await look(azure, probe) == expected(of_probe(FLEET, probe))
    assert len(of_probe(FLEET, probe)) == 1
