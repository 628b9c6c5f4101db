"""What the adapters of balancers send and are told, held against what Azure publishes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sandbox.world.estate import STRANGER
from shared.actions import SetWeights
from shared.errors import NotFound, Retry, Superseded
from shared.fleet import Fleet
from shared.levers import Balancer
from shared.loads import OpenConnections
from shared.probes import BalancerSeen, BalancerState, TrafficShare, Unavailable
from tests.azure.rig import Rig, rig
from tests.fleets_balanced import GATEWAY, PROFILE, application_gateway_fleet, traffic_manager_fleet
from tests.wire.test_record import REFEREE, judge
from tests.world.manual_clock import START

CUT_OVER = {"blue": 0, "green": 100}


async def etag(it: Rig, balancer: Balancer) -> str | None:
    """The etag that a balancer has now."""
    seen = await it.see(BalancerState(balancer))
    assert isinstance(seen, BalancerSeen)
    return seen.etag


async def moved_profile(it: Rig) -> None:
    """Cut over, shared out and cut back, and refused while somebody else changes it."""
    for weights in (CUT_OVER, {"blue": 90, "green": 10}, {"blue": 100, "green": 0}):
        await it.azure.perform(it.estate.fleet, SetWeights(PROFILE, weights), epoch=1)
        await etag(it, PROFILE)
    balancers = it.estate.world.balancers
    balancers.write(PROFILE, balancers.newest(PROFILE).members, by=STRANGER)
    with pytest.raises(Retry):
        await it.azure.perform(it.estate.fleet, SetWeights(PROFILE, CUT_OVER), epoch=1)
    it.estate.clock.pass_seconds(20 * 60)
    await it.see(OpenConnections(START))


async def moved_gateway(it: Rig) -> None:
    """Cut over, refused, and cut over again while that is under way."""
    stale = await etag(it, GATEWAY)
    await it.azure.perform(it.estate.fleet, SetWeights(GATEWAY, CUT_OVER, stale), epoch=1)
    balancers = it.estate.world.balancers
    seen = await etag(it, GATEWAY)
    balancers.write(GATEWAY, balancers.newest(GATEWAY).members)
    with pytest.raises(Superseded):
        await it.azure.perform(it.estate.fleet, SetWeights(GATEWAY, {"blue": 100}, seen), epoch=2)
    await it.azure.perform(it.estate.fleet, SetWeights(GATEWAY, {"blue": 100}), epoch=2)
    it.estate.clock.pass_seconds(20 * 60)
    await it.see(TrafficShare(START))


async def asked_for_what_is_not_there(it: Rig, lever: Balancer) -> None:
    """A balancer that nobody declared."""
    other: Any = type(lever)(
        kind=lever.kind, resource_id=f"{lever.resource_id}-x", members=lever.members, group=lever.group
    )
    assert isinstance(await it.see(BalancerState(other)), Unavailable)
    with pytest.raises(NotFound):
        await it.azure.perform(it.estate.fleet, SetWeights(other, CUT_OVER), epoch=1)


@pytest.mark.skipif(not REFEREE.exists(), reason=f"NOT CHECKED against Azure's descriptions: no {REFEREE}")
@pytest.mark.parametrize(
    ("fleet", "move"),
    [(traffic_manager_fleet(), moved_profile), (application_gateway_fleet(), moved_gateway)],
    ids=["traffic_manager", "application_gateway"],
)
async def test_what_the_adapters_send_agrees_with_azures_descriptions(
    tmp_path: Path, fleet: Fleet, move: Any
) -> None:
    async with rig(tmp_path, fleet) as it:
        await move(it)
        await asked_for_what_is_not_there(it, fleet.balancers[0])
        changes = [line for line in it.exchanges() if line["method"] in ("PUT", "PATCH")]
    assert len(changes) > 2
    code, findings = await judge(tmp_path / "exchanges.jsonl")
    assert code == 0, findings
