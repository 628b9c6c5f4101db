"""A server on a free loopback port that speaks HTTP/1.1, keeps connections alive, and ends with all of them.

Decides when a connection is closed: when the client wants it, when the answer says so, and after a bad
message. Refuses to know what is answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple

from sandbox.traffic.messages import (
    HEAD_BYTES_MAX,
    BadMessage,
    CutOff,
    Request,
    Response,
    Stream,
    closes,
    read_request,
    response_bytes,
)

LOOPBACK = "127.0.0.1"
BACKLOG = 512
Address = tuple[str, int]


class Connection(NamedTuple):
    """A client's connection and since when it is open, by the world's clock."""

    stream: Stream
    opened_at: datetime


Answering = Callable[[Request, Connection], Awaitable[Response | None]]
"""Answers one request; None: it has had the whole connection for itself, which is over now."""


class Listener:
    """One server. `now` is the world's clock."""

    def __init__(self, answer: Answering, now: Callable[[], datetime]) -> None:
        self._answer = answer
        self._now = now
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> Address:
        """Listen, and return where."""
        self._server = await asyncio.start_server(
            self._accept, LOOPBACK, 0, limit=HEAD_BYTES_MAX, backlog=BACKLOG
        )
        port: int = self._server.sockets[0].getsockname()[1]
        return LOOPBACK, port

    async def stop(self) -> None:
        """Close the port and cut every connection."""
        if self._server is None:
            return
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        # Some were accepted a moment ago, and nobody has begun to serve them.
        self._server.abort_clients()
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._serve(Connection(Stream(reader, writer), self._now()))
        except (OSError, CutOff):
            pass  # The client is gone, and nobody is left to be told.
        finally:
            self._connections.discard(task)
            if task.cancelling():
                writer.transport.abort()
            else:
                writer.close()

    async def _serve(self, connection: Connection) -> None:
        reader, writer = connection.stream
        while True:
            try:
                request = await read_request(reader)
            except BadMessage as bad:
                writer.write(response_bytes(Response(400, {"connection": "close"}, f"{bad}\n".encode())))
                return
            if request is None:
                return
            response = await self._answer(request, connection)
            if response is None:
                return
            writer.write(response_bytes(response))
            await writer.drain()
            if closes(request.headers) or closes(response.headers):
                return
