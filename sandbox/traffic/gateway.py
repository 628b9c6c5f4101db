"""A slot's gateway as a real server: HTTP/1.1 with connections that are kept, sessions, and websockets.

Decides how it answers while its cluster runs, while it is ill, and when it has to let its clients go. Refuses
to know how they found it.

A connection ends as in nginx: the answer that follows `keepalive_seconds` says `Connection: close`, and so
does every answer of a gateway that drains, which also tells its websockets to go away. It drains when it is
told to, and by itself once its cluster does not run any more.

Source: https://nginx.org/en/docs/http/ngx_http_core_module.html#keepalive_time
"""

from __future__ import annotations

import asyncio
import contextlib

from sandbox.traffic.listener import Address, Connection, Listener
from sandbox.traffic.messages import BadMessage, CutOff, Request, Response, Stream, response_bytes
from sandbox.traffic.sessions import COOKIE, Kept, Sessions, session_in
from sandbox.traffic.websocket import GOING_AWAY, NORMAL, Opcode, Socket, accepted
from sandbox.wire.pace import pause
from sandbox.world.model import World
from shared.fleet import Slot

KEEPALIVE_SECONDS = 60.0
"""How long a connection may be kept, by the world's clock. A fleet's own gateways need such a limit too."""

SLOW = "/slow/"
"""A path whose answer takes as many of the world's seconds as its last part says."""

SLOW_SECONDS_MAX = 600.0
LOOK_SECONDS = 0.02


class Gateway:
    """One slot's gateway; an async context manager's worth of sockets, started and stopped by its owner."""

    def __init__(
        self, world: World, slot: Slot, sessions: Sessions, *, keepalive_seconds: float = KEEPALIVE_SECONDS
    ) -> None:
        self._world = world
        self._slot = slot
        self._sessions = sessions
        self._keepalive_seconds = keepalive_seconds
        self._listener = Listener(self._answer, world.now)
        self._sockets: set[Socket] = set()
        self._asked = 0
        self._told_to_drain = False
        self._watch: asyncio.Task[None] | None = None

    @property
    def draining(self) -> bool:
        """Whether its clients are to go elsewhere."""
        return self._told_to_drain or not self._runs()

    @property
    def sockets(self) -> int:
        """How many websockets are open and were not told to go."""
        return len(self._sockets)

    async def start(self) -> Address:
        """Listen, and return where."""
        address = await self._listener.start()
        self._watch = asyncio.create_task(self._let_go())
        return address

    async def stop(self) -> None:
        """Cut everything."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        await self._listener.stop()

    def drain(self) -> None:
        """Let every client go, as soon as it has its answer."""
        self._told_to_drain = True

    async def _answer(self, request: Request, connection: Connection) -> Response | None:
        if request.upgrades and not self.draining:
            return await self._talk(request, connection.stream)
        if request.upgrades:
            return Response(503, {"x-slot": self._slot.name, "connection": "close"}, b"draining\n")
        if request.target.startswith(SLOW):
            await pause(self._world.estate.clock, _seconds(request.target))
        response = self._respond(request)
        self._world.traffic.count(self._slot.name, failed=response.status >= 500)
        open_seconds = (self._world.now() - connection.opened_at).total_seconds()
        last = self.draining or open_seconds >= self._keepalive_seconds
        kept = {"connection": "close"} if last else {}
        headers = {"x-slot": self._slot.name, **response.headers, **kept}
        return response._replace(headers=headers)

    def _respond(self, request: Request) -> Response:
        if not self._runs():
            return Response(502, {}, b"no cluster\n")
        self._asked += 1
        drawn = self._world.estate.chance("gateway", self._slot.name, self._asked)
        if drawn < self._world.traffic.sickness(self._slot, self._world.now()):
            return Response(503, {}, b"upstream is not ready\n")
        session, number, kept = self._sessions.visit(session_in(request.headers.get("cookie", "")))
        headers = {"x-session": kept, "x-session-requests": str(number)}
        if kept is not Kept.KEPT:
            headers["set-cookie"] = f"{COOKIE}={session}; Path=/; HttpOnly; SameSite=Lax"
        return Response(200, headers, f"{self._slot.name} serves {request.target}\n".encode())

    async def _talk(self, request: Request, stream: Stream) -> Response | None:
        """Be the other end of a websocket until either side ends it."""
        response = accepted(request)
        if response.status != 101:
            return response
        named = response._replace(headers={"x-slot": self._slot.name, **response.headers})
        stream.writer.write(response_bytes(named))
        socket = Socket(stream, client=False)
        self._sockets.add(socket)
        try:
            with contextlib.suppress(CutOff, BadMessage):
                await self._echo(socket)
        finally:
            self._sockets.discard(socket)
        return None

    async def _echo(self, socket: Socket) -> None:
        while True:
            opcode, payload = await socket.receive()
            if opcode is Opcode.CLOSE:
                await socket.close(NORMAL)
                return
            if opcode is Opcode.PING:
                await socket.send(Opcode.PONG, payload)
            elif opcode is Opcode.TEXT:
                await socket.send(Opcode.TEXT, f"{self._slot.name} heard {payload.decode()}".encode())

    async def _let_go(self) -> None:
        """Tell websockets to go away once it drains; each is told once."""
        while True:
            if self._sockets and self.draining:
                told, self._sockets = self._sockets, set()
                for socket in told:
                    with contextlib.suppress(CutOff):
                        await socket.close(GOING_AWAY)
            await asyncio.sleep(LOOK_SECONDS)

    def _runs(self) -> bool:
        return self._world.clusters.runs(self._slot.cluster_id, self._world.now())


def _seconds(target: str) -> float:
    text = target.removeprefix(SLOW)
    return min(float(text), SLOW_SECONDS_MAX) if text.replace(".", "", 1).isdecimal() else 0.0
