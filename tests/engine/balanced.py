"""Fleets whose levers are balancers, for rollouts in memory."""

from __future__ import annotations

import msgspec

from shared.fleet import Fleet, MatchStep, Shift, WeightStep
from shared.levers import Balancer, Match, Member, Record, SlotName, SwitchKind
from shared.safety import Drain, Names, Readiness
from tests.fleets import BLUE, ERRORS, FLEET, GREEN, HEALTH, SUBSCRIPTION, record

_GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-network/providers"
_RESOURCES = {
    SwitchKind.FRONT_DOOR: f"{_GROUP}/Microsoft.Cdn/profiles/fd-contoso",
    SwitchKind.FRONT_DOOR_CLASSIC: f"{_GROUP}/Microsoft.Network/frontDoors/fd-classic",
    SwitchKind.TRAFFIC_MANAGER: f"{_GROUP}/Microsoft.Network/trafficManagerProfiles/tm-contoso",
    SwitchKind.APPLICATION_GATEWAY: f"{_GROUP}/Microsoft.Network/applicationGateways/agw-contoso",
}
_SECONDS = {SwitchKind.FRONT_DOOR: 1200, SwitchKind.FRONT_DOOR_CLASSIC: 1200}
CANARY = Match(header="x-canary", value="green")
STEPS = (
    WeightStep(weight=10, hold_seconds=300, gates=(ERRORS,)),
    WeightStep(weight=50, hold_seconds=300, gates=(ERRORS,)),
)


def balancer(kind: SwitchKind, *, beneath: bool = False) -> Balancer:
    """A balancer over both slots, with the records edge-blue and edge-green beneath it if wanted."""
    return Balancer(
        kind=kind,
        resource_id=_RESOURCES[kind],
        group="" if kind is SwitchKind.TRAFFIC_MANAGER else "aks",
        members=tuple(_member(slot, beneath) for slot in (BLUE, GREEN)),
        propagation_seconds=_SECONDS.get(kind, 60),
        ttl_seconds=30 if kind is SwitchKind.TRAFFIC_MANAGER else 0,
        endpoint="contoso" if kind is SwitchKind.FRONT_DOOR else "",
        rules="canary",
    )


def balanced(kind: SwitchKind, *, beneath: bool = False, steps: bool = False, canary: bool = False) -> Fleet:
    """A fleet with that balancer as its only lever."""
    match = MatchStep(match=CANARY, hold_seconds=120, gates=(HEALTH,)) if canary else None
    return msgspec.structs.replace(
        FLEET,
        live_records=(),
        balancers=(balancer(kind, beneath=beneath),),
        shift=Shift(match=match, steps=STEPS if steps else ()),
        names=Names(ask=True, resolvers=("10.0.0.4",), owners=True, writers=True),
        drain=Drain(connections_metric="CurrentConnections", connections_max=2),
        readiness=Readiness(every_seconds=180),
    )


def _member(slot: SlotName, beneath: bool) -> Member:
    under: Record | None = record(f"edge-{slot}", 60) if beneath else None
    return Member(slot=slot, name=f"o-{slot}", beneath=under, group=f"only-{slot}")
