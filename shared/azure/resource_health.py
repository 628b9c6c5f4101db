"""What Azure Resource Health says of a slot's cluster or gateway. Judges nothing: see `shared.checks.health`.

Source: https://learn.microsoft.com/rest/api/resourcehealth/availability-statuses/get-by-resource
"""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct

from shared.azure import arm
from shared.azure.connection import Connection
from shared.azure.window import resource_of
from shared.checks.health import Health, measured
from shared.errors import Retry
from shared.fleet import Fleet
from shared.probes import GateReading, Reading

API_VERSION = "2025-05-01"
_SUMMARY_CHARACTERS_MAX = 200


class _Properties(Struct, frozen=True, rename="camel"):
    availability_state: str
    summary: str | None = None
    reason_type: str | None = None
    context: str | None = None
    reported_time: datetime | None = None


class _Status(Struct, frozen=True):
    properties: _Properties


class ResourceHealth:
    """The health of the resources of a fleet's slots."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def observe(self, fleet: Fleet, probe: GateReading, now: datetime) -> Reading:
        """How much of the resource is out: one GET. Raises Retry for a word that nobody knows."""
        resource_id = resource_of(fleet.slot(probe.slot), probe.gate)
        url = f"{resource_id}/providers/Microsoft.ResourceHealth/availabilityStatuses/current"
        what = "the resource's health"
        found = await arm.get(self._connection, url, _Status, what, **{"api-version": API_VERSION})
        reading = measured(_health(found.properties), probe.since, f"Resource Health of {resource_id}", now)
        if reading is None:
            state = found.properties.availability_state[:40]
            raise Retry(f"Resource Health says {state!r}, which is none of its words")
        return reading


def _health(said: _Properties) -> Health:
    at = said.reported_time
    return Health(
        state=said.availability_state,
        summary=" ".join((said.summary or "").split())[:_SUMMARY_CHARACTERS_MAX],
        cause=said.context or said.reason_type or "",
        reported_at=at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at,
    )
