"""What users are told: a record's name, asked of the zone's own name servers and of a fleet's resolvers.

Decides whom to ask and what an answer is: whole, to this question, and from a name server with authority. One
that answers nothing of the kind is silent, and says nothing about the record; a name or type that is not
there is an answer, of no target. Refuses to judge whether the answers agree.

The questions leave by UDP, and by TCP where the answer is cut off. In a rehearsal all go to the one server
that stands in for every name server and resolver.

Sources: https://www.rfc-editor.org/rfc/rfc1034, https://www.rfc-editor.org/rfc/rfc7766,
https://learn.microsoft.com/rest/api/dns/zones/get
"""

from __future__ import annotations

import asyncio
import socket
from datetime import datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from msgspec import Struct

from shared.azure import arm
from shared.azure.connection import Connection
from shared.azure.errors import ours
from shared.errors import Refused, Retry, SwitchyardError
from shared.fleet import Fleet
from shared.levers import Record, RecordType, SwitchKind
from shared.probes import NamesSeen, NamesState

if TYPE_CHECKING:
    from dns.message import Message

ZONES_VERSION = "2018-05-01"
SERVERS_MAX = 16
"""Asked about one record; Azure gives a zone four name servers."""
_PORT = 53
_ATTEMPTS = 2


class _ZoneProperties(Struct, frozen=True, rename="camel"):
    name_servers: list[str]


class _Zone(Struct, frozen=True):
    properties: _ZoneProperties


class _Silent(Exception):
    """A server gave no answer to go by; `str(error)` says why."""


class Server(NamedTuple):
    """Whom to ask: a name server, which must have authority over the zone, or a resolver."""

    label: str
    host: str
    port: int
    authoritative: bool


class Names:
    """The DNS as users meet it.

    `answer_seconds_max` is for one server, all attempts together, and so for all of them.
    """

    def __init__(self, connection: Connection, *, answer_seconds_max: float = 4) -> None:
        self._connection = connection
        self._answer_seconds_max = answer_seconds_max
        self._name_servers: dict[str, tuple[str, ...]] = {}
        self._reading = asyncio.Lock()

    async def observe(self, fleet: Fleet, probe: NamesState, _now: datetime) -> NamesSeen:
        """Every server's answer, all asked at once. A zone's name servers are read once in a process.

        Raises Retry where nobody answered, Refused where there is nobody to ask.
        """
        record, unread = probe.record, None
        servers = [_resolver(text) for text in fleet.names.resolvers]
        if record.kind is SwitchKind.AZURE_DNS:
            try:
                servers = [*await self._own(record), *servers]
            except SwitchyardError as error:
                unread = error
        elif not servers:
            raise Refused(f"nobody answers for {record.fqdn}: its zone is private, and no resolver is given")
        heard = await asyncio.gather(*(self._heard(record, each) for each in servers[:SERVERS_MAX]))
        by_name = {server.label: said for server, said in zip(servers, heard, strict=False)}
        answers = {name: said for name, said in by_name.items() if not isinstance(said, str)}
        silent = {name: said for name, said in by_name.items() if isinstance(said, str)}
        silent |= {each.label: f"only {SERVERS_MAX} servers are asked" for each in servers[SERVERS_MAX:]}
        if unread is not None:
            silent[_zone_name(record)] = str(unread)
        if not answers:
            raise unread or Retry(f"nobody answers for {record.fqdn}: {_told(silent)}")
        return NamesSeen(answers, silent)

    async def _own(self, record: Record) -> list[Server]:
        """The name servers of a public zone, as ARM names them."""
        key, zone = record.zone_id.lower(), _zone_name(record)
        async with self._reading:
            if key not in self._name_servers:
                what = f"the zone {zone}"
                query = {"api-version": ZONES_VERSION}
                with ours(f"the name servers of {zone}", "Azure Resource Manager"):
                    found = await arm.get(self._connection, record.zone_id, _Zone, what, **query)
                names = [each.rstrip(".").lower() for each in found.properties.name_servers]
                if not all(names) or not names:
                    raise Retry(f"the answer on {what} names no name servers")
                self._name_servers[key] = tuple(names)
        return [Server(name, name, _PORT, authoritative=True) for name in self._name_servers[key]]

    async def _heard(self, record: Record, server: Server) -> tuple[str, ...] | str:
        """The sorted targets that a server answers with, or why it is silent."""
        try:
            async with asyncio.timeout(self._answer_seconds_max):
                return await self._asked(record, server)
        except TimeoutError:
            return "it gave no answer in time"
        except _Silent as error:
            return str(error)
        except OSError as error:
            return f"it could not be reached: {error.strerror or 'the connection ended'}"

    async def _asked(self, record: Record, server: Server) -> tuple[str, ...]:
        import dns.flags
        import dns.message
        import dns.name

        # An alias has a type of its own, and answers with the address behind it.
        name = dns.name.from_text(record.fqdn)
        recursion = 0 if server.authoritative else dns.flags.RD
        query = dns.message.make_query(name, record.type.value, flags=recursion)
        host, port = await self._way_to(server)
        answer = await self._exchanged(query, host, port)
        return _targets(record, answer, authoritative=server.authoritative)

    async def _way_to(self, server: Server) -> tuple[str, int]:
        if self._connection.dns_server is not None:
            return endpoint(self._connection.dns_server)
        if not server.authoritative:
            return server.host, server.port
        return await _address(server.host), server.port

    async def _exchanged(self, query: Message, host: str, port: int) -> Message:
        """The answer to the query. Packets from elsewhere, and to other questions, are passed over."""
        import dns.asyncquery
        from dns.exception import DNSException, Timeout

        seconds = self._answer_seconds_max / _ATTEMPTS
        for _ in range(_ATTEMPTS):
            try:
                answer, _ = await dns.asyncquery.udp_with_fallback(
                    query, host, seconds, port, ignore_unexpected=True, ignore_errors=True
                )
            except Timeout:
                continue
            except (DNSException, EOFError, ValueError) as error:
                raise _Silent("it answered with something that is no answer of the DNS") from error
            return answer
        raise _Silent("it gave no answer in time")


