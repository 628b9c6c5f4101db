"""A client's side of a connection, and the connections that somebody keeps for the next request.

Decides that a connection is used again only while the other side wants it. Asks nothing twice: what fails is
a failure. Refuses to know names and slots.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from sandbox.traffic.listener import Address
from sandbox.traffic.messages import (
    HEAD_BYTES_MAX,
    BadMessage,
    CutOff,
    Request,
    Response,
    Stream,
    closes,
    read_response,
    request_bytes,
)

IDLE_MAX = 64


class Failed(Exception):
    """There was no answer; the text says why, in few words."""


class Line(NamedTuple):
    """An open connection to an address."""

    address: Address
    stream: Stream

    async def ask(self, request: Request) -> Response:
        """Send a request and read its answer. Raises Failed."""
        self.stream.writer.write(request_bytes(request))
        try:
            return await read_response(self.stream.reader)
        except (CutOff, BadMessage) as error:
            raise Failed(str(error)) from None

    def close(self) -> None:
        """Give it up."""
        self.stream.writer.close()


async def call(address: Address) -> Line:
    """Connect. Raises Failed."""
    try:
        reader, writer = await asyncio.open_connection(*address, limit=HEAD_BYTES_MAX)
    except OSError as error:
        raise Failed(f"no connection: {error.strerror or error}") from None
    return Line(address, Stream(reader, writer))


class Lines:
    """Connections that are kept for the next request to the same address."""

    def __init__(self) -> None:
        self._idle: dict[Address, list[Line]] = {}

    async def ask(self, address: Address, request: Request) -> Response:
        """Send a request over a kept connection, or over a new one. Raises Failed."""
        idle = self._idle.setdefault(address, [])
        line = idle.pop() if idle else await call(address)
        kept = False
        try:
            response = await line.ask(request)
            kept = not closes(response.headers) and len(idle) < IDLE_MAX
        finally:
            if kept:
                idle.append(line)
            else:
                line.close()
        return response

    def close(self) -> None:
        """Give all of them up."""
        for idle in self._idle.values():
            for line in idle:
                line.close()
        self._idle.clear()
