"""Whether users have followed a move: what name servers and resolvers say, and what the gateways measured.

Decides when traffic counts as moved, on the way to the candidate and on the way back. A lever's own word is
not enough: its clients may hold an old answer.
"""

from __future__ import annotations

from datetime import datetime

from shared.decision import Seen
from shared.fleet import Fleet
from shared.levers import Record, SlotName
from shared.model import Rollout
from shared.probes import NamesSeen, NamesState, Probe, TrafficSeen, TrafficShare
from stages.levers import bound_seconds, propagated_at
from stages.looking import seen_as, unavailable
from stages.step import Move, advance, wait
from stages.verdicts import unseen

_NAMED_MAX = 6
_MINUTE_SECONDS = 60


def users_since(fleet: Fleet, rollout: Rollout) -> datetime:
    """From when on metrics describe users on the candidate."""
    return propagated_at(fleet, rollout, rollout.moved_at or rollout.entered_at)


def converge_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    """The measured share, and what the records' names resolve to where the fleet wants them asked."""
    share: frozenset[Probe] = frozenset({TrafficShare(users_since(fleet, rollout))})
    return share | names_needs(fleet, rollout)


def names_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    """Probes of every record that decides now where users go, where the fleet wants its servers asked."""
    return frozenset(NamesState(record) for record in _asked(fleet, rollout))


def converge(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    """Wait until everybody has followed to the candidate, and say who has not."""
    since = users_since(fleet, rollout)
    served = served_by(fleet, rollout, rollout.candidate, since, seen, move="switch", rest=True)
    if isinstance(served, Move):
        return served
    return advance(rollout, served, **_followed(fleet, rollout, seen))


def served_by(
    fleet: Fleet,
    rollout: Rollout,
    slot: SlotName,
    since: datetime,
    seen: Seen,
    *,
    move: str,
    rest: bool = False,
) -> str | Move:
    """What share of the requests `slot` serves; a wait while anybody has still to follow the `move` there.

    With `rest` the wait also says which slots serve what is missing.
    """
    if seen.now < since:
        left = (since - seen.now).total_seconds()
        return wait(rollout, "waits for propagation and one TTL", wake_seconds=left)
    behind = _left_behind(fleet, rollout, slot, seen)
    if behind is not None:
        return wait(rollout, behind, failures=0)
    probe = TrafficShare(since)
    found = seen_as(seen, probe, TrafficSeen)
    if found is None:
        return unseen(rollout, f"the share could not be measured: {unavailable(seen, [probe])}")
    share = share_of(found, slot)
    if share is None:
        return wait(rollout, f"no request has been measured since the {move} yet", failures=0)
    sentence = f"{slot} serves {share:.1%} of the requests"
    if share < fleet.traffic.share_min:
        others = _others(found, slot) if rest else ""
        return wait(rollout, f"{sentence}, {fleet.traffic.share_min:.1%} is wanted{others}", failures=0)
    return sentence


def _left_behind(fleet: Fleet, rollout: Rollout, slot: SlotName, seen: Seen) -> str | None:
    """The sentence about the servers that still answer with another slot's address, None if there is none.

    A server that does not answer at all keeps nobody waiting: its users are in the gateways' metrics.
    """
    behind = []
    for record in _asked(fleet, rollout):
        found = seen_as(seen, NamesState(record), NamesSeen)
        for server, targets in sorted(found.answers.items()) if found is not None else ():
            if targets != (rollout.addresses[slot].rstrip(".").lower(),):
                behind.append(f"{server} says {', '.join(targets) or 'nothing'} for {record.fqdn}")
    if not behind:
        return None
    more = f" and {len(behind) - _NAMED_MAX} more" if len(behind) > _NAMED_MAX else ""
    return f"not everybody has followed: {'; '.join(behind[:_NAMED_MAX])}{more}"


def share_of(traffic: TrafficSeen, slot: str) -> float | None:
    """The share (0 to 1) of requests that `slot` served, None where there were none."""
    total = sum(traffic.requests.values())
    return traffic.requests.get(slot, 0.0) / total if total > 0 else None


def _asked(fleet: Fleet, rollout: Rollout) -> tuple[Record, ...]:
    # By the Front Door above, users come whatever the record's name leads to.
    if not fleet.names.ask or rollout.above:
        return ()
    under = (record for balancer in fleet.balancers for record in balancer.beneath)
    return (*fleet.live_records, *(under if rollout.beneath else ()))


def _others(traffic: TrafficSeen, slot: str) -> str:
    """Who is left behind, where the gateways know."""
    total = sum(traffic.requests.values())
    left = {name: count / total for name, count in traffic.requests.items() if name != slot and count}
    return "".join(f"; {name} still serves {share:.1%}" for name, share in sorted(left.items()))


def _followed(fleet: Fleet, rollout: Rollout, seen: Seen) -> dict[str, object]:
    """How long the levers took, as it was measured, where the fleet has its readiness looked after."""
    if rollout.moved_at is None or not fleet.readiness.every_seconds:
        return {}
    # The first whole minute after the last user followed is measured only when it is over and complete.
    unseen_seconds = fleet.traffic.ingestion_seconds + _MINUTE_SECONDS
    seconds = (seen.now - rollout.moved_at).total_seconds() - unseen_seconds
    followed = {lever.label: max(bound_seconds(fleet, rollout, lever), seconds) for lever in fleet.levers}
    return {"follow_seconds": followed}
