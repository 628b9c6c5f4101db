"""Fleets whose levers are balancers, for rollouts in memory."""

from __future__ import annotations

from shared.fleet import Fleet, MatchStep, Shift, WeightStep
from shared.levers import Match, SwitchKind
from shared.safety import Drain, Names, Readiness
from tests.fleets import ERRORS, HEALTH, fleet
from tests.fleets_balanced import balancer

_SECONDS = {SwitchKind.FRONT_DOOR: 1200, SwitchKind.FRONT_DOOR_CLASSIC: 1200}
CANARY = Match(header="x-canary", value="green")
STEPS = (
    WeightStep(weight=10, hold_seconds=300, gates=(ERRORS,)),
    WeightStep(weight=50, hold_seconds=300, gates=(ERRORS,)),
)


def balanced(kind: SwitchKind, *, beneath: bool = False, steps: bool = False, canary: bool = False) -> Fleet:
    """A fleet with that balancer as its only lever."""
    match = MatchStep(match=CANARY, hold_seconds=120, gates=(HEALTH,)) if canary else None
    lever = balancer(
        kind,
        beneath=beneath,
        propagation_seconds=_SECONDS.get(kind, 60),
        ttl_seconds=30 if kind is SwitchKind.TRAFFIC_MANAGER else 0,
    )
    return fleet(
        live_records=(),
        balancers=(lever,),
        shift=Shift(match=match, steps=STEPS if steps else ()),
        names=Names(ask=True, resolvers=("10.0.0.4",), owners=True, writers=True),
        drain=Drain(connections_metric="CurrentConnections", connections_max=2),
        readiness=Readiness(every_seconds=180),
    )
