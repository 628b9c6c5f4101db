"""The small fleet with a balancer in the place of its live record, one for every kind of switch."""

from __future__ import annotations

from sandbox.world.balancers import TYPES
from shared.fleet import Fleet
from shared.levers import MATCHING, Balancer, Member, SlotName, SwitchKind
from tests.fleets import BLUE, GREEN, SUBSCRIPTION, fleet

NETWORK = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-network/providers"
PROPAGATION_SECONDS = 900
_GROUPS = {SwitchKind.TRAFFIC_MANAGER: "", SwitchKind.APPLICATION_GATEWAY: "official"}
_NAMES = {SwitchKind.FRONT_DOOR_CLASSIC: "{}.origin.contoso.com"}


def balancer(kind: SwitchKind) -> Balancer:
    """A balancer of that kind with a member for each slot, and what a canary takes where it can have one."""
    matching = kind in MATCHING

    def member(slot: SlotName) -> Member:
        name = _NAMES.get(kind, "aks-{}").format(slot)
        return Member(slot=slot, name=name, group=f"only-{slot}" if matching else "")

    return Balancer(
        kind=kind,
        resource_id=f"{NETWORK}/{TYPES[kind]}/contoso-edge",
        members=(member(BLUE), member(GREEN)),
        group=_GROUPS.get(kind, "aks"),
        propagation_seconds=PROPAGATION_SECONDS,
        endpoint="official" if matching else "",
        rules="canaries" if matching else "",
    )


def balanced_fleet(kind: SwitchKind) -> Fleet:
    """The fleet whose one lever is a balancer of that kind."""
    return fleet(live_records=(), balancers=(balancer(kind),))
