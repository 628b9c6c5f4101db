"""The way back: traffic to the safe slot first and proven, then everything undone in reverse.

It never infers the safe slot, never skips a write because the record already looks right, and is not done
until its own write was seen. What cannot be undone in time does not keep it from ending.
"""

from __future__ import annotations

from shared.actions import DestroyCluster, StartCluster
from shared.decision import Seen
from shared.fleet import Fleet
from shared.model import Rollout
from shared.probes import ClusterSeen, ClusterState, DeploymentSeen, DeploymentState, Probe
from stages.diverting import (
    divert,
    divert_lasts,
    divert_needs,
    left_since,
    prove,
    prove_needs,
    shifted,
)
from stages.draining import drain_needs, serving
from stages.freezing import command_needs, frozen, thaw
from stages.levers import elsewhere, unread
from stages.looking import cluster_trouble, seen_as, unavailable
from stages.restoring import (
    cached,
    left_above,
    purge,
    realign,
    realign_needs,
    restore_ttl,
    to_realign,
    ttl_lowered,
)
from stages.step import ORDER_SECONDS_MAX, Move, Step, Verb, act, advance, wait
from stages.t1_deploy import deployment_name
from stages.verdicts import unseen

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


def _ttl_low(fleet: Fleet, rollout: Rollout) -> bool:
    # From T4 on the declared TTL was back already, and `divert` has written a low one again.
    # With traffic going by the Front Door above the record, `realign` writes the declared one.
    low = rollout.shifted or ttl_lowered(fleet, rollout)
    return bool(fleet.live_records) and low and not rollout.above


def _cached(fleet: Fleet, rollout: Rollout) -> bool:
    return rollout.shifted and cached(fleet, rollout)


def _removable(fleet: Fleet, rollout: Rollout) -> bool:
    # Before `preflight` found the slot free, what is in it is not this rollout's, and may serve users.
    ours = bool(rollout.addresses)
    return ours and not fleet.policy.keep_candidate and rollout.safe != rollout.candidate


def _remove_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    requests = drain_needs(fleet, left_since(fleet, rollout)) if rollout.shifted else frozenset()
    return requests | {ClusterState(rollout.candidate), DeploymentState(deployment_name(rollout))}


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
    hidden = unread(fleet, rollout, seen)
    if hidden is not None:
        return unseen(rollout, f"a live record could not be read, and the candidate may serve: {hidden}")
    found = elsewhere(fleet, rollout, rollout.safe, seen)
    if found is not None:
        return wait(rollout, f"{found}: the candidate is kept while it may serve somebody")
    left = (
        serving(fleet, rollout, rollout.candidate, left_since(fleet, rollout), seen)
        if rollout.shifted
        else None
    )
    if left is not None:
        return left
    order = DestroyCluster(rollout.candidate, cluster.etag)
    return act(rollout, f"deletes the failed candidate in {rollout.candidate}", order, wake_seconds=30)


def _hold_version(fleet: Fleet, rollout: Rollout, _seen: Seen) -> Move:
    is_held = "would be held" if rollout.shadow else "is held"
    because = f"version {rollout.version} {is_held} until a person lifts it: {rollout.rollback_because}"
    left = left_above(fleet, rollout)
    if left is None:
        return advance(rollout, because)
    # The reason of the way back is what its end is told with: what is left to do belongs there.
    told = f"{rollout.rollback_because}; {left}"
    return advance(rollout, f"{because}; {left}", rollback_because=told)


STEPS = (
    Step("restart", _restart, _restart_needs, applies=lambda _, r: r.live_stopped, deadline_seconds=3600),
    Step("divert", divert, divert_needs, applies=shifted, deadline_seconds=1800, lasts=divert_lasts),
    Step("prove", prove, prove_needs, applies=shifted, deadline_seconds=3600, lasts=divert_lasts),
    Step("purge", purge, applies=_cached, at_deadline=Verb.ADVANCE),
    Step("thaw", thaw, command_needs, applies=frozen, deadline_seconds=1800, at_deadline=Verb.ADVANCE),
    Step("restore_ttl", restore_ttl, applies=_ttl_low, at_deadline=Verb.ADVANCE),
    Step(
        "realign",
        realign,
        realign_needs,
        applies=to_realign,
        deadline_seconds=6 * 3600,
        at_deadline=Verb.ADVANCE,
        lasts=divert_lasts,
    ),
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
