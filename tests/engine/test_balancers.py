"""Whole rollouts whose lever is a balancer: every kind, step by step and back."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import msgspec
import pytest

from sandbox.world import Faults
from sandbox.world.balancers import MemberState
from sandbox.world.ledger import Happening
from sandbox.world.settings import Family, Outage
from shared.levers import SwitchKind
from shared.model import Outcome, Rollout, SignalKind
from shared.policy import DriftPolicy
from shared.probes import HostSeen, HostState
from tests.engine.balanced import balanced
from tests.engine.rig import Rig
from tests.engine.test_safety import Eyes
from tests.fleets import BLUE, GREEN

WEIGHTED = (SwitchKind.FRONT_DOOR, SwitchKind.FRONT_DOOR_CLASSIC, SwitchKind.TRAFFIC_MANAGER)
FRONT_DOOR_SECONDS = 900
SILENT = Faults(outages=(Outage(family=Family.LOGS, from_seconds=3_100, until_seconds=10_000),))
"""No gate on logs has an answer any more once the first users have come."""


def told(rig: Rig) -> list[int]:
    """The candidate's percent in each change of the balancer, without repeats."""
    balancer = rig.fleet.balancers[0]
    name = balancer.member(GREEN).name
    shares = []
    for change in rig.world.balancers.history(balancer):
        total = sum(state.weight for state in change.members.values() if state.enabled)
        state = change.members[name]
        shares.append(round(100 * state.weight / total) if state.enabled else 0)
    return [share for before, share in zip([None, *shares], shares, strict=False) if share != before]


def ttls_beneath(rig: Rig) -> list[int]:
    """The TTL of each record beneath the balancer now."""
    records = rig.fleet.balancers[0].beneath
    return [rig.world.zones.get(each.zone_id, each.name, each.type).ttl_seconds for each in records]


def users_on(rig: Rig) -> dict[str, float]:
    """The share of users at each slot now."""
    return {slot: round(share, 3) for slot, share in rig.world.traffic.mix(rig.clock.now()).items()}


async def started(kind: SwitchKind, faults: Faults | None = None, **options: bool) -> Rig:
    rig = await Rig(balanced(kind, **options), faults).applied()
    await rig.publish_version()
    return rig


async def minutes(rig: Rig, count: int) -> None:
    for _ in range(count):
        await rig.minute()


@pytest.mark.parametrize("kind", WEIGHTED)
async def test_users_come_step_by_step_and_then_all_of_them(kind: SwitchKind) -> None:
    rig = await started(kind, steps=True)
    ended = await rig.ended(24)
    assert ended.outcome is Outcome.COMPLETED
    shares = told(rig)
    assert shares == sorted(shares), "nobody is sent back and forth"
    assert {0, 10, 50, 100}.issubset(shares)
    assert users_on(rig) == {GREEN: 1.0}


async def test_a_gateway_in_front_of_both_slots_moves_as_a_whole() -> None:
    rig = await started(SwitchKind.APPLICATION_GATEWAY)
    assert (await rig.ended()).outcome is Outcome.COMPLETED
    assert told(rig) == [0, 100]


async def test_a_canary_takes_who_asks_for_it_before_any_weight_and_is_lifted_after_the_switch() -> None:
    rig = await started(SwitchKind.FRONT_DOOR, canary=True, steps=True)
    balancer = rig.fleet.balancers[0]
    await rig.until("shift", 24)
    history = rig.world.balancers.history(balancer)[:4]
    assert [change.matched for change in history] == [None, GREEN, GREEN, GREEN]
    assert history[1].members == history[0].members, "nobody else was moved"
    assert (await rig.ended(24)).outcome is Outcome.COMPLETED
    assert rig.world.balancers.newest(balancer).matched is None


@pytest.mark.parametrize("portion", [0, 1, 2])
async def test_a_fault_in_the_ramp_takes_everybody_back(portion: int) -> None:
    rig = await started(SwitchKind.TRAFFIC_MANAGER, steps=True)
    await reaching(rig, portion)
    await rig.fire()
    ended = await rig.ended()
    assert ended.outcome is Outcome.ROLLED_BACK
    assert told(rig)[-1] == 0
    assert users_on(rig) == {BLUE: 1.0}


