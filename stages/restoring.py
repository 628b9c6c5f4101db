"""Putting right what a move leaves behind: caches, TTLs, canaries, and what lies beneath and above levers.

Decides when each is as declared again, in T3 and at the end of a rollback. Traffic stays at the slot that
users are on.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from shared.actions import LeverAction, PointRecord, Purge
from shared.decision import Seen
from shared.fleet import Fleet
from shared.levers import THROUGH, Balancer, Record, SlotName
from shared.model import Rollout
from shared.probes import Probe, RecordSeen
from stages.levers import above, beneath, levers, point_each, weights_propagated_at
from stages.looking import at, record_seen, target_of, unavailable
from stages.step import ORDER_SECONDS_MAX, Move, act, advance, wait
from stages.verdicts import unseen
from stages.weighing import balancer_seen, full, keeps_waiting, next_order, weigh


def users_on(rollout: Rollout) -> SlotName:
    """The slot that users are on when everything is put back."""
    return rollout.safe if rollout.rollback_because else rollout.candidate


def cached(fleet: Fleet, _rollout: Rollout) -> bool:
    """Whether a balancer keeps answers."""
    return any(balancer.endpoint for balancer in fleet.balancers)


def purge(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    """Have caches forget what the slot served that users have left. What was given is told by its receipt."""
    purged = {r.action.balancer for r in seen.results if isinstance(r.action, Purge) and r.receipt}
    keeping = [balancer for balancer in fleet.balancers if balancer.endpoint]
    if purged.issuperset(keeping):
        left = fleet.other(users_on(rollout))
        return advance(rollout, f"the caches hold nothing of {left} any more")
    names = ", ".join(balancer.endpoint for balancer in keeping)
    return act(rollout, f"purges the caches of {names}", *(Purge(balancer) for balancer in keeping))


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
    """Whether a TTL is to be restored. A record with traffic going by the Front Door above is `realign`'s."""
    return rollout.ttl_lowered_at is not None and bool(fleet.live_records) and not rollout.above


def to_realign(fleet: Fleet, rollout: Rollout) -> bool:
    """Whether a canary is to be lifted, or traffic goes by a second lever."""
    return rollout.shifted and (rollout.beneath or rollout.above or fleet.shift.match is not None)


def left_above(fleet: Fleet, rollout: Rollout) -> str | None:
    """What a rollout leaves to a person that ends with traffic going by the Front Door above, else None."""
    over = above(fleet, rollout)
    if over is None:
        return None
    names = ", ".join(record.fqdn for record in fleet.live_records)
    return f"{over.label} still sends users straight to {users_on(rollout)}, not through {names}"


def realign_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    """Every lever, and everything beneath once the balancers are as they should be: zones take few reads."""
    return levers(fleet, rollout) | (beneath(fleet) if rollout.weighed_at is not None else frozenset())


