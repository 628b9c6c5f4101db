"""Where a switch is tried: a world in which both clusters run, the product's door to it, and real users.

Decides which fleet stands for which switch and how fast time passes. Levers move through the Azure adapters,
on the stand-in's wire. Refuses to know what is tried.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from sandbox.traffic.front import Front
from sandbox.traffic.load import Load
from sandbox.wire.server import Wire
from sandbox.world import World
from shared.azure.world import AzureWorld
from shared.clock import RehearsalClock
from shared.fleet import Exposure, Fleet
from shared.levers import SwitchKind
from shared.ports import World as Port
from tests.azure.rig import connected
from tests.fleets import FLEET, GREEN
from tests.fleets_balanced import composite_fleet
from tests.traffic.rig import balanced

ORIGIN = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
COMPOSITE = "composite"
ABOVE = "above_a_record"
SWITCHES = (*(kind.value for kind in SwitchKind), COMPOSITE, ABOVE)


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """How much and how fast. `rate` is the world's seconds in a real one, `per_second` is real.

    `requests` are made at least, `requests_max` at most. A slot is watched for `watch_seconds` once it should
    be right, and the machine may be late by `hitch_seconds` with anything; both are real. With sessions
    `apart`, each slot keeps its users' sessions to itself.
    """

    rate: float
    users: int = 60
    sockets: int = 4
    per_second: float = 800
    requests: int = 20_000
    requests_max: int = 100_000
    watch_seconds: float = 0.8
    hitch_seconds: float = 0.25
    apart: bool = False


class Place(NamedTuple):
    """Everything that a trial acts on. `port` is the product's world, on the wire."""

    world: World
    clock: RehearsalClock
    port: Port
    front: Front
    load: Load
    scale: Scale


def fleet_of(switch: str) -> Fleet:
    """The fleet with that switch for its one lever."""
    if switch == COMPOSITE:
        return balanced(SwitchKind.FRONT_DOOR, beneath=True)
    if switch == ABOVE:
        return composite_fleet()
    kind = SwitchKind(switch)
    if kind is SwitchKind.AZURE_DNS:
        return FLEET
    return _private() if kind is SwitchKind.PRIVATE_DNS else balanced(kind)


@asynccontextmanager
async def place(switch: str, scale: Scale, directory: Path) -> AsyncIterator[Place]:
    """Start it all in this process, users last."""
    fleet = fleet_of(switch)
    clock = RehearsalClock(origin=ORIGIN, start=datetime.now(UTC), rate=scale.rate)
    world = World(fleet, clock)
    world.clusters.deploy(fleet.slot(GREEN).cluster_id, "1.32.6", ends_at=clock.now(), succeeds=True)
    async with (
        Wire(world, clock, directory=directory) as wire,
        Front(world, shared_sessions=not scale.apart) as front,
    ):
        connection = connected(wire)
        load = Load(
            front,
            users=scale.users,
            sockets=0 if switch == SwitchKind.FRONT_DOOR_CLASSIC else scale.sockets,
            per_second=scale.per_second,
            requests_max=scale.requests_max,
        )
        try:
            async with load:
                yield Place(world, clock, AzureWorld(connection), front, load, scale)
        finally:
            await connection.aclose()


def _private() -> Fleet:
    live = FLEET.live_records[0]
    zone = live.zone_id.replace("dnszones/contoso.com", "privateDnsZones/priv.contoso.com")
    moved = msgspec.structs.replace(live, kind=SwitchKind.PRIVATE_DNS, zone_id=zone)
    hosts = msgspec.structs.replace(FLEET.hosts, official=moved.fqdn, cluster=moved.fqdn)
    return msgspec.structs.replace(FLEET, exposure=Exposure.PRIVATE, live_records=(moved,), hosts=hosts)
