"""What is left of ARM: public IP addresses and resource groups.

Decides their wire forms. Refuses to know why somebody looks: an address is read for a slot, a node resource
group is watched until it is gone.

Sources: https://learn.microsoft.com/rest/api/virtualnetwork/public-ip-addresses/get,
https://learn.microsoft.com/rest/api/resources/resource-groups
"""

from __future__ import annotations

from typing import Any

from sandbox.wire.routing import Call, Operation, Reply
from sandbox.world.errors import ArmError, not_found
from sandbox.world.estate import group_of
from sandbox.world.model import World

PUBLIC_IP_VERSIONS = frozenset({"2023-11-01", "2024-01-01", "2024-03-01", "2024-05-01", "2025-01-01"})
GROUP_VERSIONS = frozenset({"2021-04-01", "2024-03-01", "2024-07-01", "2024-11-01", "2025-04-01"})

_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
_ADDRESS = _GROUP + "/providers/Microsoft.Network/publicIPAddresses/{address}"
_GROUPS = "/subscriptions/{subscription}/resourceGroups"
_ANY_GROUP = _GROUPS + "/{any}"


def operations(world: World) -> list[Operation]:
    """Every operation of public IP addresses and resource groups."""
    network = NetworkOperations(world)
    return [
        Operation(method="GET", template=_ADDRESS, handler=network.address, versions=PUBLIC_IP_VERSIONS),
        Operation(method="GET", template=_GROUPS, handler=network.groups, versions=GROUP_VERSIONS),
        Operation(method="GET", template=_ANY_GROUP, handler=network.group, versions=GROUP_VERSIONS),
        Operation(method="HEAD", template=_ANY_GROUP, handler=network.group_exists, versions=GROUP_VERSIONS),
    ]


class NetworkOperations:
    """The operations, over a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def address(self, call: Call) -> Reply:
        """A public IP resource: only those that the fleet's slots name."""
        name = call.parameters["address"]
        asked = f"{call.group_id}/providers/Microsoft.Network/publicIPAddresses/{name}"
        slots = self._world.fleet.slots
        slot = next((each for each in slots if (each.public_ip_id or "").lower() == asked.lower()), None)
        if slot is None:
            raise not_found("Microsoft.Network/publicIPAddresses", name, call.parameters["group"])
        etag = f'W/"{self._world.estate.hex_of(32, "public_ip", asked.lower())}"'
        properties = {
            "provisioningState": "Succeeded",
            "ipAddress": self._world.estate.address_of(slot.name),
            "publicIPAddressVersion": "IPv4",
            "publicIPAllocationMethod": "Static",
            "idleTimeoutInMinutes": 4,
            "ipTags": [],
        }
        body = {
            "id": slot.public_ip_id,
            "name": name,
            "type": "Microsoft.Network/publicIPAddresses",
            "location": self._world.fleet.location,
            "etag": etag,
            "sku": {"name": "Standard", "tier": "Regional"},
            "properties": properties,
        }
        return Reply(200, body, {"ETag": etag})

    def groups(self, _call: Call) -> Reply:
        """Every resource group of the subscription."""
        return Reply(200, {"value": [self._shown(name, manager) for name, manager in self._groups().items()]})

    def group(self, call: Call) -> Reply:
        """A resource group."""
        asked = call.parameters["any"]
        for name, manager in self._groups().items():
            if name.lower() == asked.lower():
                return Reply(200, self._shown(name, manager))
        raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{asked}' could not be found.")

    def group_exists(self, call: Call) -> Reply:
        """204 where there is such a group, 404 where there is none."""
        return Reply(204 if self._world.clusters.group_exists(call.parameters["any"]) else 404)

    def _groups(self) -> dict[str, str]:
        """Each group there is, with the id of the cluster that manages it; empty for a declared one."""
        fleet = self._world.fleet
        ids = [each for slot in fleet.slots for each in (slot.cluster_id, slot.gateway_id)]
        ids += [*self._world.zones.zone_ids(), fleet.provisioner.template_spec_id]
        ids += [balancer.resource_id for balancer in fleet.every_balancer]
        declared = {group_of(each).lower(): group_of(each) for each in ids}
        declared.setdefault(fleet.provisioner.resource_group.lower(), fleet.provisioner.resource_group)
        groups = dict.fromkeys(declared.values(), "")
        groups |= {self._world.clusters.node_group(slot): slot.cluster_id for slot in fleet.slots}
        return {name: manager for name, manager in groups.items() if self._world.clusters.group_exists(name)}

    def _shown(self, name: str, manager: str) -> dict[str, Any]:
        fleet = self._world.fleet
        body: dict[str, Any] = {
            "id": f"/subscriptions/{fleet.subscription_id}/resourceGroups/{name}",
            "name": name,
            "type": "Microsoft.Resources/resourceGroups",
            "location": fleet.location,
            "properties": {"provisioningState": "Succeeded"},
        }
        return body | {"managedBy": manager} if manager else body
