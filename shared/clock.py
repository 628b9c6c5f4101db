"""Time from outside: the system's clock, or a rehearsal's faster one. Nothing else here reads a clock."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct


class SystemClock(Struct, frozen=True):
    """The real time."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)


class RehearsalClock(Struct, frozen=True):
    """A clock that shows `origin` at the real instant `start` and runs `rate` times as fast from there.

    Every process of a rehearsal builds it from the same three values, so they agree without talking.
    """

    origin: datetime
    start: datetime
    rate: float

    def now(self) -> datetime:
        """The rehearsed moment in UTC."""
        return self.origin + (datetime.now(UTC) - self.start) * self.rate
