"""Which fleets are the rings of one file, in order, and which were once: what is remembered of the file."""

from __future__ import annotations

from hashlib import sha256

from msgspec import Struct


class Chain(Struct, frozen=True, kw_only=True):
    """The fleets of a file with rings, the one that gets a version first at the head.

    `digests` are those of the fleets as the file declares them, so that two files are the same only if they
    mean the same. `left` are fleets that an earlier file of that name declared and this one does not: nobody
    deletes them.
    """

    name: str
    fleets: tuple[str, ...]
    digests: tuple[str, ...]
    left: tuple[str, ...] = ()


def digest(document: bytes) -> str:
    """What stands for a fleet's stored document: 64 hexadecimal digits."""
    return sha256(document).hexdigest()
