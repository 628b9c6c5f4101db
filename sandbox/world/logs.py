"""Log Analytics for the few tables that gates ask, one row a minute.

Decides what each table says of a cluster. Refuses to run KQL: the table's name at the start of a query
decides, and whatever follows it is taken to boil down to `TimeGenerated` and `value`. A gateway that slots
share has the logs of the first of them alone.

    KubePodInventory    pods of kube-system that are not Running
    KubeNodeInventory   nodes that are not Ready
    InsightsMetrics     failed kubelet operations
    AppRequests         share of failed requests, 0 to 1; no row for a minute without requests
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct

from sandbox.world.clusters import Clusters
from sandbox.world.errors import ArmError, not_found
from sandbox.world.estate import Estate, group_of, name_of
from sandbox.world.traffic import MINUTE, Traffic, floor_minute
from sandbox.world.workloads import Workloads
from shared.fleet import Slot
from shared.levers import SlotName

TABLE = re.compile(r"^\s*(?:(?:let|set)\b[^;]*;\s*|//[^\n]*\n\s*)*(\w+)")
COLUMNS = (("TimeGenerated", "datetime"), ("value", "real"))


class Table(Struct, frozen=True, kw_only=True):
    """A query's result: `columns` are (name, type) pairs, rows hold `TimeGenerated` and `value`."""

    name: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[datetime, float], ...]


class Logs:
    """Logs of clusters."""

    def __init__(self, estate: Estate, clusters: Clusters, traffic: Traffic) -> None:
        self._estate = estate
        self._traffic = traffic
        self._workloads = Workloads(estate, clusters)
        self._past: dict[tuple[SlotName, str], dict[datetime, float | None]] = {}
        self._tables: dict[str, Callable[[Slot, datetime], float | None]] = {
            "KubePodInventory": self._pods,
            "KubeNodeInventory": self._nodes,
            "InsightsMetrics": self._workloads.kubelet_errors,
            "AppRequests": self._failed_share,
        }

    def query(self, resource_id: str, kql: str, since: datetime, until: datetime) -> Table:
        """One row for every complete, ingested minute in the window in which the cluster ran.

        Raises:
            ArmError: 400 `SEM0100` for a table that is not there, which the wire wraps in
                `BadArgumentError`; 404 `ResourceNotFound` for a resource that is none of the estate's.
        """
        slot = self._slot(resource_id)
        if slot is None:
            raise not_found("Microsoft.Resources/resources", name_of(resource_id), group_of(resource_id))
        found = TABLE.match(kql)
        name = found[1] if found else ""
        if name not in self._tables:
            what = f"'where' operator: Failed to resolve table or column expression named '{name}'"
            raise ArmError(400, "SEM0100", what)
        ingested = self._estate.now() - timedelta(seconds=self._estate.timings.logs_ingestion_seconds)
        past = self._past.setdefault((slot.name, name), {})
        rows = []
        start = floor_minute(since + MINUTE - timedelta.resolution)
        while start + MINUTE <= min(until, ingested):
            if start not in past:
                past[start] = self._value(slot, name, start)
            if (value := past[start]) is not None:
                rows.append((start, value))
            start += MINUTE
        return Table(name="PrimaryResult", columns=COLUMNS, rows=tuple(rows))

    def _slot(self, resource_id: str) -> Slot | None:
        slot = self._estate.slot_of_cluster(resource_id)
        return slot or next(iter(self._estate.slots_of_gateway(resource_id)), None)

    def _value(self, slot: Slot, table: str, start: datetime) -> float | None:
        """What a table says of a minute that is known: nothing that comes later changes it."""
        return self._tables[table](slot, start) if self._workloads.ran_through(slot, start) else None

    def _pods(self, slot: Slot, _start: datetime) -> float | None:
        return float(sum(pod.phase != "Running" for pod in self._workloads.pods(slot)))

    def _nodes(self, slot: Slot, start: datetime) -> float | None:
        return float(sum(not node.ready for node in self._workloads.nodes(slot, start)))

    def _failed_share(self, slot: Slot, start: datetime) -> float | None:
        minute = self._traffic.minute(slot.name, start)
        return round(minute.failed / minute.requests, 5) if minute.requests else None
