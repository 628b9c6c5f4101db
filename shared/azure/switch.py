"""The small interface of a switch: `read`, `write` and, pure and beside it, `settled`.

Decides that shares are percent, that 0 takes a member out, and which members a write changes and in which
order: first those that get more, so that nobody is ever sent nowhere. Refuses to know any service.

`settled` is a function of each adapter's module. It says of what `read` was answered how far the last change
has come, so that nobody is asked twice. What only an edge can do, a canary and a cache, is `Edge`'s.

A record's adapters (`record_sets`) keep the same promises in a record's words: an address instead of weights.
Whether a record has settled is asked where its users are, of name servers and resolvers (`names`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from shared.actions import Purge, SetMatch, SetWeights
from shared.errors import Refused
from shared.fleet import Fleet
from shared.levers import Balancer, Match, SlotName
from shared.probes import BalancerSeen, BalancerState

PURGED = "purged"
WEIGHT_MAX = 1000
"""Of an origin, a backend and an endpoint; the smallest is 1, so that nothing at all is said otherwise."""


class Share(NamedTuple):
    """A member as a service holds it: its weight (1 to 1000) among those that are enabled."""

    weight: int
    enabled: bool


class Settled(NamedTuple):
    """How far a balancer's last change has come: the fields of the same names of what `read` shows."""

    unsettled: str = ""
    failed: bool = False
    untold: bool = False


class Switch(Protocol):
    """One kind of balancer. Errors are azure.core's, or Retry, Refused, Superseded of ours."""

    async def read(self, balancer: Balancer) -> BalancerSeen:
        """The shares that it was last told, and how far that has come (`settled`)."""

    async def write(
        self, fleet: Fleet, balancer: Balancer, weights: Mapping[str, int], epoch: int, if_match: str | None
    ) -> None:
        """Tell it these shares, in percent by slot.

        A service that deploys one change at a time is given one at a time: the caller looks and asks again.

        Raises:
            Superseded: it carries a higher epoch, or its etag is not `if_match`.
            Retry: an earlier change is still being deployed, or the service cannot take it now.
            Refused: it cannot do such shares at all.
        """


class Edge(Switch, Protocol):
    """A balancer that sees requests and may keep answers."""

    async def match(self, balancer: Balancer, match: Match, slot: SlotName | None) -> None:
        """Send requests that match to the slot's own group; None: nowhere special. Raises Refused, Retry."""

    async def purge(self, balancer: Balancer) -> None:
        """Have its caches forget what was served before. Nothing to do where there is no cache."""


class Switching:
    """The engine's questions and orders about one kind of balancer, in the words of its switch."""

    def __init__(self, switch: Switch) -> None:
        self._switch = switch

    async def observe(self, _fleet: Fleet, probe: BalancerState, _now: datetime) -> BalancerSeen:
        """The balancer as it is."""
        return await self._switch.read(probe.balancer)

    async def weigh(self, fleet: Fleet, action: SetWeights, epoch: int) -> None:
        """Tell the balancer its shares."""
        await self._switch.write(fleet, action.balancer, action.weights, epoch, action.if_match)

    async def match(self, _fleet: Fleet, action: SetMatch, _epoch: int) -> None:
        """Refused: it sends everybody alike."""
        because = f"{action.balancer.label} cannot send requests with {action.match.label}"
        raise Refused(f"{because} to a slot of their own")

    async def purge(self, _fleet: Fleet, _action: Purge, _epoch: int) -> str:
        """Nothing: it has no cache. The receipt says no more than that the order was taken."""
        return PURGED


class EdgeSwitching(Switching):
    """The same of an edge, which takes orders about canaries and caches as well."""

    def __init__(self, edge: Edge) -> None:
        super().__init__(edge)
        self._edge = edge

    async def match(self, _fleet: Fleet, action: SetMatch, _epoch: int) -> None:
        """Set or lift a canary."""
        await self._edge.match(action.balancer, action.match, action.slot)

    async def purge(self, _fleet: Fleet, action: Purge, _epoch: int) -> str:
        """Empty the caches; the receipt says no more than that the order was taken."""
        await self._edge.purge(action.balancer)
        return PURGED


def percents(balancer: Balancer, shares: Mapping[str, Share]) -> dict[str, int]:
    """Percent by slot from what each member (by name) holds; members that are out are left out."""
    enabled = {
        member.slot: share.weight
        for member in balancer.members
        if (share := shares.get(member.name)) is not None and share.enabled
    }
    total = sum(enabled.values())
    return {str(slot): round(100 * weight / total) for slot, weight in enabled.items()}


def changes(
    balancer: Balancer, weights: Mapping[str, int], shares: Mapping[str, Share]
) -> list[tuple[str, Share]]:
    """The members to change and what each is to hold: first those that get more, then those that get less."""
    wanted = wanted_shares(balancer, weights)
    held = {name: shares.get(name, Share(1, enabled=False)) for name in wanted}
    alone = sum(share.enabled for share in wanted.values()) == 1
    late = [(name, share) for name, share in wanted.items() if not _same(share, held[name], alone=alone)]
    return sorted(late, key=lambda each: _effective(held[each[0]]) - _effective(each[1]))


def wanted_shares(balancer: Balancer, weights: Mapping[str, int]) -> dict[str, Share]:
    """What each member (by name) is to hold, from percent by slot."""
    return {member.name: _share(weights.get(member.slot, 0)) for member in balancer.members}


def _share(percent: int) -> Share:
    return Share(max(1, percent * WEIGHT_MAX // 100), enabled=percent > 0)


def _same(wanted: Share, held: Share, *, alone: bool) -> bool:
    # What is out takes nothing and what is in alone takes everything, whatever its weight says: a rollback
    # from a canary is one change, where each may take three quarters of an hour.
    if wanted.enabled != held.enabled:
        return False
    return not wanted.enabled or alone or wanted == held


def _effective(share: Share) -> int:
    return share.weight if share.enabled else 0
