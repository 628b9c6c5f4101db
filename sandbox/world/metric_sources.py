"""Which metrics there are, and what each of their time series said in one minute.

Decides names, units, dimensions and values. Refuses to know windows, filters and aggregations (`metrics`).
Sources: the tables of supported metrics of `Microsoft.ContainerService/managedClusters` and
`Microsoft.Network/applicationGateways` on learn.microsoft.com.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from sandbox.world.clusters import Clusters
from sandbox.world.estate import NODES, Estate
from sandbox.world.traffic import MINUTE, Traffic
from sandbox.world.workloads import BAD_NODES, Workloads
from shared.fleet import Slot

PHASES = ("Pending", "Running", "Succeeded", "Failed", "Unknown")
STATUSES = ("true", "false", "unknown")
HEALTH_CONDITIONS = ("MemoryPressure", "DiskPressure", "PIDPressure")
STATUS_GROUPS = ("1xx", "2xx", "3xx", "4xx", "5xx")
INSTANCES = 2
"""Of a gateway: Azure's least for one that is to be available."""

MILLICORES, ALLOCATABLE_CORES = 4000.0, 3.86
MEMORY_BYTES, ALLOCATABLE_BYTES = 16 * 1024.0**3, 12.9 * 1024.0**3
"""Of a node with 4 processors and 16 GiB, less what AKS keeps for itself."""


class Point(NamedTuple):
    """What one time series said in a minute; `total` is the sum of its `observations`."""

    dimensions: dict[str, str]
    total: float
    observations: float
    minimum: float
    maximum: float


Points = Callable[[Slot, datetime], Iterator[Point]]


class Metric(NamedTuple):
    """A metric: Azure's unit, its dimensions, and its points of one slot and minute.

    What a `steady` metric says of a slot is the same in every minute, as long as nobody scales it.
    """

    unit: str
    dimensions: tuple[str, ...]
    points: Points
    steady: bool = False


