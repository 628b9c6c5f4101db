"""Bodies as Azure sends them, composed from the documented fields of every kind, about the examples."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from shared.fleet import Fleet
from shared.fleet_file import parse
from shared.model import SignalKind
from shared.ports import FleetEntry
from shared.signals import resources_of
from tests.fleet_file.examples import TEXTS

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PUBLIC = parse(TEXTS["contoso-public"])
PRIVATE = parse(TEXTS["contoso-private"])
SUBSCRIPTION = f"/subscriptions/{PUBLIC.subscription_id}"
BLUE, GREEN = PUBLIC.slots
ALERT_ID = f"{SUBSCRIPTION}/providers/Microsoft.AlertsManagement/alerts/aaaa1111-bbbb-2222-cccc-333344445555"
WORKSPACE = (
    f"{SUBSCRIPTION}/resourcegroups/rg-platform/providers/microsoft.operationalinsights/workspaces/logs"
)


def entry(fleet: Fleet, *, platform: bool = False) -> FleetEntry:
    """A fleet as the directory has it."""
    return FleetEntry(
        name=fleet.name, resources=resources_of(fleet), platform=platform, active=False, marked_at=NOW
    )


DIRECTORY = (entry(PUBLIC),)


def grid_event(kind: str, data: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An event in Event Grid schema; AKS events have the cluster as their topic."""
    event = {
        "topic": GREEN.cluster_id,
        "subject": "aks-green",
        "eventType": kind,
        "id": "1234567890abcdef",
        "data": data,
        "dataVersion": "1",
        "metadataVersion": "1",
        "eventTime": "2026-11-21T11:59:00.1234567Z",
    }
    return {key: value for key, value in (event | changes).items() if value is not ...}


def cloud_event(kind: str, data: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The same event in CloudEvents 1.0."""
    event = {
        "specversion": "1.0",
        "source": GREEN.cluster_id,
        "subject": "aks-green",
        "type": kind,
        "id": "1234567890abcdef",
        "time": "2026-11-21T11:59:00.1234567Z",
        "data": data,
    }
    return {key: value for key, value in (event | changes).items() if value is not ...}


AKS = "Microsoft.ContainerService."
RESOURCES = "Microsoft.Resources."
VERSIONS = {
    "latestSupportedKubernetesVersion": "1.32.6",
    "latestStableKubernetesVersion": "1.31.9",
    "lowestMinorKubernetesVersion": "1.30.0",
    "latestPreviewKubernetesVersion": "1.33.0",
}
RESOURCE = {
    "authorization": {
        "scope": GREEN.cluster_id,
        "action": "Microsoft.ContainerService/managedClusters/write",
    },
    "claims": {"name": "Ada Lovelace", "ipaddr": "198.51.100.7"},
    "correlationId": "c",
    "resourceProvider": "Microsoft.ContainerService",
    "resourceUri": GREEN.cluster_id,
    "operationName": "Microsoft.ContainerService/managedClusters/write",
    "status": "Succeeded",
}
RELEASE = {
    "template_version": "1.5.0",
    "kubernetes_version": "1.32.6",
    "published_by": "ada@contoso.com",
    "notes": "new node image",
}

EVENTS: dict[str, tuple[dict[str, Any], SignalKind, str | None, str]] = {
    "NewKubernetesVersionAvailable": (
        VERSIONS,
        SignalKind.VERSION_AVAILABLE,
        None,
        "AKS offers aks-green Kubernetes 1.31.9 (stable), 1.32.6 (supported), 1.33.0 (preview)",
    ),
    "ClusterSupportEnding": (
        {"kubernetesVersion": "1.31.9"},
        SignalKind.SUPPORT_ENDING,
        None,
        "Azure's support for Kubernetes 1.31.9 on aks-green is ending",
    ),
    "ClusterSupportEnded": (
        {"kubernetesVersion": "1.31.9"},
        SignalKind.SUPPORT_ENDED,
        None,
        "Azure's support for Kubernetes 1.31.9 on aks-green has ended",
    ),
    "NodePoolRollingStarted": (
        {"nodePoolName": "pool1"},
        SignalKind.NODE_POOL_ROLLING,
        "started",
        "node pool pool1 of aks-green is being rolled",
    ),
    "NodePoolRollingSucceeded": (
        {"nodePoolName": "pool1"},
        SignalKind.NODE_POOL_ROLLING,
        "succeeded",
        "node pool pool1 of aks-green was rolled",
    ),
    "NodePoolRollingFailed": (
        {"nodePoolName": "pool1"},
        SignalKind.NODE_POOL_ROLLING,
        "failed",
        "node pool pool1 of aks-green could not be rolled",
    ),
    "ResourceWriteSuccess": (
        RESOURCE,
        SignalKind.RESOURCE_CHANGED,
        "succeeded",
        "aks-green was written (Microsoft.ContainerService/managedClusters/write)",
    ),
    "ResourceWriteFailure": (
        RESOURCE,
        SignalKind.RESOURCE_CHANGED,
        "failed",
        "aks-green could not be written (Microsoft.ContainerService/managedClusters/write)",
    ),
    "ResourceDeleteSuccess": (
        {**RESOURCE, "operationName": None},
        SignalKind.RESOURCE_CHANGED,
        "deleted",
        "aks-green was deleted",
    ),
}


def full_type(name: str) -> str:
    """The event's type with its namespace."""
    return (RESOURCES if name.startswith("Resource") else AKS) + name


def alert(
    context: dict[str, Any] | None, service: str = "Platform", kind: str | None = "Metric", **changes: Any
) -> dict[str, Any]:
    """An alert in the common schema on the green gateway; `...` leaves an essential out."""
    essentials = {
        "alertId": ALERT_ID,
        "alertRule": "too-slow",
        "severity": "Sev1",
        "signalType": kind,
        "monitorCondition": "Fired",
        "monitoringService": service,
        "alertTargetIDs": [GREEN.gateway_id.lower()],
        "configurationItems": ["agw-green"],
        "originAlertId": "x",
        "firedDateTime": "2026-11-21T11:58:00.1234567Z",
        "description": "Answers are slow.",
        "essentialsVersion": "1.0",
        "alertContextVersion": "1.0",
    } | changes
    kept = {key: value for key, value in essentials.items() if value is not ...}
    return {
        "schemaId": "azureMonitorCommonAlertSchema",
        "data": {"essentials": kept, "alertContext": context},
    }


def criterion(**changes: Any) -> dict[str, Any]:
    """One criterion of a metric rule."""
    found = {
        "metricName": "FailedRequests",
        "metricNamespace": "Microsoft.Network/applicationGateways",
        "operator": "GreaterThan",
        "threshold": "25",
        "timeAggregation": "Total",
        "dimensions": [],
        "metricValue": 57,
        "webTestName": None,
    } | changes
    return {key: value for key, value in found.items() if value is not ...}


def metric(*criteria: dict[str, Any], kind: str = "SingleResourceMultipleMetricCriteria") -> dict[str, Any]:
    """The context of a metric or log rule."""
    condition = {"windowSize": "PT5M", "allOf": list(criteria)}
    return {"properties": None, "conditionType": kind, "condition": condition}
