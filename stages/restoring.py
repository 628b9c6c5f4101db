"""Putting back what a switch changed about its levers: TTLs, canaries, and the records beneath a balancer.

Decides when each is as declared again, in T3 and at the end of a rollback. Traffic stays at the slot that
users are on.
"""

from __future__ import annotations

from datetime import timedelta

from shared.actions import LeverAction, PointRecord
from shared.decision import Seen
from shared.fleet import Fleet
from shared.levers import Record, SlotName
from shared.model import Rollout
from shared.probes import Probe, RecordSeen
from stages.levers import (
    balancer_seen,
    beneath,
    levers,
    next_order,
    point_each,
    weights_propagated_at,
)
from stages.looking import at, record_seen, target_of, unavailable
from stages.step import ORDER_SECONDS_MAX, Move, act, advance, wait
from stages.verdicts import unseen


def users_on(rollout: Rollout) -> SlotName:
    """The slot that users are on when everything is put back."""
    return rollout.safe if rollout.rollback_because else rollout.candidate


def restore_ttl(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    """Give every live record its declared TTL back, at the slot that users are on."""
    slot = users_on(rollout)
    records = fleet.live_records
    writes = point_each(fleet, rollout, records, slot, seen, low_ttl=False)
    if len(writes) < len(records):
        return unseen(
            rollout, f"a live record could not be read: {unavailable(seen, levers(fleet, rollout))}"
        )
    late = tuple(
        write
        for write in writes
        if (found := record_seen(seen, write.record)) is None or found.ttl_seconds != write.ttl_seconds
    )
    if rollout.rollback_because and not _own(rollout, writes, seen):
        # A forward write may still be on its way: only a write of its own, with a later epoch, keeps it out.
        late = tuple(writes)
    if late:
        names = ", ".join(write.record.fqdn for write in late)
        return act(rollout, f"restores the TTL of {names} to {late[0].ttl_seconds} s", *late)
    return advance(rollout, "every live record has its declared TTL", ttl_lowered_at=None)


def _own(rollout: Rollout, writes: list[PointRecord], seen: Seen) -> bool:
    """Whether each record holds what would be written, by an order of ours or of a later epoch."""
    for write in writes:
        found = record_seen(seen, write.record)
        if found is None or not at(found, write.address) or rollout.ordered_epoch is None:
            return False
        if found.epoch is None or found.epoch < rollout.ordered_epoch:
            return False
    return True


def ttl_lowered(fleet: Fleet, rollout: Rollout) -> bool:
    """Whether a TTL is to be restored."""
    return rollout.ttl_lowered_at is not None and bool(fleet.live_records)


def to_realign(fleet: Fleet, rollout: Rollout) -> bool:
    """Whether a canary is to be lifted, or traffic goes by records beneath a balancer."""
    return rollout.shifted and (rollout.beneath or fleet.shift.match is not None)


def realign_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    """Every lever, and everything beneath once the balancers are as they should be: zones take few reads."""
    return levers(fleet, rollout) | (beneath(fleet) if rollout.weighed_at is not None else frozenset())


def realign(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    """Have the balancers send everything to the slot that users are on, then put back the records beneath."""
    unread = unavailable(seen, realign_needs(fleet, rollout))
    if unread is not None:
        return unseen(rollout, f"a lever could not be read: {unread}")
    slot = users_on(rollout)
    above = _above(fleet, rollout, slot, seen)
    if isinstance(above, str):
        return wait(rollout, above, failures=0)
    if above:
        sentence = f"every balancer sends everything to {slot}, and no canary is left"
        return act(rollout, sentence, *above, weighed_at=None)
    if rollout.weighed_at is None:
        return wait(rollout, "the balancers are as they should be", wake_seconds=0, weighed_at=seen.since)
    late = rollout.entered_at + timedelta(seconds=ORDER_SECONDS_MAX)
    # An order from before may come through until then, and the records beneath are what keeps it harmless.
    ready = max(weights_propagated_at(fleet, rollout.weighed_at), late)
    if seen.now < ready and rollout.beneath:
        left = (ready - seen.now).total_seconds()
        return wait(rollout, "the balancers' change is reaching everybody", wake_seconds=left, failures=0)
    return _beneath(fleet, rollout, seen)


def _above(fleet: Fleet, rollout: Rollout, slot: SlotName, seen: Seen) -> str | list[LeverAction]:
    """What the balancers have still to be told, or what they are still deploying."""
    ordered: list[LeverAction] = []
    for balancer in fleet.balancers:
        found = balancer_seen(seen, balancer)
        if found is None:
            continue
        if found.unsettled:
            return found.unsettled
        if found.weights != {slot: 100} or found.matched:
            ordered += next_order(fleet, rollout, balancer, slot, seen)
    return ordered


def _beneath(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    late: list[PointRecord] = []
    for balancer in fleet.balancers:
        for member in balancer.members:
            record = member.beneath
            found = record_seen(seen, record) if record is not None else None
            if record is None or found is None or _own_again(fleet, rollout, record, member.slot, found):
                continue
            late += point_each(fleet, rollout, (record,), member.slot, seen, low_ttl=False)
    if late:
        names = ", ".join(write.record.fqdn for write in late)
        return act(rollout, f"points {names} at its own slot again", *late)
    return advance(rollout, "every balancer and every record beneath is as declared", beneath=False)


def _own_again(fleet: Fleet, rollout: Rollout, record: Record, slot: SlotName, found: RecordSeen) -> bool:
    """Whether a record beneath is as declared: the way back has shortened its TTL."""
    return at(found, target_of(fleet, rollout, record, slot)) and found.ttl_seconds == record.ttl_seconds


def realign_lasts(fleet: Fleet) -> int:
    """Two changes, one after the other, in seconds; a service may deploy one member at a time."""
    longest = max((b.propagation_seconds + b.ttl_seconds for b in fleet.balancers), default=0)
    return 4 * longest
