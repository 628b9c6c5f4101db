"""Azure Monitor's platform metrics of the estate, worked out when asked, one bucket a minute.

Decides which buckets have a value, and how time series are filtered, split and aggregated. Refuses to know
where the numbers come from (`metric_sources`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import NamedTuple

from msgspec import Struct

from sandbox.world.balancer_metrics import metrics_of
from sandbox.world.balancers import TYPES
from sandbox.world.clusters import Clusters
from sandbox.world.errors import ArmError, not_found
from sandbox.world.estate import Estate, group_of, name_of
from sandbox.world.metric_filter import Filter, parse_filter
from sandbox.world.metric_sources import Metric, MetricSources, Point
from sandbox.world.traffic import MINUTE, Traffic, floor_minute
from sandbox.world.workloads import Workloads
from shared.fleet import Slot

CLUSTERS = "Microsoft.ContainerService/managedClusters"
GATEWAYS = "Microsoft.Network/applicationGateways"


class Bucket(Struct, frozen=True, kw_only=True):
    """One minute of a metric, `at` its start. All numbers are None where there is no value."""

    at: datetime
    total: float | None = None
    average: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    count: float | None = None


Minute = dict[tuple[str, ...], Bucket]
"""The buckets of one minute, by the values of the dimensions that a filter names."""


class Series(Struct, frozen=True, kw_only=True):
    """One time series; `dimensions` are those that the filter named."""

    dimensions: Mapping[str, str]
    buckets: tuple[Bucket, ...]


class MetricAnswer(Struct, frozen=True, kw_only=True):
    """A metric's answer. `unit` is Azure's (`Count`, `Percent`, `MilliSeconds`)."""

    name: str
    namespace: str
    unit: str
    series: tuple[Series, ...]


class _Asked(NamedTuple):
    """A question that may be asked, and what was found out about it for good. Slots may share a gateway."""

    slots: tuple[Slot, ...]
    namespace: str
    name: str
    metric: Metric
    wanted: Filter
    split: tuple[str, ...]
    past: dict[datetime, Minute]
    steady: dict[tuple[str, ...], list[Point]] | None


class Metrics:
    """Metrics of clusters, gateways and the balancers that lie in no region."""

    def __init__(self, estate: Estate, clusters: Clusters, traffic: Traffic) -> None:
        self._estate = estate
        self._workloads = Workloads(estate, clusters)
        self._traffic = traffic
        self._sources = MetricSources(estate, clusters, traffic)
        self._asked: dict[tuple[str, str, str], _Asked] = {}

    def query(
        self, resource_id: str, name: str, since: datetime, until: datetime, filter_text: str = ""
    ) -> MetricAnswer:
        """The buckets that start in [since floored to its minute, until), each with all aggregations.

        A bucket in which the cluster did not run, or which is newer than the ingestion delay, has no value.
        Without a filter there is one series; with one, a series for each combination of the dimensions that
        it names, and none where nothing meets it.

        Raises:
            ArmError: 400 `BadRequest` for an unknown metric, dimension or filter, 404 `ResourceNotFound` for
                a resource that is none of the estate's.
        """
        asked = self._asked.get((resource_id, name, filter_text))
        if asked is None:
            asked = self._ask(resource_id, name, filter_text)
            self._asked[resource_id, name, filter_text] = asked
        split, past = asked.split, asked.past
        known_until = self._estate.now() - timedelta(seconds=self._estate.timings.metrics_ingestion_seconds)
        minutes: list[tuple[datetime, Minute]] = []
        for start in _minutes(since, until):
            minute = past.get(start)
            if minute is None:
                minute = {}
                if start + MINUTE <= known_until:
                    minute = past[start] = self._minute(asked, start)
            minutes.append((start, minute))
        keys = sorted({key for _, minute in minutes for key in minute}) or [()] * (not split)
        series = tuple(
            Series(
                dimensions=dict(zip(split, key, strict=True)),
                buckets=tuple(minute.get(key) or Bucket(at=start) for start, minute in minutes),
            )
            for key in keys
        )
        return MetricAnswer(name=asked.name, namespace=asked.namespace, unit=asked.metric.unit, series=series)

    def _ask(self, resource_id: str, name: str, filter_text: str) -> _Asked:
        slots, namespace, metrics = self._target(resource_id)
        canonical, metric = _metric(metrics, namespace, name)
        wanted = parse_filter(filter_text)
        _check_dimensions(canonical, metric, wanted)
        split = tuple(each for each in metric.dimensions if each.lower() in wanted.names)
        steady = None
        if metric.steady:
            steady = _grouped(_points(metric, slots, self._estate.started_at), wanted, split)
        return _Asked(slots, namespace, canonical, metric, wanted, split, {}, steady)

    def _target(self, resource_id: str) -> tuple[tuple[Slot, ...], str, Mapping[str, Metric]]:
        if (slot := self._estate.slot_of_cluster(resource_id)) is not None:
            return (slot,), CLUSTERS, self._sources.of_cluster
        if slots := self._estate.slots_of_gateway(resource_id):
            return slots, GATEWAYS, self._sources.of_gateway
        for balancer in self._estate.fleet.balancers:
            if balancer.resource_id.lower() == resource_id.lower():
                return self._estate.fleet.slots, TYPES[balancer.kind], metrics_of(balancer, self._traffic)
        raise not_found("Microsoft.Resources/resources", name_of(resource_id), group_of(resource_id))

    def _minute(self, asked: _Asked, start: datetime) -> Minute:
        """What the metric's series said in a minute that is known: nothing that comes later changes it."""
        if asked.namespace == CLUSTERS and not self._workloads.ran_through(asked.slots[0], start):
            return {}
        points = asked.steady if not self._estate.faults.scalings else None
        if points is None:
            points = _grouped(_points(asked.metric, asked.slots, start), asked.wanted, asked.split)
        return {key: _bucket(start, found) for key, found in points.items()}


