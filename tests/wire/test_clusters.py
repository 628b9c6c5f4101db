"""Managed clusters through azure-mgmt-containerservice, long-running operations to their ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.mgmt.containerservice.aio import ContainerServiceClient

from sandbox.world import Family, Faults, Outage
from shared.azure.run_command import packed
from tests.fleets import BLUE
from tests.wire.rig import CLUSTERS, Rig, answer, refusal

BLUE_CLUSTER = ("rg-aks-blue", "aks-blue")
GREEN_CLUSTER = ("rg-aks-green", "aks-green")


@pytest.fixture
async def clusters(rig: Rig) -> Any:
    return (await rig.client(ContainerServiceClient)).managed_clusters


async def _etag(clusters: Any, group: str, name: str) -> str:
    """The etag of a cluster, from the header that it is in."""
    answers: list[Any] = []
    await clusters.get(group, name, raw_response_hook=answers.append)
    return str(answers[0].http_response.headers["ETag"]).strip('"')


async def _until_done(rig: Rig, poller: Any, seconds: float) -> None:
    """The operation has begun, and ends once the world's time for it has passed."""
    assert poller.status() == "InProgress"
    rig.clock.pass_seconds(seconds)
    await poller.result()


async def test_a_cluster_shows_its_version_power_and_node_group(clusters: Any) -> None:
    cluster = await clusters.get(*BLUE_CLUSTER)
    properties = cluster.properties
    assert (properties.current_kubernetes_version, properties.power_state.code) == ("1.31.9", "Running")
    assert (properties.provisioning_state, properties.node_resource_group) == (
        "Succeeded",
        "MC_rg-aks-blue_aks-blue_westeurope",
    )


async def test_a_cluster_that_is_not_there_is_not_found(clusters: Any) -> None:
    with pytest.raises(ResourceNotFoundError) as missing:
        await clusters.get(*GREEN_CLUSTER)
    assert refusal(missing.value) == (404, "ResourceNotFound")


async def test_stop_and_start_run_to_their_ends(rig: Rig, clusters: Any) -> None:
    timings = rig.world.estate.timings
    await _until_done(rig, await clusters.begin_stop(*BLUE_CLUSTER), timings.stop_seconds)
    assert (await clusters.get(*BLUE_CLUSTER)).properties.power_state.code == "Stopped"
    await _until_done(rig, await clusters.begin_start(*BLUE_CLUSTER), timings.start_seconds)
    assert (await clusters.get(*BLUE_CLUSTER)).properties.power_state.code == "Running"


async def test_a_delete_runs_to_its_end_and_a_second_one_finds_nothing(rig: Rig, clusters: Any) -> None:
    poller = await clusters.begin_delete(*BLUE_CLUSTER)
    assert (await clusters.get(*BLUE_CLUSTER)).properties.provisioning_state == "Deleting"
    await _until_done(rig, poller, rig.world.estate.timings.delete_seconds)
    with pytest.raises(ResourceNotFoundError):
        await clusters.get(*BLUE_CLUSTER)
    await (await clusters.begin_delete(*BLUE_CLUSTER)).result()


async def test_a_cluster_that_changed_since_it_was_looked_at_is_not_deleted(rig: Rig, clusters: Any) -> None:
    looked_at = await _etag(clusters, *BLUE_CLUSTER)
    await clusters.begin_stop(*BLUE_CLUSTER, polling=False)
    rig.clock.pass_seconds(600)
    condition = {"match_condition": MatchConditions.IfNotModified, "polling": False}
    with pytest.raises(ResourceModifiedError):
        await clusters.begin_delete(*BLUE_CLUSTER, etag=looked_at, **condition)
    await clusters.begin_delete(*BLUE_CLUSTER, etag=await _etag(clusters, *BLUE_CLUSTER), **condition)
    assert (await clusters.get(*BLUE_CLUSTER)).properties.provisioning_state == "Deleting"


async def test_a_busy_cluster_takes_no_other_operation(clusters: Any) -> None:
    await clusters.begin_stop(*BLUE_CLUSTER, polling=False)
    with pytest.raises(ResourceExistsError) as refused:
        await clusters.begin_start(*BLUE_CLUSTER, polling=False)
    assert refusal(refused.value) == (409, "OperationNotAllowed")


async def test_clusters_are_listed_by_group(clusters: Any) -> None:
    in_blue = [each.name async for each in clusters.list_by_resource_group("rg-aks-blue")]
    in_green = [each.name async for each in clusters.list_by_resource_group("rg-aks-green")]
    assert (in_blue, in_green) == (["aks-blue"], [])


async def test_a_run_command_has_a_result_once_it_has_run(rig: Rig, clusters: Any) -> None:
    answers: list[Any] = []
    payload = {"command": "kubectl version"}
    await clusters.begin_run_command(*BLUE_CLUSTER, payload, polling=False, raw_response_hook=answers.append)
    command = answers[0].http_response.headers["Location"].partition("commandResults/")[2].partition("?")[0]
    assert await clusters.get_command_result(*BLUE_CLUSTER, command) is None
    rig.clock.pass_seconds(60)
    result = await clusters.get_command_result(*BLUE_CLUSTER, command)
    assert (result.properties.provisioning_state, result.properties.exit_code) == ("Succeeded", 0)


async def test_a_run_command_is_awaited_through_its_location(rig: Rig, clusters: Any) -> None:
    poller = await clusters.begin_run_command(*BLUE_CLUSTER, {"command": "kubectl version"})
    rig.clock.pass_seconds(60)
    assert (await poller.result()).properties.exit_code == 0


async def test_the_files_of_a_run_command_arrive(rig: Rig, clusters: Any) -> None:
    binding = "kind: ValidatingAdmissionPolicyBinding\n"
    payload = {"command": "kubectl apply -f freeze.yaml", "context": packed({"freeze.yaml": binding})}
    await clusters.begin_run_command(*BLUE_CLUSTER, payload, polling=False)
    rig.clock.pass_seconds(60)
    assert rig.world.commands.frozen_until(CLUSTERS[BLUE]) is not None


async def test_a_context_that_is_no_zip_is_refused(clusters: Any) -> None:
    with pytest.raises(HttpResponseError) as refused:
        await clusters.begin_run_command(*BLUE_CLUSTER, {"command": "ls", "context": "bm8="}, polling=False)
    assert refused.value.status_code == 400


async def test_a_stopped_cluster_runs_no_command(rig: Rig, clusters: Any) -> None:
    await clusters.begin_stop(*BLUE_CLUSTER, polling=False)
    rig.clock.pass_seconds(600)
    with pytest.raises(ResourceExistsError):
        await clusters.begin_run_command(*BLUE_CLUSTER, {"command": "ls"}, polling=False)


async def test_throttled_clusters_answer_in_their_own_form(start: Callable[..., Awaitable[Rig]]) -> None:
    outage = Outage(family=Family.AKS, from_seconds=0, until_seconds=60, status=429, retry_after_seconds=17)
    rig = await start(faults=Faults(outages=(outage,)))
    clusters = (await rig.client(ContainerServiceClient, retry_total=0)).managed_clusters
    with pytest.raises(HttpResponseError) as throttled:
        await clusters.get(*BLUE_CLUSTER)
    assert refusal(throttled.value) == (429, "Throttled")
    assert answer(throttled.value).headers["Retry-After"] == "17"
    assert "error" not in answer(throttled.value).json()
    rig.clock.pass_seconds(60)
    assert (await clusters.get(*BLUE_CLUSTER)).name == "aks-blue"
