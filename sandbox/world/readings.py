"""Gates and traffic through the ports door: which buckets of which source make a reading.

Decides windows: the newest whole minutes that ended `ingestion_seconds` ago. Refuses to judge.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sandbox.world.errors import ArmError
from sandbox.world.estate import name_of
from sandbox.world.metrics import Bucket, Series
from sandbox.world.model import World
from sandbox.world.traffic import MINUTE, floor_minute
from shared.fleet import Fleet, Gate, Measure, Slot, Source, Target
from shared.model import Sample
from shared.probes import GateReading, Reading, TrafficSeen, TrafficShare

MISSING_TABLE = "SEM0100"
COMBINE: dict[str, Callable[[list[float]], float]] = {
    "total": sum,
    "count": sum,
    "average": lambda values: sum(values) / len(values),
    "maximum": max,
    "minimum": min,
}


def read_gate(world: World, fleet: Fleet, probe: GateReading, now: datetime) -> Reading:
    """The samples of a gate. Raises ArmError where its source refuses, HostUnknown as `respond` does."""
    slot = fleet.slot(probe.slot)
    if probe.gate.source is Source.HTTP:
        return _http(world, slot, probe.gate, now)
    gate = probe.gate
    since, until = _window(now, probe.since, gate.window_seconds, gate.ingestion_seconds)
    return (_metrics if gate.source is Source.METRICS else _logs)(world, slot, gate, since, until)


def read_traffic(world: World, fleet: Fleet, probe: TrafficShare, now: datetime) -> TrafficSeen:
    """Requests that each slot's gateway served in the complete minutes of the window."""
    since, until = _window(now, probe.since, probe.window_seconds, fleet.traffic.ingestion_seconds)
    if since >= until:
        return TrafficSeen({}, 0.0)
    requests: dict[str, float] = {}
    for slot in fleet.slots:
        answer = world.metrics.query(slot.gateway_id, fleet.traffic.metric, since, until)
        totals = [bucket.total for series in answer.series for bucket in series.buckets]
        known = [total for total in totals if total is not None]
        if known:
            requests[slot.name] = sum(known)
    return TrafficSeen(requests, (until - since) / MINUTE)


def _metrics(world: World, slot: Slot, gate: Gate, since: datetime, until: datetime) -> Reading:
    resource_id = slot.gateway_id if gate.target is Target.GATEWAY else slot.cluster_id
    answer = world.metrics.query(resource_id, gate.metric, since, until, gate.filter)
    aggregation = gate.aggregation.lower() or "average"
    if aggregation not in COMBINE:
        raise ArmError(400, "BadRequest", f"Invalid aggregation: {gate.aggregation}")
    samples = tuple(_sample(aggregation, buckets) for buckets in _by_minute(answer.series))
    where = f" where {gate.filter}" if gate.filter else ""
    source = f"{aggregation} of {answer.name}{where} on {name_of(resource_id)}"
    return Reading(samples=samples, source=source, since=since, until=until)


def _by_minute(series: tuple[Series, ...]) -> list[tuple[Bucket, ...]]:
    return list(zip(*(each.buckets for each in series), strict=True))


def _sample(aggregation: str, buckets: tuple[Bucket, ...]) -> Sample:
    """One minute of all time series together."""
    values = [value for bucket in buckets if (value := getattr(bucket, aggregation)) is not None]
    return Sample(at=buckets[0].at, value=COMBINE[aggregation](values) if values else None)


def _logs(world: World, slot: Slot, gate: Gate, since: datetime, until: datetime) -> Reading:
    resource_id = slot.gateway_id if gate.target is Target.GATEWAY else slot.cluster_id
    try:
        rows = world.logs.query(resource_id, gate.query, since, until).rows
    except ArmError as error:
        if error.code != MISSING_TABLE:
            raise
        rows = ()
    samples = tuple(Sample(at=at, value=value) for at, value in rows)
    return Reading(samples=samples, source=gate.query, since=since, until=until)


def _http(world: World, slot: Slot, gate: Gate, now: datetime) -> Reading:
    """One sample a request: 1 or 0 for a failed or a good one, or its time, which a failed one has not."""
    host = slot.host.fqdn
    answers = [world.respond(host, gate.path) for _ in range(gate.requests)]
    failed = [answer.status >= 400 for answer in answers]
    if gate.measure is Measure.FAILED_SHARE:
        values: list[float | None] = [float(each) for each in failed]
    else:
        values = [None if bad else each.latency_ms for bad, each in zip(failed, answers, strict=True)]
    samples = tuple(Sample(at=now, value=value) for value in values)
    return Reading(samples=samples, source=f"https://{host}{gate.path}", since=now, until=now)


def _window(
    now: datetime, since: datetime | None, window_seconds: int, ingestion_seconds: int
) -> tuple[datetime, datetime]:
    """The newest complete minutes, none older than `since`."""
    until = floor_minute(now - timedelta(seconds=ingestion_seconds))
    begin = until - timedelta(seconds=window_seconds)
    return _ceil_minute(max(begin, since) if since is not None else begin), until


def _ceil_minute(at: datetime) -> datetime:
    floor = floor_minute(at)
    return floor if floor == at else floor + MINUTE
