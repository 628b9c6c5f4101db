"""The zones' name servers on loopback, asked as any client of the DNS asks them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import dns.asyncquery
import dns.flags
import dns.message
import dns.rcode
import pytest
from dns.message import Message
from dns.opcode import Opcode
from dns.rdataclass import RdataClass

from sandbox.wire.dns_answers import Named
from sandbox.wire.dns_server import DnsServer
from sandbox.world import Faults
from shared.levers import RecordType
from tests.fleets import ADDRESSES, BLUE, GREEN
from tests.wire.rig import NETWORK, Rig, aliased_fleet, private_fleet
from tests.world.manual_clock import Estate

type Start = Callable[..., Awaitable[Rig]]
PROPAGATION_SECONDS = 60
ZONE = f"{NETWORK}/dnsZones/contoso.com"
MANY = tuple(f"198.51.100.{n}" for n in range(1, 61))


def port_of(rig: Rig) -> int:
    """The port of the rig's name servers."""
    return int(rig.wire.dns_server.rpartition(":")[2])


async def ask(rig: Rig, name: str, kind: str = "A") -> Message:
    """The answer over UDP, or over TCP where that is cut off."""
    query = dns.message.make_query(name, kind)
    answer, _ = await dns.asyncquery.udp_with_fallback(query, "127.0.0.1", timeout=5, port=port_of(rig))
    return answer


def said(answer: Message) -> list[str]:
    """The records of an answer: owner, TTL, type and value, each owner without the zone."""
    return [
        f"{rrset.name.to_text().removesuffix('.contoso.com.')} {rrset.ttl} {rdata.rdtype.name} {rdata}"
        for rrset in answer.answer
        for rdata in sorted(rrset)
    ]


def put(rig: Rig, name: str, kind: RecordType, *targets: str, ttl_seconds: int = 60) -> None:
    """Write a record set, and let it reach the name servers."""
    rig.world.zones.put(ZONE, name, kind, ttl_seconds=ttl_seconds, targets=targets)
    rig.clock.pass_seconds(PROPAGATION_SECONDS)


async def test_an_address_is_answered_with_authority(rig: Rig) -> None:
    answer = await ask(rig, "AKS.contoso.com")
    assert said(answer) == ["AKS 300 A 203.0.113.10"]
    assert answer.flags & dns.flags.AA
    assert not answer.flags & dns.flags.RA


async def test_a_write_is_answered_once_it_has_propagated(rig: Rig) -> None:
    rig.world.zones.put(ZONE, "aks", RecordType.A, ttl_seconds=30, targets=(ADDRESSES[GREEN],))
    rig.clock.pass_seconds(PROPAGATION_SECONDS - 1)
    assert said(await ask(rig, "aks.contoso.com")) == ["aks 300 A 203.0.113.10"]
    rig.clock.pass_seconds(1)
    assert said(await ask(rig, "aks.contoso.com")) == ["aks 30 A 203.0.113.20"]


async def test_an_alias_answers_with_the_address_behind_it(start: Start) -> None:
    rig = await start(aliased_fleet())
    assert said(await ask(rig, "aks.contoso.com")) == ["aks 300 A 203.0.113.10"]
    assert said(await ask(rig, "aks.contoso.com", "AAAA")) == []


async def test_an_alias_of_a_strangers_resource_answers_with_nothing(rig: Rig) -> None:
    put(rig, "aks", RecordType.A, f"{NETWORK}/publicIPAddresses/pip-other")
    answer = await ask(rig, "aks.contoso.com")
    assert (answer.rcode(), said(answer)) == (dns.rcode.NOERROR, [])


async def test_a_private_zone_is_answered_too(start: Start) -> None:
    rig = await start(private_fleet())
    assert [str(rdata) for rdata in (await ask(rig, "aks.priv.contoso.com")).answer[0]] == ["10.20.1.10"]


async def test_a_cname_is_followed_inside_the_zones_and_no_further(rig: Rig) -> None:
    put(rig, "www", RecordType.CNAME, "Aks.contoso.com")
    put(rig, "away", RecordType.CNAME, "www.example.net")
    assert said(await ask(rig, "www.contoso.com")) == [
        "www 60 CNAME Aks.contoso.com.",
        "Aks 300 A 203.0.113.10",
    ]
    assert said(await ask(rig, "www.contoso.com", "CNAME")) == ["www 60 CNAME Aks.contoso.com."]
    assert said(await ask(rig, "away.contoso.com")) == ["away 60 CNAME www.example.net."]


