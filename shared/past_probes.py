"""What a gate asks of a time that its own window does not reach.

Plain values, as those of `probes`. Nothing here looks at anything.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from shared.fleet import Gate
from shared.levers import SlotName


class GatePast(Struct, frozen=True, tag="gate_past"):
    """The samples of `gate` on `slot` in each of these spans of time, oldest first, none older than `since`.

    A span is from a moment until another, which is no part of it. Answered by one `Reading` of all of them.
    """

    gate: Gate
    slot: SlotName
    spans: tuple[tuple[datetime, datetime], ...]
    since: datetime | None = None
