"""When a fleet's windows are open. Knows UTC, weekdays and minutes, and nothing of rollouts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from shared.fleet import Window

_DAYS_AHEAD = 8


def seconds_until_open(windows: Iterable[Window], now: datetime) -> float:
    """0 while a window is open, else the time until the next one opens. Windows without days never open."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    waits = []
    for window in windows:
        for days in range(-1, _DAYS_AHEAD):
            day = midnight + timedelta(days=days)
            opens, closes = _span(window, day)
            if day.weekday() in window.days and now < closes:
                waits.append(max(0.0, (opens - now).total_seconds()))
    return min(waits, default=timedelta(days=_DAYS_AHEAD).total_seconds())


def _span(window: Window, day: datetime) -> tuple[datetime, datetime]:
    opens = day + timedelta(minutes=window.from_minute)
    closes = day + timedelta(minutes=window.to_minute)
    return opens, closes if closes > opens else closes + timedelta(days=1)