async def test_a_step_that_a_person_promotes_leads_to_the_next_and_not_to_everybody() -> None:
    rig = await started(SwitchKind.TRAFFIC_MANAGER, SILENT, steps=True)
    await reaching(rig, 0)
    while (await rig.rollout()).held is None:
        await rig.minute()
    await rig.send(SignalKind.PROMOTE, by="a person")
    await minutes(rig, 3)
    assert (await rig.rollout()).step == "ramp"
    assert told(rig) == [0, 10, 50]


async def reaching(rig: Rig, portion: int) -> Rollout:
    """Let time pass until that step of the plan is in force, or the step after the last of them."""
    await rig.until("ramp", 24)
    for _ in range(24 * 60):
        rollout = await rig.rollout()
        if rollout.step != "ramp" or (rollout.portion == portion and rollout.weighed_at is not None):
            return rollout
        await rig.minute()
    raise AssertionError(f"portion {portion} was not reached")


async def test_the_way_back_goes_by_the_records_beneath_and_takes_what_dns_takes() -> None:
    rig = await started(SwitchKind.FRONT_DOOR, beneath=True, steps=True)
    await rig.until("bake", 24)
    assert users_on(rig) == {GREEN: 1.0}
    fired_at = rig.clock.now()
    await rig.fire()
    # 60 s of propagation and a TTL of 60 s, where Front Door itself would need its quarter of an hour.
    rig.clock.at = fired_at + timedelta(seconds=121)
    assert users_on(rig) == {BLUE: 1.0}
    ended = await rig.ended(24)
    assert ended.outcome is Outcome.ROLLED_BACK
    assert users_on(rig) == {BLUE: 1.0}
    assert not ended.beneath, "the records beneath are as declared again"
    assert ttls_beneath(rig) == [60, 60], "and so are their TTLs"


async def test_no_change_is_queued_behind_one_that_is_being_deployed() -> None:
    rig = await started(SwitchKind.FRONT_DOOR, canary=True, steps=True)
    await reaching(rig, 1)
    await rig.fire()
    assert (await rig.ended(24)).outcome is Outcome.ROLLED_BACK
    changes = rig.world.balancers.history(rig.fleet.balancers[0])
    gaps = [(b.at - a.at).total_seconds() for a, b in pairwise(changes)]
    assert len(gaps) >= 4
    assert min(gaps) >= FRONT_DOOR_SECONDS


async def test_a_front_door_that_takes_no_orders_gives_way_to_the_records_beneath() -> None:
    frozen = Outage(family=Family.FRONT_DOOR, from_seconds=2400, until_seconds=8 * 3600)
    rig = await started(SwitchKind.FRONT_DOOR, Faults(outages=(frozen,)), beneath=True)
    rollout = await rig.until("observe", 24)
    assert rollout.step == "observe"
    assert rollout.beneath
    assert users_on(rig) == {GREEN: 1.0}
    assert told(rig) == [0]
    ended = await rig.ended(24)
    assert ended.outcome is Outcome.COMPLETED
    assert told(rig)[-1] == 100, "once it takes orders again, it is told as well"
    assert ttls_beneath(rig) == [60, 60]
    assert users_on(rig) == {GREEN: 1.0}


async def test_without_records_beneath_a_frozen_front_door_stops_the_rollout_before_any_user_moved() -> None:
    frozen = Outage(family=Family.FRONT_DOOR, from_seconds=2400, until_seconds=24 * 3600)
    rig = await started(SwitchKind.FRONT_DOOR, Faults(outages=(frozen,)))
    await rig.until("shift", 24)
    await minutes(rig, 120)
    assert users_on(rig) == {BLUE: 1.0}
    assert told(rig) == [0]


