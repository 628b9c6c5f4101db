"""All levers of a fleet together: where each sends users, and the orders that move them. Pure.

Decides what counts as moved and in which order it is done: as declared on the way forward, in reverse on the
way back. Where traffic goes by the records beneath a balancer, its weights alone say nothing. Where it goes
by the Front Door above a live record, that record says something of the share alone that is passed on to it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.actions import LeverAction, PointRecord
from shared.decision import Seen
from shared.fleet import Fleet
from shared.levers import THROUGH, Balancer, Lever, Member, Record, SlotName
from shared.model import Rollout
from shared.probes import BalancerSeen, BalancerState, Probe, RecordSeen, RecordState
from stages.looking import at, record_seen, target_of, unavailable
from stages.weighing import (
    STRANGER,
    balancer_seen,
    full,
    holds,
    next_order,
    shares,
    taking,
    unreached,
    weigh,
)


def levers(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    """Probes of every lever, and of what lies beneath or above where traffic goes by it."""
    under = beneath(fleet) if rollout.beneath else frozenset()
    over = above(fleet, rollout)
    return frozenset(map(probe_of, fleet.levers)) | under | frozenset({BalancerState(over)} if over else ())


def above(fleet: Fleet, rollout: Rollout) -> Balancer | None:
    """The Front Door above the live record, where traffic goes by it."""
    return fleet.above if rollout.above else None


def unread(fleet: Fleet, rollout: Rollout, seen: Seen) -> str | None:
    """Why nobody can tell where users are sent, None where it was seen.

    A live record that the Front Door above sends nobody to need not be seen.
    """
    over = above(fleet, rollout)
    found = balancer_seen(seen, over) if over is not None else None
    if found is not None and THROUGH not in found.weights:
        return None
    return unavailable(seen, levers(fleet, rollout))


def beneath(fleet: Fleet) -> frozenset[Probe]:
    """Probes of the records beneath every balancer."""
    return frozenset(RecordState(record) for balancer in fleet.balancers for record in balancer.beneath)


def probe_of(lever: Lever) -> Probe:
    """The question about one lever."""
    return RecordState(lever) if isinstance(lever, Record) else BalancerState(lever)


def elsewhere(fleet: Fleet, rollout: Rollout, slot: SlotName, seen: Seen) -> str | None:
    """The sentence about the first lever seen not to send everything to `slot`, None if there is none."""
    found = first_elsewhere(fleet, rollout, slot, seen)
    return found[1] if found is not None else None


def first_elsewhere(fleet: Fleet, rollout: Rollout, slot: SlotName, seen: Seen) -> tuple[Lever, str] | None:
    """The first lever seen not to send everything to `slot`, with the sentence about it."""
    over = above(fleet, rollout)
    if over is not None:
        sentence = _sends_elsewhere(fleet, rollout, over, {slot: 100}, seen)
        return (over, sentence) if sentence is not None else None
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
    wanted = taking(weights)
    for balancer in fleet.balancers:
        sentence = _sends_elsewhere(fleet, rollout, balancer, wanted, seen)
        if sentence is not None:
            return balancer, sentence
    return None


def orders(
    fleet: Fleet, rollout: Rollout, slot: SlotName, seen: Seen, *, low_ttl: bool
) -> tuple[LeverAction, ...]:
    """One order for each lever that could be read, in the declared order: everything to `slot`.

    A balancer that traffic goes beneath of is left alone, and the records there are moved. A record with
    traffic going by the Front Door above it is left to `realign`.
    """
    over = above(fleet, rollout)
    if over is not None:
        return tuple(weigh(rollout, over, full(over, slot), seen))
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

    No second change is queued behind one that Front Door is still deploying. A live record is ordered in any
    case, and with it the Front Door above where traffic goes by it: users are back by whichever comes first.
    """
    ordered: list[LeverAction] = []
    for lever in reversed(fleet.levers):
        if isinstance(lever, Record):
            ordered += point_each(fleet, rollout, (lever,), slot, seen, low_ttl=True)
            continue
        ordered += point_each(fleet, rollout, lever.beneath, slot, seen, low_ttl=True)
        ordered += next_order(fleet, rollout, lever, slot, seen)
    over = above(fleet, rollout)
    return (*ordered, *(weigh(rollout, over, full(over, slot), seen) if over is not None else ()))


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


def moved(fleet: Fleet, rollout: Rollout, slot: SlotName, seen: Seen) -> bool:
    """Whether every lever sends everything to `slot`, by an order of ours or of a later epoch.

    A balancer may still be deploying it: see `unsettled`.
    """
    if rollout.ordered_epoch is None:
        return False
    over = above(fleet, rollout)
    if over is not None:
        return _brought(fleet, rollout, over, slot, seen)
    return all(_moved(fleet, rollout, lever, slot, seen) for lever in fleet.levers)


def unsettled(fleet: Fleet, rollout: Rollout, seen: Seen) -> str | None:
    """The sentence about a balancer whose last change has not reached everybody, None if there is none.

    One that traffic goes beneath of may take its time.
    """
    over = above(fleet, rollout)
    decide = [each for each in fleet.balancers if not (rollout.beneath and each.beneath)]
    said = (unreached(rollout, balancer, seen) for balancer in (*decide, *([over] if over else [])))
    return next(filter(None, said), None)


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
    """The same for the balancers alone, which a ramp moves, and for the Front Door above a live record."""
    return since + timedelta(seconds=max(map(_balancer_seconds, fleet.every_balancer)))


def bound_seconds(fleet: Fleet, rollout: Rollout, lever: Lever) -> float:
    """How long a move of this lever takes to reach everybody who keeps to its TTL, lowered before."""
    if isinstance(lever, Record):
        over = above(fleet, rollout)
        own = fleet.policy.propagation_seconds + min(lever.ttl_seconds, fleet.policy.switch_ttl_seconds)
        return max(own, _balancer_seconds(over)) if over is not None else own
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


def _brought(fleet: Fleet, rollout: Rollout, over: Balancer, slot: SlotName, seen: Seen) -> bool:
    """Whether the Front Door above was told to send everybody to `slot`, or to its record, which is there."""
    if holds(rollout, over, full(over, slot), seen):
        return True
    found = balancer_seen(seen, over)
    passed_on = found is not None and found.weights.keys() <= {slot, THROUGH}
    return passed_on and all(_pointed(fleet, rollout, each, slot, seen) for each in fleet.live_records)


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
    """Percent by slot that a balancer's users reach in the end, None where a record behind was not read."""
    sent: dict[str, int] = {}
    for member in balancer.members:
        share, record = found.weights.get(member.slot, 0), _behind(fleet, rollout, member)
        if not share:
            continue
        behind = record_seen(seen, record) if record is not None else None
        if record is not None and behind is None:
            return None
        where = member.slot
        if record is not None and behind is not None:
            where = _slot_at(fleet, rollout, record, behind)
        sent[where] = sent.get(where, 0) + share
    return sent


def _behind(fleet: Fleet, rollout: Rollout, member: Member) -> Record | None:
    """The record that decides where a member's users go, None where the member does."""
    if member.slot == THROUGH:
        return fleet.live_records[0]
    return member.beneath if rollout.beneath else None


def _slot_at(fleet: Fleet, rollout: Rollout, record: Record, found: RecordSeen) -> SlotName:
    both = (rollout.live, rollout.candidate)
    return next((slot for slot in both if at(found, target_of(fleet, rollout, record, slot))), STRANGER)
