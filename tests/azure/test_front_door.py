"""What Front Door Standard and Premium say that the stand-in never does, and what is made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.actions import Action, Purge, SetMatch, SetWeights
from shared.azure.front_door import State, settled
from shared.azure.front_door_rule import rule
from shared.azure.world import AzureWorld
from shared.errors import NotFound, Refused, Retry
from shared.levers import Match, SwitchKind
from shared.probes import Answer, BalancerSeen, BalancerState, Unavailable
from tests.azure.stub import Said, Stub, stub
from tests.fleets import BLUE, GREEN
from tests.fleets_balanced import balanced_fleet, balancer
from tests.world.manual_clock import START

LEVER = balancer(SwitchKind.FRONT_DOOR)
FLEET = balanced_fleet(SwitchKind.FRONT_DOOR)
HEADER, COOKIE = Match(value="c", header="x-switchyard"), Match(value="c", cookie="switchyard")
GROUP = f"{LEVER.resource_id}/originGroups/only-green"
GONE = Said(404, {"error": {"code": "ResourceNotFound", "message": "It is not there."}})
CONFLICT = Said(409, {"error": {"code": "Conflict", "message": "Another operation is in progress."}})
ACCEPTED = Said(202, None, {"Location": "{base}/operationresults/1"})
CUT_OVER = SetWeights(LEVER, {BLUE: 0, GREEN: 100})


def origin(name: str, state: str, weight: int | None = 1000, **progress: Any) -> dict[str, Any]:
    """An origin as the service says it."""
    said = {"provisioningState": "Succeeded", "deploymentStatus": "Succeeded", **progress}
    return {"name": name, "properties": {"enabledState": state, "weight": weight, "priority": 1, **said}}


def origins(*them: dict[str, Any]) -> Said:
    """A group of them, blue alone by default."""
    alone = (origin("aks-blue", "Enabled"), origin("aks-green", "Disabled"))
    return Said(200, {"value": list(them or alone)})


def found(match: Match = HEADER, **changes: Any) -> Said:
    """The canary's rule as the service says it."""
    properties = rule(match, GROUP)["properties"]
    return Said(200, {"properties": {**properties, "provisioningState": "Succeeded", **changes}})


type Script = dict[tuple[str, str], list[Said]]


async def see(directory: Path, script: Script) -> Answer:
    """The balancer as these answers show it."""
    probe = BalancerState(LEVER)
    async with stub(directory, {("GET", "/switchyardCanary"): [GONE], **script}) as (_, connection):
        return (await AzureWorld(connection).observe(FLEET, frozenset({probe}), START))[probe]


async def do(directory: Path, order: Action, script: Script) -> Stub:
    """Give the order once."""
    script = {
        ("GET", "/switchyardCanary"): [GONE],
        ("GET", "/origins"): [origins()],
        ("PATCH", "/aks-green"): [ACCEPTED],
        ("PATCH", "/aks-blue"): [ACCEPTED],
        **script,
    }
    async with stub(directory, script) as (server, connection):
        await AzureWorld(connection).perform(FLEET, order, epoch=1)
    return server


def written(server: Stub) -> list[tuple[str, str, Any]]:
    """What was sent to change something: method, last part of the path, and properties."""
    return [
        (method, path.rpartition("/")[2], (body or {}).get("properties"))
        for method, path, body in server.requests
        if method != "GET"
    ]


@pytest.mark.parametrize(
    ("provisioning", "deployment", "because", "untold"),
    [
        ("Succeeded", "Succeeded", "", False),
        ("Succeeded", "NotStarted", "", True),
        ("Succeeded", None, "", True),
        ("Updating", "NotStarted", "Updating", True),
        ("Creating", None, "Creating", True),
        ("Succeeded", "InProgress", "InProgress", False),
        ("Succeeded", "Paused", "Paused", False),
        ("Succeeded", "Failed", "failed", False),
        ("Failed", "NotStarted", "failed", True),
    ],
)
def test_what_is_settled_is_what_azure_does_not_say_is_under_way(
    provisioning: str, deployment: str | None, because: str, untold: bool
) -> None:
    said = settled([State("aks-green", provisioning, deployment)])
    assert bool(said.unsettled) is bool(because)
    assert because in said.unsettled
    assert not said.unsettled or "aks-green" in said.unsettled
    assert (said.failed, said.untold) == (because == "failed", untold)


