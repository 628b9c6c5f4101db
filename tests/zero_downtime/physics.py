"""How long a move has to take, whatever anybody does: the lever's propagation, answers and connections kept.

Decides when the clock starts: at the write that was taken first. What a lever takes one after the other adds
up, and so does the time between. Refuses to know what users met.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sandbox.traffic.gateway import KEEPALIVE_SECONDS
from sandbox.world import World
from shared.levers import Balancer, Record, SwitchKind

LOW_TTL_SECONDS = 30
"""Of a record around a switch."""


class Bound(NamedTuple):
    """From `since` on nobody need be anywhere else after so many seconds, which `words` take apart."""

    since: datetime
    seconds: float
    words: str


def writes(world: World, lever: Record | Balancer) -> int:
    """How often the lever was written so far."""
    return len(world.zones.history(lever) if isinstance(lever, Record) else world.balancers.history(lever))


def bound(world: World, lever: Record | Balancer, writes_before: int, *, kept: bool) -> Bound:
    """Of the move that all writes since belong to. `kept`: users keep connections to the slot itself."""
    takes = propagation_seconds(world, lever)
    ttl = LOW_TTL_SECONDS if isinstance(lever, Record) else lever.ttl_seconds
    if isinstance(lever, Record):
        since = begun = world.zones.history(lever)[writes_before].at
    else:
        history = world.balancers.history(lever)
        since, begun = history[writes_before].at, history[-1].begins_at
    through = (begun - since).total_seconds() + takes
    in_turn = max(1, int(through // takes))
    parts = [f"{in_turn} × {takes:.0f} propagation" if in_turn > 1 else f"{takes:.0f} propagation"]
    between = through - in_turn * takes
    parts += [f"{between:.0f} between"] if between >= 1 else []
    parts += [f"{ttl} TTL"] if ttl else []
    connection = KEEPALIVE_SECONDS if kept else 0.0
    parts += [f"{connection:.0f} kept connection"] if connection else []
    return Bound(since, through + ttl + connection, " + ".join(parts))


def propagation_seconds(world: World, lever: Record | Balancer) -> float:
    """How long one write of the lever takes to come through everywhere."""
    timings = world.estate.timings
    match lever.kind:
        case SwitchKind.AZURE_DNS | SwitchKind.PRIVATE_DNS:
            return timings.propagation_seconds
        case SwitchKind.TRAFFIC_MANAGER:
            return timings.traffic_manager_seconds
        case SwitchKind.APPLICATION_GATEWAY:
            return timings.gateway_seconds
        case _:
            return timings.front_door_seconds
