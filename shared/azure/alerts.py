"""Alerts that fire on a slot's cluster or gateway, as Azure Monitor's Alerts Management tells them.

Decides which are asked for: those of the resource itself, whose monitor condition is `Fired`. Which of them
count is `shared.checks.alerts`'. Judges nothing.

Source: https://learn.microsoft.com/rest/api/monitor/alertsmanagement/alerts/get-all
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from shared.azure import arm
from shared.azure.connection import Connection
from shared.azure.window import resource_of
from shared.checks.alerts import Alert, counted
from shared.errors import Retry
from shared.fleet import Fleet
from shared.probes import GateReading, Reading

API_VERSION = "2019-03-01"
PAGES_MAX = 4
"""Of 250 alerts each: a resource on which more of them fire has no need of a gate."""

# The longest that there is: an alert that has fired for days is told by name, and not forgotten.
_SPAN = "30d"
_WHAT = "the alerts"


class _Essentials(Struct, frozen=True, rename="camel"):
    """Only what a decision goes by: the service writes much more, and not the same for each kind of alert.

    An alert of another severity or condition than these would be left out, and an all-clear is no guess.
    """

    severity: Literal["Sev0", "Sev1", "Sev2", "Sev3", "Sev4"]
    monitor_condition: Literal["Fired", "Resolved"]
    start_date_time: datetime
    alert_state: str = ""
    alert_rule: str = ""


class _Properties(Struct, frozen=True):
    essentials: _Essentials


class _Item(Struct, frozen=True):
    properties: _Properties
    name: str = ""


class _Page(Struct, frozen=True, rename="camel"):
    value: tuple[_Item, ...]
    next_link: str | None = None


class Alerts:
    """The alerts on the resources of a fleet's slots."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def observe(self, fleet: Fleet, probe: GateReading, now: datetime) -> Reading:
        """How many alerts fire that count: a GET a page. Raises Retry where there are too many to read."""
        slot = fleet.slot(probe.slot)
        resource_id = resource_of(slot, probe.gate)
        found = await self._firing(resource_id)
        return counted(found, probe, f"alerts that fire on {resource_id}", now)

    async def _firing(self, resource_id: str) -> list[Alert]:
        url = f"{resource_id}/providers/Microsoft.AlertsManagement/alerts"
        query = {
            "api-version": API_VERSION,
            "targetResource": resource_id,
            "monitorCondition": "Fired",
            "timeRange": _SPAN,
            "pageCount": "250",
        }
        found: list[Alert] = []
        for _ in range(PAGES_MAX):
            page = await arm.get(self._connection, url, _Page, _WHAT, **query)
            found += [_alert(each) for each in page.value if _fires(each)]
            if not page.next_link:
                return found
            url, query = page.next_link, {}
        raise Retry(f"more alerts fire on {resource_id} than are read")


def _fires(item: _Item) -> bool:
    return item.properties.essentials.monitor_condition == "Fired"


def _alert(item: _Item) -> Alert:
    essentials = item.properties.essentials
    if essentials.start_date_time.tzinfo is None:
        raise Retry(f"{_WHAT} have a time without a zone")
    return Alert(
        name=item.name,
        rule=essentials.alert_rule,
        severity=essentials.severity,
        state=essentials.alert_state,
        fired_at=essentials.start_date_time,
    )
