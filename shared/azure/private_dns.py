"""Record sets in private zones, through azure-mgmt-privatedns.

Decides the order of its arguments (the type before the name), its spelling and its conditions. This SDK sends
an etag only together with a match condition, and in quotes; without the condition the write is not fenced.

Source: https://learn.microsoft.com/rest/api/dns/privatedns/record-sets (2024-06-01)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.azure.answers import Body
from shared.azure.errors import allowing
from shared.azure.ids import ResourceId, parse
from shared.azure.record_sets import RecordSet, RecordSets, Spelling
from shared.levers import Record

if TYPE_CHECKING:
    from azure.mgmt.privatedns.aio.operations import RecordSetsOperations


class PrivateDns(RecordSets):
    """Private zones."""

    spelling = Spelling(
        ttl="ttl", a="aRecords", aaaa="aaaaRecords", cname="cnameRecord", text="txtRecords", alias=""
    )

    async def _get_named(self, zone_id: str, kind: str, name: str, answer: Body[RecordSet]) -> bool:
        zone = parse(zone_id)
        operations = self._operations(zone)
        call = operations.get(zone.resource_group, zone.name, kind, name, raw_response_hook=answer)
        return await allowing(call, 404) is not None

    async def _put(self, record: Record, body: Any, if_match: str | None, answer: Body[RecordSet]) -> None:
        from azure.core import MatchConditions

        zone = parse(record.zone_id)
        missing = if_match is None
        call = self._operations(zone).create_or_update(
            zone.resource_group,
            zone.name,
            record.type.value,
            record.name,
            body,
            etag=if_match,
            match_condition=MatchConditions.IfMissing if missing else MatchConditions.IfNotModified,
            raw_response_hook=answer,
        )
        await allowing(call)

    def _operations(self, zone: ResourceId) -> RecordSetsOperations:
        from azure.mgmt.privatedns.aio import PrivateDnsManagementClient

        return self._connection.arm_client(PrivateDnsManagementClient, zone.subscription_id).record_sets
