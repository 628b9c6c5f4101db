"""What Azure sends by itself: the alerts that the faults ask for and the events of cluster writes."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct

from sandbox.world.estate import Estate
from sandbox.world.traffic import Traffic


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

    def take_due(self) -> tuple[Outbound, ...]:
        """What is due by now and was not taken before, oldest first."""
        raise NotImplementedError
