"""The first half of the way back: traffic to the safe slot, and the proof that it is there.

Decides that every lever is ordered anew, those that cannot be read by what they were when they could; that it
is done only once its own orders were seen; and how long a late order of before may still come through.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from shared.actions import LeverAction, PointRecord, SetMatch, SetWeights, StartCluster
from shared.decision import Seen
from shared.fleet import Fleet
from shared.levers import FENCED, Balancer, Record
from shared.model import Rollout
from shared.probes import ClusterSeen, ClusterState, Probe, TrafficShare
from stages.converging import names_needs, served_by
from stages.fallback import gives_way
from stages.levers import (
    beneath,
    canary_left,
    levers,
    moved,
    orders_back,
    pace_seconds,
    propagated_at,
    unread,
    unsettled,
)
from stages.looking import record_seen, seen_as, target_of, unavailable
from stages.step import ORDER_SECONDS_MAX, Move, act, advance, fail, wait
from stages.verdicts import unseen
from stages.watching import unable
from stages.weighing import balancer_seen, full

_RETRY_SECONDS = 5
_LIFTS = "lifts the canary"


def shifted(_fleet: Fleet, rollout: Rollout) -> bool:
    """Whether users may be on the candidate."""
    return rollout.shifted


def left_since(fleet: Fleet, rollout: Rollout) -> datetime:
    """From when on metrics describe users on the safe slot."""
    return propagated_at(fleet, rollout, rollout.diverted_at or rollout.entered_at)


def divert_lasts(fleet: Fleet) -> int:
    """What a balancer without records beneath takes: its last change, and one for each member, in seconds.

    The Front Door above a live record has a member more.
    """
    slow = [4 * balancer.propagation_seconds for balancer in fleet.balancers if not balancer.beneath]
    over = [5 * fleet.above.propagation_seconds] if fleet.above is not None else []
    return max(*slow, *over, 0, 0)


def divert_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    """The records beneath, and the safe slot's cluster where it was not in order when last looked at."""
    # Between an alert and its DNS write nothing is read that was in order when it was last looked at.
    lost: frozenset[Probe] = (
        frozenset({ClusterState(rollout.safe)}) if rollout.safe_lost is not None else frozenset()
    )
    return lost | beneath(fleet)


