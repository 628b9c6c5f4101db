"""One balancer: the shares that it was told, and the one order that it gets next. Pure.

Decides that no second change is queued behind one that is still being deployed: by the service's own word or,
where it does not say, by the time that a change takes by the book. Refuses to know which other levers a fleet
has (`levers`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from shared.actions import Action, Result, SetMatch, SetWeights
from shared.decision import Seen
from shared.fleet import Fleet
from shared.levers import FENCED, SERIAL, THROUGH, Balancer, SlotName
from shared.model import Rollout
from shared.probes import BalancerSeen, BalancerState
from stages.looking import seen_as

STRANGER = SlotName("")
"""Where users are who are in none of the fleet's slots."""


def balancer_seen(seen: Seen, balancer: Balancer) -> BalancerSeen | None:
    """The balancer as it was read, None where it could not be."""
    return seen_as(seen, BalancerState(balancer), BalancerSeen)


def full(balancer: Balancer, slot: SlotName) -> dict[str, int]:
    """All of the traffic to one slot."""
    return {str(member.slot): 100 if member.slot == slot else 0 for member in balancer.members}


def unreached(rollout: Rollout, balancer: Balancer, seen: Seen) -> str:
    """What of its last change has not reached everybody, empty where all has: by its word, or by the book."""
    found = balancer_seen(seen, balancer)
    ordered_at = rollout.ordered_at.get(balancer.label)
    if found is None or found.unsettled or not found.untold or ordered_at is None:
        return found.unsettled if found is not None else ""
    left = (ordered_at - seen.now).total_seconds() + balancer.propagation_seconds
    if left <= 0:
        return ""
    because = f"{balancer.label} does not say whether its last change is deployed"
    return f"{because}: it may take {left / 60:.0f} minutes more"


def keeps_waiting(rollout: Rollout, balancer: Balancer, seen: Seen) -> str:
    """The same where another change would queue behind it. One that failed keeps nobody waiting."""
    found = balancer_seen(seen, balancer)
    return "" if found is None or found.failed else unreached(rollout, balancer, seen)


def ordering(rollout: Rollout, actions: Iterable[Action], now: datetime) -> Rollout:
    """The rollout with when it last ordered a change behind which another one would queue."""
    given = {label: now for action in actions if (label := _queued_at(action))}
    return replace(rollout, ordered_at={**rollout.ordered_at, **given}) if given else rollout


def taken(rollout: Rollout, results: Iterable[Result]) -> Rollout:
    """The rollout without the orders that were not taken: nothing queues behind them.

    What became of an order of before says nothing of the one that somebody has given since.
    """
    told = (result for result in results if result.failure is not None and not result.overtaken)
    lost = {_queued_at(result.action) for result in told}
    kept = {label: at for label, at in rollout.ordered_at.items() if label not in lost}
    return replace(rollout, ordered_at=kept) if kept != rollout.ordered_at else rollout


def _queued_at(action: Action) -> str | None:
    """The label of the balancer that this order is for, where another change would queue behind it."""
    if isinstance(action, SetWeights | SetMatch) and action.balancer.kind in SERIAL:
        return action.balancer.label
    return None


def next_order(
    fleet: Fleet, rollout: Rollout, balancer: Balancer, slot: SlotName, seen: Seen
) -> list[SetWeights] | list[SetMatch]:
    """The one order that a balancer gets on its way to `slot`: what sends users elsewhere goes first."""
    found = balancer_seen(seen, balancer)
    if found is not None and found.matched and found.weights == {slot: 100}:
        return lift(fleet, rollout, balancer, seen)
    return weigh(rollout, balancer, full(balancer, slot), seen)


def lift(fleet: Fleet, rollout: Rollout, balancer: Balancer, seen: Seen) -> list[SetMatch]:
    """The order that lifts a canary by header or cookie, where there is one and nothing is on its way."""
    found = balancer_seen(seen, balancer)
    if found is None or not found.matched or fleet.shift.match is None:
        return []
    if keeps_waiting(rollout, balancer, seen):
        return []
    return [SetMatch(balancer, fleet.shift.match.match, None)]


def weigh(rollout: Rollout, balancer: Balancer, weights: dict[str, int], seen: Seen) -> list[SetWeights]:
    """The order that gives a balancer these shares, none where it has to wait for the one before.

    None either where it was ordered and is on its way, or where its etag is needed and was not read.
    """
    found = balancer_seen(seen, balancer)
    if found is None:
        return [] if balancer.kind in FENCED else [SetWeights(balancer, weights)]
    ordered = rollout.ordered_epoch is not None and found.weights == taking(weights)
    if keeps_waiting(rollout, balancer, seen) and (ordered or balancer.kind in SERIAL):
        return []
    return [SetWeights(balancer, weights, found.etag)]


def holds(rollout: Rollout, balancer: Balancer, weights: dict[str, int], seen: Seen) -> bool:
    """Whether a balancer was told these shares by an order of ours or of a later epoch that did not fail."""
    found = balancer_seen(seen, balancer)
    if found is None or found.failed or rollout.ordered_epoch is None:
        return False
    stale = found.epoch is not None and found.epoch < rollout.ordered_epoch
    return not stale and found.weights == taking(weights)


def shares(weights: dict[str, int]) -> str:
    """`10 % to green, 90 % to blue`."""
    named = [f"{share} % {_to(slot)}" for slot, share in sorted(weights.items()) if share]
    return ", ".join(named) or "nobody anywhere"


def _to(slot: str) -> str:
    return "through to the live record" if slot == THROUGH else f"to {slot or 'a stranger'}"


def taking(weights: dict[str, int]) -> dict[str, int]:
    """The slots that take anything, as a balancer is read."""
    return {slot: share for slot, share in weights.items() if share}
