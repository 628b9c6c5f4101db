"""Alerts Management and Resource Health on the wire, held against the fields that Azure's references publish.

Neither is among the descriptions that the record of the traffic is held against.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sandbox.world import Faults
from tests.fleets import BLUE, GREEN
from tests.wire.rig import CLUSTERS, GATEWAYS, Rig

type Start = Callable[..., Awaitable[Rig]]

ALERTS = "/providers/Microsoft.AlertsManagement/alerts"
HEALTH = "/providers/Microsoft.ResourceHealth/availabilityStatuses/current"
# Source: https://learn.microsoft.com/rest/api/monitor/alertsmanagement/alerts/get-all
ESSENTIALS = {
    "severity",
    "signalType",
    "alertState",
    "monitorCondition",
    "monitorService",
    "targetResource",
    "targetResourceName",
    "targetResourceGroup",
    "targetResourceType",
    "sourceCreatedId",
    "smartGroupId",
    "smartGroupingReason",
    "alertRule",
    "startDateTime",
    "lastModifiedDateTime",
    "lastModifiedUserName",
    "monitorConditionResolvedDateTime",
}
# Source: https://learn.microsoft.com/rest/api/resourcehealth/availability-statuses/get-by-resource
STATUS = {
    "availabilityState",
    "title",
    "summary",
    "reasonType",
    "context",
    "category",
    "occuredTime",
    "reasonChronicity",
    "reportedTime",
}


async def test_an_alert_has_the_fields_of_the_published_one(start: Start) -> None:
    rig = await start(faults=Faults(alert_before=True))
    asked = f"{GATEWAYS[GREEN]}{ALERTS}"
    query = {"api-version": "2019-03-01", "monitorCondition": "Fired", "timeRange": "30d"}
    token, _ = rig.wire.token("https://management.azure.com")
    status, body, _ = await rig.request("GET", asked, query, token)
    assert status == 200
    (alert,) = body["value"]
    assert alert.keys() == {"id", "type", "name", "properties"}
    assert alert["properties"]["essentials"].keys() <= ESSENTIALS
    assert (await rig.arm("GET", asked, "2019-03-01"))[0] == 400, "it lists only what fires"


async def test_health_has_the_fields_of_the_published_one(start: Start) -> None:
    rig = await start()
    status, body = await rig.arm("GET", f"{CLUSTERS[BLUE]}{HEALTH}", "2025-05-01")
    assert (status, body["name"], body["properties"]["availabilityState"]) == (200, "current", "Available")
    assert body["properties"].keys() <= STATUS
    assert (await rig.arm("GET", f"{CLUSTERS[GREEN]}{HEALTH}", "2025-05-01"))[0] == 404
