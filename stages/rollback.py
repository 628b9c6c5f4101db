"""The way back: traffic to the safe slot first and proven, then everything undone in reverse.

It never infers the safe slot, never skips a write because the record already looks right, and is not done
until its own write was seen. What cannot be undone in time does not keep it from ending.
"""

from __future__ import annotations

from datetime import datetime

from shared.actions import DestroyCluster, PointRecord, StartCluster
from shared.decision import Seen
from shared.fleet import Fleet
from shared.model import Rollout
from shared.probes import (
    ClusterSeen,
    ClusterState,
    DeploymentSeen,
    DeploymentState,
    Probe,
    TrafficSeen,
    TrafficShare,
)
from stages.draining import drain_probe, serving
from stages.freezing import command_needs, frozen, thaw
from stages.looking import (
    cluster_trouble,
    elsewhere,
    own_write_seen,
    point,
    propagated_at,
    record_seen,
    records,
    seen_as,
    target_of,
    unavailable,
)
from stages.step import ORDER_SECONDS_MAX, Move, Step, Verb, act, advance, fail, wait
from stages.t1_deploy import deployment_name
from stages.t3_switch import restore_ttl, share_of, ttl_lowered
from stages.verdicts import unseen
from stages.watching import unable

_RETRY_SECONDS = 5


