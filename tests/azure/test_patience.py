"""An invocation is short: what is repeated at once, what is left to a later tick, and what is given up."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from shared.actions import Deploy, Freeze, PointRecord, StartCluster
from shared.azure.deployments import Deployments
from shared.azure.world import AzureWorld
from shared.errors import Refused, Retry
from shared.probes import ClusterSeen, ClusterState, DeploymentCheck, GroupSeen, GroupState, Unavailable
from tests.azure.stub import Said, stub
from tests.fleets import ADDRESSES, BLUE, FLEET, GREEN
from tests.world.manual_clock import START

LIVE = FLEET.live_records[0]
POINT = PointRecord(LIVE, GREEN, ADDRESSES[GREEN], 30, "e-1")
CLUSTER = {"properties": {"provisioningState": "Succeeded", "powerState": {"code": "Stopped"}}, "eTag": "e-1"}
BROKEN = Said(503, {"error": {"code": "ServiceUnavailable", "message": "Try later."}})
THROTTLED = Said(429, {"code": "Throttled", "message": "Too many."}, {"Retry-After": "30"})
GONE = Said(404, {"error": {"code": "NotFound", "message": "It is not there."}})


async def test_a_read_that_fails_for_a_moment_is_repeated_at_once(tmp_path: Path) -> None:
    async with stub(tmp_path, {("GET", "/aks-blue"): [BROKEN, BROKEN, Said(200, CLUSTER)]}) as (
        server,
        connection,
    ):
        found = await AzureWorld(connection).observe(FLEET, frozenset({ClusterState(BLUE)}), START)
    seen = found[ClusterState(BLUE)]
    assert isinstance(seen, ClusterSeen)
    assert (seen.power, seen.etag) == ("Stopped", "e-1")
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "said", [THROTTLED, Said(503, BROKEN.body, {"Retry-After": "30"})], ids=["429", "503"]
)
async def test_a_wait_that_is_asked_for_is_handed_on_and_not_slept(tmp_path: Path, said: Said) -> None:
    begun = time.monotonic()
    async with stub(tmp_path, {("GET", "/aks-blue"): [said]}) as (server, connection):
        found = await AzureWorld(connection).observe(FLEET, frozenset({ClusterState(BLUE)}), START)
    answer = found[ClusterState(BLUE)]
    assert isinstance(answer, Unavailable)
    assert answer.after_seconds == 30
    assert len(server.requests) == 1
    assert time.monotonic() - begun < 10


async def test_a_write_that_may_have_arrived_is_not_repeated_by_itself(tmp_path: Path) -> None:
    async with stub(tmp_path, {("GET", "/aks"): [GONE], ("PUT", "/aks"): [BROKEN]}) as (server, connection):
        with pytest.raises(Retry, match=r"Try later"):
            await AzureWorld(connection).perform(FLEET, POINT, epoch=1)
    assert [method for method, _, _ in server.requests] == ["GET", "PUT"]


async def test_a_run_command_that_may_have_arrived_is_not_repeated_by_itself(tmp_path: Path) -> None:
    script = {("GET", "/aks-blue"): [Said(200, CLUSTER)], ("POST", "/runCommand"): [BROKEN]}
    async with stub(tmp_path, script) as (server, connection):
        with pytest.raises(Retry):
            await AzureWorld(connection).perform(FLEET, Freeze(BLUE, START), epoch=1)
    assert [method for method, _, _ in server.requests] == ["GET", "POST"]


async def test_a_cluster_with_entra_integration_gets_a_token_of_its_own(tmp_path: Path) -> None:
    cluster = {"properties": {**CLUSTER["properties"], "aadProfile": {"managed": True}}}  # type: ignore[dict-item]
    taken = Said(202, None, {"Location": "{base}/x/commandResults/c-1?api-version=1"})
    script = {("GET", "/aks-blue"): [Said(200, cluster)], ("POST", "/runCommand"): [taken]}
    async with stub(tmp_path, script) as (server, connection):
        assert await AzureWorld(connection).perform(FLEET, Freeze(BLUE, START), epoch=1) == "c-1"
    assert server.requests[-1][2]["clusterToken"].startswith("6dae42f8-4368-4678-94ff-3960e28e3630/")


async def test_an_answer_that_never_comes_is_given_up(tmp_path: Path) -> None:
    pending = Said(202, None, {"Location": "{base}/operations/o-1", "Retry-After": "30"})
    script = {("POST", "/validate"): [pending], ("GET", "/o-1"): [pending]}
    async with stub(tmp_path, script) as (_, connection):
        check = Deployments(connection, check_seconds_max=0.2).check
        with pytest.raises(Retry, match="still validating"):
            await check(FLEET, DeploymentCheck(GREEN, "1.32.6", "1.4.0"), START)


async def test_a_service_that_hangs_costs_no_more_than_its_limit(tmp_path: Path) -> None:
    async with stub(tmp_path, {("GET", "/aks-blue"): [Said(200, CLUSTER)]}) as (_, connection):
        world = AzureWorld(connection, observe_seconds_max=0, perform_seconds_max=0)
        found = await world.observe(FLEET, frozenset({ClusterState(BLUE)}), START)
        with pytest.raises(Retry, match="no answer in time"):
            await world.perform(FLEET, POINT, epoch=1)
    assert found[ClusterState(BLUE)] == Unavailable(
        "cluster state: Azure Resource Manager gave no answer in time"
    )


async def test_a_subscription_that_cannot_be_seen_is_not_a_cluster_that_is_gone(tmp_path: Path) -> None:
    hidden = Said(404, {"error": {"code": "SubscriptionNotFound", "message": "Not found."}})
    async with stub(tmp_path, {("GET", "/aks-blue"): [hidden]}) as (_, connection):
        found = await AzureWorld(connection).observe(FLEET, frozenset({ClusterState(BLUE)}), START)
    assert isinstance(found[ClusterState(BLUE)], Unavailable)


async def test_an_answer_that_makes_no_sense_leaves_the_other_probes_alone(tmp_path: Path) -> None:
    script = {("GET", "/aks-blue"): [Said(200, ["what?"])], ("GET", "/aks-green"): [GONE]}
    probes = frozenset({ClusterState(BLUE), ClusterState(GREEN)})
    async with stub(tmp_path, script) as (_, connection):
        found = await AzureWorld(connection).observe(FLEET, probes, START)
    assert isinstance(found[ClusterState(BLUE)], Unavailable)
    assert found[ClusterState(GREEN)] == ClusterSeen(exists=False)


async def test_starting_a_cluster_that_runs_already_is_success_whatever_the_answer(tmp_path: Path) -> None:
    running = {"properties": {"provisioningState": "Succeeded", "powerState": {"code": "Running"}}}
    conflict = Said(409, {"code": "AlreadyRunning", "message": "It runs."})
    script = {("POST", "/start"): [conflict], ("GET", "/aks-blue"): [Said(200, running), Said(200, CLUSTER)]}
    async with stub(tmp_path, script) as (_, connection):
        world = AzureWorld(connection)
        await world.perform(FLEET, StartCluster(BLUE), epoch=1)
        with pytest.raises(Retry, match="Stopped"):
            await world.perform(FLEET, StartCluster(BLUE), epoch=1)


async def test_a_conflict_with_an_ended_deployment_is_not_taken_for_a_running_one(tmp_path: Path) -> None:
    conflict = Said(409, {"error": {"code": "DeploymentBeingDeleted", "message": "Wait."}})
    running = Said(200, {"properties": {"provisioningState": "Running"}})
    failed = Said(200, {"properties": {"provisioningState": "Failed"}})
    async with stub(tmp_path, {("PUT", "/d"): [conflict], ("GET", "/d"): [running, failed]}) as (
        _,
        connection,
    ):
        world = AzureWorld(connection)
        await world.perform(FLEET, Deploy("d", GREEN, "1.32.6", "1.4.0"), epoch=1)
        with pytest.raises(Retry, match="Failed"):
            await world.perform(FLEET, Deploy("d", GREEN, "1.32.6", "1.4.0"), epoch=1)


async def test_an_answer_that_shows_another_write_is_not_success(tmp_path: Path) -> None:
    other = {"etag": "e-2", "properties": {"TTL": 30, "ARecords": [{"ipv4Address": "198.51.100.1"}]}}
    async with stub(tmp_path, {("GET", "/aks"): [GONE], ("PUT", "/aks"): [Said(200, other)]}) as (
        _,
        connection,
    ):
        with pytest.raises(Retry, match=r"198\.51\.100\.1"):
            await AzureWorld(connection).perform(FLEET, POINT, epoch=1)


async def test_what_the_identity_may_not_do_is_refused_in_the_services_words(tmp_path: Path) -> None:
    denied = Said(403, {"error": {"code": "AuthorizationFailed", "message": "No write on dnszones."}})
    async with stub(tmp_path, {("GET", "/aks"): [GONE], ("PUT", "/aks"): [denied]}) as (_, connection):
        with pytest.raises(Refused, match="point record: AuthorizationFailed: No write on dnszones"):
            await AzureWorld(connection).perform(FLEET, POINT, epoch=1)


async def test_a_node_group_is_found_on_any_page_by_its_manager(tmp_path: Path) -> None:
    manager = FLEET.slot(BLUE).cluster_id.upper()
    pages = [
        Said(200, {"value": [{"name": "a"}], "nextLink": "{next}"}),
        Said(200, {"value": [{"name": "nodes-of-blue", "managedBy": manager}]}),
    ]
    async with stub(tmp_path, {("GET", "/resourcegroups"): pages}) as (server, connection):
        pages[0].body["nextLink"] = f"{server.base}/subscriptions/s/resourcegroups?page=2"
        found = await AzureWorld(connection).observe(FLEET, frozenset({GroupState(BLUE)}), START)
    assert found[GroupState(BLUE)] == GroupSeen(exists=True)
    assert len(server.requests) == 2
