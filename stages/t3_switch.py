"""T3, switch: move the traffic to the candidate and watch users on it.

Source: the AKS blue-green guide, "T3: Switch traffic to the green cluster". A window of observation starts
when every live record was seen at the candidate, plus propagation, plus TTL: before that, metrics describe
the old weight.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from shared.decision import Seen
from shared.fleet import DriftPolicy, Fleet, Gate
from shared.model import HoldKind, Rollout, Verdict
from shared.probes import ClusterSeen, ClusterState, Probe, TrafficSeen, TrafficShare
from stages.freezing import command_needs, frozen, renewed, thaw
from stages.looking import (
    cluster_trouble,
    elsewhere,
    judged_on,
    own_write_seen,
    point,
    propagated_at,
    readings,
    record_seen,
    records,
    seen_as,
    unavailable,
)
from stages.step import Move, Step, Verb, act, advance, fail, hold, judged, wait
from stages.t2_sync import disparity, parity_needs
from stages.verdicts import before_switch, unseen


def _recheck_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    clusters: frozenset[Probe] = frozenset({ClusterState(rollout.live), ClusterState(rollout.candidate)})
    gates = fleet.gates.functional
    live = readings(gates, rollout.live, rollout.entered_at)
    state = parity_needs(fleet, rollout) if fleet.sync else frozenset()
    candidate = readings(gates, rollout.candidate, rollout.entered_at)
    return clusters | live | candidate | state | command_needs(fleet, rollout)


def _recheck(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    trouble = renewed(fleet, rollout, seen) or _unfit(fleet, rollout, seen)
    if trouble is not None:
        return trouble
    gates = fleet.gates.functional
    live, live_verdict, live_because = judged_on(gates, rollout.live, rollout.entered_at, rollout, seen)
    both, verdict, because = judged_on(gates, rollout.candidate, rollout.entered_at, rollout, seen)
    if gates and live_verdict is not Verdict.PASS:
        because, verdict = f"live could not take it all back: {live_because}", live_verdict
    if gates and verdict is not Verdict.PASS:
        return judged(before_switch(rollout, verdict, because, ""), live + both)
    expired = _old_ttl_expired_at(fleet, rollout)
    if seen.now < expired:
        left = (expired - seen.now).total_seconds()
        because = "waits one old TTL, so that no resolver keeps the old answer for longer than the new TTL"
        return judged(wait(rollout, because, wake_seconds=left), live + both)
    passed = f"{rollout.candidate} is still good and {rollout.live} could take it all back"
    return judged(advance(rollout, passed), live + both)


def _unfit(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move | None:
    """What keeps a cluster from taking all traffic just now; it may pass until the deadline."""
    for slot in (rollout.live, rollout.candidate):
        cluster = seen_as(seen, ClusterState(slot), ClusterSeen)
        if cluster is None:
            because = unavailable(seen, [ClusterState(slot)])
            return unseen(rollout, f"the cluster of {slot} could not be read: {because}")
        trouble = cluster_trouble(cluster, rollout.version if slot == rollout.candidate else None)
        if trouble is not None:
            return wait(rollout, f"{slot} could not take the traffic: {trouble}", failures=0)
    if not fleet.sync:
        return None
    unread = unavailable(seen, parity_needs(fleet, rollout))
    if unread is not None:
        return unseen(rollout, f"the commits could not be compared: {unread}")
    found = disparity(fleet, rollout, seen)
    return wait(rollout, found, failures=0) if found is not None else None


def _old_ttl_expired_at(fleet: Fleet, rollout: Rollout) -> datetime:
    if rollout.ttl_lowered_at is None:
        return rollout.started_at
    ttl_seconds = max(record.ttl_seconds for record in fleet.live_records)
    return rollout.ttl_lowered_at + timedelta(seconds=ttl_seconds + fleet.policy.propagation_seconds)


def _shift(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    if rollout.shifted and own_write_seen(fleet, rollout, rollout.candidate, seen):
        because = f"every live record was seen at {rollout.candidate}"
        return advance(rollout, because, moved_at=seen.since)
    moved = elsewhere(fleet, rollout, rollout.live, seen) if not rollout.shifted else None
    if moved is not None and fleet.policy.drift is DriftPolicy.HOLD:
        return hold(rollout, f"{moved}: somebody else moved it", HoldKind.DRIFT)
    writes = point(fleet, rollout, rollout.candidate, seen, low_ttl=True)
    if len(writes) < len(fleet.live_records):
        return unseen(rollout, f"a live record could not be read: {unavailable(seen, records(fleet))}")
    names = ", ".join(record.fqdn for record in fleet.live_records)
    address = rollout.addresses[rollout.candidate]
    return act(rollout, f"points {names} at {rollout.candidate} ({address})", *writes, shifted=True)


def users_since(fleet: Fleet, rollout: Rollout) -> datetime:
    """From when on metrics describe users on the candidate."""
    return propagated_at(fleet, rollout.moved_at or rollout.entered_at)


def _converge_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    return frozenset({TrafficShare(users_since(fleet, rollout))})


def _converge(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    ready = users_since(fleet, rollout)
    if seen.now < ready:
        left = (ready - seen.now).total_seconds()
        return wait(rollout, "waits for propagation and one TTL", wake_seconds=left)
    probe = TrafficShare(ready)
    found = seen_as(seen, probe, TrafficSeen)
    if found is None:
        return unseen(rollout, f"the share could not be measured: {unavailable(seen, [probe])}")
    share = share_of(found, rollout.candidate)
    if share is None:
        return wait(rollout, "no request has been measured since the switch yet", failures=0)
    if share < fleet.traffic.share_min:
        because = (
            f"{rollout.candidate} serves {share:.1%} of the requests, {fleet.traffic.share_min:.1%} is wanted"
        )
        return wait(rollout, because, failures=0)
    return advance(rollout, f"{rollout.candidate} serves {share:.1%} of the requests")


def share_of(traffic: TrafficSeen, slot: str) -> float | None:
    """The share (0 to 1) of requests that `slot` served, None where there were none."""
    total = sum(traffic.requests.values())
    return traffic.requests.get(slot, 0.0) / total if total > 0 else None


def watch(fleet: Fleet, rollout: Rollout, seen: Seen, gates: tuple[Gate, ...], clean_seconds: int) -> Move:
    """Judge users on the candidate until the gates passed for `clean_seconds` on end; all else resets it."""
    since = users_since(fleet, rollout)
    judgements, verdict, because = judged_on(gates, rollout.candidate, since, rollout, seen)
    if verdict is Verdict.FAIL:
        return judged(fail(rollout, because), judgements)
    if verdict is not Verdict.PASS:
        return judged(_not_passing(fleet, rollout, seen, gates, verdict, because), judgements)
    clean_since = rollout.clean_since or seen.since
    clean = max(0.0, (seen.now - clean_since).total_seconds())
    if clean < clean_seconds:
        because = f"{len(judgements)} gates pass for {clean / 60:.0f} of {clean_seconds / 60:.0f} minutes"
        left = min(float(fleet.policy.poll_seconds), clean_seconds - clean)
        move = wait(rollout, because, wake_seconds=left, clean_since=clean_since, failures=0)
    else:
        because = f"{len(judgements)} gates passed for {clean_seconds / 60:.0f} minutes with users on it"
        move = advance(rollout, because)
    return judged(move, judgements)


def _not_passing(
    fleet: Fleet, rollout: Rollout, seen: Seen, gates: tuple[Gate, ...], verdict: Verdict, because: str
) -> Move:
    begun = msgspec.structs.replace(rollout, clean_since=None)
    if verdict is Verdict.INCONCLUSIVE:
        return hold(begun, because, HoldKind.GATE)
    failures = rollout.failures + 1 if verdict is Verdict.PROVIDER_ERROR else 0
    patience = max(gate.window_seconds + gate.ingestion_seconds for gate in gates) if gates else 0
    if seen.now < users_since(fleet, rollout) + timedelta(seconds=patience):
        return wait(begun, f"the first full window is not over: {because}", failures=failures)
    return hold(begun, because, HoldKind.GATE, failures=failures)


def _observe_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    return readings(fleet.gates.switch, rollout.candidate, users_since(fleet, rollout))


def _observe(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    return watch(fleet, rollout, seen, fleet.gates.switch, fleet.policy.observe_seconds)


def restore_ttl(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    """Give every live record its declared TTL back, at the slot that users are on."""
    slot = rollout.safe if rollout.rollback_because else rollout.candidate
    writes = point(fleet, rollout, slot, seen, low_ttl=False)
    if len(writes) < len(fleet.live_records):
        return unseen(rollout, f"a live record could not be read: {unavailable(seen, records(fleet))}")
    late = tuple(
        write
        for write in writes
        if (found := record_seen(seen, write.record)) is None or found.ttl_seconds != write.ttl_seconds
    )
    if rollout.rollback_because and not own_write_seen(fleet, rollout, slot, seen):
        # A forward write may still be on its way: only a write of its own, with a later epoch, keeps it out.
        late = writes
    if late:
        names = ", ".join(write.record.fqdn for write in late)
        return act(rollout, f"restores the TTL of {names} to {late[0].ttl_seconds} s", *late)
    return advance(rollout, "every live record has its declared TTL", ttl_lowered_at=None)


def ttl_lowered(_fleet: Fleet, rollout: Rollout) -> bool:
    """Whether a TTL is to be restored."""
    return rollout.ttl_lowered_at is not None


STEPS = (
    Step("recheck", _recheck, _recheck_needs, deadline_seconds=3600),
    Step("shift", _shift, deadline_seconds=600),
    Step(
        "converge", _converge, _converge_needs, deadline_seconds=3600, at_deadline=Verb.HOLD, promotable=True
    ),
    Step(
        "observe",
        _observe,
        _observe_needs,
        deadline_seconds=6 * 3600,
        at_deadline=Verb.HOLD,
        lasts=lambda fleet: fleet.policy.observe_seconds,
        promotable=True,
    ),
    Step("unfreeze", thaw, command_needs, applies=frozen, deadline_seconds=1800, at_deadline=Verb.ADVANCE),
    Step("restore_ttl", restore_ttl, applies=ttl_lowered, at_deadline=Verb.HOLD, promotable=True),
)
