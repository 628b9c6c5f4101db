"""A rollout that changes nothing: what it asks of the world, and what stands for what it never brought about.

Decides who stands in for a candidate that was never deployed: the live slot. Whatever a rollout has ordered
is taken as it was ordered, and users are taken to be where it sent them; all else is really asked. What would
begin something is not asked at all. Refuses to know steps: they decide as in any other rollout.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from shared.actions import Action
from shared.assumed import Standing
from shared.decision import Seen
from shared.fleet import Fleet, Gate, Source
from shared.gates import beside_live
from shared.levers import SlotName
from shared.loads import ConnectionsSeen, Load, LoadSeen, LoadState, OpenConnections
from shared.model import Judgement, Rollout, Verdict
from shared.probes import (
    Answer,
    ClusterSeen,
    ClusterState,
    GateReading,
    HostState,
    Probe,
    SyncSeen,
    SyncState,
    TrafficSeen,
    TrafficShare,
)
from shared.ring_probes import RingReading
from stages.assuming import answered, ordered, users

_BEGINS = {
    Source.WEBHOOK: "call a hook",
    Source.KUBERNETES: "start a command in the cluster",
    Source.LOAD_TEST: "start a load test",
}


def not_asked(rollout: Rollout, gate: Gate) -> bool:
    """Whether a gate is left out, because asking it would begin something."""
    return rollout.shadow and gate.source in _BEGINS


def spared(rollout: Rollout, gate: Gate) -> bool:
    """Whether a gate does not decide: it is not asked, or it would hold the live slot beside itself."""
    return not_asked(rollout, gate) or (rollout.shadow and beside_live(gate))


def measured_on(rollout: Rollout, slot: SlotName) -> SlotName:
    """The slot that a gate on `slot` is asked of."""
    return rollout.live if rollout.shadow else slot


def unasked(gate: Gate, slot: SlotName, at: datetime) -> Judgement:
    """What is recorded of a gate that is left out: no evidence, and no part in any verdict."""
    because = f"{gate.name} on {slot}: not asked in shadow, because it would {_BEGINS[gate.source]}"
    return Judgement(
        gate=gate.name,
        slot=slot,
        verdict=Verdict.NO_DATA,
        because=because,
        at=at,
        source=gate.source.value,
        group=gate.group,
        weight=gate.weight,
        critical=gate.critical,
        dry_run=True,
    )


def asked(rollout: Rollout, probes: frozenset[Probe]) -> frozenset[Probe]:
    """What is really asked of the world for the sake of `probes`. Of a real rollout: just these."""
    if not rollout.shadow:
        return probes
    open_ = (probe for probe in probes if answered(rollout.assumed, probe) is None)
    return frozenset(_instead(rollout, probe) for probe in open_ if not _begins(probe))


def told(fleet: Fleet, rollout: Rollout, probes: Iterable[Probe], seen: Seen) -> Seen:
    """What a shadow has seen, with an answer to each of `probes` that orders or the live slot answer."""
    found = {probe: _answer(fleet, rollout, probe, seen) for probe in probes}
    known = {probe: answer for probe, answer in found.items() if answer is not None}
    return replace(seen, answers={**seen.answers, **known})


def assuming(rollout: Rollout, actions: Iterable[Action], epoch: int) -> Rollout:
    """The rollout with its orders taken as carried out. A real one remembers none: it looks."""
    assumed = rollout.assumed
    for action in actions if rollout.shadow else ():
        assumed = ordered(assumed, rollout.live, action, epoch)
    return rollout if assumed == rollout.assumed else replace(rollout, assumed=assumed)


def _begins(probe: Probe) -> bool:
    return isinstance(probe, GateReading | RingReading) and probe.gate.source in _BEGINS


def _instead(rollout: Rollout, probe: Probe) -> Probe:
    """The question about the live slot in the place of one about what is not there."""
    live = rollout.live
    match probe:
        case ClusterState(slot) if slot != live and slot in rollout.assumed.clusters:
            return ClusterState(live)
        case SyncState(slot) if slot != live and slot in rollout.assumed.synced:
            return SyncState(live)
        case HostState():
            return HostState(live)
        case TrafficShare() | OpenConnections():
            return replace(probe, slots=(live,))
        case LoadState():
            return replace(probe, safe=live, slots=(live,))
        case _:
            return probe


def _answer(fleet: Fleet, rollout: Rollout, probe: Probe, seen: Seen) -> Answer | None:
    known = answered(rollout.assumed, probe)
    if known is not None:
        return known
    found = seen.answers.get(_instead(rollout, probe))
    match probe, found:
        case ClusterState(slot), ClusterSeen() if _is_running(rollout, slot):
            return replace(found, version=rollout.version, etag=None)
        case SyncState(slot), SyncSeen() if slot in rollout.assumed.synced:
            return replace(found, state="compliant", because="")
        case _, TrafficSeen():
            return replace(found, requests=_shared(fleet, rollout, found.requests))
        case _, ConnectionsSeen():
            return replace(found, connections=_shared(fleet, rollout, found.connections))
        case _, LoadSeen() if rollout.live in found.used:
            return replace(found, used=_loads(rollout, found.used[rollout.live]))
        case _:
            return found


def _is_running(rollout: Rollout, slot: SlotName) -> bool:
    return slot != rollout.live and rollout.assumed.clusters.get(slot) is Standing.RUNNING


def _shared(fleet: Fleet, rollout: Rollout, counted: dict[str, float]) -> dict[str, float]:
    """What the live slot counted, put down to the slots that the rollout has sent users to."""
    if rollout.live not in counted:
        return {}
    shares = users(fleet, rollout.live, rollout.assumed, beneath=rollout.beneath, above=rollout.above)
    return {slot: counted[rollout.live] * share / 100 for slot, share in shares.items()}


def _loads(rollout: Rollout, load: Load) -> dict[SlotName, Load]:
    """All that the live slot uses counts as the candidate's: it is what would come back."""
    return {rollout.candidate: load, rollout.live: Load(0.0, 0.0, load.nodes)}
