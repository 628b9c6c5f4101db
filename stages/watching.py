"""What is watched beside every step once users may be on the candidate: the live records and the way back.

Drift is somebody else's write to a live record. The way back is lost where the safe slot's cluster is gone or
stopped: a rollback would take users to a dead one, so the rollout holds before it goes any further.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from shared.actions import PointRecord, SetWeights
from shared.decision import Seen
from shared.fleet import Fleet
from shared.levers import Balancer, Lever
from shared.model import Drift, HoldKind, Rollout, Stage
from shared.policy import DriftPolicy
from shared.probes import ClusterSeen, ClusterState, LastWriter, Probe, WriterSeen
from stages.beyond import learnt
from stages.levers import first_elsewhere, levers, orders, pace_seconds, unread, unsettled
from stages.looking import record_seen, seen_as
from stages.readiness import lapsed, readiness_needs, renewed
from stages.step import Move, act, hold, wait
from stages.weighing import balancer_seen

# Done in the tick that looked a moment ago, and followed by the settle window.
_FORMAL = frozenset({"hand_over", "report"})
_BACK = frozenset({"divert", "prove", "restore_ttl", "remove_candidate"})
_MOVED = frozenset({"converge", "purge", "observe", "restore_ttl", "realign"})
# The step after them looks at every live record before it does anything.
_BEFORE_RECORDS = frozenset({"recheck", "unfreeze"})
_ON_CANDIDATE = frozenset({"ramp", "converge", "observe", "bake"})
_TELLS_FOR = timedelta(minutes=30)
"""The activity log is minutes late; after so long it will not say any more who it was."""
_EARLIER = timedelta(minutes=10)
"""A write is noticed by the next look, and may be that much older."""
_LOGGED = timedelta(minutes=1)
"""An order of ours that was seen may be logged that much later: when it was over, by another clock."""


def watched(fleet: Fleet, rollout: Rollout, now: datetime) -> frozenset[Probe]:
    """What to look at beside the step's own needs."""
    seen: frozenset[Probe] = levers(fleet, rollout) if _with_records(rollout) else frozenset()
    safe = frozenset({ClusterState(rollout.safe)} if rollout.step in _ON_CANDIDATE else ())
    return seen | safe | readiness_needs(fleet, rollout, now) | _writers(rollout)


def _writers(rollout: Rollout) -> frozenset[Probe]:
    """Who moved a lever, until that is known."""
    drift = rollout.drift
    if drift is None or drift.told:
        return frozenset()
    # What came before it, or after it was noticed, may be an order of our own; and the log is late with all.
    earliest = drift.since - _EARLIER
    since = max(earliest, drift.after + _LOGGED if drift.after is not None else earliest)
    return frozenset({LastWriter(drift.lever_id, since, drift.since)} if since < drift.since else ())


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
    """The rollout with what was just seen of its way back, of who moved a lever, and of the past."""
    cluster = seen_as(seen, ClusterState(rollout.safe), ClusterSeen)
    lost = rollout.safe_lost if cluster is None else unable(cluster)
    etags = _etags(fleet, rollout, seen)
    known = rollout = learnt(rollout, seen)
    if lost != rollout.safe_lost or etags != rollout.etags:
        known = msgspec.structs.replace(rollout, safe_lost=lost, etags=etags)
    return _over(fleet, _told(renewed(fleet, known, seen), seen), seen)


def news(before: Rollout, seen: Seen) -> str | None:
    """Who moved a lever, in the tick in which that is learnt."""
    drift, who = before.drift, _who(before, seen)
    return f"it was {who}: {drift.because}" if drift is not None and who else None


def _told(rollout: Rollout, seen: Seen) -> Rollout:
    drift, who = rollout.drift, _who(rollout, seen)
    if drift is None or drift.told or (not who and seen.now < drift.since + _TELLS_FOR):
        return rollout
    held = rollout.held
    if held is None or held.kind is not HoldKind.DRIFT:
        return msgspec.structs.replace(rollout, drift=msgspec.structs.replace(drift, told=True))
    if who:
        held = msgspec.structs.replace(held, because=f"{drift.because}: {who} moved it")
    return msgspec.structs.replace(rollout, drift=None, held=held)


def _over(fleet: Fleet, rollout: Rollout, seen: Seen) -> Rollout:
    """Without a drift that was told, once every lever is seen to be back: whatever comes then is another."""
    if rollout.drift is None or not rollout.drift.told:
        return rollout
    back = first_elsewhere(fleet, rollout, rollout.candidate, seen) is None
    if not back or unread(fleet, rollout, seen) is not None:
        return rollout
    return msgspec.structs.replace(rollout, drift=None)


