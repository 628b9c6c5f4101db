"""Traffic Manager and application gateways over HTTPS: what is told, what is taken and what is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from copy import deepcopy
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.trafficmanager.aio import TrafficManagerManagementClient

from sandbox.world import Faults
from sandbox.world.balancers import MemberState
from sandbox.world.estate import STRANGER
from tests.fleets_balanced import GATEWAY, PROFILE, application_gateway_fleet, traffic_manager_fleet
from tests.wire.rig import Rig, refusal

type Start = Callable[..., Awaitable[Rig]]

CONTOSO = ("rg-front", "contoso")
GREEN_ENDPOINT = (*CONTOSO, "ExternalEndpoints", "green")
VERSION = "2026-03-01"
KIND = "Microsoft.Network/trafficManagerProfiles"


async def profiles(start: Start, **faults: Any) -> tuple[Rig, TrafficManagerManagementClient]:
    """A rig of the fleet behind Traffic Manager, and its client."""
    rig = await start(traffic_manager_fleet(), faults=Faults(**faults))
    return rig, await rig.client(TrafficManagerManagementClient)


async def test_a_profile_tells_its_endpoints_with_weight_state_and_health(start: Start) -> None:
    _, client = await profiles(start)
    profile = await client.profiles.get(*CONTOSO)
    assert (profile.traffic_routing_method, profile.profile_status) == ("Weighted", "Enabled")
    assert profile.dns_config is not None
    assert profile.dns_config.ttl == PROFILE.ttl_seconds
    assert [
        (each.name, each.type, each.weight, each.endpoint_status, each.endpoint_monitor_status, each.target)
        for each in profile.endpoints or []
    ] == [
        ("blue", f"{KIND}/externalEndpoints", 1000, "Enabled", "Online", "aks-blue.contoso.com"),
        ("green", f"{KIND}/externalEndpoints", 1000, "Disabled", "Disabled", "aks-green.contoso.com"),
    ]


async def test_an_endpoint_that_was_enabled_is_checked_before_it_is_online(start: Start) -> None:
    rig, client = await profiles(start)
    taken = await client.endpoints.update(*GREEN_ENDPOINT, {"properties": {"endpointStatus": "Enabled"}})
    assert (taken.weight, taken.endpoint_monitor_status) == (1000, "CheckingEndpoint")
    rig.clock.pass_seconds(rig.world.estate.timings.traffic_manager_seconds)
    assert (await client.endpoints.get(*GREEN_ENDPOINT)).endpoint_monitor_status == "Online"


async def test_a_change_of_weight_alone_checks_nothing_anew(start: Start) -> None:
    rig, client = await profiles(start)
    blue = (*CONTOSO, "externalendpoints", "BLUE")
    taken = await client.endpoints.update(*blue, {"properties": {"weight": 7}})
    assert (taken.weight, taken.endpoint_status, taken.endpoint_monitor_status) == (7, "Enabled", "Online")
    assert rig.world.balancers.newest(PROFILE).members["externalEndpoints/green"].enabled is False


@pytest.mark.parametrize(
    ("properties", "status"),
    [
        ({"weight": 0}, 400),
        ({"weight": 1001}, 400),
        ({"weight": "many"}, 400),
        ({"endpointStatus": "Out"}, 400),
    ],
)
async def test_what_no_endpoint_can_hold_is_refused(
    start: Start, properties: dict[str, Any], status: int
) -> None:
    rig, client = await profiles(start)
    body: Any = {"properties": properties}
    with pytest.raises(HttpResponseError) as refused:
        await client.endpoints.update(*GREEN_ENDPOINT, body)
    assert refused.value.status_code == status
    assert len(rig.world.balancers.history(PROFILE)) == 1


async def test_a_profile_takes_no_change_while_somebody_else_changes_it(start: Start) -> None:
    rig, client = await profiles(start)
    rig.world.balancers.write(PROFILE, {"externalEndpoints/blue": MemberState(7, enabled=True)}, by=STRANGER)
    body: Any = {"properties": {"weight": 9}}
    with pytest.raises(HttpResponseError) as refused:
        await client.endpoints.update(*GREEN_ENDPOINT, body)
    assert refusal(refused.value) == (409, "Conflict")
    assert (await client.endpoints.get(*CONTOSO, "ExternalEndpoints", "blue")).weight == 7
    rig.clock.pass_seconds(rig.world.estate.timings.traffic_manager_change_seconds)
    for weight in (9, 10):
        assert (
            await client.endpoints.update(*GREEN_ENDPOINT, {"properties": {"weight": weight}})
        ).weight == weight


async def test_what_is_not_declared_is_not_found(start: Start) -> None:
    _, client = await profiles(start)
    for call in (
        client.profiles.get("rg-front", "fabrikam"),
        client.endpoints.get(*CONTOSO, "AzureEndpoints", "green"),
    ):
        with pytest.raises(HttpResponseError) as refused:
            await call
        assert refusal(refused.value) == (404, "ResourceNotFound")


async def gateway(start: Start) -> tuple[Rig, dict[str, Any]]:
    """A rig of the fleet behind one gateway, and the gateway as it is told."""
    rig = await start(application_gateway_fleet())
    return rig, (await told(rig))[1]


async def told(rig: Rig, body: Any = None, **headers: str) -> tuple[int, Any]:
    """GET the gateway, or PUT it."""
    method = "GET" if body is None else "PUT"
    return await rig.arm(method, GATEWAY.resource_id, VERSION, body=body, headers=headers)


def led_to(found: dict[str, Any]) -> str:
    """The name of the pool that the rule leads to."""
    (rule,) = found["properties"]["requestRoutingRules"]
    return str(rule["properties"]["backendAddressPool"]["id"].rpartition("/")[2])


def moved(found: dict[str, Any], pool: str = "cluster-green") -> dict[str, Any]:
    """The gateway with its rule led to another pool."""
    body = deepcopy(found)
    where = {"id": f"{GATEWAY.resource_id}/backendAddressPools/{pool}"}
    body["properties"]["requestRoutingRules"][0]["properties"]["backendAddressPool"] = where
    return body


async def test_a_gateway_is_told_whole_and_kept_as_it_is_written(start: Start) -> None:
    rig, before = await gateway(start)
    assert led_to(before) == "cluster-blue"
    body = moved(before)
    body["tags"] = {"owner": "platform-team"}
    body["properties"]["enableHttp2"] = False
    del body["properties"]["rewriteRuleSets"]
    del body["properties"]["requestRoutingRules"][0]["properties"]["rewriteRuleSet"]
    status, answer = await told(rig, body)
    assert (status, led_to(answer), answer["tags"]) == (200, "cluster-green", {"owner": "platform-team"})
    rig.clock.pass_seconds(rig.world.estate.timings.gateway_seconds)
    _, after = await told(rig)
    assert after["properties"]["enableHttp2"] is False
    assert "rewriteRuleSets" not in after["properties"]
    assert after["etag"] == answer["etag"] != before["etag"]


async def test_a_change_is_under_way_until_every_instance_follows(start: Start) -> None:
    rig, before = await gateway(start)
    token, _ = rig.wire.token("https://management.azure.com/")
    status, _, headers = await rig.request(
        "PUT", GATEWAY.resource_id, {"api-version": VERSION}, token, body=moved(before)
    )
    link = headers["Azure-AsyncOperation"].removeprefix(rig.wire.arm_endpoint).partition("?")[0]
    assert status == 200
    assert (await told(rig))[1]["properties"]["provisioningState"] == "Updating"
    assert await rig.arm("GET", link, VERSION) == (200, {"status": "InProgress"})
    rig.clock.pass_seconds(rig.world.estate.timings.gateway_seconds)
    assert (await told(rig))[1]["properties"]["provisioningState"] == "Succeeded"
    assert await rig.arm("GET", link, VERSION) == (200, {"status": "Succeeded"})
    assert (await rig.arm("GET", f"{link}0", VERSION))[0] == 404


async def test_a_condition_that_does_not_hold_changes_nothing(start: Start) -> None:
    rig, before = await gateway(start)
    assert (await told(rig, moved(before), **{"If-Match": before["etag"]}))[0] == 200
    status, answer = await told(rig, moved(before, "cluster-blue"), **{"If-Match": before["etag"]})
    assert (status, answer["error"]["code"]) == (412, "PreconditionFailed")
    assert led_to((await told(rig))[1]) == "cluster-green"
    assert (await told(rig, moved(before, "cluster-blue"), **{"If-Match": "*"}))[0] == 200


async def test_a_gateway_that_does_not_hold_together_is_refused(start: Start) -> None:
    rig, before = await gateway(start)
    for collection in ("probes", "sslCertificates"):
        body = deepcopy(before)
        del body["properties"][collection]
        status, answer = await told(rig, body)
        assert (status, answer["error"]["code"]) == (400, "InvalidResourceReference")
    body = deepcopy(before)
    body["properties"]["frontendPorts"] = []
    status, answer = await told(rig, body)
    assert (status, answer["error"]["code"]) == (400, "ApplicationGatewayPropertyCannotBeEmpty")
    assert len(rig.world.balancers.history(GATEWAY)) == 1


async def test_a_rule_with_a_map_leads_where_the_maps_default_does(start: Start) -> None:
    rig, before = await gateway(start)
    body = moved(before)
    rule = body["properties"]["requestRoutingRules"][0]["properties"]
    default = {
        "defaultBackendAddressPool": rule.pop("backendAddressPool"),
        "defaultBackendHttpSettings": rule.pop("backendHttpSettings"),
        "pathRules": [],
    }
    rule |= {"ruleType": "PathBasedRouting", "urlPathMap": {"id": f"{GATEWAY.resource_id}/urlPathMaps/all"}}
    body["properties"]["urlPathMaps"] = [{"name": "all", "properties": default}]
    assert (await told(rig, body))[0] == 200
    members = rig.world.balancers.newest(GATEWAY).members
    assert {name: state.enabled for name, state in members.items()} == {
        "cluster-blue": False,
        "cluster-green": True,
    }


async def test_a_gateway_that_no_balancer_names_is_not_there(start: Start) -> None:
    rig, before = await gateway(start)
    other = f"{GATEWAY.resource_id}-other"
    assert (await rig.arm("GET", other, VERSION))[0] == 404
    assert (await rig.arm("PUT", other, VERSION, body=before))[0] == 404
