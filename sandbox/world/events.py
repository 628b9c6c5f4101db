"""Event and alert bodies as Azure sends them, composed from their documented fields.

Decides shapes. Refuses to know when anything is sent (`outgoing`) and to whom.
Sources: https://learn.microsoft.com/azure/event-grid/event-schema-aks and .../event-schema-resource-groups,
https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-common-schema.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.world.estate import group_of, name_of

CALLER = "99999999-8888-7777-6666-555555555555"
TENANT = "88888888-7777-6666-5555-444444444444"
MANAGED_CLUSTERS = "Microsoft.ContainerService/managedClusters"


def version_available(cluster_id: str, version: str, at: datetime, *, event_id: str) -> dict[str, Any]:
    """`NewKubernetesVersionAvailable` of a cluster in Event Grid schema, one event without its array.

    `version` becomes both the stable and the supported version; the preview is the minor version after it.
    """
    major, minor, _patch = (int(part) for part in version.split("."))
    return {
        "topic": cluster_id,
        "subject": name_of(cluster_id),
        "eventType": "Microsoft.ContainerService.NewKubernetesVersionAvailable",
        "id": event_id,
        "data": {
            "latestSupportedKubernetesVersion": version,
            "latestStableKubernetesVersion": version,
            "lowestMinorKubernetesVersion": f"{major}.{minor - 2}.0",
            "latestPreviewKubernetesVersion": f"{major}.{minor + 1}.0",
        },
        "dataVersion": "1",
        "metadataVersion": "1",
        "eventTime": _instant(at),
    }


def resource_written(resource_id: str, at: datetime, *, event_id: str) -> dict[str, Any]:
    """`ResourceWriteSuccess` of a cluster in Event Grid schema, one event without its array."""
    return _resource_event(resource_id, "Write", "write", at, event_id)


def resource_deleted(resource_id: str, at: datetime, *, event_id: str) -> dict[str, Any]:
    """`ResourceDeleteSuccess` of a cluster in Event Grid schema, one event without its array."""
    return _resource_event(resource_id, "Delete", "delete", at, event_id)


def to_cloud_event(event: dict[str, Any]) -> dict[str, Any]:
    """The same event in CloudEvents 1.0; Azure drops the version of its data."""
    return {
        "source": event["topic"],
        "subject": event["subject"],
        "type": event["eventType"],
        "time": event["eventTime"],
        "id": event["id"],
        "data": event["data"],
        "specversion": "1.0",
    }


def metric_alert(
    gateway_id: str,
    fired_at: datetime,
    *,
    alert_guid: str,
    resolved_at: datetime | None = None,
    value: float = 57.0,
    severity: str = "Sev1",
) -> dict[str, Any]:
    """A metric alert on a gateway's failed requests, common schema: Fired, or Resolved with `resolved_at`.

    `alert_guid` names the alert and is the same in both; `value` is what the rule measured.
    """
    subscription = gateway_id.split("/")[2]
    rule = f"{name_of(gateway_id)}-failed-requests"
    essentials: dict[str, Any] = {
        "alertId": f"/subscriptions/{subscription}/providers/Microsoft.AlertsManagement/alerts/{alert_guid}",
        "alertRule": rule,
        "alertRuleId": _rule_id(gateway_id, rule),
        "severity": severity,
        "signalType": "Metric",
        "monitorCondition": "Fired" if resolved_at is None else "Resolved",
        "monitoringService": "Platform",
        "alertTargetIDs": [gateway_id.lower()],
        "configurationItems": [name_of(gateway_id)],
        "originAlertId": f"{alert_guid}_{group_of(gateway_id)}_microsoft.insights_metricAlerts_{rule}",
        "firedDateTime": _instant(fired_at),
        "description": "Too many requests failed at this gateway.",
        "essentialsVersion": "1.0",
        "alertContextVersion": "1.0",
    }
    if resolved_at is not None:
        essentials["resolvedDateTime"] = _instant(resolved_at)
    context = _metric_context(resolved_at or fired_at, value)
    return {
        "schemaId": "azureMonitorCommonAlertSchema",
        "data": {"essentials": essentials, "alertContext": context, "customProperties": None},
    }


def activity_alert(
    resource_id: str, fired_at: datetime, *, alert_guid: str, severity: str = "Sev4"
) -> dict[str, Any]:
    """An activity log alert on an operation that failed, common schema. There is none that says Resolved."""
    subscription = resource_id.split("/")[2]
    rule = f"{name_of(resource_id)}-operations"
    essentials = {
        "alertId": f"/subscriptions/{subscription}/providers/Microsoft.AlertsManagement/alerts/{alert_guid}",
        "alertRule": rule,
        "severity": severity,
        "signalType": "Activity Log",
        "monitorCondition": "Fired",
        "monitoringService": "Activity Log - Administrative",
        "alertTargetIDs": [resource_id.lower()],
        "configurationItems": [name_of(resource_id)],
        "originAlertId": f"{alert_guid}_{rule}",
        "firedDateTime": _instant(fired_at),
        "description": "",
        "essentialsVersion": "1.0",
        "alertContextVersion": "1.0",
    }
    context = {
        "authorization": {"action": "write", "scope": resource_id},
        "channels": "Operation",
        "eventSource": "Administrative",
        "eventTimestamp": _instant(fired_at),
        "level": "Error",
        "operationName": "write",
        "status": "Failed",
    }
    return {
        "schemaId": "azureMonitorCommonAlertSchema",
        "data": {"essentials": essentials, "alertContext": context},
    }


def _metric_context(at: datetime, value: float) -> dict[str, Any]:
    return {
        "properties": None,
        "conditionType": "SingleResourceMultipleMetricCriteria",
        "condition": {
            "windowSize": "PT5M",
            "allOf": [
                {
                    "metricName": "FailedRequests",
                    "metricNamespace": "Microsoft.Network/applicationGateways",
                    "operator": "GreaterThan",
                    "threshold": "25",
                    "timeAggregation": "Total",
                    "dimensions": [],
                    "metricValue": value,
                    "webTestName": None,
                }
            ],
            "windowStartTime": _instant(at - timedelta(minutes=5)),
            "windowEndTime": _instant(at),
        },
    }


def _resource_event(resource_id: str, kind: str, verb: str, at: datetime, event_id: str) -> dict[str, Any]:
    subscription = resource_id.split("/")[2]
    operation = f"{MANAGED_CLUSTERS}/{verb}"
    evidence = {
        "role": "Contributor",
        "roleAssignmentScope": f"/subscriptions/{subscription}",
        "principalId": CALLER,
        "principalType": "ServicePrincipal",
    }
    return {
        "subject": resource_id,
        "eventType": f"Microsoft.Resources.Resource{kind}Success",
        "eventTime": _instant(at),
        "id": event_id,
        "data": {
            "authorization": {"scope": resource_id, "action": operation, "evidence": evidence},
            "claims": {"aud": "https://management.azure.com/", "appid": CALLER, "ver": "1.0"},
            "correlationId": event_id,
            "resourceProvider": "Microsoft.ContainerService",
            "resourceUri": resource_id,
            "operationName": operation,
            "status": "Succeeded",
            "subscriptionId": subscription,
            "tenantId": TENANT,
        },
        "dataVersion": "2",
        "metadataVersion": "1",
        "topic": f"/subscriptions/{subscription}",
    }


def _rule_id(gateway_id: str, rule: str) -> str:
    scope = gateway_id.lower().partition("/providers/")[0]
    return f"{scope}/providers/microsoft.insights/metricAlerts/{rule}"


def _instant(at: datetime) -> str:
    """An instant as Azure writes it, with seven digits of a second's fraction."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
