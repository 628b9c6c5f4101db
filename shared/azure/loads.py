"""How much slots' nodes use and can allocate, by AKS' platform metrics: the load that a way back must bear.

Decides how a cluster's numbers are put together. Use is told node by node, so it is asked for split by node
and summed: an average over the cluster would say nothing of how many nodes stand behind it. What can be
allocated is a number of the whole cluster without any dimension, which a filter by node would refuse; hence
two requests, the second once the first was answered. Judges nothing: nodes without data are left out of the
number of nodes, which the core compares.

Source: https://learn.microsoft.com/azure/aks/monitor-aks-reference (use in millicores and bytes: average, by
`node` and `nodepool`; allocatable in cores and bytes: average, without any dimension)
"""

from __future__ import annotations

from datetime import datetime
from math import fsum
from statistics import fmean

from shared.azure.metric_answers import Query, Result, results_of, values_by
from shared.azure.metrics import Metrics
from shared.azure.window import window
from shared.fleet import Fleet
from shared.loads import Load, LoadSeen, LoadState

_NAMESPACE = "Microsoft.ContainerService/managedClusters"
_USED = ("node_cpu_usage_millicores", "node_memory_working_set_bytes")
_ALLOCATABLE = ("kube_node_status_allocatable_cpu_cores", "kube_node_status_allocatable_memory_bytes")
_MILLI = 1000
_NODES_MAX = 1000
"""Azure Monitor tells of 10 series where nobody asks for more."""


class Loads:
    """The load of a fleet's clusters."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def observe(self, fleet: Fleet, probe: LoadState, now: datetime) -> LoadSeen:
        """What both clusters use and the safe one can allocate: two requests."""
        span = window(now, None, probe.window_seconds, fleet.traffic.ingestion_seconds)
        use = Query(_NAMESPACE, ",".join(_USED), "Average", "node eq '*'", span, series_max=_NODES_MAX)
        give = Query(_NAMESPACE, ",".join(_ALLOCATABLE), "Average", "", span)
        ids = {slot.name: slot.cluster_id.lower() for slot in fleet.named(probe.slots)}
        safe = fleet.slot(probe.safe).cluster_id.lower()
        used = results_of(await self._metrics.ask(fleet, use, ids.values()), use, set(ids.values()))
        loads = {slot: _load(used[cluster], use) for slot, cluster in ids.items()}
        given = results_of(await self._metrics.ask(fleet, give, [safe]), give, {safe})[safe]
        cores, memory_bytes = (_least(given, give, metric) for metric in _ALLOCATABLE)
        return LoadSeen({slot: load for slot, load in loads.items() if load is not None}, cores, memory_bytes)


def _load(result: Result, query: Query) -> Load | None:
    """The sum of the nodes' means, and of how many nodes both are known."""
    cores, memory = ([fmean(each) for each in values_by("node", result, query, metric)] for metric in _USED)
    nodes = min(len(cores), len(memory))
    return Load(fsum(cores) / _MILLI, fsum(memory), nodes) if nodes else None


def _least(result: Result, query: Query, metric: str) -> float | None:
    """What was there in every minute: a node that went is not counted on."""
    return min((min(values) for values in values_by("", result, query, metric)), default=None)
