"""The gates of each pack, in the words of a fleet file, so that they are held to what people's gates are.

Sources: "T1: Deploy the green cluster" of the AKS blue-green guide for the three levels; Azure Monitor's
supported metrics of Microsoft.ContainerService/managedClusters, Microsoft.Network/applicationGateways and
Microsoft.Cdn/profiles.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from shared.fleet import SHARE_OF
from shared.fleet_file.pack_models import AnyPack, FrontDoorPack, GatewayPack, PlatformPack, SloHttpPack

Gate = dict[str, Any]
Questions = Mapping[str, list[Gate]]

READINGS = 100
"""Of so many of the newest readings `slo-http` counts how many were bad: the most that a gate can count."""

# A kubelet that is lost says nothing: after a while Kubernetes calls the node's condition unknown, and never
# false (kubernetes.io/docs/reference/node/node-status). The dimension `status2` (Ready, NotReady) was set for
# removal (github.com/Azure/AKS/issues/1997), and where it is gone a filter by it finds nothing. An `or` is
# between values of one dimension (azure-rest-api-specs: Microsoft.Insights 2024-02-01, metrics_API.json).
_NOT_READY = "condition eq 'Ready' and status eq 'false' or status eq 'unknown'"

# The agent of Container insights scrapes every kubelet by itself, once a minute, and keeps these counters of
# creating and removing containers and of pulling images (github.com/microsoft/Docker-Provider: telegraf.conf,
# main.sh, oms.go). A kubelet that never failed has no counter of errors, so that of all operations is the
# evidence; and a counter says what it grew by, of each node alone.
_KUBELET_ERRORS = """\
InsightsMetrics
| where Namespace == 'container.azm.ms/prometheus'
| where Name in ('kubelet_runtime_operations_total', 'kubelet_runtime_operations_errors_total')
| summarize total = max(Val) by Name, Tags, Minute = bin(TimeGenerated, 1m)
| sort by Name asc, Tags asc, Minute asc
| extend known = Name == prev(Name) and Tags == prev(Tags), grown = max_of(total - prev(total), 0.0)
| where known
| summarize value = sumif(grown, Name endswith 'errors_total') by TimeGenerated = Minute
| sort by TimeGenerated asc
"""
_SYSTEM = (
    "kube-system",
    "gatekeeper-system",
    "app-routing-system",
    "aks-istio-system",
    "aks-istio-ingress",
    "flux-system",
    "dapr-system",
)
"""Where AKS keeps what it deploys by default, and add-ons and extensions that have a place of their own."""
_SYSTEM_PODS = f"""\
KubePodInventory
| where Namespace in ({", ".join(f"'{each}'" for each in _SYSTEM)})
| summarize arg_max(TimeGenerated, PodStatus) by PodUid, Minute = bin(TimeGenerated, 1m)
| summarize value = countif(PodStatus !in ('Running', 'Succeeded')) by TimeGenerated = Minute
| project TimeGenerated, value
"""

# Both are of the minimal profile that managed Prometheus scrapes unless it is told otherwise
# (learn.microsoft.com/azure/azure-monitor/containers/prometheus-metrics-scrape-default).
_KUBELET_ERRORS_SERIES = (
    'sum(increase(kubelet_runtime_operations_errors_total{cluster="{cluster}"}[2m])) '
    'or 0 * sum(increase(kubelet_runtime_operations_total{cluster="{cluster}"}[2m]))'
)
_SYSTEM_PODS_SERIES = (
    f'sum(kube_pod_status_phase{{cluster="{{cluster}}",namespace=~"{"|".join(_SYSTEM)}",'
    'phase=~"Pending|Failed|Unknown"})'
)


class Around(NamedTuple):
    """What a pack must know of its fleet: whether users are moved step by step, and its levers' ARM ids."""

    ramps: bool = False
    levers: frozenset[str] = frozenset()


def gates_of(pack: AnyPack, around: Around = Around()) -> Questions:  # noqa: B008 - it is frozen
    """The pack's gates by the question that they are asked for. The levers' ids are in lower case."""
    if isinstance(pack, GatewayPack):
        return _gateway(pack)
    if isinstance(pack, FrontDoorPack):
        return _front_door(pack, around)
    return _slo_http(pack) if isinstance(pack, SloHttpPack) else _platform(pack)


