"""The stand-in throttles on the wire as Azure does."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.wire.server import Wire
from sandbox.world import World
from tests.fleets import BLUE, FLEET
from tests.wire.rig import Credential
from tests.world.manual_clock import ManualClock

CLUSTER = FLEET.slot(BLUE).cluster_id
AKS = {"api-version": "2026-08-01"}
RECORD = f"{FLEET.live_records[0].zone_id}/A/aks"
DNS = {"api-version": "2018-05-01"}
SHARED = Path(__file__).parents[3] / "shared"
REFEREE = SHARED / "tools/check_traffic.py"
OPENAPI = SHARED / "openapi"


class Caller:
    """A client that never repeats anything, and the wire that it asks."""

    def __init__(self, wire: Wire, clock: ManualClock, session: aiohttp.ClientSession) -> None:
        self.clock = clock
        self._wire = wire
        self._session = session

    async def ask(
        self, path: str, query: Mapping[str, str], method: str = "GET", body: Any = None
    ) -> tuple[int, Any, Mapping[str, str]]:
        """One request: status, JSON and headers."""
        resource = "https://api.loganalytics.io" if path.startswith("/v1") else "https://management.azure.com"
        token = (await Credential(self._wire).get_token(f"{resource}/.default")).token
        headers = {"Authorization": f"Bearer {token}"}
        url = self._wire.arm_endpoint + path
        call = self._session.request(method, url, params=query, headers=headers, json=body)
        async with call as answer:
            return answer.status, json.loads(await answer.read() or "null"), answer.headers

    async def refused(
        self, path: str, query: Mapping[str, str], method: str = "GET", body: Any = None
    ) -> tuple[int, Any, Mapping[str, str]]:
        """The first refusal, and how many went through before it."""
        for count in range(1000):
            status, answer, headers = await self.ask(path, query, method, body)
            if status == 429:
                return count, answer, headers
        raise AssertionError("nothing was refused")


@asynccontextmanager
async def caller(
    directory: Path, *, throttled: bool = True, record: Path | None = None
) -> AsyncIterator[Caller]:
    """A started wire with a caller."""
    async with AsyncExitStack() as stack:
        clock = ManualClock()
        world = World(FLEET, clock)
        wire = Wire(world, clock, record=record, directory=directory, throttled=throttled)
        await stack.enter_async_context(wire)
        trust = ssl.create_default_context(cafile=wire.ca_file)
        connector = aiohttp.TCPConnector(ssl=trust)
        yield Caller(wire, clock, await stack.enter_async_context(aiohttp.ClientSession(connector=connector)))


async def test_a_cluster_that_is_read_too_often_is_refused_until_its_bucket_has_room(tmp_path: Path) -> None:
    async with caller(tmp_path) as azure:
        count, body, headers = await azure.refused(CLUSTER, AKS)
        assert (count, body["error"]["code"], headers["Retry-After"]) == (60, "Throttled", "1")
        azure.clock.pass_seconds(0.4)
        again, _, headers = await azure.ask(CLUSTER, AKS)
        assert (again, headers["Retry-After"]) == (429, "1")
        azure.clock.pass_seconds(0.6)
        assert (await azure.ask(CLUSTER, AKS))[0] == 200


async def test_an_answer_says_how_many_requests_are_left(tmp_path: Path) -> None:
    async with caller(tmp_path) as azure:
        await azure.ask(RECORD, DNS)
        _, _, headers = await azure.ask(RECORD, DNS)
        assert headers["x-ms-ratelimit-remaining-subscription-reads"] == "248"
        assert headers["x-ms-ratelimit-remaining-subscription-global-reads"] == "3748"
        _, _, headers = await azure.ask(f"{CLUSTER}/stop", AKS, "POST")
        assert headers["x-ms-ratelimit-remaining-subscription-writes"] == "199"
        _, _, headers = await azure.ask(f"{RECORD}x", DNS, "DELETE")
        assert headers["x-ms-ratelimit-remaining-subscription-deletes"] == "199"


async def test_resource_manager_refuses_reads_and_goes_on_taking_writes(tmp_path: Path) -> None:
    async with caller(tmp_path) as azure:
        count, body, headers = await azure.refused(RECORD, DNS)
        assert (count, body["error"]["code"]) == (250, "SubscriptionRequestsThrottled")
        assert headers["x-ms-ratelimit-remaining-subscription-reads"] == "0"
        assert (await azure.ask(f"{CLUSTER}/stop", AKS, "POST"))[0] == 202


async def test_log_queries_are_refused_for_the_rest_of_their_span(tmp_path: Path) -> None:
    async with caller(tmp_path) as azure:
        path, query = f"/v1{CLUSTER}/query", {"query": "KubeNodeInventory"}
        count, body, headers = await azure.refused(path, {}, "POST", query)
        assert (count, body["error"]["code"], headers["Retry-After"]) == (200, "ThrottledError", "30")


async def test_throttling_is_off_only_where_somebody_asks_for_that(tmp_path: Path) -> None:
    async with caller(tmp_path, throttled=False) as azure:
        answers = [await azure.ask(CLUSTER, AKS) for _ in range(61)]
    assert {status for status, _, _ in answers} == {200}
    assert not [name for _, _, headers in answers for name in headers if "ratelimit" in name.lower()]


@pytest.mark.skipif(not REFEREE.exists(), reason=f"NOT CHECKED against Azure's descriptions: no {REFEREE}")
async def test_a_refusal_agrees_with_azures_published_descriptions(tmp_path: Path) -> None:
    record = tmp_path / "traffic.jsonl"
    async with caller(tmp_path, record=record) as azure:
        await azure.refused(CLUSTER, AKS)
        await azure.refused(f"{CLUSTER}/stop", AKS, "POST")
        await azure.refused(f"/v1{CLUSTER}/query", {}, "POST", {"query": "KubeNodeInventory"})
        await azure.refused(RECORD, DNS)
    command = (sys.executable, str(REFEREE), str(OPENAPI), str(record), "--nearest")
    process = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=asyncio.subprocess.DEVNULL)
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()[-2000:]
