"""The span of time that a reading covers. Pure.

Metrics come in whole minutes, each named by its start, so a window is cut to whole minutes: it begins at the
first one that starts inside and ends before the first one that could still change.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from shared.errors import Refused
from shared.fleet import Slot, Target


class Window(NamedTuple):
    """From `since`, inclusive, until `until`, exclusive. Both are whole minutes."""

    since: datetime
    until: datetime

    @property
    def empty(self) -> bool:
        """Whether no minute lies inside."""
        return self.until <= self.since

    @property
    def minutes(self) -> float:
        """How many minutes lie inside."""
        return max(0.0, (self.until - self.since) / timedelta(minutes=1))


def window(now: datetime, since: datetime | None, window_seconds: int, ingestion_seconds: int) -> Window:
    """The newest complete `window_seconds`, nothing older than `since`.

    It ends `ingestion_seconds` ago: data newer than that cannot be complete yet.
    """
    until = _floor(now - timedelta(seconds=ingestion_seconds))
    begin = until - timedelta(seconds=window_seconds)
    if since is not None:
        begin = max(begin, since)
    return Window(_ceiling(begin), until)


def resource_of(slot: Slot, target: Target) -> str:
    """The id of the resource that a gate looks at. Raises Refused for a host, which has none."""
    if target is Target.HOST:
        raise Refused("a host name has neither metrics nor logs: the target must be cluster or gateway")
    return slot.cluster_id if target is Target.CLUSTER else slot.gateway_id


def _floor(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _ceiling(moment: datetime) -> datetime:
    floor = _floor(moment)
    return floor if floor == moment else floor + timedelta(minutes=1)
