"""The activity log over ARM."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sandbox.world import Faults, OtherWriter
from sandbox.world.balancers import MemberState
from sandbox.world.estate import CONTROLLER, STRANGER, group_of
from shared.levers import Balancer, Match, SwitchKind
from tests.fleets import FLEET, GREEN, SUBSCRIPTION
from tests.fleets_balanced import balanced_fleet
from tests.wire.rig import Credential, Rig
from tests.world.manual_clock import START

type Start = Callable[..., Awaitable[Rig]]
LIVE = FLEET.live_records[0]
CANARY = Match(header="x-canary", value="1")
LOG = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Insights/eventtypes/management/values"
SINCE = START.isoformat().replace("+00:00", "Z")


def span(until: str = "2027-01-01T00:00:00Z") -> str:
    """The first part of a filter."""
    return f"eventTimestamp ge '{SINCE}' and eventTimestamp le '{until}'"


def about(resource_id: str, **options: str) -> str:
    """The filter for a resource."""
    return f"{span(**options)} and resourceUri eq '{resource_id}'"


def within(group: str) -> str:
    """The filter for a resource group."""
    return f"{span()} and resourceGroupName eq '{group}'"


async def query(rig: Rig, filter_: str, **options: str) -> tuple[int, Any]:
    """Status and body of a query."""
    token = (await Credential(rig.wire).get_token("https://management.azure.com/.default")).token
    asked = {"api-version": "2015-04-01", "$filter": filter_, **options}
    status, body, _ = await rig.request("GET", LOG, asked, token)
    return status, body


async def callers(rig: Rig, resource_id: str) -> list[tuple[str, str]]:
    """Who did what to a resource, newest first."""
    status, body = await query(rig, about(resource_id))
    assert status == 200
    return [(each["caller"], each["operationName"]["value"]) for each in body["value"]]


async def test_every_change_has_an_entry_and_its_caller(start: Start) -> None:
    rig = await start(faults=Faults(other_writer=OtherWriter(at_seconds=60, address="198.51.100.9")))
    rig.clock.pass_seconds(120)
    zones = rig.world.zones
    zones.put(LIVE.zone_id, LIVE.name, LIVE.type, ttl_seconds=30, targets=("203.0.113.20",), by=CONTROLLER)
    zones.delete(LIVE.zone_id, LIVE.name, LIVE.type)
    kind = "Microsoft.Network/dnszones/A"
    assert await callers(rig, LIVE.resource_id) == [
        (STRANGER, f"{kind}/delete"),
        (CONTROLLER, f"{kind}/write"),
        (STRANGER, f"{kind}/write"),
    ]
    assert await callers(rig, LIVE.zone_id) == []


def changed(rig: Rig, balancer: Balancer) -> None:
    """Both members changed by the controller, one by somebody else; then a canary set, and lifted again."""
    world, (blue, green) = rig.world.balancers, (member.name for member in balancer.members)
    both = {blue: MemberState(990, enabled=True), green: MemberState(10, enabled=True)}
    world.write(balancer, both)
    world.write(balancer, {green: MemberState(20, enabled=True)}, by=STRANGER)
    if balancer.rules:
        world.match(balancer, CANARY, GREEN)
        world.match(balancer, CANARY, None)


ORIGINS, RULES = "Microsoft.Cdn/profiles/origingroups/origins", "Microsoft.Cdn/profiles/rulesets/rules"
CLASSIC, ENDPOINTS = (
    "Microsoft.Network/frontDoors",
    "Microsoft.Network/trafficManagerProfiles/externalEndpoints",
)
GATEWAYS = "Microsoft.Network/applicationGateways"
LOGGED: dict[SwitchKind, list[tuple[str, str, str]]] = {
    SwitchKind.FRONT_DOOR: [
        (CONTROLLER, f"{RULES}/delete", "/ruleSets/canaries/rules/switchyardCanary"),
        (CONTROLLER, f"{RULES}/write", "/ruleSets/canaries/rules/switchyardCanary"),
        (STRANGER, f"{ORIGINS}/write", "/originGroups/aks/origins/aks-green"),
        (CONTROLLER, f"{ORIGINS}/write", "/originGroups/aks/origins/aks-green"),
        (CONTROLLER, f"{ORIGINS}/write", "/originGroups/aks/origins/aks-blue"),
    ],
    SwitchKind.FRONT_DOOR_CLASSIC: [
        (CONTROLLER, f"{CLASSIC}/rulesEngines/write", "/rulesEngines/canaries"),
        (CONTROLLER, f"{CLASSIC}/rulesEngines/write", "/rulesEngines/canaries"),
        (STRANGER, f"{CLASSIC}/write", ""),
        (CONTROLLER, f"{CLASSIC}/write", ""),
    ],
    SwitchKind.TRAFFIC_MANAGER: [
        (STRANGER, f"{ENDPOINTS}/write", "/externalEndpoints/aks-green"),
        (CONTROLLER, f"{ENDPOINTS}/write", "/externalEndpoints/aks-green"),
        (CONTROLLER, f"{ENDPOINTS}/write", "/externalEndpoints/aks-blue"),
    ],
    SwitchKind.APPLICATION_GATEWAY: [
        (STRANGER, f"{GATEWAYS}/write", ""),
        (CONTROLLER, f"{GATEWAYS}/write", ""),
    ],
}


@pytest.mark.parametrize("kind", list(LOGGED))
async def test_a_balancers_changes_are_logged_where_they_were_made(start: Start, kind: SwitchKind) -> None:
    rig = await start(balanced_fleet(kind))
    balancer = rig.world.fleet.balancers[0]
    changed(rig, balancer)
    status, body = await query(rig, within("RG-Network"))
    assert status == 200
    assert [
        (
            each["caller"],
            each["operationName"]["value"],
            each["resourceId"].removeprefix(balancer.resource_id),
        )
        for each in body["value"]
    ] == LOGGED[kind]
    own = [(who, what) for who, what, where in LOGGED[kind] if not where]
    assert await callers(rig, balancer.resource_id) == own, "a resource's own log leaves out its parts"


async def test_a_groups_log_has_its_record_sets_and_nothing_of_another_group(rig: Rig) -> None:
    rig.world.zones.delete(LIVE.zone_id, LIVE.name, LIVE.type)
    for group, found in ((group_of(LIVE.zone_id).upper(), [LIVE.resource_id]), ("rg-other", [])):
        _, body = await query(rig, within(group))
        assert [each["resourceId"] for each in body["value"]] == found


async def test_only_what_is_selected_and_in_the_span_is_shown(rig: Rig) -> None:
    rig.world.zones.delete(LIVE.zone_id, LIVE.name, LIVE.type)
    _, body = await query(rig, about(LIVE.resource_id), **{"$select": "caller,eventTimestamp"})
    assert body["value"] == [{"caller": STRANGER, "eventTimestamp": SINCE}]
    _, body = await query(rig, about(LIVE.resource_id, until="2026-11-21T08:59:59Z"))
    assert body["value"] == []


@pytest.mark.parametrize(
    "filter_",
    [
        "",
        "eventTimestamp ge '2026-11-21'",
        about(LIVE.resource_id).replace("ge", "gt"),
        about("x", until="soon"),
        f"{within('rg')} and {about('x')}",
        within("rg").replace("eq", "ne"),
    ],
)
async def test_a_filter_of_another_form_is_refused(rig: Rig, filter_: str) -> None:
    assert (await query(rig, filter_))[0] == 400
