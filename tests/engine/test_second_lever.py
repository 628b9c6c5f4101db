"""Whole rollouts of a record that Front Door passes everything on to: the second lever, above the first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.world import Faults
from sandbox.world.settings import Family, Outage
from shared.levers import THROUGH, SwitchKind
from shared.model import HoldKind, Outcome, SignalKind
from shared.safety import Names, Readiness
from tests.engine.rig import Rig
from tests.fleets import ADDRESSES, BLUE, GREEN, fleet
from tests.fleets_balanced import composite_fleet, under_a_front_door

KINDS = (SwitchKind.FRONT_DOOR, SwitchKind.FRONT_DOOR_CLASSIC)


async def started(kind: SwitchKind = SwitchKind.FRONT_DOOR) -> Rig:
    """A rollout of the guide's public case, whose Front Door is the second lever."""
    declared = fleet(
        above=under_a_front_door(kind, propagation_seconds=1200),
        names=Names(ask=True, resolvers=("10.0.0.4",)),
        readiness=Readiness(every_seconds=180),
    )
    rig = await Rig(declared).applied()
    await rig.publish_version()
    return rig


def told(rig: Rig) -> dict[str, int]:
    """What the Front Door was told last: the weight of each member that takes anything."""
    above = rig.fleet.above
    assert above is not None
    newest = rig.world.balancers.newest(above)
    return {m.slot: newest.members[m.name].weight for m in above.members if newest.members[m.name].enabled}


def users_on(rig: Rig) -> dict[str, float]:
    """The share of users at each slot now."""
    return {slot: round(share, 3) for slot, share in rig.world.traffic.mix(rig.clock.now()).items()}


def dns_out_at(rig: Rig, hours: float, status: int = 503) -> None:
    """From now on, the record's control plane refuses everything for so long."""
    out_at(rig, Family.DNS, hours, status)


def out_at(rig: Rig, family: Family, hours: float, status: int = 503) -> None:
    """From now on, a control plane refuses everything for so long."""
    since = (rig.clock.now() - rig.world.estate.started_at).total_seconds()
    outage = Outage(family=family, from_seconds=since, until_seconds=since + hours * 3600, status=status)
    faults = rig.world.estate.faults
    rig.world.estate.faults = Faults(outages=(*faults.outages, outage))


async def test_in_normal_times_the_record_moves_and_front_door_is_never_told_anything() -> None:
    rig = await started()
    ended = await rig.ended()
    assert ended.outcome is Outcome.COMPLETED
    assert rig.traffic_at() == ADDRESSES[GREEN]
    assert told(rig) == {THROUGH: 1000}
    assert rig.world.balancers.changes() == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [503, 403])
async def test_a_record_that_cannot_be_moved_gives_way_to_the_front_door_above(
    kind: SwitchKind, status: int
) -> None:
    rig = await started(kind=kind)
    await rig.until("sync_gate")
    dns_out_at(rig, 3, status)
    moved = await rig.until("observe")
    assert moved.step == "observe", moved.because
    assert moved.above
    assert users_on(rig) == {GREEN: 1.0}
    assert rig.traffic_at() == ADDRESSES[BLUE], "the record was not moved"
    ended = await rig.ended(24)
    assert ended.outcome is Outcome.COMPLETED
    assert not ended.above
    assert rig.traffic_at() == ADDRESSES[GREEN], "once it could be, it was"
    assert rig.live_record().ttl_seconds == rig.fleet.live_records[0].ttl_seconds
    assert told(rig) == {THROUGH: 1000}, "and users go through it again"
    assert users_on(rig) == {GREEN: 1.0}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_rollback_whose_record_fails_goes_by_front_door(kind: SwitchKind) -> None:
    rig = await started(kind=kind)
    await rig.until("bake")
    dns_out_at(rig, 4)
    await rig.fire()
    for _ in range(90):
        await rig.minute()
    assert users_on(rig) == {BLUE: 1.0}, "the record still points at the candidate, and nobody goes by it"
    assert rig.traffic_at() == ADDRESSES[GREEN]
    ended = await rig.ended(24)
    assert ended.outcome is Outcome.ROLLED_BACK
    assert rig.traffic_at() == ADDRESSES[BLUE]
    assert told(rig) == {THROUGH: 1000}
    assert users_on(rig) == {BLUE: 1.0}


