"""What every world promises of names, owners, writers and hosts."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from sandbox.world import Faults
from sandbox.world.balancers import FULL, MemberState
from sandbox.world.estate import CONTROLLER, STRANGER
from sandbox.world.zones import NAME_SERVERS
from shared.fleet import Fleet
from shared.levers import Record, RecordType, SlotName
from shared.probes import (
    HostSeen,
    HostState,
    LastWriter,
    NamesSeen,
    NamesState,
    OwnerSeen,
    RecordOwner,
    Unavailable,
    WriterSeen,
)
from shared.safety import Names, Readiness
from tests.contract.doors import only
from tests.contract.sides import LIVE, Side, Sides, private_fleet, seen_as
from tests.contract.stand_in import StandIn
from tests.fleets import ADDRESSES, BLUE, FLEET, GREEN, fleet
from tests.wire.rig import aliased_fleet
from tests.world.manual_clock import START

RESOLVER = "10.0.0.4"
PROPAGATION_SECONDS = 60
END = START + timedelta(days=1)


def asking(declared: Fleet, *resolvers: str) -> Fleet:
    """The fleet with its names asked for."""
    return msgspec.structs.replace(declared, names=Names(ask=True, resolvers=resolvers))


async def answers(side: Side) -> dict[str, tuple[str, ...]]:
    """What everybody answers for the first live record."""
    seen = seen_as(await side.see(NamesState(side.fleet.live_records[0])), NamesSeen)
    assert seen.silent == {}
    return seen.answers


async def move(side: Side) -> None:
    """Point the first live record at green."""
    live = side.fleet.live_records[0]
    target = side.estate.world.estate.target_of(live, GREEN)
    side.estate.world.zones.put(live.zone_id, live.name, live.type, ttl_seconds=30, targets=(target,))


@pytest.mark.parametrize("declared", [FLEET, aliased_fleet()], ids=["plain", "alias"])
async def test_name_servers_and_resolvers_follow_a_record(make: Sides, declared: Fleet) -> None:
    side = await make(asking(declared, RESOLVER))
    everybody = {*NAME_SERVERS, RESOLVER}
    assert await answers(side) == dict.fromkeys(everybody, (ADDRESSES[BLUE],))
    await move(side)
    side.clock.pass_seconds(PROPAGATION_SECONDS - 1)
    assert await answers(side) == dict.fromkeys(everybody, (ADDRESSES[BLUE],))
    side.clock.pass_seconds(1)
    assert {name: (await answers(side))[name] for name in NAME_SERVERS} == dict.fromkeys(
        NAME_SERVERS, (ADDRESSES[GREEN],)
    )
    side.clock.pass_seconds(declared.live_records[0].ttl_seconds)
    assert await answers(side) == dict.fromkeys(everybody, (ADDRESSES[GREEN],))


async def test_a_name_that_is_gone_is_answered_with_nothing(make: Sides) -> None:
    side = await make(asking(FLEET))
    side.estate.world.zones.delete(LIVE.zone_id, LIVE.name, LIVE.type)
    side.clock.pass_seconds(PROPAGATION_SECONDS)
    assert await answers(side) == dict.fromkeys(NAME_SERVERS, ())


async def test_a_private_record_is_known_to_resolvers_alone(make: Sides) -> None:
    side = await make(asking(private_fleet(), RESOLVER))
    assert await answers(side) == {RESOLVER: (ADDRESSES[BLUE],)}


def named(name: str, kind: RecordType = RecordType.A) -> Fleet:
    """The fleet with a live record of that name and type."""
    live = msgspec.structs.replace(LIVE, name=name, type=kind)
    return msgspec.structs.replace(FLEET, live_records=(live,))


@pytest.mark.parametrize("declared", [FLEET, private_fleet(), named("@")], ids=["public", "private", "apex"])
async def test_an_owner_is_named_by_external_dns_alone(make: Sides, declared: Fleet) -> None:
    live = declared.live_records[0]
    owned = await make(declared, Faults(external_dns_owner="team-a"))
    assert await owned.see(RecordOwner(live)) == OwnerSeen("team-a")
    assert await owned.see(RecordOwner(declared.slot(BLUE).host)) == OwnerSeen()
    free = await make(declared)
    assert await free.see(RecordOwner(live)) == OwnerSeen()


async def test_the_log_names_who_wrote_last(side: Side) -> None:
    lever = LIVE.resource_id
    assert await side.see(LastWriter(lever, START, END)) == WriterSeen()
    side.clock.pass_seconds(60)
    await side.point(GREEN)
    ours = seen_as(await side.see(LastWriter(lever, START, END)), WriterSeen)
    assert (ours.who, ours.at) == (CONTROLLER, side.clock.now())
    side.clock.pass_seconds(60)
    await move(side)
    side.clock.pass_seconds(60)
    theirs = seen_as(await side.see(LastWriter(lever.upper(), START, END)), WriterSeen)
    assert (theirs.who, theirs.at) == (STRANGER, side.clock.now() - timedelta(seconds=60))
    assert await side.see(LastWriter(lever, side.clock.now(), END)) == WriterSeen()
    assert await side.see(LastWriter(FLEET.slot(BLUE).host.resource_id, START, END)) == WriterSeen()
    assert theirs.at is not None
    assert await side.see(LastWriter(lever, START, theirs.at)) == ours, "the end of the span is outside"


async def test_a_deletion_is_a_change_too(side: Side) -> None:
    side.estate.world.zones.delete(LIVE.zone_id, LIVE.name, LIVE.type)
    assert await side.see(LastWriter(LIVE.resource_id, START, END)) == WriterSeen(STRANGER, START)


async def wrote(it: StandIn, lever_id: str, until: datetime = END) -> WriterSeen:
    """Who changed a balancer last."""
    probe = LastWriter(lever_id, START, until)
    return seen_as((await it.world.observe(it.fleet, frozenset({probe}), it.now()))[probe], WriterSeen)


@only("balancer")
async def test_the_log_names_who_wrote_a_balancer_last(stand_in: StandIn) -> None:
    lever, clock = stand_in.balancer.shares_id, stand_in.estate.clock
    assert await wrote(stand_in, lever) == WriterSeen()
    clock.pass_seconds(60)
    await stand_in.order({BLUE: 0, GREEN: 100})
    ours = await wrote(stand_in, lever)
    assert ours == WriterSeen(CONTROLLER, clock.now())
    await stand_in.wait()
    blue = {stand_in.balancer.member(BLUE).name: MemberState(FULL, enabled=True)}
    stand_in.model.balancers.write(stand_in.balancer, blue, by=STRANGER)
    theirs = WriterSeen(STRANGER, clock.now())
    await stand_in.wait()
    assert await wrote(stand_in, lever.upper()) == theirs
    assert theirs.at is not None
    assert await wrote(stand_in, lever, theirs.at) == ours, "the end of the span is outside"


@only("balancer")
async def test_another_resource_of_the_same_group_is_another_lever(stand_in: StandIn) -> None:
    await stand_in.order({BLUE: 0, GREEN: 100})
    lever = stand_in.balancer.shares_id
    for other in (lever[:-1], f"{lever}-2", LIVE.resource_id):
        assert await wrote(stand_in, other) == WriterSeen()


async def host(side: Side, slot: SlotName) -> HostSeen:
    """What a slot answers on its own host name."""
    return seen_as(await side.see(HostState(slot)), HostSeen)


async def test_a_slot_answers_on_its_own_host_name_under_a_certificate(make: Sides) -> None:
    side = await make(fleet(readiness=Readiness(every_seconds=60, path="/ready")))
    live = await host(side, BLUE)
    assert (live.status, live.because) == (200, "")
    assert live.latency_ms > 0
    assert live.certificate_ends_at is not None
    assert live.certificate_ends_at > side.clock.now() + timedelta(days=1)
    assert (await host(side, GREEN)).status == 502


async def test_a_host_name_that_leads_nowhere_says_nothing_about_the_slot(side: Side) -> None:
    own: Record = FLEET.slot(BLUE).host
    side.estate.world.zones.delete(own.zone_id, own.name, own.type)
    assert isinstance(await side.see(HostState(BLUE)), Unavailable)
