"""What a worker has decoded already: most reads of a fleet find what was there a moment ago.

Decides when a value may be used again: for rows that are the same, so nothing is ever older than it looks.
"""

from __future__ import annotations

from shared.fleet import Fleet
from shared.ports import FleetEntry, Row
from shared.store.tables import Found

REMEMBERED_MAX = 512
"""Values of each kind."""


class Decoded:
    """Frozen values, each beside what it was read from.

    Attributes:
        rows: a fleet as a tick reads it, by its name, with all that was found.
        fleets: a fleet or a plan by partition and row key, with its etag: they change rarely.
        entries: the directory by fleet.
    """

    __slots__ = ("entries", "fleets", "rows")

    def __init__(self) -> None:
        self.rows: dict[str, tuple[list[Found], Row]] = {}
        self.fleets: dict[tuple[str, str], tuple[str, Fleet]] = {}
        self.entries: dict[str, tuple[Found, FleetEntry]] = {}


def remember[K, V](known: dict[K, V], where: K, value: V) -> None:
    """Keep a value in place of an older one."""
    if len(known) >= REMEMBERED_MAX and where not in known:
        known.clear()
    known[where] = value
