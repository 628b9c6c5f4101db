"""What a fleet declares in Azure: ARM ids, and whether each is one of a slot's or the whole fleet's.

Compared without case, as ARM does. Refuses to know who speaks of a resource, and what.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.fleet import Fleet
from shared.levers import Balancer, Record, SlotName, SwitchKind

_PARTS_MAX = 12
"""No id that a slot declares has more, counted between slashes; what lies inside may be of any depth."""


def resources_of(fleet: Fleet) -> dict[str, str]:
    """What a fleet declares, as a directory entry holds it: lower-case ARM ids to slot names.

    '' stands for the whole fleet: its levers with what they are made of, zones, the template spec and the
    subscription, which a service health alert names. A balancer is the fleet's even where it is a slot's
    gateway as well. A cluster's nodes lie in a group of their own, by the name that AKS gives it.
    """
    moved = [*fleet.live_records, *(record for each in fleet.balancers for record in each.beneath)]
    shared = [fleet.provisioner.template_spec_id, f"/subscriptions/{fleet.subscription_id}"]
    shared += [record.zone_id for record in (*moved, *(slot.host for slot in fleet.slots))]
    shared += [_record_id(record) for record in moved]
    levers = {each.lower() for balancer in fleet.every_balancer for each in _balancer_ids(balancer)}
    found = {each.lower(): "" for each in (*shared, *levers)}
    for slot in fleet.slots:
        own = (
            slot.cluster_id,
            _node_group_id(slot.cluster_id, fleet.location),
            slot.gateway_id,
            slot.public_ip_id,
            _record_id(slot.host),
        )
        found |= {each.lower(): str(slot.name) for each in own if each and each.lower() not in levers}
    return found


def of_slots(resources: Mapping[str, str]) -> dict[str, str]:
    """Those that are a slot's, without the whole fleet's."""
    return {each: slot for each, slot in resources.items() if slot}


def slot_of(fleet: Fleet, resource_id: str) -> SlotName | None:
    """The slot that a resource belongs to; None for one of the whole fleet's, and for a stranger."""
    owner = owner_of(resource_id.lower().rstrip("/"), resources_of(fleet))
    return SlotName(owner) if owner else None


def owner_of(resource_id: str, resources: Mapping[str, str]) -> str | None:
    """The slot of a lower-case id among these, '' for the whole fleet, None for a stranger.

    What lies inside a slot's resource belongs to the slot.
    """
    exact = resources.get(resource_id)
    if exact is not None:
        return exact
    parent = "/".join(resource_id.split("/", _PARTS_MAX)[:_PARTS_MAX])
    while parent.count("/") > 4:  # a resource group's own id has 4: nothing shorter can be a slot's
        parent = parent.rpartition("/")[0]
        if resources.get(parent):
            return resources[parent]
    return None


def _record_id(record: Record) -> str:
    return f"{record.zone_id}/{record.type.value}/{record.name}"


def _balancer_ids(balancer: Balancer) -> list[str]:
    """The balancer's own id, and those of the groups and members that a change or an alert may name."""
    groups = [group for group in (balancer.group, *(each.group for each in balancer.members)) if group]
    names = [each.name for each in balancer.members]
    match balancer.kind:
        case SwitchKind.FRONT_DOOR:
            parts = [f"originGroups/{group}" for group in groups]
            parts += [f"originGroups/{balancer.group}/origins/{name}" for name in names]
        case SwitchKind.FRONT_DOOR_CLASSIC:
            parts = [f"backendPools/{group}" for group in groups]
        case SwitchKind.APPLICATION_GATEWAY:
            parts = [f"requestRoutingRules/{group}" for group in groups]
            parts += [f"backendAddressPools/{name}" for name in names]
        case _:
            parts = names
    return [balancer.resource_id, *(f"{balancer.resource_id}/{part}" for part in parts)]


def _node_group_id(cluster_id: str, location: str) -> str:
    """Source: https://learn.microsoft.com/azure/aks/faq, on the node resource group."""
    _, _, subscription, _, group, *_, cluster = cluster_id.split("/")
    return f"/subscriptions/{subscription}/resourceGroups/{f'MC_{group}_{cluster}_{location}'[:80]}"
