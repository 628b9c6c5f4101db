"""What Azure Resource Health's word on a resource means: how much of it is out.

0 is all there, 0.5 is impaired, 1 is not there. Who is to blame changes the sentence and not the number:
users of a cluster that a person has stopped are as lost as those of one that Azure has lost. `Unknown` is
what Resource Health says when it has heard nothing for ten minutes, and that is no data.

Source: https://learn.microsoft.com/azure/service-health/resource-health-overview
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from shared.model import Sample
from shared.probes import Reading

OUT = {"Available": 0.0, "Degraded": 0.5, "Unavailable": 1.0}
"""How much of a resource is out, by Resource Health's word."""

_UNKNOWN = "Unknown"


class Health(Struct, frozen=True, kw_only=True):
    """Resource Health's word: `state`, its own `summary`, who caused it, and when it last looked.

    `cause` is `Unplanned`, `Planned`, `UserInitiated`, `Customer Initiated` and the like; empty is unknown.
    """

    state: str
    summary: str = ""
    cause: str = ""
    reported_at: datetime | None = None


def measured(health: Health, since: datetime | None, source: str, now: datetime) -> Reading | None:
    """One sample, or none where the word is older than `since`; None for a word that nobody knows."""
    begins = since or now
    if health.state == _UNKNOWN:
        because = "Resource Health does not know how it is"
        return Reading((), source, begins, now, because=because)
    if health.state not in OUT:
        return None
    if health.reported_at is None:
        because = "Resource Health does not say when it last looked"
        return Reading((), source, begins, now, because=because)
    at = min(health.reported_at, now)
    if since is not None and at < since:
        because = f"Resource Health last looked at {at:%H:%M:%S}, before the gate was asked"
        return Reading((), source, begins, now, because=because)
    sample = Sample(at=at, value=OUT[health.state], because=_words(health))
    return Reading((sample,), source, begins, now)


def _words(health: Health) -> str:
    if health.state == "Available":
        return ""
    said = f": {health.summary}" if health.summary else ""
    return f"{health.state}, {_by_whom(health.cause)}{said}"


def _by_whom(cause: str) -> str:
    word = cause.replace(" ", "").lower()
    if word.startswith(("user", "customer")):
        return "by an order that somebody gave"
    if word.startswith("planned"):
        return "by maintenance of Azure's"
    return "by Azure itself" if word else "for a reason that is not told"