def divert(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    """Order every lever back to the safe slot, until its own orders are seen."""
    dead = _revive(rollout, seen) if rollout.safe_lost is not None else None
    if dead is not None:
        return dead
    rollout = _by_records(fleet, rollout)
    if moved(fleet, rollout, rollout.safe, seen) and not canary_left(fleet, rollout, seen):
        told_at, under_way = rollout.weighed_at or seen.since, unsettled(fleet, rollout, seen)
        if under_way is not None:
            return wait(rollout, under_way, weighed_at=told_at, failures=0)
        because = f"every live record was seen at {rollout.safe} under the rollback's own write"
        return advance(rollout, because, diverted_at=told_at, weighed_at=None)
    second = _by_above(fleet, rollout, seen)
    if second is not None:
        return second
    blind = _unseen(fleet, rollout, seen)
    writes = (*orders_back(fleet, rollout, rollout.safe, seen), *blind)
    hidden = unavailable(seen, levers(fleet, rollout))
    if not writes and hidden is None:
        return wait(rollout, unsettled(fleet, rollout, seen) or "waits for its orders to be seen", failures=0)
    if not writes:
        because = f"no live record could be read: {hidden}"
        return wait(rollout, because, wake_seconds=_RETRY_SECONDS, failures=rollout.failures + 1)
    order = _sentence(rollout, writes)
    if hidden is None:
        return act(rollout, order, *writes, wake_seconds=pace_seconds(fleet, rollout, seen))
    # What can be read, or was before, is moved now; the rest is tried again and again until it can.
    spent = {_lever(write).label for write in blind}
    left = {name: etag for name, etag in rollout.etags.items() if name not in spent}
    return act(rollout, f"{order}; {hidden}", *writes, wake_seconds=_RETRY_SECONDS, etags=left)


def prove_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    """The measured share, and what the names resolve to."""
    share: frozenset[Probe] = frozenset({TrafficShare(left_since(fleet, rollout))})
    return share | names_needs(fleet, rollout)


def prove(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    """Wait until the traffic is seen to be back, and until no late order can take it away again."""
    read = unread(fleet, rollout, seen) is None
    if read and (not moved(fleet, rollout, rollout.safe, seen) or canary_left(fleet, rollout, seen)):
        return _again(fleet, rollout, seen)
    if rollout.diverted_at is None:
        return _anew(fleet, rollout, seen)
    since = left_since(fleet, rollout)
    served = served_by(fleet, rollout, rollout.safe, since, seen, move="rollback")
    if isinstance(served, Move):
        return served
    late = _late_seconds(fleet, rollout, seen)
    if late > 0:
        because = f"{served}, but an order of before may still be on its way to a balancer"
        return wait(rollout, because, wake_seconds=min(late, fleet.policy.poll_seconds), failures=0)
    return advance(rollout, f"{served}: the traffic is back")


def _again(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    second = _by_above(fleet, rollout, seen)
    if second is not None:
        return second
    writes = orders_back(fleet, rollout, rollout.safe, seen)
    if not writes:
        return wait(rollout, unsettled(fleet, rollout, seen) or "waits for its orders to be seen", failures=0)
    back = any(not isinstance(write, SetMatch) for write in writes)
    because = f"a live record left {rollout.safe} again: it is pointed back" if back else _LIFTS
    pace = pace_seconds(fleet, rollout, seen)
    # What was measured before describes users who may have been taken away since.
    return act(rollout, because, *writes, wake_seconds=pace, diverted_at=None)


def _anew(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    """Begin the proof from the moment at which everything is seen to be back again."""
    hidden = unread(fleet, rollout, seen)
    if hidden is not None:
        return unseen(rollout, f"a live record could not be read: {hidden}")
    because = f"every live record was seen at {rollout.safe} again: the proof begins anew"
    return wait(rollout, because, wake_seconds=0, diverted_at=seen.since)


def _late_seconds(fleet: Fleet, rollout: Rollout, seen: Seen) -> float:
    """How long an order from before the way back may still reach a balancer that cannot refuse it."""
    unfenced = any(balancer.kind not in FENCED and not balancer.beneath for balancer in fleet.balancers)
    unfenced = unfenced or rollout.above
    if not unfenced:
        return 0.0
    return (rollout.entered_at - seen.now).total_seconds() + ORDER_SECONDS_MAX


def _by_records(fleet: Fleet, rollout: Rollout) -> Rollout:
    """Traffic goes by the records beneath wherever there are any: they are what moves fast."""
    under = rollout.beneath or any(balancer.beneath for balancer in fleet.balancers)
    return msgspec.structs.replace(rollout, beneath=under)


def _by_above(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move | None:
    """Send users back by the Front Door above as well, from the next round on, which looks at it first."""
    second = gives_way(fleet, rollout, seen)
    if second is None:
        return None
    return wait(rollout, second.because, wake_seconds=0, above=True, weighed_at=None, failures=0)


def _sentence(rollout: Rollout, writes: tuple[LeverAction, ...]) -> str:
    """`points aks.contoso.com back at blue (203.0.113.10)`, and what the balancers are told."""
    names = ", ".join(write.record.fqdn for write in writes if isinstance(write, PointRecord))
    pointed = f"points {names} back at {rollout.safe} ({rollout.addresses[rollout.safe]})"
    weighed = [
        f"{write.balancer.label} sends everything back to {rollout.safe}"
        for write in writes
        if isinstance(write, SetWeights)
    ]
    return "; ".join([*([pointed] if names else []), *weighed]) or _LIFTS


def _unseen(fleet: Fleet, rollout: Rollout, seen: Seen) -> tuple[LeverAction, ...]:
    """Orders to the levers that cannot be read now, each under the etag that it had when it could.

    Reads and writes are throttled apart. The etag was read before this was decided: it fences like any other.
    """
    return tuple(
        _blind(fleet, rollout, lever)
        for lever in reversed(_with_beneath(fleet))
        if lever.label in rollout.etags and not _read(seen, lever)
    )


def _with_beneath(fleet: Fleet) -> tuple[Record | Balancer, ...]:
    under = (record for balancer in fleet.balancers for record in balancer.beneath)
    return (*fleet.levers, *under)


def _read(seen: Seen, lever: Record | Balancer) -> bool:
    found = record_seen(seen, lever) if isinstance(lever, Record) else balancer_seen(seen, lever)
    return found is not None


def _blind(fleet: Fleet, rollout: Rollout, lever: Record | Balancer) -> LeverAction:
    etag = rollout.etags[lever.label]
    if isinstance(lever, Balancer):
        return SetWeights(lever, full(lever, rollout.safe), etag)
    ttl_seconds = min(lever.ttl_seconds, fleet.policy.switch_ttl_seconds)
    return PointRecord(lever, rollout.safe, target_of(fleet, rollout, lever, rollout.safe), ttl_seconds, etag)


def _lever(write: LeverAction) -> Record | Balancer:
    return write.record if isinstance(write, PointRecord) else write.balancer


def _revive(rollout: Rollout, seen: Seen) -> Move | None:
    """Never send users to a dead cluster: start it first, give up where there is none. None: it serves."""
    cluster = seen_as(seen, ClusterState(rollout.safe), ClusterSeen)
    because = unable(cluster) if cluster is not None else None
    if cluster is None or because is None:
        return None
    if not cluster.exists:
        return fail(rollout, f"{rollout.safe} {because}: users stay where they are")
    if cluster.provisioning not in ("Succeeded", "Failed", "Canceled"):
        sentence = f"the cluster of {rollout.safe} is {cluster.provisioning.lower()}"
        return wait(rollout, sentence, wake_seconds=_RETRY_SECONDS, failures=0)
    order = StartCluster(rollout.safe)
    return act(rollout, f"starts the cluster of {rollout.safe} first", order, wake_seconds=_RETRY_SECONDS)
