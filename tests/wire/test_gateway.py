"""The fleet's host names through the CONNECT proxy, as an HTTP gate reaches them."""

from __future__ import annotations

import ssl

import aiohttp
import pytest

from tests.fleets import BLUE, FLEET
from tests.wire.rig import Rig


async def _get(rig: Rig, url: str) -> tuple[int, str]:
    trust = ssl.create_default_context(cafile=rig.wire.ca_file)
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, proxy=rig.wire.probe_proxy, ssl=trust) as answer,
    ):
        return answer.status, await answer.text()


@pytest.mark.parametrize(
    "host", ["aks.contoso.com", "aks-blue.contoso.com", "official-aks.contoso.com", "AKS.contoso.com"]
)
async def test_a_host_name_leads_to_the_slot_behind_its_record(rig: Rig, host: str) -> None:
    status, body = await _get(rig, f"https://{host}/healthz")
    assert (status, body) == (200, "blue serves /healthz\n")


async def test_a_gateway_without_a_cluster_answers_502(rig: Rig) -> None:
    assert (await _get(rig, "https://aks-green.contoso.com/healthz"))[0] == 502
    rig.deploy_green()
    assert await _get(rig, "https://aks-green.contoso.com/") == (200, "green serves /\n")


@pytest.mark.parametrize("host", ["www.fabrikam.com", "aks-red.contoso.com"])
async def test_a_name_that_does_not_resolve_gets_no_tunnel(rig: Rig, host: str) -> None:
    with pytest.raises(aiohttp.ClientHttpProxyError) as refused:
        await _get(rig, f"https://{host}/")
    assert refused.value.status == 502


async def test_a_deleted_record_takes_its_host_name_away(rig: Rig) -> None:
    host = FLEET.slot(BLUE).host
    rig.world.zones.delete(host.zone_id, host.name, host.type)
    with pytest.raises(aiohttp.ClientHttpProxyError):
        await _get(rig, "https://aks-blue.contoso.com/")


async def test_the_proxy_tunnels_https_and_nothing_else(rig: Rig) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get("http://aks.contoso.com/", proxy=rig.wire.probe_proxy) as answer,
    ):
        assert answer.status == 405


async def test_a_request_is_counted_as_its_slots_traffic(rig: Rig) -> None:
    rig.deploy_green()
    before = rig.world.report().served["green"]
    await _get(rig, "https://aks-green.contoso.com/healthz")
    rig.clock.pass_seconds(60)
    assert rig.world.report().served["green"] == before + 1
