"""The shape of a file with `rings`: what each ring says for itself, and what all of them share.

Both are cut out of the shape of a fleet (`models`), so a key means the same in either. Refuses to know how
rings relate to each other (`ring_checks`).
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, create_model

from shared.fleet_file.models import FleetPart
from shared.fleet_file.shift_models import RingPart
from shared.fleet_file.values import Part, pattern

OWN = ("hosts", "live_records", "slots")
"""What every ring says for itself: its users, and the two places that they are moved between."""

EITHER = ("live", "location", "provision", "shift", "traffic", "approvals", "shadow")
"""What all rings share unless a ring says otherwise; it says the whole of a key, never a part of it."""

RING_NAME = "[a-z0-9](?:[a-z0-9-]{0,37}[a-z0-9])?"

_RingName = Annotated[str, *pattern(RING_NAME, "lower-case letters, digits and hyphens, such as ring0")]
_Field = tuple[Any, Any]


def _given(part: type[Part], name: str) -> _Field:
    field = part.model_fields[name]
    return field.annotation, field


def _optional(part: type[Part], name: str) -> _Field:
    field = part.model_fields[name]
    if not field.is_required():
        return field.annotation, field
    annotation: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    return annotation | None, Field(default=None, description=field.description)


_own: dict[str, Any] = {
    "name": (_RingName, Field(description="the ring's name, which the name of its fleet ends with")),
    "hold": _optional(RingPart, "hold"),
    "gates": _given(RingPart, "gates"),
    **{name: _given(FleetPart, name) for name in OWN},
    **{name: _optional(FleetPart, name) for name in EITHER},
}
RingEntryPart = create_model(
    "RingEntryPart", __base__=Part, __doc__="A ring: users of their own, two slots and a way back.", **_own
)

_entries: Any = Annotated[list[RingEntryPart], Field(min_length=1, max_length=20)]
_shared: dict[str, Any] = {
    name: _optional(FleetPart, name) if name in EITHER else _given(FleetPart, name)
    for name in FleetPart.model_fields
    if name not in (*OWN, "ring")
}
ChainPart = create_model(
    "ChainPart",
    __base__=Part,
    __doc__="Rings of users that get a version one after the other: each becomes a fleet.",
    **_shared,
    rings=(_entries, Field(description="a list of rings, the one that gets a version first at its head")),
)
