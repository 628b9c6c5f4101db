"""Both Front Doors on the wire, with the real SDK clients: what is put is shown, and takes its time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.cdn.aio import CdnManagementClient
from azure.mgmt.frontdoor.aio import FrontDoorManagementClient

from shared.levers import Match, SwitchKind
from tests.fleets import BLUE, GREEN
from tests.fleets_balanced import NETWORK, balanced_fleet, balancer
from tests.wire.rig import Rig, refusal

PROFILE = ("rg-network", "contoso-edge")
ORIGINS = (*PROFILE, "aks")
GREEN_ORIGIN = (*ORIGINS, "aks-green")
RULE = (*PROFILE, "canaries", "switchyardCanary")
FRONT_DOOR, CLASSIC = balancer(SwitchKind.FRONT_DOOR), balancer(SwitchKind.FRONT_DOOR_CLASSIC)
TENTH: Any = {"properties": {"weight": 111, "enabledState": "Enabled"}}
EVERYTHING: Any = {"contentPaths": ["/*"]}
TAKE_SECONDS = 900

type Start = Callable[..., Awaitable[Rig]]


def rule(name: str = "RequestHeader", group: str = "only-green", operator: str = "Equal") -> Any:
    """A canary by header or cookie, as ARM takes it."""
    condition = {
        "typeName": f"DeliveryRule{name}ConditionParameters",
        "selector": "x-switchyard",
        "operator": operator,
        "matchValues": ["canary"],
    }
    group_id = f"{NETWORK}/Microsoft.Cdn/profiles/contoso-edge/originGroups/{group}"
    action = {
        "typeName": "DeliveryRuleRouteConfigurationOverrideActionParameters",
        "originGroupOverride": {"originGroup": {"id": group_id}, "forwardingProtocol": "HttpsOnly"},
    }
    return {
        "properties": {
            "order": 1,
            "conditions": [{"name": name, "parameters": condition}],
            "actions": [{"name": "RouteConfigurationOverride", "parameters": action}],
        }
    }


@pytest.fixture
async def rig(start: Start) -> Rig:
    """A wire whose fleet has a profile."""
    return await start(balanced_fleet(SwitchKind.FRONT_DOOR))


@pytest.fixture
async def cdn(rig: Rig) -> Any:
    """Its client."""
    return await rig.client(CdnManagementClient)


async def shown(cdn: Any, *origin: str) -> tuple[Any, ...]:
    """Weight, state and progress of an origin."""
    its = (await cdn.afd_origins.get(*origin)).properties
    return its.weight, its.enabled_state, its.deployment_status


async def test_an_origin_is_changed_edge_by_edge(rig: Rig, cdn: Any) -> None:
    assert await shown(cdn, *GREEN_ORIGIN) == (1000, "Disabled", "Succeeded")
    poller = await cdn.afd_origins.begin_update(*GREEN_ORIGIN, TENTH)
    assert (await poller.result()).properties.weight == 111
    assert await shown(cdn, *GREEN_ORIGIN) == (111, "Enabled", "InProgress")
    assert await shown(cdn, *ORIGINS, "aks-blue") == (1000, "Enabled", "Succeeded")
    rig.clock.pass_seconds(TAKE_SECONDS)
    assert await shown(cdn, *GREEN_ORIGIN) == (111, "Enabled", "Succeeded")
    assert rig.world.balancers.shares(FRONT_DOOR, rig.clock.now())[GREEN] == pytest.approx(111 / 1111)


async def test_changes_queue_one_behind_the_other(rig: Rig, cdn: Any) -> None:
    await cdn.afd_origins.begin_update(*GREEN_ORIGIN, TENTH, polling=False)
    disabled: Any = {"properties": {"enabledState": "Disabled"}}
    await cdn.afd_origins.begin_update(*ORIGINS, "aks-blue", disabled, polling=False)
    rig.clock.pass_seconds(TAKE_SECONDS)
    assert [(await shown(cdn, *ORIGINS, f"aks-{slot}"))[2] for slot in (BLUE, GREEN)] == [
        "InProgress",
        "Succeeded",
    ]
    rig.clock.pass_seconds(TAKE_SECONDS)
    assert rig.world.balancers.shares(FRONT_DOOR, rig.clock.now()) == {GREEN: 1.0}


@pytest.mark.parametrize("wrong", [{"weight": 0}, {"weight": 1001}, {"enabledState": "Off"}, {"wieght": 1}])
async def test_an_origin_that_azure_would_not_take_is_refused(rig: Rig, cdn: Any, wrong: Any) -> None:
    with pytest.raises(HttpResponseError) as refused:
        await cdn.afd_origins.begin_update(*GREEN_ORIGIN, {"properties": wrong}, polling=False)
    assert refusal(refused.value) == (400, "InvalidRequestContent")
    assert rig.world.balancers.changes() == 0


async def test_a_group_that_holds_a_slot_alone_is_there_and_stays_as_it_is(cdn: Any) -> None:
    await cdn.afd_origins.begin_update(*GREEN_ORIGIN, TENTH, polling=False)
    listed = [each async for each in cdn.afd_origins.list_by_origin_group(*PROFILE, "only-green")]
    assert [each.name for each in listed] == ["aks-green"]
    alone = (*PROFILE, "only-green", "aks-green")
    assert await shown(cdn, *alone) == (1000, "Enabled", "Succeeded")
    with pytest.raises(HttpResponseError) as refused:
        await cdn.afd_origins.begin_update(*alone, TENTH, polling=False)
    assert refused.value.status_code == 400


@pytest.mark.parametrize("where", [(*PROFILE, "other", "aks-green"), (*ORIGINS, "other")])
async def test_what_is_not_declared_is_not_there(cdn: Any, where: tuple[str, ...]) -> None:
    with pytest.raises(HttpResponseError) as refused:
        await cdn.afd_origins.get(*where)
    assert refusal(refused.value) == (404, "ResourceNotFound")


async def test_a_rule_is_put_shown_and_deleted(rig: Rig, cdn: Any) -> None:
    with pytest.raises(HttpResponseError) as refused:
        await cdn.rules.get(*RULE)
    assert refused.value.status_code == 404
    for name, match in (
        ("RequestHeader", Match(value="canary", header="x-switchyard")),
        ("Cookies", Match(value="canary", cookie="x-switchyard")),
    ):
        await (await cdn.rules.begin_create(*RULE, rule(name))).result()
        newest = rig.world.balancers.newest(FRONT_DOOR)
        assert (newest.match, newest.matched) == (match, GREEN)
        found = (await cdn.rules.get(*RULE)).properties
        assert (found.conditions[0].name, found.conditions[0].parameters.match_values) == (name, ["canary"])
        assert found.actions[0].parameters.origin_group_override.origin_group.id.endswith("/only-green")
        assert found.deployment_status == "InProgress"
    await (await cdn.rules.begin_delete(*RULE)).result()
    assert rig.world.balancers.newest(FRONT_DOOR).matched is None
    before = rig.world.balancers.changes()
    await (await cdn.rules.begin_delete(*RULE)).result()
    assert rig.world.balancers.changes() == before


@pytest.mark.parametrize("wrong", [rule(operator="RegEx"), rule(group="aks"), rule(name="UrlPath")])
async def test_a_rule_that_the_world_cannot_hold_is_refused(rig: Rig, cdn: Any, wrong: Any) -> None:
    with pytest.raises(HttpResponseError) as refused:
        await cdn.rules.begin_create(*RULE, wrong, polling=False)
    assert refused.value.status_code == 400
    assert rig.world.balancers.newest(FRONT_DOOR).matched is None


async def test_only_a_declared_endpoint_is_purged(rig: Rig, cdn: Any) -> None:
    await (await cdn.afd_endpoints.begin_purge_content(*PROFILE, "official", EVERYTHING)).result()
    assert [entry.kind for entry in rig.world.ledger.until(rig.clock.now())] == ["cache_purged"]
    with pytest.raises(HttpResponseError) as refused:
        await cdn.afd_endpoints.begin_purge_content(*PROFILE, "other", EVERYTHING, polling=False)
    assert refused.value.status_code == 404


async def classic(start: Start) -> tuple[Rig, Any]:
    """A wire whose fleet has a Front Door (classic), and its client."""
    rig = await start(balanced_fleet(SwitchKind.FRONT_DOOR_CLASSIC))
    return rig, await rig.client(FrontDoorManagementClient)


async def document(client: Any) -> Any:
    """The Front Door as JSON."""
    return (await client.front_doors.get(*PROFILE)).as_dict()


async def test_a_front_door_is_put_as_a_whole_and_takes_its_time(start: Start) -> None:
    rig, client = await classic(start)
    whole = await document(client)
    green = whole["properties"]["backendPools"][0]["properties"]["backends"][1]
    assert (green["address"], green["enabledState"]) == ("green.origin.contoso.com", "Disabled")
    green |= {"enabledState": "Enabled", "weight": 500, "backendHostHeader": "www.contoso.com"}
    whole["tags"] = {"owner": "network-team"}
    poller = await client.front_doors.begin_create_or_update(*PROFILE, whole)
    after = await document(client)
    assert after["properties"]["provisioningState"] == "Updating"
    with pytest.raises(HttpResponseError) as refused:
        await client.front_doors.begin_create_or_update(*PROFILE, whole, polling=False)
    assert refusal(refused.value) == (409, "Conflict")
    assert poller.status() == "InProgress"
    rig.clock.pass_seconds(TAKE_SECONDS)
    await poller.result()
    after = await document(client)
    backend = after["properties"]["backendPools"][0]["properties"]["backends"][1]
    assert (after["properties"]["provisioningState"], after["tags"]) == ("Succeeded", whole["tags"])
    assert (backend["weight"], backend["backendHostHeader"]) == (500, "www.contoso.com")
    assert rig.world.balancers.newest(CLASSIC).members["green.origin.contoso.com"].weight == 500


async def test_what_a_put_leaves_out_is_gone_and_what_the_world_needs_may_not_be(start: Start) -> None:
    rig, client = await classic(start)
    whole = await document(client)
    del whole["properties"]["friendlyName"]
    await client.front_doors.begin_create_or_update(*PROFILE, whole, polling=False)
    assert "friendlyName" not in (await document(client))["properties"]
    rig.clock.pass_seconds(TAKE_SECONDS)
    for lost in ("routingRules", "backendPools"):
        body = {**whole, "properties": {k: v for k, v in whole["properties"].items() if k != lost}}
        with pytest.raises(HttpResponseError) as refused:
            await client.front_doors.begin_create_or_update(*PROFILE, body, polling=False)
        assert refused.value.status_code == 400
    whole["properties"]["backendPools"][0]["properties"]["backends"].pop()
    with pytest.raises(HttpResponseError) as refused:
        await client.front_doors.begin_create_or_update(*PROFILE, whole, polling=False)
    assert refused.value.status_code == 400


async def test_a_rules_engine_keeps_the_rules_of_others(start: Start) -> None:
    rig, client = await classic(start)
    other = {"name": "Headers", "priority": 3, "action": {"responseHeaderActions": []}}
    condition = {
        "rulesEngineMatchVariable": "RequestHeader",
        "selector": "Cookie",
        "rulesEngineOperator": "Contains",
        "rulesEngineMatchValue": ["switchyard=canary"],
    }
    override = {
        "@odata.type": "#Microsoft.Azure.FrontDoor.Models.FrontdoorForwardingConfiguration",
        "backendPool": {"id": f"{CLASSIC.resource_id}/backendPools/only-green"},
    }
    canary = {
        "name": "switchyardCanary",
        "priority": 4,
        "matchConditions": [condition],
        "action": {"routeConfigurationOverride": override},
    }
    engine = (*PROFILE, "canaries")
    same = {"properties": {"rules": [other, {**canary, "priority": 3}]}}
    with pytest.raises(HttpResponseError) as refused:
        await client.rules_engines.begin_create_or_update(*engine, same, polling=False)
    assert refused.value.status_code == 400
    body = {"properties": {"rules": [other, canary]}}
    await client.rules_engines.begin_create_or_update(*engine, body, polling=False)
    newest = rig.world.balancers.newest(CLASSIC)
    assert (newest.match, newest.matched) == (Match(value="canary", cookie="switchyard"), GREEN)
    found = (await client.rules_engines.get(*engine)).properties
    assert [each.name for each in found.rules] == ["Headers", "switchyardCanary"]
    assert found.resource_state == "Enabling"
    assert len((await document(client))["properties"]["rulesEngines"][0]["properties"]["rules"]) == 2
    rig.clock.pass_seconds(TAKE_SECONDS)
    await client.rules_engines.begin_create_or_update(
        *engine, {"properties": {"rules": [other]}}, polling=False
    )
    assert rig.world.balancers.newest(CLASSIC).matched is None


async def test_a_front_door_is_purged(start: Start) -> None:
    rig, client = await classic(start)
    await (await client.endpoints.begin_purge_content(*PROFILE, EVERYTHING)).result()
    assert [entry.kind for entry in rig.world.ledger.until(rig.clock.now())] == ["cache_purged"]
