"""Log Analytics for the few tables that gates ask, one row a minute.

Decides what each table says of a cluster. Refuses to run KQL: the table's name at the start of a query
decides, and whatever follows it is taken to boil down to `TimeGenerated` and `value`, and to `requests` where
it gives that column. A gateway that slots share has the logs of the first of them alone. A workspace and a
component of Application Insights have those of all slots, or of the one whose cluster a query names. Every
id of a workspace's own (`/workspaces/GUID`) is a workspace's of the estate.

    KubePodInventory    pods of kube-system that are not Running
    KubeNodeInventory   nodes that are not Ready
    InsightsMetrics     failed kubelet operations
    AppRequests         share of failed requests, 0 to 1; no row for a minute without requests
    requests            the same, as Application Insights calls it
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

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
REQUESTS = ("requests", "long")
SHARED = re.compile(
    r"/workspaces/[0-9a-f-]{36}|/subscriptions/(?P<subscription>[^/]+)/resourceGroups/[^/]+/providers/"
    r"(Microsoft\.OperationalInsights/workspaces|Microsoft\.Insights/components)/[^/]+",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\brequests\s*=[^=]")


class Row(NamedTuple):
    """A minute; `requests` are the events behind the value, where the table counts some."""

    at: datetime
    value: float
    requests: float | None = None


class Table(Struct, frozen=True, kw_only=True):
    """A query's result: `columns` are (name, type) pairs, rows have as many of their values."""

    name: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]


class Logs:
    """Logs of clusters, and of what takes in those of several."""

    def __init__(self, estate: Estate, clusters: Clusters, traffic: Traffic) -> None:
        self._estate = estate
        self._traffic = traffic
        self._workloads = Workloads(estate, clusters)
        self._past: dict[tuple[tuple[SlotName, ...], str], dict[datetime, Row | None]] = {}
        self._tables: dict[str, Callable[[Slot, datetime], float | None]] = {
            "KubePodInventory": self._pods,
            "KubeNodeInventory": self._nodes,
            "InsightsMetrics": self._workloads.kubelet_errors,
            "AppRequests": self._failed_share,
            "requests": self._failed_share,
        }

    def query(self, resource_id: str, kql: str, since: datetime, until: datetime) -> Table:
        """One row for every complete, ingested minute in the window in which the cluster ran.

        Raises:
            ArmError: 400 `SEM0100` for a table that is not there, which the wire wraps in
                `BadArgumentError`; 404 `ResourceNotFound` for a resource that is none of the estate's.
        """
        slots = self._slots(resource_id, kql)
        if not slots:
            raise not_found("Microsoft.Resources/resources", name_of(resource_id), group_of(resource_id))
        found = TABLE.match(kql)
        name = found[1] if found else ""
        if name not in self._tables:
            what = f"'where' operator: Failed to resolve table or column expression named '{name}'"
            raise ArmError(400, "SEM0100", what)
        ingested = self._estate.now() - timedelta(seconds=self._estate.timings.logs_ingestion_seconds)
        past = self._past.setdefault((tuple(slot.name for slot in slots), name), {})
        rows = []
        start = floor_minute(since + MINUTE - timedelta.resolution)
        while start + MINUTE <= min(until, ingested):
            if start not in past:
                past[start] = self._row(slots, name, start)
            if (row := past[start]) is not None:
                rows.append(row)
            start += MINUTE
        columns = (*COLUMNS, REQUESTS) if _COUNTED.search(kql) else COLUMNS
        return Table(name="PrimaryResult", columns=columns, rows=tuple(rows))

    def _slots(self, resource_id: str, kql: str) -> tuple[Slot, ...]:
        shared = SHARED.fullmatch(resource_id)
        own = self._estate.fleet.subscription_id
        if shared is not None and (shared["subscription"] or own).lower() == own.lower():
            every = self._estate.fleet.slots
            return tuple(slot for slot in every if name_of(slot.cluster_id) in kql) or every
        slot = self._estate.slot_of_cluster(resource_id)
        return (slot,) if slot is not None else self._estate.slots_of_gateway(resource_id)[:1]

    def _row(self, slots: tuple[Slot, ...], table: str, start: datetime) -> Row | None:
        """What a table says of some slots together: shares by their requests, numbers as their sum."""
        found = [(slot, value) for slot in slots if (value := self._value(slot, table, start)) is not None]
        if not found:
            return None
        if self._tables[table] != self._failed_share:
            return Row(start, sum(value for _, value in found))
        counts = [self._traffic.minute(slot.name, start).requests for slot, _ in found]
        failed = sum(value * count for (_, value), count in zip(found, counts, strict=True))
        return Row(start, round(failed / sum(counts), 5), sum(counts))

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
