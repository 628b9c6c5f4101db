"""A world in which every order is carried out at once and every gate passes: what a plan is walked through.

Decides nothing about rollouts; it answers and obeys.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from shared.actions import Deploy, Freeze, Purge, Result, SetWeights, Thaw
from shared.assumed import Assumed
from shared.decision import Decision
from shared.fleet import Fleet, Gate
from shared.levers import ONE_BY_ONE, SERIAL, THROUGH, Balancer, Record, SlotName
from shared.loads import ConnectionsSeen, Load, LoadSeen, LoadState, OpenConnections
from shared.model import Outcome, Sample
from shared.past import joined, parts
from shared.probes import (
    AddressSeen,
    Answer,
    BalancerSeen,
    BalancerState,
    CheckSeen,
    ClusterSeen,
    ClusterState,
    DeploymentCheck,
    DeploymentSeen,
    DeploymentState,
    GatePast,
    GateReading,
    GroupSeen,
    GroupState,
    HostSeen,
    HostState,
    LastWriter,
    NamesSeen,
    NamesState,
    OwnerSeen,
    Probe,
    Reading,
    RecordOwner,
    RecordSeen,
    RecordState,
    SlotAddress,
    SyncSeen,
    SyncState,
    TrafficSeen,
    TrafficShare,
    WriterSeen,
)
from shared.ring_probes import RingReading, RingSeen, RingState
from stages.assuming import answered, ordered, users

_ANY_VERSION = "999"
_NODES = 1
_GOOD_NEWS: dict[type[Probe], Answer] = {
    DeploymentCheck: CheckSeen(valid=True),
    DeploymentState: DeploymentSeen(""),
    GroupState: GroupSeen(exists=False),
    RecordOwner: OwnerSeen(),
    LastWriter: WriterSeen(),
    HostState: HostSeen(200),
    NamesState: NamesSeen({}),
}


class Ideal:
    """A world in which every order is carried out at once and every gate passes."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._assumed = Assumed()
        self._records: dict[Record, RecordSeen] = {
            record: _record(self._target(record, fleet.live), record.ttl_seconds)
            for record in fleet.live_records
        }
        self._records |= {
            member.beneath: _record(self._target(member.beneath, member.slot), member.beneath.ttl_seconds)
            for balancer in fleet.balancers
            for member in balancer.members
            if member.beneath is not None
        }
        self._begun: set[Balancer] = set()
        self._ring_ended_at: datetime | None = None
        self._version = ""

    def answer(self, probe: Probe, now: datetime) -> Answer:
        """The best possible answer."""
        if isinstance(probe, BalancerState):
            return replace(self._held(probe.balancer), untold=probe.balancer.kind in SERIAL)
        known = answered(self._assumed, probe)
        if known is not None:
            return known
        match probe:
            case ClusterState(slot):
                return self._cluster(slot)
            case SlotAddress(slot):
                return AddressSeen(self._address(slot))
            case RecordState(record):
                return self._records.get(record, RecordSeen(exists=False))
            case SyncState(slot):
                return self._sync(slot)
            case TrafficShare() | OpenConnections() | LoadState():
                return self._traffic(probe)
            case RingState():
                return self._ring(now)
            case GateReading() | RingReading() | GatePast():
                return _read(probe, now)
            case _:
                return _GOOD_NEWS[type(probe)]

    def carry_out(self, decision: Decision) -> tuple[Result, ...]:
        """Change the world as ordered; what cannot be looked at leaves a receipt."""
        for action in decision.actions:
            self._version = action.version if isinstance(action, Deploy) else self._version
            if isinstance(action, SetWeights):
                action = replace(action, weights=self._next(action.balancer, action.weights))
            self._assumed = ordered(self._assumed, self._fleet.live, action, decision.state.epoch)
        taken = (action for action in decision.actions if isinstance(action, Freeze | Thaw | Purge))
        return tuple(Result(action=action, receipt="planned") for action in taken)

    def _held(self, balancer: Balancer) -> BalancerSeen:
        found = answered(self._assumed, BalancerState(balancer))
        if isinstance(found, BalancerSeen):
            return found
        return BalancerSeen({THROUGH if balancer == self._fleet.above else self._fleet.live: 100})

    def _cluster(self, slot: SlotName) -> ClusterSeen:
        if slot != self._fleet.live and slot not in self._assumed.clusters:
            return ClusterSeen(exists=False)
        version = "" if slot == self._fleet.live else self._version
        return ClusterSeen(
            exists=True, provisioning="Succeeded", power="Running", version=version, nodes=_NODES
        )

    def _next(self, balancer: Balancer, weights: dict[str, int]) -> dict[str, int]:
        """What it holds after one order: where one member changes at a time, who gets more comes first."""
        held, wanted = self._held(balancer).weights, {s: share for s, share in weights.items() if share}
        first = {s: max(held.get(s, 0), wanted.get(s, 0)) for s in held | wanted}
        # Of who is left alone nothing changes but that the other goes.
        both = first != wanted and (len(wanted) > 1 or not held.keys() >= wanted.keys())
        if balancer.kind not in ONE_BY_ONE or not both or balancer in self._begun:
            self._begun.discard(balancer)
            return wanted
        self._begun.add(balancer)
        return first

    def _traffic(self, probe: TrafficShare | OpenConnections | LoadState) -> Answer:
        slots = [slot.name for slot in self._fleet.slots]
        match probe:
            case TrafficShare():
                return TrafficSeen(users(self._fleet, self._fleet.live, self._assumed), 5)
            case OpenConnections():
                return ConnectionsSeen(dict.fromkeys(slots, 0.0))
            case LoadState():
                return LoadSeen(dict.fromkeys(slots, Load(0, 0, _NODES)), 0, 0)

    def _ring(self, now: datetime) -> RingSeen:
        """It has every version already, and is watched from the first look on."""
        self._ring_ended_at = self._ring_ended_at or now
        return RingSeen(self._fleet.live, _ANY_VERSION, Outcome.COMPLETED, self._ring_ended_at)

    def _sync(self, slot: SlotName) -> SyncSeen:
        if slot != self._fleet.live and slot not in self._assumed.synced:
            return SyncSeen("absent")
        return SyncSeen("compliant", commits={each.name: "planned" for each in self._fleet.sync})

    def _target(self, record: Record, slot: SlotName) -> str:
        resource = self._fleet.slot(slot).public_ip_id
        return resource if record.alias and resource is not None else self._address(slot)

    def _address(self, slot: SlotName) -> str:
        declared = self._fleet.slot(slot)
        return declared.address or f"the address of {(declared.public_ip_id or '').rsplit('/', 1)[-1]}"


