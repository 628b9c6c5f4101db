"""One question or order for every kind that the product knows, and what may come of it when answers go bad.

A kind without a line here fails `test_every_adapter_has_its_line`: a new adapter is covered by adding one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from sandbox.wire.faults import Fault
from sandbox.world.balancers import FULL, MemberState
from shared.actions import (
    Action,
    Deploy,
    DestroyCluster,
    Freeze,
    PointRecord,
    Purge,
    SetMatch,
    SetWeights,
    StartCluster,
    StartSync,
    StopCluster,
    Thaw,
)
from shared.azure.world import Kind, kind_of
from shared.fleet import Source
from shared.levers import FENCED, MATCHING, Match, Record, SwitchKind
from shared.loads import LoadState, OpenConnections
from shared.probes import (
    BalancerState,
    ClusterState,
    CommandState,
    DeploymentCheck,
    DeploymentState,
    GateReading,
    GroupState,
    HostState,
    LastWriter,
    NamesState,
    Probe,
    RecordOwner,
    RecordState,
    SlotAddress,
    SyncState,
    TrafficShare,
)
from tests.fleets import ADDRESSES, BLUE, FLEET, GREEN
from tests.fleets_balanced import balancer
from tests.wire_faults.questions import GATES
from tests.wire_faults.rig import BALANCED, PRIVATE, PUBLIC, VERSION, Rig
from tests.world.manual_clock import START


def _command(it: Rig) -> Probe:
    command = it.estate.world.commands.run(FLEET.slot(GREEN).cluster_id, "kubectl get nodes")
    it.estate.clock.pass_seconds(600)
    return CommandState(GREEN, command.id)


def _sync(it: Rig) -> Probe:
    for each in it.fleet.sync:
        it.estate.world.flux.put(FLEET.slot(GREEN).cluster_id, each)
    it.estate.clock.pass_seconds(1800)
    return SyncState(GREEN)


def _writer(it: Rig) -> Probe:
    zones, found = it.estate.world.zones, it.estate.world.zones.get(PUBLIC.zone_id, PUBLIC.name, PUBLIC.type)
    zones.put(PUBLIC.zone_id, PUBLIC.name, PUBLIC.type, ttl_seconds=60, targets=found.targets)
    return LastWriter(PUBLIC.resource_id, START, START + timedelta(days=1))


def _balancer(kind: SwitchKind) -> Callable[[Rig], Probe]:
    return lambda _: BalancerState(balancer(kind))


PROBES: Mapping[Kind, Callable[[Rig], Probe]] = {
    ClusterState: lambda _: ClusterState(BLUE),
    SlotAddress: lambda _: SlotAddress(GREEN),
    (RecordState, SwitchKind.AZURE_DNS): lambda _: RecordState(PUBLIC),
    (RecordState, SwitchKind.PRIVATE_DNS): lambda _: RecordState(PRIVATE),
    (RecordOwner, SwitchKind.AZURE_DNS): lambda _: RecordOwner(PUBLIC),
    (RecordOwner, SwitchKind.PRIVATE_DNS): lambda _: RecordOwner(PRIVATE),
    NamesState: lambda _: NamesState(PUBLIC),
    LastWriter: _writer,
    HostState: lambda _: HostState(GREEN),
    DeploymentCheck: lambda _: DeploymentCheck(GREEN, VERSION, "1.4.0"),
    DeploymentState: lambda _: DeploymentState("switchyard-r1"),
    SyncState: _sync,
    CommandState: _command,
    **GATES,
    TrafficShare: lambda _: TrafficShare(START),
    GroupState: lambda _: GroupState(BLUE),
    OpenConnections: lambda _: OpenConnections(START),
    LoadState: lambda _: LoadState(BLUE),
    **{(BalancerState, kind): _balancer(kind) for kind in BALANCED},
}


def _point(record: Record) -> Callable[[Rig], Action]:
    def order(it: Rig) -> Action:
        found = it.estate.world.zones.get(record.zone_id, record.name, record.type)
        return PointRecord(record, GREEN, ADDRESSES[GREEN], 30, found.etag)

    return order


def _weigh(kind: SwitchKind) -> Callable[[Rig], Action]:
    def order(it: Rig) -> Action:
        """Whatever was carried out of the last one: one that changes one thing."""
        it.estate.clock.pass_seconds(3600)
        newest = it.estate.world.balancers.newest(balancer(kind))
        blue, green = (newest.members[member.name].enabled for member in balancer(kind).members)
        etag = f'W/"{newest.etag}"' if kind in FENCED else None
        return SetWeights(balancer(kind), {GREEN: 100} if blue and not green else {BLUE: 100}, etag)

    return order


def _take_out(it: Rig) -> Action:
    """Traffic Manager is told all that differs: here, one endpoint that is in too much."""
    profile = balancer(SwitchKind.TRAFFIC_MANAGER)
    both = {member.name: MemberState(FULL, enabled=True) for member in profile.members}
    it.estate.world.balancers.write(profile, both)
    return SetWeights(profile, {GREEN: 100})


def _match(kind: SwitchKind) -> Callable[[Rig], Action]:
    def order(it: Rig) -> Action:
        it.estate.clock.pass_seconds(3600)
        matched = it.estate.world.balancers.newest(balancer(kind)).matched
        match = Match(value="canary", header="x-switchyard")
        return SetMatch(balancer(kind), match, BLUE if matched == GREEN else GREEN)

    return order


def _purge(kind: SwitchKind) -> Callable[[Rig], Action]:
    return lambda _: Purge(balancer(kind))


def _stop(it: Rig) -> Action:
    _running(it)
    return StopCluster(BLUE)


def _start(it: Rig) -> Action:
    _running(it)
    it.estate.world.clusters.stop(FLEET.slot(BLUE).cluster_id)
    it.estate.clock.pass_seconds(3600)
    return StartCluster(BLUE)


def _destroy(it: Rig) -> Action:
    _running(it)
    return DestroyCluster(BLUE, it.estate.world.clusters.get(FLEET.slot(BLUE).cluster_id).etag)


def _running(it: Rig) -> None:
    """Blue is there and runs, whatever the last order made of it."""
    clusters, blue = it.estate.world.clusters, FLEET.slot(BLUE).cluster_id
    it.estate.clock.pass_seconds(3600)
    if clusters.find(blue) is None:
        it.estate.deploy(BLUE, f"switchyard-{it.estate.clock.now():%d%H%M%S}")
    elif clusters.get(blue).power == "Stopped":
        clusters.start(blue)
    it.estate.clock.pass_seconds(3600)


def _freeze(it: Rig) -> Action:
    return Freeze(GREEN, it.estate.clock.now() + timedelta(hours=1))


ORDERS: Mapping[Kind, Callable[[Rig], Action]] = {
    (PointRecord, SwitchKind.AZURE_DNS): _point(PUBLIC),
    (PointRecord, SwitchKind.PRIVATE_DNS): _point(PRIVATE),
    Deploy: lambda _: Deploy("switchyard-r2", GREEN, VERSION, "1.4.0"),
    StartSync: lambda _: StartSync(GREEN),
    Freeze: _freeze,
    Thaw: lambda _: Thaw(GREEN),
    StartCluster: _start,
    StopCluster: _stop,
    DestroyCluster: _destroy,
    **{(SetWeights, kind): _weigh(kind) for kind in BALANCED},
    (SetWeights, SwitchKind.TRAFFIC_MANAGER): _take_out,
    **{(SetMatch, kind): _match(kind) for kind in BALANCED},
    **{(Purge, kind): _purge(kind) for kind in BALANCED},
}

SILENT = frozenset((order, kind) for order in (SetMatch, Purge) for kind in BALANCED if kind not in MATCHING)
"""Orders without a request: those services cannot match, and have nothing to purge."""

SENT = {kind: order for kind, order in ORDERS.items() if kind not in SILENT}

ACCEPTED = frozenset({Fault.LINKS_FOREIGN, Fault.LINKS_MISSING})
"""202, which is how Azure says that it has begun: no client can tell it from the truth, so a probe looks."""

# A purge says 200 and nothing else where it was quick.
PURGED = ACCEPTED | {Fault.EMPTY_200}

BELIEVED: Mapping[Kind, frozenset[Fault]] = {
    StartCluster: ACCEPTED,
    StopCluster: ACCEPTED,
    DestroyCluster: ACCEPTED,
    **{(order, kind): ACCEPTED for order in (SetWeights, SetMatch) for kind in BALANCED},
    **{(Purge, kind): PURGED for kind in BALANCED},
}
"""The lies that look exactly like the service's own answer to an order."""

STILL_RUNNING: Mapping[Kind, frozenset[Fault]] = {
    CommandState: ACCEPTED,
    (GateReading, Source.KUBERNETES): ACCEPTED,
}
"""The lies that look exactly like "not yet"."""


OBJECTIONS: Mapping[Kind, frozenset[Fault]] = {DeploymentCheck: frozenset({Fault.ERROR_IN_200})}
"""What is no fault to this question but its published answer: no."""


ASKS_A_HOST: frozenset[Kind] = frozenset({(GateReading, Source.HTTP), HostState})
"""Questions to a slot's own host, whose answers count by their status and not by what they say."""


def name(kind: Kind) -> str:
    """A kind as a test's id."""
    return f"{kind[0].__name__}-{kind[1]}" if isinstance(kind, tuple) else kind.__name__


__all__ = [
    "ASKS_A_HOST",
    "BELIEVED",
    "OBJECTIONS",
    "ORDERS",
    "PROBES",
    "SENT",
    "SILENT",
    "STILL_RUNNING",
    "kind_of",
    "name",
]
