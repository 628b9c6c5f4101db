"""Which fleets and slots a body speaks of: by the resource ids in it, compared without case as ARM does.

Decides matches. Refuses to know what the body says about them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from shared.errors import Refused
from shared.levers import SlotName
from shared.resources import owner_of
from shared.signals.body import clean

_CLUSTERS = "/providers/microsoft.containerservice/managedclusters/"
_NAMED_MAX = 3


class Entry(Protocol):
    """A fleet of the directory. Its resources are lower-case ARM ids with a slot, or '' for the fleet."""

    @property
    def name(self) -> str:
        """The fleet's name."""

    @property
    def resources(self) -> Mapping[str, str]:
        """What the fleet declares."""

    @property
    def pinned(self) -> Mapping[str, str]:
        """What its slots had when its rollout began, which goes by that."""

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


def match(ids: Iterable[str], directory: Sequence[Entry]) -> tuple[Match, ...]:
    """Every fleet and slot that one of `ids` belongs to; the first id wins. A fleet's slots go before itself.

    What lies inside a slot's resource (a node pool in its cluster) belongs to the slot. What a fleet shares,
    such as a zone, stands for itself alone: what else lies in it is not the fleet's. What a rollout in flight
    knows goes before what was applied since.
    """
    wanted = {each.lower().rstrip("/"): each for each in reversed(list(ids))}
    found: list[Match] = []
    for entry in directory:
        slots: dict[str, str] = {}
        left = list(reversed(wanted.items()))
        for resources in (entry.pinned, entry.resources):
            owned = [(owner_of(lowered, resources), lowered, given) for lowered, given in left]
            for slot, _, given in owned:
                if slot is not None:
                    slots.setdefault(slot, given)
            left = [(lowered, given) for slot, lowered, given in owned if not slot]
        named = {slot: given for slot, given in slots.items() if slot} or slots
        found += [Match(entry.name, SlotName(slot) if slot else None, i) for slot, i in sorted(named.items())]
    return tuple(found)


def clusters_named(names: Iterable[str], subscriptions: set[str], directory: Sequence[Entry]) -> list[str]:
    """The ids of declared clusters with one of these names, in these subscriptions if there are any."""
    wanted = tuple(f"{_CLUSTERS}{name.lower()}" for name in names if name and "/" not in name)
    declared = (each for entry in directory for each in (*entry.pinned, *entry.resources))
    ids = {each for each in declared if wanted and each.endswith(wanted)}
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