def _who(rollout: Rollout, seen: Seen) -> str:
    probes = _writers(rollout)
    found = (seen_as(seen, probe, WriterSeen) for probe in probes)
    return next((each.who for each in found if each is not None), "")


def moved_by_others(fleet: Fleet, rollout: Rollout, found: tuple[Lever, str], seen: Seen) -> Move:
    """Hold, because somebody else wrote to a lever."""
    because = f"{found[1]}: somebody else moved it"
    return hold(rollout, because, HoldKind.DRIFT, drift=_drifted(fleet, rollout, found, seen))


def _drifted(fleet: Fleet, rollout: Rollout, found: tuple[Lever, str], seen: Seen) -> Drift | None:
    """Somebody else's write, to be told once who that was; None where the fleet does not ask."""
    known = rollout.drift is not None or (rollout.held is not None and rollout.held.kind is HoldKind.DRIFT)
    if known or not fleet.names.writers:
        return rollout.drift
    lever = found[0]
    lever_id = lever.shares_id if isinstance(lever, Balancer) else lever.resource_id
    seen_at = rollout.weighed_at or rollout.moved_at
    return Drift(lever_id=lever_id, because=found[1], since=seen.now, after=seen_at)


def _etags(fleet: Fleet, rollout: Rollout, seen: Seen) -> dict[str, str]:
    """The newest etags: as read now, or as remembered where no write of ours has used them up."""
    etags = dict(rollout.etags)
    under = (record for balancer in fleet.balancers for record in balancer.beneath)
    known: tuple[Lever, ...] = (*fleet.levers, *under)
    for result in seen.results:
        action, failure = result.action, result.failure
        if not isinstance(action, PointRecord | SetWeights) or failure is None:
            continue
        lever = action.record if isinstance(action, PointRecord) else action.balancer
        if lever not in known:
            continue
        etags.pop(lever.label, None)
        # A write that was refused for now may be tried again under its etag; one in conflict may not.
        if not failure.conflict and action.if_match is not None:
            etags[lever.label] = action.if_match
    for lever in known:
        etag = _etag(lever, seen)
        if etag is not None:
            etags[lever.label] = etag
    return etags


def _etag(lever: Lever, seen: Seen) -> str | None:
    found = balancer_seen(seen, lever) if isinstance(lever, Balancer) else record_seen(seen, lever)
    return found.etag if found is not None else None


def hindrance(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move | None:
    """What comes before the step's own decision, if anything does."""
    return _drift(fleet, rollout, seen) or _lost(fleet, rollout, seen)


def _drift(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move | None:
    moved = rollout.stage is Stage.RETIRE or (rollout.stage is Stage.SWITCH and rollout.step in _MOVED)
    found = first_elsewhere(fleet, rollout, rollout.candidate, seen) if moved else None
    if found is None:
        return None
    drift = _drifted(fleet, rollout, found, seen)
    # Until it is back, users are not on the candidate: what is measured meanwhile is evidence of nothing.
    rollout = msgspec.structs.replace(rollout, moved_at=seen.since, clean_since=None, drift=drift)
    if fleet.policy.drift is DriftPolicy.REPAIR:
        return _put_back(fleet, rollout, found[1], seen)
    return moved_by_others(fleet, rollout, found, seen)


def _put_back(fleet: Fleet, rollout: Rollout, sentence: str, seen: Seen) -> Move:
    low_ttl = rollout.ttl_lowered_at is not None
    writes = orders(fleet, rollout, rollout.candidate, seen, low_ttl=low_ttl)
    if not writes:
        under_way = unsettled(fleet, rollout, seen) or "it takes no order now"
        return wait(rollout, f"{sentence}: somebody else moved it, and {under_way}")
    because = f"{sentence}: somebody else moved it, it is pointed back"
    return act(rollout, because, *writes, wake_seconds=pace_seconds(fleet, rollout, seen))


def _lost(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move | None:
    if rollout.promoted or rollout.step not in _ON_CANDIDATE:
        return None
    if rollout.safe_lost is not None:
        sentence = f"a rollback would have nowhere to go: {rollout.safe} {rollout.safe_lost}"
        return hold(rollout, sentence, HoldKind.GATE)
    unproven = lapsed(fleet, rollout, seen.now)
    return hold(rollout, unproven, HoldKind.GATE) if unproven is not None else None


def unable(cluster: ClusterSeen) -> str | None:
    """Why a cluster cannot take users at all, None if it can or nobody knows better."""
    if not cluster.exists:
        return "has no cluster any more"
    return "has a stopped cluster" if cluster.power == "Stopped" else None
