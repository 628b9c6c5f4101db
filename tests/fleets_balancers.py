"""Fleets behind Traffic Manager, and behind one application gateway."""

from __future__ import annotations

import msgspec

from shared.fleet import Fleet, Traffic
from shared.levers import Balancer, Member, SwitchKind
from shared.safety import Drain
from tests.fleets import BLUE, FLEET, GREEN, SUBSCRIPTION

NETWORK = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-front/providers/Microsoft.Network"
PROFILE = Balancer(
    kind=SwitchKind.TRAFFIC_MANAGER,
    resource_id=f"{NETWORK}/trafficManagerProfiles/contoso",
    members=(
        Member(slot=BLUE, name="externalEndpoints/blue"),
        Member(slot=GREEN, name="externalEndpoints/green"),
    ),
    propagation_seconds=10,
    ttl_seconds=30,
)
GATEWAY = Balancer(
    kind=SwitchKind.APPLICATION_GATEWAY,
    resource_id=f"{NETWORK}/applicationGateways/agw-front",
    group="users",
    members=(Member(slot=BLUE, name="cluster-blue"), Member(slot=GREEN, name="cluster-green")),
    propagation_seconds=40,
)


def traffic_manager_fleet() -> Fleet:
    """The fleet with a Traffic Manager profile for its only lever; each slot has a gateway of its own."""
    drain = Drain(connections_metric="CurrentConnections")
    return msgspec.structs.replace(FLEET, live_records=(), balancers=(PROFILE,), drain=drain)


def application_gateway_fleet() -> Fleet:
    """The fleet with one gateway before both slots, whose rule is its only lever."""
    slots = tuple(msgspec.structs.replace(each, gateway_id=GATEWAY.resource_id) for each in FLEET.slots)
    traffic = Traffic(dimension="BackendSettingsPool")
    return msgspec.structs.replace(FLEET, live_records=(), balancers=(GATEWAY,), slots=slots, traffic=traffic)
