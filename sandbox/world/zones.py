"""DNS zones and their record sets, with the whole history of every record set.

Decides etags, conditional writes and what a record set said at any instant. Refuses to know resolvers
(`traffic`) and whether a zone is public or private, which only its wire format shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from msgspec import Struct

from sandbox.world.errors import ArmError, precondition_failed
from sandbox.world.estate import STRANGER, Estate, is_resource, name_of
from sandbox.world.ledger import Happening
from shared.levers import Record, RecordType

FRONT_DOOR_HOST = "contoso-fd.azurefd.net"
NAME_SERVERS = tuple(f"ns{n}-01.azure-dns.{end}" for n, end in enumerate(("com", "net", "org", "info"), 1))
SETTLED = timedelta(days=30)
"""The records of a new world are this old, so that every cache agrees on them."""


class RecordSet(Struct, frozen=True, kw_only=True):
    """A record set. `targets` are sorted addresses, one host name, or an alias's ARM id; `@` is the apex."""

    zone_id: str
    name: str
    type: RecordType
    ttl_seconds: int
    targets: tuple[str, ...]
    metadata: dict[str, str]
    etag: str

    @property
    def fqdn(self) -> str:
        """The absolute name without the final dot."""
        zone = name_of(self.zone_id)
        return zone if self.name == "@" else f"{self.name}.{zone}"

    @property
    def alias(self) -> str:
        """The ARM id that it is an alias of, empty where it holds records of its own."""
        return next(filter(is_resource, self.targets), "")


class Written(Struct, frozen=True):
    """One change of a record set, and whose; `now` None is a deletion, `by` is empty at the world's start."""

    at: datetime
    now: RecordSet | None
    by: str = ""


Key = tuple[str, str, str]
History = list[Written]


