"""Managed Prometheus for the few series that gates ask, a value for the minute before each moment.

Decides what each series says of a cluster. Refuses to run PromQL: the first series that a query names
decides, its matchers on the label `cluster` say whose it is, and whatever is around it is taken to boil down
to one number. A query that names no cluster has a series for each.

    kubelet_runtime_operations_errors_total   failed kubelet operations
    kube_pod_status_phase                     pods of kube-system that are not Running
    http_requests_total                       share of failed requests, 0 to 1; NaN where there were none
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct

from sandbox.world.clusters import Clusters
from sandbox.world.errors import ArmError
from sandbox.world.estate import Estate, name_of
from sandbox.world.traffic import MINUTE, Traffic, floor_minute
from sandbox.world.workloads import Workloads
from shared.fleet import Slot

BAD_DATA = "bad_data"
_NAME = re.compile(r"[A-Za-z_:][\w:]*")
_MATCHER = re.compile(r'\bcluster\s*(=~|=)\s*"([^"]*)"')
_TEXT = re.compile(r'"[^"\n]*"')


class Series(Struct, frozen=True):
    """One series, its `points` oldest first."""

    labels: dict[str, str]
    points: tuple[tuple[datetime, float], ...]


class Prometheus:
    """A workspace that takes in what both clusters say."""

    def __init__(self, estate: Estate, clusters: Clusters, traffic: Traffic) -> None:
        self._estate = estate
        self._traffic = traffic
        self._workloads = Workloads(estate, clusters)
        self._values: dict[str, Callable[[Slot, datetime], float]] = {
            "kubelet_runtime_operations_errors_total": self._workloads.kubelet_errors,
            "kube_pod_status_phase": self._pods,
            "http_requests_total": self._failed_share,
        }

    def query(self, promql: str, since: datetime, until: datetime, step: timedelta) -> tuple[Series, ...]:
        """A series for each cluster that is meant and ran, from `since` to `until`, both included.

        Raises:
            ArmError: 400 `bad_data` for a query that cannot be parsed.
        """
        _expect_closed(promql)
        name = next((each for each in _NAME.findall(promql) if each in self._values), None)
        if name is None:
            return ()
        matchers = _MATCHER.findall(promql)
        meant = (slot for slot in self._estate.fleet.slots if _matches(slot, matchers))
        found = (self._series(name, slot, since, until, step) for slot in meant)
        return tuple(each for each in found if each.points)

    def _series(self, name: str, slot: Slot, since: datetime, until: datetime, step: timedelta) -> Series:
        known_until = self._estate.now() - timedelta(seconds=self._estate.timings.metrics_ingestion_seconds)
        points = []
        at = since
        while at <= min(until, known_until):
            minute = floor_minute(at - MINUTE)
            if self._workloads.ran_through(slot, minute):
                points.append((at, self._values[name](slot, minute)))
            at += step
        return Series({"cluster": name_of(slot.cluster_id)}, tuple(points))

    def _pods(self, slot: Slot, _start: datetime) -> float:
        return float(sum(pod.phase != "Running" for pod in self._workloads.pods(slot)))

    def _failed_share(self, slot: Slot, start: datetime) -> float:
        minute = self._traffic.minute(slot.name, start)
        return round(minute.failed / minute.requests, 5) if minute.requests else float("nan")


def _matches(slot: Slot, matchers: list[tuple[str, str]]) -> bool:
    name = name_of(slot.cluster_id)
    return all(re.fullmatch(wanted, name) if sign == "=~" else name == wanted for sign, wanted in matchers)


def _expect_closed(promql: str) -> None:
    bare = _TEXT.sub("", promql)
    if '"' in bare or any(bare.count(a) != bare.count(b) for a, b in ("()", "[]", "{}")):
        raise ArmError(400, BAD_DATA, f"invalid parameter 'query': parse error in {promql!r}")
