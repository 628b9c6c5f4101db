"""Which fleets and slots a body speaks of: by the resource ids in it, compared without case as ARM does.

Decides matches. Refuses to know what the body says about them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from shared.errors import Refused
from shared.fleet import Fleet
from shared.levers import Balancer, Record, SlotName, SwitchKind
from shared.signals.body import clean

_CLUSTERS = "/providers/microsoft.containerservice/managedclusters/"
_NAMED_MAX = 3
_PARTS_MAX = 12
"""No id that a slot declares has more, counted between slashes; what lies inside may be of any depth."""


class Entry(Protocol):
    """A fleet of the directory. `resources` maps lower-case ARM ids to a slot, or to '' for the fleet."""

    @property
    def name(self) -> str:
        """The fleet's name."""

    @property
    def resources(self) -> Mapping[str, str]:
        """What the fleet declares."""

    @property
    def platform(self) -> bool:
        """Whether the fleet follows the platform channel."""


class Match(NamedTuple):
    """A fleet that is meant, the slot if it is one, and the id that said so."""

    fleet: str
    slot: SlotName | None
    resource_id: str

    @property
    def resource(self) -> str:
        """The resource's name for a sentence: `aks-green`, or `pool1 of aks-green` for one inside it.

        Resources that AKS made have the same names in every cluster, so their group is told as well.
        """
        parts = self.resource_id.strip("/").split("/")
        inner = clean(parts[-1], 80)
        if len(parts) <= 4:
            return f"{'subscription' if len(parts) == 2 else 'resource group'} {inner}"
        name = f"{inner} of {clean(parts[7], 80)}" if len(parts) > 8 else inner
        return (
            f"{name} in {clean(parts[3], 80)}" if parts[3:4] and parts[3].lower().startswith("mc_") else name
        )


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


def match(ids: Iterable[str], directory: Sequence[Entry]) -> tuple[Match, ...]:
    """Every fleet and slot that one of `ids` belongs to; the first id wins. A fleet's slots go before itself.

    What lies inside a slot's resource (a node pool in its cluster) belongs to the slot. What a fleet shares,
    such as a zone, stands for itself alone: what else lies in it is not the fleet's.
    """
    wanted = {each.lower().rstrip("/"): each for each in reversed(list(ids))}
    found: list[Match] = []
    for entry in directory:
        slots: dict[str, str] = {}
        for lowered, given in reversed(wanted.items()):
            slot = _slot_of(lowered, entry.resources)
            if slot is not None:
                slots.setdefault(slot, given)
        named = {slot: given for slot, given in slots.items() if slot} or slots
        found += [Match(entry.name, SlotName(slot) if slot else None, i) for slot, i in sorted(named.items())]
    return tuple(found)


def slot_of(fleet: Fleet, resource_id: str) -> str | None:
    """The slot that a resource belongs to, '' for one of the whole fleet's, None for a stranger."""
    return _slot_of(resource_id.lower().rstrip("/"), resources_of(fleet))


def clusters_named(names: Iterable[str], subscriptions: set[str], directory: Sequence[Entry]) -> list[str]:
    """The ids of declared clusters with one of these names, in these subscriptions if there are any."""
    wanted = tuple(f"{_CLUSTERS}{name.lower()}" for name in names if name and "/" not in name)
    ids = {each for entry in directory for each in entry.resources if wanted and each.endswith(wanted)}
    within = {each for each in ids if each.split("/")[2] in subscriptions}
    return sorted(within if subscriptions else ids)


def is_cluster(resource_id: str) -> bool:
    """Whether an ARM id is a cluster's or of something inside one."""
    return _CLUSTERS in resource_id.lower()


def nobody(what: str, ids: Iterable[str]) -> Refused:
    """The refusal of a body that speaks of no fleet."""
    distinct = list(dict.fromkeys(clean(each, 200) for each in ids))
    if not distinct:
        return Refused(f"{what}: got no resource id, expected the id of something that a fleet declares")
    more = f" and {len(distinct) - _NAMED_MAX} more" if len(distinct) > _NAMED_MAX else ""
    return Refused(f"{what}: no fleet declares any of {', '.join(distinct[:_NAMED_MAX])}{more}")


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


def _slot_of(resource_id: str, resources: Mapping[str, str]) -> str | None:
    exact = resources.get(resource_id)
    if exact is not None:
        return exact
    parent = "/".join(resource_id.split("/", _PARTS_MAX)[:_PARTS_MAX])
    while parent.count("/") > 4:  # a resource group's own id has 4: nothing shorter can be a slot's
        parent = parent.rpartition("/")[0]
        if resources.get(parent):
            return resources[parent]
    return None
