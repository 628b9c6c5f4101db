"""What a rollout would do, without doing it: the runbook walked through a world in which all goes well.

It asks the same `decide` as the engine, so it cannot drift from what really happens. Times are estimates:
each wait is taken as long as the step asked for.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from shared.actions import (
    Action,
    Deploy,
    DestroyCluster,
    Freeze,
    PointRecord,
    Result,
    StartSync,
    StopCluster,
    Thaw,
)
from shared.decision import Decision, Seen
from shared.fleet import Fleet, Gate, Record, SlotName
from shared.model import FleetState, Sample, Signal, SignalKind, Stage
from shared.probes import (
    AddressSeen,
    Answer,
    CheckSeen,
    ClusterSeen,
    ClusterState,
    CommandSeen,
    CommandState,
    DeploymentCheck,
    DeploymentSeen,
    DeploymentState,
    GateReading,
    GroupSeen,
    GroupState,
    Probe,
    Reading,
    RecordSeen,
    RecordState,
    SlotAddress,
    SyncSeen,
    SyncState,
    TrafficSeen,
    TrafficShare,
)
from stages.machine import decide, needs

_ROUNDS_MAX = 2000


class PlannedWrite(Struct, frozen=True, kw_only=True):
    """One write that a rollout would make: where in the runbook, when at the earliest, why and what."""

    stage: Stage
    step: str
    after_seconds: float
    because: str
    action: Action


def plan(fleet: Fleet, version: str, at: datetime) -> tuple[PlannedWrite, ...]:
    """The ordered writes of a rollout of `fleet` to `version` that starts at `at` and meets no trouble.

    Approvals are taken as given at once.
    """
    ideal = _Ideal(fleet)
    state = FleetState(live=fleet.live)
    signals: tuple[Signal, ...] = (_signal(SignalKind.START, fleet, at, version),)
    results: tuple[Result, ...] = ()
    pinned: Fleet | None = None
    now = at
    writes: list[PlannedWrite] = []
    for _ in range(_ROUNDS_MAX):
        before = state.rollout
        probes = needs(fleet, pinned, state, signals, now)
        answers = {probe: ideal.answer(probe, now) for probe in probes}
        decision = decide(
            fleet, pinned, state, Seen(now=now, answers=answers, signals=signals, results=results)
        )
        state, pinned = decision.state, decision.plan or pinned
        rollout = state.rollout
        if rollout is None or rollout.outcome is not None:
            break
        for action in decision.actions:
            stage, step = (before.stage, before.step) if before else (rollout.stage, rollout.step)
            after = (now - at).total_seconds()
            because = decision.because
            write = PlannedWrite(stage=stage, step=step, after_seconds=after, because=because, action=action)
            writes.append(write)
        results = ideal.carry_out(decision)
        asks = rollout.step.startswith("approve_") and not rollout.promoted
        signals = (_signal(SignalKind.PROMOTE, fleet, now, version),) if asks else ()
        now = max(now, decision.wake_at or now)
    return tuple(writes)


def _signal(kind: SignalKind, fleet: Fleet, at: datetime, version: str) -> Signal:
    return Signal(
        kind=kind,
        id=f"plan-{kind.value}",
        fleet=fleet.name,
        at=at,
        because="planned",
        version=version,
        by="plan",
    )


_GOOD_NEWS: dict[type[Probe], Answer] = {
    DeploymentCheck: CheckSeen(valid=True),
    CommandState: CommandSeen(exit_code=0),
    GroupState: GroupSeen(exists=False),
}


class _Ideal:
    """A world in which every order is carried out at once and every gate passes."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._clusters: dict[SlotName, ClusterSeen] = {
            fleet.live: ClusterSeen(exists=True, provisioning="Succeeded", power="Running")
        }
        self._records: dict[Record, RecordSeen] = {
            record: _record(self._address(fleet.live), record.ttl_seconds, 0) for record in fleet.live_records
        }
        self._deployed = ""
        self._synced: set[SlotName] = {fleet.live}
        self._serving = fleet.live

    def answer(self, probe: Probe, now: datetime) -> Answer:
        """The best possible answer."""
        match probe:
            case ClusterState(slot):
                return self._clusters.get(slot, ClusterSeen(exists=False))
            case SlotAddress(slot):
                return AddressSeen(self._address(slot))
            case RecordState(record):
                return self._records.get(record, RecordSeen(exists=False))
            case DeploymentState():
                return DeploymentSeen(self._deployed)
            case SyncState(slot):
                return self._sync(slot)
            case TrafficShare():
                return TrafficSeen({self._serving: 1000.0}, 5)
            case GateReading(gate):
                return _passing(gate, now)
            case DeploymentCheck() | CommandState() | GroupState():
                return _GOOD_NEWS[type(probe)]

    def carry_out(self, decision: Decision) -> tuple[Result, ...]:
        """Change the world as ordered; a run command leaves its receipt."""
        results = []
        for action in decision.actions:
            self._change(action, decision.state.epoch)
            if isinstance(action, Freeze | Thaw):
                results.append(Result(action=action, receipt="planned"))
        return tuple(results)

    def _change(self, action: Action, epoch: int) -> None:
        match action:
            case PointRecord(record, slot, address, ttl_seconds):
                self._records[record] = _record(address, ttl_seconds, epoch)
                if record in self._fleet.live_records:
                    self._serving = slot
            case Deploy(_, slot, version):
                self._deployed = "Succeeded"
                self._clusters[slot] = ClusterSeen(
                    exists=True, provisioning="Succeeded", power="Running", version=version
                )
            case StartSync(slot):
                self._synced.add(slot)
            case StopCluster(slot):
                self._clusters[slot] = ClusterSeen(exists=True, provisioning="Succeeded", power="Stopped")
            case DestroyCluster(slot):
                self._clusters.pop(slot, None)
            case _:
                pass

    def _sync(self, slot: SlotName) -> SyncSeen:
        if slot not in self._synced:
            return SyncSeen("absent")
        return SyncSeen("compliant", commits={each.name: "planned" for each in self._fleet.sync})

    def _address(self, slot: SlotName) -> str:
        declared = self._fleet.slot(slot)
        return declared.address or f"the address of {(declared.public_ip_id or '').rsplit('/', 1)[-1]}"


def _record(address: str, ttl_seconds: int, epoch: int) -> RecordSeen:
    target = address.rstrip(".").lower()
    return RecordSeen(exists=True, targets=(target,), ttl_seconds=ttl_seconds, etag="", epoch=epoch)


def _passing(gate: Gate, now: datetime) -> Reading:
    value = gate.max_value if gate.max_value is not None else gate.min_value
    sample = Sample(at=now, value=value if value is not None else 1.0)
    samples = (sample,) * gate.min_samples
    return Reading(samples, gate.source.value, now - timedelta(seconds=gate.window_seconds), now)
