"""One name server for all names of a front, over UDP. It follows no name: whoever asks has to.

Decides nothing but packets. Refuses to know what names say (`names.WorldNames`).

Source: https://www.rfc-editor.org/rfc/rfc1035#section-4
"""

from __future__ import annotations

import asyncio

import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
from dns.message import Message

from sandbox.traffic.listener import LOOPBACK
from sandbox.traffic.names import WorldNames, is_address


class NameServer(asyncio.DatagramProtocol):
    """Says what `names` say at the moment of the question."""

    def __init__(self, names: WorldNames) -> None:
        self._names = names
        self._transport: asyncio.DatagramTransport | None = None

    async def start(self) -> str:
        """Listen on a free loopback port, and return `host:port`."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(LOOPBACK, 0))
        return f"{LOOPBACK}:{self._transport.get_extra_info('sockname')[1]}"

    async def stop(self) -> None:
        """Listen no more."""
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a question; nothing to what is none."""
        try:
            query = dns.message.from_wire(data)
        except dns.exception.DNSException:
            return
        if self._transport is not None and len(query.question) == 1:
            self._transport.sendto(self._answer(query).to_wire(), addr)

    def _answer(self, query: Message) -> Message:
        response = dns.message.make_response(query)
        name = query.question[0].name
        said = self._names.say(name.to_text(omit_final_dot=True))
        if said is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif said.targets:
            address = is_address(said.targets[0])
            kind = dns.rdatatype.A if address else dns.rdatatype.CNAME
            texts = said.targets if address else tuple(f"{target}." for target in said.targets)
            ttl = int(said.ttl_seconds)
            response.answer.append(dns.rrset.from_text_list(name, ttl, "IN", kind, texts))
        return response
