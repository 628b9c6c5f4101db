"""T3, switch: move the traffic to the candidate and watch users on it.

Source: the AKS blue-green guide, "T3: Switch traffic to the green cluster". A window of observation starts
when every live record was seen at the candidate, plus propagation, plus TTL: before that, metrics describe
the old weight.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.decision import Seen
from shared.fleet import Fleet, Gate
from shared.gates import advises, beside_live
from shared.levers import Balancer
from shared.model import Rollout, Verdict
from shared.policy import DriftPolicy
from shared.probes import BalancerState, ClusterSeen, ClusterState, Probe, RecordState
from stages import ramp
from stages.budgeting import exposed, exposure_needs
from stages.converging import converge, converge_needs, users_since
from stages.fallback import gives_way
from stages.freezing import command_needs, frozen, renewed, thaw
from stages.levers import above, beneath, first_elsewhere, levers, moved, orders, pace_seconds, unsettled
from stages.looking import cluster_trouble, judged_on, readings, seen_as, unavailable
from stages.observing import watch
from stages.restoring import (
    cached,
    purge,
    realign,
    realign_lasts,
    realign_needs,
    restore_ttl,
    to_realign,
    ttl_lowered,
)
from stages.step import Move, Step, Verb, act, advance, judged, wait
from stages.t2_sync import disparity, parity_needs
from stages.verdicts import before_switch, unseen
from stages.watching import moved_by_others


def _recheck_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    clusters: frozenset[Probe] = frozenset({ClusterState(rollout.live), ClusterState(rollout.candidate)})
    gates = fleet.gates.functional
    live = readings(gates, rollout.live, rollout.entered_at, rollout)
    state = parity_needs(fleet, rollout) if fleet.sync else frozenset()
    candidate = readings(gates, rollout.candidate, rollout.entered_at, rollout)
    seen = clusters | live | candidate | state
    return seen | command_needs(fleet, rollout) | exposure_needs(fleet, rollout)


def _recheck(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    trouble = renewed(fleet, rollout, seen) or _unfit(fleet, rollout, seen)
    if trouble is not None:
        return trouble
    borne = exposed(fleet, rollout, seen, ramp.first_percent(fleet))
    if isinstance(borne, Move):
        return borne
    gates = fleet.gates.functional
    live, live_verdict, live_because = judged_on(
        fleet, gates, rollout.live, rollout.entered_at, rollout, seen
    )
    both, verdict, because = judged_on(fleet, gates, rollout.candidate, rollout.entered_at, rollout, seen)
    evidence = live + tuple(each for each in both if each not in live) + borne
    if live_verdict is not Verdict.PASS:
        because, verdict = f"live could not take it all back: {live_because}", live_verdict
    if verdict is not Verdict.PASS and not all(map(advises, gates)):
        return judged(before_switch(rollout, verdict, because, ""), evidence)
    expired = _old_ttl_expired_at(fleet, rollout)
    if seen.now < expired:
        left = (expired - seen.now).total_seconds()
        because = "waits one old TTL, so that no resolver keeps the old answer for longer than the new TTL"
        return judged(wait(rollout, because, wake_seconds=left), evidence)
    passed = f"{rollout.candidate} is still good and {rollout.live} could take it all back"
    return judged(advance(rollout, passed), evidence)


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
    ttl_seconds = max((record.ttl_seconds for record in fleet.live_records), default=0)
    return rollout.ttl_lowered_at + timedelta(seconds=ttl_seconds + fleet.policy.propagation_seconds)


def _shift(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    told = rollout.shifted and moved(fleet, rollout, rollout.candidate, seen)
    told_at, under_way = rollout.weighed_at or seen.since, unsettled(fleet, rollout, seen)
    if told and under_way is None:
        because = f"every live record was seen at {rollout.candidate}"
        return advance(rollout, because, moved_at=told_at, weighed_at=None)
    drifted = first_elsewhere(fleet, rollout, rollout.live, seen) if not rollout.shifted else None
    if drifted is not None and fleet.policy.drift is DriftPolicy.HOLD:
        return moved_by_others(fleet, rollout, drifted, seen)
    frozen = gives_way(fleet, rollout, seen)
    if frozen is not None:
        # The second lever has to be looked at first: the next round does.
        ways = {"above": frozen.above or rollout.above, "beneath": frozen.beneath or rollout.beneath}
        return wait(rollout, frozen.because, wake_seconds=0, weighed_at=None, failures=0, **ways)
    if told and under_way is not None:
        return wait(rollout, under_way, weighed_at=told_at, failures=0)
    unread = unavailable(seen, _deciding(fleet, rollout))
    if unread is not None:
        return unseen(rollout, f"a live record could not be read: {unread}")
    ordered = orders(fleet, rollout, rollout.candidate, seen, low_ttl=True)
    if not ordered:
        return wait(rollout, under_way or _sentence(fleet, rollout), failures=0)
    pace = pace_seconds(fleet, rollout, seen)
    return act(rollout, _sentence(fleet, rollout), *ordered, wake_seconds=pace, shifted=True)


def _deciding(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    """The levers that are moved: not those that gave way."""
    over = above(fleet, rollout)
    if over is not None:
        return frozenset({BalancerState(over)})
    if not rollout.beneath:
        return levers(fleet, rollout)
    return beneath(fleet) | frozenset(RecordState(record) for record in fleet.live_records)


def _sentence(fleet: Fleet, rollout: Rollout) -> str:
    """`points aks.contoso.com at green (203.0.113.20)`, or that a balancer sends everything there."""
    over = above(fleet, rollout)
    if over is not None:
        return f"{over.label} sends everything straight to {rollout.candidate}"
    names = ", ".join(record.fqdn for record in fleet.live_records)
    slot, address = rollout.candidate, rollout.addresses[rollout.candidate]
    pointed = [f"points {names} at {slot} ({address})"] if names else []
    return "; ".join([*pointed, *(_ordered(rollout, balancer) for balancer in fleet.balancers)])


def _ordered(rollout: Rollout, balancer: Balancer) -> str:
    if not (rollout.beneath and balancer.beneath):
        return f"{balancer.label} sends everything to {rollout.candidate}"
    names = ", ".join(record.fqdn for record in balancer.beneath)
    return f"points {names}, beneath {balancer.label}, at {rollout.candidate}"


def _observe_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    return readings(_of_everybody(fleet), rollout.candidate, users_since(fleet, rollout), rollout)


def _observe(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    since = users_since(fleet, rollout)
    return watch(fleet, rollout, seen, _of_everybody(fleet), fleet.policy.observe_seconds, since)


def _of_everybody(fleet: Fleet) -> tuple[Gate, ...]:
    """The gates that judge when live serves nobody any more."""
    return tuple(gate for gate in fleet.gates.switch if not beside_live(gate))


def _shift_lasts(fleet: Fleet) -> int:
    return 5 * max((balancer.propagation_seconds for balancer in fleet.every_balancer), default=0)


STEPS = (
    Step("recheck", _recheck, _recheck_needs, deadline_seconds=3600),
    ramp.STEP,
    Step("shift", _shift, deadline_seconds=600, lasts=_shift_lasts),
    Step("converge", converge, converge_needs, deadline_seconds=3600, at_deadline=Verb.HOLD, promotable=True),
    Step("purge", purge, applies=cached, at_deadline=Verb.ADVANCE),
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
    Step(
        "realign",
        realign,
        realign_needs,
        applies=to_realign,
        deadline_seconds=6 * 3600,
        at_deadline=Verb.HOLD,
        lasts=realign_lasts,
        promotable=True,
    ),
)
