"""Public and private DNS through azure-mgmt-dns and azure-mgmt-privatedns."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceModifiedError, ResourceNotFoundError
from azure.mgmt.dns.aio import DnsManagementClient
from azure.mgmt.privatedns.aio import PrivateDnsManagementClient

from tests.wire.rig import NETWORK, Rig, private_fleet, refusal

GREEN_A = {"properties": {"TTL": 30, "ARecords": [{"ipv4Address": "203.0.113.20"}]}}
PRIVATE_GREEN_A = {"properties": {"ttl": 30, "aRecords": [{"ipv4Address": "10.20.1.20"}]}}
AKS = ("rg-network", "contoso.com", "aks", "A")
PRIVATE_AKS = ("rg-network", "priv.contoso.com", "A", "aks")


@pytest.fixture
async def dns(rig: Rig) -> Any:
    return (await rig.client(DnsManagementClient)).record_sets


@pytest.fixture
async def private_dns(start: Callable[..., Awaitable[Rig]]) -> Any:
    return (await (await start(private_fleet())).client(PrivateDnsManagementClient)).record_sets


async def test_a_record_set_reads_as_it_was_written(dns: Any) -> None:
    metadata = {"switchyard_epoch": "7"}
    body = {"properties": GREEN_A["properties"] | {"metadata": metadata}}
    written = await dns.create_or_update(*AKS, body)
    read = await dns.get(*AKS)
    assert (read.ttl, read.a_records[0].ipv4_address, read.metadata) == (30, "203.0.113.20", metadata)
    assert (read.etag, read.fqdn, read.type) == (
        written.etag,
        "aks.contoso.com.",
        "Microsoft.Network/dnsZones/A",
    )


async def test_a_stale_etag_is_refused_and_changes_nothing(dns: Any) -> None:
    stale = (await dns.get(*AKS)).etag
    current = (await dns.create_or_update(*AKS, GREEN_A, if_match=stale)).etag
    with pytest.raises(HttpResponseError) as refused:
        await dns.create_or_update(*AKS, GREEN_A, if_match=stale)
    assert refusal(refused.value) == (412, "PreconditionFailed")
    assert (await dns.get(*AKS)).etag == current


async def test_a_record_set_that_exists_is_not_created_again(dns: Any) -> None:
    with pytest.raises(HttpResponseError) as refused:
        await dns.create_or_update(*AKS, GREEN_A, if_none_match="*")
    assert refused.value.status_code == 412


async def test_a_patch_changes_only_what_it_names(dns: Any) -> None:
    patched = await dns.update(*AKS, {"properties": {"TTL": 60}})
    assert (patched.ttl, patched.a_records[0].ipv4_address) == (60, "203.0.113.10")


async def test_a_deleted_record_set_is_gone_and_deleting_it_again_is_harmless(dns: Any) -> None:
    await dns.delete(*AKS)
    with pytest.raises(ResourceNotFoundError):
        await dns.get(*AKS)
    await dns.delete(*AKS)


async def test_a_cname_holds_one_host_name(dns: Any) -> None:
    body = {"properties": {"TTL": 60, "CNAMERecord": {"cname": "aks.contoso.com"}}}
    await dns.create_or_update("rg-network", "contoso.com", "alias", "CNAME", body)
    read = await dns.get("rg-network", "contoso.com", "alias", "CNAME")
    assert read.cname_record.cname == "aks.contoso.com"


async def test_lists_by_type_and_of_the_whole_zone(dns: Any) -> None:
    addresses = [each.name async for each in dns.list_by_type("rg-network", "contoso.com", "A")]
    everything = [each.name async for each in dns.list_by_dns_zone("rg-network", "contoso.com")]
    assert addresses == ["aks", "aks-blue", "aks-green"]
    assert everything == [*addresses, "official-aks"]
    assert [each.name async for each in dns.list_all_by_dns_zone("rg-network", "contoso.com")] == everything


async def test_a_zone_counts_its_record_sets(rig: Rig) -> None:
    client = await rig.client(DnsManagementClient)
    assert (await client.zones.get("rg-network", "contoso.com")).number_of_record_sets == 4


@pytest.mark.parametrize(
    ("group", "zone", "code"),
    [
        ("rg-network", "fabrikam.com", "ResourceNotFound"),
        ("rg-other", "contoso.com", "ResourceGroupNotFound"),
    ],
)
async def test_an_unknown_zone_or_group_is_not_found(dns: Any, group: str, zone: str, code: str) -> None:
    with pytest.raises(ResourceNotFoundError) as missing:
        await dns.get(group, zone, "aks", "A")
    assert refusal(missing.value) == (404, code)


@pytest.mark.parametrize(
    "properties",
    [{"TTL": "soon"}, {"TTL": 30}, {"TTL": 30, "ARecords": []}, {"TTL": 30, "ARecords": ["203.0.113.20"]}],
)
async def test_a_malformed_record_set_is_refused(dns: Any, properties: dict[str, Any]) -> None:
    with pytest.raises(HttpResponseError) as refused:
        await dns.create_or_update(*AKS, BytesIO(json.dumps({"properties": properties}).encode()))
    assert refused.value.status_code == 400


async def test_a_private_record_set_reads_as_it_was_written(private_dns: Any) -> None:
    await private_dns.create_or_update(*PRIVATE_AKS, PRIVATE_GREEN_A)
    read = await private_dns.get(*PRIVATE_AKS)
    assert read["properties"]["aRecords"] == [{"ipv4Address": "10.20.1.20"}]
    assert (read["properties"]["ttl"], read["properties"]["isAutoRegistered"]) == (30, False)


async def test_a_stale_etag_of_a_private_record_set_is_refused(private_dns: Any) -> None:
    condition = {
        "etag": (await private_dns.get(*PRIVATE_AKS)).etag,
        "match_condition": MatchConditions.IfNotModified,
    }
    await private_dns.create_or_update(*PRIVATE_AKS, PRIVATE_GREEN_A, **condition)
    with pytest.raises(ResourceModifiedError):
        await private_dns.create_or_update(*PRIVATE_AKS, PRIVATE_GREEN_A, **condition)
    with pytest.raises(ResourceModifiedError):
        await private_dns.delete(*PRIVATE_AKS, **condition)


async def test_private_record_sets_are_patched_listed_and_deleted(private_dns: Any) -> None:
    await private_dns.update(*PRIVATE_AKS, {"properties": {"metadata": {"switchyard_epoch": "3"}}})
    read = await private_dns.get(*PRIVATE_AKS)
    assert (read.properties.metadata, read.properties.ttl) == ({"switchyard_epoch": "3"}, 300)
    assert [each.name async for each in private_dns.list("rg-network", "priv.contoso.com")] == [
        "aks",
        "aks-blue",
        "aks-green",
    ]
    by_type = private_dns.list_by_type("rg-network", "priv.contoso.com", "CNAME")
    assert [each.name async for each in by_type] == []
    await private_dns.delete(*PRIVATE_AKS)
    with pytest.raises(ResourceNotFoundError):
        await private_dns.get(*PRIVATE_AKS)


async def test_a_private_zone_says_how_full_it_is(start: Callable[..., Awaitable[Rig]]) -> None:
    client = await (await start(private_fleet())).client(PrivateDnsManagementClient)
    zone = await client.private_zones.get("rg-network", "priv.contoso.com")
    assert zone.properties.number_of_record_sets == 3


PUBLIC_IP = f"{NETWORK}/publicIPAddresses/pip-agw-green"
GREEN_ALIAS = {"properties": {"TTL": 30, "targetResource": {"id": PUBLIC_IP}}}


async def test_an_alias_names_a_resource_until_it_gets_records_again(dns: Any) -> None:
    await dns.create_or_update(*AKS, GREEN_ALIAS)
    read = await dns.get(*AKS)
    assert (read.target_resource.id, read.a_records) == (PUBLIC_IP, None)
    await dns.update(*AKS, {"properties": {"TTL": 60}})
    assert (await dns.get(*AKS)).target_resource.id == PUBLIC_IP
    await dns.create_or_update(*AKS, GREEN_A)
    read = await dns.get(*AKS)
    assert (read.target_resource.id, read.a_records[0].ipv4_address) == (None, "203.0.113.20")


@pytest.mark.parametrize(
    ("kind", "content"),
    [("A", GREEN_A["properties"]), ("CNAME", {})],
    ids=["with records", "a CNAME of a public IP address"],
)
async def test_an_alias_that_cannot_be_is_refused(dns: Any, kind: str, content: dict[str, Any]) -> None:
    body = {"properties": {**content, **GREEN_ALIAS["properties"]}}
    with pytest.raises(HttpResponseError) as refused:
        await dns.create_or_update("rg-network", "contoso.com", "new", kind, body)
    assert refused.value.status_code == 400