def _platform(pack: PlatformPack) -> Questions:
    not_ready = {
        **_cluster("nodes-not-ready", 1, "kube_node_status_condition", "Total"),
        "filter": _NOT_READY,
        "max": 0,
    }
    used = [
        {**_cluster(name, level, metric, "Average"), "unit": "%", "max": limit}
        for name, level, metric, limit in (
            ("node-cpu", 1, "node_cpu_usage_percentage", 85),
            ("node-memory", 1, "node_memory_working_set_percentage", 85),
            ("api-server-cpu", 2, "apiserver_cpu_usage_percentage", 80),
            ("api-server-memory", 2, "apiserver_memory_usage_percentage", 80),
        )
    ]
    asked = {"source": "logs", "target": "cluster"}
    queries = (_KUBELET_ERRORS, _SYSTEM_PODS)
    if pack.prometheus is not None:
        asked = {"source": "prometheus", "endpoint": pack.prometheus}
        queries = (_KUBELET_ERRORS_SERIES, _SYSTEM_PODS_SERIES)
    inside = [
        {"name": name, "level": level, **asked, "query": query, "max": limit}
        for name, level, query, limit in (
            ("kubelet-errors", 2, queries[0], 10),
            ("system-pods-not-running", 3, queries[1], 0),
        )
    ]
    return {"platform": [not_ready, *used, *inside]}


def _cluster(name: str, level: int, metric: str, aggregation: str) -> Gate:
    return {
        "name": name,
        "level": level,
        "source": "metrics",
        "target": "cluster",
        "namespace": "Microsoft.ContainerService/managedClusters",
        "metric": metric,
        "aggregation": aggregation,
    }


def _gateway(pack: GatewayPack) -> Questions:
    latency = {
        **_of_gateway("backend-latency", "BackendLastByteResponseTime", "Average"),
        "unit": "ms",
        "max_over_baseline": pack.latency_over_baseline,
    }
    # One bad minute of few requests says little; a second one among the newest does.
    failed = {
        **_of_gateway("failed-requests", f"FailedRequests{SHARE_OF}TotalRequests", "Total"),
        "max": pack.failed_requests,
        "tolerance": {"failures": 1, "of": 5},
    }
    users = [
        failed,
        {**_of_gateway("unhealthy-hosts", "UnhealthyHostCount", "Average"), "max": 0},
    ]
    # Before the switch nobody sends requests through the candidate's gateway: a load gate would wait in vain.
    gates = [latency, *users]
    return {"switch": gates, "bake": gates}


def _of_gateway(name: str, metric: str, aggregation: str) -> Gate:
    return {
        "name": name,
        "source": "metrics",
        "target": "gateway",
        "namespace": "Microsoft.Network/applicationGateways",
        "metric": metric,
        "aggregation": aggregation,
    }


def _front_door(pack: FrontDoorPack, around: Around) -> Questions:
    health = _of_profile(pack, "origin-health", "OriginHealthPercentage", "%")
    health["min"] = pack.origin_health_percent
    is_lever = pack.profile.lower() in around.levers
    if is_lever:
        # The other slot's origin may be empty, which says nothing about this one.
        health["filter"] = "Origin eq '{member}'"
    errors = {**_of_profile(pack, "front-door-errors", "Percentage5XX", "%"), "max": pack.errors_percent}
    slow = {**_of_profile(pack, "front-door-latency", "TotalLatency", "ms"), "max": pack.latency_ms}
    # What names no slot speaks of both while only some users are on the candidate.
    whole = [errors, slow] if is_lever else [health, errors, slow]
    named = [health] if is_lever else []
    return {"switch": named if around.ramps else [*named, *whole], "bake": [*named, *whole]}


def _of_profile(pack: FrontDoorPack, name: str, metric: str, unit: str) -> Gate:
    return {
        "name": name,
        "source": "metrics",
        "target": "resource",
        "resource_id": pack.profile,
        "namespace": "Microsoft.Cdn/profiles",
        "metric": metric,
        "aggregation": "Average",
        "unit": unit,
    }


def _slo_http(pack: SloHttpPack) -> Questions:
    # One bad reading says nothing about an objective: one is tolerated, whatever the objective.
    failures = max(1, int((1 - pack.objective) * READINGS + 1e-9))
    asked = {
        "source": "http",
        "path": pack.path,
        "requests": 5,
        "tolerance": {"failures": failures, "of": READINGS},
    }
    gates = [
        {**asked, "name": "slot-availability", "measure": "failed_share", "max": 0},
        {**asked, "name": "slot-latency", "measure": "latency_ms", "max": pack.latency_ms},
    ]
    return dict.fromkeys(("functional", "switch", "bake"), gates)
