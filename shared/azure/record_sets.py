"""Reading and pointing a DNS record set, in a public or a private zone: the fenced write.

Decides how an epoch is kept in a record set's metadata, and that a write with a lower one is refused. A write
is never left out because the record set looks right already: a stale one may be on its way. Refuses to know
the two services' clients and spellings, which are the subclasses' (`azure_dns`, `private_dns`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from shared.actions import PointRecord
from shared.azure.connection import Connection
from shared.errors import Retry, Superseded
from shared.fleet import Fleet, Record, RecordType, SlotName
from shared.probes import RecordSeen, RecordState

EPOCH = "switchyard_epoch"
FLEET = "switchyard_fleet"
SLOT = "switchyard_slot"


class Spelling(NamedTuple):
    """The names of a record set's properties on the wire."""

    ttl: str
    a: str
    aaaa: str
    cname: str


class Mark(NamedTuple):
    """Who writes: it travels with the record set, so that a late write can be told from a newer one."""

    epoch: int
    fleet: str
    slot: SlotName


class RecordSets:
    """The record sets of one kind of zone."""

    spelling: ClassVar[Spelling]

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def _get(self, record: Record) -> Any | None:
        """The SDK's record set, None where there is none."""
        raise NotImplementedError

    async def _put(self, record: Record, body: Any, if_match: str | None) -> Any:
        """Write it if its etag is still `if_match`; None: if there is none."""
        raise NotImplementedError

    async def observe(self, _fleet: Fleet, probe: RecordState, _now: datetime) -> RecordSeen:
        """The record set as it is: one GET."""
        return await self.read(probe.record)

    async def point(self, fleet: Fleet, action: PointRecord, epoch: int) -> None:
        """Point the record set at a slot: one GET and one PUT."""
        mark = Mark(epoch, fleet.name, action.slot)
        await self.write(action.record, action.address, action.ttl_seconds, mark, action.if_match)

    async def read(self, record: Record) -> RecordSeen:
        """The record set as it is. Host names are in lower case, without the final dot."""
        return seen(await self._get(record))

    async def write(
        self, record: Record, address: str, ttl_seconds: int, mark: Mark, if_match: str | None
    ) -> None:
        """Make the record set hold exactly `address`; metadata of others is kept.

        Raises:
            Superseded: its stored epoch is higher, or its etag is not `if_match` (None: it exists).
            Retry: the answer to the write shows another target or epoch.
        """
        found = await self._get(record)
        before = seen(found)
        if before.epoch is not None and before.epoch > mark.epoch:
            raise Superseded(f"{record.fqdn} carries epoch {before.epoch}, this write has {mark.epoch}")
        kept = _metadata(found) if found is not None else {}
        marks = {EPOCH: str(mark.epoch), FLEET: mark.fleet, SLOT: mark.slot}
        body = self._body(record, address, ttl_seconds, {**kept, **marks})
        after = seen(await self._put(record, body, if_match))
        if after.targets != (_name(address),) or after.epoch != mark.epoch:
            points = ", ".join(after.targets) or "nowhere"
            raise Retry(f"{record.fqdn} was written for {address}, and the answer says {points}")

    def _body(
        self, record: Record, address: str, ttl_seconds: int, metadata: Mapping[str, str]
    ) -> dict[str, Any]:
        targets: dict[RecordType, dict[str, Any]] = {
            RecordType.A: {self.spelling.a: [{"ipv4Address": address}]},
            RecordType.AAAA: {self.spelling.aaaa: [{"ipv6Address": address}]},
            RecordType.CNAME: {self.spelling.cname: {"cname": address}},
        }
        return {
            "properties": {"metadata": dict(metadata), self.spelling.ttl: ttl_seconds, **targets[record.type]}
        }


def seen(found: Any | None) -> RecordSeen:
    """What an SDK's record set says; both SDKs name its parts alike."""
    if found is None:
        return RecordSeen(exists=False)
    metadata = _metadata(found)
    epoch = metadata.get(EPOCH, "")
    targets = [each.ipv4_address for each in found.a_records or ()]
    targets += [each.ipv6_address for each in found.aaaa_records or ()]
    targets += [found.cname_record.cname] if found.cname_record else []
    return RecordSeen(
        exists=True,
        targets=tuple(sorted(_name(each) for each in targets)),
        ttl_seconds=found.ttl or 0,
        etag=found.etag,
        epoch=int(epoch) if epoch.isdecimal() else None,
        fleet=metadata.get(FLEET),
    )


def _metadata(found: Any) -> dict[str, str]:
    return dict(found.metadata or {})


def _name(target: str) -> str:
    return target.rstrip(".").lower()
