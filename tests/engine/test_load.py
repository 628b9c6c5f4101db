"""A ramp while the load changes: users come in crowds, and blue is scaled in and out."""

from __future__ import annotations

import msgspec
import pytest

from sandbox.world import Faults
from sandbox.world.settings import Crowd, Family, Outage, Scaling
from shared.fleet import Fleet
from shared.levers import SwitchKind
from shared.model import HoldKind, Outcome, Rollout
from shared.safety import Readiness
from tests.engine.balanced import balanced
from tests.engine.rig import START, Rig
from tests.fleets import BLUE

READINESS = Readiness(every_seconds=180, load_max=0.8)


def fleet() -> Fleet:
    steps = balanced(SwitchKind.TRAFFIC_MANAGER, steps=True)
    return msgspec.structs.replace(steps, readiness=READINESS)


async def ramping() -> Rig:
    """A rollout that has begun to ramp and proved that blue could take everything back."""
    rig = await Rig(fleet()).applied()
    await rig.publish_version()
    rollout = await rig.until("ramp")
    while rollout.weighed_at is None or rollout.ready_at is None:
        await rig.minute()
        rollout = await rig.rollout()
    assert (rollout.step, rollout.unready) == ("ramp", None)
    return rig


def change(rig: Rig, **facts: object) -> None:
    """Something happens in the world from now on."""
    faults = rig.world.estate.faults
    rig.world.estate.faults = msgspec.structs.replace(faults, **facts)


def seconds(rig: Rig) -> float:
    return (rig.clock.now() - START).total_seconds()


async def minutes(rig: Rig, count: int) -> Rollout:
    for _ in range(count):
        await rig.minute()
    return await rig.rollout()


async def stopped(rig: Rig) -> Rollout:
    """The rollout once it is held, and that it stays so."""
    rollout = await rig.rollout()
    for _ in range(30):
        if rollout.held is not None:
            break
        rollout = await minutes(rig, 1)
    portion = rollout.portion
    rollout = await minutes(rig, 20)
    assert (rollout.step, rollout.portion, rollout.outcome) == ("ramp", portion, None)
    assert rollout.held is not None
    return rollout


async def test_a_load_that_blue_could_not_bear_stops_the_ramp_until_it_shrinks() -> None:
    rig = await ramping()
    begin = seconds(rig)
    change(rig, crowd=Crowd(from_seconds=begin, until_seconds=begin + 3600, times=5.0))
    held = (await stopped(rig)).held
    assert held is not None
    assert held.kind is HoldKind.GATE
    assert "blue could not take all traffic back: blue can give" in held.because
    assert "cores beside the" in held.because
    assert "green uses" in held.because
    assert (await rig.ended()).outcome is Outcome.COMPLETED


async def test_a_blue_that_is_scaled_in_during_the_ramp_stops_it_until_it_is_scaled_out() -> None:
    rig = await ramping()
    scaled_in = Scaling(slot=BLUE, at_seconds=seconds(rig), nodes=2)
    change(rig, scalings=(scaled_in,), crowd=Crowd(from_seconds=0, until_seconds=1e9, times=2.0))
    held = (await stopped(rig)).held
    assert held is not None
    assert "blue can give" in held.because
    change(rig, scalings=(scaled_in, Scaling(slot=BLUE, at_seconds=seconds(rig), nodes=6)))
    assert (await rig.ended()).outcome is Outcome.COMPLETED


@pytest.mark.parametrize("status", [503, 429])
async def test_metrics_that_are_away_for_a_moment_cost_nothing_and_for_long_they_stop_the_ramp(
    status: int,
) -> None:
    rig = await ramping()
    begin = seconds(rig)
    away = Outage(family=Family.METRICS, from_seconds=begin, until_seconds=begin + 3600, status=status)
    change(rig, outages=(away,))
    rollout = await minutes(rig, 5)
    assert rollout.held is None
    assert rollout.unready is None
    held = (await stopped(rig)).held
    assert held is not None
    assert "has not proven for" in held.because
    assert held.because.split(": ", 1)[1] == (await rig.rollout()).unproven
    assert (await rig.ended()).outcome is Outcome.COMPLETED


async def test_the_usual_load_stops_nobody() -> None:
    rig = await Rig(fleet(), Faults()).applied()
    await rig.publish_version()
    assert (await rig.ended()).outcome is Outcome.COMPLETED
