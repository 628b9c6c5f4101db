"""Slots that have one gateway between them, and what of its metrics is which slot's.

Decides that by what the fleet declares: the gateway's balancer names a back-end pool for each slot, and
`traffic.dimension` the dimension of a metric whose values begin with a pool's name. A metric on the back
ends themselves has a dimension of its own for that. Refuses to guess where a fleet says neither, and refuses
to know how a metric is asked for.

Source: https://learn.microsoft.com/azure/application-gateway/monitor-application-gateway-reference
"""

from __future__ import annotations

import re
from typing import NamedTuple

from shared.errors import Refused
from shared.fleet import Fleet, Slot
from shared.levers import SlotName, SwitchKind

_BACKEND_POOL = "BackendPool"
_OF_BACKENDS = frozenset(
    {
        "backendconnecttime",
        "backendfirstbyteresponsetime",
        "backendlastbyteresponsetime",
        "backendresponsestatus",
    }
)


class Split(NamedTuple):
    """The part of a gateway's metric that is one slot's: some values of one dimension."""

    dimension: str
    pools: frozenset[str]

    def holds(self, value: str) -> bool:
        """Whether a value of the dimension is the slot's: `blue` or `blue~settings`, and not `blue-2`."""
        return any(re.match(rf"{re.escape(pool)}(?![\w.-])", value, re.IGNORECASE) for pool in self.pools)

    def within(self, filter_text: str) -> str:
        """A metric's filter that also splits the answer by the dimension."""
        if re.search(rf"\b{self.dimension}\b", filter_text, re.IGNORECASE):
            return filter_text
        return " and ".join(filter(None, (filter_text, f"{self.dimension} eq '*'")))


def split(fleet: Fleet, slot: Slot, metric: str) -> Split | None:
    """What of a metric of the slot's gateway is the slot's; None where the whole of it is.

    Raises:
        Refused: another slot has the same gateway, and the fleet does not say how to tell them apart.
    """
    if not is_shared(fleet, slot):
        return None
    pools = pools_of(fleet, slot.name)
    if not pools or not fleet.traffic.dimension:
        lacking = "traffic.dimension" if pools else f"the back-end pool of {slot.name}"
        raise Refused(f"{_both(slot)}: without {lacking} nobody can tell what it measures of {slot.name}")
    return Split(_BACKEND_POOL if metric.lower() in _OF_BACKENDS else fleet.traffic.dimension, pools)


def is_shared(fleet: Fleet, slot: Slot) -> bool:
    """Whether another slot has the same gateway."""
    return sum(each.gateway_id.lower() == slot.gateway_id.lower() for each in fleet.slots) > 1


def pools_of(fleet: Fleet, name: SlotName) -> frozenset[str]:
    """The back-end pools of a slot on its gateway, by the balancers that choose between them."""
    gateway_id = fleet.slot(name).gateway_id.lower()
    return frozenset(
        member.name
        for balancer in fleet.balancers
        if balancer.kind is SwitchKind.APPLICATION_GATEWAY and balancer.resource_id.lower() == gateway_id
        for member in balancer.members
        if member.slot == name
    )


def no_logs(slot: Slot) -> Refused:
    """Why a log query of a gateway that slots share is not asked: the same query would answer for both."""
    return Refused(f"{_both(slot)}: its logs do not tell {slot.name} apart")


def _both(slot: Slot) -> str:
    return f"the slots share the gateway {slot.gateway_id.rsplit('/', 1)[-1]}"
