"""An invocation that is throttled ends, and says when to come back. It sleeps nothing out and asks once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

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
from shared.azure.world import AzureWorld
from shared.errors import Retry
from shared.fleet import Fleet
from shared.levers import Match, SwitchKind
from shared.loads import LoadState, OpenConnections
from shared.model import Outcome, Stage
from shared.past_probes import GatePast
from shared.ports import World
from shared.probes import (
    Answer,
    BalancerState,
    ClusterState,
    CommandState,
    DeploymentCheck,
    DeploymentState,
    GateReading,
    GroupState,
    HostState,
    LastWriter,
    NamesState,
    Probe,
    RecordOwner,
    RecordState,
    SlotAddress,
    SyncState,
    TrafficShare,
    Unavailable,
)
from shared.ring_probes import RingReading, RingState
from tests.azure.stub import Said, stub
from tests.engine.rig import Rig
from tests.fleets import ADDRESSES, BLUE, ERRORS, FLEET, GREEN, NODES
from tests.fleets_balanced import GATEWAY, PROFILE, balancer
from tests.limits.answers import BALANCED
from tests.wire.rig import addressed_fleet
from tests.world.manual_clock import START

LIVE = FLEET.live_records[0]
AFTER_SECONDS = 250
WRITES = ("PUT", "POST", "DELETE", "PATCH")
THROTTLED = Said(
    429, {"error": {"code": "TooManyRequests", "message": "Throttled."}}, {"Retry-After": str(AFTER_SECONDS)}
)
CLUSTER = Said(
    200,
    {
        "id": FLEET.slot(BLUE).cluster_id,
        "name": "aks-blue",
        "location": "westeurope",
        "properties": {"provisioningState": "Succeeded", "powerState": {"code": "Running"}},
    },
    {"ETag": '"e-1"'},
)
RECORD = {
    "id": f"{LIVE.zone_id}/A/aks",
    "name": "aks",
    "type": "Microsoft.Network/dnsZones/A",
    "etag": "e-2",
    "properties": {
        "TTL": 30,
        "ARecords": [{"ipv4Address": ADDRESSES[BLUE]}],
        "metadata": {"switchyard_epoch": "9", "switchyard_fleet": "contoso", "switchyard_slot": "blue"},
    },
}
BALANCERS = [balancer(kind) for kind in (SwitchKind.FRONT_DOOR, SwitchKind.FRONT_DOOR_CLASSIC)]
MATCH = Match(value="canary", header="x-switchyard")
ORDERS: list[Action] = [
    SetWeights(PROFILE, {GREEN: 100}),
    SetWeights(GATEWAY, {GREEN: 100}, "e-3"),
    *(SetWeights(each, {GREEN: 100}) for each in BALANCERS),
    *(SetMatch(each, MATCH, GREEN) for each in BALANCERS),
    *(Purge(each) for each in BALANCERS),
    PointRecord(LIVE, BLUE, ADDRESSES[BLUE], 30, None),
    Deploy("d-1", GREEN, "1.32.6", "1.4.0"),
    StartSync(BLUE),
    Freeze(BLUE, START),
    Thaw(BLUE),
    StartCluster(BLUE),
    StopCluster(BLUE),
    DestroyCluster(BLUE, "e-1"),
]
QUESTIONS: list[Probe] = [
    *(BalancerState(each) for each in (*BALANCERS, PROFILE, GATEWAY)),
    OpenConnections(START - timedelta(hours=1)),
    LoadState(BLUE),
    ClusterState(BLUE),
    SlotAddress(BLUE),
    RecordState(LIVE),
    RecordOwner(LIVE),
    NamesState(LIVE),
    LastWriter(LIVE.resource_id, START, START + timedelta(hours=1)),
    DeploymentCheck(GREEN, "1.32.6", "1.4.0"),
    DeploymentState("d-1"),
    SyncState(BLUE),
    CommandState(BLUE, "c-1"),
    GateReading(NODES, BLUE),
    GateReading(ERRORS, BLUE),
    GatePast(ERRORS, BLUE, ((START - timedelta(hours=1), START),)),
    TrafficShare(START - timedelta(hours=1)),
    GroupState(BLUE),
]
NOT_ASKED_OF_AZURE: frozenset[type[Probe]] = frozenset({HostState, RingReading, RingState})
"""Questions to the fleet's own hosts, which have no limit of Azure's, and those that the store answers."""


@pytest.mark.parametrize("order", ORDERS, ids=lambda each: type(each).__name__)
async def test_an_order_that_is_throttled_is_sent_once_and_left_for_later(
    tmp_path: Path, order: Action
) -> None:
    script = {
        ("GET", "/aks-blue"): [CLUSTER],
        ("GET", "/aks"): [Said(404, {"error": {"code": "NotFound", "message": "None."}})],
        **{end: [said] for end, said in BALANCED.items()},
        **{(method, ""): [THROTTLED] for method in WRITES},
    }
    async with stub(tmp_path, script) as (server, connection):
        with pytest.raises(Retry) as caught:
            await AzureWorld(connection).perform(FLEET, order, epoch=1)
    assert caught.value.after_seconds == AFTER_SECONDS
    assert [method for method, _, _ in server.requests if method != "GET"] in [[each] for each in WRITES]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: type(each).__name__)
async def test_a_question_that_is_throttled_is_asked_once_and_left_for_later(
    tmp_path: Path, question: Probe
) -> None:
    fleet = addressed_fleet()
    async with stub(tmp_path, {(method, ""): [THROTTLED] for method in ("GET", "POST")}) as (
        server,
        connection,
    ):
        answer = (await AzureWorld(connection).observe(fleet, frozenset({question}), START))[question]
    assert isinstance(answer, Unavailable)
    assert answer.after_seconds == AFTER_SECONDS
    assert len(server.requests) == 1


def test_every_order_and_every_question_is_tried() -> None:
    assert {type(each) for each in ORDERS} == set(get_args(Action))
    assert {type(each) for each in QUESTIONS} | NOT_ASKED_OF_AZURE == set(get_args(Probe))


async def test_a_write_under_a_known_etag_goes_out_although_nothing_can_be_read(tmp_path: Path) -> None:
    script = {("GET", "/aks"): [THROTTLED], ("PUT", "/aks"): [Said(200, RECORD)]}
    order = PointRecord(LIVE, BLUE, ADDRESSES[BLUE], 30, "e-1")
    async with stub(tmp_path, script) as (server, connection):
        await AzureWorld(connection).perform(FLEET, order, epoch=9)
    assert [method for method, _, _ in server.requests] == ["GET", "PUT"]


class Blindfold:
    """`shared.ports.World` before another one, whose live records cannot be read while `on`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.on = False
        self.asked = 0
        self.written = 0
        self.refusing = False

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> Mapping[Probe, Answer]:
        """Answer every probe but those of records."""
        hidden = {probe for probe in probes if isinstance(probe, RecordState) and self.on}
        self.asked += len(hidden)
        answers = await self._world.observe(fleet, probes - hidden, now)
        return {**answers, **{probe: Unavailable("throttled", AFTER_SECONDS) for probe in hidden}}

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """Carry out an action."""
        self.written += isinstance(action, PointRecord)
        if self.refusing:
            raise Retry("throttled", AFTER_SECONDS)
        return await self._world.perform(fleet, action, epoch=epoch)


