"""What a load met, counted: failures with why, sessions, shares, and when everybody was at the right slot.

Decides how a time until 99.9 % is read from requests. Refuses to excuse anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from sandbox.traffic.sessions import Kept
from sandbox.traffic.users import Visit

RIGHT_SHARE = 0.999


def failures(visits: Iterable[Visit]) -> Counter[str]:
    """How many requests failed, by why."""
    return Counter(visit.why for visit in visits if visit.why)


def lost_sessions(visits: Iterable[Visit]) -> int:
    """How often a user was met as a stranger."""
    return sum(visit.session == Kept.LOST for visit in visits)


def share_at(visits: Iterable[Visit], slot: str, since: datetime, until: datetime) -> float | None:
    """The share of the requests of a span that a slot served; None where there were none."""
    slots = [visit.slot for visit in visits if since <= visit.started < until]
    return slots.count(slot) / len(slots) if slots else None


def right_after_seconds(
    visits: Sequence[Visit], slot: str, since: datetime, until: datetime, share: float = RIGHT_SHARE
) -> float | None:
    """How long after `since` it was that, from there to `until`, this share of the requests met the slot.

    In the world's seconds; None where that was never so, or nobody asked.
    """
    span = [visit for visit in visits if since <= visit.started < until]
    span.sort(key=lambda visit: visit.started)
    found: datetime | None = None
    right = 0
    for asked, visit in enumerate(reversed(span), 1):
        right += visit.slot == slot and not visit.why
        if right >= share * asked:
            found = visit.started
    return (found - since).total_seconds() if found is not None else None
