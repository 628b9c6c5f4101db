"""Somebody else gives a balancer other shares while users are on the candidate: seen, and told who it was."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from sandbox.world.balancers import FULL, MemberState
from sandbox.world.estate import CONTROLLER, STRANGER
from shared.fleet import Fleet
from shared.levers import WEIGHTED, SwitchKind
from shared.model import HoldKind, Outcome
from shared.policy import DriftPolicy
from shared.probes import LastWriter, WriterSeen
from shared.safety import Names
from tests.engine.balanced import balanced
from tests.engine.rig import Rig
from tests.engine.test_balancers import minutes, told, users_on
from tests.engine.test_balancers_on_the_wire import started as started_on_the_wire
from tests.engine.test_safety import Eyes
from tests.fleets import BLUE, FLEET, GREEN, policy
from tests.fleets_balanced import balanced_fleet

KINDS = (*sorted(WEIGHTED), SwitchKind.APPLICATION_GATEWAY)
FOLLOWED_MINUTES = 70
"""Longer than three changes of a Front Door, each of which is deployed before the next begins."""


async def observing(fleet: Fleet, drift: DriftPolicy, *, log_seconds: float = 0) -> Rig:
    """A rollout with all users on the candidate, and the balancer where it should be."""
    rig = await Rig(msgspec.structs.replace(fleet, policy=policy(drift=drift))).applied()
    timings = rig.world.estate.timings
    rig.world.estate.timings = msgspec.structs.replace(timings, activity_seconds=log_seconds)
    await rig.publish_version()
    await rig.until("observe", 24)
    assert told(rig)[-1] == 100
    return rig


def meddle(rig: Rig) -> str:
    """Somebody else gives users back: half of them, or all where it cannot be half. What is said of it."""
    balancer = rig.fleet.balancers[0]
    blue, green = balancer.member(BLUE).name, balancer.member(GREEN).name
    half = balancer.kind in WEIGHTED
    members = {blue: MemberState(FULL, enabled=True), green: MemberState(FULL, enabled=half)}
    rig.world.balancers.write(balancer, members, by=STRANGER)
    shares = "50 % to blue, 50 % to green" if half else "100 % to blue"
    return f"{balancer.label} sends {shares}, not 100 % to green"


async def held_by(rig: Rig) -> str:
    """Why the rollout holds for a drift."""
    held = (await rig.rollout()).held
    assert held is not None
    assert held.kind is HoldKind.DRIFT
    return held.because


async def telling(rig: Rig) -> list[str]:
    """Every sentence that says who it was."""
    audit = await rig.store.audit(rig.fleet.name)
    return [entry.because for entry in audit if "it was " in entry.because]


@pytest.mark.parametrize("kind", KINDS)
async def test_other_shares_are_seen_at_the_next_look_and_held_with_who_it_was(kind: SwitchKind) -> None:
    rig = await observing(balanced(kind), DriftPolicy.HOLD)
    sentence = meddle(rig)
    await rig.minute()
    assert await held_by(rig) == f"{sentence}: somebody else moved it"
    await rig.minute()
    assert await held_by(rig) == f"{sentence}: {STRANGER} moved it"
    await minutes(rig, FOLLOWED_MINUTES)
    newest = rig.world.balancers.newest(rig.fleet.balancers[0])
    assert newest.by == STRANGER, "it stays theirs until a person says otherwise"
    assert (await rig.rollout()).step == "observe"


@pytest.mark.parametrize("kind", KINDS)
async def test_other_shares_are_put_back_and_it_is_told_once_who_it_was(kind: SwitchKind) -> None:
    rig = await observing(balanced(kind), DriftPolicy.REPAIR)
    sentence = meddle(rig)
    await rig.minute()
    rows = await rig.store.audit(rig.fleet.name)
    assert any(row.because.startswith(f"{sentence}: somebody else moved it, ") for row in rows)
    await minutes(rig, FOLLOWED_MINUTES)
    assert told(rig)[-1] == 100
    assert users_on(rig) == {GREEN: 1.0}
    (said,) = await telling(rig)
    assert said.startswith(f"it was {STRANGER}: {sentence}; ")
    assert (await rig.rollout()).drift is None
    assert (await rig.ended(24)).outcome is Outcome.COMPLETED


@pytest.mark.parametrize("kind", [SwitchKind.FRONT_DOOR, SwitchKind.TRAFFIC_MANAGER])
async def test_whoever_does_it_again_once_it_is_back_is_told_again(kind: SwitchKind) -> None:
    rig = await observing(balanced(kind), DriftPolicy.REPAIR)
    for times in (1, 2):
        assert told(rig)[-1] == 100
        meddle(rig)
        await minutes(rig, 3)
        assert len(await telling(rig)) == times
        await minutes(rig, 17)


async def test_users_are_observed_anew_once_they_are_back() -> None:
    rig = await observing(balanced(SwitchKind.TRAFFIC_MANAGER), DriftPolicy.REPAIR)
    while (await rig.rollout()).clean_since is None:
        await rig.minute()
    meddle(rig)
    await rig.minute()
    rollout = await rig.rollout()
    assert (rollout.step, rollout.clean_since) == ("observe", None)


async def test_a_front_door_that_is_deploying_is_looked_at_no_faster_than_the_fleet_polls() -> None:
    rig = await observing(balanced(SwitchKind.FRONT_DOOR), DriftPolicy.REPAIR)
    sentence = meddle(rig)
    await rig.minute()
    rollout = await rig.rollout()
    assert rollout.because == (
        f"{sentence}: somebody else moved it, and aks of contoso-edge is deploying its last change"
    )
    assert rollout.wake_at == rig.clock.now() + timedelta(seconds=rig.fleet.policy.poll_seconds)


async def test_a_late_log_names_whoever_it_was_and_not_the_order_before() -> None:
    rig = await observing(balanced(SwitchKind.TRAFFIC_MANAGER), DriftPolicy.HOLD, log_seconds=300)
    balancer = rig.fleet.balancers[0]
    ours = rig.world.balancers.newest(balancer)
    sentence = meddle(rig)
    assert ours.by == CONTROLLER
    assert (rig.clock.now() - ours.at).total_seconds() < 600, "ours lies in the span that is looked at"
    heard = {sentence}
    for _ in range(10):
        await rig.minute()
        heard.add((await held_by(rig)).removeprefix(f"{sentence}: "))
    assert heard == {sentence, "somebody else moved it", f"{STRANGER} moved it"}


async def test_a_log_that_knows_nobody_yet_is_asked_again_about_the_part_that_is_the_fleets() -> None:
    rig = await observing(balanced(SwitchKind.FRONT_DOOR), DriftPolicy.HOLD)
    eyes = Eyes(rig)
    eyes.answers[LastWriter] = WriterSeen()
    sentence = meddle(rig)
    await minutes(rig, 5)
    assert await held_by(rig) == f"{sentence}: somebody else moved it"
    drift = (await rig.rollout()).drift
    assert drift is not None
    assert drift.lever_id == f"{rig.fleet.balancers[0].resource_id}/originGroups/aks"
    eyes.answers.clear()
    await rig.minute()
    assert await held_by(rig) == f"{sentence}: {STRANGER} moved it"


async def test_a_record_beside_a_front_door_is_not_written_again_and_again_while_that_deploys() -> None:
    both = msgspec.structs.replace(balanced(SwitchKind.FRONT_DOOR), live_records=FLEET.live_records)
    rig = await Rig(both).applied()
    await rig.publish_version()
    await rig.until("shift", 24)
    for _ in range(2):
        entered, epoch = rig.clock.now(), (await rig.state()).epoch
        await rig.until("observe", 24)
        passed = (rig.clock.now() - entered).total_seconds() / 60
        assert passed > 15
        assert (await rig.state()).epoch - epoch < 2 * passed
        await rig.fire()
    assert (await rig.ended(24)).outcome is Outcome.ROLLED_BACK
    assert users_on(rig) == {BLUE: 1.0}


@pytest.mark.parametrize("kind", KINDS)
async def test_who_it_was_is_read_from_azures_log(tmp_path: Path, kind: SwitchKind) -> None:
    fleet = balanced_fleet(kind, names=Names(writers=True))
    async with started_on_the_wire(tmp_path, fleet) as rig:
        await rig.until("observe", 24)
        sentence = meddle(rig)
        await minutes(rig, 2)
        assert await held_by(rig) == f"{sentence}: {STRANGER} moved it"
