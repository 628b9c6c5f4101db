"""The span of time that a reading covers. Pure.

Metrics come in whole minutes, each named by its start, so a window is cut to whole minutes: it begins at the
first one that starts inside and ends before the first one that could still change.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from shared.errors import Refused
from shared.fleet import Gate, Slot, Target


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


def window(
    now: datetime,
    since: datetime | None,
    window_seconds: int,
    ingestion_seconds: int,
    lookback_seconds: int = 0,
) -> Window:
    """The newest complete `window_seconds`, nothing older than `since`.

    It ends `ingestion_seconds` ago: data newer than that cannot be complete yet. A value may speak of as much
    as `lookback_seconds` before its own time, so the first one comes that much after `since`.
    """
    until = _floor(now - timedelta(seconds=ingestion_seconds))
    begin = until - timedelta(seconds=window_seconds)
    if since is not None:
        begin = max(begin, since + timedelta(seconds=lookback_seconds))
    return Window(_ceiling(begin), until)


def resource_of(slot: Slot, gate: Gate) -> str:
    """The id of the resource that a gate looks at. Raises Refused for a host, which has none."""
    if gate.target is Target.HOST:
        raise Refused("a host name has neither metrics nor logs: the target must be cluster or gateway")
    if gate.target is Target.RESOURCE:
        return gate.resource_id
    return slot.cluster_id if gate.target is Target.CLUSTER else slot.gateway_id


def _floor(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _ceiling(moment: datetime) -> datetime:
    floor = _floor(moment)
    return floor if floor == moment else floor + timedelta(minutes=1)