def realign(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    """Have the balancers send everything to the slot that users are on, then put back the records beneath."""
    unread = unavailable(seen, realign_needs(fleet, rollout))
    if unread is not None:
        return unseen(rollout, f"a lever could not be read: {unread}")
    over = above(fleet, rollout)
    if over is not None:
        return _pass_on(fleet, rollout, over, seen)
    slot = users_on(rollout)
    told = _above(fleet, rollout, slot, seen)
    if isinstance(told, str):
        return wait(rollout, told, failures=0)
    if told:
        sentence = f"every balancer sends everything to {slot}, and no canary is left"
        return act(rollout, sentence, *told, weighed_at=None)
    if rollout.weighed_at is None:
        return wait(rollout, "the balancers are as they should be", wake_seconds=0, weighed_at=seen.since)
    late = rollout.entered_at + timedelta(seconds=ORDER_SECONDS_MAX)
    # An order from before may come through until then, and the records beneath are what keeps it harmless.
    ready = max(weights_propagated_at(fleet, rollout.weighed_at), late)
    if seen.now < ready and rollout.beneath:
        left = (ready - seen.now).total_seconds()
        return wait(rollout, "the balancers' change is reaching everybody", wake_seconds=left, failures=0)
    return _beneath(fleet, rollout, seen)


def _pass_on(fleet: Fleet, rollout: Rollout, over: Balancer, seen: Seen) -> Move:
    """Point the live record at the slot that users are on, then have the Front Door above pass on to it."""
    found, slot = balancer_seen(seen, over), users_on(rollout)
    late = _late_records(fleet, rollout, slot, seen)
    if late:
        names = ", ".join(write.record.fqdn for write in late)
        return act(rollout, f"points {names} at {slot} as well", *late, aligned_at=None, weighed_at=None)
    if rollout.aligned_at is None:
        return wait(rollout, f"the live record is at {slot}", wake_seconds=0, aligned_at=seen.since)
    # Whoever asks for the name before that may get an old answer, and a late order may come through.
    aged = rollout.aligned_at + timedelta(seconds=_aging_seconds(fleet))
    ready = max(aged, rollout.entered_at + timedelta(seconds=ORDER_SECONDS_MAX))
    if seen.now < ready:
        left = (ready - seen.now).total_seconds()
        return wait(rollout, "the live record's old answers expire", wake_seconds=left, failures=0)
    under_way = keeps_waiting(rollout, over, seen)
    if under_way:
        return wait(rollout, under_way, failures=0)
    if found is None or found.failed or found.weights != {THROUGH: 100}:
        names = ", ".join(record.fqdn for record in fleet.live_records)
        order = weigh(rollout, over, full(over, THROUGH), seen)
        return act(rollout, f"{over.label} passes everything on to {names} again", *order, weighed_at=None)
    return _passed_on(fleet, rollout, seen)


def _passed_on(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    """Wait for those whom the Front Door above still sends straight to a slot: they follow no record."""
    if rollout.weighed_at is None:
        return wait(
            rollout, "the Front Door above is as declared again", wake_seconds=0, weighed_at=seen.since
        )
    ready = weights_propagated_at(fleet, rollout.weighed_at)
    if seen.now < ready:
        left = (ready - seen.now).total_seconds()
        return wait(rollout, "the Front Door's change is reaching everybody", wake_seconds=left, failures=0)
    because = f"users go through the live record to {users_on(rollout)} again"
    # How long the Front Door took says nothing of the record, by which the way back goes from here on.
    rollout = msgspec.structs.replace(rollout, above=False, aligned_at=None, weighed_at=None)
    return advance(rollout, because, ttl_lowered_at=None, follow_seconds={})


def _late_records(fleet: Fleet, rollout: Rollout, slot: SlotName, seen: Seen) -> list[PointRecord]:
    """The live records to be written: whatever they look like, until an order of its own was seen."""
    writes = point_each(fleet, rollout, fleet.live_records, slot, seen, low_ttl=False)
    if rollout.aligned_at is None:
        return [] if _own(rollout, writes, seen) and not _low(writes, seen) else writes
    apart = [
        write
        for write in writes
        if (found := record_seen(seen, write.record)) is None or not at(found, write.address)
    ]
    return apart or _low(writes, seen)


def _low(writes: list[PointRecord], seen: Seen) -> list[PointRecord]:
    """Those of the writes whose record has another TTL."""
    found = ((write, record_seen(seen, write.record)) for write in writes)
    return [write for write, record in found if record is None or record.ttl_seconds != write.ttl_seconds]


def _aging_seconds(fleet: Fleet) -> int:
    """How long the longest answer of before is kept, whatever TTL it came with."""
    return fleet.policy.propagation_seconds + max(record.ttl_seconds for record in fleet.live_records)


def _above(fleet: Fleet, rollout: Rollout, slot: SlotName, seen: Seen) -> str | list[LeverAction]:
    """What the balancers have still to be told, or what they are still deploying."""
    ordered: list[LeverAction] = []
    for balancer in fleet.balancers:
        found = balancer_seen(seen, balancer)
        if found is None:
            continue
        under_way = keeps_waiting(rollout, balancer, seen)
        if under_way:
            return under_way
        if found.failed or found.weights != {slot: 100} or found.matched:
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
    longest = max((b.propagation_seconds + b.ttl_seconds for b in fleet.every_balancer), default=0)
    return 4 * longest
