"""What a fleet declares about alerts: which of them count, in which stages, for what and for how long.

Frozen values. They import nothing of ours and refuse to know who reads an alert and what it does (`stages`).
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class AlertEffect(StrEnum):
    """What an alert on the candidate is to do. An alert on live pauses or is noted, and never rolls back."""

    ROLLBACK = "rollback"
    HOLD = "hold"
    NOTE = "note"


def like(name: str, pattern: str) -> bool:
    """Whether a name is what `pattern` says: `*` stands for anything, and case for nothing."""
    name, (first, *rest) = name.lower(), pattern.lower().split("*")
    if not rest:
        return name == first
    *middle, last = rest
    if not name.startswith(first) or not name.endswith(last):
        return False
    place, end = len(first), len(name) - len(last)
    for part in middle:
        found = name.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return place <= end


class AlertMapping(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the mapping; an empty condition is always met.

    `rule` is the alert rule's name, in which `*` stands for anything, or its ARM id. `stages` are T0 to T4.
    A hold that comes of it ends by itself after `expire_seconds`, for rules that never say `Resolved`; None
    leaves that to the alert.
    """

    effect: AlertEffect
    severities: tuple[str, ...] = ()
    rule: str = ""
    stages: tuple[str, ...] = ()
    expire_seconds: int | None = None


class Alerts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The first mapping that an alert meets decides; without any, the fleet's severities do.

    A hold by an alert that never resolves ends after `expire_seconds`; 0: it does not end by itself.
    """

    mappings: tuple[AlertMapping, ...] = ()
    expire_seconds: int = 0
