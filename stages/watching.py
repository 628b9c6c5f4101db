"""What is watched beside every step once users may be on the candidate: the live records and the way back.

Drift is somebody else's write to a live record. The way back is lost where the safe slot's cluster is gone or
stopped: a rollback would take users to a dead one, so the rollout holds before it goes any further.
"""

from __future__ import annotations

import msgspec

from shared.actions import PointRecord
from shared.decision import Seen
from shared.fleet import DriftPolicy, Fleet
from shared.model import HoldKind, Rollout, Stage
from shared.probes import ClusterSeen, ClusterState, Probe
from stages.looking import elsewhere, point, record_seen, records, seen_as
from stages.step import Move, act, hold

# Done in the tick that looked a moment ago, and followed by the settle window.
_FORMAL = frozenset({"hand_over", "report"})
_BACK = frozenset({"divert", "prove", "restore_ttl", "remove_candidate"})
_MOVED = frozenset({"converge", "observe", "restore_ttl"})
# The step after them looks at every live record before it does anything.
_BEFORE_RECORDS = frozenset({"recheck", "unfreeze"})
_ON_CANDIDATE = frozenset({"converge", "observe", "bake"})


def watched(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    """What to look at beside the step's own needs."""
    seen: frozenset[Probe] = records(fleet) if _with_records(rollout) else frozenset()
    return seen | {ClusterState(rollout.safe)} if rollout.step in _ON_CANDIDATE else seen


def _with_records(rollout: Rollout) -> bool:
    """Whether this step looks at the live records: zones take few reads, so no other step does."""
    match rollout.stage:
        case Stage.SWITCH:
            return rollout.step not in _BEFORE_RECORDS
        case Stage.ROLLBACK:
            return rollout.step in _BACK
        case stage:
            return stage is Stage.RETIRE and rollout.step not in _FORMAL


def remembering(fleet: Fleet, rollout: Rollout, seen: Seen) -> Rollout:
    """The rollout with what was just seen of its way back."""
    cluster = seen_as(seen, ClusterState(rollout.safe), ClusterSeen)
    lost = rollout.safe_lost if cluster is None else unable(cluster)
    etags = _etags(fleet, rollout, seen)
    if lost == rollout.safe_lost and etags == rollout.etags:
        return rollout
    return msgspec.structs.replace(rollout, safe_lost=lost, etags=etags)


def _etags(fleet: Fleet, rollout: Rollout, seen: Seen) -> dict[str, str]:
    """The newest etags: as read now, or as remembered where no write of ours has used them up."""
    etags = dict(rollout.etags)
    for result in seen.results:
        action, failure = result.action, result.failure
        if not isinstance(action, PointRecord) or action.record not in fleet.live_records or failure is None:
            continue
        etags.pop(action.record.fqdn, None)
        # A write that was refused for now may be tried again under its etag; one in conflict may not.
        if not failure.conflict and action.if_match is not None:
            etags[action.record.fqdn] = action.if_match
    for record in fleet.live_records:
        found = record_seen(seen, record)
        if found is not None and found.etag is not None:
            etags[record.fqdn] = found.etag
    return etags


def hindrance(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move | None:
    """What comes before the step's own decision, if anything does."""
    return _drift(fleet, rollout, seen) or _lost(rollout)


def _drift(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move | None:
    moved = rollout.stage is Stage.RETIRE or (rollout.stage is Stage.SWITCH and rollout.step in _MOVED)
    found = elsewhere(fleet, rollout, rollout.candidate, seen) if moved else None
    if found is None:
        return None
    # Until it is back, users are not on the candidate: what is measured meanwhile is evidence of nothing.
    rollout = msgspec.structs.replace(rollout, moved_at=seen.since, clean_since=None)
    if fleet.policy.drift is DriftPolicy.REPAIR:
        low_ttl = rollout.ttl_lowered_at is not None
        writes = point(fleet, rollout, rollout.candidate, seen, low_ttl=low_ttl)
        return act(rollout, f"{found}: somebody else moved it, it is pointed back", *writes)
    return hold(rollout, f"{found}: somebody else moved it", HoldKind.DRIFT)


def _lost(rollout: Rollout) -> Move | None:
    if rollout.safe_lost is None or rollout.promoted or rollout.step not in _ON_CANDIDATE:
        return None
    sentence = f"a rollback would have nowhere to go: {rollout.safe} {rollout.safe_lost}"
    return hold(rollout, sentence, HoldKind.GATE)


def unable(cluster: ClusterSeen) -> str | None:
    """Why a cluster cannot take users at all, None if it can or nobody knows better."""
    if not cluster.exists:
        return "has no cluster any more"
    return "has a stopped cluster" if cluster.power == "Stopped" else None