async def blindfolded() -> tuple[Rig, Blindfold]:
    """A rollout with users on the candidate, whose live records can be read no longer."""
    rig = await Rig(FLEET).applied()
    world = Blindfold(rig.observed)
    rig.observed = world  # type: ignore[assignment]
    rig.restart()
    await rig.publish_version()
    await rig.until("bake")
    await rig.minute()
    world.on, world.written = True, 0
    return rig, world


async def test_a_rollbacks_write_does_not_wait_for_a_read() -> None:
    rig, world = await blindfolded()
    assert rig.traffic_at() == ADDRESSES[GREEN]
    await rig.fire()
    assert rig.traffic_at() == ADDRESSES[BLUE]
    for _ in range(10):
        await rig.minute()
    assert world.written == 1
    assert (await rig.rollout()).step == "divert"
    world.on = False
    assert (await rig.ended()).outcome is Outcome.ROLLED_BACK


async def test_a_refused_write_does_not_bring_the_question_back_in_the_same_tick() -> None:
    rig, world = await blindfolded()
    world.refusing = True
    await rig.fire()
    assert (world.written, world.asked) == (1, 1)
    world.refusing = False
    rig.clock.at += timedelta(seconds=AFTER_SECONDS)
    await rig.minute()
    assert rig.traffic_at() == ADDRESSES[BLUE]


async def test_a_record_that_somebody_else_moved_is_not_overwritten_unseen() -> None:
    rig, world = await blindfolded()
    rig.point_elsewhere("198.51.100.7")
    await rig.fire()
    for _ in range(3):
        await rig.minute()
    assert rig.traffic_at() == "198.51.100.7"
    assert world.written == 1
    rollout = await rig.rollout()
    assert (rollout.stage, rollout.step) == (Stage.ROLLBACK, "divert")
    world.on = False
    assert (await rig.ended()).outcome is Outcome.ROLLED_BACK
    assert rig.traffic_at() == ADDRESSES[BLUE]
