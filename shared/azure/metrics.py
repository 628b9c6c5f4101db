"""Platform metrics through azure-monitor-querymetrics: gate readings, and each slot's share of the traffic.

Decides which minutes are asked for and which answers share a request. Judges nothing: a minute without data
is a sample without a value, and a resource without data has no samples, never a zero.

Source: https://learn.microsoft.com/azure/azure-monitor/metrics/migrate-to-batch-api
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from shared.azure.answers import Body
from shared.azure.connection import Connection, metrics_audience
from shared.azure.errors import allowing, ours
from shared.azure.metric_answers import TOGETHER, Batch, Query, samples_of
from shared.azure.window import resource_of, window
from shared.errors import Refused, Retry
from shared.fleet import Fleet
from shared.model import Sample
from shared.probes import Answer, GateReading, Reading, TrafficSeen, TrafficShare, Unavailable

if TYPE_CHECKING:
    from azure.monitor.querymetrics.aio import MetricsClient

_SERIES_MAX = 100


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
        body = Body(Batch, str(query))
        call = self._client(fleet).query_resources(
            resource_ids=resource_ids,
            metric_namespace=query.namespace,
            metric_names=[query.metric],
            timespan=query.window,
            granularity=timedelta(minutes=1),
            aggregations=[query.aggregation],
            filter=query.filter or None,
            max_results=_SERIES_MAX if query.filter else None,
            raw_response_hook=body,
        )
        await allowing(call)
        return samples_of(body.read(), query, resource_ids)

    def _client(self, fleet: Fleet) -> MetricsClient:
        from azure.monitor.querymetrics.aio import MetricsClient

        connection = self._connection
        endpoint = connection.metrics_endpoint.replace("{location}", fleet.location)
        return connection.client(
            (MetricsClient, endpoint),
            endpoint,
            lambda options: MetricsClient(
                endpoint,
                connection.credential(),
                audience=metrics_audience(endpoint),
                retry_policy=connection.retry_policy(),
                **options,
            ),
        )


def _query(probe: GateReading, now: datetime) -> Query:
    gate = probe.gate
    span = window(now, probe.since, gate.window_seconds, gate.ingestion_seconds)
    aggregation = gate.aggregation.capitalize() or "Average"
    if aggregation.lower() not in TOGETHER:
        raise Refused(f"{gate.aggregation!r} is not an aggregation of Azure Monitor")
    return Query(gate.namespace, gate.metric, aggregation, gate.filter, span)
