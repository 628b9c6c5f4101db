"""All levers of a fleet together: where each sends users, and the orders that move them. Pure.

Decides what counts as moved and in which order it is done: as declared on the way forward, in reverse on the
way back. Where traffic goes by the records beneath a balancer, its weights alone say nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.actions import LeverAction, PointRecord, SetMatch, SetWeights
from shared.decision import Seen
from shared.fleet import Fleet
from shared.levers import FENCED, SERIAL, Balancer, Lever, Record, SlotName
from shared.model import Rollout
from shared.probes import BalancerSeen, BalancerState, Probe, RecordSeen, RecordState
from stages.looking import at, record_seen, seen_as, target_of

STRANGER = ""


def levers(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    """Probes of every lever, and of the records beneath a balancer where traffic goes by them."""
    return frozenset(map(probe_of, fleet.levers)) | (beneath(fleet) if rollout.beneath else frozenset())


def beneath(fleet: Fleet) -> frozenset[Probe]:
    """Probes of the records beneath every balancer."""
    return frozenset(RecordState(record) for balancer in fleet.balancers for record in balancer.beneath)


def probe_of(lever: Lever) -> Probe:
    """The question about one lever."""
    return RecordState(lever) if isinstance(lever, Record) else BalancerState(lever)


def balancer_seen(seen: Seen, balancer: Balancer) -> BalancerSeen | None:
    """The balancer as it was read, None where it could not be."""
    return seen_as(seen, BalancerState(balancer), BalancerSeen)


def full(balancer: Balancer, slot: SlotName) -> dict[str, int]:
    """All of the traffic to one slot."""
    return {str(member.slot): 100 if member.slot == slot else 0 for member in balancer.members}


def elsewhere(fleet: Fleet, rollout: Rollout, slot: SlotName, seen: Seen) -> str | None:
    """The sentence about the first lever seen not to send everything to `slot`, None if there is none."""
    found = first_elsewhere(fleet, rollout, slot, seen)
    return found[1] if found is not None else None


def first_elsewhere(fleet: Fleet, rollout: Rollout, slot: SlotName, seen: Seen) -> tuple[Lever, str] | None:
    """The first lever seen not to send everything to `slot`, with the sentence about it."""
    for lever in fleet.levers:
        sentence = (
            _points_elsewhere(fleet, rollout, lever, slot, seen)
            if isinstance(lever, Record)
            else _sends_elsewhere(fleet, rollout, lever, {slot: 100}, seen)
        )
        if sentence is not None:
            return lever, sentence
    return None


def apart(fleet: Fleet, rollout: Rollout, weights: dict[str, int], seen: Seen) -> tuple[Lever, str] | None:
    """The first balancer seen with other shares than these, with the sentence about it."""
    wanted = _taking(weights)
    for balancer in fleet.balancers:
        sentence = _sends_elsewhere(fleet, rollout, balancer, wanted, seen)
        if sentence is not None:
            return balancer, sentence
    return None


def orders(
    fleet: Fleet, rollout: Rollout, slot: SlotName, seen: Seen, *, low_ttl: bool
) -> tuple[LeverAction, ...]:
    """One order for each lever that could be read, in the declared order: everything to `slot`.

    A balancer that traffic goes beneath of is left alone, and the records there are moved.
    """
    ordered: list[LeverAction] = []
    for lever in fleet.levers:
        if isinstance(lever, Record):
            ordered += point_each(fleet, rollout, (lever,), slot, seen, low_ttl=low_ttl)
        elif rollout.beneath and lever.beneath:
            ordered += point_each(fleet, rollout, lever.beneath, slot, seen, low_ttl=low_ttl)
        else:
            ordered += weigh(rollout, lever, full(lever, slot), seen)
    return tuple(ordered)


def orders_back(fleet: Fleet, rollout: Rollout, slot: SlotName, seen: Seen) -> tuple[LeverAction, ...]:
    """The same on the way back, in reverse: the records beneath a balancer first, then its weights.

    No second change is queued behind one that Front Door is still deploying.
    """
    ordered: list[LeverAction] = []
    for lever in reversed(fleet.levers):
        if isinstance(lever, Record):
            ordered += point_each(fleet, rollout, (lever,), slot, seen, low_ttl=True)
            continue
        ordered += point_each(fleet, rollout, lever.beneath, slot, seen, low_ttl=True)
        ordered += next_order(fleet, rollout, lever, slot, seen)
    return tuple(ordered)


def next_order(
    fleet: Fleet, rollout: Rollout, balancer: Balancer, slot: SlotName, seen: Seen
) -> list[SetWeights] | list[SetMatch]:
    """The one order that a balancer gets on its way to `slot`: what sends users elsewhere goes first."""
    found = balancer_seen(seen, balancer)
    if found is not None and found.matched and found.weights == {slot: 100}:
        return lift(fleet, balancer, seen)
    return weigh(rollout, balancer, full(balancer, slot), seen)


def lift(fleet: Fleet, balancer: Balancer, seen: Seen) -> list[SetMatch]:
    """The order that lifts a canary by header or cookie, where there is one and nothing is on its way."""
    found = balancer_seen(seen, balancer)
    if found is None or not found.matched or found.unsettled or fleet.shift.match is None:
        return []
    return [SetMatch(balancer, fleet.shift.match.match, None)]


def point_each(
    fleet: Fleet, rollout: Rollout, records: tuple[Record, ...], slot: SlotName, seen: Seen, *, low_ttl: bool
) -> list[PointRecord]:
    """A write for each of the records that was read, under the etag that it had."""
    writes = []
    for record in records:
        found = record_seen(seen, record)
        if found is None:
            continue
        ttl = min(record.ttl_seconds, fleet.policy.switch_ttl_seconds) if low_ttl else record.ttl_seconds
        target = target_of(fleet, rollout, record, slot)
        writes.append(PointRecord(record, slot, target, ttl, found.etag if found.exists else None))
    return writes


def weigh(rollout: Rollout, balancer: Balancer, weights: dict[str, int], seen: Seen) -> list[SetWeights]:
    """The order that gives a balancer these shares, none where it has to wait for the one before.

    None either where it was ordered and is on its way, or where its etag is needed and was not read.
    """
    found = balancer_seen(seen, balancer)
    if found is None:
        return [] if balancer.kind in FENCED else [SetWeights(balancer, weights)]
    ordered = rollout.ordered_epoch is not None and found.weights == _taking(weights)
    if found.unsettled and (ordered or balancer.kind in SERIAL):
        return []
    return [SetWeights(balancer, weights, found.etag)]


def moved(fleet: Fleet, rollout: Rollout, slot: SlotName, seen: Seen) -> bool:
    """Whether every lever sends everything to `slot`, by an order of ours or of a later epoch.

    A balancer may still be deploying it: see `unsettled`.
    """
    if rollout.ordered_epoch is None:
        return False
    return all(_moved(fleet, rollout, lever, slot, seen) for lever in fleet.levers)


def holds(rollout: Rollout, balancer: Balancer, weights: dict[str, int], seen: Seen) -> bool:
    """Whether a balancer was told these shares by an order of ours or of a later epoch."""
    found = balancer_seen(seen, balancer)
    if found is None or rollout.ordered_epoch is None:
        return False
    stale = found.epoch is not None and found.epoch < rollout.ordered_epoch
    return not stale and found.weights == _taking(weights)


def unsettled(fleet: Fleet, rollout: Rollout, seen: Seen) -> str | None:
    """The sentence about a balancer whose last change has not reached everybody, None if there is none.

    One that traffic goes beneath of may take its time.
    """
    above = (each for each in fleet.balancers if not (rollout.beneath and each.beneath))
    found = (balancer_seen(seen, balancer) for balancer in above)
    return next((each.unsettled for each in found if each is not None and each.unsettled), None)


def pace_seconds(fleet: Fleet, rollout: Rollout, seen: Seen) -> float:
    """How long after these orders to look again: at once, but where one keeps the next of its own waiting."""
    waiting = unsettled(fleet, rollout, seen) is not None
    return float(fleet.policy.poll_seconds) if waiting else 0.0


def canary_left(fleet: Fleet, rollout: Rollout, seen: Seen) -> bool:
    """Whether a balancer still sends requests that match somewhere else than its weights do."""
    found = (balancer_seen(seen, each) for each in fleet.balancers if not (rollout.beneath and each.beneath))
    return any(each is not None and bool(each.matched) for each in found)


def propagated_at(fleet: Fleet, rollout: Rollout, since: datetime) -> datetime:
    """When the last client can have learnt of an order seen at `since`: propagation plus the TTL in force."""
    return since + timedelta(seconds=max(bound_seconds(fleet, rollout, each) for each in fleet.levers))


def weights_propagated_at(fleet: Fleet, since: datetime) -> datetime:
    """The same for the balancers alone, which a ramp moves."""
    return since + timedelta(seconds=max(_balancer_seconds(balancer) for balancer in fleet.balancers))


def _taking(weights: dict[str, int]) -> dict[str, int]:
    """The slots that take anything, as a balancer is read."""
    return {slot: share for slot, share in weights.items() if share}


def bound_seconds(fleet: Fleet, rollout: Rollout, lever: Lever) -> float:
    """How long a move of this lever takes to reach everybody who keeps to its TTL, lowered before."""
    if isinstance(lever, Record):
        return fleet.policy.propagation_seconds + min(lever.ttl_seconds, fleet.policy.switch_ttl_seconds)
    if rollout.beneath and lever.beneath:
        return beneath_seconds(fleet, lever)
    return _balancer_seconds(lever)


def _balancer_seconds(balancer: Balancer) -> float:
    return balancer.propagation_seconds + balancer.ttl_seconds


def beneath_seconds(fleet: Fleet, balancer: Balancer) -> float:
    """The same for the records beneath, whose TTL is not lowered: nobody means to need them."""
    return max(fleet.policy.propagation_seconds + record.ttl_seconds for record in balancer.beneath)


def _moved(fleet: Fleet, rollout: Rollout, lever: Lever, slot: SlotName, seen: Seen) -> bool:
    if isinstance(lever, Balancer) and not (rollout.beneath and lever.beneath):
        return holds(rollout, lever, full(lever, slot), seen)
    records = (lever,) if isinstance(lever, Record) else lever.beneath
    return all(_pointed(fleet, rollout, record, slot, seen) for record in records)


def _pointed(fleet: Fleet, rollout: Rollout, record: Record, slot: SlotName, seen: Seen) -> bool:
    found = record_seen(seen, record)
    if found is None or not at(found, target_of(fleet, rollout, record, slot)):
        return False
    return found.epoch is not None and found.epoch >= (rollout.ordered_epoch or 0)


def _points_elsewhere(
    fleet: Fleet, rollout: Rollout, record: Record, slot: SlotName, seen: Seen
) -> str | None:
    found = record_seen(seen, record)
    target = target_of(fleet, rollout, record, slot)
    if found is None or at(found, target):
        return None
    points = ", ".join(found.targets) or "nowhere"
    return f"{record.fqdn} points at {points}, not at {slot} ({target})"


def _sends_elsewhere(
    fleet: Fleet, rollout: Rollout, balancer: Balancer, wanted: dict[str, int], seen: Seen
) -> str | None:
    found = balancer_seen(seen, balancer)
    if found is None:
        return None
    sent = _through(fleet, rollout, balancer, found, seen)
    if sent is None or sent == wanted:
        return None
    return f"{balancer.label} sends {shares(sent)}, not {shares(wanted)}"


def _through(
    fleet: Fleet, rollout: Rollout, balancer: Balancer, found: BalancerSeen, seen: Seen
) -> dict[str, int] | None:
    """Percent by slot that a balancer's users reach in the end, None where a record beneath was not read."""
    if not (rollout.beneath and balancer.beneath):
        return dict(found.weights)
    sent: dict[str, int] = {}
    for member in balancer.members:
        share = found.weights.get(member.slot, 0)
        if not share or member.beneath is None:
            continue
        behind = record_seen(seen, member.beneath)
        if behind is None:
            return None
        where = _slot_at(fleet, rollout, member.beneath, behind)
        sent[where] = sent.get(where, 0) + share
    return sent


def _slot_at(fleet: Fleet, rollout: Rollout, record: Record, found: RecordSeen) -> str:
    both = (rollout.live, rollout.candidate)
    return next((slot for slot in both if at(found, target_of(fleet, rollout, record, slot))), STRANGER)


def shares(weights: dict[str, int]) -> str:
    """`10 % to green, 90 % to blue`."""
    named = [f"{share} % to {slot or 'a stranger'}" for slot, share in sorted(weights.items()) if share]
    return ", ".join(named) or "nobody anywhere"
