"""What Azure sends by itself: the alerts that the faults ask for and the events of cluster writes.

Decides when; refuses to know how it is delivered. A door asks now and then and delivers what it gets.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct

from sandbox.world import events
from sandbox.world.estate import Estate, name_of
from sandbox.world.ledger import Entry, Happening
from sandbox.world.traffic import Traffic

WRITES = frozenset({Happening.CLUSTER_CREATED, Happening.CLUSTER_STARTED, Happening.CLUSTER_STOPPED})


class Receiver(StrEnum):
    """Who is sent to: an Event Grid subscription's endpoint, or an action group's webhook."""

    EVENT_GRID = "event_grid"
    ACTION_GROUP = "action_group"


class Outbound(Struct, frozen=True, kw_only=True):
    """One delivery. `body` is one event in Event Grid schema (not yet in its array), or one alert."""

    at: datetime
    receiver: Receiver
    body: dict[str, Any]


class Outgoing:
    """Each delivery is handed out once."""

    def __init__(self, estate: Estate, traffic: Traffic) -> None:
        self._estate = estate
        self._traffic = traffic
        self._taken_until = estate.started_at

    def take_due(self) -> tuple[Outbound, ...]:
        """What fell due since the last call, oldest first."""
        since, self._taken_until = self._taken_until, self._estate.now()
        every = (*self._resource_events(since), *self._alerts())
        if not every:
            return ()
        due = (each for each in every if since < each.at <= self._taken_until)
        return tuple(sorted(due, key=lambda each: each.at))

    def _resource_events(self, since: datetime) -> Iterator[Outbound]:
        for entry in self._estate.ledger.between(since, self._estate.now()):
            event_id = self._estate.hex_of(32, "event", entry.kind, entry.subject, entry.at.isoformat())
            body = self._event_of(entry, event_id)
            if body is not None:
                yield Outbound(at=entry.at, receiver=Receiver.EVENT_GRID, body=body)

    def _event_of(self, entry: Entry, event_id: str) -> dict[str, Any] | None:
        """The event behind a ledger entry; a failed creation writes no success."""
        slot = next((s for s in self._estate.fleet.slots if name_of(s.cluster_id) == entry.subject), None)
        if slot is None or entry.details.get("state") == "Failed":
            return None
        if entry.kind is Happening.CLUSTER_DESTROYED:
            return events.resource_deleted(slot.cluster_id, entry.at, event_id=event_id)
        if entry.kind in WRITES:
            return events.resource_written(slot.cluster_id, entry.at, event_id=event_id)
        return None

    def _alerts(self) -> Iterator[Outbound]:
        faults = self._estate.faults
        if faults.alert_after_seconds is None:
            return
        first = self._traffic.first_users_at(self._estate.candidate)
        if first is None:
            return
        gateway = self._estate.fleet.slot(self._estate.candidate).gateway_id
        fired_at = first + timedelta(seconds=faults.alert_after_seconds)
        guid = self._estate.hex_of(32, "alert")
        fired = events.metric_alert(gateway, fired_at, alert_guid=guid)
        yield Outbound(at=fired_at, receiver=Receiver.ACTION_GROUP, body=fired)
        if faults.alert_resolved_after_seconds is not None:
            resolved_at = fired_at + timedelta(seconds=faults.alert_resolved_after_seconds)
            body = events.metric_alert(gateway, fired_at, alert_guid=guid, resolved_at=resolved_at, value=2.0)
            yield Outbound(at=resolved_at, receiver=Receiver.ACTION_GROUP, body=body)
