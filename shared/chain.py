"""Which fleets are the rings of one file, in order, and which were once: what is remembered of the file."""

from __future__ import annotations

from msgspec import Struct


class Chain(Struct, frozen=True, kw_only=True):
    """The fleets of a file with rings, the one that gets a version first at the head.

    `left` are fleets that an earlier file of that name declared and this one does not: nobody deletes them.
    """

    name: str
    fleets: tuple[str, ...]
    left: tuple[str, ...] = ()
