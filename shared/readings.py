"""For whom a gate is asked, and what its source gives: facts beside the probes, which ask and answer them.

Plain values, like the probes themselves. Nothing here looks at anything.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from shared.levers import SlotName
from shared.model import Sample


class Asking(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """For which rollout a gate is asked, and where in it.

    `receipts` are what its source has begun for this gate on this slot, newest last.
    """

    rollout: str
    version: str
    stage: str
    step: str
    candidate: SlotName
    started_at: datetime
    receipts: tuple[str, ...] = ()


class Reading(Struct, frozen=True, tag="reading", omit_defaults=True):
    """A gate's samples as the source gave them, with the query as sent and the window that was asked for.

    `because` is what the source says beside them. `again_seconds`: it is not done, and is asked again no
    earlier. `failed`: it says itself that the slot failed, whatever the samples. `receipts` are what it has
    begun, newest last; None leaves those that are known as they are.
    """

    samples: tuple[Sample, ...]
    source: str
    since: datetime
    until: datetime
    because: str = ""
    again_seconds: float | None = None
    failed: bool = False
    receipts: tuple[str, ...] | None = None
