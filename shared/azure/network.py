"""Addresses of gateways, and whether a cluster's node resource group is still there: plain reads of ARM.

Decides how a node resource group is recognised: AKS makes itself its manager (`managedBy` is the cluster's
id), and that stays true when the cluster has gone and whatever the group is called.

Sources: https://learn.microsoft.com/rest/api/virtualnetwork/public-ip-addresses/get,
https://learn.microsoft.com/rest/api/resources/resource-groups/list
"""

from __future__ import annotations

from datetime import datetime

from shared.azure import arm
from shared.azure.connection import Connection
from shared.azure.ids import parse
from shared.errors import NotFound, Refused, Retry
from shared.fleet import Fleet
from shared.probes import AddressSeen, GroupSeen, GroupState, SlotAddress

PUBLIC_IP_VERSION = "2024-01-01"
RESOURCE_GROUPS_VERSION = "2024-07-01"
_PAGES_MAX = 20


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
        parse(slot.public_ip_id)
        query = {"api-version": PUBLIC_IP_VERSION}
        found = await arm.get(self._connection, slot.public_ip_id, **query)
        address = (found.get("properties") or {}).get("ipAddress")
        if not address:
            raise NotFound(f"the public IP resource {found.get('name')} of {slot.name} has no address yet")
        return AddressSeen(address=address)

    async def group(self, fleet: Fleet, probe: GroupState, _now: datetime) -> GroupSeen:
        """Whether a resource group of the slot's cluster exists. Needs to read the subscription's groups."""
        cluster_id = fleet.slot(probe.slot).cluster_id
        subscription_id = parse(cluster_id).subscription_id
        url: str | None = f"/subscriptions/{subscription_id}/resourcegroups"
        query = {"api-version": RESOURCE_GROUPS_VERSION}
        for _ in range(_PAGES_MAX):
            if url is None:
                return GroupSeen(exists=False)
            page = await arm.get(self._connection, url, **query)
            managers = (str(group.get("managedBy") or "").lower() for group in page.get("value") or ())
            if cluster_id.lower() in managers:
                return GroupSeen(exists=True)
            # The link to the next page carries its own query.
            url, query = page.get("nextLink"), {}
        raise Retry(f"the subscription {subscription_id} lists more than {_PAGES_MAX} pages of groups")
