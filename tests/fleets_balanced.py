"""The small fleet with a balancer in the place of its live record, one for every kind of switch."""

from __future__ import annotations

from sandbox.world.balancers import TYPES
from shared.fleet import Fleet
from shared.levers import Balancer, Member, SlotName, SwitchKind
from tests.fleets import BLUE, GREEN, SUBSCRIPTION, fleet
from tests.fleets_balancers import application_gateway_fleet, traffic_manager_fleet

NETWORK = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-network/providers"
_NAMES = {SwitchKind.FRONT_DOOR: "aks-{}", SwitchKind.FRONT_DOOR_CLASSIC: "{}.origin.contoso.com"}
_FLEETS = {
    SwitchKind.TRAFFIC_MANAGER: traffic_manager_fleet,
    SwitchKind.APPLICATION_GATEWAY: application_gateway_fleet,
}


def balancer(kind: SwitchKind) -> Balancer:
    """A Front Door of that kind with a member for each slot, and what a canary takes."""

    def member(slot: SlotName) -> Member:
        return Member(slot=slot, name=_NAMES[kind].format(slot), group=f"only-{slot}")

    return Balancer(
        kind=kind,
        resource_id=f"{NETWORK}/{TYPES[kind]}/contoso-edge",
        members=(member(BLUE), member(GREEN)),
        group="aks",
        propagation_seconds=900,
        endpoint="official",
        rules="canaries",
    )


def balanced_fleet(kind: SwitchKind) -> Fleet:
    """The fleet whose one lever is a balancer of that kind."""
    if kind in _FLEETS:
        return _FLEETS[kind]()
    return fleet(live_records=(), balancers=(balancer(kind),))
