"""Whether a slot that users have left still serves somebody: T4 asks it of blue, a rollback of its candidate.

Decides nothing but the wait. Connections that are kept open, and caches that ignore a TTL, outlast any proof
that the traffic has moved, so a cluster is stopped or deleted by what its gateway measures.
"""

from __future__ import annotations

from datetime import datetime

from shared.decision import Seen
from shared.fleet import Fleet
from shared.levers import SlotName
from shared.loads import ConnectionsSeen, OpenConnections
from shared.model import Rollout
from shared.probes import Probe, TrafficSeen, TrafficShare
from stages.levers import unread
from stages.looking import seen_as, unavailable
from stages.step import Move, wait
from stages.verdicts import unseen

_WINDOW_SECONDS = 180


def drain_needs(fleet: Fleet, since: datetime) -> frozenset[Probe]:
    """The requests of each slot, and its open connections where the fleet counts them."""
    counted = bool(fleet.drain.connections_metric)
    connections: frozenset[Probe] = frozenset({_connections(since)} if counted else ())
    return connections | {_requests(since)}


def serving(fleet: Fleet, rollout: Rollout, slot: SlotName, since: datetime, seen: Seen) -> Move | None:
    """Wait while users may reach `slot`, by the levers or by its gateway's word. None: it is drained."""
    hidden = unread(fleet, rollout, seen)
    if hidden is not None:
        return unseen(rollout, f"a live record could not be read: {hidden}")
    probe = _requests(since)
    found = seen_as(seen, probe, TrafficSeen)
    if found is None:
        because = unavailable(seen, [probe])
        return unseen(rollout, f"the requests of {slot} could not be measured: {because}")
    # Silence is not zero: without the other slot's own requests the source has said nothing at all.
    if found.minutes <= 0 or fleet.other(slot) not in found.requests:
        return wait(rollout, "no request has been measured yet", failures=0)
    rate = found.requests.get(slot, 0.0) / found.minutes
    limit = fleet.traffic.drained_requests_per_minute_max
    if rate > limit:
        sentence = f"{slot} serves {rate:.1f} requests a minute, {limit:g} is the limit"
        return wait(rollout, sentence, failures=0)
    return _connected(fleet, rollout, slot, since, seen)


def _connected(fleet: Fleet, rollout: Rollout, slot: SlotName, since: datetime, seen: Seen) -> Move | None:
    """Wait while connections to `slot` are kept open, where the fleet counts them."""
    if not fleet.drain.connections_metric:
        return None
    probe = _connections(since)
    found = seen_as(seen, probe, ConnectionsSeen)
    if found is None:
        because = unavailable(seen, [probe])
        return unseen(rollout, f"the connections of {slot} could not be counted: {because}")
    if fleet.other(slot) not in found.connections:
        return wait(rollout, "no connection has been counted yet", failures=0)
    count, limit = found.connections.get(slot, 0.0), fleet.drain.connections_max
    if count <= limit:
        return None
    sentence = f"{slot} holds {count:.0f} connections open, {limit:g} is the limit"
    return wait(rollout, sentence, failures=0)


def _requests(since: datetime) -> TrafficShare:
    return TrafficShare(since, _WINDOW_SECONDS)


def _connections(since: datetime) -> OpenConnections:
    return OpenConnections(since, _WINDOW_SECONDS)
