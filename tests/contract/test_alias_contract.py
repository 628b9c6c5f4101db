"""What every world promises of alias record sets beside what it promises of every lever and record."""

from __future__ import annotations

import msgspec
import pytest

from shared.actions import PointRecord
from shared.errors import Refused
from shared.probes import GateReading
from tests.contract.sides import Side, Sides, answer_samples, private_fleet
from tests.fleets import ADDRESSES, GREEN, HEALTH
from tests.wire.rig import NETWORK, aliased_fleet

FLEET = aliased_fleet()
LIVE = FLEET.live_records[0]
STRANGER = f"{NETWORK}/publicIPAddresses/pip-other"


@pytest.fixture
async def side(make: Sides) -> Side:
    """A world whose records are aliases."""
    return await make(FLEET)


@pytest.mark.parametrize("target", [STRANGER, ADDRESSES[GREEN]], ids=["resource", "address"])
async def test_what_somebody_else_put_there_is_seen_as_it_is(side: Side, target: str) -> None:
    side.estate.world.zones.put(LIVE.zone_id, LIVE.name, LIVE.type, ttl_seconds=30, targets=(target,))
    assert (await side.record(LIVE)).targets == (target.lower(),)


async def test_users_follow_an_alias_to_the_resources_slot(side: Side) -> None:
    side.estate.deploy(GREEN)
    await side.point(GREEN, record=LIVE)
    side.clock.pass_seconds(600)
    traffic = side.estate.world.traffic
    assert traffic.mix(side.clock.now()) == {GREEN: pytest.approx(1.0)}
    assert traffic.first_users_at(GREEN) is not None
    assert set(answer_samples(await side.see(GateReading(HEALTH, GREEN)))) == {0.0}


async def test_a_private_zone_has_no_alias(make: Sides) -> None:
    live = msgspec.structs.replace(private_fleet().live_records[0], alias=True)
    side = await make(msgspec.structs.replace(FLEET, live_records=(live,)))
    with pytest.raises(Refused, match="private zones have no alias record sets"):
        await side.do(PointRecord(live, GREEN, side.target(live, GREEN), 30, None))
