"""Alerts Management and Resource Health over ARM: what fires on a resource, and how it is.

Decides the filters that are taken and the wire form of both. Refuses to know what happened: that is
`sandbox.world.fired_alerts`.

Sources: https://learn.microsoft.com/rest/api/monitor/alertsmanagement/alerts/get-all,
https://learn.microsoft.com/rest/api/resourcehealth/availability-statuses/get-by-resource
"""

from __future__ import annotations

from typing import Any

from sandbox.wire.errors import BadRequest
from sandbox.wire.routing import Call, Operation, Reply
from sandbox.world.estate import group_of, name_of
from sandbox.world.model import World
from shared.checks.alerts import Alert
from shared.checks.health import Health

_RESOURCE = "/subscriptions/{subscription}/resourceGroups/{group}/providers/{provider}/{kind}/{name}"
_ALERTS = _RESOURCE + "/providers/Microsoft.AlertsManagement/alerts"
_HEALTH = _RESOURCE + "/providers/Microsoft.ResourceHealth/availabilityStatuses/current"
_FILTERS = frozenset({"api-version", "targetResource", "monitorCondition", "timeRange", "pageCount"})
_SPANS = frozenset({"1h", "1d", "7d", "30d"})


def operations(world: World) -> list[Operation]:
    """The two operations."""

    def alerts(call: Call) -> Reply:
        """The alerts that fire on the resource."""
        if unknown := call.query.keys() - _FILTERS:
            raise BadRequest("BadRequest", f"The stand-in takes no {', '.join(sorted(unknown))}.")
        if call.query.get("monitorCondition") != "Fired" or call.query.get("timeRange") not in _SPANS:
            raise BadRequest("BadRequest", "The stand-in lists what has fired within 1h, 1d, 7d or 30d.")
        resource_id = _resource(call)
        found = [_alert_shown(resource_id, each) for each in world.alerts.firing(resource_id)]
        return Reply(200, {"value": found})

    def health(call: Call) -> Reply:
        """How the resource is."""
        resource_id = _resource(call)
        return Reply(200, _health_shown(resource_id, world.alerts.health(resource_id)))

    versions, health_versions = frozenset({"2019-03-01"}), frozenset({"2025-05-01"})
    return [
        Operation(method="GET", template=_ALERTS, handler=alerts, versions=versions),
        Operation(method="GET", template=_HEALTH, handler=health, versions=health_versions),
    ]


def _resource(call: Call) -> str:
    parameters = call.parameters
    kind = f"{parameters['provider']}/{parameters['kind']}"
    return f"{call.group_id}/providers/{kind}/{parameters['name']}"


def _alert_shown(resource_id: str, alert: Alert) -> dict[str, Any]:
    at = alert.fired_at.isoformat()
    essentials = {
        "severity": alert.severity,
        "signalType": "Metric",
        "alertState": alert.state,
        "monitorCondition": "Fired",
        "monitorService": "Platform",
        "targetResource": resource_id.lower(),
        "targetResourceName": name_of(resource_id),
        "targetResourceGroup": group_of(resource_id),
        "targetResourceType": "applicationgateways",
        "alertRule": alert.rule,
        "startDateTime": at,
        "lastModifiedDateTime": at,
        "lastModifiedUserName": "System",
    }
    return {
        "id": f"{resource_id}/providers/Microsoft.AlertsManagement/alerts/{alert.name}",
        "type": "Microsoft.AlertsManagement/alerts",
        "name": alert.name,
        "properties": {"essentials": essentials},
    }


def _health_shown(resource_id: str, health: Health) -> dict[str, Any]:
    at = health.reported_at.isoformat() if health.reported_at is not None else None
    return {
        "id": f"{resource_id}/providers/Microsoft.ResourceHealth/availabilityStatuses/current",
        "name": "current",
        "type": "Microsoft.ResourceHealth/AvailabilityStatuses",
        "properties": {
            "availabilityState": health.state,
            "title": health.state,
            "summary": health.summary,
            "reasonType": "",
            "context": health.cause,
            "occuredTime": at,
            "reasonChronicity": "Persistent",
            "reportedTime": at,
        },
    }
