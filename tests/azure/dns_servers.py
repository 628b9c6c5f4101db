"""DNS servers on loopback that do as a test tells them, over UDP and TCP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import dns.flags
import dns.message
import dns.rrset
from dns.message import Message

type Reply = Callable[[Message, bool], list[bytes]]
"""The packets that answer a query; the second argument is whether it came over TCP."""


class FakeServer:
    """Answers as `reply` says, and keeps what it was asked: how, and by which flags."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.asked: list[tuple[str, Message]] = []
        self.endpoint = ""

    def heard(self, packet: bytes, *, over_tcp: bool) -> list[bytes]:
        """What goes back for one packet."""
        query = dns.message.from_wire(packet)
        self.asked.append(("tcp" if over_tcp else "udp", query))
        return self._reply(query, over_tcp)

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One question over TCP."""
        length = int.from_bytes(await reader.readexactly(2))
        for packet in self.heard(await reader.readexactly(length), over_tcp=True):
            writer.write(len(packet).to_bytes(2) + packet)
        writer.close()


class _Packets(asyncio.DatagramProtocol):
    def __init__(self, server: FakeServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for packet in self._server.heard(data, over_tcp=False):
            self._transport.sendto(packet, addr)


@asynccontextmanager
async def serving(*replies: Reply) -> AsyncIterator[list[FakeServer]]:
    """A server for each reply, on a port of its own."""
    async with AsyncExitStack() as stack:
        yield [await _started(stack, reply) for reply in replies]


async def _started(stack: AsyncExitStack, reply: Reply) -> FakeServer:
    fake = FakeServer(reply)
    loop = asyncio.get_running_loop()
    streams = await stack.enter_async_context(await asyncio.start_server(fake.converse, "127.0.0.1", 0))
    port = streams.sockets[0].getsockname()[1]
    packets, _ = await loop.create_datagram_endpoint(lambda: _Packets(fake), local_addr=("127.0.0.1", port))
    stack.callback(packets.close)
    fake.endpoint = f"127.0.0.1:{port}"
    return fake


def saying(*records: str, flags: int = dns.flags.AA, rcode: int = 0) -> Reply:
    """Always the same records, each `name ttl type value`."""

    def reply(query: Message, _over_tcp: bool) -> list[bytes]:
        return [answering(query, *records, flags=flags, rcode=rcode).to_wire()]

    return reply


def answering(query: Message, *records: str, flags: int = dns.flags.AA, rcode: int = 0) -> Message:
    """The answer to a query, with these records."""
    response = dns.message.make_response(query)
    response.flags |= flags
    response.set_rcode(dns.rcode.Rcode(rcode))
    for each in records:
        name, ttl, kind, value = each.split()
        response.answer.append(dns.rrset.from_text(name, int(ttl), "IN", kind, value))
    return response


def silence(_query: Message, _over_tcp: bool) -> list[bytes]:
    """No answer at all."""
    return []