def _restart_needs(_fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    return frozenset({ClusterState(rollout.live)})


def _restart(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    probe = ClusterState(rollout.live)
    cluster = seen_as(seen, probe, ClusterSeen)
    if cluster is None:
        return unseen(rollout, f"the old cluster could not be read: {unavailable(seen, [probe])}")
    if cluster_trouble(cluster, None) is None:
        left = (rollout.entered_at - seen.now).total_seconds() + ORDER_SECONDS_MAX
        if left > 0:
            because = f"the cluster of {rollout.live} runs, but an order to stop it may still be on its way"
            return wait(rollout, because, wake_seconds=min(left, fleet.policy.poll_seconds), failures=0)
        because = f"the cluster of {rollout.live} runs again and can take all traffic"
        return advance(rollout, because, live_stopped=False, safe=rollout.live)
    if cluster.exists and cluster.provisioning not in ("Succeeded", "Failed", "Canceled"):
        because = f"the cluster of {rollout.live} is {cluster.provisioning.lower()}"
        return wait(rollout, because, wake_seconds=_RETRY_SECONDS, failures=0)
    because = f"starts the cluster of {rollout.live} again"
    return act(rollout, because, StartCluster(rollout.live), wake_seconds=_RETRY_SECONDS)


def _shifted(_fleet: Fleet, rollout: Rollout) -> bool:
    return rollout.shifted


def _divert_needs(_fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    # Between an alert and its DNS write nothing is read that was in order when it was last looked at.
    return frozenset({ClusterState(rollout.safe)}) if rollout.safe_lost is not None else frozenset()


def _divert(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    dead = _revive(rollout, seen) if rollout.safe_lost is not None else None
    if dead is not None:
        return dead
    if own_write_seen(fleet, rollout, rollout.safe, seen):
        because = f"every live record was seen at {rollout.safe} under the rollback's own write"
        return advance(rollout, because, diverted_at=seen.since)
    blind = _unseen(fleet, rollout, seen)
    writes = (*point(fleet, rollout, rollout.safe, seen, low_ttl=True, reverse=True), *blind)
    unread = unavailable(seen, records(fleet))
    if not writes:
        because = f"no live record could be read: {unread}"
        return wait(rollout, because, wake_seconds=_RETRY_SECONDS, failures=rollout.failures + 1)
    names = ", ".join(write.record.fqdn for write in writes)
    order = f"points {names} back at {rollout.safe} ({rollout.addresses[rollout.safe]})"
    if unread is None:
        return act(rollout, order, *writes)
    # What can be read, or was before, is moved now; the rest is tried again and again until it can.
    spent = {write.record.fqdn for write in blind}
    left = {name: etag for name, etag in rollout.etags.items() if name not in spent}
    return act(rollout, f"{order}; {unread}", *writes, wake_seconds=_RETRY_SECONDS, etags=left)


def _unseen(fleet: Fleet, rollout: Rollout, seen: Seen) -> tuple[PointRecord, ...]:
    """Writes of the live records that cannot be read now, each under the etag that it had when it could.

    Reads and writes are throttled apart. The etag was read before this was decided: it fences like any other.
    """
    return tuple(
        PointRecord(
            record,
            rollout.safe,
            target_of(fleet, rollout, record, rollout.safe),
            min(record.ttl_seconds, fleet.policy.switch_ttl_seconds),
            rollout.etags[record.fqdn],
        )
        for record in reversed(fleet.live_records)
        if record_seen(seen, record) is None and record.fqdn in rollout.etags
    )


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


def _proof(fleet: Fleet, rollout: Rollout) -> TrafficShare:
    return TrafficShare(_left_since(fleet, rollout))


def _prove_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    return frozenset({_proof(fleet, rollout)})


def _prove(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    if unavailable(seen, records(fleet)) is None and not own_write_seen(fleet, rollout, rollout.safe, seen):
        because = f"a live record left {rollout.safe} again: it is pointed back"
        writes = point(fleet, rollout, rollout.safe, seen, low_ttl=True, reverse=True)
        return act(rollout, because, *writes)
    probe = _proof(fleet, rollout)
    if seen.now < probe.since:
        left = (probe.since - seen.now).total_seconds()
        return wait(rollout, "waits for propagation and one TTL", wake_seconds=left)
    found = seen_as(seen, probe, TrafficSeen)
    if found is None:
        return unseen(rollout, f"the share could not be measured: {unavailable(seen, [probe])}")
    share = share_of(found, rollout.safe)
    if share is None:
        return wait(rollout, "no request has been measured since the rollback yet", failures=0)
    sentence = f"{rollout.safe} serves {share:.1%} of the requests"
    if share < fleet.traffic.share_min:
        return wait(rollout, f"{sentence}, {fleet.traffic.share_min:.1%} is wanted", failures=0)
    return advance(rollout, f"{sentence}: the traffic is back")


def _ttl_low(fleet: Fleet, rollout: Rollout) -> bool:
    # From T4 on the declared TTL was back already, and `divert` has written a low one again.
    return rollout.shifted or ttl_lowered(fleet, rollout)


def _removable(fleet: Fleet, rollout: Rollout) -> bool:
    # Before `preflight` found the slot free, what is in it is not this rollout's, and may serve users.
    ours = bool(rollout.addresses)
    return ours and not fleet.policy.keep_candidate and rollout.safe != rollout.candidate


def _left_since(fleet: Fleet, rollout: Rollout) -> datetime:
    return propagated_at(fleet, rollout.diverted_at or rollout.entered_at)


def _remove_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    requests = {drain_probe(_left_since(fleet, rollout))} if rollout.shifted else set()
    return frozenset({ClusterState(rollout.candidate), DeploymentState(deployment_name(rollout)), *requests})


def _remove_candidate(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    probe = ClusterState(rollout.candidate)
    cluster = seen_as(seen, probe, ClusterSeen)
    if cluster is None:
        return unseen(rollout, f"the candidate could not be read: {unavailable(seen, [probe])}")
    deployment = seen_as(seen, DeploymentState(deployment_name(rollout)), DeploymentSeen)
    if deployment is None or deployment.state not in ("", "Succeeded", "Failed", "Canceled"):
        return wait(rollout, f"the deployment of {rollout.candidate} is not over", failures=0)
    if not cluster.exists:
        return advance(rollout, f"nothing is left in {rollout.candidate}")
    if cluster.provisioning == "Deleting":
        return wait(rollout, f"the cluster of {rollout.candidate} is being deleted", failures=0)
    unread = unavailable(seen, records(fleet))
    if unread is not None:
        return unseen(rollout, f"a live record could not be read, and the candidate may serve: {unread}")
    found = elsewhere(fleet, rollout, rollout.safe, seen)
    if found is not None:
        return wait(rollout, f"{found}: the candidate is kept while it may serve somebody")
    left = (
        serving(fleet, rollout, rollout.candidate, _left_since(fleet, rollout), seen)
        if rollout.shifted
        else None
    )
    if left is not None:
        return left
    order = DestroyCluster(rollout.candidate, cluster.etag)
    return act(rollout, f"deletes the failed candidate in {rollout.candidate}", order, wake_seconds=30)


def _hold_version(_fleet: Fleet, rollout: Rollout, _seen: Seen) -> Move:
    because = f"version {rollout.version} is held until a person lifts it: {rollout.rollback_because}"
    return advance(rollout, because)


STEPS = (
    Step("restart", _restart, _restart_needs, applies=lambda _, r: r.live_stopped, deadline_seconds=3600),
    Step("divert", _divert, _divert_needs, applies=_shifted, deadline_seconds=1800),
    Step("prove", _prove, _prove_needs, applies=_shifted, deadline_seconds=3600),
    Step("thaw", thaw, command_needs, applies=frozen, deadline_seconds=1800, at_deadline=Verb.ADVANCE),
    Step("restore_ttl", restore_ttl, applies=_ttl_low, at_deadline=Verb.ADVANCE),
    Step(
        "remove_candidate",
        _remove_candidate,
        _remove_needs,
        applies=_removable,
        deadline_seconds=3600,
        at_deadline=Verb.ADVANCE,
    ),
    Step("hold_version", _hold_version, at_deadline=Verb.ADVANCE),
)
