"""Real users beside the demo's rollout: a few dozen, who look names up and connect to real gateways.

Decides how many there are, what is said of them in the end, and how long all of them may take to follow the
last write. Refuses to steer the rollout: they are some 5 % of the requests that its gates see.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import pairwise

from msgspec import Struct

from sandbox.traffic.front import Front
from sandbox.traffic.load import Load
from sandbox.traffic.tally import failures, lost_sessions, right_after_seconds
from sandbox.world.model import World
from shared.levers import SlotName

USERS = 24
SOCKETS = 2
PER_SECOND = 120.0
"""Requests in a real second."""

REQUESTS_MAX = 20_000
KEEPALIVE_SECONDS = 30.0
"""Short enough for kept connections to be gone in the first minute whose share is measured."""


class Real(Struct, frozen=True, kw_only=True):
    """What real users met.

    `right_after_seconds` of the world after the last write that moved the live record, 99.9 % of the requests
    met its slot; None: that was never so. `moved` is whether there was such a write.
    """

    requests: int
    failed: Counter[str]
    lost: int
    dropped: Counter[str]
    moved: bool
    right_after_seconds: float | None = None


def front(world: World) -> Front:
    """The gateways of the demo."""
    return Front(world, keepalive_seconds=KEEPALIVE_SECONDS)


def users(found: Front) -> Load:
    """The users of the demo."""
    return Load(found, users=USERS, sockets=SOCKETS, per_second=PER_SECOND, requests_max=REQUESTS_MAX)


def real(world: World, load: Load) -> Real:
    """What the users met so far."""
    visits = list(load.visits)
    move = _last_move(world)
    right = right_after_seconds(visits, move[1], move[0], world.now()) if move is not None else None
    return Real(
        requests=len(visits),
        failed=failures(visits),
        lost=lost_sessions(visits),
        dropped=sum((each.dropped + each.refused for each in load.sockets), Counter()),
        moved=move is not None,
        right_after_seconds=right,
    )


def seconds_max(world: World, rate: float) -> float:
    """How long users may take to follow the last write: every resolver, a connection, and a real second."""
    resolvers = world.traffic.cutover_seconds(world.fleet.levers[0]) or 0.0
    return resolvers + KEEPALIVE_SECONDS + rate


def _last_move(world: World) -> tuple[datetime, SlotName] | None:
    """When the live record was last pointed elsewhere, and at which slot."""
    found: tuple[datetime, SlotName] | None = None
    for record in world.fleet.live_records:
        for before, after in pairwise(world.zones.history(record)):
            if before.now is None or after.now is None or before.now.targets == after.now.targets:
                continue
            slot = world.estate.slot_at(after.now.targets[0])
            if slot is not None and (found is None or after.at > found[0]):
                found = after.at, slot
    return found
