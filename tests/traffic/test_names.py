"""What names say and for how long it is believed: zones, aliases, Traffic Manager, and a stub's cache."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import msgspec
import pytest

from sandbox.traffic.front import host_of
from sandbox.traffic.listener import Address
from sandbox.traffic.name_server import NameServer
from sandbox.traffic.names import Held, Resolver, Said, Saying, WorldNames, is_address
from sandbox.traffic.udp_names import UdpNames
from sandbox.traffic.users import HABITS, Street, User
from shared.levers import RecordType, SwitchKind
from tests.fleets import ADDRESSES, BLUE, FLEET, GREEN
from tests.traffic.rig import balanced, rig
from tests.world.manual_clock import Estate

NAME = "aks.contoso.com"
ZONE = FLEET.live_records[0].zone_id


class Deaf(NameServer):
    """A name server that loses as many of the first questions as it is told to."""

    loses = 0
    asked = 0

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Lose it or answer it."""
        self.asked += 1
        if self.asked > self.loses:
            super().datagram_received(data, addr)


@asynccontextmanager
async def served(
    estate: Estate, others: Mapping[str, Saying] | None = None, loses: int = 0, try_seconds: float = 1.0
) -> AsyncIterator[tuple[UdpNames, Deaf]]:
    """Names over UDP, and the server behind them."""
    server = Deaf(WorldNames(estate.world, others or {}))
    server.loses = loses
    place = await server.start()
    try:
        yield UdpNames(place, try_seconds=try_seconds), server
    finally:
        await server.stop()


async def test_a_write_is_said_a_propagation_later_under_its_own_ttl() -> None:
    estate = Estate()
    estate.clock.pass_seconds(1)
    estate.point(GREEN, ttl_seconds=30)
    async with served(estate) as (names, _):
        before = await names.lookup(NAME)
        estate.clock.pass_seconds(60)
        after = await names.lookup(NAME)
    assert (before, after) == (Held((ADDRESSES[BLUE],), 300), Held((ADDRESSES[GREEN],), 30))


async def test_an_answer_is_kept_for_its_ttl_and_no_longer() -> None:
    estate = Estate()
    async with served(estate) as (names, server):
        resolver = Resolver(names, estate.clock.now)
        together = await asyncio.gather(*(resolver.address(NAME) for _ in range(5)))
        estate.point(GREEN, ttl_seconds=30)
        estate.clock.pass_seconds(299)
        late = await resolver.address(NAME)
        asked = server.asked
        estate.clock.pass_seconds(1)
        after = await resolver.address(NAME)
    assert ({*together}, late, after) == ({ADDRESSES[BLUE]}, ADDRESSES[BLUE], ADDRESSES[GREEN])
    assert asked == 1, "five at once are one question"


async def test_another_name_is_followed_and_kept_for_the_shortest_ttl_on_the_way() -> None:
    estate = Estate()
    estate.world.zones.put(ZONE, "www", RecordType.CNAME, ttl_seconds=60, targets=(NAME,))
    estate.clock.pass_seconds(60)
    async with served(estate) as (names, server):
        assert await names.lookup("WWW.contoso.com.") == Held((ADDRESSES[BLUE],), 60)
    assert server.asked == 2


async def test_a_name_that_leads_in_a_circle_leads_nowhere() -> None:
    estate = Estate()
    estate.world.zones.put(ZONE, "a", RecordType.CNAME, ttl_seconds=60, targets=("b.contoso.com",))
    estate.world.zones.put(ZONE, "b", RecordType.CNAME, ttl_seconds=60, targets=("a.contoso.com",))
    estate.clock.pass_seconds(60)
    async with served(estate, {"empty.net": lambda: Said((), 0.0)}) as (names, _):
        for name in ("a.contoso.com", "nobody.contoso.com", "empty.net"):
            assert (await names.lookup(name)).addresses == ()


async def test_a_stub_that_is_not_answered_asks_again_and_gives_up_in_the_end() -> None:
    async with served(Estate(), loses=2, try_seconds=0.05) as (names, _):
        found = await names.lookup(NAME)
    async with served(Estate(), loses=99, try_seconds=0.01) as (names, silent):
        nothing = await names.lookup(NAME)
    assert found.addresses == (ADDRESSES[BLUE],)
    assert (nothing.addresses, silent.asked) == ((), 3)


async def test_what_is_no_question_is_not_answered() -> None:
    async with served(Estate()) as (names, server):
        server.datagram_received(b"hello", ("127.0.0.1", 9))
        assert (await names.lookup(NAME)).addresses == (ADDRESSES[BLUE],)


@pytest.mark.parametrize(("target", "so"), [("203.0.113.10", True), ("2001:db8::1", True), ("a.b", False)])
def test_an_address_is_told_from_a_name(target: str, *, so: bool) -> None:
    assert is_address(target) is so


async def test_the_id_of_a_public_address_is_said_as_the_address() -> None:
    resource = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Network/publicIPAddresses/pip-Green"
    slots = tuple(
        msgspec.structs.replace(slot, address=None, public_ip_id=resource) if slot.name == GREEN else slot
        for slot in FLEET.slots
    )
    estate = Estate(msgspec.structs.replace(FLEET, slots=slots))
    estate.world.zones.put(ZONE, "aks", RecordType.A, ttl_seconds=30, targets=(resource.lower(),))
    estate.clock.pass_seconds(60)
    async with served(estate) as (names, _):
        assert (await names.lookup(NAME)).addresses == (ADDRESSES[GREEN],)


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
