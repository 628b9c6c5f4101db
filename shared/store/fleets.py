"""How a fleet, or the plan that a rollout pinned, becomes a document and is read again.

Pure. A fleet in shadow lies one level deeper in its document. A version that does not know shadows would pass
over the word and carry out what it decides; so it finds something that it cannot read, and leaves it alone.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from shared.fleet import Fleet
from shared.store import rows
from shared.store.tables import Entity

_OPENING = '{"in_shadow":'


class _Wrapped(Struct, frozen=True):
    in_shadow: Fleet


_plain = msgspec.json.Decoder(Fleet)
_wrapped = msgspec.json.Decoder(_Wrapped)


def document_of(fleet: Fleet) -> bytes:
    """The fleet as it is stored."""
    return msgspec.json.encode(_Wrapped(fleet) if fleet.shadow else fleet)


def fleet_of(entity: Entity) -> Fleet:
    """The fleet in a row. Raises Unreadable."""
    if rows.document(entity).startswith(_OPENING):
        return rows.decoded(_wrapped, entity).in_shadow
    return rows.decoded(_plain, entity)
