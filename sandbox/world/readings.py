"""Gates, traffic and connections through the ports door: which buckets of which source make a reading.

Decides windows: the newest whole minutes that ended `ingestion_seconds` ago. Refuses to judge.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sandbox.world.checks import read_check
from sandbox.world.errors import ArmError
from sandbox.world.estate import name_of
from sandbox.world.logs import REQUESTS
from sandbox.world.metrics import Bucket, Series
from sandbox.world.model import World
from sandbox.world.traffic import MINUTE, floor_minute
from shared.bins import bin_length, whole
from shared.check_rules import Expect
from shared.checks.expecting import Answered, unmet
from shared.errors import Refused
from shared.fleet import SHARE_OF, Fleet, Gate, Measure, Slot, Source, Target
from shared.gateways import Split, is_shared, no_logs, split
from shared.levers import SlotName
from shared.loads import ConnectionsSeen, Load, LoadSeen, LoadState, OpenConnections
from shared.model import Sample
from shared.past import joined, parts
from shared.probes import Answer, GatePast, GateReading, Reading, TrafficSeen, TrafficShare
from shared.queries import filled, grain, lookback_seconds, share

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


_MEASURED = frozenset({Source.METRICS, Source.LOGS, Source.PROMETHEUS, Source.APP_INSIGHTS})


def read(world: World, fleet: Fleet, probe: GateReading | GatePast, now: datetime) -> Answer:
    """The samples of a gate, of now or of spans of the past. Raises as `read_gate`."""
    if isinstance(probe, GateReading):
        return read_gate(world, fleet, probe, now)
    return joined(probe, [read_gate(world, fleet, part, until) for part, until in parts(probe)])


def read_gate(world: World, fleet: Fleet, probe: GateReading, now: datetime) -> Reading:
    """The samples of a gate. Raises ArmError, Refused where its source refuses, HostUnknown as `respond`."""
    slot = fleet.slot(probe.slot)
    gate = probe.gate
    if gate.source is Source.HTTP:
        return _http(world, slot, gate, now)
    if gate.source not in _MEASURED:
        return read_check(world, fleet, probe, now)
    lookback = lookback_seconds(gate.query) if gate.source is Source.PROMETHEUS else 0
    since, until = _window(now, probe.since, gate.window_seconds, gate.ingestion_seconds, lookback)
    read = {Source.METRICS: _metrics, Source.PROMETHEUS: _prometheus}.get(gate.source, _logs)
    return read(world, fleet, slot, gate, since, until)


def read_traffic(world: World, fleet: Fleet, probe: TrafficShare, now: datetime) -> TrafficSeen:
    """Requests that each slot's gateway, or its pools, served in the complete minutes of the window."""
    since, until = _window(now, probe.since, probe.window_seconds, fleet.traffic.ingestion_seconds)
    found = _by_slot(world, fleet, probe.slots, fleet.traffic.metric, "total", since, until)
    minutes = max(0.0, (until - since) / MINUTE)
    return TrafficSeen({slot: sum(values) for slot, values in found.items()}, minutes)


def read_connections(world: World, fleet: Fleet, probe: OpenConnections, now: datetime) -> ConnectionsSeen:
    """Connections that each slot's gateway held open, a mean of the complete minutes of the window."""
    since, until = _window(now, probe.since, probe.window_seconds, fleet.traffic.ingestion_seconds)
    found = _by_slot(world, fleet, probe.slots, fleet.drain.connections_metric, "total", since, until)
    return ConnectionsSeen({slot: sum(values) / len(values) for slot, values in found.items()})


def read_load(world: World, fleet: Fleet, probe: LoadState, now: datetime) -> LoadSeen:
    """What each slot's nodes use, by their means, and what the safe slot's can allocate at the least."""
    since, until = _window(now, None, probe.window_seconds, fleet.traffic.ingestion_seconds)
    used: dict[SlotName, Load] = {}
    for slot in fleet.named(probe.slots):
        millicores, memory = (
            _means(world.metrics.query(slot.cluster_id, name, since, until, "node eq '*'").series)
            for name in ("node_cpu_usage_millicores", "node_memory_working_set_bytes")
        )
        if millicores:
            used[slot.name] = Load(sum(millicores) / 1000, sum(memory), len(millicores))
    cluster = fleet.slot(probe.safe).cluster_id
    cores, memory_bytes = (
        _least(world.metrics.query(cluster, f"kube_node_status_allocatable_{name}", since, until).series)
        for name in ("cpu_cores", "memory_bytes")
    )
    return LoadSeen(used, cores, memory_bytes)


def _means(found: tuple[Series, ...]) -> list[float]:
    """The mean of each series that has values."""
    values = ([b.average for b in each.buckets if b.average is not None] for each in found)
    return [sum(each) / len(each) for each in values if each]


