"""Who may come in, and what is said to those who ask for what is not there."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError
from azure.mgmt.dns.aio import DnsManagementClient

from sandbox.wire.server import Wire
from sandbox.world import Family, Faults, Outage, World
from shared.clock import RehearsalClock
from tests.fleets import FLEET
from tests.wire.rig import CLUSTERS, NETWORK, Credential, Rig, answer, refusal

ZONE = f"{NETWORK}/dnsZones/contoso.com"
AKS = ("rg-network", "contoso.com", "aks", "A")

CLIENT = """
import asyncio, json, os
from azure.identity.aio import ManagedIdentityCredential
from azure.mgmt.dns.aio import DnsManagementClient

async def main():
    endpoint = os.environ["SWITCHYARD_ARM_ENDPOINT"]
    async with (
        ManagedIdentityCredential() as credential,
        DnsManagementClient(credential, os.environ["SUBSCRIPTION"], base_url=endpoint) as client,
    ):
        record = await client.record_sets.get("rg-network", "contoso.com", "aks", "A")
        print(json.dumps([each.ipv4_address for each in record.a_records]))

asyncio.run(main())
"""


async def test_a_controller_process_needs_nothing_but_its_settings(rig: Rig) -> None:
    settings = rig.wire.environment() | {"SUBSCRIPTION": FLEET.subscription_id, "PATH": os.environ["PATH"]}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CLIENT, env=settings, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert json.loads(output) == ["203.0.113.10"]


async def test_a_request_without_a_token_is_challenged(rig: Rig) -> None:
    status, body, headers = await rig.request("GET", ZONE, {"api-version": "2018-05-01"}, None)
    assert (status, body["error"]["code"]) == (401, "AuthenticationFailed")
    assert headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")


async def test_a_token_for_something_else_is_refused(rig: Rig) -> None:
    client = await rig.client(DnsManagementClient, credential=Credential(rig.wire, "https://vault.azure.net"))
    with pytest.raises(ClientAuthenticationError) as refused:
        await client.record_sets.get(*AKS)
    assert refusal(refused.value) == (401, "InvalidAuthenticationTokenAudience")


@pytest.mark.parametrize("token", ["made-up", "a.b.c"])
async def test_a_token_that_nobody_issued_is_refused(rig: Rig, token: str) -> None:
    status, body, _ = await rig.request("GET", ZONE, {"api-version": "2018-05-01"}, token)
    assert (status, body["error"]["code"]) == (401, "InvalidAuthenticationToken")


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        (ZONE, {}, 400, "MissingApiVersionParameter"),
        (ZONE, {"api-version": "2000-01-01"}, 400, "NoRegisteredProviderFound"),
        ("/subscriptions/{sub}/resourceGroups/rg", {"api-version": "1"}, 400, "InvalidApiVersionParameter"),
        ("/subscriptions/{sub}/nothing", {"api-version": "2018-05-01"}, 404, "InvalidResourceType"),
        (ZONE.replace("1111", "9999"), {"api-version": "2018-05-01"}, 404, "SubscriptionNotFound"),
    ],
)
async def test_what_is_not_there_is_refused_as_arm_does(
    rig: Rig, path: str, query: dict[str, str], status: int, code: str
) -> None:
    token, _ = rig.wire.token("https://management.azure.com/")
    path = path.replace("{sub}", FLEET.subscription_id)
    got, body, headers = await rig.request("GET", path, query, token)
    assert (got, body["error"]["code"]) == (status, code)
    assert headers["x-ms-request-id"]


async def test_a_method_that_a_resource_does_not_know_is_refused(rig: Rig) -> None:
    status, body = await rig.arm("POST", ZONE, "2018-05-01")
    assert (status, body["error"]["code"]) == (405, "HttpMethodNotAllowed")


async def test_paths_compare_without_case(rig: Rig) -> None:
    assert (await rig.arm("GET", ZONE.lower(), "2018-05-01"))[0] == 200
    assert (await rig.arm("GET", CLUSTERS[FLEET.live].upper(), "2026-08-01"))[0] == 200


async def test_throttling_and_outages_reach_every_arm_client(start: Callable[..., Awaitable[Rig]]) -> None:
    throttled = Outage(
        family=Family.ARM, from_seconds=0, until_seconds=60, status=429, retry_after_seconds=17
    )
    down = Outage(family=Family.ARM, from_seconds=60, until_seconds=120, status=503)
    rig = await start(faults=Faults(outages=(throttled, down)))
    records = (await rig.client(DnsManagementClient, retry_total=0)).record_sets
    with pytest.raises(HttpResponseError) as refused:
        await records.get(*AKS)
    assert refusal(refused.value) == (429, "SubscriptionRequestsThrottled")
    assert answer(refused.value).headers["Retry-After"] == "17"
    rig.clock.pass_seconds(60)
    with pytest.raises(HttpResponseError) as refused:
        await records.get(*AKS)
    assert refused.value.status_code == 503
    rig.clock.pass_seconds(60)
    assert (await records.get(*AKS)).name == "aks"


async def test_a_dropped_connection_is_no_answer_at_all(start: Callable[..., Awaitable[Rig]]) -> None:
    dropped = Outage(family=Family.ARM, from_seconds=0, until_seconds=60, status=0)
    rig = await start(faults=Faults(outages=(dropped,)))
    records = (await rig.client(DnsManagementClient, retry_total=0)).record_sets
    with pytest.raises(ServiceRequestError):
        await records.get(*AKS)
    rig.clock.pass_seconds(60)
    assert (await records.get(*AKS)).name == "aks"


@pytest.mark.parametrize(
    ("changed", "status"),
    [({}, 200), ({"header": "guessed"}, 401), ({"api-version": "2017-09-01"}, 400), ({"resource": ""}, 400)],
)
async def test_the_identity_endpoint_wants_its_secret_version_and_resource(
    rig: Rig, changed: dict[str, str], status: int
) -> None:
    asked = {
        "header": rig.wire.identity_header,
        "api-version": "2019-08-01",
        "resource": "https://a.b",
    } | changed
    headers = {"X-IDENTITY-HEADER": asked.pop("header")}
    async with (
        aiohttp.ClientSession() as session,
        session.get(rig.wire.identity_endpoint, params=asked, headers=headers) as answered,
    ):
        body = await answered.json()
        assert answered.status == status
        if status == 200:
            assert (body["token_type"], body["resource"]) == ("Bearer", "https://a.b")
            assert int(body["expires_on"]) > datetime.now(UTC).timestamp() + 3600


async def test_a_rehearsals_clock_is_handed_on(tmp_path: Path) -> None:
    origin, started = datetime(2026, 11, 21, tzinfo=UTC), datetime.now(UTC)
    clock = RehearsalClock(origin=origin, start=started, rate=60)
    settings = Wire(World(FLEET, clock), clock, directory=tmp_path).environment()
    assert settings["SWITCHYARD_CLOCK_ORIGIN"] == origin.isoformat()
    assert settings["SWITCHYARD_CLOCK_START"] == started.isoformat()
    assert float(settings["SWITCHYARD_CLOCK_RATE"]) == 60
