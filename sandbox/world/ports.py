"""The ports door: the world as the engine's `World` port sees it, with no network between.

Keeps the promises of the Azure adapters: an epoch in the record's metadata, If-Match, receipts for run
commands, windows that end where data is complete. Refuses to know steps and verdicts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import assert_never

from sandbox.world import looks, orders, readings, switching
from sandbox.world.errors import ArmError, HostUnknown
from sandbox.world.model import World
from sandbox.world.settings import Family
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
from shared.errors import Conflict, NotFound, Refused, Retry, Superseded, SwitchyardError
from shared.fleet import Fleet, Source
from shared.levers import SwitchKind
from shared.loads import LoadState, OpenConnections
from shared.probes import (
    AddressSeen,
    Answer,
    BalancerState,
    ClusterState,
    CommandState,
    DeploymentCheck,
    DeploymentState,
    GatePast,
    GateReading,
    GroupSeen,
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
    Unavailable,
)
from shared.ring_probes import RingReading, RingState

LeverProbe = BalancerState | NamesState | RecordOwner | LastWriter | HostState | OpenConnections
SlotProbe = ClusterState | GroupState | SyncState | CommandState | SlotAddress
BUSY = frozenset({"Conflict", "OperationNotAllowed", "DeploymentActive"})


class PortsWorld:
    """`shared.ports.World` straight over a model."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> Mapping[Probe, Answer]:
        """Answer every probe, in an order of its own choice that is always the same.

        What an outage hides, or a provider refuses to say, is `Unavailable`.
        """
        ordered = sorted(probes, key=_place) if len(probes) > 1 else probes
        return {probe: self._answer(fleet, probe, now) for probe in ordered}

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """Carry out one action; returns the id of a run command.

        Raises:
            Superseded: 412, or the record carries a higher epoch.
            Retry: 429, 5xx, and 409 while another operation is in progress.
            Refused: any other 4xx (NotFound, Conflict among them).
        """
        try:
            self.world.admit(*_ordered(action))
            return self._order(fleet, action, epoch)
        except ArmError as error:
            raise _ours(error) from error

    def _answer(self, fleet: Fleet, probe: Probe, now: datetime) -> Answer:
        try:
            if self.world.estate.faults.outages:
                self.world.admit(*_families(probe))
            return self._look(fleet, probe, now)
        except ArmError as error:
            return Unavailable(f"{error.code}: {error}", error.retry_after_seconds)
        except Retry as error:
            return Unavailable(str(error), error.after_seconds)
        except (HostUnknown, Refused) as error:
            return Unavailable(str(error))

    def _look(self, fleet: Fleet, probe: Probe, now: datetime) -> Answer:
        match probe:
            case GateReading() | GatePast():
                return readings.read(self.world, fleet, probe, now)
            case TrafficShare():
                return readings.read_traffic(self.world, fleet, probe, now)
            case LoadState():
                return readings.read_load(self.world, fleet, probe, now)
            case ClusterState() | GroupState() | SyncState() | CommandState() | SlotAddress():
                return self._look_at_slot(fleet, probe, now)
            case RecordState(record):
                return looks.record(self.world, record)
            case (
                BalancerState()
                | NamesState()
                | RecordOwner()
                | LastWriter()
                | HostState()
                | OpenConnections()
            ):
                return self._look_at_lever(fleet, probe, now)
            case DeploymentCheck(slot, version, template_version):
                return looks.check(self.world, fleet, slot, version, template_version)
            case DeploymentState(name):
                return looks.deployment(self.world, fleet, name, now)
            case RingState() | RingReading():
                return Unavailable("other fleets are no part of a world")
            case _:
                assert_never(probe)

    def _look_at_lever(self, fleet: Fleet, probe: LeverProbe, now: datetime) -> Answer:
        match probe:
            case BalancerState(balancer):
                return switching.balancer(self.world, balancer)
            case NamesState(record):
                return switching.names(self.world, fleet, record, now)
            case RecordOwner(record):
                return switching.owner(self.world, record)
            case LastWriter():
                return switching.writer(self.world, probe)
            case HostState(slot):
                return switching.host(self.world, fleet, slot, now)
            case OpenConnections():
                return readings.read_connections(self.world, fleet, probe, now)
            case _:
                assert_never(probe)

    def _look_at_slot(self, fleet: Fleet, probe: SlotProbe, now: datetime) -> Answer:
        match probe:
            case ClusterState(slot):
                return looks.cluster(self.world, fleet, slot)
            case GroupState(slot):
                return GroupSeen(self.world.clusters.group_exists(orders.group_name(fleet, slot)))
            case SyncState(slot):
                return looks.sync(self.world, fleet, slot)
            case CommandState(slot, command_id):
                return looks.command(self.world, fleet, slot, command_id, now)
            case SlotAddress(slot):
                return AddressSeen(self.world.estate.address_of(slot))
            case _:
                assert_never(probe)

    def _order(self, fleet: Fleet, action: Action, epoch: int) -> str | None:
        match action:
            case Freeze():
                return orders.freeze(self.world, fleet, action)
            case Thaw():
                return orders.thaw(self.world, fleet, action)
            case PointRecord() | SetWeights() | SetMatch() | Purge():
                return switching.order(self.world, fleet, action, epoch)
            case Deploy():
                orders.deploy(self.world, fleet, action)
            case StartSync():
                orders.start_sync(self.world, fleet, action)
            case StartCluster():
                orders.start_cluster(self.world, fleet, action)
            case StopCluster():
                orders.stop_cluster(self.world, fleet, action)
            case DestroyCluster():
                orders.destroy_cluster(self.world, fleet, action)
            case _:
                assert_never(action)
        return None


