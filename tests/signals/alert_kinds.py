"""One alert of every kind, about the green slot, and the sentence in which each is told."""

from __future__ import annotations

from typing import Any

from tests.signals.bodies import GREEN, SUBSCRIPTION, WORKSPACE, alert, criterion, metric

HEALTH = {
    "title": "Rebooted",
    "currentHealthStatus": "Unavailable",
    "previousHealthStatus": "Available",
    "type": "Downtime",
    "cause": "UserInitiated",
}
SERVICE = {
    "title": "AKS: creates fail",
    "service": "Azure Kubernetes Service (AKS)",
    "region": "West Europe",
    "incidentType": "Incident",
    "trackingId": "TEST-TTT",
    "impactedServices": '[{"ServiceName":"Azure Kubernetes Service (AKS)"}]',
    "stage": "Active",
}
PROMETHEUS = {
    "interval": "PT1M",
    "expression": 'sum(rate(kubelet_runtime_operations_errors_total{cluster="aks-green"}[5m])) > 5',
    "expressionValue": "7.25",
    "for": "PT5M",
    "labels": {"alertname": "KubeletErrors", "cluster": "aks-green", "severity": "warning"},
    "annotations": {"summary": "Kubelet operations fail"},
    "ruleGroup": "/subscriptions/0/resourceGroups/g/providers/Microsoft.AlertsManagement/rules/r",
}
DETECTION = {
    "DetectionSummary": "A degradation in the dependency duration",
    "DetectedValue": "0.45 sec",
    "NormalValue": "0.27 sec (over the last 7 days)",
    "SmartDetectorId": "DependencyPerformanceDegradationDetector",
}
DELETED = {
    "authorization": {
        "action": "Microsoft.ContainerService/managedClusters/delete",
        "scope": GREEN.cluster_id,
    },
    "caller": "ada@contoso.com",
    "claims": '{"name":"Ada Lovelace"}',
    "channels": 1,
    "level": 3,
    "operationName": "Microsoft.ContainerService/managedClusters/delete",
    "status": "Succeeded",
}
SEARCH = {
    "SearchQuery": "requests | where resultCode == 500",
    "SearchIntervalStartTimeUtc": "3/22/2019 1:36:33 PM",
    "ResultCount": 12,
    "Threshold": 10,
    "Operator": "Greater Than",
    "Dimensions": [{"name": "cluster", "value": "aks-green"}],
}
LEARNT = criterion(
    operator="GreaterOrLessThan",
    threshold=...,
    alertSensitivity="Medium",
    failingPeriods={"numberOfEvaluationPeriods": 4, "minFailingPeriodsToAlert": 4},
    ignoreDataBefore=None,
)
COUNTED = criterion(
    metricName=...,
    searchQuery="AppRequests",
    metricMeasureColumn=None,
    threshold="0",
    timeAggregation="Count",
)

KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "metric, static": (
        alert(metric(criterion())),
        "too-slow fired on agw-green: FailedRequests (Total) of 57 is greater than 25",
    ),
    "metric, static, several resources": (
        alert(
            metric(
                criterion(dimensions=[{"name": "microsoft.resourceId", "value": GREEN.gateway_id}]),
                kind="MultipleResourceMultipleMetricCriteria",
            ),
            alertTargetIDs=[f"{SUBSCRIPTION}/resourceGroups/rg-network"],
        ),
        "too-slow fired on agw-green: FailedRequests (Total) of 57 is greater than 25",
    ),
    "metric, static, a fraction by dimension": (
        alert(metric(criterion(metricValue=7.727, dimensions=[{"name": "Listener", "value": "https"}]))),
        "too-slow fired on agw-green: FailedRequests (Total) of 7.727 is greater than 25 for Listener https",
    ),
    "metric, dynamic": (
        alert(metric(LEARNT, kind="DynamicThresholdCriteria")),
        (
            "too-slow fired on agw-green: FailedRequests (Total) of 57 is outside its usual range "
            "(learnt limit, medium sensitivity)"
        ),
    ),
    "availability test": (
        alert(
            metric(
                criterion(metricName="Failed Location", webTestName="home", threshold="2", metricValue=5),
                kind="WebtestLocationAvailabilityCriteria",
            )
        ),
        "too-slow fired on agw-green: availability test home, Failed Location (Total) of 5 is greater than 2",
    ),
    "log v2": (
        alert(metric(COUNTED, kind="LogQueryCriteria"), "Log Alerts V2", "Log"),
        "too-slow fired on agw-green: the query's count of 57 is greater than 0",
    ),
    "log v2 on a workspace, split by resource": (
        alert(
            metric({**COUNTED, "dimensions": [{"name": "_ResourceId", "value": GREEN.cluster_id}]}),
            "Log Alerts V2",
            "Log",
            alertTargetIDs=[WORKSPACE],
        ),
        "too-slow fired on aks-green: the query's count of 57 is greater than 0",
    ),
    "log v2 on a workspace, split by cluster": (
        alert(
            metric({**COUNTED, "dimensions": [{"name": "ClusterName", "value": "AKS-green"}]}),
            "Log Alerts V2",
            "Log",
            alertTargetIDs=[WORKSPACE],
        ),
        "too-slow fired on aks-green: the query's count of 57 is greater than 0 for ClusterName AKS-green",
    ),
    "log v1": (
        alert(SEARCH, "Application Insights", "Log", alertTargetIDs=[WORKSPACE]),
        "too-slow fired on aks-green: the query's results of 12 are greater than 10",
    ),
    "activity log": (
        alert(DELETED, "Activity Log - Administrative", "Activity Log", alertTargetIDs=[GREEN.cluster_id]),
        "too-slow fired on aks-green: Microsoft.ContainerService/managedClusters/delete succeeded",
    ),
    "activity log by its scope": (
        alert(DELETED, "Activity Log - Administrative", "ActivityLog", alertTargetIDs=None),
        "too-slow fired on aks-green: Microsoft.ContainerService/managedClusters/delete succeeded",
    ),
    "resource health": (
        alert({"properties": HEALTH, "status": "Active"}, "Resource Health", "Activity Log"),
        "too-slow fired on agw-green: its health is Unavailable, was Available (Rebooted, UserInitiated)",
    ),
    "resource health, spelt together": (
        alert({"properties": HEALTH}, "ResourceHealth", "ActivityLog", alertTargetIDs=[GREEN.gateway_id]),
        "too-slow fired on agw-green: its health is Unavailable, was Available (Rebooted, UserInitiated)",
    ),
    "Prometheus on the workspace": (
        alert(PROMETHEUS, "Prometheus", "Metric", alertTargetIDs=[WORKSPACE]),
        (
            "too-slow fired on aks-green: Kubelet operations fail "
            '(sum(rate(kubelet_runtime_operations_errors_total{cluster="aks-green"}[5m])) > 5 is 7.25)'
        ),
    ),
    "Prometheus on the cluster": (
        alert({**PROMETHEUS, "annotations": None}, "Prometheus", alertTargetIDs=[GREEN.cluster_id]),
        (
            "too-slow fired on aks-green: "
            'sum(rate(kubelet_runtime_operations_errors_total{cluster="aks-green"}[5m])) > 5 is 7.25'
        ),
    ),
    "smart detection": (
        alert(DETECTION, "SmartDetector", "Log"),
        (
            "too-slow fired on agw-green: A degradation in the dependency duration "
            "(0.45 sec, normally 0.27 sec (over the last 7 days))"
        ),
    ),
    "a kind of its own": (
        alert({"something": "else"}, "Brand New Service", "Traces"),
        "too-slow fired on agw-green: Answers are slow.",
    ),
    "no context at all": (alert(None, description=None), "too-slow fired on agw-green"),
    "a child of the cluster": (
        alert(metric(criterion()), alertTargetIDs=[f"{GREEN.cluster_id}/agentPools/pool1"]),
        "too-slow fired on pool1 of aks-green: FailedRequests (Total) of 57 is greater than 25",
    ),
}
