"""The small fleet with a balancer in the place of its live record, one for every kind of switch."""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.world.balancers import TYPES
from shared.fleet import Fleet
from shared.levers import MATCHING, THROUGH, Balancer, Member, SlotName, SwitchKind
from shared.safety import Drain, Traffic
from tests.fleets import BLUE, FLEET, GREEN, SUBSCRIPTION, fleet, record

NETWORK = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-network/providers"
PROPAGATION_SECONDS = 900
_GROUPS = {SwitchKind.TRAFFIC_MANAGER: "", SwitchKind.APPLICATION_GATEWAY: "official"}
_NAMES = {
    SwitchKind.FRONT_DOOR_CLASSIC: "{}.origin.contoso.com",
    SwitchKind.TRAFFIC_MANAGER: "externalEndpoints/aks-{}",
}


FRONT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-front/providers/Microsoft.Network"
PROFILE = Balancer(
    kind=SwitchKind.TRAFFIC_MANAGER,
    resource_id=f"{FRONT}/trafficManagerProfiles/contoso",
    members=(
        Member(slot=BLUE, name="externalEndpoints/blue"),
        Member(slot=GREEN, name="externalEndpoints/green"),
    ),
    propagation_seconds=10,
    ttl_seconds=30,
)
GATEWAY = Balancer(
    kind=SwitchKind.APPLICATION_GATEWAY,
    resource_id=f"{FRONT}/applicationGateways/agw-front",
    group="users",
    members=(Member(slot=BLUE, name="cluster-blue"), Member(slot=GREEN, name="cluster-green")),
    propagation_seconds=40,
)


def balancer(kind: SwitchKind, *, beneath: bool = False, **changes: Any) -> Balancer:
    """A balancer of that kind with a member for each slot, and what a canary takes where it can have one.

    `beneath` puts a record behind each member; `changes` are the balancer's.
    """
    matching = kind in MATCHING

    def member(slot: SlotName) -> Member:
        name = _NAMES.get(kind, "aks-{}").format(slot)
        under = record(f"edge-{slot}", 60) if beneath else None
        return Member(slot=slot, name=name, beneath=under, group=f"only-{slot}" if matching else "")

    found = Balancer(
        kind=kind,
        resource_id=f"{NETWORK}/{TYPES[kind]}/contoso-edge",
        members=(member(BLUE), member(GREEN)),
        group=_GROUPS.get(kind, "aks"),
        propagation_seconds=PROPAGATION_SECONDS,
        endpoint="official" if matching else "",
        rules="canaries" if matching else "",
    )
    return msgspec.structs.replace(found, **changes)


def balanced_fleet(kind: SwitchKind, *, beneath: bool = False, **changes: Any) -> Fleet:
    """The fleet whose one lever is a balancer of that kind. `changes` are the fleet's."""
    return fleet(live_records=(), balancers=(balancer(kind, beneath=beneath),), **changes)


def under_a_front_door(kind: SwitchKind = SwitchKind.FRONT_DOOR, **changes: Any) -> Balancer:
    """A Front Door above the live record: it passes everything on to the record's name.

    `changes` are the balancer's.
    """
    plain = balancer(kind, endpoint="", rules="", **changes)
    members = [msgspec.structs.replace(each, group="") for each in plain.members]
    origin = Member(slot=THROUGH, name=_NAMES.get(kind, "aks-{}").format("contoso-com"))
    return msgspec.structs.replace(plain, members=(*members, origin))


def composite_fleet(kind: SwitchKind = SwitchKind.FRONT_DOOR, **changes: Any) -> Fleet:
    """The fleet whose record has such a Front Door for its second lever. `changes` are the fleet's."""
    return fleet(above=under_a_front_door(kind), **changes)


def traffic_manager_fleet() -> Fleet:
    """The fleet with a Traffic Manager profile for its only lever; each slot has a gateway of its own."""
    drain = Drain(connections_metric="CurrentConnections")
    return msgspec.structs.replace(FLEET, live_records=(), balancers=(PROFILE,), drain=drain)


def application_gateway_fleet() -> Fleet:
    """The fleet with one gateway before both slots, whose rule is its only lever."""
    slots = tuple(msgspec.structs.replace(each, gateway_id=GATEWAY.resource_id) for each in FLEET.slots)
    traffic = Traffic(dimension="BackendSettingsPool")
    return msgspec.structs.replace(FLEET, live_records=(), balancers=(GATEWAY,), slots=slots, traffic=traffic)
