"""Platform metrics through azure-monitor-querymetrics: gate readings, and each slot's share of the traffic.

Decides which minutes are asked for and which answers share a request. Judges nothing: a minute without data
is a sample without a value, and a resource without data has no samples, never a zero.

Source: https://learn.microsoft.com/azure/azure-monitor/metrics/migrate-to-batch-api
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from math import fsum
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from shared.azure.connection import Connection, metrics_audience
from shared.azure.errors import ours
from shared.azure.window import Window, resource_of, window
from shared.errors import Refused, Retry
from shared.fleet import Fleet
from shared.model import Sample
from shared.probes import Answer, GateReading, Reading, TrafficSeen, TrafficShare, Unavailable

if TYPE_CHECKING:
    from azure.monitor.querymetrics import MetricsQueryResult
    from azure.monitor.querymetrics.aio import MetricsClient

_SERIES_MAX = 100
_METRICS = "/providers/microsoft.insights/metrics/"
_TOGETHER: Mapping[str, Callable[[list[float]], float]] = {
    "average": fmean,
    "count": fsum,
    "maximum": max,
    "minimum": min,
    "total": fsum,
}


class Query(NamedTuple):
    """One request: everything but the resources, which may be all of one type in one region (at most 50)."""

    namespace: str
    metric: str
    aggregation: str
    filter: str
    window: Window

    def __str__(self) -> str:
        where = f" where {self.filter}" if self.filter else ""
        return f"{self.namespace} {self.metric} {self.aggregation} PT1M{where}"


class Metrics:
    """The metrics of a fleet's clusters and gateways."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def observe(
        self, fleet: Fleet, probes: tuple[GateReading, ...], now: datetime
    ) -> Mapping[GateReading, Answer]:
        """Every reading; probes of the same question on several slots share a request."""
        answers: dict[GateReading, Answer] = {}
        groups: dict[Query, list[tuple[GateReading, str]]] = {}
        for probe in probes:
            try:
                asked = probe, resource_of(fleet.slot(probe.slot), probe.gate.target)
                groups.setdefault(_query(probe, now), []).append(asked)
            except Refused as refusal:
                answers[probe] = Unavailable(because=f"{probe.gate.name}: {refusal}")
        for group in await asyncio.gather(*(self._group(fleet, q, asked) for q, asked in groups.items())):
            answers.update(group)
        return answers

    async def share(self, fleet: Fleet, probe: TrafficShare, now: datetime) -> TrafficSeen:
        """The requests that each slot's gateway served: one request for all slots."""
        traffic = fleet.traffic
        span = window(now, probe.since, probe.window_seconds, traffic.ingestion_seconds)
        query = Query(traffic.namespace, traffic.metric, "Total", "", span)
        samples = await self._samples(fleet, query, [slot.gateway_id for slot in fleet.slots])
        requests: dict[str, float] = {}
        for slot in fleet.slots:
            values = [each.value for each in samples[slot.gateway_id.lower()] if each.value is not None]
            if values:
                requests[slot.name] = sum(values)
        return TrafficSeen(requests=requests, minutes=span.minutes)

    async def _group(
        self, fleet: Fleet, query: Query, asked: list[tuple[GateReading, str]]
    ) -> Mapping[GateReading, Answer]:
        try:
            with ours(str(query)):
                samples = await self._samples(fleet, query, sorted({resource_id for _, resource_id in asked}))
        except Retry as error:
            return {probe: Unavailable(str(error), error.after_seconds) for probe, _ in asked}
        except Refused as error:
            return {probe: Unavailable(str(error)) for probe, _ in asked}
        since, until = query.window
        return {
            probe: Reading(samples=samples[resource_id.lower()], source=str(query), since=since, until=until)
            for probe, resource_id in asked
        }

    async def _samples(
        self, fleet: Fleet, query: Query, resource_ids: list[str]
    ) -> dict[str, tuple[Sample, ...]]:
        """The samples of each resource, by its id in lower case. An empty window asks nobody."""
        samples: dict[str, tuple[Sample, ...]] = {each.lower(): () for each in resource_ids}
        if query.window.empty:
            return samples
        results = await self._client(fleet).query_resources(
            resource_ids=resource_ids,
            metric_namespace=query.namespace,
            metric_names=[query.metric],
            timespan=query.window,
            granularity=timedelta(minutes=1),
            aggregations=[query.aggregation],
            filter=query.filter or None,
            max_results=_SERIES_MAX if query.filter else None,
        )
        for result in results:
            samples.update(samples_of(result, query))
        return samples

    def _client(self, fleet: Fleet) -> MetricsClient:
        from azure.monitor.querymetrics.aio import MetricsClient

        connection = self._connection
        endpoint = connection.metrics_endpoint.replace("{location}", fleet.location)
        return connection.client(
            (MetricsClient, endpoint),
            lambda options: MetricsClient(
                endpoint,
                connection.credential(),
                audience=metrics_audience(endpoint),
                retry_policy=connection.retry_policy(),
                **options,
            ),
        )


def samples_of(result: MetricsQueryResult, query: Query) -> dict[str, tuple[Sample, ...]]:
    """The samples in one result by resource id in lower case, one a minute, oldest first.

    The series of a metric that the filter splits are put together again as Azure Monitor would. The SDK drops
    the result's own resource id; the id of the metric begins with it.
    """
    found: dict[str, tuple[Sample, ...]] = {}
    aggregation = query.aggregation.lower()
    for metric in result.metrics:
        resource_id, _, _ = metric.id.lower().partition(_METRICS)
        minutes: dict[datetime, list[float]] = {}
        for point in (point for series in metric.timeseries for point in series.data):
            if query.window.since <= point.timestamp < query.window.until:
                values = minutes.setdefault(point.timestamp.astimezone(UTC), [])
                value = getattr(point, aggregation, None)
                values.extend([] if value is None else [float(value)])
        found[resource_id] = tuple(
            Sample(at=at, value=_TOGETHER[aggregation](values) if values else None)
            for at, values in sorted(minutes.items())
        )
    return found


def _query(probe: GateReading, now: datetime) -> Query:
    gate = probe.gate
    span = window(now, probe.since, gate.window_seconds, gate.ingestion_seconds)
    aggregation = gate.aggregation.capitalize() or "Average"
    if aggregation.lower() not in _TOGETHER:
        raise Refused(f"{gate.aggregation!r} is not an aggregation of Azure Monitor")
    return Query(gate.namespace, gate.metric, aggregation, gate.filter, span)
