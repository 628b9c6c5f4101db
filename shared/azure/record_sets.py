"""Reading and pointing a DNS record set, in a public or a private zone: the fenced write.

Decides how an epoch is kept in a record set's metadata, and that a write with a lower one is refused. A write
is never left out because the record set looks right already: a stale one may be on its way. Refuses to know
the two services' clients and spellings, which are the subclasses' (`azure_dns`, `private_dns`).

An alias record set names a resource instead of holding records, and answers with that resource's address.
Source: https://learn.microsoft.com/azure/dns/dns-alias
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_address
from typing import Any, ClassVar, NamedTuple

import msgspec
from msgspec import Struct

from shared.actions import PointRecord
from shared.azure.answers import Body
from shared.azure.connection import Connection
from shared.azure.external_dns import owner_in, places
from shared.errors import Refused, Retry, Superseded
from shared.fleet import Fleet
from shared.levers import Record, RecordType, SlotName
from shared.probes import OwnerSeen, RecordOwner, RecordSeen, RecordState

log = logging.getLogger(__name__)

EPOCH = "switchyard_epoch"
FLEET = "switchyard_fleet"
SLOT = "switchyard_slot"
_TOO_MANY_REQUESTS = 429


class Spelling(NamedTuple):
    """The names of a record set's properties on the wire; `alias` is empty where there are no aliases."""

    ttl: str
    a: str
    aaaa: str
    cname: str
    text: str
    alias: str


class RecordSet(Struct, frozen=True):
    """The part of a record set that both services spell alike."""

    etag: str
    properties: dict[str, Any]


class _V4(Struct, frozen=True, rename="camel"):
    ipv4_address: str


class _V6(Struct, frozen=True, rename="camel"):
    ipv6_address: str


class _Name(Struct, frozen=True):
    cname: str


class _Text(Struct, frozen=True):
    value: list[str]


