"""What a rollout in shadow leaves behind for real ones: nothing. And who may take it for one: nobody."""

from __future__ import annotations

import msgspec
import pytest

from sandbox.world import Faults
from sandbox.world.ports import PortsWorld
from sandbox.world.settings import Family, Outage
from shared.gates.ends import Ended, end_of
from shared.model import Outcome, SignalKind
from shared.policy import Approvals, DriftPolicy
from tests.engine.rig import VERSION, Rig
from tests.engine.shadowed import SHADOW, apply, estate, rig
from tests.fleets import ADDRESSES, BLUE, FLEET, GREEN, policy


async def test_people_are_waited_for_as_in_a_real_one() -> None:
    it = await rig(approvals=Approvals(start=True))
    await it.publish_version()
    for _ in range(10):
        await it.minute()
    assert (await it.rollout()).step == "approve_start"
    await it.send(SignalKind.PROMOTE, by="olivia@contoso.com")
    assert (await it.ended()).outcome is Outcome.COMPLETED


async def test_it_stays_a_shadow_when_the_file_goes_live_in_the_middle() -> None:
    it = await rig()
    before = estate(it)
    await it.publish_version()
    await it.until("sync")
    await apply(it, FLEET)
    rollout = await it.ended()
    assert (rollout.outcome, rollout.shadow) == (Outcome.COMPLETED, True)
    assert estate(it) == before


async def test_a_real_rollout_stays_real_when_the_file_says_shadow_in_the_middle() -> None:
    it = await Rig(FLEET).applied()
    await it.publish_version()
    await it.until("sync")
    await apply(it, SHADOW)
    rollout = await it.ended()
    assert (rollout.outcome, rollout.shadow) == (Outcome.COMPLETED, False)
    assert it.traffic_at() == ADDRESSES[GREEN]


@pytest.mark.parametrize("good", [True, False])
async def test_it_leaves_nothing_behind_for_the_real_one_of_the_same_version(good: bool) -> None:
    it = await rig()
    await it.publish_version()
    if not good:
        await it.until("bake")
        await it.fire(BLUE)
    shadow = await it.ended()
    state = await it.state()
    assert shadow.wake_at is None, "nothing was written, so nothing is watched for"
    assert (state.live, state.held_versions) == (BLUE, ())
    it.observed = PortsWorld(it.world)
    it.restart()
    await apply(it, FLEET)
    await it.publish_version()
    real = await it.ended()
    assert (real.id, real.outcome, real.shadow) == ("contoso-0002", Outcome.COMPLETED, False), real.because
    assert it.traffic_at() == ADDRESSES[GREEN]
    assert (await it.state()).live == GREEN


async def test_a_version_goes_through_one_shadow_by_itself_and_through_more_by_a_person() -> None:
    it = await rig()
    await it.publish_version()
    await it.ended()
    ticked = await it.publish_version()
    (said,) = [each for decision in ticked.decisions for each in decision.dispositions]
    assert (
        said.because
        == f"version {VERSION} went through contoso-0001 in shadow, and a person may start another"
    )
    await it.send(SignalKind.START, version=VERSION, by="olivia@contoso.com")
    assert (await it.rollout()).id == "contoso-0002"


async def test_a_shadow_lifts_no_hold() -> None:
    it = await Rig(FLEET).applied()
    await it.publish_version()
    await it.until("bake")
    await it.fire()
    await it.ended()
    (held,) = (await it.state()).held_versions
    await apply(it, SHADOW)
    await it.send(SignalKind.START, version=VERSION, by="olivia@contoso.com", lift_hold=True)
    assert (await it.rollout()).shadow
    assert (await it.state()).held_versions == (held,)


async def test_whoever_moves_the_record_after_its_end_is_left_alone() -> None:
    it = await rig(policy=policy(drift=DriftPolicy.REPAIR, settle_seconds=3600))
    await it.publish_version()
    await it.ended()
    it.point_elsewhere("203.0.113.99")
    for _ in range(30):
        await it.minute()
    assert it.traffic_at() == "203.0.113.99"


async def test_a_way_back_that_cannot_be_proven_pages_nobody_and_keeps_nobody_from_starting() -> None:
    it = await rig()
    await it.publish_version()
    await it.until("observe")
    silence(it)
    await it.send(SignalKind.ROLLBACK, by="olivia@contoso.com")
    assert (await it.ended()).outcome is Outcome.ROLLBACK_FAILED
    it.world.estate.faults = Faults()
    await it.send(SignalKind.START, version=VERSION, by="olivia@contoso.com")
    assert (await it.rollout()).id == "contoso-0002"


async def test_everybody_who_is_told_is_told_that_it_is_a_shadow() -> None:
    it = await rig()
    await it.publish_version()
    await it.ended()
    events = [entry.event["data"] for entry in it.topic.taken]
    assert events
    assert all(event["shadow"] is True for event in events)
    assert all(event["because"].startswith("in shadow: ") for event in events)


async def test_it_is_neither_a_good_nor_a_bad_rollout_for_whoever_tries_gates_on_the_past() -> None:
    it = await rig()
    await it.publish_version()
    ended = Ended(rollout=await it.ended(), entries=(), verdicts=())
    assert end_of(ended) is None
    assert end_of(
        msgspec.structs.replace(ended, rollout=msgspec.structs.replace(ended.rollout, shadow=False))
    )


def silence(it: Rig) -> None:
    """From now on, Azure Monitor says nothing of requests."""
    since = (it.clock.now() - it.world.estate.started_at).total_seconds()
    outage = Outage(family=Family.METRICS, from_seconds=since, until_seconds=since + 86_400, status=503)
    it.world.estate.faults = Faults(outages=(outage,))
