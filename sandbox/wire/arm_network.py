"""What is left of ARM: public IP addresses and resource groups.

Decides their wire forms. Refuses to know why somebody looks: an address is read for a slot, a node resource
group is watched until it is gone.

Sources: https://learn.microsoft.com/rest/api/virtualnetwork/public-ip-addresses/get,
https://learn.microsoft.com/rest/api/resources/resource-groups
"""

from __future__ import annotations

from sandbox.wire.routing import Call, Operation, Reply
from sandbox.world.errors import ArmError, not_found
from sandbox.world.model import World

PUBLIC_IP_VERSIONS = frozenset({"2023-11-01", "2024-01-01", "2024-03-01", "2024-05-01", "2025-01-01"})
GROUP_VERSIONS = frozenset({"2021-04-01", "2024-03-01", "2024-07-01", "2024-11-01", "2025-04-01"})

_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
_ADDRESS = _GROUP + "/providers/Microsoft.Network/publicIPAddresses/{address}"
_ANY_GROUP = "/subscriptions/{subscription}/resourceGroups/{any}"


def operations(world: World) -> list[Operation]:
    """Every operation of public IP addresses and resource groups."""
    network = NetworkOperations(world)
    return [
        Operation(method="GET", template=_ADDRESS, handler=network.address, versions=PUBLIC_IP_VERSIONS),
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

    def group(self, call: Call) -> Reply:
        """A resource group."""
        name = call.parameters["any"]
        if not self._world.clusters.group_exists(name):
            raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")
        return Reply(
            200,
            {
                "id": f"/subscriptions/{call.parameters['subscription']}/resourceGroups/{name}",
                "name": name,
                "type": "Microsoft.Resources/resourceGroups",
                "location": self._world.fleet.location,
                "properties": {"provisioningState": "Succeeded"},
            },
        )

    def group_exists(self, call: Call) -> Reply:
        """204 where there is such a group, 404 where there is none."""
        return Reply(204 if self._world.clusters.group_exists(call.parameters["any"]) else 404)