class _Resource(Struct, frozen=True):
    id: str | None = None


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
        self._read: dict[Record, RecordSet] = {}

    async def _get_named(self, zone_id: str, kind: str, name: str, answer: Body[RecordSet]) -> bool:
        """Have the record set of that type and name read into `answer`. False: there is none."""
        raise NotImplementedError

    async def _put(self, record: Record, body: Any, if_match: str | None, answer: Body[RecordSet]) -> None:
        """Write it if its etag is still `if_match`; None: if there is none."""
        raise NotImplementedError

    async def observe(self, _fleet: Fleet, probe: RecordState, _now: datetime) -> RecordSeen:
        """The record set as it is: one GET."""
        return await self.read(probe.record)

    async def owner(self, _fleet: Fleet, probe: RecordOwner, _now: datetime) -> OwnerSeen:
        """The owner by external-dns's registry: a GET for each place of it, until one names an owner."""
        for place in places(probe.record):
            for text in await self._texts(probe.record, place):
                if owner := owner_in(text):
                    return OwnerSeen(owner)
        return OwnerSeen()

    async def point(self, fleet: Fleet, action: PointRecord, epoch: int) -> None:
        """Point the record set at a slot: one PUT, and a GET before it if `if_match` is not what was read."""
        mark = Mark(epoch, fleet.name, action.slot)
        await self.write(action.record, action.address, action.ttl_seconds, mark, action.if_match)

    async def read(self, record: Record) -> RecordSeen:
        """The record set as it is. Host names and ARM ids are in lower case, names without the final dot."""
        found = await self._found(record)
        return RecordSeen(exists=False) if found is None else self._seen(record, found)

    async def write(
        self, record: Record, address: str, ttl_seconds: int, mark: Mark, if_match: str | None
    ) -> None:
        """Make the record set hold exactly `address`, an alias's ARM id; metadata of others is kept.

        Where reads are throttled and an earlier process read the etag, `if_match` alone guards the write, and
        metadata of others is lost: a rollback does not wait for a read.

        Raises:
            Superseded: its stored epoch is higher, or its etag is not `if_match` (None: it exists).
            Retry: the answer to the write shows another target or epoch.
            Refused: it is to be an alias in a zone that has none.
        """
        if record.alias and not self.spelling.alias:
            raise Refused(f"{record.fqdn} cannot be an alias: private zones have no alias record sets")
        found = await self._before(record, if_match)
        kept = _metadata(record, found) if found is not None else {}
        before = _epoch(kept)
        if before is not None and before > mark.epoch:
            raise Superseded(f"{record.fqdn} carries epoch {before}, this write has {mark.epoch}")
        marks = {EPOCH: str(mark.epoch), FLEET: mark.fleet, SLOT: mark.slot}
        body = self._body(record, address, ttl_seconds, {**kept, **marks})
        answer = _answer(record)
        await self._put(record, body, if_match, answer)
        after = self._seen(record, answer.read())
        if after.targets != (_name(address),) or after.epoch != mark.epoch:
            points = ", ".join(after.targets) or "nowhere"
            raise Retry(f"{record.fqdn} was written for {address}, and the answer says {points}")

    async def _get(self, record: Record, answer: Body[RecordSet]) -> bool:
        return await self._get_named(record.zone_id, record.type.value, record.name, answer)

    async def _before(self, record: Record, if_match: str | None) -> RecordSet | None:
        """What the write replaces: under the same etag that is what was read, and is not read again."""
        known = self._read.get(record)
        if known is not None and known.etag == if_match:
            return known
        try:
            return await self._found(record)
        except Exception as error:
            if if_match is None or getattr(error, "status_code", None) != _TOO_MANY_REQUESTS:
                raise
            log.warning("%s cannot be read now: only its etag guards the write", record.fqdn)
            return None

    async def _found(self, record: Record) -> RecordSet | None:
        answer = _answer(record)
        if not await self._get(record, answer):
            self._read.pop(record, None)
            return None
        found = self._read[record] = answer.read()
        return found

    async def _texts(self, record: Record, name: str) -> list[str]:
        """The texts of a TXT record set, none where there is no such set."""
        beside = msgspec.structs.replace(record, name=name)
        answer = Body(RecordSet, f"the TXT record set {beside.fqdn}")
        if not await self._get_named(record.zone_id, "TXT", name, answer):
            return []
        found = _part(beside, answer.read().properties, self.spelling.text, list[_Text])
        return ["".join(each.value) for each in found]

    def _seen(self, record: Record, found: RecordSet) -> RecordSeen:
        metadata = _metadata(record, found)
        return RecordSeen(
            exists=True,
            targets=tuple(sorted(self._targets(record, found.properties))),
            ttl_seconds=_part(record, found.properties, self.spelling.ttl, int),
            etag=found.etag,
            epoch=_epoch(metadata),
            fleet=metadata.get(FLEET),
        )

    def _targets(self, record: Record, properties: Mapping[str, Any]) -> list[str]:
        """Where it points: a record set of addresses may hold none, but has a place for them.

        An alias has not: it names another resource instead.
        """
        alias = self._alias(record, properties)
        if alias is not None:
            return [_name(alias)]
        match record.type:
            case RecordType.A:
                found = _part(record, properties, self.spelling.a, list[_V4])
                return [_address(record, each.ipv4_address) for each in found]
            case RecordType.AAAA:
                six = _part(record, properties, self.spelling.aaaa, list[_V6])
                return [_address(record, each.ipv6_address) for each in six]
            case RecordType.CNAME:
                return [_name(_part(record, properties, self.spelling.cname, _Name).cname)]

    def _alias(self, record: Record, properties: Mapping[str, Any]) -> str | None:
        named = properties.get(self.spelling.alias) if self.spelling.alias else None
        return _part(record, properties, self.spelling.alias, _Resource).id if named else None

    def _body(
        self, record: Record, address: str, ttl_seconds: int, metadata: Mapping[str, str]
    ) -> dict[str, Any]:
        targets: dict[RecordType, dict[str, Any]] = {
            RecordType.A: {self.spelling.a: [{"ipv4Address": address}]},
            RecordType.AAAA: {self.spelling.aaaa: [{"ipv6Address": address}]},
            RecordType.CNAME: {self.spelling.cname: {"cname": address}},
        }
        target = {self.spelling.alias: {"id": address}} if record.alias else targets[record.type]
        return {"properties": {"metadata": dict(metadata), self.spelling.ttl: ttl_seconds, **target}}


def _answer(record: Record) -> Body[RecordSet]:
    return Body(RecordSet, f"the record set {record.fqdn}")


def _part[T](record: Record, properties: Mapping[str, Any], name: str, shape: type[T]) -> T:
    """A property of a record set. Raises Retry where it is missing or of another shape."""
    try:
        return msgspec.convert(properties.get(name), shape)
    except msgspec.ValidationError as error:
        because = f"the answer on the record set {record.fqdn} has no {name} as it should be: {error}"
        raise Retry(because) from error


def _metadata(record: Record, found: RecordSet) -> dict[str, str]:
    return (
        _part(record, found.properties, "metadata", dict[str, str])
        if found.properties.get("metadata")
        else {}
    )


def _epoch(metadata: Mapping[str, str]) -> int | None:
    text = metadata.get(EPOCH, "")
    return int(text) if text.isdecimal() else None


def _address(record: Record, text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        because = f"the answer on the record set {record.fqdn} holds {text!r}, which is no address"
        raise Retry(because) from None


def _name(target: str) -> str:
    return target.rstrip(".").lower()
