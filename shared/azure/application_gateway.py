"""One application gateway before all slots: a request routing rule that leads to the pool of one of them.

A balancer's `group` is the rule's name, its members' names are those of the back-end pools. A gateway is read
whole and written whole, as dictionaries: azure-mgmt-network is not worth its size, and its models would drop
what they do not know. Of what is written, the pool that the rule leads to and two tags are ours; back-end
settings, and connection draining among them, stay as they are, so requests that are under way end where they
began for as long as the settings allow.

Decides that all users are at one slot: there are no weights. Each write carries its epoch in the gateway's
tags and `If-Match` on the etag that was read before its claim, and a higher epoch refuses it. A write that
finds a change under way supersedes it. `Updating` means that not every instance of the gateway follows yet.

The api-version is the newest that Azure's own client speaks: what an older one does not know is not read, and
would be lost with the next write.

Sources: https://learn.microsoft.com/rest/api/application-gateway/application-gateways/create-or-update,
https://learn.microsoft.com/azure/application-gateway/features#connection-draining
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.azure import arm
from shared.azure.connection import Connection
from shared.azure.gateway_rules import Gateway
from shared.azure.record_sets import EPOCH, FLEET
from shared.azure.switch import Settled
from shared.errors import Refused, Retry, Superseded
from shared.fleet import Fleet
from shared.levers import Balancer, SlotName
from shared.probes import BalancerSeen

VERSION = "2026-03-01"
_SUCCEEDED = "Succeeded"
_UNDER_WAY = frozenset({"Creating", "Updating"})
_OVER = frozenset({"Failed", "Canceled"})


class ApplicationGateway:
    """The gateways of a fleet that choose between its slots."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._read: dict[str, dict[str, Any]] = {}

    async def read(self, balancer: Balancer) -> BalancerSeen:
        """The slot that its rule leads to: one GET. Raises Refused for a rule that leads to no pool."""
        gateway = await self._found(balancer)
        slot = gateway.slot()
        return BalancerSeen(
            {slot: 100} if slot is not None else {},
            **settled(balancer, gateway.state)._asdict(),
            etag=gateway.etag,
            epoch=gateway.epoch,
            fleet=gateway.fleet,
        )

    async def write(
        self, fleet: Fleet, balancer: Balancer, weights: Mapping[str, int], epoch: int, if_match: str | None
    ) -> None:
        """Lead the rule to one slot: one PUT, and a GET before it if `if_match` is not what was read last.

        Without `if_match` the etag of that GET guards the write, with the epoch that came in the same answer.

        Raises:
            Superseded: its stored epoch is higher, or its etag is not `if_match`.
            Retry: the answer to the write shows another pool or epoch; it is locked; it cannot be read now.
            Refused: these are shares; or its rule leads to no pool, or has none for the slot.
        """
        slot = _whole(balancer, weights)
        found = await self._before(balancer, if_match)
        if found.epoch is not None and found.epoch > epoch:
            raise Superseded(f"{balancer.label} carries epoch {found.epoch}, this write has {epoch}")
        if if_match not in (None, found.etag):
            raise Superseded(f"the gateway {balancer.name} has been changed since it was read")
        body = found.led_to(slot, {EPOCH: str(epoch), FLEET: fleet.name})
        what = f"the gateway {balancer.name}"
        query = {"api-version": VERSION}
        answer = await arm.put(
            self._connection, balancer.resource_id, body, found.etag, dict[str, Any], what, **query
        )
        after = self._keep(balancer, answer)
        if after.slot() != slot or after.epoch != epoch:
            leads = after.slot() or "no slot"
            raise Retry(f"{balancer.label} was to lead to {slot}, and the answer says {leads}")

    async def _before(self, balancer: Balancer, if_match: str | None) -> Gateway:
        """What the write replaces: under the same etag that is what was read, and is not read again."""
        known = self._read.get(balancer.resource_id.lower())
        if known is not None and known["etag"] == if_match:
            return Gateway(balancer, known)
        return await self._found(balancer)

    async def _found(self, balancer: Balancer) -> Gateway:
        what, query = f"the gateway {balancer.name}", {"api-version": VERSION}
        return self._keep(
            balancer, await arm.get(self._connection, balancer.resource_id, dict[str, Any], what, **query)
        )

    def _keep(self, balancer: Balancer, answer: dict[str, Any]) -> Gateway:
        gateway = Gateway(balancer, answer)
        self._read[balancer.resource_id.lower()] = answer
        return gateway


def settled(balancer: Balancer, state: str) -> Settled:
    """Whether every instance follows, by ARM's own word for the gateway's state."""
    if state == _SUCCEEDED:
        return Settled()
    if state in _UNDER_WAY:
        return Settled(f"the gateway {balancer.name} is deploying its last change")
    return Settled(f"the last change of the gateway {balancer.name} is {state}", failed=state in _OVER)


def _whole(balancer: Balancer, weights: Mapping[str, int]) -> SlotName:
    slots = [SlotName(slot) for slot, percent in weights.items() if percent > 0]
    if len(slots) != 1:
        shown = ", ".join(f"{percent} % to {slot}" for slot, percent in weights.items())
        raise Refused(f"{balancer.label} leads everybody to one slot: it cannot send {shown}")
    return slots[0]
