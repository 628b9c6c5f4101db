"""Azure DNS over ARM: zones and record sets, 2018-05-01.

Decides the wire form of a public record set (`TTL`, `ARecords`, `CNAMERecord`). Refuses to decide what a
write does: conditions and etags are `sandbox.world.zones`'.

Source: https://learn.microsoft.com/rest/api/dns/record-sets
"""

from __future__ import annotations

from typing import Any

from sandbox.wire.arm_record_sets import Flavour, RecordSetOperations
from sandbox.wire.routing import Operation
from sandbox.world.model import World
from sandbox.world.zones import NAME_SERVERS
from shared.levers import RecordType

FLAVOUR = Flavour(
    zone_type="dnsZones",
    versions=frozenset({"2018-05-01"}),
    ttl="TTL",
    fields={RecordType.A: "ARecords", RecordType.AAAA: "AAAARecords", RecordType.CNAME: "CNAMERecord"},
    text="TXTRecords",
    alias="targetResource",
    listings=("recordsets", "all"),
    record_facts={"provisioningState": "Succeeded"},
)


def operations(world: World) -> list[Operation]:
    """Every operation of public zones."""
    return RecordSetOperations(world, FLAVOUR, _zone).operations()


def _zone(count: int) -> dict[str, Any]:
    return {
        "maxNumberOfRecordSets": 10_000,
        "numberOfRecordSets": count,
        "nameServers": [f"{each}." for each in NAME_SERVERS],
        "zoneType": "Public",
    }