class Zones:
    """Every zone of the estate. Zone ids and names compare without case, as in ARM and DNS.

    Starts with the live records at the live slot's address, every slot's own host name at that slot's
    address, and the official name as a CNAME to Front Door where it lies in one of these zones.
    """

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._history: dict[Key, History] = {}
        self._by_host: dict[str, list[History]] = {}
        self._changes = 0
        self._known = frozenset(zone.lower() for zone in self.zone_ids())
        self._other_writer_done = estate.faults.other_writer is None
        self._settle_estate()

    def zone_ids(self) -> tuple[str, ...]:
        """The ARM ids of the zones, as the fleet spells them."""
        fleet = self._estate.fleet
        beneath = (record for balancer in fleet.balancers for record in balancer.beneath)
        ids = [record.zone_id for record in (*fleet.live_records, *beneath)]
        ids += [slot.host.zone_id for slot in fleet.slots]
        return tuple({zone.lower(): zone for zone in ids}.values())

    def get(self, zone_id: str, name: str, type_: RecordType) -> RecordSet:
        """The record set as it is. Raises ArmError 404 `NotFound` (record) or `ResourceNotFound` (zone)."""
        found = self.find(zone_id, name, type_)
        if found is None:
            raise ArmError(404, "NotFound", f"The resource record '{name}' does not exist in resource group.")
        return found

    def find(self, zone_id: str, name: str, type_: RecordType) -> RecordSet | None:
        """The record set as it is, or None. Raises ArmError 404 for an unknown zone."""
        self.check_zone(zone_id)
        self._catch_up()
        history = self._history.get(_key(zone_id, name, type_))
        return history[-1].now if history else None

    def list(self, zone_id: str) -> tuple[RecordSet, ...]:
        """Every record set of a zone, by name. Raises ArmError 404 for an unknown zone."""
        self.check_zone(zone_id)
        self._catch_up()
        present = (h[-1].now for key, h in sorted(self._history.items()) if key[0] == zone_id.lower())
        return tuple(each for each in present if each is not None)

    def put(
        self,
        zone_id: str,
        name: str,
        type_: RecordType,
        *,
        ttl_seconds: int,
        targets: tuple[str, ...],
        metadata: Mapping[str, str] | None = None,
        if_match: str | None = None,
        create_only: bool = False,
        by: str = STRANGER,
    ) -> RecordSet:
        """Create or replace a record set; every write gives it a new etag, and `by` says whose it was.

        `if_match` is compared without quotes, `*`: it must exist; `create_only` is If-None-Match: *.

        Raises:
            ArmError: 412 `PreconditionFailed`, 404 for an unknown zone, 400 `BadRequest` without targets.
        """
        before = self.find(zone_id, name, type_)
        self._check_conditions(before, name, if_match, create_only)
        if not targets or ttl_seconds < 1:
            raise ArmError(
                400, "BadRequest", f"The record set '{name}' needs a record and a TTL of 1 or more."
            )
        return self._write(
            RecordSet(
                zone_id=before.zone_id if before else zone_id,
                name=before.name if before else name,
                type=type_,
                ttl_seconds=ttl_seconds,
                targets=tuple(sorted(targets)),
                metadata=dict(metadata or {}),
                etag=self._estate.next_guid(),
            ),
            self._estate.now(),
            by,
        )

    def delete(
        self, zone_id: str, name: str, type_: RecordType, *, if_match: str | None = None, by: str = STRANGER
    ) -> bool:
        """Delete a record set; False when there was none. Raises ArmError 412 and 404 like `put`."""
        before = self.find(zone_id, name, type_)
        if before is None:
            return False
        self._check_conditions(before, name, if_match, create_only=False)
        now = self._estate.now()
        self._history_of(before).append(Written(now, None, by))
        self._estate.ledger.note(now, Happening.RECORD_DELETED, before.fqdn)
        return True

    def changes(self) -> int:
        """How many changes there were so far: as long as it is the same number, so is every history."""
        self._catch_up()
        return self._changes

    def history(self, record: Record) -> tuple[Written, ...]:
        """Every change of a record set, oldest first."""
        self._catch_up()
        return tuple(self._history.get(_key(record.zone_id, record.name, record.type), ()))

    def histories(self) -> tuple[tuple[Written, ...], ...]:
        """The history of every record set that there ever was."""
        self._catch_up()
        return tuple(map(tuple, self._history.values()))

    def by_host(self, host: str) -> RecordSet | None:
        """The record set that answers for a host name now."""
        return next(iter(self.served(host, self._estate.now())), None)

    def served(self, host: str, at: datetime) -> tuple[RecordSet, ...]:
        """The record sets of a host name as they had been written by `at`."""
        self._catch_up()
        histories = self._by_host.get(host.rstrip(".").lower(), ())
        newest = (next((each.now for each in reversed(h) if each.at <= at), None) for h in histories)
        return tuple(found for found in newest if found is not None)

    def check_zone(self, zone_id: str) -> None:
        """Raises ArmError 404 `ResourceNotFound` for an unknown zone."""
        if zone_id.lower() not in self._known:
            zone = name_of(zone_id)
            raise ArmError(404, "ResourceNotFound", f"The zone '{zone}' could not be found.")

    def _check_conditions(
        self, before: RecordSet | None, name: str, if_match: str | None, create_only: bool
    ) -> None:
        if create_only and before is not None:
            raise precondition_failed(
                f"The record set '{name}' exists already and hence cannot be created again."
            )
        if if_match is None:
            return
        wanted = if_match.strip('"')
        if before is None or wanted not in ("*", before.etag):
            raise precondition_failed(
                f"The condition '{wanted}' in the If-Match header was not satisfied by record set '{name}'."
            )

    def _write(self, record_set: RecordSet, at: datetime, by: str) -> RecordSet:
        self._history_of(record_set).append(Written(at, record_set, by))
        self._estate.ledger.note(
            at,
            Happening.RECORD_WRITTEN,
            record_set.fqdn,
            targets=", ".join(record_set.targets),
            ttl_seconds=str(record_set.ttl_seconds),
            epoch=record_set.metadata.get("switchyard_epoch", ""),
        )
        return record_set

    def _catch_up(self) -> None:
        """Let the other writer write once its time has come, at its own time rather than the reader's."""
        if self._other_writer_done:
            return
        other = self._estate.faults.other_writer
        if other is None:
            return
        at = self._estate.since_start(other.at_seconds)
        if at > self._estate.now():
            return
        self._other_writer_done = True
        moved = next(iter(self._estate.fleet.live_records), None)
        if moved is not None:
            self._write(self._settled(moved, other.address), at, STRANGER)

    def _settle_estate(self) -> None:
        estate = self._estate
        fleet = estate.fleet
        for record in fleet.live_records:
            self._found(self._settled(record, estate.target_of(record, fleet.live)))
        for slot in fleet.slots:
            self._found(self._settled(slot.host, estate.target_of(slot.host, slot.name)))
        for balancer in fleet.balancers:
            for member in balancer.members:
                if member.beneath is not None:
                    self._found(self._settled(member.beneath, estate.target_of(member.beneath, member.slot)))
        for zone_id in self.zone_ids():
            name = _relative(fleet.hosts.official, name_of(zone_id))
            if name is not None and self.by_host(fleet.hosts.official) is None:
                self._found(
                    RecordSet(
                        zone_id=zone_id,
                        name=name,
                        type=RecordType.CNAME,
                        ttl_seconds=3600,
                        targets=(FRONT_DOOR_HOST,),
                        metadata={},
                        etag=estate.next_guid(),
                    )
                )

    def _settled(self, record: Record, target: str) -> RecordSet:
        return RecordSet(
            zone_id=record.zone_id,
            name=record.name,
            type=record.type,
            ttl_seconds=record.ttl_seconds,
            targets=(target,),
            metadata={},
            etag=self._estate.next_guid(),
        )

    def _found(self, record_set: RecordSet) -> None:
        self._history_of(record_set).append(Written(self._estate.started_at - SETTLED, record_set))

    def _history_of(self, record_set: RecordSet) -> History:
        """Where a change of the record set is noted."""
        key = _key(record_set.zone_id, record_set.name, record_set.type)
        history = self._history.get(key)
        if history is None:
            history = self._history[key] = []
            self._by_host.setdefault(record_set.fqdn.lower(), []).append(history)
        self._changes += 1
        return history


@lru_cache(maxsize=1024)
def _key(zone_id: str, name: str, type_: RecordType) -> Key:
    return zone_id.lower(), name.lower(), type_.value


def _relative(host: str, zone: str) -> str | None:
    if host.lower() == zone.lower():
        return "@"
    return host[: -len(zone) - 1] if host.lower().endswith(f".{zone.lower()}") else None