def _place(probe: Probe) -> tuple[str, str, str]:
    """Where a probe stands among others of one question, whatever the process and its hashes."""
    gate, slot = getattr(probe, "gate", None), getattr(probe, "slot", "")
    lever = getattr(probe, "record", None) or getattr(probe, "balancer", None)
    return type(probe).__name__, str(slot), gate.name if gate else lever.label if lever else ""


_SOURCES: dict[Source, tuple[Family, ...]] = {
    Source.METRICS: (Family.METRICS,),
    Source.PROMETHEUS: (Family.METRICS,),
    Source.LOGS: (Family.LOGS,),
    Source.APP_INSIGHTS: (Family.LOGS,),
}
_LEVERS = {
    SwitchKind.AZURE_DNS: Family.DNS,
    SwitchKind.PRIVATE_DNS: Family.DNS,
    SwitchKind.FRONT_DOOR: Family.FRONT_DOOR,
    SwitchKind.FRONT_DOOR_CLASSIC: Family.FRONT_DOOR,
    SwitchKind.TRAFFIC_MANAGER: Family.TRAFFIC_MANAGER,
    SwitchKind.APPLICATION_GATEWAY: Family.GATEWAY,
}


def _ordered(action: Action) -> tuple[Family, ...]:
    match action:
        case Deploy():
            return (Family.ARM,)
        case PointRecord(record):
            return Family.ARM, _LEVERS[record.kind]
        case SetWeights(balancer) | SetMatch(balancer) | Purge(balancer):
            return Family.ARM, _LEVERS[balancer.kind]
        case _:
            return Family.ARM, Family.AKS


_SOURCES = {
    Source.METRICS: (Family.METRICS,),
    Source.LOGS: (Family.LOGS,),
    Source.KUBERNETES: (Family.ARM, Family.AKS),
    Source.ALERTS: (Family.ARM,),
    Source.RESOURCE_HEALTH: (Family.ARM,),
}


def _families(probe: Probe) -> tuple[Family, ...]:
    match probe:
        case RecordState(record) | RecordOwner(record):
            return Family.ARM, _LEVERS[record.kind]
        case BalancerState(balancer):
            return Family.ARM, _LEVERS[balancer.kind]
        case NamesState() | HostState() | RingState() | RingReading():
            return ()
        case OpenConnections():
            return (Family.METRICS,)
        case GateReading(gate) | GatePast(gate):
            return _SOURCES.get(gate.source, ())
        case TrafficShare() | LoadState():
            return (Family.METRICS,)
        case ClusterState() | CommandState():
            return Family.ARM, Family.AKS
        case _:
            return (Family.ARM,)


def _ours(error: ArmError) -> SwitchyardError:
    """What to do about a refusal, by its status and code, as the adapters decide it."""
    because = f"{error.code}: {error}"
    if error.status == 412:
        return Superseded(because)
    if error.status == 404:
        return NotFound(because)
    if error.status == 409:
        return Retry(because, error.retry_after_seconds) if error.code in BUSY else Conflict(because)
    if error.status in (0, 401, 408, 429) or error.status >= 500:
        return Retry(because, error.retry_after_seconds)
    return Refused(because)
