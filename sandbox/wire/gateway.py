"""The fleet's host names on loopback: an HTTP CONNECT proxy, and behind it gateways that speak TLS.

Decides which host names may be tunnelled to and holds an answer back for as long as the world says that it
takes. Refuses to decide which slot answers: that is `World.respond`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from typing import Any

from aiohttp import web

from sandbox.wire.errors import BadRequest
from sandbox.wire.routing import shaped
from sandbox.wire.tls import Authority
from sandbox.world.errors import ArmError, HostUnknown
from sandbox.world.model import World

_HEAD_BYTES_MAX = 16 * 1024
_CHUNK_BYTES = 64 * 1024


def gateway_context(world: World, authority: Authority) -> ssl.SSLContext:
    """TLS for every host name of the fleet and one level below each of its zones."""
    zones = [zone.rsplit("/", 1)[-1].lower() for zone in world.zones.zone_ids()]
    return authority.server_context(*sorted({*hosts(world), *zones, *(f"*.{zone}" for zone in zones)}))


def hosts(world: World) -> frozenset[str]:
    """The host names that the fleet declares, in lower case."""
    fleet = world.fleet
    records = (*fleet.live_records, *(slot.host for slot in fleet.slots))
    return frozenset(
        name.lower() for name in (fleet.hosts.official, fleet.hosts.cluster, *(each.fqdn for each in records))
    )


def gateway_application(world: World) -> web.Application:
    """Every gateway of the fleet; the Host header says which was meant."""

    async def handle(request: web.Request) -> web.Response:
        raw = await request.read()
        if world.hooks.is_at(request.host):
            return _hook(world, request, raw)
        try:
            answer = world.respond(request.host, request.path)
        except HostUnknown as error:
            return web.Response(status=502, text=str(error))
        # In real milliseconds, because the client measures with a real clock.
        await asyncio.sleep(answer.latency_ms / 1000)
        return web.Response(status=answer.status, text=answer.body)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    return app


def _hook(world: World, request: web.Request, raw: bytes) -> web.Response:
    """A hook of the fleet's people, at a host name of its own."""
    if request.method != "POST":
        return web.Response(status=405)
    try:
        return web.json_response(world.hooks.ask(shaped(json.loads(raw), dict[str, Any])))
    except (ValueError, ArmError, BadRequest) as error:
        return web.Response(status=400, text=str(error))


class ConnectProxy:
    """Tunnels `CONNECT host:443` to the gateways for hosts that resolve in the world; 502 for any other."""

    def __init__(self, world: World, gateway_port: int) -> None:
        self._world = world
        self._gateway_port = gateway_port
        self._server: asyncio.Server | None = None
        self._tunnels: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Listen on a free loopback port and return it."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=_HEAD_BYTES_MAX)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Close the listener and every tunnel."""
        if self._server is not None:
            self._server.close()
        for tunnel in self._tunnels:
            tunnel.cancel()
        await asyncio.gather(*self._tunnels, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tunnels.add(task)
        try:
            await self._serve(reader, writer)
        finally:
            self._tunnels.discard(task)
            await _close(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            return
        method, _, rest = head.decode("latin-1").partition(" ")
        host, _, port = rest.partition(" ")[0].rpartition(":")
        if method != "CONNECT" or port != "443":
            writer.write(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
        elif not self._resolves(host):
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        else:
            await self._tunnel(reader, writer)
            return
        await writer.drain()

    def _resolves(self, host: str) -> bool:
        official = self._world.fleet.hosts.official.lower()
        if self._world.hooks.is_at(host):
            return True
        return host.lower() == official or self._world.zones.by_host(host) is not None

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._gateway_port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        finally:
            await _close(far_writer)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the one side ends, then end the other."""
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
    with contextlib.suppress(ConnectionError, OSError):
        writer.write_eof()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError, OSError):
        await writer.wait_closed()
