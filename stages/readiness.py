"""The proof that the safe slot could take all traffic back: renewed until there is no way back any more.

Decides when the proof is due, what it needs and when it has lapsed. A slot that answered once may not answer
in the night: its certificate ends, its nodes are scaled away. Refuses to know what a lapse does to a step.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from shared.decision import Seen
from shared.fleet import Fleet
from shared.levers import SlotName
from shared.loads import LoadSeen, LoadState
from shared.model import Rollout, Stage
from shared.probes import ClusterSeen, ClusterState, HostSeen, HostState, Probe
from stages.capacity import too_few_nodes, too_much_load, unmeasured
from stages.looking import seen_as, unavailable

PROVEN_STEPS = frozenset(
    {"ramp", "shift", "converge", "purge", "observe", "unfreeze", "restore_ttl", "realign"}
    | {"bake", "drained", "approve_destroy"}
)
"""While the safe slot is the old one: from `stop` on it has to be started first, and is no longer asked."""

LAPSES_AFTER = 3
"""A proof that could not be renewed counts for so many of its own intervals."""


def due_at(fleet: Fleet, rollout: Rollout) -> datetime | None:
    """When the proof is to be renewed, None where it is not."""
    wanted = fleet.readiness.every_seconds and rollout.stage in (Stage.SWITCH, Stage.RETIRE)
    if not wanted or rollout.step not in PROVEN_STEPS:
        return None
    proven = rollout.ready_at or rollout.started_at
    retried = min(fleet.readiness.every_seconds, fleet.policy.poll_seconds)
    return proven + timedelta(seconds=retried if rollout.unready else fleet.readiness.every_seconds)


def readiness_needs(fleet: Fleet, rollout: Rollout, now: datetime) -> frozenset[Probe]:
    """The safe slot's own host name, both clusters and the load, when the proof is due."""
    due = due_at(fleet, rollout)
    if due is None or now < due:
        return frozenset()
    other = fleet.other(rollout.safe)
    load: frozenset[Probe] = frozenset({LoadState(rollout.safe)} if fleet.readiness.load_max else ())
    return load | {HostState(rollout.safe), ClusterState(rollout.safe), ClusterState(other)}


def renewed(fleet: Fleet, rollout: Rollout, seen: Seen) -> Rollout:
    """The rollout with what was just seen of the safe slot's readiness."""
    host = seen_as(seen, HostState(rollout.safe), HostSeen)
    safe = seen_as(seen, ClusterState(rollout.safe), ClusterSeen)
    if host is None or safe is None or due_at(fleet, rollout) is None:
        return rollout
    other = seen_as(seen, ClusterState(fleet.other(rollout.safe)), ClusterSeen)
    problems = [*_host(fleet, rollout.safe, host, seen.now), *too_few_nodes(fleet, rollout.safe, safe, other)]
    unproven = None
    if fleet.readiness.load_max:
        load = seen_as(seen, LoadState(rollout.safe), LoadSeen)
        if load is None:
            unproven = unavailable(seen, [LoadState(rollout.safe)])
        else:
            unproven = unmeasured(fleet, rollout.safe, load, safe, other)
        if load is not None and unproven is None:
            problems += too_much_load(fleet, rollout.safe, load)
    if problems:
        return msgspec.structs.replace(rollout, unready="; ".join(problems), unproven=unproven)
    if unproven is not None:
        # Nobody's fault, and no proof: what was known before lasts until it lapses.
        return msgspec.structs.replace(rollout, unproven=unproven)
    return msgspec.structs.replace(rollout, unready=None, unproven=None, ready_at=seen.now)


def lapsed(fleet: Fleet, rollout: Rollout, now: datetime) -> str | None:
    """Why nobody can be sure of the way back, None while it is proven or not to be."""
    if due_at(fleet, rollout) is None:
        return None
    if rollout.unready is not None:
        return f"{rollout.safe} could not take all traffic back: {rollout.unready}"
    span = timedelta(seconds=LAPSES_AFTER * fleet.readiness.every_seconds)
    if now < (rollout.ready_at or rollout.started_at) + span:
        return None
    why = f": {rollout.unproven}" if rollout.unproven else ""
    if rollout.ready_at is None:
        return f"{rollout.safe} has not proven yet that it could take all traffic back{why}"
    minutes = (now - rollout.ready_at).total_seconds() / 60
    return f"{rollout.safe} has not proven for {minutes:.0f} minutes that it could take all traffic back{why}"


def _host(fleet: Fleet, slot: SlotName, host: HostSeen, now: datetime) -> list[str]:
    name = fleet.slot(slot).host.fqdn
    problems = [] if 200 <= host.status < 400 else [host.because or f"{name} answers with {host.status}"]
    ends = host.certificate_ends_at
    if ends is not None and ends < now + timedelta(seconds=fleet.readiness.certificate_seconds_min):
        problems.append(f"the certificate of {name} ends on {ends:%Y-%m-%d %H:%M}")
    return problems
