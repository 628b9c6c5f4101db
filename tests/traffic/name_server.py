"""A name server for tests: what `WorldNames` says, in packets. It loses so many of the first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.rrset

from sandbox.traffic.names import WorldNames, is_address


class NameServer(asyncio.DatagramProtocol):
    """Answers for one name at a time: it follows no CNAME."""

    def __init__(self, names: WorldNames, loses: int) -> None:
        self._names = names
        self._loses = loses
        self._transport: asyncio.DatagramTransport | None = None
        self.asked: list[str] = []

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        """Remember where answers go."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer, or lose the question."""
        query = dns.message.from_wire(data)
        name = query.question[0].name
        self.asked.append(name.to_text(omit_final_dot=True))
        if len(self.asked) <= self._loses:
            return
        response = dns.message.make_response(query)
        said = self._names.say(self.asked[-1])
        if said is not None and said.targets:
            kind = "A" if is_address(said.targets[0]) else "CNAME"
            texts = [target if kind == "A" else f"{target}." for target in said.targets]
            response.answer.append(dns.rrset.from_text_list(name, int(said.ttl_seconds), "IN", kind, texts))
        assert self._transport is not None
        self._transport.sendto(response.to_wire(), addr)


@asynccontextmanager
async def name_server(names: WorldNames, loses: int = 0) -> AsyncIterator[tuple[NameServer, str]]:
    """A server, and where it listens."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        lambda: NameServer(names, loses), local_addr=("127.0.0.1", 0)
    )
    try:
        yield server, f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    finally:
        transport.close()
