"""Waiting in a world's time. Decides how long that is in real seconds; refuses to know what is waited for."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from shared.clock import RehearsalClock
from shared.ports import Clock

_LOOK_SECONDS = 0.05


async def pause(clock: Clock, seconds: float) -> None:
    """Return once `clock` has moved on by that many of its own seconds, whoever moves it."""
    rate = clock.rate if isinstance(clock, RehearsalClock) else 1.0
    until = clock.now() + timedelta(seconds=seconds)
    # Looking again and again is the one way that works with any clock, also one that a test moves by hand.
    while (left := (until - clock.now()).total_seconds()) > 0:  # noqa: ASYNC110
        await asyncio.sleep(min(left / rate, _LOOK_SECONDS))
