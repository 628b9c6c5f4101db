"""Whether every lever is what the plan believes it to be, before a rollout begins. Pure.

Decides what counts as a foreign or a stale owner. Each problem is a sentence; all of them are told at once.
"""

from __future__ import annotations

from shared.decision import Seen
from shared.fleet import Fleet
from shared.levers import THROUGH, Balancer, Record
from shared.model import Rollout
from shared.probes import BalancerSeen, BalancerState, OwnerSeen, Probe, RecordOwner, RecordSeen
from stages.levers import beneath, levers
from stages.looking import at, record_seen, seen_as, target_of
from stages.weighing import balancer_seen, shares


def ground_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    """Every lever, what lies beneath and above, and who owns them where the fleet wants that asked."""
    over: frozenset[Probe] = frozenset({BalancerState(fleet.above)} if fleet.above is not None else ())
    owners = frozenset(RecordOwner(each) for each in _owned(fleet))
    return levers(fleet, rollout) | beneath(fleet) | over | owners


def lever_problems(fleet: Fleet, rollout: Rollout, seen: Seen) -> list[str]:
    """What is wrong with each lever. All of them must have been observed."""
    problems = []
    for lever in fleet.levers:
        if isinstance(lever, Record):
            problems += _record_problems(fleet, rollout, lever, seen)
        else:
            problems += _balancer_problems(fleet, rollout, lever, seen)
    if fleet.above is not None:
        problems += _above_problems(fleet, fleet.above, seen)
    return problems + _owners(fleet, seen)


def _owned(fleet: Fleet) -> tuple[Record, ...]:
    if not fleet.names.owners:
        return ()
    return (*fleet.live_records, *(record for balancer in fleet.balancers for record in balancer.beneath))


def _owners(fleet: Fleet, seen: Seen) -> list[str]:
    found = ((record, seen_as(seen, RecordOwner(record), OwnerSeen)) for record in _owned(fleet))
    return [
        f"{record.fqdn} belongs to external-dns ({owner.owner}), which would write it back"
        for record, owner in found
        if owner is not None and owner.owner
    ]


def _record_problems(fleet: Fleet, rollout: Rollout, record: Record, seen: Seen) -> list[str]:
    found = record_seen(seen, record)
    if found is None or not found.exists:
        return [f"{record.fqdn} does not exist"]
    if not at(found, target_of(fleet, rollout, record, rollout.live)):
        return [f"{record.fqdn} points at {', '.join(found.targets)}, but {rollout.live} is recorded as live"]
    return _foreign(fleet, record, found, "the record's metadata", seen)


def _balancer_problems(fleet: Fleet, rollout: Rollout, balancer: Balancer, seen: Seen) -> list[str]:
    found = balancer_seen(seen, balancer)
    if found is None:
        return [f"{balancer.label} does not exist"]
    if found.weights != {rollout.live: 100}:
        return [f"{balancer.label} sends {shares(found.weights)}, but {rollout.live} is recorded as live"]
    if found.matched:
        return [f"{balancer.label} still sends a canary to {found.matched}"]
    live = balancer.member(rollout.live).beneath
    under = record_seen(seen, live) if live is not None else None
    if (
        live is not None
        and under is not None
        and not at(under, target_of(fleet, rollout, live, rollout.live))
    ):
        points = ", ".join(under.targets) or "nowhere"
        return [f"{live.fqdn}, beneath {balancer.label}, points at {points}, not at {rollout.live}"]
    return _foreign(fleet, balancer, found, "its tags", seen)


def _above_problems(fleet: Fleet, balancer: Balancer, seen: Seen) -> list[str]:
    found = balancer_seen(seen, balancer)
    if found is None:
        return [f"{balancer.label} does not exist"]
    if found.weights != {THROUGH: 100}:
        names = ", ".join(record.fqdn for record in fleet.live_records)
        return [f"{balancer.label} sends {shares(found.weights)}, not everything through to {names}"]
    return _foreign(fleet, balancer, found, "its tags", seen)


def _foreign(
    fleet: Fleet, lever: Record | Balancer, found: RecordSeen | BalancerSeen, where: str, seen: Seen
) -> list[str]:
    """Another fleet's mark on it, or one of ours from a future that was lost."""
    if found.fleet not in (None, fleet.name):
        return [f"{lever.label} belongs to the fleet {found.fleet}"]
    if found.epoch is None or found.epoch <= seen.epoch:
        return []
    lost = f"{lever.label} carries epoch {found.epoch}, the fleet is at {seen.epoch}: its state was lost"
    return [f"{lost}, so check which slot is live, then remove switchyard_epoch from {where}"]
