"""What names say and for how long it is believed: zones, aliases, Traffic Manager, and a stub's cache."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from sandbox.traffic.front import Front, host_of
from sandbox.traffic.names import Held, Resolver, WorldNames, is_address
from sandbox.traffic.udp_names import UdpNames
from sandbox.traffic.users import HABITS, Street, User
from shared.levers import RecordType, SwitchKind
from tests.fleets import ADDRESSES, BLUE, FLEET, GREEN
from tests.traffic.name_server import name_server
from tests.traffic.rig import balanced, rig
from tests.world.manual_clock import Estate

NAME = "aks.contoso.com"
ZONE = FLEET.live_records[0].zone_id


async def test_a_write_is_said_a_propagation_later_under_its_own_ttl() -> None:
    estate = Estate()
    names = Front(estate.world).names
    estate.clock.pass_seconds(1)
    estate.point(GREEN, ttl_seconds=30)
    said = []
    for _ in range(2):
        said.append(await names.lookup(NAME))
        estate.clock.pass_seconds(60)
    assert said == [Held((ADDRESSES[BLUE],), 300), Held((ADDRESSES[GREEN],), 30)]


async def test_an_answer_is_kept_for_its_ttl_and_no_longer() -> None:
    estate = Estate()
    resolver = Resolver(Front(estate.world).names, estate.clock.now)
    assert await resolver.address(NAME) == ADDRESSES[BLUE]
    estate.point(GREEN, ttl_seconds=30)
    estate.clock.pass_seconds(299)
    assert await resolver.address(NAME) == ADDRESSES[BLUE]
    estate.clock.pass_seconds(1)
    assert await resolver.address(NAME) == ADDRESSES[GREEN]


async def test_an_alias_name_is_followed_and_kept_for_the_shortest_ttl_on_the_way() -> None:
    estate = Estate()
    estate.world.zones.put(ZONE, "www", RecordType.CNAME, ttl_seconds=3600, targets=(NAME,))
    estate.clock.pass_seconds(60)
    names = Front(estate.world).names
    assert await names.lookup("www.contoso.com.") == Held((ADDRESSES[BLUE],), 300)


async def test_a_name_that_leads_in_a_circle_leads_nowhere() -> None:
    estate = Estate()
    estate.world.zones.put(ZONE, "a", RecordType.CNAME, ttl_seconds=60, targets=("b.contoso.com",))
    estate.world.zones.put(ZONE, "b", RecordType.CNAME, ttl_seconds=60, targets=("a.contoso.com",))
    estate.clock.pass_seconds(60)
    names = Front(estate.world).names
    assert (await names.lookup("a.contoso.com")).addresses == ()
    assert (await names.lookup("nobody.contoso.com")).addresses == ()


@pytest.mark.parametrize(
    ("target", "so"),
    [("203.0.113.10", True), ("2001:db8::1", True), ("/subscriptions/1", True), ("a.b", False)],
)
def test_an_address_is_told_from_a_name(target: str, *, so: bool) -> None:
    assert is_address(target) is so


async def test_a_slot_is_found_by_the_id_of_its_public_address_too() -> None:
    resource = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Network/publicIPAddresses/pip-Green"
    slots = tuple(
        msgspec.structs.replace(slot, address=None, public_ip_id=resource) if slot.name == GREEN else slot
        for slot in FLEET.slots
    )
    async with rig(msgspec.structs.replace(FLEET, slots=slots)) as r:
        assert r.front.places[resource.lower()] == r.gateway(GREEN)


async def test_traffic_manager_draws_each_answer_by_the_weights_in_force() -> None:
    fleet = balanced(SwitchKind.TRAFFIC_MANAGER)
    lever = fleet.balancers[0]
    async with rig(fleet) as r:
        before = await r.front.names.lookup("contoso.trafficmanager.net")
        r.weigh(lever, {BLUE: 90, GREEN: 10})
        r.clock.pass_seconds(r.world.estate.timings.traffic_manager_seconds)
        drawn = Counter([(await r.front.names.lookup(host_of(lever))).addresses[0] for _ in range(1000)])
        r.weigh(lever, {})
        r.clock.pass_seconds(r.world.estate.timings.traffic_manager_seconds)
        after = await r.front.names.lookup(host_of(lever))
    assert before == Held((ADDRESSES[BLUE],), 30), "the profile's TTL is shorter than the record's"
    assert 70 < drawn[ADDRESSES[GREEN]] < 130
    assert after.addresses == ()


async def test_a_user_without_an_address_has_failed() -> None:
    estate = Estate()
    front = Front(estate.world)
    street = Street(front.names, front.places, estate.clock.now)
    nowhere = await User(street, "nobody.contoso.com", HABITS[0]).visit()
    empty = await User(street, NAME, HABITS[0]).visit()
    assert nowhere.why == "the name leads nowhere"
    assert empty.why == f"nobody listens at {ADDRESSES[BLUE]}"


async def test_a_stub_asks_by_udp_follows_names_and_takes_the_shortest_ttl() -> None:
    estate = Estate()
    estate.world.zones.put(ZONE, "www", RecordType.CNAME, ttl_seconds=60, targets=(NAME,))
    estate.clock.pass_seconds(60)
    async with name_server(WorldNames(estate.world, {})) as (server, place):
        found = await UdpNames(place).lookup("www.contoso.com")
        nothing = await UdpNames(place).lookup("nobody.contoso.com")
    assert found == Held((ADDRESSES[BLUE],), 60)
    assert nothing.addresses == ()
    assert server.asked == ["www.contoso.com", NAME, "nobody.contoso.com"]


async def test_a_stub_that_is_not_answered_asks_again_and_gives_up_in_the_end() -> None:
    estate = Estate()
    async with name_server(WorldNames(estate.world, {}), loses=2) as (_, place):
        found = await UdpNames(place, try_seconds=0.05).lookup(NAME)
    async with name_server(WorldNames(estate.world, {}), loses=99) as (silent, place):
        nothing = await UdpNames(place, try_seconds=0.01).lookup(NAME)
    assert found.addresses == (ADDRESSES[BLUE],)
    assert (nothing.addresses, len(silent.asked)) == ((), 3)
