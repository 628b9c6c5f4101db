"""What Front Door and Application Gateway have in common: take a request, pick a slot, pass it on.

Decides what is passed on and how an origin that cannot be reached is told. Refuses to know which slot is
picked and when a connection has to end, which is what tells the two apart.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping

from sandbox.traffic.caller import Failed, Lines, call
from sandbox.traffic.listener import Address, Connection, Listener
from sandbox.traffic.messages import (
    BadMessage,
    CutOff,
    Request,
    Response,
    Stream,
    read_response,
    request_bytes,
    response_bytes,
)
from sandbox.traffic.names import Names, Resolver
from sandbox.world.model import World
from shared.levers import Balancer, SlotName

CHUNK_BYTES = 16 * 1024
_HOP = frozenset({"connection", "keep-alive", "content-length"})


class Origins:
    """Where the members of a balancer are, by their host names, with a cache of the balancer's own."""

    def __init__(self, world: World, balancer: Balancer, names: Names, places: Mapping[str, Address]) -> None:
        self._world = world
        self._balancer = balancer
        self._resolver = Resolver(names, world.now)
        self._places = places

    async def find(self, slot: SlotName) -> Address:
        """Where the slot's member listens. Raises Failed."""
        host = host_of(self._world, self._balancer, slot)
        address = await self._resolver.address(host)
        place = self._places.get(address)
        if place is None:
            raise Failed(f"{host} leads to {address or 'nothing'}, where nobody listens")
        return place


def host_of(world: World, balancer: Balancer, slot: SlotName) -> str:
    """The host name behind the slot's member."""
    return world.record_behind(balancer.member(slot)).fqdn


class Proxy:
    """A balancer that requests go through. It keeps its connections to clients and to origins."""

    server = "proxy"

    def __init__(self, world: World, balancer: Balancer, origins: Origins) -> None:
        self._world = world
        self._balancer = balancer
        self._origins = origins
        self._lines = Lines()
        self._listener = Listener(self._answer, world.now)
        self._asked = 0

    async def start(self) -> Address:
        """Listen, and return where."""
        return await self._listener.start()

    async def stop(self) -> None:
        """Cut everything."""
        await self._listener.stop()
        self._lines.close()

    def pick(self, request: Request) -> SlotName:
        """The slot that this request goes to. Raises Failed."""
        return self.drawn()

    def drawn(self) -> SlotName:
        """A slot by the weights in force and the dice. Raises Failed where no member takes anything."""
        self._asked += 1
        return draw(self._world, self._balancer, self._asked)

    @contextlib.contextmanager
    def holding(self, slot: SlotName) -> Iterator[None]:
        """A request or a websocket is with this slot."""
        yield

    async def _answer(self, request: Request, connection: Connection) -> Response | None:
        try:
            slot = self.pick(request)
            with self.holding(slot):
                place = await self._origins.find(slot)
                if request.upgrades:
                    return await self._tunnel(request, connection.stream, place)
                response = await self._lines.ask(place, request._replace(headers=_passed(request.headers)))
        except Failed as error:
            return Response(502, {"server": self.server}, f"{error}\n".encode())
        return response._replace(headers=_passed(response.headers))

    async def _tunnel(self, request: Request, client: Stream, place: Address) -> Response | None:
        line = await call(place)
        try:
            line.stream.writer.write(request_bytes(request))
            response = await read_response(line.stream.reader)
            if response.status != 101:
                return response
            client.writer.write(response_bytes(response))
            await _relay(client, line.stream)
        except (CutOff, BadMessage) as error:
            raise Failed(str(error)) from None
        finally:
            line.close()
        return None


def draw(world: World, balancer: Balancer, number: int) -> SlotName:
    """The slot of the balancer's draw of that number. Raises Failed where no member takes anything."""
    drawn = world.estate.chance("draw", balancer.label, number)
    for slot, share in sorted(world.balancers.in_force(balancer, world.now()).items()):
        drawn -= share
        if drawn < 0:
            return slot
    raise Failed(f"{balancer.label} has no member that is enabled")


def _passed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in _HOP}


async def _relay(one: Stream, other: Stream) -> None:
    """Copy both ways until either side ends."""
    pumps = [
        asyncio.create_task(_pump(one.reader, other.writer)),
        asyncio.create_task(_pump(other.reader, one.writer)),
    ]
    try:
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