def _points(metric: Metric, slots: tuple[Slot, ...], start: datetime) -> Iterator[Point]:
    return chain.from_iterable(metric.points(slot, start) for slot in slots)


def _grouped(
    points: Iterable[Point], wanted: Filter, split: tuple[str, ...]
) -> dict[tuple[str, ...], list[Point]]:
    """The points that a filter wants, by the values of the dimensions that it names."""
    found: dict[tuple[str, ...], list[Point]] = {}
    for point in points:
        if wanted.holds(point.dimensions):
            found.setdefault(tuple(point.dimensions[each] for each in split), []).append(point)
    return found


def _metric(metrics: Mapping[str, Metric], namespace: str, name: str) -> tuple[str, Metric]:
    for canonical, metric in metrics.items():
        if canonical.lower() == name.lower():
            return canonical, metric
    provider, _, kind = namespace.partition("/")
    raise ArmError(
        400,
        "BadRequest",
        f"Failed to find metric configuration for provider: {provider}, resource Type: {kind}, "
        f"metric: {name}, Valid metrics: {','.join(metrics)}",
    )


def _check_dimensions(name: str, metric: Metric, wanted: Filter) -> None:
    unknown = wanted.names - {each.lower() for each in metric.dimensions}
    if unknown:
        raise ArmError(
            400,
            "BadRequest",
            f"Metric: {name} does not support requested dimension combination: {','.join(sorted(unknown))}, "
            f"supported ones are: {','.join(metric.dimensions)}",
        )


def _minutes(since: datetime, until: datetime) -> tuple[datetime, ...]:
    first = floor_minute(since)
    count = max(0, -((first - until) // MINUTE))
    return tuple(first + MINUTE * i for i in range(count))


def _bucket(start: datetime, points: list[Point]) -> Bucket:
    total = sum(point.total for point in points)
    count = sum(point.observations for point in points)
    return Bucket(
        at=start,
        total=round(total, 4),
        average=round(total / count, 4),
        minimum=round(min(point.minimum for point in points), 4),
        maximum=round(max(point.maximum for point in points), 4),
        count=count,
    )
