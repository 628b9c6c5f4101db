"""Managed Prometheus over the wire: what is refused, and how."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.azure.rig import trust
from tests.wire.rig import Rig

ASKED = {
    "query": 'http_requests_total{cluster="aks-blue"}',
    "start": "2026-11-21T09:05:00Z",
    "end": "2026-11-21T09:09:00Z",
    "step": "60",
}
AUDIENCE = "https://prometheus.monitor.azure.com"


async def ask(rig: Rig, audience: str = AUDIENCE, **changes: str) -> tuple[int, dict[str, Any]]:
    """The status and the body of a range query; an empty change leaves its key out."""
    form = {name: value for name, value in {**ASKED, **changes}.items() if value}
    token, _ = rig.wire.token(audience)
    url = f"{rig.wire.prometheus_endpoint}/api/v1/query_range"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust(rig.wire))) as session:
        headers = {"Authorization": f"Bearer {token}"}
        async with session.post(url, data=form, headers=headers) as response:
            return response.status, await response.json()


async def test_a_series_has_a_number_as_text_for_each_step(rig: Rig) -> None:
    rig.clock.pass_seconds(900)
    status, body = await ask(rig)
    assert (status, body["status"], body["data"]["resultType"]) == (200, "success", "matrix")
    (series,) = body["data"]["result"]
    assert series["metric"] == {"cluster": "aks-blue"}
    assert len(series["values"]) == 5
    assert all(0 <= float(text) < 0.01 for _, text in series["values"])
    assert len((await ask(rig, query="http_requests_total"))[1]["data"]["result"]) == 1
    assert (await ask(rig, query="no_such_series"))[1]["data"]["result"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"query": ""},
        {"query": "sum(http_requests_total"},
        {"query": 'x{cluster="'},
        {"step": "0"},
        {"step": "often"},
        {"start": "yesterday"},
        {"end": "2026-11-21T09:00:00Z"},
        {"start": "2026-01-21T09:00:00Z", "step": "1"},
    ],
)
async def test_what_cannot_be_asked_is_bad_data(rig: Rig, change: dict[str, str]) -> None:
    status, body = await ask(rig, **change)
    assert (status, body["status"], body["errorType"]) == (400, "error", "bad_data")
    assert body["error"]


async def test_a_token_for_another_service_is_none(rig: Rig) -> None:
    assert (await ask(rig, audience="https://management.azure.com"))[0] == 401
