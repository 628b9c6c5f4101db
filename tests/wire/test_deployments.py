"""Deployments, template specs, addresses and resource groups over ARM."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.mgmt.resource.deployments.aio import DeploymentsMgmtClient

from sandbox.world import Faults
from tests.fleets import BLUE, SUBSCRIPTION
from tests.wire.rig import CLUSTERS, DEPLOYMENT, NETWORK, TEMPLATE, Rig, addressed_fleet, refusal

NAME = ("rg-aks-green", "switchyard-r1")
GROUPS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups"


@pytest.fixture
async def deployments(rig: Rig) -> Any:
    return (await rig.client(DeploymentsMgmtClient)).deployments


async def test_a_deployment_brings_up_the_cluster(rig: Rig, deployments: Any) -> None:
    poller = await deployments.begin_create_or_update(*NAME, DEPLOYMENT)
    assert (await deployments.get(*NAME)).properties.provisioning_state == "Running"
    rig.clock.pass_seconds(rig.world.estate.timings.deploy_seconds)
    done = await poller.result()
    assert done.properties.provisioning_state == "Succeeded"
    assert done.properties.parameters["kubernetesVersion"] == {"type": "String", "value": "1.32.6"}
    assert rig.world.clusters.get(done.properties.output_resources[0].id).version == "1.32.6"


async def test_a_deployment_that_fails_says_why(start: Callable[..., Awaitable[Rig]]) -> None:
    rig = await start(faults=Faults(deployment_fails="no capacity in westeurope"))
    deployments = (await rig.client(DeploymentsMgmtClient)).deployments
    poller = await deployments.begin_create_or_update(*NAME, DEPLOYMENT)
    rig.clock.pass_seconds(rig.world.estate.timings.deploy_seconds)
    with pytest.raises(HttpResponseError):
        await poller.result()
    failed = await deployments.get(*NAME)
    assert failed.properties.provisioning_state == "Failed"
    assert failed.properties.error.details[0].message == "no capacity in westeurope"


async def test_a_deployment_that_runs_cannot_be_started_again(deployments: Any) -> None:
    await deployments.begin_create_or_update(*NAME, DEPLOYMENT, polling=False)
    with pytest.raises(ResourceExistsError) as refused:
        await deployments.begin_create_or_update(*NAME, DEPLOYMENT, polling=False)
    assert refusal(refused.value) == (409, "DeploymentActive")


async def test_a_deployment_is_known_by_its_name(deployments: Any) -> None:
    assert not await deployments.check_existence(*NAME)
    with pytest.raises(ResourceNotFoundError) as missing:
        await deployments.get(*NAME)
    assert refusal(missing.value) == (404, "DeploymentNotFound")
    await deployments.begin_create_or_update(*NAME, DEPLOYMENT, polling=False)
    assert await deployments.check_existence(*NAME)


async def test_validation_says_what_would_come_and_changes_nothing(rig: Rig, deployments: Any) -> None:
    validated = await (await deployments.begin_validate(*NAME, DEPLOYMENT)).result()
    assert validated.properties.validated_resources[0].id.endswith("/managedClusters/aks-green")
    assert rig.world.clusters.find(validated.properties.validated_resources[0].id) is None


async def test_validation_passes_on_the_objection(start: Callable[..., Awaitable[Rig]]) -> None:
    rig = await start(faults=Faults(check_objects="quota of standardDSv5Family exceeded"))
    deployments = (await rig.client(DeploymentsMgmtClient)).deployments
    answers: list[Any] = []
    await deployments.begin_validate(*NAME, DEPLOYMENT, polling=False, raw_response_hook=answers.append)
    assert answers[0].http_response.status_code == 400
    assert "quota of standardDSv5Family" in answers[0].http_response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"mode": "Incremental"}, "InvalidRequestContent"),
        ({"mode": "Sideways", "templateLink": {"id": TEMPLATE}}, "InvalidRequestContent"),
        ({"mode": "Incremental", "templateLink": {"id": TEMPLATE}}, "InvalidTemplateDeployment"),
        (
            {"mode": "Incremental", "templateLink": {"id": TEMPLATE}, "parameters": {"a": {}}},
            "InvalidRequestContent",
        ),
    ],
)
async def test_a_malformed_deployment_is_refused(deployments: Any, properties: Any, code: str) -> None:
    with pytest.raises(HttpResponseError) as refused:
        await deployments.begin_create_or_update(*NAME, {"properties": properties}, polling=False)
    assert refusal(refused.value) == (400, code)


async def test_the_operations_of_a_deployment_name_its_cluster(rig: Rig, deployments: Any) -> None:
    await deployments.begin_create_or_update(*NAME, DEPLOYMENT, polling=False)
    client = await rig.client(DeploymentsMgmtClient)
    operations = [each async for each in client.deployment_operations.list(*NAME)]
    assert [each.properties.target_resource.resource_name for each in operations] == ["aks-green"]


async def test_an_address_is_read_from_its_public_ip_resource(start: Callable[..., Awaitable[Rig]]) -> None:
    rig = await start(addressed_fleet())
    status, body = await rig.arm("GET", f"{NETWORK}/publicIPAddresses/pip-agw-green", "2024-01-01")
    assert (status, body["properties"]["ipAddress"]) == (200, "203.0.113.20")
    status, body = await rig.arm("GET", f"{NETWORK}/publicIPAddresses/pip-other", "2024-01-01")
    assert (status, body["error"]["code"]) == (404, "ResourceNotFound")


async def test_a_template_spec_has_the_published_versions(rig: Rig) -> None:
    status, body = await rig.arm("GET", TEMPLATE, "2022-02-01")
    assert (status, body["name"]) == (200, "1.4.0")
    status, _ = await rig.arm("GET", TEMPLATE.replace("1.4.0", "9.9.9"), "2022-02-01")
    assert status == 404


async def test_a_node_resource_group_goes_shortly_after_its_cluster(rig: Rig) -> None:
    group = f"{GROUPS}/MC_rg-aks-blue_aks-blue_westeurope"
    status, body = await rig.arm("GET", group, "2024-07-01")
    assert (status, body["managedBy"]) == (200, CLUSTERS[BLUE])
    assert group in [each["id"] for each in (await rig.arm("GET", GROUPS, "2024-07-01"))[1]["value"]]
    rig.world.clusters.delete(CLUSTERS[BLUE])
    rig.clock.pass_seconds(rig.world.estate.timings.delete_seconds)
    assert (await rig.arm("HEAD", group, "2024-07-01"))[0] == 204
    rig.clock.pass_seconds(rig.world.estate.timings.node_group_gone_seconds + 1)
    assert (await rig.arm("HEAD", group, "2024-07-01"))[0] == 404
    assert group not in [each["id"] for each in (await rig.arm("GET", GROUPS, "2024-07-01"))[1]["value"]]
    assert (await rig.arm("GET", group, "2024-07-01"))[1]["error"]["code"] == "ResourceGroupNotFound"
