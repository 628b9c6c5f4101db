"""One balancer: the shares that it was told, and the one order that it gets next. Pure.

Decides that no second change is queued behind one that is still being deployed. Refuses to know which other
levers a fleet has (`levers`).
"""

from __future__ import annotations

from shared.actions import SetMatch, SetWeights
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


def next_order(
    fleet: Fleet, rollout: Rollout, balancer: Balancer, slot: SlotName, seen: Seen
) -> list[SetWeights] | list[SetMatch]:
    """The one order that a balancer gets on its way to `slot`: what sends users elsewhere goes first."""
    found = balancer_seen(seen, balancer)
    if found is not None and found.matched and found.weights == {slot: 100}:
        return lift(fleet, balancer, seen)
    return weigh(rollout, balancer, full(balancer, slot), seen)


def lift(fleet: Fleet, balancer: Balancer, seen: Seen) -> list[SetMatch]:
    """The order that lifts a canary by header or cookie, where there is one and nothing is on its way."""
    found = balancer_seen(seen, balancer)
    if found is None or not found.matched or found.unsettled or fleet.shift.match is None:
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
    if found.unsettled and (ordered or balancer.kind in SERIAL):
        return []
    return [SetWeights(balancer, weights, found.etag)]


def holds(rollout: Rollout, balancer: Balancer, weights: dict[str, int], seen: Seen) -> bool:
    """Whether a balancer was told these shares by an order of ours or of a later epoch."""
    found = balancer_seen(seen, balancer)
    if found is None or rollout.ordered_epoch is None:
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
