"""Orders that nobody carries out, taken as carried out at once: what is stored of them, and what they answer.

Decides what each order leaves behind and which questions that answers. Refuses to know what the world says of
whatever was not ordered: that is whoever's who asks (`stages.ideal`, `stages.shadow`).
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from shared.actions import (
    Action,
    Deploy,
    DestroyCluster,
    PointRecord,
    SetMatch,
    SetWeights,
    StartCluster,
    StartSync,
    StopCluster,
)
from shared.assumed import Assumed, Pointed, Standing, Weighed, key_of
from shared.fleet import Fleet
from shared.levers import THROUGH, Balancer, Lever, Record, SlotName
from shared.probes import (
    Answer,
    BalancerSeen,
    BalancerState,
    ClusterSeen,
    ClusterState,
    CommandSeen,
    CommandState,
    DeploymentSeen,
    DeploymentState,
    GroupSeen,
    GroupState,
    NamesSeen,
    NamesState,
    Probe,
    RecordSeen,
    RecordState,
)


def ordered(assumed: Assumed, live: SlotName, action: Action, epoch: int) -> Assumed:
    """What is assumed once that order is carried out as well. Freezes and purges leave nothing to look at.

    A balancer that was told nothing before sends everything to `live`.
    """
    match action:
        case PointRecord(record, slot, address, ttl_seconds):
            pointed = Pointed(slot=slot, address=address, ttl_seconds=ttl_seconds, epoch=epoch)
            return replace(assumed, records={**assumed.records, record.resource_id: pointed})
        case SetWeights(balancer, weights):
            taking = {slot: weight for slot, weight in weights.items() if weight}
            return _weighed(assumed, live, balancer, weights=taking, epoch=epoch)
        case SetMatch(balancer, slot=slot):
            return _weighed(assumed, live, balancer, matched=slot or "")
        case Deploy(name, slot):
            return replace(_standing(assumed, slot, Standing.RUNNING), deployment=name)
        case StartCluster(slot):
            return _standing(assumed, slot, Standing.RUNNING)
        case StopCluster(slot):
            return _standing(assumed, slot, Standing.STOPPED)
        case DestroyCluster(slot):
            return _standing(assumed, slot, Standing.GONE)
        case StartSync(slot):
            return replace(assumed, synced=tuple(dict.fromkeys((*assumed.synced, slot))))
        case _:
            return assumed


def answered(assumed: Assumed, probe: Probe) -> Answer | None:
    """What the orders themselves answer, None where they say nothing about it."""
    match probe:
        case RecordState(record):
            return _record(assumed.records.get(record.resource_id))
        case BalancerState(balancer):
            return _balancer(assumed.balancers.get(key_of(balancer)))
        case NamesState(record) if record.resource_id in assumed.records:
            # Nobody is left behind at the old answer.
            return NamesSeen({})
        case ClusterState(slot):
            return _CLUSTERS.get(assumed.clusters.get(slot, Standing.RUNNING))
        case GroupState(slot) if assumed.clusters.get(slot) is Standing.GONE:
            return GroupSeen(exists=False)
        case DeploymentState(name) if name == assumed.deployment:
            return DeploymentSeen("Succeeded")
        case CommandState():
            return CommandSeen(exit_code=0)
        case _:
            return None


def users(
    fleet: Fleet, live: SlotName, assumed: Assumed, *, beneath: bool = False, above: bool = False
) -> dict[str, float]:
    """Percent of the users on each slot; the users of every lever count the same."""
    levers: tuple[Lever, ...] = (fleet.above,) if above and fleet.above is not None else fleet.levers
    shares = {str(slot.name): 0.0 for slot in fleet.slots}
    for lever in levers:
        for slot, share in _sent(fleet, live, assumed, lever, beneath=beneath).items():
            shares[slot] += share / len(levers)
    return shares


_CLUSTERS: Mapping[Standing, ClusterSeen] = {
    Standing.STOPPED: ClusterSeen(exists=True, provisioning="Succeeded", power="Stopped"),
    Standing.GONE: ClusterSeen(exists=False),
}


def _standing(assumed: Assumed, slot: SlotName, standing: Standing) -> Assumed:
    return replace(assumed, clusters={**assumed.clusters, slot: standing})


def _weighed(assumed: Assumed, live: SlotName, balancer: Balancer, **changes: object) -> Assumed:
    key = key_of(balancer)
    before = assumed.balancers.get(key, Weighed(weights={live: 100}, epoch=0))
    return replace(assumed, balancers={**assumed.balancers, key: replace(before, **changes)})


def _record(pointed: Pointed | None) -> RecordSeen | None:
    if pointed is None:
        return None
    target = pointed.address.rstrip(".").lower()
    return RecordSeen(
        exists=True, targets=(target,), ttl_seconds=pointed.ttl_seconds, etag="", epoch=pointed.epoch
    )


def _balancer(weighed: Weighed | None) -> BalancerSeen | None:
    if weighed is None:
        return None
    return BalancerSeen(dict(weighed.weights), matched=weighed.matched, epoch=weighed.epoch)


def _sent(
    fleet: Fleet, live: SlotName, assumed: Assumed, lever: Lever, *, beneath: bool
) -> dict[SlotName, float]:
    """Percent by slot that one lever's users reach in the end."""
    if isinstance(lever, Record):
        return {_at(assumed, lever, live): 100.0}
    weighed = assumed.balancers.get(key_of(lever))
    weights = weighed.weights if weighed is not None else {THROUGH if lever == fleet.above else live: 100}
    sent: dict[SlotName, float] = {}
    for member in lever.members:
        where = member.slot
        if member.slot == THROUGH:
            where = _at(assumed, fleet.live_records[0], live)
        elif beneath and member.beneath is not None:
            where = _at(assumed, member.beneath, member.slot)
        sent[where] = sent.get(where, 0.0) + weights.get(member.slot, 0)
    return sent


def _at(assumed: Assumed, record: Record, unordered: SlotName) -> SlotName:
    pointed = assumed.records.get(record.resource_id)
    return pointed.slot if pointed is not None else unordered
