"""Where external-dns says whose a record is, and what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.azure.external_dns import OWNER_CHARACTERS_MAX, owner_in, places
from shared.azure.world import AzureWorld
from shared.levers import Record, RecordType
from shared.probes import Answer, OwnerSeen, RecordOwner, Unavailable
from tests.azure.stub import Said, stub
from tests.fleets import FLEET, record
from tests.world.manual_clock import START

LIVE = FLEET.live_records[0]
TEXT = '"heritage=external-dns,external-dns/owner=default,external-dns/resource=ingress/default/web"'
NONE = Said(404, {"error": {"code": "NotFound", "message": "None."}})


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("aks", RecordType.A, ("a-aks", "aks")),
        ("aks.prod", RecordType.A, ("a-aks.prod", "aks.prod")),
        ("aks", RecordType.AAAA, ("aaaa-aks",)),
        ("aks", RecordType.CNAME, ("cname-aks",)),
        ("@", RecordType.A, ("@",)),
        ("@", RecordType.AAAA, ()),
        ("*", RecordType.A, ("*",)),
        ("*.prod", RecordType.CNAME, ()),
    ],
)
def test_the_registry_has_a_place_for_every_record(
    name: str, kind: RecordType, expected: tuple[str, ...]
) -> None:
    assert places(msgspec.structs.replace(record(name), type=kind)) == expected


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        (TEXT, "default"),
        (TEXT.strip('"'), "default"),
        ("heritage=external-dns, external-dns/owner=team a ", "team a"),
        ("external-dns/owner=default,heritage=external-dns", "default"),
        ("heritage=external-dns,external-dns/resource=ingress/default/web", ""),
        ("heritage=mate,external-dns/owner=default", ""),
        ("external-dns/owner=default", ""),
        ("v=spf1 include:spf.protection.outlook.com -all", ""),
        ("", ""),
        (f"heritage=external-dns,external-dns/owner={'x' * 500}", "x" * OWNER_CHARACTERS_MAX),
        ("heritage=external-dns,external-dns/owner=a\n\x00b", "a \x00b"),
    ],
)
def test_an_owner_is_read_from_external_dns_own_text(text: str, owner: str) -> None:
    assert owner_in(text) == owner


def texts(*values: Any) -> Said:
    """A TXT record set as Azure DNS shows it; each value is a list of strings."""
    properties = {
        "TTL": 300,
        "fqdn": "a-aks.contoso.com.",
        "TXTRecords": [{"value": each} for each in values],
    }
    body = {"id": "", "name": "a-aks", "type": "Microsoft.Network/dnsZones/TXT", "etag": "e-1"}
    return Said(200, {**body, "properties": properties})


async def asked(directory: Path, script: dict[str, Said], live: Record = LIVE) -> tuple[Answer, list[str]]:
    """The answer where these record sets are there, by name; and the names that were asked for."""
    answers = {("GET", f"/TXT/{name}"): [said] for name, said in script.items()}
    async with stub(directory, {**answers, ("GET", ""): [NONE]}) as (server, connection):
        probe = RecordOwner(live)
        found = await AzureWorld(connection).observe(FLEET, frozenset({probe}), START)
    return found[probe], [path.rpartition("/")[2] for _, path, _ in server.requests]


async def test_the_newer_place_is_asked_first_and_may_be_enough(tmp_path: Path) -> None:
    assert await asked(tmp_path, {"a-aks": texts([TEXT])}) == (OwnerSeen("default"), ["a-aks"])


async def test_the_older_place_counts_too(tmp_path: Path) -> None:
    found = await asked(tmp_path, {"aks": texts(["v=spf1 -all"], [TEXT])})
    assert found == (OwnerSeen("default"), ["a-aks", "aks"])


async def test_a_text_in_several_strings_is_one(tmp_path: Path) -> None:
    answer, _ = await asked(tmp_path, {"a-aks": texts([TEXT[:40], TEXT[40:]])})
    assert answer == OwnerSeen("default")


async def test_a_record_without_a_word_has_no_owner(tmp_path: Path) -> None:
    assert await asked(tmp_path, {}) == (OwnerSeen(), ["a-aks", "aks"])


async def test_a_record_without_a_place_has_no_owner_and_costs_nothing(tmp_path: Path) -> None:
    apex = msgspec.structs.replace(LIVE, name="@", type=RecordType.AAAA)
    assert await asked(tmp_path, {}, apex) == (OwnerSeen(), [])


@pytest.mark.parametrize("bad", [None, [7], "text"])
async def test_a_text_that_cannot_be_read_is_not_no_owner(tmp_path: Path, bad: Any) -> None:
    answer, _ = await asked(tmp_path, {"a-aks": texts(bad)})
    assert isinstance(answer, Unavailable)
