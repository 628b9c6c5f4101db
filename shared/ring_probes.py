"""What a ring asks about the one before it, and what can be seen of that.

Plain values, as those of `probes`. Nothing here looks at anything.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from shared.fleet import Gate
from shared.levers import SlotName
from shared.model import Outcome


class RingState(Struct, frozen=True, tag="ring_state", omit_defaults=True):
    """What became of the newest rollout of the fleet that is the ring before?

    Those that changed nothing count only for who is in `shadow` too.
    """

    fleet: str
    shadow: bool = False


class RingReading(Struct, frozen=True, tag="ring_reading"):
    """The samples of `gate` on the live slot of the ring before, none older than `since`."""

    fleet: str
    gate: Gate
    since: datetime


RingProbe = RingState | RingReading


class RingSeen(Struct, frozen=True, tag="ring", omit_defaults=True):
    """The ring before: its newest rollout's version and end (empty: none yet), and why it holds versions."""

    live: SlotName
    version: str = ""
    outcome: Outcome | None = None
    ended_at: datetime | None = None
    because: str = ""
    held: dict[str, str] = {}
