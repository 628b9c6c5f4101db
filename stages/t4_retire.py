"""T4, retire: let the candidate bake, then stop and destroy the old cluster and hand the fleet over.

Source: the AKS blue-green guide, "T4: Destroy the blue cluster". From `destroy` on there is no way back, so
nothing is destroyed that serves traffic, is the safe slot, or before the bake passed.
"""

from __future__ import annotations

from datetime import timedelta

from shared.actions import DestroyCluster, StopCluster
from shared.decision import Seen
from shared.fleet import Fleet
from shared.model import Rollout, Verdict
from shared.probes import (
    ClusterSeen,
    ClusterState,
    GroupSeen,
    GroupState,
    Probe,
)
from shared.safety import AfterDrain
from stages.converging import users_since
from stages.draining import drain_needs, serving
from stages.levers import unread
from stages.looking import judged_on, readings, seen_as, unavailable
from stages.observing import watch
from stages.restoring import left_above
from stages.step import Move, Step, Verb, act, advance, fail, hold, judged, wait
from stages.t0_prepare import approval
from stages.verdicts import unseen

_DRAINED_SECONDS = 6 * 3600


def _bake_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    return readings(fleet.gates.bake, rollout.candidate, users_since(fleet, rollout), rollout)


def _bake(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    since = users_since(fleet, rollout)
    return watch(fleet, rollout, seen, fleet.gates.bake, fleet.policy.bake_seconds, since)


def _drained_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    return drain_needs(fleet, users_since(fleet, rollout))


def _drained(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    left = serving(fleet, rollout, rollout.live, users_since(fleet, rollout), seen)
    if left is None:
        return advance(rollout, f"{rollout.live} serves nobody any more: it is drained")
    if (
        fleet.drain.then is AfterDrain.RETIRE
        and left.rollout.failures == 0
        and _overdue(fleet, rollout, seen)
    ):
        return advance(
            rollout, f"it did not drain in time and is retired all the same: {left.because}", overdue=True
        )
    return left


def _overdue(fleet: Fleet, rollout: Rollout, seen: Seen) -> bool:
    seconds = fleet.policy.deadlines.get("drained", _DRAINED_SECONDS)
    return seen.now >= rollout.entered_at + timedelta(seconds=seconds)


def _cluster_needs(_fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    return frozenset({ClusterState(rollout.live)})


def _stop_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    drained: frozenset[Probe] = frozenset() if rollout.live_stopped else _drained_needs(fleet, rollout)
    return _cluster_needs(fleet, rollout) | drained


def _stop(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    probe = ClusterState(rollout.live)
    cluster = seen_as(seen, probe, ClusterSeen)
    if cluster is None:
        return unseen(rollout, f"the old cluster could not be read: {unavailable(seen, [probe])}")
    if not cluster.exists:
        because = f"the cluster of {rollout.live} is gone already"
        return advance(rollout, because, live_stopped=True, safe=rollout.candidate)
    if rollout.live_stopped and cluster.power == "Stopped" and cluster.provisioning == "Succeeded":
        return advance(rollout, f"the cluster of {rollout.live} is stopped")
    if rollout.live_stopped and cluster.provisioning not in ("Succeeded", "Failed", "Canceled"):
        return wait(rollout, f"the cluster of {rollout.live} is {cluster.provisioning.lower()}", failures=0)
    since = users_since(fleet, rollout)
    left = (
        None
        if rollout.live_stopped or rollout.overdue
        else serving(fleet, rollout, rollout.live, since, seen)
    )
    if left is not None:
        return left
    # Its capacity goes with the stop: from this order on, the candidate is the slot that can take it all.
    because = f"stops the cluster of {rollout.live}; a rollback would start it again first"
    order = StopCluster(rollout.live)
    return act(rollout, because, order, wake_seconds=30, live_stopped=True, safe=rollout.candidate)


def _destroy_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    return _cluster_needs(fleet, rollout) | (
        frozenset() if rollout.destroying else _bake_needs(fleet, rollout)
    )


def _destroy(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    probe = ClusterState(rollout.live)
    cluster = seen_as(seen, probe, ClusterSeen)
    if cluster is None:
        return unseen(rollout, f"the old cluster could not be read: {unavailable(seen, [probe])}")
    if not rollout.destroying:
        return _order_destroy(fleet, rollout, seen, cluster)
    if not cluster.exists:
        return advance(rollout, f"the cluster of {rollout.live} is gone")
    if cluster.provisioning == "Deleting":
        return wait(rollout, f"the cluster of {rollout.live} is being deleted", failures=0)
    because = f"deletes the cluster of {rollout.live}"
    return act(rollout, because, DestroyCluster(rollout.live, cluster.etag), wake_seconds=30)


def _order_destroy(fleet: Fleet, rollout: Rollout, seen: Seen, cluster: ClusterSeen) -> Move:
    hidden = unread(fleet, rollout, seen)
    if hidden is not None:
        return unseen(rollout, f"nothing is destroyed while a live record cannot be read: {hidden}")
    since = users_since(fleet, rollout)
    lasted = fleet.policy.bake_seconds
    gates = fleet.gates.bake
    judgements, verdict, because = judged_on(fleet, gates, rollout.candidate, since, rollout, seen, lasted)
    if verdict is Verdict.FAIL:
        return judged(fail(rollout, because), judgements)
    # The past of a cluster that is stopped, or gone, may not be told any more: the bake has judged by it.
    gates = tuple(gate for gate in gates if gate.anomaly is None)
    _, verdict, because = judged_on(fleet, gates, rollout.candidate, since, rollout, seen, lasted)
    if verdict is Verdict.INCONCLUSIVE:
        return judged(hold(rollout, f"nothing is destroyed on such evidence: {because}"), judgements)
    if verdict is not Verdict.PASS:
        return judged(wait(rollout, f"nothing is destroyed without evidence: {because}"), judgements)
    order = DestroyCluster(rollout.live, cluster.etag)
    sentence = f"deletes the cluster of {rollout.live}: from here on there is no way back"
    return judged(act(rollout, sentence, order, wake_seconds=30, destroying=True), judgements)


def _sweep_needs(_fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    return frozenset({GroupState(rollout.live)})


def _sweep(_fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    probe = GroupState(rollout.live)
    found = seen_as(seen, probe, GroupSeen)
    if found is None:
        return unseen(rollout, f"what is left could not be read: {unavailable(seen, [probe])}")
    if found.exists:
        return wait(rollout, f"the node resource group of {rollout.live} is still there", failures=0)
    return advance(rollout, f"nothing of the old cluster of {rollout.live} is left")


def _hand_over(_fleet: Fleet, rollout: Rollout, _seen: Seen) -> Move:
    if rollout.shadow:
        return advance(rollout, f"{rollout.candidate} would be the live slot now; {rollout.live} stays it")
    return advance(rollout, f"{rollout.candidate} is the live slot now, {rollout.live} is free")


def _report(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    minutes = (seen.now - rollout.started_at).total_seconds() / 60
    is_live = "would be live" if rollout.shadow else "is live"
    done = f"version {rollout.version} {is_live} on {rollout.candidate} after {minutes:.0f} minutes"
    return advance(rollout, "; ".join(filter(None, (done, left_above(fleet, rollout)))))


STEPS = (
    Step(
        "bake",
        _bake,
        _bake_needs,
        deadline_seconds=24 * 3600,
        at_deadline=Verb.HOLD,
        lasts=lambda fleet: fleet.policy.bake_seconds,
        promotable=True,
    ),
    Step(
        "drained",
        _drained,
        _drained_needs,
        deadline_seconds=_DRAINED_SECONDS,
        at_deadline=Verb.HOLD,
        promotable=True,
    ),
    approval("approve_destroy", "destroy the old cluster?", "destroy", Verb.HOLD),
    Step("stop", _stop, _stop_needs, deadline_seconds=3600, at_deadline=Verb.HOLD),
    Step("destroy", _destroy, _destroy_needs, deadline_seconds=2 * 3600, at_deadline=Verb.HOLD),
    Step("sweep", _sweep, _sweep_needs, deadline_seconds=3600, at_deadline=Verb.HOLD, promotable=True),
    Step("hand_over", _hand_over, at_deadline=Verb.HOLD),
    Step("report", _report, at_deadline=Verb.HOLD),
)
