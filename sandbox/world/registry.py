"""What external-dns says in TXT record sets of the records that it owns: its registry, in the form it writes.

Decides the names and the text of a registry's record sets. There are some only where a fault says that
external-dns owns the live records. Refuses to know how a TXT record set is read.

Since v0.18 the name begins with the record's type. That puts the apex's outside its zone, so that for an
apex only the older form is left, which holds the text at the record's own name, and only for addresses.

Sources: https://kubernetes-sigs.github.io/external-dns/v0.23.0/docs/registry/txt/,
https://github.com/kubernetes-sigs/external-dns/issues/4234
"""

from __future__ import annotations

from msgspec import Struct

from sandbox.world.estate import Estate, name_of
from shared.levers import Record, RecordType

TTL_SECONDS = 300


class TextSet(Struct, frozen=True, kw_only=True):
    """A TXT record set with one text in it; `name` is relative, `@` the apex."""

    zone_id: str
    name: str
    text: str
    etag: str

    @property
    def fqdn(self) -> str:
        """The absolute name without the final dot."""
        zone = name_of(self.zone_id)
        return zone if self.name == "@" else f"{self.name}.{zone}"


def text_sets(estate: Estate) -> tuple[TextSet, ...]:
    """Every TXT record set of the registry, in the order of the live records."""
    found = (_of(estate, record) for record in estate.fleet.live_records)
    return tuple(each for each in found if each is not None)


def owner_of(estate: Estate, record: Record) -> str:
    """The owner that the registry names for a record, empty where it names none."""
    owned = record in estate.fleet.live_records and _of(estate, record) is not None
    return estate.faults.external_dns_owner if owned else ""


def _of(estate: Estate, record: Record) -> TextSet | None:
    owner, apex = estate.faults.external_dns_owner, record.name == "@"
    if not owner or (apex and record.type is not RecordType.A):
        return None
    resource = f"external-dns/resource=ingress/default/{estate.fleet.name}"
    return TextSet(
        zone_id=record.zone_id,
        name="@" if apex else f"{record.type.value.lower()}-{record.name}",
        # The quotation marks are part of what external-dns gives to Azure.
        text=f'"heritage=external-dns,external-dns/owner={owner},{resource}"',
        etag=estate.hex_of(32, "text", record.zone_id.lower(), record.name.lower()),
    )
