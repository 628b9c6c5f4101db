"""A Front Door (classic) goes back as it came, but for what is the switch's and what is only to be read."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.actions import Action, Purge, SetMatch, SetWeights
from shared.azure.front_door_classic import settled
from shared.azure.front_door_document import Document, changed
from shared.azure.front_door_engine import Engine, with_canary, without_canary
from shared.azure.switch import Settled, Share
from shared.azure.world import AzureWorld
from shared.errors import NotFound, Retry, Superseded
from shared.levers import Match, SwitchKind
from shared.probes import BalancerSeen, BalancerState, Unavailable
from tests.azure.rig import rig
from tests.azure.stub import Said, Stub, stub
from tests.fleets import BLUE, GREEN
from tests.fleets_balanced import balanced_fleet, balancer
from tests.world.manual_clock import START

LEVER = balancer(SwitchKind.FRONT_DOOR_CLASSIC)
FLEET = balanced_fleet(SwitchKind.FRONT_DOOR_CLASSIC)
HEADER, COOKIE = Match(value="c", header="x-switchyard"), Match(value="c", cookie="switchyard")
POOL = f"{LEVER.resource_id}/backendPools/only-green"
BLUE_HOST, GREEN_HOST = (member.name for member in LEVER.members)
CUT_OVER = SetWeights(LEVER, {BLUE: 0, GREEN: 100})
ACCEPTED = Said(202, None, {"Azure-AsyncOperation": "{base}/operations/1"})
GONE = Said(404, {"error": {"code": "ResourceNotFound", "message": "It is not there."}})
OTHER = {"name": "Other", "priority": 7, "action": {"responseHeaderActions": []}, "unheardOf": True}


def backend(address: str, state: str, weight: int | None = 1000) -> dict[str, Any]:
    """A backend as the service says it."""
    said = {"address": address, "enabledState": state, "weight": weight, "httpPort": 80, "future": [1]}
    return {**said, "privateEndpointStatus": "Approved"}


def front_door(**properties: Any) -> dict[str, Any]:
    """A Front Door as the service says it, with what nobody here has heard of."""
    pool = [
        backend(BLUE_HOST, "Enabled"),
        backend(GREEN_HOST.upper(), "Disabled"),
        backend("x.net", "Enabled"),
    ]
    endpoint = {"hostName": "www", "customHttpsConfiguration": {"a": 1}, "resourceState": "Enabled"}
    return {
        "id": LEVER.resource_id,
        "name": "contoso-edge",
        "type": "Microsoft.Network/frontdoors",
        "location": "Global",
        "tags": {"owner": "network-team"},
        "managedBy": "somebody",
        "properties": {
            "backendPools": [
                {
                    "id": "1",
                    "name": "AKS",
                    "type": "T",
                    "properties": {"backends": pool, "resourceState": "Enabled"},
                },
                {"id": "2", "name": "other", "properties": {"backends": [backend(BLUE_HOST, "Enabled", 7)]}},
            ],
            "frontendEndpoints": [{"id": "3", "name": "www", "type": "T", "properties": endpoint}],
            "routingRules": [{"id": "4", "name": "all", "properties": {"type": "kept", "a": {"b": None}}}],
            "unheardOf": {"type": "kept", "values": [1, "2", None]},
            "rulesEngines": [],
            "cname": "contoso.azurefd.net",
            "frontdoorId": "5",
            "extendedProperties": {},
            "resourceState": "Enabled",
            "provisioningState": "Succeeded",
            **properties,
        },
    }


def engine(*rules: dict[str, Any], state: str = "Enabled") -> dict[str, Any]:
    """A rules engine as the service says it."""
    return {
        "id": "6",
        "name": "canaries",
        "type": "T",
        "properties": {"rules": list(rules), "resourceState": state},
    }


def test_all_goes_back_as_it_came_but_the_shares_the_tags_and_what_is_only_to_be_read() -> None:
    raw = front_door()
    before = copy.deepcopy(raw)
    shares = {BLUE_HOST: Share(1, enabled=False), GREEN_HOST: Share(500, enabled=True)}
    document = changed(raw, "aks", shares, {"a": "b"})
    assert raw == before
    wanted = copy.deepcopy(raw)
    for name in ("id", "name", "type"):
        del wanted[name]
    for name in (
        "rulesEngines",
        "cname",
        "frontdoorId",
        "extendedProperties",
        "resourceState",
        "provisioningState",
    ):
        del wanted["properties"][name]
    wanted["tags"] = {"a": "b"}
    aks, other = wanted["properties"]["backendPools"]
    (endpoint,) = wanted["properties"]["frontendEndpoints"]
    del aks["type"], aks["properties"]["resourceState"], endpoint["type"]
    del endpoint["properties"]["customHttpsConfiguration"], endpoint["properties"]["resourceState"]
    for each in (*aks["properties"]["backends"], *other["properties"]["backends"]):
        del each["privateEndpointStatus"]
    blue, green, _ = aks["properties"]["backends"]
    blue["enabledState"] = "Disabled"
    green |= {"enabledState": "Enabled", "weight": 500}
    assert document == wanted


@pytest.mark.parametrize(
    ("provisioning", "state", "busy", "because"),
    [
        ("Succeeded", "Enabled", False, ""),
        ("Succeeded", None, False, ""),
        ("Updating", "Enabled", True, "Updating"),
        ("Succeeded", "Enabling", True, "Enabling"),
        ("Succeeded", "Migrating", True, "Migrating"),
        ("Succeeded", "Disabled", False, "Disabled"),
        ("Succeeded", "Migrated", False, "Migrated"),
        ("Failed", "Enabled", False, "failed"),
    ],
)
def test_what_is_not_under_way_may_still_not_be_settled(
    provisioning: str, state: str | None, busy: bool, because: str
) -> None:
    raw = front_door(provisioningState=provisioning, resourceState=state)
    document = msgspec.convert(raw, Document)
    assert document.busy is busy
    assert bool(document.unsettled) is bool(because)
    assert because in document.unsettled


def test_a_canary_comes_after_the_rules_of_others_which_stay() -> None:
    first = with_canary(engine(OTHER), HEADER, POOL)
    second = with_canary({"name": "canaries", **first}, COOKIE, POOL)
    for put, match in ((first, HEADER), (second, COOKIE)):
        other, canary = put["properties"]["rules"]
        assert (other, canary["name"], canary["priority"]) == (OTHER, "switchyardCanary", 8)
        found = msgspec.convert({"name": "canaries", **put}, Engine).canary
        assert found is not None
        assert found.says(match, POOL.upper())
        assert not found.says(match, POOL.replace("green", "blue"))
        assert not found.says(COOKIE if match == HEADER else HEADER, POOL)
    assert without_canary(second) == {"properties": {"rules": [OTHER]}}
    (condition,) = second["properties"]["rules"][1]["matchConditions"]
    assert (condition["selector"], condition["rulesEngineMatchValue"]) == ("Cookie", ["switchyard=c"])


type Script = dict[tuple[str, str], list[Said]]


async def do(directory: Path, order: Action, script: Script, epoch: int = 5) -> Stub:
    """Give the order once."""
    script = {
        ("GET", "/contoso-edge"): [Said(200, front_door())],
        ("GET", "/canaries"): [Said(200, engine())],
        ("PUT", "/contoso-edge"): [ACCEPTED],
        ("PUT", "/canaries"): [ACCEPTED],
        **script,
    }
    async with stub(directory, script) as (server, connection):
        await AzureWorld(connection).perform(FLEET, order, epoch=epoch)
    return server


def puts(server: Stub) -> list[Any]:
    """The bodies that were put."""
    return [body for method, _, body in server.requests if method == "PUT"]


async def test_a_write_carries_its_epoch_beside_the_tags_of_others(tmp_path: Path) -> None:
    (body,) = puts(await do(tmp_path, CUT_OVER, {}))
    assert body["tags"] == {
        "owner": "network-team",
        "switchyard_epoch": "5",
        "switchyard_fleet": FLEET.name,
    }
    states = [
        each["enabledState"] for each in body["properties"]["backendPools"][0]["properties"]["backends"]
    ]
    assert states == ["Disabled", "Enabled", "Enabled"]


async def test_the_same_order_of_the_same_epoch_is_not_written_twice_unless_it_failed(tmp_path: Path) -> None:
    tags = {"switchyard_epoch": "5", "switchyard_fleet": FLEET.name}
    live = SetWeights(LEVER, {BLUE: 100, GREEN: 0})
    marked = {**front_door(), "tags": tags}
    assert puts(await do(tmp_path, live, {("GET", "/contoso-edge"): [Said(200, marked)]})) == []
    assert len(puts(await do(tmp_path, live, {("GET", "/contoso-edge"): [Said(200, marked)]}, epoch=6))) == 1
    failed = {**front_door(provisioningState="Failed"), "tags": tags}
    assert len(puts(await do(tmp_path, live, {("GET", "/contoso-edge"): [Said(200, failed)]}))) == 1


async def test_a_higher_epoch_is_not_overwritten(tmp_path: Path) -> None:
    newer = Said(200, {**front_door(provisioningState="Updating"), "tags": {"switchyard_epoch": "6"}})
    with pytest.raises(Superseded, match="carries epoch 6"):
        await do(tmp_path, CUT_OVER, {("GET", "/contoso-edge"): [newer], ("PUT", ""): [GONE]})


@pytest.mark.parametrize(
    "shown",
    [
        front_door(),
        {**changed(front_door(), "aks", {BLUE_HOST: Share(1, enabled=False)}, {}), "name": "contoso-edge"},
    ],
    ids=["the old shares", "no tags"],
)
async def test_an_answer_that_shows_another_front_door_is_not_success(tmp_path: Path, shown: Any) -> None:
    shown = {**shown, "properties": {**shown["properties"], "provisioningState": "Updating"}}
    with pytest.raises(Retry, match="another state"):
        await do(tmp_path, CUT_OVER, {("PUT", "/contoso-edge"): [Said(200, shown)]})


async def test_an_answer_that_shows_what_was_put_is_success(tmp_path: Path) -> None:
    (body,) = puts(await do(tmp_path, CUT_OVER, {}))
    shown = {**body, "name": "contoso-edge"}
    shown["properties"]["provisioningState"] = "Updating"
    await do(tmp_path, CUT_OVER, {("PUT", "/contoso-edge"): [Said(200, shown)]})


async def test_an_answer_that_shows_another_canary_is_not_success(tmp_path: Path) -> None:
    order = SetMatch(LEVER, HEADER, GREEN)
    (body,) = puts(await do(tmp_path, order, {}))
    await do(tmp_path, order, {("PUT", "/canaries"): [Said(201, {**body, "name": "canaries"})]})
    with pytest.raises(Retry, match="another one"):
        await do(tmp_path, order, {("PUT", "/canaries"): [Said(201, engine())]})


async def test_a_rules_engine_is_needed_to_set_a_canary_and_not_to_lift_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no rules engine canaries"):
        await do(tmp_path, SetMatch(LEVER, HEADER, GREEN), {("GET", "/canaries"): [GONE]})
    assert puts(await do(tmp_path, SetMatch(LEVER, HEADER, None), {("GET", "/canaries"): [GONE]})) == []


async def test_nothing_is_put_while_something_is_under_way(tmp_path: Path) -> None:
    updating = Said(200, front_door(provisioningState="Updating"))
    enabling = Said(200, engine(state="Enabling"))
    for order, script in (
        (CUT_OVER, {("GET", "/contoso-edge"): [updating]}),
        (SetMatch(LEVER, HEADER, GREEN), {("GET", "/contoso-edge"): [updating]}),
        (SetMatch(LEVER, HEADER, GREEN), {("GET", "/canaries"): [enabling]}),
    ):
        with pytest.raises(Retry, match="one change at a time") as raised:
            await do(tmp_path, order, {**script, ("PUT", ""): [GONE]})
        assert raised.value.after_seconds == 60


def test_it_never_tells_whether_the_edges_have_its_last_change() -> None:
    assert settled(msgspec.convert(front_door(), Document), None) == Settled(untold=True)


@pytest.mark.parametrize(("state", "failed"), [("Enabled", True), ("Enabling", False)])
def test_what_failed_waits_for_a_rules_engine_that_is_under_way(state: str, failed: bool) -> None:
    document = msgspec.convert(front_door(provisioningState="Failed"), Document)
    found = settled(document, msgspec.convert(engine(state=state), Engine))
    assert "the last change of contoso-edge failed" in found.unsettled
    assert found.failed is failed


async def test_a_pool_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    lever = msgspec.structs.replace(LEVER, group="lost", rules="")
    async with stub(tmp_path, {("GET", "/contoso-edge"): [Said(200, front_door())]}) as (_, connection):
        probe = BalancerState(lever)
        seen = (await AzureWorld(connection).observe(FLEET, frozenset({probe}), START))[probe]
    assert isinstance(seen, Unavailable)
    assert "no backend pool lost" in seen.because


async def test_a_balancer_without_an_endpoint_has_nothing_to_purge(tmp_path: Path) -> None:
    assert (await do(tmp_path, Purge(msgspec.structs.replace(LEVER, endpoint="")), {})).requests == []


async def test_only_the_backends_and_the_tags_differ_from_what_was_read(tmp_path: Path) -> None:
    async with rig(tmp_path, FLEET) as it:
        assert isinstance(await it.see(BalancerState(LEVER)), BalancerSeen)
        read = it.exchanges()[0]["response"]
        await it.azure.perform(FLEET, CUT_OVER, epoch=1)
        put = it.exchanges()[-1]["request"]
    unchanged = read["properties"].keys() & put["properties"].keys() - {"backendPools"}
    assert len(unchanged) > 5
    assert read["properties"].keys() - put["properties"].keys() == {
        "resourceState",
        "provisioningState",
        "cname",
        "rulesEngines",
    }