def _least(found: tuple[Series, ...]) -> float | None:
    values = (bucket.average for each in found for bucket in each.buckets)
    return min((value for value in values if value is not None), default=None)


def _by_slot(
    world: World,
    fleet: Fleet,
    slots: tuple[SlotName, ...],
    metric: str,
    aggregation: str,
    since: datetime,
    until: datetime,
) -> dict[SlotName, list[float]]:
    """The values of a metric of each slot's gateway, or of those named; one without any is left out."""
    found: dict[SlotName, list[float]] = {}
    for slot in fleet.named(slots):
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
    resource_id = _resource(slot, gate)
    metrics = gate.metric.split(SHARE_OF)
    apart = split(fleet, slot, metrics[0]) if gate.target is Target.GATEWAY else None
    elsewhere = gate.target is Target.RESOURCE
    own = filled(gate.filter, fleet, slot, gate.resource_id) if elsewhere else gate.filter
    where = apart.within(own) if apart is not None else own
    answers = [world.metrics.query(resource_id, metric, since, until, where) for metric in metrics]
    aggregation = gate.aggregation.lower() or "average"
    if aggregation not in COMBINE:
        raise ArmError(400, "BadRequest", f"Invalid aggregation: {gate.aggregation}")
    told = [
        [_sample(aggregation, buckets) for buckets in _by_minute(_own(each.series, apart))]
        for each in answers
    ]
    samples = tuple(map(_share, *told)) if len(told) > 1 else tuple(told[0])
    filtered = f" where {where}" if where else ""
    source = (
        f"{aggregation} of {SHARE_OF.join(each.name for each in answers)}{filtered} on {name_of(resource_id)}"
    )
    return Reading(samples=samples, source=source, since=since, until=until)


def _share(part: Sample, whole: Sample) -> Sample:
    value, requests = share(part.value, whole.value)
    return Sample(at=part.at, value=value, requests=requests)


def _by_minute(series: tuple[Series, ...]) -> list[tuple[Bucket, ...]]:
    return list(zip(*(each.buckets for each in series), strict=True))


def _sample(aggregation: str, buckets: tuple[Bucket, ...]) -> Sample:
    """One minute of all time series together."""
    values = [value for bucket in buckets if (value := getattr(bucket, aggregation)) is not None]
    return Sample(at=buckets[0].at, value=COMBINE[aggregation](values) if values else None)


def _logs(world: World, fleet: Fleet, slot: Slot, gate: Gate, since: datetime, until: datetime) -> Reading:
    if gate.target is Target.GATEWAY and is_shared(fleet, slot):
        raise no_logs(slot)
    query = filled(gate.query, fleet, slot) if gate.target is Target.RESOURCE else gate.query
    table = None
    try:
        table = world.logs.query(_resource(slot, gate), query, since, until)
    except ArmError as error:
        if error.code != MISSING_TABLE:
            raise
    counted = table is not None and REQUESTS in table.columns
    samples = tuple(
        Sample(at=row.at, value=row.value, requests=row.requests if counted else None)
        for row in (table.rows if table is not None else ())
    )
    samples = whole(samples, bin_length(query), since, until)
    return Reading(samples=samples, source=query, since=since, until=until)


def _prometheus(
    world: World, fleet: Fleet, slot: Slot, gate: Gate, since: datetime, until: datetime
) -> Reading:
    """A sample for each minute of the window, none at all where there is no series."""
    query = filled(gate.query, fleet, slot)
    step = grain(until - since)
    found = world.prometheus.query(query, since, until - MINUTE, step) if since < until else ()
    if len(found) > 1:
        raise Refused(f"the query must give one series, it gives {len(found)}")
    values = dict(found[0].points) if found else {}
    moments = (since + place * step for place in range(-(-(until - since) // step))) if values else ()
    samples = tuple(Sample(at=moment, value=values.get(moment)) for moment in moments)
    return Reading(samples=samples, source=query, since=since, until=until)


def _resource(slot: Slot, gate: Gate) -> str:
    elsewhere = gate.resource_id if gate.resource_id.startswith("/") else f"/workspaces/{gate.resource_id}"
    own = {Target.GATEWAY: slot.gateway_id, Target.RESOURCE: elsewhere}
    return own.get(gate.target, slot.cluster_id)


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
    now: datetime,
    since: datetime | None,
    window_seconds: int,
    ingestion_seconds: int,
    lookback_seconds: int = 0,
) -> tuple[datetime, datetime]:
    """The newest complete minutes, none that looks back to before `since`."""
    until = floor_minute(now - timedelta(seconds=ingestion_seconds))
    begin = until - timedelta(seconds=window_seconds)
    if since is not None:
        begin = max(begin, since + timedelta(seconds=lookback_seconds))
    return _ceil_minute(begin), until


def _ceil_minute(at: datetime) -> datetime:
    floor = floor_minute(at)
    return floor if floor == at else floor + MINUTE
