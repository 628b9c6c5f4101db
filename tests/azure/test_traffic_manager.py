"""Traffic Manager's answers that the stand-in never gives, and what is sent when."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.actions import SetWeights
from shared.azure.world import AzureWorld
from shared.errors import Refused, Retry
from shared.levers import Balancer, Member
from shared.probes import Answer, BalancerSeen, BalancerState, Unavailable
from tests.azure.stub import Said, stub
from tests.fleets import BLUE, GREEN
from tests.fleets_balanced import PROFILE, traffic_manager_fleet
from tests.world.manual_clock import START

FLEET = traffic_manager_fleet()
KIND = "Microsoft.Network/trafficManagerProfiles"
THROTTLED = Said(429, {"error": {"code": "TooManyRequests", "message": "Later."}}, {"Retry-After": "30"})
BUSY = "Conflicting changes were detected when processing the request. Please retry your request."
CONFLICT = Said(409, {"error": {"code": "Conflict", "message": BUSY}})
READ = ("GET", "/contoso")


def endpoint(
    name: str, weight: int | None = 1000, health: str = "Online", kind: str = "externalEndpoints"
) -> dict[str, Any]:
    """An endpoint as Azure tells it: disabled where its health says so."""
    status = "Disabled" if health == "Disabled" else "Enabled"
    properties = {"endpointStatus": status, "endpointMonitorStatus": health, "weight": weight}
    return {"name": name, "type": f"{KIND}/{kind}", "properties": properties}


def profile(*endpoints: dict[str, Any], method: str = "Weighted", status: str = "Enabled") -> dict[str, Any]:
    """A profile as Azure tells it."""
    facts = {"profileStatus": status, "trafficRoutingMethod": method, "endpoints": list(endpoints)}
    return {"id": PROFILE.resource_id, "name": "contoso", "type": KIND, "properties": facts}


async def seen(directory: Path, body: dict[str, Any], balancer: Balancer = PROFILE) -> Answer:
    """What is made of an answer."""
    probe = BalancerState(balancer)
    async with stub(directory, {READ: [Said(200, body)]}) as (_, connection):
        return (await AzureWorld(connection).observe(FLEET, frozenset({probe}), START))[probe]


BLUE_100, GREEN_OUT = endpoint("blue"), endpoint("green", health="Disabled")


@pytest.mark.parametrize(
    ("blue", "green", "words"),
    [
        ("Online", "Online", ""),
        ("Unmonitored", "Online", ""),
        ("Degraded", "Disabled", ""),
        ("Degraded", "Degraded", ""),
        ("Stopped", "Degraded", ""),
        ("Online", "CheckingEndpoint", "has not checked externalEndpoints/green yet"),
        ("CheckingEndpoint", "Disabled", "has not checked externalEndpoints/blue yet"),
        ("Online", "Degraded", "sends nobody to externalEndpoints/green, which is Degraded"),
        ("CheckingEndpoint", "Stopped", "sends nobody to externalEndpoints/green, which is Stopped"),
        ("Inactive", "Online", "sends nobody to externalEndpoints/blue, which is Inactive"),
    ],
)
async def test_health_unsettles_where_it_sends_users_elsewhere(
    tmp_path: Path, blue: str, green: str, words: str
) -> None:
    answer = await seen(tmp_path, profile(endpoint("blue", health=blue), endpoint("green", health=green)))
    assert isinstance(answer, BalancerSeen)
    assert answer.unsettled == (f"the profile contoso {words}" if words else "")
    assert set(answer.weights) == {
        slot for slot, health in (("blue", blue), ("green", green)) if health != "Disabled"
    }


async def test_a_disabled_profile_answers_nobody(tmp_path: Path) -> None:
    answer = await seen(tmp_path, profile(BLUE_100, GREEN_OUT, status="Disabled"))
    assert isinstance(answer, BalancerSeen)
    assert "disabled and answers nobody" in answer.unsettled


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (profile(BLUE_100, GREEN_OUT, method="Priority"), "routes by Priority, not by weight"),
        (profile(endpoint("blue", None), GREEN_OUT, method="MultiValue"), "routes by MultiValue"),
        (profile(BLUE_100), "has no endpoint externalEndpoints/green"),
        (
            profile(BLUE_100, endpoint("green", kind="azureEndpoints")),
            "has no endpoint externalEndpoints/green",
        ),
        (profile(BLUE_100, GREEN_OUT, endpoint("red")), "also sends users to externalendpoints/red"),
        (profile(endpoint("blue", None), GREEN_OUT), "no weight for externalendpoints/blue"),
        (profile(BLUE_100, GREEN_OUT, status="Sleeping"), "not of the form that is expected"),
        (profile(endpoint("blue", 0), GREEN_OUT), "not of the form that is expected"),
    ],
)
async def test_percent_that_would_not_be_true_is_not_said(
    tmp_path: Path, body: dict[str, Any], words: str
) -> None:
    answer = await seen(tmp_path, body)
    assert isinstance(answer, Unavailable)
    assert words in answer.because


async def test_a_stranger_that_is_disabled_is_nobodys_concern(tmp_path: Path) -> None:
    answer = await seen(tmp_path, profile(BLUE_100, GREEN_OUT, endpoint("red", health="Disabled")))
    assert answer == BalancerSeen({"blue": 100})


Sent = list[tuple[str, Mapping[str, Any]]]


async def told(
    directory: Path,
    script: dict[tuple[str, str], list[Said]],
    weights: dict[str, int],
    balancer: Balancer = PROFILE,
) -> tuple[Sent, Exception | None]:
    """What an order sends, by the end of each path, and what it raises."""
    error: Exception | None = None
    async with stub(directory, script) as (server, connection):
        try:
            await AzureWorld(connection).perform(FLEET, SetWeights(balancer, weights), epoch=1)
        except (Refused, Retry) as raised:
            error = raised
    changes = [each for each in server.requests if each[0] == "PATCH"]
    return [(path.partition("/contoso/")[2], body["properties"]) for _, path, body in changes], error


def patched(name: str, weight: int, status: str) -> dict[tuple[str, str], list[Said]]:
    """An endpoint that answers a change with this."""
    body = endpoint(name, weight, "Online" if status == "Enabled" else "Disabled")
    return {("PATCH", f"/{name}"): [Said(200, body)]}


TAKEN = patched("blue", 1000, "Disabled") | patched("green", 1000, "Enabled")
RAISE = ("ExternalEndpoints/green", {"endpointStatus": "Enabled", "weight": 1000})
LOWER = ("ExternalEndpoints/blue", {"endpointStatus": "Disabled"})


async def test_what_gets_more_is_told_first(tmp_path: Path) -> None:
    script = {READ: [Said(200, profile(BLUE_100, GREEN_OUT))], **TAKEN}
    assert await told(tmp_path, script, {"blue": 0, "green": 100}) == ([RAISE, LOWER], None)


async def test_an_endpoint_that_is_as_it_should_be_is_left_alone(tmp_path: Path) -> None:
    script = {READ: [Said(200, profile(BLUE_100, endpoint("green")))], **TAKEN}
    assert await told(tmp_path, script, {"blue": 0, "green": 100}) == ([LOWER], None)


async def test_a_way_back_that_cannot_look_writes_every_endpoint(tmp_path: Path) -> None:
    assert await told(tmp_path, {READ: [THROTTLED], **TAKEN}, {"blue": 0, "green": 100}) == (
        [RAISE, LOWER],
        None,
    )


async def test_shares_are_not_written_unseen(tmp_path: Path) -> None:
    sent, error = await told(tmp_path, {READ: [THROTTLED], **TAKEN}, {"blue": 90, "green": 10})
    assert sent == []
    assert isinstance(error, Retry)
    assert error.after_seconds == 30


@pytest.mark.parametrize(
    "answered", [patched("green", 500, "Enabled"), patched("green", 1000, "Disabled")], ids=["weight", "out"]
)
async def test_an_answer_that_shows_something_else_is_not_success(
    tmp_path: Path, answered: dict[tuple[str, str], list[Said]]
) -> None:
    script = {READ: [Said(200, profile(BLUE_100, GREEN_OUT))], **TAKEN, **answered}
    sent, error = await told(tmp_path, script, {"blue": 0, "green": 100})
    assert sent == [RAISE]
    assert isinstance(error, Retry)


async def test_what_was_raised_stays_raised_where_the_rest_cannot_be_lowered(tmp_path: Path) -> None:
    script = {READ: [Said(200, profile(BLUE_100, GREEN_OUT))], **TAKEN, ("PATCH", "/blue"): [THROTTLED]}
    sent, error = await told(tmp_path, script, {"blue": 0, "green": 100})
    assert sent == [RAISE, LOWER]
    assert isinstance(error, Retry)


@pytest.mark.parametrize(
    ("said", "after_seconds"),
    [(CONFLICT, 5), (Said(409, CONFLICT.body, {"Retry-After": "30"}), 30)],
    ids=["unsaid", "said"],
)
async def test_a_profile_that_somebody_else_is_changing_is_for_later(
    tmp_path: Path, said: Said, after_seconds: float
) -> None:
    script = {READ: [Said(200, profile(BLUE_100, GREEN_OUT))], **TAKEN, ("PATCH", "/green"): [said]}
    sent, error = await told(tmp_path, script, {"blue": 0, "green": 100})
    assert sent == [RAISE], "nobody is taken out before the other is in"
    assert isinstance(error, Retry)
    assert (BUSY.rstrip(".") in str(error), error.after_seconds) == (True, after_seconds)


async def test_a_profile_that_cannot_be_read_while_it_is_changed_is_asked_again_soon(tmp_path: Path) -> None:
    probe = BalancerState(PROFILE)
    async with stub(tmp_path, {READ: [CONFLICT]}) as (_, connection):
        answer = (await AzureWorld(connection).observe(FLEET, frozenset({probe}), START))[probe]
    assert isinstance(answer, Unavailable)
    assert answer.after_seconds == 5


async def test_a_provider_that_is_not_registered_is_no_conflict_of_profiles(tmp_path: Path) -> None:
    missing = Said(409, {"error": {"code": "MissingSubscriptionRegistration", "message": "Register it."}})
    script = {READ: [Said(200, profile(BLUE_100, GREEN_OUT))], ("PATCH", "/green"): [missing]}
    _, error = await told(tmp_path, script, {"blue": 0, "green": 100})
    assert isinstance(error, Refused)


def named(blue: str, green: str) -> Balancer:
    """The profile with members of other names."""
    members = (Member(slot=BLUE, name=blue), Member(slot=GREEN, name=green))
    return msgspec.structs.replace(PROFILE, members=members)


async def test_endpoints_of_every_type_are_found_by_type_and_name(tmp_path: Path) -> None:
    balancer = named("AzureEndpoints/blue", "nestedendpoints/green")
    body = profile(
        endpoint("Blue", kind="azureEndpoints"),
        endpoint("green", health="Disabled", kind="nestedEndpoints"),
        endpoint("green", health="Disabled", kind="externalEndpoints"),
    )
    script = {READ: [Said(200, body)], **TAKEN}
    sent, error = await told(tmp_path, script, {"blue": 0, "green": 100}, balancer)
    assert error is None
    assert [path for path, _ in sent] == ["NestedEndpoints/green", "AzureEndpoints/blue"]


@pytest.mark.parametrize("name", ["green", "endpoints/green", "externalEndpoints/"])
async def test_what_is_no_endpoint_is_refused(tmp_path: Path, name: str) -> None:
    script = {READ: [Said(200, profile(BLUE_100, GREEN_OUT))], **TAKEN}
    sent, error = await told(tmp_path, script, {"green": 100}, named("externalEndpoints/blue", name))
    assert sent == []
    assert isinstance(error, Refused)
    assert "a slash and a name" in str(error)
