"""The record of the traffic, and what Azure's own published descriptions say of it.

The descriptions and the tool that holds a record against them are not part of the product. Where they are not
there, that one test is skipped and says so.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.mgmt.containerservice.aio import ContainerServiceClient
from azure.mgmt.dns.aio import DnsManagementClient
from azure.mgmt.kubernetesconfiguration.fluxconfigurations.aio import (
    KubernetesConfigurationFluxConfigurationsMgmtClient,
)
from azure.mgmt.privatedns.aio import PrivateDnsManagementClient
from azure.mgmt.resource.deployments.aio import DeploymentsMgmtClient

from sandbox.world import Faults
from shared.azure.load_test import LoadTests
from shared.fleet import Source
from shared.levers import SwitchKind
from tests.azure.rig import connected
from tests.contract.test_checks_contract import LOAD, asked, gate
from tests.fleets import BLUE, GREEN, SUBSCRIPTION
from tests.fleets_balanced import balanced_fleet
from tests.wire import test_dns, test_event_grid, test_flux, test_monitor_activity
from tests.wire.front_door_traffic import balancer_traffic, profile_traffic, refused
from tests.wire.rig import (
    CLUSTERS,
    DEPLOYMENT,
    GATEWAYS,
    NETWORK,
    TEMPLATE,
    Rig,
    addressed_fleet,
    private_fleet,
)

SHARED = Path(__file__).parents[3] / "shared"
REFEREE = SHARED / "tools" / "check_traffic.py"
UNDESCRIBED = ("/api/events", "/eventtypes/management/values", "/operations/", "/operationresults/")
GROUPS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups"

type Start = Callable[..., Awaitable[Rig]]


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_a_line_holds_one_exchange_in_azures_public_form(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    rig = await start(record=path)
    records = (await rig.client(DnsManagementClient)).record_sets
    await records.create_or_update(*test_dns.AKS, test_dns.GREEN_A, if_match="*")
    (line,) = _lines(path)
    host = "https://management.azure.com"
    assert line["url"] == f"{host}{NETWORK}/dnsZones/contoso.com/A/aks?api-version=2018-05-01"
    assert (line["method"], line["api-version"], line["status"]) == ("PUT", "2018-05-01", 200)
    assert line["request"]["properties"]["TTL"] == 30
    assert line["response"]["etag"] == line["response_headers"]["ETag"]


async def test_links_are_recorded_in_azures_public_form(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    rig = await start(record=path)
    clusters = (await rig.client(ContainerServiceClient)).managed_clusters
    await clusters.begin_stop("rg-aks-blue", "aks-blue", polling=False)
    assert _lines(path)[0]["response_headers"]["Location"].startswith("https://management.azure.com/")


async def test_no_secret_is_recorded(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    rig = await start(record=path)
    clusters = (await rig.client(ContainerServiceClient)).managed_clusters
    token, _ = rig.wire.token("https://management.azure.com")
    payload = {"command": "kubectl version", "clusterToken": token}
    await clusters.begin_run_command("rg-aks-blue", "aks-blue", payload, polling=False)
    text = path.read_text()
    assert "kubectl version" in text
    assert "Bearer" not in text
    assert token.partition(".")[0] not in text


async def _dns_traffic(rig: Rig) -> None:
    client = await rig.client(DnsManagementClient)
    records = client.record_sets
    stale = (await records.get(*test_dns.AKS)).etag
    body = {"properties": test_dns.GREEN_A["properties"] | {"metadata": {"switchyard_epoch": "7"}}}
    await records.create_or_update(*test_dns.AKS, body, if_match=stale)
    await refused(records.create_or_update(*test_dns.AKS, body, if_match=stale), 412)
    await refused(records.create_or_update(*test_dns.AKS, body, if_none_match="*"), 412)
    await records.create_or_update("rg-network", "contoso.com", "new", "A", test_dns.GREEN_A)
    alias = {"properties": {"TTL": 60, "CNAMERecord": {"cname": "aks.contoso.com"}}}
    await records.create_or_update("rg-network", "contoso.com", "alias", "CNAME", alias)
    await records.update(*test_dns.AKS, {"properties": {"TTL": 60}})
    await records.delete("rg-network", "contoso.com", "new", "A")
    await records.delete("rg-network", "contoso.com", "new", "A")
    await refused(records.get("rg-network", "contoso.com", "new", "A"), 404)
    await refused(records.get("rg-network", "fabrikam.com", "aks", "A"), 404)
    await refused(records.create_or_update(*test_dns.AKS, {"properties": {"TTL": 30}}), 400)
    assert [each.name async for each in records.list_by_type("rg-network", "contoso.com", "A")]
    assert [each.name async for each in records.list_by_dns_zone("rg-network", "contoso.com")]
    assert [each.name async for each in records.list_all_by_dns_zone("rg-network", "contoso.com")]
    await client.zones.get("rg-network", "contoso.com")
    await records.create_or_update(*test_dns.AKS, test_dns.GREEN_ALIAS)
    await records.get(*test_dns.AKS)
    await records.update(*test_dns.AKS, {"properties": {"TTL": 60}})
    both = {"properties": {**test_dns.GREEN_ALIAS["properties"], **test_dns.GREEN_A["properties"]}}
    await refused(records.create_or_update(*test_dns.AKS, both), 400)
    await records.get("rg-network", "contoso.com", "a-aks", "TXT")
    await refused(records.get("rg-network", "contoso.com", "aks", "TXT"), 404)
    assert [each.name async for each in records.list_by_type("rg-network", "contoso.com", "TXT")] == ["a-aks"]


async def _private_dns_traffic(rig: Rig) -> None:
    client = await rig.client(PrivateDnsManagementClient)
    records = client.record_sets
    key, body = test_dns.PRIVATE_AKS, test_dns.PRIVATE_GREEN_A
    stale = {"etag": (await records.get(*key)).etag, "match_condition": MatchConditions.IfNotModified}
    await records.create_or_update(*key, body, **stale)
    await refused(records.create_or_update(*key, body, **stale), 412)
    await records.update(*key, {"properties": {"metadata": {"switchyard_epoch": "3"}}})
    assert [each.name async for each in records.list("rg-network", "priv.contoso.com")]
    assert [each.name async for each in records.list_by_type("rg-network", "priv.contoso.com", "A")]
    await records.delete(*key)
    await records.delete(*key)
    await refused(records.get(*key), 404)
    await records.create_or_update(*key, body, match_condition=MatchConditions.IfMissing)
    await client.private_zones.get("rg-network", "priv.contoso.com")
    await records.get("rg-network", "priv.contoso.com", "TXT", "a-aks")
    await refused(records.get("rg-network", "priv.contoso.com", "TXT", "aks"), 404)
    assert [each.name async for each in records.list("rg-network", "priv.contoso.com")][-1] == "a-aks"


async def _deployment_traffic(rig: Rig) -> None:
    client = await rig.client(DeploymentsMgmtClient)
    deployments, name = client.deployments, ("rg-aks-green", "switchyard-r1")
    await deployments.check_existence(*name)
    await refused(deployments.get(*name), 404)
    await deployments.begin_validate(*name, DEPLOYMENT, polling=False)
    await deployments.begin_create_or_update(*name, DEPLOYMENT, polling=False)
    await refused(deployments.begin_create_or_update(*name, DEPLOYMENT, polling=False), 409)
    await deployments.get(*name)
    assert [each async for each in client.deployment_operations.list(*name)]
    await rig.arm("GET", TEMPLATE, "2022-02-01")
    rig.clock.pass_seconds(rig.world.estate.timings.deploy_seconds)
    await deployments.get(*name)
    await deployments.check_existence(*name)


async def _flux_traffic(rig: Rig) -> None:
    client = await rig.client(KubernetesConfigurationFluxConfigurationsMgmtClient)
    flux, green = client.flux_configurations, test_flux.GREEN
    await refused(flux.get(*green, "platform"), 404)
    await (await flux.begin_create_or_update(*green, "platform", test_flux.PLATFORM)).result()
    rig.clock.pass_seconds(rig.world.estate.timings.sync_seconds)
    await flux.get(*green, "platform")
    patch = {"properties": {"kustomizations": {"infra": {"path": "./infra"}}}}
    await (await flux.begin_update(*green, "platform", patch)).result()
    assert [each async for each in flux.list(*green)]
    await (await flux.begin_delete(*green, "platform")).result()
    await (await flux.begin_delete(*green, "platform")).result()


async def _cluster_traffic(rig: Rig) -> None:
    clusters = (await rig.client(ContainerServiceClient)).managed_clusters
    blue, timings = ("rg-aks-blue", "aks-blue"), rig.world.estate.timings
    await clusters.get(*blue)
    assert [each async for each in clusters.list_by_resource_group("rg-aks-blue")]
    await refused(clusters.get("rg-aks-blue", "aks-red"), 404)
    poller = await clusters.begin_run_command(*blue, {"command": "kubectl version"})
    rig.clock.pass_seconds(timings.command_seconds)
    await poller.result()
    conditional = {"etag": "another", "match_condition": MatchConditions.IfNotModified, "polling": False}
    await refused(clusters.begin_delete(*blue, **conditional), 412)
    await clusters.begin_stop(*blue, polling=False)
    await clusters.get(*blue)
    await refused(clusters.begin_start(*blue, polling=False), 409)
    rig.clock.pass_seconds(timings.stop_seconds)
    await clusters.get(*blue)
    await clusters.begin_start(*blue, polling=False)
    rig.clock.pass_seconds(timings.start_seconds)
    await clusters.begin_delete(*blue, polling=False)
    await clusters.get(*blue)
    rig.clock.pass_seconds(timings.delete_seconds + timings.node_group_gone_seconds)
    await clusters.begin_delete(*blue, polling=False)


async def _network_traffic(rig: Rig) -> None:
    await rig.arm("GET", f"{NETWORK}/publicIPAddresses/pip-agw-green", "2024-01-01")
    await rig.arm("GET", f"{NETWORK}/publicIPAddresses/pip-other", "2024-01-01")
    await rig.arm("GET", GROUPS, "2024-07-01")
    for group in ("rg-network", "rg-other"):
        await rig.arm("GET", f"{GROUPS}/{group}", "2024-07-01")
        await rig.arm("HEAD", f"{GROUPS}/{group}", "2024-07-01")


async def _monitor_traffic(rig: Rig) -> None:
    now = rig.clock.now()
    metrics, logs = await rig.metrics(), await rig.logs()
    asked: dict[str, Any] = {
        "metric_namespace": "Microsoft.Network/applicationGateways",
        "metric_names": ["TotalRequests", "FailedRequests"],
        "timespan": (now - timedelta(minutes=10), now),
        "granularity": timedelta(minutes=1),
        "aggregations": ["Total", "Average"],
    }
    await metrics.query_resources(resource_ids=[GATEWAYS[BLUE], GATEWAYS[GREEN]], **asked)
    await metrics.query_resources(resource_ids=[GATEWAYS[BLUE]], **asked, filter="BackendSettingsPool eq '*'")
    await refused(metrics.query_resources(resource_ids=[GATEWAYS[BLUE]] * 51, **asked), 400)
    span = (now - timedelta(minutes=10), now)
    options = {"timespan": span, "raw_request_hook": _without_nulls}
    await logs.query_resource(CLUSTERS[BLUE], "KubeNodeInventory", **options)
    await logs.query_resource(CLUSTERS[BLUE], "set truncationmaxrecords=1; KubeNodeInventory", **options)
    await refused(logs.query_resource(CLUSTERS[BLUE], "NoSuchTable", **options), 400)


def _without_nulls(request: Any) -> None:
    """This SDK adds an empty `additional_workspaces`, which Azure does not describe."""
    body = json.loads(request.http_request.content)
    request.http_request.set_json_body({name: value for name, value in body.items() if value is not None})


async def _load_test_traffic(rig: Rig) -> None:
    """Runs as the adapter starts and reads them: one that is not there, one under way, one that is done."""
    connection = connected(rig.wire)
    tests, now = LoadTests(connection), rig.clock.now()
    probe = asked(gate(Source.LOAD_TEST, LOAD))
    started = await tests.observe(rig.world.fleet, probe, now)
    assert started.again_seconds is not None
    await tests.observe(rig.world.fleet, probe, now)
    rig.clock.pass_seconds(rig.world.estate.timings.load_test_seconds)
    assert (await tests.observe(rig.world.fleet, probe, now)).samples
    await connection.aclose()


async def _everything(start: Start, path: Path) -> None:
    """Every operation that the descriptions know, with what goes well and what is refused."""
    owned = Faults(external_dns_owner="team-a")
    rig = await start(addressed_fleet(), faults=owned, record=path)
    await _network_traffic(rig)
    await _dns_traffic(rig)
    await _deployment_traffic(rig)
    await _flux_traffic(rig)
    await _monitor_traffic(rig)
    await _load_test_traffic(rig)
    await _cluster_traffic(rig)
    await _private_dns_traffic(await start(private_fleet(), faults=owned, record=path))
    await profile_traffic(await start(balanced_fleet(SwitchKind.FRONT_DOOR), record=path))
    await balancer_traffic(await start(balanced_fleet(SwitchKind.FRONT_DOOR_CLASSIC), record=path))
    failing = await start(faults=Faults(deployment_fails="no capacity", check_objects=""), record=path)
    await _deployment_traffic(failing)
    refusing = await start(faults=Faults(check_objects="no quota"), record=path)
    deployments = (await refusing.client(DeploymentsMgmtClient)).deployments
    await deployments.begin_validate("rg-aks-green", "switchyard-r1", DEPLOYMENT, polling=False)


async def judge(path: Path) -> tuple[int, str]:
    """The exit code of the tool, 1 for a violation, and its findings."""
    command = (sys.executable, str(REFEREE), str(SHARED / "openapi"), str(path), "--nearest")
    process = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=asyncio.subprocess.DEVNULL)
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


@pytest.mark.skipif(not REFEREE.exists(), reason=f"NOT CHECKED against Azure's descriptions: no {REFEREE}")
async def test_the_traffic_agrees_with_azures_published_descriptions(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    await _everything(start, path)
    code, findings = await judge(path)
    assert code == 0, findings
    assert len(_lines(path)) > 120


@pytest.mark.skipif(not REFEREE.exists(), reason=f"NOT CHECKED against Azure's descriptions: no {REFEREE}")
async def test_only_what_azure_does_not_describe_is_reported(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    rig = await start(record=path)
    await (await rig.topic()).send(test_event_grid.MOVED)
    lever = test_monitor_activity.LIVE.resource_id
    assert (await test_monitor_activity.query(rig, test_monitor_activity.about(lever)))[0] == 200
    clusters = (await rig.client(ContainerServiceClient)).managed_clusters
    poller = await clusters.begin_stop("rg-aks-blue", "aks-blue")
    rig.clock.pass_seconds(600)
    await poller.result()
    _, findings = await judge(path)
    numbers = {int(line.split()[0]) for line in findings.splitlines() if " | " in line}
    urls = [line["url"] for number, line in enumerate(_lines(path), 1) if number in numbers]
    assert [next(mark for mark in UNDESCRIBED if mark in url) for url in urls] == list(UNDESCRIBED)
