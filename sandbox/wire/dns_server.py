"""The name servers of the zones on loopback: one port, over UDP and TCP.

Decides what is a question at all, how much of an answer goes by UDP, and that the rest is asked for by TCP.
Answers nothing to what is no question, so that two servers cannot keep each other busy. Refuses to know what
the zones hold (`dns_answers`). It speaks for every zone and caches nothing: resolvers are asked here too.

Sources: https://www.rfc-editor.org/rfc/rfc1035#section-4.2, https://www.rfc-editor.org/rfc/rfc6891
"""

from __future__ import annotations

import asyncio

import dns.exception
import dns.flags
import dns.message
import dns.rcode
from dns.message import Message

from sandbox.wire.dns_answers import Answers, Names
from sandbox.world.model import World

LOOPBACK = "127.0.0.1"
UDP_BYTES_MAX = 1232
"""What Azure and most others send in one packet to who says that it takes as much."""
_UDP_BYTES_PLAIN = 512
_IDLE_SECONDS = 5.0
_PORTS_TRIED_MAX = 20
_HEADER_BYTES = 12
_IS_ANSWER = 0x80


class DnsServer:
    """Name servers of every zone of a world. `ttl_scale` and `names` are those of `dns_answers.Answers`."""

    def __init__(self, world: World, *, ttl_scale: float = 1.0, names: Names | None = None) -> None:
        self._answers = Answers(world, ttl_scale=ttl_scale, names=names)
        self._streams: asyncio.Server | None = None
        self._packets: asyncio.DatagramTransport | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        """Listen on a loopback port that is free for both; returns `host:port`."""
        for _ in range(_PORTS_TRIED_MAX):
            self._streams = await asyncio.start_server(self._talk, LOOPBACK, 0)
            port: int = self._streams.sockets[0].getsockname()[1]
            if await self._takes_packets(port):
                return f"{LOOPBACK}:{port}"
            self._streams.close()
        raise OSError("no port is free for UDP and TCP alike")

    async def stop(self) -> None:
        """Close both listeners and every conversation."""
        if self._packets is not None:
            self._packets.close()
        if self._streams is not None:
            self._streams.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def reply(self, packet: bytes, *, over_udp: bool) -> bytes | None:
        """The answer to a packet, None to what deserves none."""
        if len(packet) < _HEADER_BYTES or packet[2] & _IS_ANSWER:
            return None
        try:
            query = dns.message.from_wire(packet)
        except (dns.exception.DNSException, ValueError):
            return _malformed(packet)
        answer = self._answers.answer(query)
        return _fitting(answer, _bytes_max(query)) if over_udp else answer.to_wire()

    async def _takes_packets(self, port: int) -> bool:
        loop, here = asyncio.get_running_loop(), (LOOPBACK, port)
        try:
            self._packets, _ = await loop.create_datagram_endpoint(lambda: _Packets(self), local_addr=here)
        except OSError:
            return False
        return True

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Questions over one connection, each with its length before it, until one is none."""
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.add(talk)
        try:
            while (answer := await self._next(reader)) is not None:
                writer.write(len(answer).to_bytes(2) + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            pass
        finally:
            self._talks.discard(talk)
            writer.close()

    async def _next(self, reader: asyncio.StreamReader) -> bytes | None:
        async with asyncio.timeout(_IDLE_SECONDS):
            length = int.from_bytes(await reader.readexactly(2))
            return self.reply(await reader.readexactly(length), over_udp=False)


class _Packets(asyncio.DatagramProtocol):
    """Questions over UDP."""

    def __init__(self, server: DnsServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        """Remember where answers go."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one packet."""
        answer = self._server.reply(data, over_udp=True)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)


def _malformed(packet: bytes) -> bytes:
    """FORMERR to a packet of which no more than the header can be read."""
    answer = dns.message.Message(id=int.from_bytes(packet[:2]))
    answer.flags |= dns.flags.QR
    answer.set_rcode(dns.rcode.FORMERR)
    return answer.to_wire()


def _bytes_max(query: Message) -> int:
    """How much its sender takes over UDP."""
    return max(_UDP_BYTES_PLAIN, min(query.payload, UDP_BYTES_MAX)) if query.edns >= 0 else _UDP_BYTES_PLAIN


def _fitting(answer: Message, bytes_max: int) -> bytes:
    """The answer in so many bytes; empty, and marked as cut off, where it needs more."""
    try:
        return answer.to_wire(max_size=bytes_max)
    except dns.exception.TooBig:
        answer.answer, answer.authority, answer.additional = [], [], []
        answer.flags |= dns.flags.TC
        return answer.to_wire(max_size=bytes_max)
