"""Keeps an ended rollout reconciled through its settle window: a stale write may still be on its way.

After a rollback the live records are pointed back, but never at a cluster that cannot take anybody; after a
completion drift is reported, or repaired where the policy says so.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from shared.actions import LeverAction
from shared.decision import Seen
from shared.fleet import Fleet
from shared.model import FleetState, Outcome, Rollout
from shared.policy import DriftPolicy
from shared.probes import ClusterSeen, ClusterState, Probe
from stages.levers import above, elsewhere, levers, orders, point_each, unread
from stages.looking import seen_as
from stages.patience import next_poll
from stages.step import Move, act, wait
from stages.watching import unable
from stages.weighing import balancer_seen


def needs(plan: Fleet | None, state: FleetState) -> frozenset[Probe]:
    """The live records while the window is open; a rollout that never moved them left them alone.

    Where a rollback had nowhere to go, its safe slot's cluster as well: it may be back.
    """
    rollout = state.rollout
    if plan is None or rollout is None or not rollout.shifted or not _open(rollout):
        return frozenset()
    safe: frozenset[Probe] = frozenset({ClusterState(rollout.safe)} if _had_nowhere_to_go(rollout) else ())
    return levers(plan, rollout) | safe


def reconcile(plan: Fleet | None, state: FleetState, seen: Seen) -> Move | None:
    """One look at the live records inside the window; None once it is closed."""
    rollout = state.rollout
    if plan is None or rollout is None or rollout.ended_at is None or not _open(rollout):
        return None
    over = seen.now >= rollout.ended_at + timedelta(seconds=plan.policy.settle_seconds)
    again = msgspec.structs.replace(rollout, wake_at=next_poll(plan, seen))
    closed = msgspec.structs.replace(rollout, wake_at=None)
    hidden = unread(plan, rollout, seen) if rollout.shifted else None
    found = _elsewhere(plan, rollout, seen) if rollout.shifted else None
    failure = next((result.failure for result in seen.results if result.failure is not None), None)
    if failure is not None:
        return wait(again, failure.because)
    dead = _dead(rollout, seen) if found is not None else None
    if dead is not None:
        because = f"{rollout.safe} {dead}: users stay where they are"
        ends = over and not _may_come_back(rollout, seen)
        return wait(closed, f"the settle window is over: {because}") if ends else wait(again, because)
    if found is not None and (rollout.outcome is not Outcome.COMPLETED or _repairs(plan)):
        return act(again, f"{found}: it is pointed back", *_back(plan, rollout, seen))
    # What is not seen may be anywhere: the window stays open until somebody can look.
    if hidden is not None:
        return wait(again, f"a live record could not be read: {hidden}")
    left = "the live records are where the rollout left them"
    because = f"{found}: somebody else moved it after the rollout ended" if found is not None else left
    return wait(closed, f"the settle window is over: {because}") if over else wait(again, because)


def _had_nowhere_to_go(rollout: Rollout) -> bool:
    return rollout.outcome is Outcome.ROLLBACK_FAILED and rollout.safe_lost is not None


def _dead(rollout: Rollout, seen: Seen) -> str | None:
    """Why nobody can be sent to the safe slot, None if it can take users."""
    if not _had_nowhere_to_go(rollout):
        return None
    cluster = seen_as(seen, ClusterState(rollout.safe), ClusterSeen)
    return rollout.safe_lost if cluster is None else unable(cluster)


def _may_come_back(rollout: Rollout, seen: Seen) -> bool:
    """Whether the safe slot's cluster is being started, say, or could not be looked at."""
    cluster = seen_as(seen, ClusterState(rollout.safe), ClusterSeen)
    if cluster is None:
        return True
    return cluster.exists and cluster.provisioning not in ("Succeeded", "Failed", "Canceled")


def _elsewhere(plan: Fleet, rollout: Rollout, seen: Seen) -> str | None:
    found = elsewhere(plan, rollout, rollout.safe, seen)
    over = above(plan, rollout)
    seen_above = over is None or balancer_seen(seen, over) is not None
    if found is not None or rollout.outcome is Outcome.COMPLETED or seen_above:
        return found
    # With the Front Door above unread, its record is all that is known of users whom a rollback left behind.
    return elsewhere(plan, msgspec.structs.replace(rollout, above=False), rollout.safe, seen)


def _repairs(plan: Fleet) -> bool:
    return plan.policy.drift is DriftPolicy.REPAIR


def _back(plan: Fleet, rollout: Rollout, seen: Seen) -> tuple[LeverAction, ...]:
    told = orders(plan, rollout, rollout.safe, seen, low_ttl=False)
    if not rollout.above or rollout.outcome is Outcome.COMPLETED:
        return told
    # A rollback that failed has brought nobody back by either lever yet: whichever takes an order first does.
    records = point_each(plan, rollout, plan.live_records, rollout.safe, seen, low_ttl=False)
    return (*records, *told)


def _open(rollout: Rollout) -> bool:
    return rollout.outcome is not None and rollout.wake_at is not None
