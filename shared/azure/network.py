"""Addresses of gateways, and whether a cluster's node resource group is still there: plain reads of ARM.

Decides how a node resource group is recognised: AKS makes itself its manager (`managedBy` is the cluster's
id), and that stays true when the cluster has gone and whatever the group is called.

Sources: https://learn.microsoft.com/rest/api/virtualnetwork/public-ip-addresses/get,
https://learn.microsoft.com/rest/api/resources/resource-groups/list
"""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_address

from msgspec import Struct, field

from shared.azure import arm
from shared.azure.connection import Connection
from shared.azure.ids import parse
from shared.errors import NotFound, Refused, Retry
from shared.fleet import Fleet
from shared.probes import AddressSeen, GroupSeen, GroupState, SlotAddress

PUBLIC_IP_VERSION = "2024-01-01"
RESOURCE_GROUPS_VERSION = "2024-07-01"
_PAGES_MAX = 20


class _Address(Struct, frozen=True, rename="camel"):
    ip_address: str | None = None


class _PublicIp(Struct, frozen=True):
    properties: _Address


class _Group(Struct, frozen=True, rename="camel"):
    name: str
    managed_by: str | None = None


class _Groups(Struct, frozen=True):
    value: list[_Group]
    next_link: str | None = field(name="nextLink", default=None)


class Network:
    """The addresses and resource groups of a fleet."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def address(self, fleet: Fleet, probe: SlotAddress, _now: datetime) -> AddressSeen:
        """The slot's address: as declared, or from its public IP resource. Raises NotFound, Refused."""
        slot = fleet.slot(probe.slot)
        if slot.address is not None:
            return AddressSeen(address=slot.address)
        if slot.public_ip_id is None:
            raise Refused(f"the slot {slot.name} has neither an address nor a public IP resource")
        name = parse(slot.public_ip_id).name
        query = {"api-version": PUBLIC_IP_VERSION}
        what = f"the public IP resource {name}"
        found = await arm.get(self._connection, slot.public_ip_id, _PublicIp, what, **query)
        address = found.properties.ip_address
        if not address:
            raise NotFound(f"{what} of {slot.name} has no address yet")
        try:
            return AddressSeen(address=str(ip_address(address)))
        except ValueError:
            raise Retry(f"the answer on {what} holds {address!r}, which is no address") from None

    async def group(self, fleet: Fleet, probe: GroupState, _now: datetime) -> GroupSeen:
        """Whether a resource group of the slot's cluster exists. Needs to read the subscription's groups."""
        cluster_id = fleet.slot(probe.slot).cluster_id
        subscription_id = parse(cluster_id).subscription_id
        url: str | None = f"/subscriptions/{subscription_id}/resourcegroups"
        query = {"api-version": RESOURCE_GROUPS_VERSION}
        what = f"the resource groups of {subscription_id}"
        anything = False
        for _ in range(_PAGES_MAX):
            if url is None and not anything:
                # ARM leaves out what the identity may not see, and the cluster's own group outlives it.
                raise Retry(f"the answer on {what} names none at all, as if none may be seen")
            if url is None:
                return GroupSeen(exists=False)
            page = await arm.get(self._connection, url, _Groups, what, **query)
            if any((group.managed_by or "").lower() == cluster_id.lower() for group in page.value):
                return GroupSeen(exists=True)
            # The link to the next page carries its own query.
            url, query, anything = page.next_link, {}, anything or bool(page.value)
        raise Retry(f"the subscription {subscription_id} lists more than {_PAGES_MAX} pages of groups")
