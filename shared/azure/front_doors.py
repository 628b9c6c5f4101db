"""What Front Door (classic) has in common with Standard and Premium: shares, the canary's name, and patience.

Decides when to ask again while it is busy, and what a group's members say of its slots. Refuses to know the
two services' resources and how they spell them (`front_door`, `front_door_classic`).

Front Door deploys one change at a time to all of its edges: that may take three quarters of an hour, and what
is ordered meanwhile queues behind it. So nothing is ordered while something is being deployed: the caller
looks, and asks again. Nothing has an etag, and the last writer wins: a write starts inside its claim's lease,
and the runbook looks again until that lease is over.

Sources: https://learn.microsoft.com/azure/frontdoor/front-door-faq (how long a change takes),
https://github.com/Azure/azure-rest-api-specs/issues/4221 (no etags)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from shared.azure.switch import Share, percents
from shared.errors import NotFound, Refused, Retry
from shared.levers import Balancer, Match, SlotName

CANARY = "switchyardCanary"
"""The rule that sends requests which match to a slot. Whatever else stands under this name is replaced."""

BUSY_SECONDS = 60.0
"""When to ask again while a change is being deployed: often enough for one that is quick."""

ENABLED, DISABLED = "Enabled", "Disabled"
IN_PROGRESS = frozenset({"Creating", "Deleting", "Disabling", "Enabling", "Migrating"})
"""What a part of a Front Door (classic) may be doing."""

UNSAID = 0
"""The weight of a member whose weight Azure does not say; it may leave it out or say null."""

_OK = 200


class Held(NamedTuple):
    """A member of a group as the service says it: its origin's name or backend's address."""

    name: str
    enabled: bool
    weight: int | None


class CanaryRule(Protocol):
    """The rule named `CANARY`, as either service has it."""

    def says(self, match: Match, group_id: str) -> bool:
        """Whether it sends just these requests to that group."""


class Bodiless:
    """An answer that has nothing to say but yes: give it to an SDK's operation as `raw_response_hook`."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __call__(self, response: Any) -> None:
        """Raise Retry where a success comes with a body: somebody else has answered."""
        answer = response.http_response
        if answer.status_code == _OK and answer.internal_response.content_read.strip():
            raise Retry(f"the answer on {self._what} has a body, where Front Door says no more than yes")


def shares(balancer: Balancer, found: Iterable[Held]) -> dict[str, Share]:
    """What each member (by its declared name) holds. Raises NotFound for one that the group does not have."""
    held = {each.name.lower(): each for each in found}
    missing = [member.name for member in balancer.members if member.name.lower() not in held]
    if missing:
        raise NotFound(f"the answer on {balancer.label} names no {' and no '.join(missing)}")
    own = {member.name: held[member.name.lower()] for member in balancer.members}
    return {name: Share(each.weight or UNSAID, each.enabled) for name, each in own.items()}


def percent(balancer: Balancer, held: dict[str, Share]) -> dict[str, int]:
    """Percent by slot. Raises Retry where it takes a weight to know and Azure does not say it."""
    taking = {name: share.weight for name, share in held.items() if share.enabled}
    unsaid = [name for name, weight in taking.items() if weight == UNSAID]
    if unsaid and len(taking) > 1:
        raise Retry(f"the answer on {balancer.label} does not say the weight of {' and '.join(unsaid)}")
    return percents(balancer, {name: Share(max(1, weight), enabled=True) for name, weight in taking.items()})


def own_group(balancer: Balancer, slot: SlotName) -> str:
    """The name of the group that holds the slot alone. Raises Refused where a canary is not declared."""
    group = balancer.member(slot).group
    if not balancer.rules or not group:
        raise Refused(f"{balancer.label} declares no rules, or no group of {slot}'s own, for a canary")
    return group


def canary_stands(rule: CanaryRule | None, match: Match, group_id: str) -> bool:
    """Whether the canary is as ordered: these requests to that group, or no rule where there is no group."""
    if rule is None or not group_id:
        return rule is None and not group_id
    return rule.says(match, group_id)


def matched(balancer: Balancer, group_id: str) -> str:
    """Whom a group is of: the slot that has it alone, else the group's own name; empty for no group."""
    group = group_id.rstrip("/").rpartition("/")[2]
    slots = (each.slot for each in balancer.members if each.group and each.group.lower() == group.lower())
    return next(slots, None) or group
