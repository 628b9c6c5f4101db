"""Gates, traffic and connections through the ports door: which buckets of which source make a reading.

Decides windows: the newest whole minutes that ended `ingestion_seconds` ago. Refuses to judge.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sandbox.world.checks import read_check
from sandbox.world.errors import ArmError
from sandbox.world.estate import name_of
from sandbox.world.metrics import Bucket, Series
from sandbox.world.model import World
from sandbox.world.traffic import MINUTE, floor_minute
from shared.check_rules import Expect
from shared.checks.expecting import Answered, unmet
from shared.fleet import Fleet, Gate, Measure, Slot, Source, Target
from shared.gateways import Split, is_shared, no_logs, split
from shared.levers import SlotName
from shared.model import Sample
from shared.probes import (
    ConnectionsSeen,
    GateReading,
    OpenConnections,
    Reading,
    TrafficSeen,
    TrafficShare,
)

MISSING_TABLE = "SEM0100"
CERTIFICATE = timedelta(days=365)
"""How long a certificate of a gateway is good for, at any time."""

COMBINE: dict[str, Callable[[list[float]], float]] = {
    "total": sum,
    "count": sum,
    "average": lambda values: sum(values) / len(values),
    "maximum": max,
    "minimum": min,
}


def read_gate(world: World, fleet: Fleet, probe: GateReading, now: datetime) -> Reading:
    """The samples of a gate. Raises ArmError, Refused where its source refuses, HostUnknown as `respond`."""
    slot = fleet.slot(probe.slot)
    if probe.gate.source is Source.HTTP:
        return _http(world, slot, probe.gate, now)
    if probe.gate.source not in (Source.METRICS, Source.LOGS):
        return read_check(world, fleet, probe, now)
    gate = probe.gate
    since, until = _window(now, probe.since, gate.window_seconds, gate.ingestion_seconds)
    return (_metrics if gate.source is Source.METRICS else _logs)(world, fleet, slot, gate, since, until)


def read_traffic(world: World, fleet: Fleet, probe: TrafficShare, now: datetime) -> TrafficSeen:
    """Requests that each slot's gateway, or its pools, served in the complete minutes of the window."""
    since, until = _window(now, probe.since, probe.window_seconds, fleet.traffic.ingestion_seconds)
    found = _by_slot(world, fleet, fleet.traffic.metric, "total", since, until)
    minutes = max(0.0, (until - since) / MINUTE)
    return TrafficSeen({slot: sum(values) for slot, values in found.items()}, minutes)


def read_connections(world: World, fleet: Fleet, probe: OpenConnections, now: datetime) -> ConnectionsSeen:
    """Connections that each slot's gateway held open, a mean of the complete minutes of the window."""
    since, until = _window(now, probe.since, probe.window_seconds, fleet.traffic.ingestion_seconds)
    found = _by_slot(world, fleet, fleet.drain.connections_metric, "average", since, until)
    return ConnectionsSeen({slot: sum(values) / len(values) for slot, values in found.items()})


def _by_slot(
    world: World, fleet: Fleet, metric: str, aggregation: str, since: datetime, until: datetime
) -> dict[SlotName, list[float]]:
    """The values of a metric of each slot's gateway; a slot without any is left out."""
    found: dict[SlotName, list[float]] = {}
    for slot in fleet.slots:
        apart = split(fleet, slot, metric)
        if since >= until:
            continue
        where = apart.within("") if apart is not None else ""
        answer = world.metrics.query(slot.gateway_id, metric, since, until, where)
        values = (
            getattr(bucket, aggregation) for each in _own(answer.series, apart) for bucket in each.buckets
        )
        if known := [value for value in values if value is not None]:
            found[slot.name] = known
    return found


def _own(series: tuple[Series, ...], apart: Split | None) -> tuple[Series, ...]:
    """The series that are one slot's."""
    if apart is None:
        return series
    name = apart.dimension.lower()
    return tuple(
        each for each in series if apart.holds({k.lower(): v for k, v in each.dimensions.items()}[name])
    )


def _metrics(world: World, fleet: Fleet, slot: Slot, gate: Gate, since: datetime, until: datetime) -> Reading:
    resource_id = slot.gateway_id if gate.target is Target.GATEWAY else slot.cluster_id
    apart = split(fleet, slot, gate.metric) if gate.target is Target.GATEWAY else None
    where = apart.within(gate.filter) if apart is not None else gate.filter
    answer = world.metrics.query(resource_id, gate.metric, since, until, where)
    aggregation = gate.aggregation.lower() or "average"
    if aggregation not in COMBINE:
        raise ArmError(400, "BadRequest", f"Invalid aggregation: {gate.aggregation}")
    samples = tuple(_sample(aggregation, buckets) for buckets in _by_minute(_own(answer.series, apart)))
    filtered = f" where {where}" if where else ""
    source = f"{aggregation} of {answer.name}{filtered} on {name_of(resource_id)}"
    return Reading(samples=samples, source=source, since=since, until=until)


def _by_minute(series: tuple[Series, ...]) -> list[tuple[Bucket, ...]]:
    return list(zip(*(each.buckets for each in series), strict=True))


def _sample(aggregation: str, buckets: tuple[Bucket, ...]) -> Sample:
    """One minute of all time series together."""
    values = [value for bucket in buckets if (value := getattr(bucket, aggregation)) is not None]
    return Sample(at=buckets[0].at, value=COMBINE[aggregation](values) if values else None)


def _logs(world: World, fleet: Fleet, slot: Slot, gate: Gate, since: datetime, until: datetime) -> Reading:
    if gate.target is Target.GATEWAY and is_shared(fleet, slot):
        raise no_logs(slot)
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
    expect = gate.check if isinstance(gate.check, Expect) else Expect()
    samples = []
    for _ in range(gate.requests):
        found = world.respond(host, gate.path)
        answered = Answered(found.status, found.latency_ms, found.body.encode(), now + CERTIFICATE)
        because = unmet(expect, answered, now)
        failed, took = float(bool(because)), None if because else found.latency_ms
        value = failed if gate.measure is Measure.FAILED_SHARE else took
        samples.append(Sample(at=now, value=value, because=because))
    return Reading(samples=tuple(samples), source=f"https://{host}{gate.path}", since=now, until=now)


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
