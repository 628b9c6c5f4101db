"""What every world promises of alias record sets: they hold a resource's id and lead to its address."""

from __future__ import annotations

import msgspec
import pytest

from shared.actions import PointRecord
from shared.errors import Refused, Superseded
from shared.levers import SlotName
from shared.probes import GateReading
from tests.contract.sides import Side, Sides, answer_samples, private_fleet
from tests.fleets import ADDRESSES, BLUE, GREEN, HEALTH
from tests.wire.rig import NETWORK, aliased_fleet

FLEET = aliased_fleet()
LIVE = FLEET.live_records[0]
STRANGER = f"{NETWORK}/publicIPAddresses/pip-other"


@pytest.fixture
async def side(make: Sides) -> Side:
    """A world whose records are aliases."""
    return await make(FLEET)


def resource(slot: SlotName) -> str:
    """The id of the slot's public IP resource as an alias record set is seen to hold it."""
    return str(FLEET.slot(slot).public_ip_id).lower()


async def test_an_alias_is_seen_to_hold_the_resource_that_it_names(side: Side) -> None:
    assert (await side.record(LIVE)).targets == (resource(BLUE),)
    etag = (await side.record(LIVE)).etag
    await side.do(PointRecord(LIVE, GREEN, resource(GREEN), 30, etag), epoch=4)
    seen = await side.record(LIVE)
    assert (seen.targets, seen.ttl_seconds, seen.epoch) == ((resource(GREEN),), 30, 4)


async def test_a_write_to_an_alias_is_fenced_like_any_other(side: Side) -> None:
    etag = (await side.record(LIVE)).etag
    await side.do(PointRecord(LIVE, GREEN, resource(GREEN), 30, etag), epoch=4)
    with pytest.raises(Superseded):
        await side.do(PointRecord(LIVE, BLUE, resource(BLUE), 30, etag), epoch=5)
    etag = (await side.record(LIVE)).etag
    with pytest.raises(Superseded):
        await side.do(PointRecord(LIVE, BLUE, resource(BLUE), 30, etag), epoch=3)
    assert (await side.record(LIVE)).targets == (resource(GREEN),)


@pytest.mark.parametrize("target", [STRANGER, ADDRESSES[GREEN]], ids=["resource", "address"])
async def test_what_somebody_else_put_there_is_seen_as_it_is(side: Side, target: str) -> None:
    side.estate.world.zones.put(LIVE.zone_id, LIVE.name, LIVE.type, ttl_seconds=30, targets=(target,))
    assert (await side.record(LIVE)).targets == (target.lower(),)


async def test_users_follow_an_alias_to_the_resources_slot(side: Side) -> None:
    side.estate.deploy(GREEN)
    etag = (await side.record(LIVE)).etag
    await side.do(PointRecord(LIVE, GREEN, resource(GREEN), 30, etag), epoch=1)
    side.clock.pass_seconds(600)
    traffic = side.estate.world.traffic
    assert traffic.mix(side.clock.now()) == {GREEN: pytest.approx(1.0)}
    assert traffic.first_users_at(GREEN) is not None
    assert set(answer_samples(await side.see(GateReading(HEALTH, GREEN)))) == {0.0}


async def test_a_private_zone_has_no_alias(make: Sides) -> None:
    live = msgspec.structs.replace(private_fleet().live_records[0], alias=True)
    side = await make(msgspec.structs.replace(FLEET, live_records=(live,)))
    with pytest.raises(Refused, match="private zones have no alias record sets"):
        await side.do(PointRecord(live, GREEN, resource(GREEN), 30, None))
