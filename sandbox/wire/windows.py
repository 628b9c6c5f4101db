"""ISO 8601 as Azure Monitor's two query services write it: instants, durations and spans.

Decides what a text means; refuses to know what is asked for in the span.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from sandbox.wire.errors import BadRequest

_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def instant(text: str) -> datetime:
    """`2026-01-31T12:00:00.000Z`. Raises BadRequest."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequest("BadRequest", f"'{text}' is not an ISO 8601 instant.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def duration(text: str) -> timedelta:
    """`PT5M`, `P1D`, `PT300.0S`. Raises BadRequest, also for one without length."""
    found = _DURATION.fullmatch(text.upper())
    parts = {name: float(value) for name, value in found.groupdict().items() if value} if found else {}
    if not any(parts.values()):
        raise BadRequest("BadRequest", f"'{text}' is not an ISO 8601 duration.")
    return timedelta(**parts)


def span(text: str | None, now: datetime, default: timedelta) -> tuple[datetime, datetime]:
    """`start/end`, `start/duration` or `duration` (up to now). Raises BadRequest."""
    if not text:
        return now - default, now
    since, slash, until = text.partition("/")
    if not slash:
        return now - duration(text), now
    start = instant(since)
    return start, start + duration(until) if until.upper().startswith("P") else instant(until)


def wire_instant(at: datetime) -> str:
    """An instant as Azure Monitor writes it."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
