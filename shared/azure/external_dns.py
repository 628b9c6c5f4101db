"""external-dns's own word on whose a record is: where it stands in the zone, and how it is read.

external-dns keeps it in TXT record sets, its default registry. Since v0.18 such a set is called by the
record's type and name (`a-aks`); before that also by the bare name, but never for AAAA, and a CNAME's own
name can hold nothing else. Of an apex the newer name (`a-contoso.com`) lies outside the zone, where nothing
is written, and Azure refuses a `*` that is not the first character: of these the bare name is left.

Decides which names are asked for. Refuses to guess a prefix or suffix that an installation may have been
given (`--txt-prefix`), and cannot read a text that is encrypted: such an owner stays unseen.

Sources: https://kubernetes-sigs.github.io/external-dns/v0.23.0/docs/registry/txt/ and, of the names, the text
and an apex,
https://github.com/kubernetes-sigs/external-dns/blob/0887e35d0c0ff367c0b65997e1dd4178c8fc2b86/registry/mapper/mapper.go
https://github.com/kubernetes-sigs/external-dns/blob/0296f493536f4ce3bb63dc7a1abf42cddb1c6a60/endpoint/labels.go
https://github.com/kubernetes-sigs/external-dns/issues/4234
"""

from __future__ import annotations

from shared.levers import Record, RecordType

OWNER_CHARACTERS_MAX = 100
_HERITAGE, _OWNER = "heritage=external-dns", "external-dns/owner="


def places(record: Record) -> tuple[str, ...]:
    """The names, relative to the zone, of the TXT record sets that may say whose the record is."""
    typed = () if record.name.startswith(("@", "*")) else (f"{record.type.value.lower()}-{record.name}",)
    return (*typed, record.name) if record.type is RecordType.A else typed


def owner_in(text: str) -> str:
    """The owner that a TXT record names, empty where it is no word of external-dns's."""
    labels = [label.strip() for label in text.strip().strip('"').split(",")]
    if _HERITAGE not in labels:
        return ""
    owner = next((label.removeprefix(_OWNER) for label in labels if label.startswith(_OWNER)), "")
    return " ".join(owner.split())[:OWNER_CHARACTERS_MAX]
