"""Platform metrics through azure-monitor-querymetrics: gates, each slot's share of the traffic, connections.

Decides which minutes are asked for and which answers share a request. Where slots have one gateway between
them, every question about it is split by the dimension that names its pools, also a gate's, whose own filter
stays; a metric without that dimension cannot be asked for then, and Azure Monitor says so. A resource that
lies in no region is asked for by itself (`global_metrics`). Judges nothing: a minute without data is a sample
without a value, and a resource without data has no samples, never a zero.

Source: https://learn.microsoft.com/azure/azure-monitor/metrics/migrate-to-batch-api
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import batched
from math import fsum
from statistics import fmean
from typing import TYPE_CHECKING

from shared.azure.answers import Body
from shared.azure.connection import Connection, metrics_audience
from shared.azure.errors import allowing, ours
from shared.azure.global_metrics import GlobalMetrics
from shared.azure.ids import parse
from shared.azure.metric_answers import TOGETHER, Batch, Part, Query, samples_of
from shared.azure.window import Window, resource_of, window
from shared.errors import Refused, Retry
from shared.fleet import SHARE_OF, Fleet, Target
from shared.gateways import split
from shared.levers import SlotName
from shared.loads import ConnectionsSeen, OpenConnections
from shared.model import Sample
from shared.probes import Answer, GateReading, Reading, TrafficSeen, TrafficShare, Unavailable
from shared.queries import filled

if TYPE_CHECKING:
    from azure.monitor.querymetrics.aio import MetricsClient

RESOURCES_MAX = 50
"""In one batch, which are of one type in one region of one subscription."""


class Metrics:
    """The metrics of a fleet's clusters and gateways."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._global = GlobalMetrics(connection)

    async def observe(
        self, fleet: Fleet, probes: tuple[GateReading, ...], now: datetime
    ) -> Mapping[GateReading, Answer]:
        """Every reading; probes of the same question on several slots share a request."""
        answers: dict[GateReading, Answer] = {}
        groups: dict[Query, list[tuple[GateReading, Part]]] = {}
        for probe in probes:
            try:
                query, part = _asked(fleet, probe, now)
                groups.setdefault(query, []).append((probe, part))
            except Refused as refusal:
                answers[probe] = Unavailable(because=f"{probe.gate.name}: {refusal}")
        for group in await asyncio.gather(*(self._group(fleet, q, asked) for q, asked in groups.items())):
            answers.update(group)
        return answers

    async def share(self, fleet: Fleet, probe: TrafficShare, now: datetime) -> TrafficSeen:
        """The requests that each slot's gateway, or its pools, served: one request for all slots."""
        traffic = fleet.traffic
        span = window(now, probe.since, probe.window_seconds, traffic.ingestion_seconds)
        found = await self._by_slot(fleet, probe.slots, traffic.metric, "Total", span)
        return TrafficSeen({slot: fsum(values) for slot, values in found.items()}, span.minutes)

    async def connections(self, fleet: Fleet, probe: OpenConnections, now: datetime) -> ConnectionsSeen:
        """The connections that each slot's gateway held open, a mean of its minutes: one request for all.

        A minute's number is the sum of what was told in it, the one aggregation that Azure lists for
        `CurrentConnections` (supported metrics of Microsoft.Network/applicationGateways): a mean is too small
        wherever the instances of a gateway tell theirs one by one.
        """
        span = window(now, probe.since, probe.window_seconds, fleet.traffic.ingestion_seconds)
        found = await self._by_slot(fleet, probe.slots, fleet.drain.connections_metric, "Total", span)
        return ConnectionsSeen({slot: fmean(values) for slot, values in found.items()})

    async def _by_slot(
        self, fleet: Fleet, slots: tuple[SlotName, ...], metric: str, aggregation: str, span: Window
    ) -> dict[SlotName, list[float]]:
        """The values of a metric of each slot's gateway, or of those named; one without any is left out."""
        asked = fleet.named(slots)
        parts = {slot.name: Part(slot.gateway_id, split(fleet, slot, metric)) for slot in asked}
        splits = [part.split for part in parts.values() if part.split is not None]
        where = splits[0].within("") if splits else ""
        query = Query(fleet.traffic.namespace, metric, aggregation, where, span)
        samples = await self._samples(fleet, query, list(parts.values()))
        values = {
            slot: [each.value for each in samples[part] if each.value is not None]
            for slot, part in parts.items()
        }
        return {slot: each for slot, each in values.items() if each}

    async def _group(
        self, fleet: Fleet, query: Query, asked: list[tuple[GateReading, Part]]
    ) -> Mapping[GateReading, Answer]:
        try:
            with ours(str(query)):
                samples = await self._samples(fleet, query, [part for _, part in asked])
        except Retry as error:
            return {probe: Unavailable(str(error), error.after_seconds) for probe, _ in asked}
        except Refused as error:
            return {probe: Unavailable(str(error)) for probe, _ in asked}
        since, until = query.window
        return {
            probe: Reading(
                samples=samples[part],
                source=f"{query}{part} on {parse(part.resource_id).name}",
                since=since,
                until=until,
            )
            for probe, part in asked
        }

    async def _samples(self, fleet: Fleet, query: Query, parts: list[Part]) -> dict[Part, tuple[Sample, ...]]:
        """The samples of each part of the answer. An empty window asks nobody."""
        if query.window.empty:
            return dict.fromkeys(parts, ())
        if query.worldwide:
            answers = (self._global.ask(query, part) for part in dict.fromkeys(parts))
        else:
            answers = (self._batch(fleet, query, batch) for batch in batches(parts))
        samples: dict[Part, tuple[Sample, ...]] = {}
        for found in await asyncio.gather(*answers):
            samples.update(found)
        return samples

    async def _batch(self, fleet: Fleet, query: Query, parts: list[Part]) -> dict[Part, tuple[Sample, ...]]:
        resource_ids = {part.resource_id.lower(): part.resource_id for part in parts}
        return samples_of(await self.ask(fleet, query, resource_ids.values()), query, parts)

    async def ask(self, fleet: Fleet, query: Query, resource_ids: Iterable[str]) -> Batch:
        """One request about clusters or gateways of the fleet, as it was answered."""
        body = Body(Batch, str(query))
        call = self._client(fleet).query_resources(
            resource_ids=sorted(resource_ids),
            metric_namespace=query.namespace,
            metric_names=query.metric.split(","),
            timespan=query.window,
            granularity=timedelta(minutes=1),
            aggregations=[query.aggregation],
            filter=query.filter or None,
            max_results=query.series_max if query.filter else None,
            raw_response_hook=body,
        )
        await allowing(call)
        return body.read()

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


