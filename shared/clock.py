"""Time from outside: a worker's own clock, a rehearsal's faster one, and the store's, which all share.

Decides which clock counts. Those of two workers may be minutes apart, and one that is set jumps; so a moment
is told by what the store said last and by how long ago that was. Nothing else here reads a clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from msgspec import Struct

DATE_SECONDS = 2.0
"""How old a `Date` may be when it is sent: it has whole seconds, and servers make a new one once a second.

Source: https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1
"""

DRIFT = 2e-4
"""By how much a quartz may be wrong about an interval: 200 parts per million, twice what is usual."""


class LocalClock(Protocol):
    """What a worker believes."""

    def now(self) -> datetime:
        """The present moment in UTC by the worker's own clock."""

    def at(self, real: datetime) -> datetime:
        """What this clock shows when it really is `real`."""


class SystemClock(Struct, frozen=True):
    """The system's time."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)

    def at(self, real: datetime) -> datetime:
        """The same moment."""
        return real


class RehearsalClock(Struct, frozen=True):
    """A clock that shows `origin` at the real instant `start` and runs `rate` times as fast from there.

    Every process of a rehearsal builds it from the same three values, so they agree without talking.
    """

    origin: datetime
    start: datetime
    rate: float

    def now(self) -> datetime:
        """The rehearsed moment in UTC."""
        return self.at(datetime.now(UTC))

    def at(self, real: datetime) -> datetime:
        """The rehearsed moment at a real one."""
        return self.origin + (real - self.start) * self.rate


def _elapsed() -> float:
    """Seconds by a clock that nobody can set, and that runs on while the machine is suspended."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class ServiceClock:
    """The store's time, between two bounds: the `Date` of its answers, and the time that has passed since.

    A request was answered after it was sent and before its answer was here, however long the worker slept in
    between, so each answer bounds the store's time; several bound it closer. The worker's own clock counts
    for nothing, but for two cases: before the first answer, and where the bounds are at most `trust_seconds`
    apart and it agrees with them to within `DATE_SECONDS`. That is for a rehearsal, where a second is minutes
    and all processes share one clock.
    """

    def __init__(
        self,
        local: LocalClock,
        *,
        trust_seconds: float = 0.0,
        elapsed: Callable[[], float] = _elapsed,
    ) -> None:
        self._local = local
        self._trust_seconds = trust_seconds
        self.elapsed = elapsed
        # The store's time in Unix seconds less `elapsed`, at least and at most, as known at `_heard_at`.
        self._least: float | None = None
        self._most = 0.0
        self._heard_at = 0.0

    def heard(self, date_seconds: float, sent_at: float) -> None:
        """An answer that has just come in is dated so, in Unix seconds; its request left at `sent_at`.

        `sent_at` is a reading of `elapsed`.
        """
        here = self.elapsed()
        least, most = date_seconds - here, date_seconds + DATE_SECONDS - sent_at
        if self._least is not None:
            drift = (here - self._heard_at) * DRIFT
            known = max(least, self._least - drift), min(most, self._most + drift)
            # Two servers that disagree, or a machine that was suspended: the newest answer counts.
            least, most = known if known[0] <= known[1] else (least, most)
        self._least, self._most, self._heard_at = least, most, here

    def now(self) -> datetime:
        """The present moment in UTC, or a little earlier: never later than by the store's clock."""
        found = self._between()
        return found if isinstance(found, datetime) else self._shown(found[0])

    def latest(self) -> datetime:
        """The present moment in UTC, or a little later: never earlier than by the store's clock."""
        found = self._between()
        return found if isinstance(found, datetime) else self._shown(found[1])

    def _between(self) -> datetime | tuple[float, float]:
        """The two bounds in Unix seconds, or the worker's own time where that counts."""
        if self._least is None:
            return self._local.now()
        here = self.elapsed()
        drift = (here - self._heard_at) * DRIFT
        least, most = self._least + here - drift, self._most + here + drift
        if most - least <= self._trust_seconds:
            local = self._local.now()
            if self._shown(least - DATE_SECONDS) <= local <= self._shown(most + DATE_SECONDS):
                return local
        return least, most

    def _shown(self, seconds: float) -> datetime:
        return self._local.at(datetime.fromtimestamp(seconds, UTC))
