"""Flux configurations through azure-mgmt-kubernetesconfiguration-fluxconfigurations."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.mgmt.kubernetesconfiguration.fluxconfigurations.aio import (
    KubernetesConfigurationFluxConfigurationsMgmtClient,
)

from tests.wire.rig import Rig, refusal

KIND = ("Microsoft.ContainerService", "managedClusters")
GREEN = ("rg-aks-green", *KIND, "aks-green")
BLUE = ("rg-aks-blue", *KIND, "aks-blue")
PLATFORM: dict[str, Any] = {
    "properties": {
        "scope": "cluster",
        "namespace": "flux-system",
        "sourceKind": "GitRepository",
        "gitRepository": {
            "url": "https://github.com/contoso/platform",
            "repositoryRef": {"branch": "main"},
            "syncIntervalInSeconds": 60,
        },
        "kustomizations": {"apps": {"path": "./apps", "prune": True}},
    }
}


@pytest.fixture
async def flux(rig: Rig) -> Any:
    rig.deploy_green()
    return (await rig.client(KubernetesConfigurationFluxConfigurationsMgmtClient)).flux_configurations


async def test_a_configuration_is_pending_and_then_compliant(rig: Rig, flux: Any) -> None:
    created = await (await flux.begin_create_or_update(*GREEN, "platform", PLATFORM)).result()
    assert (created.properties.provisioning_state, created.properties.compliance_state) == (
        "Succeeded",
        "Pending",
    )
    rig.clock.pass_seconds(rig.world.estate.timings.sync_seconds)
    properties = (await flux.get(*GREEN, "platform")).properties
    assert properties.compliance_state == "Compliant"
    assert properties.source_synced_commit_id.startswith("main@sha1:")
    assert {each.kind for each in properties.statuses} == {"GitRepository", "Kustomization"}
    assert all(each.status_conditions[0].status == "True" for each in properties.statuses)


async def test_what_was_declared_comes_back(flux: Any) -> None:
    await flux.begin_create_or_update(*GREEN, "platform", PLATFORM, polling=False)
    read = (await flux.get(*GREEN, "platform")).properties
    assert (read.git_repository.sync_interval_in_seconds, read.kustomizations["apps"].prune) == (60, True)


async def test_a_patch_merges(rig: Rig, flux: Any) -> None:
    await flux.begin_create_or_update(*GREEN, "platform", PLATFORM, polling=False)
    patch = {"properties": {"kustomizations": {"infra": {"path": "./infra"}}}}
    await (await flux.begin_update(*GREEN, "platform", patch)).result()
    kustomizations = (await flux.get(*GREEN, "platform")).properties.kustomizations
    assert {name: each.path for name, each in kustomizations.items()} == {
        "apps": "./apps",
        "infra": "./infra",
    }


async def test_a_deleted_configuration_is_gone(flux: Any) -> None:
    await flux.begin_create_or_update(*GREEN, "platform", PLATFORM, polling=False)
    await (await flux.begin_delete(*GREEN, "platform")).result()
    with pytest.raises(ResourceNotFoundError):
        await flux.get(*GREEN, "platform")
    await (await flux.begin_delete(*GREEN, "platform")).result()


async def test_the_live_cluster_carries_the_fleets_configurations(flux: Any) -> None:
    names = [(each.name, each.properties.compliance_state) async for each in flux.list(*BLUE)]
    assert names == [("platform", "Compliant")]


async def test_a_stopped_cluster_takes_no_configuration(rig: Rig, flux: Any) -> None:
    rig.world.clusters.stop(rig.world.fleet.slots[1].cluster_id)
    rig.clock.pass_seconds(600)
    with pytest.raises(ResourceExistsError) as refused:
        await flux.begin_create_or_update(*GREEN, "platform", PLATFORM, polling=False)
    assert refusal(refused.value) == (409, "OperationNotAllowed")


async def test_a_source_other_than_git_is_refused(flux: Any) -> None:
    body = {
        "properties": {"namespace": "flux-system", "sourceKind": "Bucket", "bucket": {"url": "https://s3"}}
    }
    with pytest.raises(HttpResponseError) as refused:
        await flux.begin_create_or_update(*GREEN, "platform", body, polling=False)
    assert refusal(refused.value) == (400, "InvalidRequestContent")