def _asked(fleet: Fleet, probe: GateReading, now: datetime) -> tuple[Query, Part]:
    """What a gate asks for, and the part of the answer that is about its slot. Raises Refused."""
    gate, slot = probe.gate, fleet.slot(probe.slot)
    aggregation = gate.aggregation.capitalize() or "Average"
    if aggregation.lower() not in TOGETHER:
        raise Refused(f"{gate.aggregation!r} is not an aggregation of Azure Monitor")
    metrics = gate.metric.split(SHARE_OF)
    apart = split(fleet, slot, metrics[0]) if gate.target is Target.GATEWAY else None
    worldwide = gate.target is Target.RESOURCE
    own = filled(gate.filter, fleet, slot, gate.resource_id) if worldwide else gate.filter
    where = apart.within(own) if apart is not None else own
    span = window(now, probe.since, gate.window_seconds, gate.ingestion_seconds)
    share = len(metrics) > 1
    asked = ",".join(metrics)
    query = Query(gate.namespace, asked, aggregation, where, span, worldwide, share=share, unit=gate.unit)
    return query, Part(resource_of(slot, gate), apart)


def batches(parts: Iterable[Part]) -> list[list[Part]]:
    """The parts as requests may ask for them: of one subscription and type, and so many resources at most.

    Parts of one resource are asked for together. A fleet lies in one region.
    """
    kinds: dict[tuple[str, str], dict[str, list[Part]]] = {}
    for part in parts:
        of = parse(part.resource_id)
        resources = kinds.setdefault((of.subscription_id.lower(), of.type.lower()), {})
        resources.setdefault(part.resource_id.lower(), []).append(part)
    return [
        [part for group in some for part in group]
        for resources in kinds.values()
        for some in batched(resources.values(), RESOURCES_MAX, strict=False)
    ]