def _record(address: str, ttl_seconds: int) -> RecordSeen:
    target = address.rstrip(".").lower()
    return RecordSeen(exists=True, targets=(target,), ttl_seconds=ttl_seconds, etag="", epoch=0)


def _read(probe: GateReading | RingReading | GatePast, now: datetime) -> Answer:
    if isinstance(probe, GatePast):
        return joined(probe, [_passing(part.gate, until) for part, until in parts(probe)])
    return _passing(probe.gate, now)


def _passing(gate: Gate, now: datetime) -> Reading:
    """As many samples as the gate can want, a minute apart, at the limit or at nothing."""
    limits = (gate.pass_max, gate.max_value, gate.pass_min, gate.min_value)
    value = next((limit for limit in limits if limit is not None), 0.0)
    needed = max(gate.min_samples, gate.compare.samples_min if gate.compare else 0)
    if gate.slo is not None:
        needed = max(needed, gate.window_seconds // 60)
    since = now - timedelta(seconds=gate.window_seconds)
    apart = timedelta(seconds=gate.window_seconds / needed)
    samples = tuple(
        Sample(at=now - n * apart, value=value, requests=gate.requests_min or None)
        for n in range(needed - 1, -1, -1)
    )
    return Reading(samples, gate.source.value, since, now)