def test_what_failed_waits_for_what_is_still_under_way() -> None:
    failed = State("aks-blue", "Succeeded", "Failed")
    assert settled([failed, State("aks-green", "Succeeded", "Succeeded")]).failed
    assert not settled([failed, State("aks-green", "Updating", "InProgress")]).failed


async def test_origins_are_found_on_every_page(tmp_path: Path) -> None:
    pages = [
        Said(200, {"value": [origin("aks-blue", "Enabled", 900)], "nextLink": "{next}"}),
        Said(200, {"value": [origin("AKS-GREEN", "Enabled", 100)]}),
    ]
    async with stub(tmp_path, {("GET", "/origins"): pages, ("GET", "/switchyardCanary"): [GONE]}) as (
        server,
        connection,
    ):
        pages[0].body["nextLink"] = f"{server.base}{LEVER.resource_id}/originGroups/aks/origins?page=2"
        probe = BalancerState(LEVER)
        seen = (await AzureWorld(connection).observe(FLEET, frozenset({probe}), START))[probe]
    assert seen == BalancerSeen({BLUE: 90, GREEN: 10})


async def test_pages_without_an_end_are_given_up(tmp_path: Path) -> None:
    page = Said(200, {"value": [], "nextLink": "{next}"})
    async with stub(tmp_path, {("GET", "/origins"): [page]}) as (server, connection):
        page.body["nextLink"] = f"{server.base}{LEVER.resource_id}/originGroups/aks/origins?page=2"
        probe = BalancerState(LEVER)
        seen = (await AzureWorld(connection).observe(FLEET, frozenset({probe}), START))[probe]
    assert isinstance(seen, Unavailable)
    assert "pages" in seen.because
    assert len(server.requests) == 10


async def test_what_is_unsettled_is_said_of_every_origin_and_of_the_rule(tmp_path: Path) -> None:
    busy = origin("aks-blue", "Enabled", deploymentStatus="InProgress")
    failed = origin("aks-green", "Disabled", provisioningState="Failed")
    script: Script = {
        ("GET", "/origins"): [origins(busy, failed)],
        ("GET", "/switchyardCanary"): [found(deploymentStatus="InProgress")],
    }
    seen = await see(tmp_path, script)
    assert isinstance(seen, BalancerSeen)
    assert (seen.matched, seen.weights) == (GREEN, {BLUE: 100})
    assert [part.count(name) for part, name in zip(seen.unsettled.split("; "), NAMES, strict=True)] == [
        1,
        1,
        1,
    ]


NAMES = ("aks-blue", "aks-green", "switchyardCanary")


async def test_one_origin_is_changed_at_a_time_and_the_one_that_gets_more_first(tmp_path: Path) -> None:
    assert written(await do(tmp_path, CUT_OVER, {})) == [
        ("PATCH", "aks-green", {"weight": 1000, "enabledState": "Enabled"})
    ]
    both = origins(origin("aks-blue", "Enabled"), origin("aks-green", "Enabled"))
    assert written(await do(tmp_path, CUT_OVER, {("GET", "/origins"): [both]})) == [
        ("PATCH", "aks-blue", {"enabledState": "Disabled"})
    ]
    done = origins(origin("aks-blue", "Disabled"), origin("aks-green", "Enabled"))
    assert written(await do(tmp_path, CUT_OVER, {("GET", "/origins"): [done]})) == []


async def test_a_status_that_sticks_holds_nothing_up(tmp_path: Path) -> None:
    stuck = origin("aks-green", "Enabled", deploymentStatus="NotStarted")
    both = origins(origin("aks-blue", "Enabled", deploymentStatus="NotStarted"), stuck)
    server = await do(tmp_path, CUT_OVER, {("GET", "/origins"): [both]})
    assert [name for _, name, _ in written(server)] == ["aks-blue"]


