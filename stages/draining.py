"""Whether a slot that users have left still serves somebody: T4 asks it of blue, a rollback of its candidate.

Decides nothing but the wait. Connections that are kept open, and caches that ignore a TTL, outlast any proof
that the traffic has moved, so a cluster is stopped or deleted by what its gateway measures.
"""

from __future__ import annotations

from datetime import datetime

from shared.decision import Seen
from shared.fleet import Fleet
from shared.levers import SlotName
from shared.model import Rollout
from shared.probes import TrafficSeen, TrafficShare
from stages.looking import records, seen_as, unavailable
from stages.step import Move, wait
from stages.verdicts import unseen

_WINDOW_SECONDS = 180


def drain_probe(since: datetime) -> TrafficShare:
    """The requests of each slot in the last minutes, none of them from before `since`."""
    return TrafficShare(since, _WINDOW_SECONDS)


def serving(fleet: Fleet, rollout: Rollout, slot: SlotName, since: datetime, seen: Seen) -> Move | None:
    """Wait while users may reach `slot`, by the records or by its gateway's requests. None: it is drained."""
    unread = unavailable(seen, records(fleet))
    if unread is not None:
        return unseen(rollout, f"a live record could not be read: {unread}")
    probe = drain_probe(since)
    found = seen_as(seen, probe, TrafficSeen)
    if found is None:
        because = unavailable(seen, [probe])
        return unseen(rollout, f"the requests of {slot} could not be measured: {because}")
    # Silence is not zero: without the other slot's own requests the source has said nothing at all.
    if found.minutes <= 0 or fleet.other(slot) not in found.requests:
        return wait(rollout, "no request has been measured yet", failures=0)
    rate = found.requests.get(slot, 0.0) / found.minutes
    limit = fleet.traffic.drained_requests_per_minute_max
    if rate <= limit:
        return None
    sentence = f"{slot} serves {rate:.1f} requests a minute, {limit:g} is the limit"
    return wait(rollout, sentence, failures=0)
