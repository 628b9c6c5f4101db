"""Record sets in public zones of Azure DNS, through azure-mgmt-dns.

Decides the order of its arguments, its spelling and its conditions: `If-Match` is the etag as it was read.

Source: https://learn.microsoft.com/rest/api/dns/record-sets (2018-05-01)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.azure.answers import Body
from shared.azure.errors import allowing
from shared.azure.ids import ResourceId, parse
from shared.azure.record_sets import RecordSet, RecordSets, Spelling
from shared.levers import Record

if TYPE_CHECKING:
    from azure.mgmt.dns.aio.operations import RecordSetsOperations


class AzureDns(RecordSets):
    """Public zones."""

    spelling = Spelling(
        ttl="TTL",
        a="ARecords",
        aaaa="AAAARecords",
        cname="CNAMERecord",
        text="TXTRecords",
        alias="targetResource",
    )

    async def _get_named(self, zone_id: str, kind: str, name: str, answer: Body[RecordSet]) -> bool:
        zone = parse(zone_id)
        operations = self._operations(zone)
        call = operations.get(zone.resource_group, zone.name, name, kind, raw_response_hook=answer)
        return await allowing(call, 404) is not None

    async def _put(self, record: Record, body: Any, if_match: str | None, answer: Body[RecordSet]) -> None:
        zone = parse(record.zone_id)
        call = self._operations(zone).create_or_update(
            zone.resource_group,
            zone.name,
            record.name,
            record.type.value,
            body,
            if_match=if_match,
            if_none_match="*" if if_match is None else None,
            raw_response_hook=answer,
        )
        await allowing(call)

    def _operations(self, zone: ResourceId) -> RecordSetsOperations:
        from azure.mgmt.dns.aio import DnsManagementClient

        return self._connection.arm_client(DnsManagementClient, zone.subscription_id).record_sets
