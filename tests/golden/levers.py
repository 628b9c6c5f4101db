"""The stories of other levers than records, of ramps and of rings."""

from __future__ import annotations

from typing import Any

from shared.fleet import MatchStep, Ring, Shift, WeightStep
from shared.levers import Match, SwitchKind
from shared.model import SignalKind
from shared.safety import Drain, Names, Readiness
from tests.fleets import ERRORS, HEALTH
from tests.fleets_balanced import balancer, under_a_front_door
from tests.golden.recording import Recording
from tests.golden.telling import STORIES, story

__all__ = ["STORIES"]

_CANARY = MatchStep(match=Match(value="green", header="x-canary"), hold_seconds=120, gates=(HEALTH,))
_TENTH = WeightStep(weight=10, hold_seconds=240, gates=(ERRORS,))
_PROVEN: dict[str, Any] = {
    "live_records": (),
    "names": Names(ask=True, resolvers=("10.0.0.4",), owners=True, writers=True),
    "readiness": Readiness(every_seconds=300),
    "drain": Drain(connections_metric="CurrentConnections", connections_max=2),
}
_FRONT_DOOR = (balancer(SwitchKind.FRONT_DOOR, beneath=True),)


@story(
    "canary",
    "Front Door sends those who ask for it, then a tenth, then all of them.",
    balancers=_FRONT_DOOR,
    shift=Shift(match=_CANARY, steps=(_TENTH,)),
    **_PROVEN,
)
@story(
    "profile",
    "Traffic Manager sends a tenth, then all of them.",
    balancers=(balancer(SwitchKind.TRAFFIC_MANAGER, propagation_seconds=60, ttl_seconds=30),),
    shift=Shift(steps=(_TENTH,)),
    **_PROVEN,
)
@story(
    "gateway",
    "One application gateway sends all of them at once.",
    balancers=(balancer(SwitchKind.APPLICATION_GATEWAY, propagation_seconds=60),),
    **_PROVEN,
)
async def _good(it: Recording) -> None:
    await it.event()


@story(
    "back-beneath",
    "An alert while Front Door sends everybody brings them back by the records beneath it.",
    balancers=_FRONT_DOOR,
    **_PROVEN,
)
async def _back(it: Recording) -> None:
    await it.event()
    await it.until("observe")
    await it.alert()


@story(
    "back-in-ramp",
    "An alert while Front Door sends a tenth, and its last change is still on its way.",
    balancers=_FRONT_DOOR,
    shift=Shift(steps=(_TENTH,)),
    **_PROVEN,
)
async def _back_in_ramp(it: Recording) -> None:
    await it.event()
    await it.until("ramp")
    await it.live(3)
    await it.alert()


@story(
    "back-classic",
    "An alert while a classic Front Door deploys: the way back waits for it, and empties its caches.",
    balancers=(balancer(SwitchKind.FRONT_DOOR_CLASSIC),),
    shift=Shift(steps=(_TENTH,)),
    **_PROVEN,
)
async def _back_classic(it: Recording) -> None:
    await it.event()
    await it.until("ramp")
    await it.live()
    await it.alert()


@story(
    "ring",
    "The ring before has not begun; a person loses patience.",
    ring=Ring(after="contoso-ring0", hold_seconds=3600),
)
async def _ring(it: Recording) -> None:
    await it.event()
    await it.until("follow")
    await it.live(3)
    await it.say(SignalKind.ROLLBACK)


@story(
    "forth-above",
    "Azure DNS takes no order: Front Door, above the record, takes users to the candidate.",
    above=under_a_front_door(),
    names=_PROVEN["names"],
)
async def _forth(it: Recording) -> None:
    await it.event()
    await it.until("sync_gate")
    it.befall("outage", family="dns", seconds=2 * 3600)


@story(
    "back-above",
    "An alert fires while Azure DNS takes no order: Front Door, above the record, brings users back.",
    above=under_a_front_door(SwitchKind.FRONT_DOOR_CLASSIC),
)
async def _back_above(it: Recording) -> None:
    await it.event()
    await it.until("bake")
    it.befall("outage", family="dns", seconds=2 * 3600)
    await it.alert()
