"""Names over UDP, as a stub resolver asks for them: on along every CNAME, and again where nothing comes back.

Decides how often it asks and what an answer's TTL is. Refuses to keep anything: that is `names.Resolver`'s.
A TTL on the wire is in the world's seconds, because a real one would be too short for a whole number.

Source: https://www.rfc-editor.org/rfc/rfc1035#section-7
"""

from __future__ import annotations

import dns.asyncquery
import dns.exception
import dns.message
import dns.name
import dns.rdatatype
from dns.name import Name
from dns.rrset import RRset

from sandbox.traffic.names import NO_NAME_SECONDS, Held

HOPS_MAX = 8
TRIES_MAX = 3
TRY_SECONDS = 1.0
"""How long an answer is waited for, in real seconds."""


class UdpNames:
    """Asks one name server, `host:port`."""

    def __init__(self, server: str, *, try_seconds: float = TRY_SECONDS) -> None:
        self._host, _, port = server.rpartition(":")
        self._port = int(port)
        self._try_seconds = try_seconds

    async def lookup(self, name: str) -> Held:
        """Follow the name to its addresses; none where it leads nowhere or nobody answers."""
        at, ttl_seconds = dns.name.from_text(name), float("inf")
        known: dict[Name, RRset] = {}
        for _ in range(HOPS_MAX):
            if at not in known:
                known |= await self._ask(at)
            found = known.get(at)
            if found is None:
                break
            ttl_seconds = min(ttl_seconds, found.ttl)
            if found.rdtype == dns.rdatatype.A:
                return Held(tuple(sorted(each.to_text() for each in found)), ttl_seconds)
            at = found[0].target
        return Held((), NO_NAME_SECONDS)

    async def _ask(self, name: Name) -> dict[Name, RRset]:
        """What the server answers, by name: addresses, or what the name is another name for."""
        for _ in range(TRIES_MAX):
            query = dns.message.make_query(name, dns.rdatatype.A)
            try:
                answer = await dns.asyncquery.udp(
                    query, self._host, port=self._port, timeout=self._try_seconds, ignore_unexpected=True
                )
            except (dns.exception.DNSException, OSError):
                continue
            kinds = (dns.rdatatype.A, dns.rdatatype.CNAME)
            return {each.name: each for each in answer.answer if each.rdtype in kinds}
        return {}
