"""What names say and for how long it is believed: zones, aliases, Traffic Manager, and a stub's cache."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.message
import dns.rrset

from sandbox.traffic.front import host_of
from sandbox.traffic.names import Held, Resolver
from sandbox.traffic.udp_names import UdpNames
from sandbox.traffic.users import HABITS, Street, User
from sandbox.wire.dns_answers import Named, Names
from sandbox.wire.dns_server import DnsServer
from shared.levers import RecordType, SwitchKind
from tests.fleets import ADDRESSES, BLUE, FLEET, GREEN
from tests.traffic.rig import balanced, rig
from tests.wire.rig import aliased_fleet
from tests.world.manual_clock import Estate

NAME = "aks.contoso.com"
ZONE = FLEET.live_records[0].zone_id


@asynccontextmanager
async def served(estate: Estate, names: Names | None = None) -> AsyncIterator[UdpNames]:
    """The estate's names over UDP."""
    server = DnsServer(estate.world, names=names)
    place = await server.start()
    try:
        yield UdpNames(place)
    finally:
        await server.stop()


class Deaf(asyncio.DatagramProtocol):
    """A name server that loses so many questions before it says that there is no such name."""

    def __init__(self, loses: int) -> None:
        self._loses = loses
        self.asked = 0
        self.transport: asyncio.DatagramTransport | None = None

    async def start(self) -> str:
        """Listen, and return where."""
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        return f"127.0.0.1:{self.transport.get_extra_info('sockname')[1]}"

    def close(self) -> None:
        """Listen no more."""
        if self.transport is not None:
            self.transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Lose it or answer it."""
        self.asked += 1
        if self.asked > self._loses and self.transport is not None:
            query = dns.message.from_wire(data)
            answer = dns.message.make_response(query)
            answer.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", "192.0.2.1"))
            self.transport.sendto(answer.to_wire(), addr)


async def test_a_write_is_said_a_propagation_later_under_its_own_ttl() -> None:
    estate = Estate()
    estate.clock.pass_seconds(1)
    estate.point(GREEN, ttl_seconds=30)
    async with served(estate) as names:
        before = await names.lookup(NAME)
        estate.clock.pass_seconds(60)
        after = await names.lookup(NAME)
    assert (before, after) == (Held((ADDRESSES[BLUE],), 300), Held((ADDRESSES[GREEN],), 30))


async def test_an_answer_is_kept_for_its_ttl_and_no_longer() -> None:
    estate = Estate()
    async with served(estate) as names:
        resolver = Resolver(names, estate.clock.now)
        before = await resolver.address(NAME)
        estate.point(GREEN, ttl_seconds=30)
        estate.clock.pass_seconds(299)
        late = await resolver.address(NAME)
        estate.clock.pass_seconds(1)
        after = await resolver.address(NAME)
    assert (before, late, after) == (ADDRESSES[BLUE], ADDRESSES[BLUE], ADDRESSES[GREEN])


async def test_many_at_once_are_one_question() -> None:
    server = Deaf(loses=0)
    resolver = Resolver(UdpNames(await server.start()), Estate().clock.now)
    found = await asyncio.gather(*(resolver.address(NAME) for _ in range(5)))
    server.close()
    assert (found, server.asked) == (["192.0.2.1"] * 5, 1)


async def test_another_name_is_followed_and_kept_for_the_shortest_ttl_on_the_way() -> None:
    estate = Estate()
    estate.world.zones.put(ZONE, "www", RecordType.CNAME, ttl_seconds=60, targets=(NAME,))
    estate.clock.pass_seconds(60)
    async with served(estate) as names:
        assert await names.lookup("WWW.contoso.com.") == Held((ADDRESSES[BLUE],), 60)


async def test_a_name_is_followed_out_of_one_answer_into_the_next() -> None:
    def known(name: str) -> Named | None:
        return {"one.net": Named(("two.net",), 20), "two.net": Named(("198.51.100.9",), 10)}.get(name)

    async with served(Estate(), known) as names:
        assert await names.lookup("one.net") == Held(("198.51.100.9",), 10)


async def test_a_name_that_leads_in_a_circle_leads_nowhere() -> None:
    estate = Estate()
    estate.world.zones.put(ZONE, "a", RecordType.CNAME, ttl_seconds=60, targets=("b.contoso.com",))
    estate.world.zones.put(ZONE, "b", RecordType.CNAME, ttl_seconds=60, targets=("a.contoso.com",))
    estate.clock.pass_seconds(60)
    async with served(estate, {"empty.net": Named(())}.get) as names:
        for name in ("a.contoso.com", "nobody.contoso.com", "empty.net"):
            assert (await names.lookup(name)).addresses == ()


async def test_a_stub_that_is_not_answered_asks_again_and_gives_up_in_the_end() -> None:
    slow, silent = Deaf(loses=2), Deaf(loses=99)
    found = await UdpNames(await slow.start(), try_seconds=0.5).lookup(NAME)
    nothing = await UdpNames(await silent.start(), try_seconds=0.01).lookup(NAME)
    slow.close()
    silent.close()
    assert found == Held(("192.0.2.1",), 60)
    assert (nothing.addresses, silent.asked) == ((), 3)


async def test_an_alias_leads_to_the_gateway_behind_its_public_address() -> None:
    async with rig(aliased_fleet()) as r:
        response = await r.ask(r.front.places[(await r.front.names.lookup(NAME)).addresses[0]])
    assert response.headers["x-slot"] == "blue"


async def test_traffic_manager_draws_each_answer_by_the_weights_in_force() -> None:
    fleet = balanced(SwitchKind.TRAFFIC_MANAGER)
    lever = fleet.balancers[0]
    async with rig(fleet) as r:
        before = await r.front.names.lookup(host_of(lever))
        r.weigh(lever, {BLUE: 90, GREEN: 10})
        r.clock.pass_seconds(r.world.estate.timings.traffic_manager_seconds)
        drawn = Counter([(await r.front.names.lookup(host_of(lever))).addresses[0] for _ in range(400)])
        r.weigh(lever, {})
        r.clock.pass_seconds(r.world.estate.timings.traffic_manager_seconds)
        after = await r.front.names.lookup(host_of(lever))
    assert before == Held((ADDRESSES[BLUE],), 30), "the profile's TTL is shorter than the record's"
    assert 20 < drawn[ADDRESSES[GREEN]] < 60
    assert after.addresses == ()


async def test_a_user_without_an_address_has_failed() -> None:
    async with rig() as r:
        nowhere = await User(Street(r.front.names, {}, r.clock.now), "nobody.contoso.com", HABITS[0]).visit()
        empty = await User(Street(r.front.names, {}, r.clock.now), NAME, HABITS[0]).visit()
    assert nowhere.why == "the name leads nowhere"
    assert empty.why == f"nobody listens at {ADDRESSES[BLUE]}"