async def test_a_cname_to_itself_ends(rig: Rig) -> None:
    put(rig, "loop", RecordType.CNAME, "loop.contoso.com")
    assert (await ask(rig, "loop.contoso.com")).rcode() == dns.rcode.NOERROR


async def test_a_cname_to_a_name_that_is_not_there_says_so(rig: Rig) -> None:
    put(rig, "www", RecordType.CNAME, "gone.contoso.com")
    answer = await ask(rig, "www.contoso.com")
    assert answer.rcode() == dns.rcode.NXDOMAIN
    assert said(answer) == ["www 60 CNAME gone.contoso.com."]


async def test_the_apex_has_its_name_servers_and_its_start(rig: Rig) -> None:
    servers = said(await ask(rig, "contoso.com", "NS"))
    assert servers[0] == "contoso.com. 172800 NS ns1-01.azure-dns.com."
    assert len(servers) == 4
    (start,) = said(await ask(rig, "contoso.com", "SOA"))
    assert start.startswith(
        "contoso.com. 3600 SOA ns1-01.azure-dns.com. azuredns-hostmaster.microsoft.com. 1 "
    )


@pytest.mark.parametrize(
    ("name", "kind", "rcode"),
    [
        ("gone.contoso.com", "A", dns.rcode.NXDOMAIN),
        ("gone.aks.contoso.com", "A", dns.rcode.NXDOMAIN),
        ("aks.contoso.com", "AAAA", dns.rcode.NOERROR),
        ("aks.contoso.com", "MX", dns.rcode.NOERROR),
        ("contoso.com", "A", dns.rcode.NOERROR),
        ("deep.contoso.com", "A", dns.rcode.NOERROR),
    ],
)
async def test_nothing_is_said_with_the_zones_start(rig: Rig, name: str, kind: str, rcode: int) -> None:
    put(rig, "very.deep", RecordType.A, ADDRESSES[BLUE])
    answer = await ask(rig, name, kind)
    assert (answer.rcode(), said(answer)) == (rcode, [])
    assert [(str(each.name), each.ttl) for each in answer.authority] == [("contoso.com.", 300)]
    assert answer.flags & dns.flags.AA


@pytest.mark.parametrize("name", ["www.example.net", "notcontoso.com", "com", "."])
async def test_what_lies_in_no_zone_is_refused(rig: Rig, name: str) -> None:
    answer = await ask(rig, name)
    assert (answer.rcode(), said(answer)) == (dns.rcode.REFUSED, [])
    assert not answer.flags & dns.flags.AA


async def test_a_deleted_record_set_is_gone_once_that_has_propagated(rig: Rig) -> None:
    rig.world.zones.delete(ZONE, "aks", RecordType.A)
    assert said(await ask(rig, "aks.contoso.com")) == ["aks 300 A 203.0.113.10"]
    rig.clock.pass_seconds(PROPAGATION_SECONDS)
    assert (await ask(rig, "aks.contoso.com")).rcode() == dns.rcode.NXDOMAIN


async def test_the_registry_of_external_dns_can_be_asked_for(start: Start) -> None:
    rig = await start(faults=Faults(external_dns_owner="team-a"))
    (text,) = said(await ask(rig, "a-aks.contoso.com", "TXT"))
    assert "external-dns/owner=team-a," in text


async def test_an_answer_that_is_too_long_for_udp_is_cut_off_and_whole_over_tcp(rig: Rig) -> None:
    put(rig, "many", RecordType.A, *MANY)
    query = dns.message.make_query("many.contoso.com", "A")
    cut = await dns.asyncquery.udp(query, "127.0.0.1", timeout=5, port=port_of(rig))
    assert cut.flags & dns.flags.TC
    assert said(cut) == []
    assert len((await ask(rig, "many.contoso.com")).answer[0]) == 60


async def test_who_takes_longer_packets_gets_them(rig: Rig) -> None:
    put(rig, "many", RecordType.A, *MANY)
    query = dns.message.make_query("many.contoso.com", "A", use_edns=0, payload=4096)
    answer = await dns.asyncquery.udp(query, "127.0.0.1", timeout=5, port=port_of(rig))
    assert not answer.flags & dns.flags.TC
    assert len(answer.answer[0]) == 60


async def test_a_connection_takes_one_question_after_another(rig: Rig) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(rig))
    for name in ("aks.contoso.com", "aks-blue.contoso.com"):
        query = dns.message.make_query(name, "A")
        wire = query.to_wire()
        writer.write(len(wire).to_bytes(2) + wire)
        length = int.from_bytes(await reader.readexactly(2))
        assert query.is_response(dns.message.from_wire(await reader.readexactly(length)))
    writer.write(b"\x00\x04junk")
    assert await reader.read() == b""
    writer.close()


