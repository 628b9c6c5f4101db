"""Keeps an ended rollout reconciled through its settle window: a stale write may still be on its way.

After a rollback the live records are pointed back, always; after a completion drift is reported, or repaired
where the policy says so.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from shared.decision import Seen
from shared.fleet import DriftPolicy, Fleet
from shared.model import FleetState, Outcome, Rollout
from shared.probes import Probe
from stages.looking import elsewhere, point, records
from stages.step import Move, act, wait


def needs(plan: Fleet | None, state: FleetState) -> frozenset[Probe]:
    """The live records while the window is open."""
    rollout = state.rollout
    if plan is None or rollout is None or not _open(rollout):
        return frozenset()
    return records(plan)


def reconcile(plan: Fleet | None, state: FleetState, seen: Seen) -> Move | None:
    """One look at the live records inside the window; None once it is closed."""
    rollout = state.rollout
    if plan is None or rollout is None or rollout.ended_at is None or not _open(rollout):
        return None
    over = seen.now >= rollout.ended_at + timedelta(seconds=plan.policy.settle_seconds)
    wake_at = None if over else seen.now + timedelta(seconds=plan.policy.poll_seconds)
    rollout = msgspec.structs.replace(rollout, wake_at=wake_at)
    found = elsewhere(plan, rollout, rollout.safe, seen) if rollout.shifted else None
    if found is None:
        because = "the settle window is over" if over else "the live records are where the rollout left them"
        return wait(rollout, because)
    if rollout.outcome is not Outcome.COMPLETED or plan.policy.drift is DriftPolicy.REPAIR:
        writes = point(plan, rollout, rollout.safe, seen, low_ttl=False)
        return act(rollout, f"{found}: it is pointed back", *writes)
    return wait(rollout, f"{found}: somebody else moved it after the rollout ended")


def _open(rollout: Rollout) -> bool:
    return rollout.outcome is not None and rollout.wake_at is not None
