"""Turns a checked fleet file into a `Fleet`. Decides nothing: every mistake was found before."""

from __future__ import annotations

from shared.fleet import (
    Channel,
    Exposure,
    Fleet,
    Gate,
    Gates,
    Hosts,
    Measure,
    Source,
    StartMode,
    Target,
    VersionPolicy,
    Window,
)
from shared.fleet_file import alert_making, check_making, lever_making, rule_making
from shared.fleet_file.gate_models import GatePart, GatesPart
from shared.fleet_file.models import (
    FleetPart,
    FreezePart,
    PolicyPart,
    ProvisionPart,
    SyncPart,
    TrafficPart,
    WindowPart,
)
from shared.fleet_file.source_models import ingestion_seconds
from shared.levers import Balancer, Record, SlotName
from shared.platform import FluxConfiguration, Freeze, Provisioner
from shared.policy import Approvals, DriftPolicy, Policy
from shared.safety import Traffic

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def make(part: FleetPart) -> Fleet:
    """The fleet that a file without mistakes declares."""
    levers = [lever_making.lever(each, place) for place, each in enumerate(part.live_records)]
    gates = _gates(part.gates)
    return Fleet(
        name=part.name,
        subscription_id=part.subscription.lower(),
        location=part.location,
        exposure=Exposure(part.exposure),
        hosts=Hosts(official=part.hosts.official.lower(), cluster=part.hosts.cluster.lower()),
        live_records=tuple(each for each in levers if isinstance(each, Record)),
        slots=(
            lever_making.slot(SlotName("blue"), part.slots.blue, part.hosts.blue, levers),
            lever_making.slot(SlotName("green"), part.slots.green, part.hosts.green, levers),
        ),
        live=SlotName(part.live),
        versions=VersionPolicy(
            channel=Channel(part.versions.channel),
            start=StartMode(part.versions.start),
            windows=tuple(map(_window, part.versions.windows)),
        ),
        provisioner=_provisioner(part.provision),
        sync=tuple(map(_sync, part.sync)),
        freeze=_freeze(part.freeze) if part.freeze else None,
        gates=gates,
        traffic=_traffic(part.traffic),
        approvals=Approvals(
            start=part.approvals.start, switch=part.approvals.switch, destroy=part.approvals.destroy
        ),
        policy=_policy(part.policy, part.deadlines),
        notification_topic=part.notify.topic if part.notify else None,
        balancers=tuple(each for each in levers if isinstance(each, Balancer)),
        above=next(filter(None, map(lever_making.above, part.live_records)), None),
        shift=lever_making.shift(part.shift, gates.switch),
        names=lever_making.names(part.names),
        drain=lever_making.drain(part.drain),
        readiness=lever_making.readiness(part.readiness),
        ring=lever_making.ring(part.ring, gates.bake),
        alerts=alert_making.alerts(part.alerts),
        scorecard=rule_making.named(part.scorecard),
        shadow=part.shadow,
    )


def _window(part: WindowPart) -> Window:
    days = tuple(sorted({DAYS.index(day) for day in part.days}))
    return Window(days=days, from_minute=part.from_, to_minute=part.to)


def _provisioner(part: ProvisionPart) -> Provisioner:
    return Provisioner(
        template_spec_id=part.template_spec,
        template_version=part.template_version,
        resource_group=part.resource_group,
        parameters=dict(part.parameters),
        slot_parameter=part.slot_parameter,
        cluster_name_parameter=part.cluster_name_parameter,
        version_parameter=part.version_parameter,
    )


def _sync(part: SyncPart) -> FluxConfiguration:
    return FluxConfiguration(
        name=part.name,
        namespace=part.namespace,
        url=part.url,
        branch=part.branch,
        kustomizations=dict(part.kustomizations),
        sync_interval_seconds=part.interval,
    )


def _freeze(part: FreezePart) -> Freeze:
    return Freeze(
        expires_seconds=part.expires, exempt_users=tuple(part.exempt_users), expiry_image=part.expiry_image
    )


def _gates(part: GatesPart) -> Gates:
    return Gates(
        platform=tuple(map(gate, part.platform)),
        functional=tuple(map(gate, part.functional)),
        load=tuple(map(gate, part.load)),
        switch=tuple(map(gate, part.switch)),
        bake=tuple(map(gate, part.bake)),
        scores=rule_making.scores(part.scores),
    )


def gate(part: GatePart) -> Gate:
    """A gate, in a fleet or by itself."""
    own = "resource" if part.source in ("prometheus", "app_insights") else "host"
    return Gate(
        name=part.name,
        source=Source(part.source),
        target=Target(part.target or own),
        unit=part.unit or check_making.unit(part),
        level=part.level,
        namespace=part.namespace or "",
        metric=part.metric or "",
        aggregation=part.aggregation or "",
        filter=part.filter or "",
        query=part.query or "",
        path=part.path or "",
        measure=Measure(part.measure or "failed_share"),
        requests=part.requests or 5,
        max_value=check_making.max_value(part),
        min_value=part.min,
        max_over_baseline=part.max_over_baseline,
        min_samples=check_making.min_samples(part),
        breaches_max=part.breaches_max,
        window_seconds=part.window,
        ingestion_seconds=ingestion_seconds(part.source, part.target, part.ingestion),
        pass_max=part.pass_max,
        pass_min=part.pass_min,
        max_over_live=part.max_over_live,
        requests_min=part.min_requests or 0,
        schedule=rule_making.schedule(part),
        tolerance=rule_making.tolerance(part.tolerance),
        compare=rule_making.comparison(part.compare),
        slo=rule_making.objective(part.slo),
        anomaly=rule_making.anomaly(part.anomaly),
        group=part.group or "",
        weight=part.weight or 1.0,
        critical=part.critical or False,
        dry_run=part.dry_run,
        endpoint=part.endpoint or "",
        resource_id=part.resource_id or part.workspace_id or "",
        check=check_making.check(part),
    )


def _traffic(part: TrafficPart) -> Traffic:
    return Traffic(
        namespace=part.namespace,
        metric=part.metric,
        share_min=part.share_min,
        drained_requests_per_minute_max=part.drained_requests_per_minute_max,
        ingestion_seconds=part.ingestion,
        dimension=part.dimension or "",
    )


def _policy(part: PolicyPart, deadlines: dict[str, int]) -> Policy:
    return Policy(
        observe_seconds=part.observe,
        bake_seconds=part.bake,
        evidence_seconds=part.evidence,
        poll_seconds=part.poll,
        propagation_seconds=part.propagation,
        settle_seconds=part.settle,
        switch_ttl_seconds=part.switch_ttl,
        keep_candidate=part.keep_candidate,
        drift=DriftPolicy(part.drift),
        alert_severities=tuple(dict.fromkeys(part.alert_severities)),
        deadlines=dict(deadlines),
    )
