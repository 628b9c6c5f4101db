"""A gateway is written as it was read, but for one rule's pool and two tags; some rules cannot be moved."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from shared.actions import SetWeights
from shared.azure.gateway_rules import Gateway
from shared.azure.world import AzureWorld
from shared.errors import Refused, Retry, Superseded, SwitchyardError
from shared.probes import Answer, BalancerSeen, BalancerState, Unavailable
from tests.azure.gateways import MAPPED, basic, by_path, gateway, pool
from tests.azure.rig import rig
from tests.azure.stub import Said, stub
from tests.fleets import GREEN
from tests.fleets_balanced import GATEWAY, application_gateway_fleet
from tests.world.manual_clock import START

FLEET = application_gateway_fleet()
READ, WRITE = ("GET", "/agw-front"), ("PUT", "/agw-front")
CUT_OVER = {"blue": 0, "green": 100}
THROTTLED = Said(429, {"error": {"code": "TooManyRequests", "message": "Later."}}, {"Retry-After": "30"})


async def seen(directory: Path, body: dict[str, Any]) -> Answer:
    """What is made of an answer."""
    probe = BalancerState(GATEWAY)
    async with stub(directory, {READ: [Said(200, body)]}) as (_, connection):
        return (await AzureWorld(connection).observe(FLEET, frozenset({probe}), START))[probe]


async def written(
    directory: Path, before: dict[str, Any], *said: Said, weights: dict[str, int] = CUT_OVER
) -> tuple[Any, SwitchyardError | None]:
    """What an order to a gateway sends (None: nothing), and what it raises. Azure says what it was told."""
    script = {READ: [Said(200, before)], WRITE: list(said) or [Said(500)]}
    error: SwitchyardError | None = None
    async with stub(directory, script) as (server, connection):
        try:
            await AzureWorld(connection).perform(FLEET, SetWeights(GATEWAY, weights), epoch=7)
        except SwitchyardError as raised:
            error = raised
    bodies = [body for method, _, body in server.requests if method == "PUT"]
    assert len(bodies) <= 1
    return (bodies[0] if bodies else None), error


async def test_a_write_keeps_what_it_does_not_know(tmp_path: Path) -> None:
    before = gateway(basic("cluster-blue"))
    told, _ = await written(tmp_path, before)
    expected = deepcopy(before)
    for name in ("etag", "name", "type"):
        del expected[name]
    expected["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {"/i": {}}}
    properties = expected["properties"]
    for name in ("provisioningState", "operationalState", "privateEndpointConnections"):
        del properties[name]
    parts = [each for found in properties.values() if isinstance(found, list) for each in found]
    for each in parts:
        del each["etag"], each["type"], each["properties"]["provisioningState"]
        for name in ("publicCertData", "backendIPConfigurations"):
            each["properties"].pop(name, None)
    properties["requestRoutingRules"][1]["properties"]["backendAddressPool"] = pool("Cluster-Green")
    expected["tags"] |= {"switchyard_epoch": "7", "switchyard_fleet": "contoso"}
    assert told == expected


def test_what_was_read_stays_as_it_was_read() -> None:
    read = gateway(basic("cluster-blue"))
    Gateway(GATEWAY, read).led_to(GREEN, {"switchyard_epoch": "7"})
    assert read == gateway(basic("cluster-blue"))


@pytest.mark.parametrize(
    ("body", "weights"),
    [
        (gateway(basic("CLUSTER-blue")), {"blue": 100}),
        (gateway(basic("cluster-green")), {"green": 100}),
        (gateway(basic("maintenance")), {}),
        (gateway(MAPPED, by_path("cluster-green")), {"green": 100}),
        (gateway(MAPPED, by_path("cluster-green", "cluster-green", "maintenance")), {"green": 100}),
        (gateway(MAPPED, by_path(None, "cluster-blue")), {"blue": 100}),
        (gateway(MAPPED, by_path("maintenance")), {}),
    ],
)
async def test_a_rule_leads_where_its_pool_or_its_map_does(
    tmp_path: Path, body: dict[str, Any], weights: dict[str, int]
) -> None:
    assert await seen(tmp_path, body) == BalancerSeen(weights, etag='W/"e-1"')


async def test_a_map_is_moved_with_the_paths_that_lead_to_a_slot_and_no_other(tmp_path: Path) -> None:
    told, _ = await written(
        tmp_path, gateway(MAPPED, by_path("cluster-blue", "cluster-blue", "maintenance", "cluster-green"))
    )
    other, moved = told["properties"]["urlPathMaps"]
    assert moved["properties"]["defaultBackendAddressPool"] == pool("Cluster-Green")
    assert [each["properties"]["backendAddressPool"] for each in moved["properties"]["pathRules"]] == [
        pool("Cluster-Green"),
        pool("maintenance"),
        pool("Cluster-Green"),
    ]
    assert other["properties"]["defaultBackendAddressPool"] == pool("cluster-blue")
    assert [
        each["properties"].get("backendAddressPool") for each in told["properties"]["requestRoutingRules"]
    ] == [
        pool("cluster-blue"),
        None,
    ]


IMMOVABLE = [
    ({"ruleType": "Basic", "redirectConfiguration": {"id": "/r"}}, None, "leads to no pool"),
    ({**basic("cluster-blue"), "loadDistributionPolicy": {"id": "/l"}}, None, "load distribution policy"),
    ({"ruleType": "AdvancedRouting", "advancedRoutingMap": {"id": "/a"}}, None, "of type AdvancedRouting"),
    (MAPPED, [], "leads to no pool"),
    (MAPPED, by_path(None, "maintenance"), "leads to no pool"),
]


@pytest.mark.parametrize(("rule", "maps", "words"), IMMOVABLE)
async def test_a_rule_that_no_pool_decides_is_neither_read_nor_moved(
    tmp_path: Path, rule: dict[str, Any], maps: list[dict[str, Any]] | None, words: str
) -> None:
    answer = await seen(tmp_path, gateway(rule, maps))
    assert isinstance(answer, Unavailable)
    assert words in answer.because
    told, error = await written(tmp_path, gateway(rule, maps))
    assert told is None
    assert isinstance(error, Refused)
    assert words in str(error)


async def test_paths_to_both_slots_are_no_share_and_can_be_brought_together(tmp_path: Path) -> None:
    halved = gateway(MAPPED, by_path("cluster-blue", "cluster-green"))
    answer = await seen(tmp_path, halved)
    assert isinstance(answer, Unavailable)
    assert "some of its paths" in answer.because
    told, _ = await written(tmp_path, halved, weights={"blue": 100, "green": 0})
    moved = told["properties"]["urlPathMaps"][1]["properties"]
    assert moved["pathRules"][0]["properties"]["backendAddressPool"] == pool("cluster-blue")


async def test_a_gateway_without_the_rule_or_the_pool_is_refused_by_name(tmp_path: Path) -> None:
    without_rule, without_pool = gateway(basic("cluster-blue")), gateway(basic("cluster-blue"))
    del without_rule["properties"]["requestRoutingRules"][1]
    del without_pool["properties"]["backendAddressPools"][1]
    for body, words in (
        (without_rule, "no request routing rule users"),
        (without_pool, "no back-end pool cluster-green"),
    ):
        told, error = await written(tmp_path, body)
        assert told is None
        assert isinstance(error, Refused)
        assert words in str(error)


@pytest.mark.parametrize(
    ("state", "words"),
    [("Updating", "deploying its last change"), ("Failed", "is Failed"), ("Canceled", "is Canceled")],
)
async def test_a_change_that_has_not_reached_everybody_is_said(
    tmp_path: Path, state: str, words: str
) -> None:
    body = gateway(basic("cluster-blue"))
    body["properties"]["provisioningState"] = state
    answer = await seen(tmp_path, body)
    assert isinstance(answer, BalancerSeen)
    assert words in answer.unsettled
    assert answer.failed is (state != "Updating"), "another change is the way out of one that failed"


@pytest.mark.parametrize(
    "after",
    [
        gateway(basic("cluster-blue"), switchyard_epoch="7"),
        gateway(basic("cluster-green"), switchyard_epoch="6"),
        gateway(basic("cluster-green")),
    ],
    ids=["pool", "epoch", "tags"],
)
async def test_an_answer_that_shows_another_write_is_not_success(
    tmp_path: Path, after: dict[str, Any]
) -> None:
    _, error = await written(tmp_path, gateway(basic("cluster-blue")), Said(200, after))
    assert isinstance(error, Retry)


async def test_an_answer_that_shows_the_write_is_success(tmp_path: Path) -> None:
    after = gateway(basic("cluster-green"), switchyard_epoch="7")
    _, error = await written(tmp_path, gateway(basic("cluster-blue")), Said(200, after))
    assert error is None


async def test_a_higher_epoch_in_its_tags_refuses_a_write(tmp_path: Path) -> None:
    told, error = await written(tmp_path, gateway(basic("cluster-green"), switchyard_epoch="8"))
    assert told is None
    assert isinstance(error, Superseded)


@pytest.mark.parametrize("code", ["RetryableError", "RetryableErrorDueToAnotherOperation"])
async def test_a_lock_is_no_throttling_and_its_wait_is_not_kept(tmp_path: Path, code: str) -> None:
    locked = Said(429, {"error": {"code": code, "message": "Locked."}}, {"Retry-After": "600"})
    _, error = await written(tmp_path, gateway(basic("cluster-blue")), locked)
    assert isinstance(error, Retry)
    assert error.after_seconds is None


async def test_a_write_that_is_throttled_waits_as_it_is_told(tmp_path: Path) -> None:
    _, error = await written(tmp_path, gateway(basic("cluster-blue")), THROTTLED)
    assert isinstance(error, Retry)
    assert error.after_seconds == 30


async def test_the_condition_travels_with_the_write(tmp_path: Path) -> None:
    async with rig(tmp_path, FLEET) as it:
        found = await it.see(BalancerState(GATEWAY))
        assert isinstance(found, BalancerSeen)
        balancers = it.estate.world.balancers
        balancers.write(GATEWAY, balancers.newest(GATEWAY).members)
        it.exchanges()
        with pytest.raises(Superseded, match="PreconditionFailed"):
            await it.azure.perform(FLEET, SetWeights(GATEWAY, CUT_OVER, found.etag), epoch=7)
        assert [(line["method"], line["status"]) for line in it.exchanges()] == [("PUT", 412)]


async def test_another_etag_than_was_read_is_not_even_tried(tmp_path: Path) -> None:
    async with rig(tmp_path, FLEET) as it:
        with pytest.raises(Superseded, match="changed since"):
            await it.azure.perform(FLEET, SetWeights(GATEWAY, CUT_OVER, 'W/"another"'), epoch=7)
        assert [line["method"] for line in it.exchanges()] == ["GET"]


async def test_a_write_without_an_etag_is_fenced_by_what_it_reads(tmp_path: Path) -> None:
    async with rig(tmp_path, FLEET) as it:
        await it.azure.perform(FLEET, SetWeights(GATEWAY, CUT_OVER), epoch=7)
        with pytest.raises(Superseded, match="epoch 7"):
            await it.azure.perform(FLEET, SetWeights(GATEWAY, {"blue": 100}), epoch=6)
