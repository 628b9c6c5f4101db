"""Virtual users over websockets: they ping, and connect anew when they are told to go away.

Decides what counts as dropped: a connection that ends without a word. Refuses to know why it did.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter

from sandbox.traffic.caller import Failed, Line, call
from sandbox.traffic.messages import BadMessage, CutOff, read_response, request_bytes
from sandbox.traffic.names import Resolver
from sandbox.traffic.users import ANSWER_SECONDS_MAX, Street, locate
from sandbox.traffic.websocket import GOING_AWAY, NORMAL, Frame, Opcode, Socket, accept_of, handshake, new_key
from sandbox.wire.pace import pause
from shared.ports import Clock

PING_SECONDS = 10.0
AGAIN_SECONDS = 2.0
"""How long a client waits before it connects anew after a refusal, by the world's clock."""


class SocketUser:
    """One websocket after another on one host name.

    Attributes: `pings` that were answered; how often it was `told` to go away, `dropped` and `refused`, the
    last two with why; `slot` is where it is now.
    """

    def __init__(self, street: Street, host: str, clock: Clock) -> None:
        self._street = street
        self._host = host
        self._clock = clock
        self._resolver = Resolver(street.names, street.now)
        self.pings = 0
        self.told = 0
        self.dropped: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.slot = ""

    async def run(self) -> None:
        """Go on until it is cancelled."""
        while True:
            try:
                line, socket = await self._open()
            except Failed as failed:
                self.refused[str(failed)] += 1
                await pause(self._clock, AGAIN_SECONDS)
                continue
            try:
                await self._talk(socket)
                self.told += 1
            except (CutOff, BadMessage) as gone:
                self.dropped[str(gone)] += 1
            except TimeoutError:
                self.dropped["a ping was not answered"] += 1
            except asyncio.CancelledError:
                with contextlib.suppress(CutOff):
                    await socket.close(NORMAL)
                raise
            finally:
                line.close()

    async def _open(self) -> tuple[Line, Socket]:
        line = await call(await locate(self._street, self._resolver, self._host))
        try:
            key = new_key()
            line.stream.writer.write(request_bytes(handshake("/live", self._host, key)))
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                response = await read_response(line.stream.reader)
            if response.status != 101:
                raise Failed(f"{response.status} instead of a websocket")
            if response.headers.get("sec-websocket-accept") != accept_of(key):
                raise Failed("the handshake was not understood")
        except (CutOff, BadMessage, TimeoutError) as error:
            line.close()
            raise Failed(str(error) or "no handshake in time") from None
        except Failed:
            line.close()
            raise
        self.slot = response.headers.get("x-slot", "")
        return line, Socket(line.stream, client=True)

    async def _talk(self, socket: Socket) -> None:
        """Ping, and hear the pongs, until told to go away. Raises CutOff, BadMessage, TimeoutError."""
        pinging = asyncio.create_task(self._ping(socket))
        try:
            while True:
                async with asyncio.timeout(ANSWER_SECONDS_MAX + PING_SECONDS):
                    frame = await socket.receive()
                if frame.opcode is Opcode.CLOSE:
                    return await _let_go(socket, frame)
                self.pings += 1
        finally:
            pinging.cancel()
            await asyncio.gather(pinging, return_exceptions=True)

    async def _ping(self, socket: Socket) -> None:
        while True:
            await socket.send(Opcode.PING, b"still there?")
            await pause(self._clock, PING_SECONDS)


async def _let_go(socket: Socket, frame: Frame) -> None:
    """Answer a close; any but a server's going away is a drop. Raises CutOff."""
    await socket.close(NORMAL)
    if frame.status != GOING_AWAY:
        raise CutOff(f"closed with status {frame.status}")
