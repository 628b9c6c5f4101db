"""What the zones answer to a question of the DNS, as their name servers would.

Decides which records a name has, how far an alias and a CNAME lead, TTLs, and how it is said that there is
nothing. What is answered is what had been written a propagation ago: until then a name server does not know.
Refuses to know packets and sockets (`dns_server`).

Sources: https://www.rfc-editor.org/rfc/rfc1034#section-4.3.2, https://www.rfc-editor.org/rfc/rfc2308
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_address

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.message import Message
from dns.name import Name
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.TXT import TXT
from dns.rrset import RRset
from msgspec import Struct

from sandbox.world.estate import name_of
from sandbox.world.model import World
from sandbox.world.registry import TTL_SECONDS as TEXT_TTL_SECONDS
from sandbox.world.registry import text_sets
from sandbox.world.zones import NAME_SERVERS, RecordSet
from shared.levers import RecordType


class Named(Struct, frozen=True):
    """What a name outside the zones leads to: addresses, or one host name; nothing where nobody is there."""

    targets: tuple[str, ...]
    ttl_seconds: float = 0


Names = Callable[[str], Named | None]
"""What is known of a name (lower case, no final dot) that lies in no zone; None: not known."""

HOPS_MAX = 8
NS_TTL_SECONDS = 172_800
SOA_TTL_SECONDS = 3600
NEGATIVE_TTL_SECONDS = 300
_HOSTMASTER = "azuredns-hostmaster.microsoft.com."
_TXT_BYTES_MAX = 255


class Records(Struct, frozen=True):
    """Records of one type at a name. `texts` are in the form of a zone file, of TXT the text itself."""

    type: RdataType
    ttl_seconds: float
    texts: tuple[str, ...]


class Answers:
    """Every zone of a world. `names` is asked before the zones; TTLs are multiplied by `ttl_scale`."""

    def __init__(self, world: World, *, ttl_scale: float = 1.0, names: Names | None = None) -> None:
        self._world = world
        self._ttl_scale = ttl_scale
        self._names = names
        self._zones = sorted(world.zones.zone_ids(), key=lambda each: -len(name_of(each)))

    def answer(self, query: Message) -> Message:
        """The whole answer, however long it is."""
        response = dns.message.make_response(query)
        if query.opcode() != dns.opcode.QUERY:
            response.set_rcode(dns.rcode.NOTIMP)
        elif len(query.question) != 1:
            response.set_rcode(dns.rcode.FORMERR)
        elif query.question[0].rdclass != dns.rdataclass.IN:
            response.set_rcode(dns.rcode.REFUSED)
        else:
            self._fill(response, query.question[0].name, query.question[0].rdtype)
        return response

    def _fill(self, response: Message, name: Name, wanted: RdataType) -> None:
        """Follow the name until it has what is wanted, has nothing, or leads out of the zones."""
        for _ in range(HOPS_MAX):
            host = name.to_text(omit_final_dot=True).lower()
            zone_id = self._zone_of(host)
            found = self._at(host, zone_id)
            if zone_id is None and not found:
                break
            response.flags |= dns.flags.AA
            held = [each for each in found if each.texts and _is_wanted(each, wanted)]
            response.answer += [self._rrset(name, each) for each in held]
            follows = next((each for each in found if each.type == dns.rdatatype.CNAME), None)
            if follows is None or _is_wanted(follows, wanted, itself=True):
                if not held and zone_id is not None:
                    self._say_there_is_nothing(response, zone_id, bool(found) or self._exists(host, zone_id))
                return
            name = dns.name.from_text(follows.texts[0])
        if not response.answer:
            response.set_rcode(dns.rcode.REFUSED)

    def _say_there_is_nothing(self, response: Message, zone_id: str, exists: bool) -> None:
        apex = dns.name.from_text(name_of(zone_id))
        response.authority.append(self._rrset(apex, _soa(NEGATIVE_TTL_SECONDS)))
        if not exists:
            response.set_rcode(dns.rcode.NXDOMAIN)

    def _at(self, host: str, zone_id: str | None) -> list[Records]:
        """What a name holds; an alias holds the address behind it."""
        known = self._names(host) if self._names is not None else None
        if known is not None:
            return _named(known)
        if zone_id is None:
            return []
        served = self._world.zones.served(host, self._served_at())
        found = [self._records(record_set) for record_set in served]
        found += [
            Records(dns.rdatatype.TXT, TEXT_TTL_SECONDS, (each.text,))
            for each in text_sets(self._world.estate)
            if each.fqdn.lower() == host
        ]
        return found + (self._apex() if host == name_of(zone_id).lower() else [])

    def _records(self, record_set: RecordSet) -> Records:
        kind = dns.rdatatype.from_text(record_set.type.value)
        targets = [self._world.estate.resolved(target) for target in record_set.targets]
        if record_set.type is RecordType.CNAME:
            return Records(kind, record_set.ttl_seconds, tuple(map(_absolute, targets)))
        held = [each for each in targets if _version(each) == (4 if record_set.type is RecordType.A else 6)]
        return Records(kind, record_set.ttl_seconds, tuple(held))

    def _apex(self) -> list[Records]:
        servers = tuple(map(_absolute, NAME_SERVERS))
        return [_soa(SOA_TTL_SECONDS), Records(dns.rdatatype.NS, NS_TTL_SECONDS, servers)]

    def _rrset(self, name: Name, records: Records) -> RRset:
        ttl = round(records.ttl_seconds * self._ttl_scale)
        if records.type == dns.rdatatype.TXT:
            return dns.rrset.from_rdata_list(name, ttl, [_txt(each) for each in records.texts])
        return dns.rrset.from_text_list(name, ttl, "IN", records.type, records.texts)

    def _zone_of(self, host: str) -> str | None:
        return next((each for each in self._zones if f".{host}".endswith(f".{name_of(each).lower()}")), None)

    def _exists(self, host: str, zone_id: str) -> bool:
        """Whether a name without records exists for the sake of one below it."""
        at, zones = self._served_at(), self._world.zones
        names = (each.fqdn.lower() for each in zones.list(zone_id))
        return any(each.endswith(f".{host}") and zones.served(each, at) for each in names)

    def _served_at(self) -> datetime:
        estate = self._world.estate
        return estate.now() - timedelta(seconds=estate.timings.propagation_seconds)


def _soa(ttl_seconds: int) -> Records:
    text = f"{NAME_SERVERS[0]}. {_HOSTMASTER} 1 3600 300 2419200 {NEGATIVE_TTL_SECONDS}"
    return Records(dns.rdatatype.SOA, ttl_seconds, (text,))


def _is_wanted(records: Records, wanted: RdataType, *, itself: bool = False) -> bool:
    """Whether records answer a question; a CNAME answers every question, `itself` only one for itself."""
    asked = wanted in (records.type, dns.rdatatype.ANY)
    return asked or (records.type == dns.rdatatype.CNAME and not itself)


def _named(known: Named) -> list[Records]:
    """What a name outside the zones holds."""
    targets, ttl = known.targets, known.ttl_seconds
    found = (
        Records(dns.rdatatype.A, ttl, tuple(each for each in targets if _version(each) == 4)),
        Records(dns.rdatatype.AAAA, ttl, tuple(each for each in targets if _version(each) == 6)),
        Records(dns.rdatatype.CNAME, ttl, tuple(map(_absolute, filter(_is_host, targets)))),
    )
    return [each for each in found if each.texts]


def _absolute(host: str) -> str:
    return f"{host.rstrip('.')}."


def _is_host(target: str) -> bool:
    return _version(target) is None


def _version(text: str) -> int | None:
    try:
        return ip_address(text).version
    except ValueError:
        return None


def _txt(text: str) -> TXT:
    """A TXT record, whose strings hold 255 bytes each."""
    raw = text.encode()
    strings = [raw[start : start + _TXT_BYTES_MAX] for start in range(0, len(raw), _TXT_BYTES_MAX)]
    return TXT(dns.rdataclass.IN, dns.rdatatype.TXT, strings)
