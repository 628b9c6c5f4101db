"""What every world promises of addresses, failures, and records beside what it promises of every lever."""

from __future__ import annotations

import msgspec
import pytest

from sandbox.world import Faults
from sandbox.world.settings import Family, Outage
from shared.actions import PointRecord
from shared.errors import Retry, Superseded
from shared.fleet import Fleet
from shared.levers import RecordType
from shared.probes import (
    AddressSeen,
    ClusterSeen,
    ClusterState,
    GateReading,
    Probe,
    RecordSeen,
    RecordState,
    SlotAddress,
    TrafficShare,
    Unavailable,
)
from tests.contract.sides import LIVE, Sides, private_fleet, seen_as
from tests.fleets import ADDRESSES, BLUE, ERRORS, FLEET, GREEN, NODES
from tests.wire.rig import aliased_fleet
from tests.world.manual_clock import START

ZONES = pytest.mark.parametrize("fleet", [FLEET, private_fleet()], ids=["public", "private"])


@pytest.mark.parametrize(
    "fleet", [FLEET, aliased_fleet(), private_fleet()], ids=["public", "alias", "private"]
)
async def test_a_pointed_record_is_read_back_with_its_target_and_ttl(make: Sides, fleet: Fleet) -> None:
    side = await make(fleet)
    live = fleet.live_records[0]
    before = await side.record(live)
    assert (before.targets, before.ttl_seconds) == ((side.target(live, BLUE),), live.ttl_seconds)
    assert (before.epoch, before.fleet) == (None, None)
    await side.point(GREEN, record=live, ttl=30)
    after = await side.record(live)
    assert (after.targets, after.ttl_seconds) == ((side.target(live, GREEN),), 30)
    assert after.etag != before.etag


@ZONES
async def test_a_new_record_is_made_only_where_there_is_none(make: Sides, fleet: Fleet) -> None:
    side = await make(fleet)
    fresh = msgspec.structs.replace(fleet.live_records[0], name="fresh")
    order = PointRecord(fresh, BLUE, ADDRESSES[BLUE], 60, None)
    assert not (await side.record(fresh)).exists
    await side.do(order)
    assert (await side.record(fresh)).targets == (ADDRESSES[BLUE],)
    with pytest.raises(Superseded):
        await side.do(order)


@ZONES
async def test_metadata_of_others_survives_a_write(make: Sides, fleet: Fleet) -> None:
    side, live = await make(fleet), fleet.live_records[0]
    zones = side.estate.world.zones
    zones.put(
        live.zone_id,
        live.name,
        live.type,
        ttl_seconds=300,
        targets=(ADDRESSES[BLUE],),
        metadata={"owner": "network-team"},
    )
    await side.point(GREEN, epoch=2, record=live)
    kept = zones.get(live.zone_id, live.name, live.type).metadata
    assert kept == {
        "owner": "network-team",
        "switchyard_epoch": "2",
        "switchyard_fleet": FLEET.name,
        "switchyard_slot": "green",
    }


@pytest.mark.parametrize(
    ("kind", "address", "target"),
    [
        (RecordType.AAAA, "2001:db8::10", "2001:db8::10"),
        (RecordType.CNAME, "AGW.Example.net.", "agw.example.net"),
    ],
)
@ZONES
async def test_records_of_every_type_are_written_and_read(
    make: Sides, fleet: Fleet, kind: RecordType, address: str, target: str
) -> None:
    side = await make(fleet)
    other = msgspec.structs.replace(fleet.live_records[0], name="other", type=kind)
    await side.do(PointRecord(other, BLUE, address, 60, None), epoch=1)
    assert (await side.record(other)).targets == (target,)


async def test_a_slot_has_its_declared_address_or_that_of_its_public_ip(make: Sides) -> None:
    network = f"/subscriptions/{FLEET.subscription_id}/resourceGroups/rg-network/providers/Microsoft.Network"
    slots = tuple(
        msgspec.structs.replace(
            each, address=None, public_ip_id=f"{network}/publicIPAddresses/pip-agw-{each.name}"
        )
        for each in FLEET.slots
    )
    declared, resource = FLEET, msgspec.structs.replace(FLEET, slots=slots)
    for fleet in (declared, resource):
        side = await make(fleet)
        assert await side.see(SlotAddress(GREEN)) == AddressSeen(ADDRESSES[GREEN])


@pytest.mark.parametrize(
    ("family", "probe"),
    [
        (Family.ARM, RecordState(LIVE)),
        (Family.AKS, ClusterState(BLUE)),
        (Family.METRICS, GateReading(NODES, BLUE)),
        (Family.METRICS, TrafficShare(START)),
        (Family.LOGS, GateReading(ERRORS, BLUE)),
    ],
    ids=str,
)
async def test_a_provider_that_throttles_is_unavailable_and_says_for_how_long(
    make: Sides, family: Family, probe: Probe
) -> None:
    outage = Outage(family=family, from_seconds=0, until_seconds=9e9, status=429, retry_after_seconds=17)
    side = await make(faults=Faults(outages=(outage,)))
    side.clock.pass_seconds(20 * 60)
    answer = seen_as(await side.see(probe), Unavailable)
    assert answer.after_seconds == 17


async def test_one_provider_down_leaves_the_other_answers(make: Sides) -> None:
    outage = Outage(family=Family.METRICS, from_seconds=0, until_seconds=9e9)
    side = await make(faults=Faults(outages=(outage,)))
    side.clock.pass_seconds(20 * 60)
    probes: frozenset[Probe] = frozenset({GateReading(NODES, BLUE), ClusterState(BLUE), RecordState(LIVE)})
    answers = await side.world.observe(side.fleet, probes, side.clock.now())
    assert set(answers) == probes
    kinds = {type(probe): type(answer) for probe, answer in answers.items()}
    assert kinds == {GateReading: Unavailable, ClusterState: ClusterSeen, RecordState: RecordSeen}


async def test_an_order_to_a_throttled_provider_is_for_later(make: Sides) -> None:
    outage = Outage(family=Family.ARM, from_seconds=10, until_seconds=9e9, status=429, retry_after_seconds=17)
    side = await make(faults=Faults(outages=(outage,)))
    etag = (await side.record()).etag
    side.clock.pass_seconds(20)
    with pytest.raises(Retry) as caught:
        await side.do(PointRecord(LIVE, GREEN, ADDRESSES[GREEN], 30, etag))
    assert caught.value.after_seconds == 17
