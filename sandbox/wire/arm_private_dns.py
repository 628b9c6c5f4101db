"""Azure Private DNS over ARM: zones and record sets, 2024-06-01.

Decides the wire form of a private record set, which has lower-case names where the public one has capitals
(`ttl`, `aRecords`, `cnameRecord`). Refuses to know virtual network links: the stand-in has no networks.

Source: https://learn.microsoft.com/rest/api/dns/privatedns/record-sets
"""

from __future__ import annotations

from typing import Any

from sandbox.wire.arm_record_sets import Flavour, RecordSetOperations
from sandbox.wire.routing import Operation
from sandbox.world.model import World
from shared.levers import RecordType

FLAVOUR = Flavour(
    zone_type="privateDnsZones",
    versions=frozenset({"2024-06-01"}),
    ttl="ttl",
    fields={RecordType.A: "aRecords", RecordType.AAAA: "aaaaRecords", RecordType.CNAME: "cnameRecord"},
    text="txtRecords",
    alias="",
    listings=("all",),
    record_facts={"isAutoRegistered": False},
)


def operations(world: World) -> list[Operation]:
    """Every operation of private zones."""
    return RecordSetOperations(world, FLAVOUR, _zone).operations()


def _zone(count: int) -> dict[str, Any]:
    return {
        "maxNumberOfRecordSets": 25_000,
        "numberOfRecordSets": count,
        "maxNumberOfVirtualNetworkLinks": 1_000,
        "numberOfVirtualNetworkLinks": 1,
        "maxNumberOfVirtualNetworkLinksWithRegistration": 100,
        "numberOfVirtualNetworkLinksWithRegistration": 0,
        "provisioningState": "Succeeded",
    }
