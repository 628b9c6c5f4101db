"""A front on loopback whose time a test turns by hand, and clients that a test moves step by step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sandbox.traffic.caller import Line, call
from sandbox.traffic.front import Front
from sandbox.traffic.listener import Address
from sandbox.traffic.messages import Request, Response, read_response, request_bytes
from sandbox.traffic.websocket import Frame, Socket, handshake, new_key
from sandbox.world import Faults
from sandbox.world.balancers import MemberState
from shared.fleet import Fleet
from shared.levers import Balancer, SlotName, SwitchKind
from tests.fleets import FLEET, GREEN
from tests.fleets_balanced import application_gateway_fleet, balanced_fleet, traffic_manager_fleet
from tests.world.manual_clock import Estate

PATIENCE_SECONDS = 5.0


def balanced(kind: SwitchKind, *, beneath: bool = False, **changes: Any) -> Fleet:
    """The fleet with one balancer for its only lever, `beneath` with a record behind each member."""
    if kind is SwitchKind.TRAFFIC_MANAGER:
        return traffic_manager_fleet()
    if kind is SwitchKind.APPLICATION_GATEWAY:
        return application_gateway_fleet()
    return balanced_fleet(kind, beneath=beneath, **changes)


class Rig:
    """A started front over an estate whose two clusters run."""

    def __init__(self, estate: Estate, front: Front) -> None:
        self.estate = estate
        self.world = estate.world
        self.clock = estate.clock
        self.front = front
        self._lines: list[Line] = []

    def gateway(self, slot: SlotName) -> Address:
        """Where the slot's gateway listens."""
        return self.front.places[self.world.estate.address_of(slot)]

    @property
    def proxy(self) -> Address:
        """Where the first proxy listens."""
        return self.front.places["198.51.100.1"]

    async def line(self, place: Address) -> Line:
        """A connection that is hung up when the rig ends."""
        line = await call(place)
        self._lines.append(line)
        return line

    async def ask(self, place: Address, target: str = "/", **headers: str) -> Response:
        """One request over a connection of its own."""
        line = await self.line(place)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await line.ask(Request("GET", target, {"host": "aks.contoso.com", **named}))

    async def socket(self, place: Address) -> tuple[Response, Socket]:
        """The answer to a handshake, and the websocket behind it."""
        line = await self.line(place)
        line.stream.writer.write(request_bytes(handshake("/live", "aks.contoso.com", new_key())))
        response = await read_response(line.stream.reader)
        return response, Socket(line.stream, client=True)

    def weigh(self, lever: Balancer, percent: dict[SlotName, int]) -> None:
        """Write the balancer's weights without conditions; a slot that is not named is taken out."""
        members = {
            member.name: MemberState(max(1, 10 * percent.get(member.slot, 0)), member.slot in percent)
            for member in lever.members
        }
        self.world.balancers.write(lever, members)

    def close(self) -> None:
        """Hang up."""
        for line in self._lines:
            line.close()


async def heard(socket: Socket) -> Frame:
    """What comes next on a websocket."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await socket.receive()


async def rest(line: Line) -> bytes:
    """What still comes on a connection before the other side closes it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await line.stream.reader.read()


async def seen(so: Callable[[], bool]) -> None:
    """Return once it is so, which is soon."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not so():  # noqa: ASYNC110 - servers on the same loop have no bell to ring
            await asyncio.sleep(0)


@asynccontextmanager
async def rig(fleet: Fleet = FLEET, faults: Faults | None = None, **options: Any) -> AsyncIterator[Rig]:
    """Start the front of a world in which the candidate's cluster runs as well."""
    estate = Estate(fleet, faults)
    green = fleet.slot(GREEN).cluster_id
    estate.world.clusters.deploy(green, "1.32.6", ends_at=estate.clock.now(), succeeds=True)
    async with Front(estate.world, **options) as front:
        started = Rig(estate, front)
        try:
            yield started
        finally:
            started.close()
