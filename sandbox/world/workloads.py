"""What runs on a cluster: its nodes, the pods of kube-system and how well they are.

Decides names and states of nodes and pods, and the kubelets' errors. Refuses to know metrics and tables.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sandbox.world.clusters import Clusters
from sandbox.world.estate import Estate
from shared.fleet import Slot
from shared.levers import SlotName

BAD_NODES = 2
SYSTEM_PODS = (
    "coredns-0",
    "coredns-1",
    "konnectivity-agent-0",
    "konnectivity-agent-1",
    "metrics-server-0",
    "metrics-server-1",
    "kube-proxy-0",
    "kube-proxy-1",
    "kube-proxy-2",
    "azure-cns-0",
    "azure-cns-1",
    "azure-cns-2",
)
BAD_PHASES = {
    "coredns-1": "Pending",
    "konnectivity-agent-0": "Failed",
    "metrics-server-0": "Pending",
    "metrics-server-1": "Failed",
}


class Node(NamedTuple):
    """A node of a cluster."""

    name: str
    ready: bool


class Pod(NamedTuple):
    """A pod of a cluster; `phase` is Kubernetes' `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`."""

    namespace: str
    name: str
    phase: str


class Workloads:
    """Nodes and system pods of every cluster that runs."""

    def __init__(self, estate: Estate, clusters: Clusters) -> None:
        self._estate = estate
        self._clusters = clusters
        self._nodes: dict[tuple[SlotName, int], tuple[Node, ...]] = {}

    def nodes(self, slot: Slot, at: datetime) -> tuple[Node, ...]:
        """The nodes of the slot's cluster at an instant in which it runs."""
        count = self._estate.nodes_of(slot.name, at)
        if (slot.name, count) not in self._nodes:
            self._nodes[slot.name, count] = self._made(slot, count)
        return self._nodes[slot.name, count]

    def _made(self, slot: Slot, count: int) -> tuple[Node, ...]:
        pool = f"aks-nodepool1-{int(self._estate.chance('pool', slot.name) * 90_000_000) + 10_000_000}-vmss"
        bad = BAD_NODES if self._clusters.nodes_bad(slot) else 0
        return tuple(Node(f"{pool}{i:06d}", i >= bad) for i in range(count))

    def pods(self, slot: Slot) -> tuple[Pod, ...]:
        """The pods in kube-system of the slot's cluster."""
        phases = BAD_PHASES if self._clusters.nodes_bad(slot) else {}
        return tuple(Pod("kube-system", name, phases.get(name, "Running")) for name in SYSTEM_PODS)

    def ran_through(self, slot: Slot, start: datetime) -> bool:
        """Whether the slot's cluster ran from the first to the last moment of a minute."""
        last = start + timedelta(seconds=60) - timedelta.resolution
        return all(self._clusters.runs(slot.cluster_id, at) for at in (start, last))

    def kubelet_errors(self, slot: Slot, start: datetime) -> float:
        """Failed kubelet operations in a minute: a rare one is normal."""
        if self._clusters.nodes_bad(slot):
            return float(40 + int(20 * self._estate.chance("kubelet", slot.name, start)))
        return float(self._estate.chance("kubelet", slot.name, start) < 0.1)