@pytest.fixture
def server() -> DnsServer:
    """A server that is handed packets, without a socket."""
    return DnsServer(Estate().world)


def question(rdclass: RdataClass = RdataClass.IN, opcode: Opcode = Opcode.QUERY) -> bytes:
    """A question as a packet."""
    query = dns.message.make_query("aks.contoso.com", "A", rdclass)
    query.set_opcode(opcode)
    return query.to_wire()


def rcode_of(server: DnsServer, packet: bytes) -> int:
    """The verdict on a packet."""
    answer = server.reply(packet, over_udp=True)
    assert answer is not None
    assert answer[:2] == packet[:2]
    return answer[3] & 0x0F


def test_what_it_does_not_do_it_refuses_by_name(server: DnsServer) -> None:
    assert rcode_of(server, question(opcode=Opcode.STATUS)) == dns.rcode.NOTIMP
    assert rcode_of(server, question(opcode=Opcode.NOTIFY)) == dns.rcode.NOTIMP
    assert rcode_of(server, question(rdclass=RdataClass.CH)) == dns.rcode.REFUSED
    two = dns.message.make_query("aks.contoso.com", "A")
    two.question *= 2
    assert rcode_of(server, two.to_wire()) == dns.rcode.FORMERR
    assert rcode_of(server, question()[:-3]) == dns.rcode.FORMERR
    assert rcode_of(server, question() + b"more") == dns.rcode.FORMERR


def test_what_is_no_question_gets_no_answer(server: DnsServer) -> None:
    answer = server.reply(question(), over_udp=True)
    assert answer is not None
    assert server.reply(answer, over_udp=True) is None
    assert server.reply(b"", over_udp=True) is None
    assert server.reply(question()[:11], over_udp=True) is None


def test_no_packet_whatever_makes_it_stumble(server: DnsServer) -> None:
    dice = random.Random(7)
    seeds = [question(), dns.message.make_query("contoso.com", "TXT", use_edns=0).to_wire()]
    for _ in range(3000):
        packet = bytearray(dice.choice(seeds))
        for _ in range(dice.randint(1, 6)):
            packet[dice.randrange(len(packet))] = dice.randrange(256)
        answer = server.reply(bytes(packet[: dice.randint(0, len(packet))]), over_udp=True)
        assert answer is None or len(answer) >= 12
        server.reply(dice.randbytes(dice.randint(0, 80)), over_udp=False)


async def test_garbage_does_not_keep_the_next_from_being_answered(rig: Rig) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=("127.0.0.1", port_of(rig))
    )
    transport.sendto(b"\x00" * 40)
    transport.sendto(b"GET / HTTP/1.1\r\n\r\n")
    assert said(await ask(rig, "aks.contoso.com")) == ["aks 300 A 203.0.113.10"]
    transport.close()


def names(host: str) -> Named | None:
    """What somebody else knows: a profile's name leads to one of two hosts."""
    found = {
        "contoso.trafficmanager.net": Named(("aks-blue.contoso.com",), 20),
        "both.example.net": Named(("203.0.113.10", "2001:db8::10")),
    }
    return found.get(host)


@pytest.fixture
async def told() -> AsyncIterator[Callable[[str, str], Awaitable[Message]]]:
    """A server that knows names outside the zones, and counts the seconds of a TTL ten times as fast."""
    server = DnsServer(Estate().world, ttl_scale=0.1, names=names)
    host, _, port = (await server.start()).partition(":")

    async def asked(name: str, kind: str) -> Message:
        query = dns.message.make_query(name, kind)
        return await dns.asyncquery.udp(query, host, timeout=5, port=int(port))

    yield asked
    await server.stop()


async def test_names_outside_the_zones_are_asked_for_elsewhere(
    told: Callable[[str, str], Awaitable[Message]],
) -> None:
    assert said(await told("Contoso.trafficmanager.net", "A")) == [
        "Contoso.trafficmanager.net. 2 CNAME aks-blue.contoso.com.",
        "aks-blue 30 A 203.0.113.10",
    ]
    assert said(await told("both.example.net", "AAAA")) == ["both.example.net. 0 AAAA 2001:db8::10"]
    assert said(await told("both.example.net", "TXT")) == []
    assert (await told("other.example.net", "A")).rcode() == dns.rcode.REFUSED


async def test_the_settings_of_a_controller_name_it(rig: Rig) -> None:
    assert rig.wire.environment()["SWITCHYARD_DNS_SERVER"] == rig.wire.dns_server