class MetricSources:
    """The metrics of clusters and of gateways, by their Azure names."""

    def __init__(self, estate: Estate, clusters: Clusters, traffic: Traffic) -> None:
        self._estate = estate
        self._clusters = clusters
        self._traffic = traffic
        self._workloads = Workloads(estate, clusters)
        self.of_cluster = self._of_cluster()
        self.of_gateway = self._of_gateway()

    def _of_cluster(self) -> dict[str, Metric]:
        percent = {
            "apiserver_cpu_usage_percentage": 11.0,
            "apiserver_memory_usage_percentage": 34.0,
            "etcd_cpu_usage_percentage": 6.0,
            "etcd_memory_usage_percentage": 21.0,
            "etcd_database_usage_percentage": 4.0,
        }
        processors = self._nodes("node_cpu_usage_percentage", 18.0, 12.0)
        memory = self._nodes("node_memory_working_set_percentage", 41.0, 2.0)
        by_node = ("node", "nodepool")
        return {
            "node_cpu_usage_percentage": Metric("Percent", by_node, processors),
            "node_cpu_usage_millicores": Metric("MilliCores", by_node, _of(MILLICORES, processors)),
            "node_memory_working_set_percentage": Metric("Percent", by_node, memory),
            "node_memory_working_set_bytes": Metric("Bytes", by_node, _of(MEMORY_BYTES, memory)),
            "kube_node_status_allocatable_cpu_cores": Metric("Count", (), self._given(ALLOCATABLE_CORES)),
            "kube_node_status_allocatable_memory_bytes": Metric("Bytes", (), self._given(ALLOCATABLE_BYTES)),
            "kube_node_status_condition": Metric(
                "Count", ("condition", "status", "status2", "node"), self._node_conditions, steady=True
            ),
            "kube_pod_status_phase": Metric(
                "Count", ("phase", "namespace", "pod"), self._pod_phases, steady=True
            ),
            "kube_pod_status_ready": Metric(
                "Count", ("namespace", "pod", "condition"), self._pods_ready, steady=True
            ),
            **{
                name: Metric("Percent", (), self._control_plane(name, base)) for name, base in percent.items()
            },
        }

    def _of_gateway(self) -> dict[str, Metric]:
        pool, listener = ("BackendSettingsPool",), ("Listener",)
        backend = ("Listener", "BackendServer", "BackendPool", "BackendHttpSetting")
        return {
            "TotalRequests": Metric("Count", pool, self._requests),
            "CurrentConnections": Metric("Count", (), self._connections),
            "FailedRequests": Metric("Count", pool, self._failed_requests),
            "ResponseStatus": Metric("Count", ("HttpStatusGroup",), self._response_status),
            "BackendLastByteResponseTime": Metric("MilliSeconds", backend, self._latency(backend, 0.0)),
            "ApplicationGatewayTotalTime": Metric("MilliSeconds", listener, self._latency(listener, 6.0)),
            "HealthyHostCount": Metric("Count", pool, self._healthy_hosts),
            "UnhealthyHostCount": Metric("Count", pool, self._unhealthy_hosts),
        }

    def _node_conditions(self, slot: Slot, start: datetime) -> Iterator[Point]:
        for node in self._workloads.nodes(slot, start):
            for condition in ("Ready", *HEALTH_CONDITIONS):
                holds = node.ready if condition == "Ready" else False
                for status in STATUSES:
                    dimensions = {
                        "condition": condition,
                        "status": status,
                        "status2": condition if status == "true" else f"Not{condition}",
                        "node": node.name,
                    }
                    yield _gauge(dimensions, float(status == str(holds).lower()))

    def _pod_phases(self, slot: Slot, _start: datetime) -> Iterator[Point]:
        for pod in self._workloads.pods(slot):
            for phase in PHASES:
                dimensions = {"phase": phase, "namespace": pod.namespace, "pod": pod.name}
                yield _gauge(dimensions, float(pod.phase == phase))

    def _pods_ready(self, slot: Slot, _start: datetime) -> Iterator[Point]:
        for pod in self._workloads.pods(slot):
            ready = str(pod.phase == "Running").lower()
            for status in STATUSES:
                dimensions = {"namespace": pod.namespace, "pod": pod.name, "condition": status}
                yield _gauge(dimensions, float(status == ready))

    def _control_plane(self, name: str, base: float) -> Points:
        def points(slot: Slot, start: datetime) -> Iterator[Point]:
            yield _spread({}, self._wobble(base, name, slot, start))

        return points

    def _nodes(self, name: str, idle: float, more: float) -> Points:
        """Percent of each node: `more` beside `idle` for the usual users on as many nodes as is usual."""

        def points(slot: Slot, start: datetime) -> Iterator[Point]:
            nodes = self._workloads.nodes(slot, start)
            busy = self._traffic.minute(slot.name, start).requests / self._estate.timings.requests_per_minute
            for node in nodes:
                if node.ready:
                    used = idle + more * busy * NODES / len(nodes)
                    value = self._wobble(min(used, 90.0), f"{name} {node.name}", slot, start)
                    yield _spread({"node": node.name, "nodepool": "nodepool1"}, value)

        return points

    def _given(self, each: float) -> Points:
        def points(slot: Slot, start: datetime) -> Iterator[Point]:
            yield _gauge({}, each * self._estate.nodes_of(slot.name, start))

        return points

    def _connections(self, slot: Slot, start: datetime) -> Iterator[Point]:
        behind = self._estate.slots_of_gateway(slot.gateway_id)
        if slot == behind[0]:
            # A gateway that slots share counts its connections once, and does not tell whose they are. Its
            # instances tell theirs one by one: only the sum of a minute says how many there are.
            held = sum(self._traffic.connections(each.name, start) for each in behind)
            yield Point({}, held, INSTANCES, held / INSTANCES, held / INSTANCES)

    def _requests(self, slot: Slot, start: datetime) -> Iterator[Point]:
        yield _gauge(self._pool(slot), self._traffic.minute(slot.name, start).requests)

    def _failed_requests(self, slot: Slot, start: datetime) -> Iterator[Point]:
        yield _gauge(self._pool(slot), self._traffic.minute(slot.name, start).failed)

    def _response_status(self, slot: Slot, start: datetime) -> Iterator[Point]:
        minute = self._traffic.minute(slot.name, start)
        counts = {"2xx": minute.requests - minute.failed, "5xx": minute.failed}
        for group in STATUS_GROUPS:
            yield _gauge({"HttpStatusGroup": group}, counts.get(group, 0.0))

    def _latency(self, names: tuple[str, ...], more_ms: float) -> Points:
        def points(slot: Slot, start: datetime) -> Iterator[Point]:
            requests = self._traffic.minute(slot.name, start).requests
            if requests and self._clusters.runs(slot.cluster_id, start):
                mean = self._traffic.latency_ms(slot, start) + more_ms
                dimensions = {name: f"{name.lower()}-{slot.name}" for name in names}
                if "BackendPool" in names:
                    dimensions["BackendPool"] = self._estate.pool_of(slot.name)
                yield Point(dimensions, mean * requests, requests, mean * 0.4, mean * 2.5)

        return points

    def _healthy_hosts(self, slot: Slot, start: datetime) -> Iterator[Point]:
        yield _gauge(self._pool(slot), float(NODES - self._bad_hosts(slot, start)))

    def _unhealthy_hosts(self, slot: Slot, start: datetime) -> Iterator[Point]:
        yield _gauge(self._pool(slot), float(self._bad_hosts(slot, start)))

    def _bad_hosts(self, slot: Slot, start: datetime) -> int:
        if not self._clusters.runs(slot.cluster_id, start + MINUTE / 2):
            return NODES
        return BAD_NODES if self._clusters.nodes_bad(slot) else 0

    def _pool(self, slot: Slot) -> dict[str, str]:
        return {"BackendSettingsPool": f"{self._estate.pool_of(slot.name)}~settings-{slot.name}"}

    def _wobble(self, base: float, name: str, slot: Slot, start: datetime) -> float:
        return base * (0.9 + 0.2 * self._estate.chance(name, slot.name, start))


def _of(whole: float, percent: Points) -> Points:
    """What so many percent of it are."""

    def points(slot: Slot, start: datetime) -> Iterator[Point]:
        for each in percent(slot, start):
            yield each._replace(
                total=each.total * whole / 100,
                minimum=each.minimum * whole / 100,
                maximum=each.maximum * whole / 100,
            )

    return points


def _gauge(dimensions: dict[str, str], value: float) -> Point:
    return Point(dimensions, value, 1, value, value)


def _spread(dimensions: dict[str, str], mean: float) -> Point:
    return Point(dimensions, mean * 2, 2, mean * 0.9, mean * 1.1)