async def test_users_are_back_as_soon_as_either_lever_has_moved() -> None:
    rig = await started()
    await rig.until("bake")
    dns_out_at(rig, 0.05)
    fired_at = rig.clock.now()
    await rig.fire()
    for _ in range(10):
        await rig.minute()
    # Three minutes out, one of propagation and a TTL of five: Front Door has not finished its first change.
    assert rig.clock.now() - fired_at < timedelta(minutes=15)
    assert users_on(rig) == {BLUE: 1.0}
    assert (await rig.ended(24)).outcome is Outcome.ROLLED_BACK
    assert told(rig) == {THROUGH: 1000}


async def test_a_rollback_after_the_fallback_takes_the_same_way() -> None:
    rig = await started()
    await rig.until("sync_gate")
    dns_out_at(rig, 6)
    await rig.until("observe")
    await rig.fire()
    for _ in range(100):
        await rig.minute()
    assert users_on(rig) == {BLUE: 1.0}
    ended = await rig.ended(24)
    assert ended.outcome is Outcome.ROLLED_BACK
    assert told(rig) == {THROUGH: 1000}


@pytest.mark.parametrize(("status", "step"), [(503, "shift"), (409, "shift")])
async def test_both_control_planes_out_on_the_way_forward_moves_nobody_and_says_why(
    status: int, step: str
) -> None:
    rig = await started()
    await rig.until("sync_gate")
    dns_out_at(rig, 30)
    out_at(rig, Family.FRONT_DOOR, 30, status)
    await rig.until("shift")
    for _ in range(30):
        await rig.minute()
    rollout = await rig.rollout()
    assert users_on(rig) == {BLUE: 1.0}
    assert (rollout.step, rollout.moved_at) == (step, None)
    assert "The front_door service cannot answer now" in rollout.because


async def test_a_front_door_that_refuses_for_good_as_well_asks_a_person() -> None:
    rig = await started()
    await rig.until("sync_gate")
    dns_out_at(rig, 30, 403)
    out_at(rig, Family.FRONT_DOOR, 30, 403)
    await rig.until("shift")
    for _ in range(30):
        await rig.minute()
    rollout = await rig.rollout()
    assert users_on(rig) == {BLUE: 1.0}
    assert rollout.moved_at is None
    assert "front_door" in rollout.because


async def test_a_rollback_that_failed_goes_on_with_whichever_lever_can_be_moved_first() -> None:
    rig = await started()
    await rig.until("bake")
    dns_out_at(rig, 2.75)
    out_at(rig, Family.FRONT_DOOR, 30)
    await rig.fire()
    failed = await rig.ended(24)
    assert failed.outcome is Outcome.ROLLBACK_FAILED
    for _ in range(60):
        await rig.minute()
    assert rig.traffic_at() == ADDRESSES[BLUE]
    assert users_on(rig) == {BLUE: 1.0}


async def test_both_out_on_the_way_back_pages_a_person_with_both_reasons() -> None:
    rig = await started()
    await rig.until("bake")
    dns_out_at(rig, 30)
    out_at(rig, Family.FRONT_DOOR, 30)
    await rig.fire()
    ended = await rig.ended(24)
    assert ended.outcome is Outcome.ROLLBACK_FAILED
    assert "divert ran into its deadline" in ended.because


async def test_a_person_may_leave_the_record_where_it_is_and_the_end_says_so() -> None:
    rig = await started()
    await rig.until("sync_gate")
    dns_out_at(rig, 40)
    rollout = await rig.until("realign")
    assert rollout.step == "realign"
    for _ in range(10 * 60):
        await rig.minute()
    held = (await rig.rollout()).held
    assert held is not None
    assert held.kind is HoldKind.DEADLINE
    await rig.send(SignalKind.PROMOTE, by="ops@contoso.com")
    ended = await rig.ended(24)
    assert ended.outcome is Outcome.COMPLETED
    assert ended.above
    assert "still sends users straight to green" in ended.because
    assert users_on(rig) == {GREEN: 1.0}


async def test_a_front_door_that_does_not_pass_everything_on_stops_the_rollout_at_its_start() -> None:
    rig = Rig(composite_fleet())
    above = rig.fleet.above
    assert above is not None
    newest = rig.world.balancers.newest(above)
    rig.world.balancers.write(above, {above.member(BLUE).name: newest.members[above.member(THROUGH).name]})
    await rig.applied()
    await rig.publish_version()
    ended = await rig.ended()
    assert ended.outcome is Outcome.STOPPED
    assert "not everything through to aks.contoso.com" in ended.because