async def test_nobody_is_taken_out_on_the_word_of_a_change_that_failed(tmp_path: Path) -> None:
    failed = origin("aks-green", "Enabled", deploymentStatus="Failed")
    both = origins(origin("aks-blue", "Enabled"), failed)
    server = await do(tmp_path, CUT_OVER, {("GET", "/origins"): [both]})
    assert written(server) == [("PATCH", "aks-green", {"weight": 1000, "enabledState": "Enabled"})]


async def test_a_change_that_failed_is_ordered_again_though_it_looks_right(tmp_path: Path) -> None:
    failed = origin("aks-blue", "Disabled", deploymentStatus="Failed")
    both = origins(failed, origin("aks-green", "Enabled"))
    server = await do(tmp_path, CUT_OVER, {("GET", "/origins"): [both]})
    assert written(server) == [("PATCH", "aks-blue", {"enabledState": "Disabled"})]


async def test_nothing_is_written_where_an_origin_is_missing_or_under_way(tmp_path: Path) -> None:
    for them, error in (
        ([origin("aks-blue", "Enabled")], NotFound),
        (
            [origin("aks-blue", "Enabled", provisioningState="Updating"), origin("aks-green", "Disabled")],
            Retry,
        ),
        ([*origins().body["value"], origin("other", "Enabled", deploymentStatus="InProgress")], Retry),
    ):
        with pytest.raises(error):
            await do(tmp_path, CUT_OVER, {("GET", "/origins"): [origins(*them)], ("PATCH", ""): [GONE]})


@pytest.mark.parametrize("order", [CUT_OVER, SetMatch(LEVER, HEADER, GREEN), Purge(LEVER)])
async def test_a_conflict_is_for_later_in_azures_words(tmp_path: Path, order: Action) -> None:
    script: Script = {(method, end): [CONFLICT] for method, end in WRITES}
    with pytest.raises(Retry, match="Another operation is in progress") as raised:
        await do(tmp_path, order, script)
    assert raised.value.after_seconds == 60


WRITES = (("PATCH", "/aks-green"), ("PUT", "/switchyardCanary"), ("POST", "/purge"))


async def test_a_provider_that_is_not_registered_is_no_conflict_of_front_doors(tmp_path: Path) -> None:
    missing = Said(409, {"error": {"code": "MissingSubscriptionRegistration", "message": "Register it."}})
    with pytest.raises(Refused, match="Register it"):
        await do(tmp_path, CUT_OVER, {("PATCH", "/aks-green"): [missing]})


@pytest.mark.parametrize("shown", [origin("aks-green", "Disabled"), origin("aks-green", "Enabled", 999)])
async def test_an_answer_that_shows_another_origin_is_not_success(tmp_path: Path, shown: Any) -> None:
    with pytest.raises(Retry, match="another state"):
        await do(tmp_path, CUT_OVER, {("PATCH", "/aks-green"): [Said(200, shown)]})
    await do(tmp_path, CUT_OVER, {("PATCH", "/aks-green"): [Said(200, origin("aks-green", "Enabled"))]})


@pytest.mark.parametrize("body", [{"error": {"code": "No", "message": "No."}}, {}, [], "yes"], ids=str)
async def test_a_yes_with_a_body_is_somebody_elses(tmp_path: Path, body: Any) -> None:
    script: Script = {
        ("GET", "/switchyardCanary"): [found()],
        ("DELETE", "/switchyardCanary"): [Said(200, body)],
        ("POST", "/purge"): [Said(200, body)],
    }
    for order in (SetMatch(LEVER, HEADER, None), Purge(LEVER)):
        with pytest.raises(Retry, match="has a body"):
            await do(tmp_path, order, script)


async def test_a_balancer_without_an_endpoint_has_nothing_to_purge(tmp_path: Path) -> None:
    server = await do(tmp_path, Purge(msgspec.structs.replace(LEVER, endpoint="")), {})
    assert server.requests == []