async def test_a_burn_that_shows_at_ten_percent_never_reaches_the_other_ninety() -> None:
    burn = Faults(slow_burn=True, slow_burn_share=0.3, slow_burn_seconds=60)
    rig = await started(SwitchKind.TRAFFIC_MANAGER, burn, steps=True)
    ended = await rig.ended()
    assert ended.outcome is Outcome.ROLLED_BACK
    assert told(rig) == [0, 10, 0]
    assert "failed-share" in ended.because


async def test_weights_that_somebody_else_moves_under_a_canary_are_put_back() -> None:
    fleet = balanced(SwitchKind.FRONT_DOOR_CLASSIC, canary=True)
    policy = msgspec.structs.replace(fleet.policy, drift=DriftPolicy.REPAIR)
    rig = await Rig(msgspec.structs.replace(fleet, policy=policy)).applied()
    await rig.publish_version()
    await reaching(rig, 0)
    balancer, weights = rig.fleet.balancers[0], rig.world.balancers
    tilted = {member.name: MemberState(500, enabled=True) for member in balancer.members}
    weights.write(balancer, tilted, by="mallory@contoso.com")
    assert told(rig)[-1] == 50
    await minutes(rig, 40)
    assert 0 in told(rig)[told(rig).index(50) :], "nobody but those who match is to be on the candidate"
    assert weights.history(balancer)[-1].matched == GREEN
    assert (await rig.ended(24)).outcome is Outcome.COMPLETED


async def test_a_front_door_that_never_finishes_a_change_gives_way_to_the_records_beneath() -> None:
    rig = await started(SwitchKind.FRONT_DOOR, beneath=True)
    estate = rig.world.estate
    estate.timings = msgspec.structs.replace(estate.timings, front_door_seconds=30 * 24 * 3600)
    rollout = await rig.until("observe", 24)
    assert (rollout.step, rollout.beneath) == ("observe", True)
    assert users_on(rig) == {GREEN: 1.0}
    trail = await rig.store.audit(rig.fleet.name)
    assert any("deploying its last change: it goes by the records beneath" in each.because for each in trail)


@pytest.mark.parametrize("kind", [SwitchKind.FRONT_DOOR, SwitchKind.FRONT_DOOR_CLASSIC])
async def test_caches_are_emptied_once_and_after_everybody_has_moved(kind: SwitchKind) -> None:
    rig = await started(kind)
    assert (await rig.ended(24)).outcome is Outcome.COMPLETED
    entries = rig.world.ledger.until(rig.clock.now())
    (purged,) = [each.at for each in entries if each.kind is Happening.CACHE_PURGED]
    moved = [each.at for each in entries if each.kind is Happening.WEIGHTS_WRITTEN]
    assert max(moved) + timedelta(seconds=FRONT_DOOR_SECONDS) <= purged


async def test_caches_forget_a_candidate_that_users_were_taken_back_from() -> None:
    rig = await started(SwitchKind.FRONT_DOOR, beneath=True)
    await rig.until("bake", 24)
    fired_at = rig.clock.now()
    await rig.fire()
    assert (await rig.ended(24)).outcome is Outcome.ROLLED_BACK
    entries = rig.world.ledger.until(rig.clock.now())
    purged = [each.at for each in entries if each.kind is Happening.CACHE_PURGED and each.at > fired_at]
    assert len(purged) == 1
    trail = await rig.store.audit(rig.fleet.name)
    proven = next(each.at for each in trail if "the traffic is back" in each.because)
    assert purged[0] >= proven, "what brings users back waits for no cache"


async def test_a_proof_that_lapses_stops_the_ramp_and_says_so_until_it_is_renewed() -> None:
    rig = await started(SwitchKind.TRAFFIC_MANAGER, steps=True)
    eyes = Eyes(rig)
    await reaching(rig, 0)
    eyes.answers[HostState] = HostSeen(503)
    await minutes(rig, 40)
    rollout = await rig.rollout()
    assert rollout.step == "ramp"
    assert rollout.held is not None
    assert rollout.held.because.startswith("blue could not take all traffic back: aks-blue.contoso.com")
    assert told(rig)[-1] == 10
    eyes.answers.clear()
    assert (await rig.ended()).outcome is Outcome.COMPLETED