def endpoint(text: str) -> tuple[str, int]:
    """The address and port of a server: `10.0.0.4`, `10.0.0.4:53` or `[2001:db8::4]:53`. Raises Refused."""
    try:
        return str(ip_address(text)), _PORT
    except ValueError:
        pass
    try:
        parts = urlsplit(f"//{text}")
        return str(ip_address(parts.hostname or "")), parts.port or _PORT
    except ValueError:
        raise Refused(f"{text!r} is not the address of a resolver") from None


def _resolver(text: str) -> Server:
    return Server(text, *endpoint(text), authoritative=False)


async def _address(name: str) -> str:
    """An address of a name server by the system's resolver; of version 4 if there is one."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(name, _PORT, type=socket.SOCK_DGRAM)
    except OSError:
        raise _Silent("its address could not be found") from None
    ordered = sorted(found, key=lambda each: each[0] != socket.AF_INET)
    return str(ordered[0][4][0])


def _targets(record: Record, answer: Message, *, authoritative: bool) -> tuple[str, ...]:
    """The targets in an answer. Where a CNAME leads out of reach, the name that it leads to."""
    import dns.flags
    import dns.rcode
    from dns.rdatatype import RdataType

    code = answer.rcode()
    if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise _Silent(f"it answered {dns.rcode.to_text(code)}")
    if authoritative and not answer.flags & dns.flags.AA:
        raise _Silent(f"it has no authority over {_zone_name(record)}")
    found = [rdata for rrset in answer.answer for rdata in rrset]
    names = [str(each) for each in found if each.rdtype == RdataType.CNAME]
    if record.type is RecordType.CNAME:
        wanted = names[:1]
    else:
        wanted = [str(each) for each in found if each.rdtype == RdataType[record.type.value]] or names[-1:]
    return tuple(sorted(each.rstrip(".").lower() for each in wanted))


def _zone_name(record: Record) -> str:
    return record.zone_id.rsplit("/", 1)[-1]


def _told(silent: dict[str, str]) -> str:
    return "; ".join(f"{name}: {why}" for name, why in silent.items())
