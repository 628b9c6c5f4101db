"""Alias record sets as the adapter writes and reads them, whatever their type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.actions import PointRecord
from shared.azure.world import AzureWorld
from shared.errors import Retry
from shared.levers import RecordType
from shared.probes import RecordSeen, RecordState, Unavailable
from tests.azure.stub import Said, stub
from tests.fleets import ADDRESSES, BLUE, FLEET
from tests.wire.rig import NETWORK
from tests.wire_faults.sentences import faults_of
from tests.world.manual_clock import START

RESOURCE = f"{NETWORK}/publicIPAddresses/pip-agw-blue"
ALIAS = msgspec.structs.replace(FLEET.live_records[0], alias=True)
MARKS = {"switchyard_epoch": "1", "switchyard_fleet": "contoso", "switchyard_slot": "blue"}


def shown(kind: RecordType, **content: Any) -> Said:
    """A record set as Azure DNS shows it."""
    properties = {"TTL": 30, "metadata": MARKS, "fqdn": "aks.contoso.com.", **content}
    body = {"id": "", "name": "aks", "type": f"Microsoft.Network/dnsZones/{kind}", "etag": "e-2"}
    return Said(200, {**body, "properties": properties})


@pytest.mark.parametrize("kind", list(RecordType))
async def test_an_alias_of_any_type_names_its_resource_and_holds_no_record(
    tmp_path: Path, kind: RecordType
) -> None:
    record = msgspec.structs.replace(ALIAS, type=kind)
    missing = Said(404, {"error": {"code": "NotFound", "message": "None."}})
    script = {
        ("GET", "/aks"): [missing],
        ("PUT", "/aks"): [shown(kind, targetResource={"id": RESOURCE})],
    }
    async with stub(tmp_path, script) as (server, connection):
        await AzureWorld(connection).perform(
            FLEET, PointRecord(record, BLUE, RESOURCE.lower(), 30, None), epoch=1
        )
    written = [body for method, _, body in server.requests if method == "PUT"]
    target = {"id": RESOURCE.lower()}
    assert written == [{"properties": {"TTL": 30, "metadata": MARKS, "targetResource": target}}]


async def seen(tmp_path: Path, **content: Any) -> RecordSeen | Unavailable:
    """The live record as it is read from an answer with these properties."""
    async with stub(tmp_path, {("GET", "/aks"): [shown(RecordType.A, **content)]}) as (_, connection):
        found = await AzureWorld(connection).observe(FLEET, frozenset({RecordState(ALIAS)}), START)
    answer = found[RecordState(ALIAS)]
    assert isinstance(answer, RecordSeen | Unavailable)
    return answer


@pytest.mark.parametrize("nothing", [{}, None, {"id": None}])
async def test_a_record_set_that_names_no_resource_holds_its_own_records(
    tmp_path: Path, nothing: Any
) -> None:
    records = [{"ipv4Address": ADDRESSES[BLUE]}]
    answer = await seen(tmp_path, targetResource=nothing, ARecords=records)
    assert isinstance(answer, RecordSeen)
    assert answer.targets == (ADDRESSES[BLUE],)


@pytest.mark.parametrize("bad", ["pip-agw-blue", {"id": 7}, [RESOURCE], {}])
async def test_a_resource_that_cannot_be_read_is_no_target(tmp_path: Path, bad: Any) -> None:
    answer = await seen(tmp_path, targetResource=bad)
    assert isinstance(answer, Unavailable)
    assert not faults_of(answer.because)


async def test_an_alias_that_is_answered_with_records_was_not_made(tmp_path: Path) -> None:
    script = {
        ("GET", "/aks"): [shown(RecordType.A, targetResource={"id": RESOURCE})],
        ("PUT", "/aks"): [shown(RecordType.A, ARecords=[{"ipv4Address": ADDRESSES[BLUE]}])],
    }
    order = PointRecord(ALIAS, BLUE, RESOURCE.lower(), 30, "e-2")
    async with stub(tmp_path, script) as (_, connection):
        with pytest.raises(Retry, match="the answer says 203"):
            await AzureWorld(connection).perform(FLEET, order, epoch=1)
