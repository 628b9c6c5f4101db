"""The address in front of the host processes, as Functions has one in front of its workers.

Decides which worker takes a connection: the next one that listens. A worker that dies takes its connections
with it, and while none listens a connection is closed without an answer. Refuses to know HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self

LOOPBACK = "127.0.0.1"
CHUNK_BYTES = 65_536


class Front:
    """A relay to the `ports` that are in it at the moment; an async context manager with a `url`."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self.url = ""
        self._server: asyncio.Server | None = None
        self._turn = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._relay, LOOPBACK, 0)
        port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"http://{LOOPBACK}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
            self._server.abort_clients()
            await self._server.wait_closed()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            found = await self._worker()
            if found is None:
                return
            worker_reader, worker_writer = found
            with contextlib.closing(worker_writer):
                ways = (_pass_on(reader, worker_writer), _pass_on(worker_reader, writer))
                _, rest = await asyncio.wait(
                    [asyncio.create_task(way) for way in ways], return_when=asyncio.FIRST_COMPLETED
                )
                for way in rest:
                    way.cancel()
                await asyncio.gather(*rest, return_exceptions=True)

    async def _worker(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        ports = list(self.ports)
        self._turn += 1
        for index in range(len(ports)):
            with contextlib.suppress(OSError):
                return await asyncio.open_connection(LOOPBACK, ports[(self._turn + index) % len(ports)])
        return None


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
