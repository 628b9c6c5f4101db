"""What is taken for an answer of the DNS, and what for silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dns.flags
import dns.rcode
import msgspec
import pytest
from dns.message import Message

from shared.azure.connection import Connection
from shared.azure.names import SERVERS_MAX, Names, endpoint
from shared.azure.world import AzureWorld
from shared.errors import Refused, Retry
from shared.fleet import Fleet
from shared.levers import Record, RecordType
from shared.probes import NamesSeen, NamesState, Unavailable
from shared.safety import Names as Asked
from tests.azure.credential import FixedCredential
from tests.azure.dns_servers import Reply, answering, saying, serving, silence
from tests.azure.stub import Said, stub
from tests.contract.sides import private_fleet
from tests.fleets import FLEET
from tests.world.manual_clock import START

PRIVATE = private_fleet()
LIVE = PRIVATE.live_records[0]
HOST = "aks.priv.contoso.com."
AT_BLUE = f"{HOST} 30 A 203.0.113.10"
SECONDS_MAX = 1.0
"""How long a server that never answers is waited for here."""


def told(fleet: Fleet, *resolvers: str) -> Fleet:
    """The fleet with these resolvers."""
    return msgspec.structs.replace(fleet, names=Asked(ask=True, resolvers=resolvers))


async def heard(*replies: Reply, record: Record = LIVE) -> NamesSeen:
    """What comes of asking a resolver for each reply; answers and silence by its number."""
    async with serving(*replies) as servers:
        connection = Connection(credential=FixedCredential())
        names = Names(connection, answer_seconds_max=SECONDS_MAX)
        resolvers = [each.endpoint for each in servers]
        found = await names.observe(told(PRIVATE, *resolvers), NamesState(record), START)
    numbers = {name: str(number) for number, name in enumerate(resolvers)}
    return NamesSeen(
        {numbers[name]: said for name, said in found.answers.items()},
        {numbers[name]: why for name, why in found.silent.items()},
    )


async def heard_from_one(reply: Reply, record: Record = LIVE) -> tuple[str, ...] | str:
    """What one resolver says, or why it is silent, beside another that answers."""
    found = await heard(reply, saying(AT_BLUE), record=record)
    return found.answers.get("0", found.silent.get("0", ""))


def of_type(kind: RecordType) -> Record:
    """The live record with another type."""
    return msgspec.structs.replace(LIVE, type=kind)


@pytest.mark.parametrize(
    ("kind", "records", "targets"),
    [
        (RecordType.A, [AT_BLUE], ("203.0.113.10",)),
        (RecordType.A, [f"{HOST} 30 A 203.0.113.20", AT_BLUE], ("203.0.113.10", "203.0.113.20")),
        (RecordType.AAAA, [f"{HOST} 30 AAAA 2001:DB8:0::10"], ("2001:db8::10",)),
        (RecordType.CNAME, [f"{HOST} 30 CNAME AGW.Example.net."], ("agw.example.net",)),
        (
            RecordType.A,
            [f"{HOST} 30 CNAME agw.example.net.", "agw.example.net. 9 A 192.0.2.7"],
            ("192.0.2.7",),
        ),
        (RecordType.A, [f"{HOST} 30 CNAME agw.example.net."], ("agw.example.net",)),
        (
            RecordType.CNAME,
            [f"{HOST} 30 CNAME agw.example.net.", "agw.example.net. 9 CNAME gw.example.net."],
            ("agw.example.net",),
        ),
        (RecordType.A, [], ()),
        (RecordType.A, [f"{HOST} 30 AAAA 2001:db8::10"], ()),
    ],
)
async def test_an_answer_is_spelt_as_a_record_set_is(
    kind: RecordType, records: list[str], targets: tuple[str, ...]
) -> None:
    assert await heard_from_one(saying(*records), of_type(kind)) == targets


async def test_a_name_that_is_not_there_is_an_answer() -> None:
    assert await heard_from_one(saying(rcode=dns.rcode.NXDOMAIN)) == ()


@pytest.mark.parametrize("code", ["REFUSED", "SERVFAIL", "FORMERR", "NOTIMP"])
async def test_a_server_that_will_not_or_cannot_is_silent(code: str) -> None:
    assert await heard_from_one(saying(rcode=dns.rcode.from_text(code))) == f"it answered {code}"


async def test_a_server_that_never_answers_is_waited_for_and_no_longer() -> None:
    assert await heard_from_one(silence) == "it gave no answer in time"


async def test_a_lost_packet_is_asked_again() -> None:
    lost: list[Message] = []

    def reply(query: Message, _over_tcp: bool) -> list[bytes]:
        lost.append(query)
        return [answering(query, AT_BLUE).to_wire()] if len(lost) > 1 else []

    assert await heard_from_one(reply) == ("203.0.113.10",)


def cut(query: Message) -> bytes:
    """An answer that did not fit."""
    return answering(query, flags=dns.flags.AA | dns.flags.TC).to_wire()


async def test_an_answer_that_is_cut_off_is_asked_for_over_tcp() -> None:
    many = [f"{HOST} 30 A 198.51.100.{n}" for n in range(1, 41)]

    def reply(query: Message, over_tcp: bool) -> list[bytes]:
        return [answering(query, *many).to_wire() if over_tcp else cut(query)]

    said = await heard_from_one(reply)
    assert len(said) == 40
    assert "198.51.100.40" in said


@pytest.mark.parametrize(
    ("over_tcp", "why"),
    [
        ([], "it answered with something that is no answer of the DNS"),
        ([b"HTTP/1.1 400 Bad Request"], "it answered with something that is no answer of the DNS"),
        ([b""], "it answered with something that is no answer of the DNS"),
    ],
    ids=["closed", "garbage", "empty"],
)
async def test_a_connection_that_brings_no_answer_is_silence(over_tcp: list[bytes], why: str) -> None:
    def reply(query: Message, tcp: bool) -> list[bytes]:
        return over_tcp if tcp else [cut(query)]

    assert await heard_from_one(reply) == why


def another_id(query: Message) -> bytes:
    """A right answer to a question that nobody asked."""
    answer = answering(query, f"{HOST} 30 A 192.0.2.66")
    answer.id ^= 0xFFFF
    return answer.to_wire()


def another_question(query: Message) -> bytes:
    """An answer about another name."""
    other = dns.message.make_query("evil.example.net.", "A")
    other.id = query.id
    return answering(other, "evil.example.net. 30 A 192.0.2.66").to_wire()


@pytest.mark.parametrize(
    "bad", [another_id, another_question, lambda _: b"\x00", lambda query: query.to_wire()[:20]]
)
async def test_what_is_no_answer_to_the_question_is_passed_over(bad: Any) -> None:
    def alone(query: Message, _over_tcp: bool) -> list[bytes]:
        return [bad(query)]

    def before(query: Message, _over_tcp: bool) -> list[bytes]:
        return [bad(query), answering(query, AT_BLUE).to_wire()]

    found = await heard(alone, before)
    assert found == NamesSeen({"1": ("203.0.113.10",)}, {"0": "it gave no answer in time"})


async def test_where_nobody_answers_each_says_why() -> None:
    with pytest.raises(
        Retry, match=r"127\.0\.0\.1:\d+: it answered REFUSED; 127.*: it gave no answer in time"
    ):
        await heard(saying(rcode=dns.rcode.REFUSED), silence)


async def test_a_private_zone_without_a_resolver_has_nobody_to_ask() -> None:
    with pytest.raises(Refused, match="its zone is private, and no resolver is given"):
        await heard()


async def test_a_resolver_is_asked_to_resolve_and_only_so_many_are() -> None:
    resolvers = [f"10.0.0.{n}" for n in range(1, SERVERS_MAX + 3)]
    async with serving(saying(AT_BLUE, flags=0)) as (server,):
        connection = Connection(dns_server=server.endpoint, credential=FixedCredential())
        found = await Names(connection).observe(told(PRIVATE, *resolvers), NamesState(LIVE), START)
    assert found.answers == dict.fromkeys(resolvers[:SERVERS_MAX], ("203.0.113.10",))
    assert found.silent == dict.fromkeys(resolvers[SERVERS_MAX:], f"only {SERVERS_MAX} servers are asked")
    assert [query.flags & dns.flags.RD for _, query in server.asked] == [dns.flags.RD] * SERVERS_MAX


ZONE = {
    "id": FLEET.live_records[0].zone_id,
    "name": "contoso.com",
    "location": "global",
    "properties": {"nameServers": ["NS1-01.azure-dns.com.", "ns2-01.azure-dns.net."]},
}
ONE, TWO = "ns1-01.azure-dns.com", "ns2-01.azure-dns.net"
PUBLIC_AT_BLUE = "aks.contoso.com. 30 A 203.0.113.10"


async def asked_in_public(
    directory: Path, zone: Said, reply: Reply, *resolvers: str, times: int = 1
) -> tuple[Any, int, list[Message]]:
    """What becomes of a public record: the answer, how often ARM was asked, and the questions of the DNS."""
    probe = NamesState(FLEET.live_records[0])
    async with (
        serving(reply) as (server,),
        stub(directory, {("GET", "/contoso.com"): [zone]}) as (arm, connection),
    ):
        connection.dns_server = server.endpoint
        world = AzureWorld(connection)
        fleet = told(FLEET, *resolvers)
        answers = [(await world.observe(fleet, frozenset({probe}), START))[probe] for _ in range(times)]
        return answers[-1], len(arm.requests), [query for _, query in server.asked]


async def test_a_zones_own_name_servers_are_asked_beside_the_resolvers(tmp_path: Path) -> None:
    answer, _, questions = await asked_in_public(
        tmp_path, Said(200, ZONE), saying(PUBLIC_AT_BLUE), "10.0.0.4"
    )
    assert answer == NamesSeen(dict.fromkeys((ONE, TWO, "10.0.0.4"), ("203.0.113.10",)))
    recursion = sorted(bool(query.flags & dns.flags.RD) for query in questions)
    assert recursion == [False, False, True]


async def test_a_zone_is_read_once_in_a_process(tmp_path: Path) -> None:
    _, read, questions = await asked_in_public(tmp_path, Said(200, ZONE), saying(PUBLIC_AT_BLUE), times=3)
    assert (read, len(questions)) == (1, 6)


async def test_a_name_server_without_authority_is_silent_and_a_resolver_needs_none(tmp_path: Path) -> None:
    lame = saying(PUBLIC_AT_BLUE, flags=0)
    answer, _, _ = await asked_in_public(tmp_path, Said(200, ZONE), lame, "10.0.0.4")
    assert answer == NamesSeen(
        {"10.0.0.4": ("203.0.113.10",)},
        dict.fromkeys((ONE, TWO), "it has no authority over contoso.com"),
    )


async def test_a_zone_that_cannot_be_read_leaves_the_resolvers(tmp_path: Path) -> None:
    busy = Said(503, {"error": {"code": "ServerBusy", "message": "Busy."}}, {"Retry-After": "40"})
    answer, _, _ = await asked_in_public(tmp_path, busy, saying(PUBLIC_AT_BLUE), "10.0.0.4")
    assert answer.answers == {"10.0.0.4": ("203.0.113.10",)}
    assert answer.silent == {"contoso.com": "the name servers of contoso.com: ServerBusy: Busy"}
    alone, _, _ = await asked_in_public(tmp_path, busy, saying(PUBLIC_AT_BLUE))
    assert isinstance(alone, Unavailable)
    assert alone.after_seconds == 40


@pytest.mark.parametrize("servers", [[], None, "ns1", [7], [""], ["."]])
async def test_a_zone_that_names_nobody_is_no_zone_to_ask_in(tmp_path: Path, servers: Any) -> None:
    zone = Said(200, {**ZONE, "properties": {"nameServers": servers}})
    answer, _, questions = await asked_in_public(tmp_path, zone, saying(PUBLIC_AT_BLUE))
    assert isinstance(answer, Unavailable)
    assert questions == []


async def test_a_name_server_is_found_by_the_systems_resolver(tmp_path: Path) -> None:
    zone = {**ZONE, "properties": {"nameServers": ["ns1.invalid.", "localhost."]}}
    async with (
        serving(saying(PUBLIC_AT_BLUE)) as (server,),
        stub(tmp_path, {("GET", "/contoso.com"): [Said(200, zone)]}) as (_, connection),
    ):
        names = Names(connection, answer_seconds_max=SECONDS_MAX)
        probe = NamesState(FLEET.live_records[0])
        found = await names.observe(told(FLEET, server.endpoint), probe, START)
    assert found.answers == {server.endpoint: ("203.0.113.10",)}
    assert found.silent["ns1.invalid"] in ("its address could not be found", "it gave no answer in time")
    assert found.silent["localhost"] != "its address could not be found"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.4", ("10.0.0.4", 53)),
        ("10.0.0.4:5353", ("10.0.0.4", 5353)),
        ("2001:db8::4", ("2001:db8::4", 53)),
        ("[2001:db8::4]", ("2001:db8::4", 53)),
        ("[2001:db8::4]:5353", ("2001:db8::4", 5353)),
    ],
)
def test_a_resolver_is_an_address_with_or_without_a_port(text: str, expected: tuple[str, int]) -> None:
    assert endpoint(text) == expected


@pytest.mark.parametrize("text", ["", "dns.contoso.com", "10.0.0.4:dns", "10.0.0.4:70000", "10.0.0.256"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="is not the address of a resolver"):
        endpoint(text)
