"""What every balancer promises: on the stand-in by both doors and, where one is named, on Azure itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
import pytest

from sandbox.world import Faults
from sandbox.world.ledger import Happening
from sandbox.world.settings import Outage
from shared.actions import Action, Purge, SetMatch, SetWeights
from shared.errors import Refused, Retry, Superseded
from shared.levers import MATCHING, WEIGHTED, Match
from shared.probes import Unavailable
from tests.contract import subscription
from tests.contract.balancers import ROWS, Balanced, StandIn
from tests.contract.sides import seen_as
from tests.fleets import BLUE, GREEN

LIVE, TENTH, CANDIDATE = {BLUE: 100, GREEN: 0}, {BLUE: 90, GREEN: 10}, {BLUE: 0, GREEN: 100}
HEADER, COOKIE = Match(value="canary", header="x-switchyard"), Match(value="canary", cookie="switchyard")

type Start = Callable[..., Awaitable[StandIn]]


async def test_a_new_balancer_sends_everything_to_the_live_slot(stand_in: StandIn) -> None:
    seen = await stand_in.see()
    assert (seen.weights, seen.unsettled, seen.matched) == ({BLUE: 100}, "", "")


async def test_a_cut_over_ends_at_the_candidate_and_may_be_ordered_again(balanced: Balanced) -> None:
    await balanced.reach(LIVE)
    seen = await balanced.reach(CANDIDATE)
    await balanced.order(CANDIDATE)
    again = await balanced.reach(CANDIDATE)
    assert (again.weights, again.epoch, again.matched) == ({GREEN: 100}, seen.epoch, "")


async def test_a_tenth_goes_to_the_candidate_and_is_taken_back(balanced: Balanced) -> None:
    if balanced.row.kind not in WEIGHTED:
        with pytest.raises(Refused):
            await balanced.order(TENTH)
        return
    assert (await balanced.reach(TENTH)).weights == {BLUE: 90, GREEN: 10}
    assert (await balanced.reach(LIVE)).weights == {BLUE: 100}


async def test_nobody_is_ever_sent_nowhere(stand_in: StandIn) -> None:
    for weights in (CANDIDATE, LIVE, *([TENTH, CANDIDATE] if stand_in.row.kind in WEIGHTED else [])):
        await stand_in.reach(weights)
    changes = stand_in.model.history(stand_in.balancer)
    assert len(changes) > (3 if stand_in.row.kind in WEIGHTED else 2)
    assert all(any(each.enabled for each in change.members.values()) for change in changes)
    assert stand_in.served() == pytest.approx([1.0] * len(stand_in.served()))


async def test_an_order_changes_all_members_or_first_the_one_that_gets_more(stand_in: StandIn) -> None:
    await stand_in.order(CANDIDATE)
    await stand_in.wait()
    halves = {BLUE: 50, GREEN: 50}
    assert (await stand_in.see()).weights == (halves if stand_in.row.one_by_one else {GREEN: 100})


async def test_what_is_right_already_stays_as_it_is(stand_in: StandIn) -> None:
    await stand_in.reach(CANDIDATE)
    before = stand_in.model.newest(stand_in.balancer).members
    for _ in range(3):
        await stand_in.order(CANDIDATE)
        await stand_in.wait()
    assert stand_in.model.newest(stand_in.balancer).members == before
    assert (await stand_in.see()).weights == {GREEN: 100}


async def test_a_change_is_on_its_way_until_everybody_has_it(stand_in: StandIn) -> None:
    await stand_in.order(CANDIDATE)
    assert (await stand_in.see()).unsettled
    await stand_in.wait()
    assert not (await stand_in.see()).unsettled


async def test_a_change_that_would_have_to_queue_is_for_later_and_queues_nothing(stand_in: StandIn) -> None:
    if not stand_in.row.in_turn:
        return
    await stand_in.order(CANDIDATE)
    before = stand_in.model.changes()
    for weights in (LIVE, CANDIDATE):
        with pytest.raises(Retry) as raised:
            await stand_in.order(weights)
        assert raised.value.after_seconds
    with pytest.raises(Retry):
        await stand_in.do(SetMatch(stand_in.balancer, HEADER, GREEN))
    assert stand_in.model.changes() == before
    await stand_in.wait()
    await stand_in.order(LIVE)
    assert stand_in.model.changes() == before + 1


@pytest.mark.parametrize("match", [HEADER, COOKIE], ids=["header", "cookie"])
async def test_a_canary_is_set_and_lifted(balanced: Balanced, match: Match) -> None:
    if balanced.row.kind not in MATCHING:
        with pytest.raises(Refused):
            await balanced.do(SetMatch(balanced.balancer, match, GREEN))
        return
    before = (await balanced.see()).weights
    seen = await balanced.send(match, GREEN)
    assert (seen.matched, seen.weights) == (GREEN, before)
    await balanced.do(SetMatch(balanced.balancer, match, GREEN))
    assert not (await balanced.see()).unsettled
    assert (await balanced.send(match, None)).matched == ""
    await balanced.do(SetMatch(balanced.balancer, match, None))
    assert not (await balanced.see()).unsettled


async def test_another_canary_replaces_the_first(stand_in: StandIn) -> None:
    if stand_in.row.kind not in MATCHING:
        return
    await stand_in.send(HEADER, GREEN)
    await stand_in.do(SetMatch(stand_in.balancer, COOKIE, BLUE))
    await stand_in.wait()
    newest = stand_in.model.newest(stand_in.balancer)
    assert (newest.match, newest.matched) == (COOKIE, BLUE)
    assert (await stand_in.see()).matched == BLUE


async def test_a_canary_needs_rules_and_a_group_of_its_slot_alone(stand_in: StandIn) -> None:
    members = tuple(msgspec.structs.replace(each, group="") for each in stand_in.balancer.members)
    for lacking in ({"members": members}, {"rules": ""}):
        balancer = msgspec.structs.replace(stand_in.balancer, **lacking)
        with pytest.raises(Refused):
            await stand_in.do(SetMatch(balancer, HEADER, GREEN))
    assert (await stand_in.see()).matched == ""


async def test_caches_are_emptied_where_there_are_any(stand_in: StandIn) -> None:
    await stand_in.do(Purge(stand_in.balancer))
    purged = [
        entry
        for entry in stand_in.estate.world.ledger.until(stand_in.now())
        if entry.kind is Happening.CACHE_PURGED
    ]
    assert len(purged) == (1 if stand_in.balancer.endpoint else 0)


@pytest.mark.parametrize("status", [409, 429, 503])
async def test_a_frozen_control_plane_is_for_later_and_changes_nothing(start: Start, status: int) -> None:
    outages = tuple(
        Outage(family=family, from_seconds=0, until_seconds=9e9, status=status, retry_after_seconds=17)
        for family in {row.family for row in ROWS}
    )
    it = await start(Faults(outages=outages))
    if status == 409 and not it.row.in_turn:
        # Whoever does not deploy one change at a time has no such answer for a whole control plane.
        return
    assert seen_as(await it.answer(), Unavailable).after_seconds == 17
    weights, match = SetWeights(it.balancer, {BLUE: 0, GREEN: 100}), SetMatch(it.balancer, HEADER, GREEN)
    orders: list[Action] = [weights, match, Purge(it.balancer)]
    for order in orders if it.row.kind in MATCHING else orders[:1]:
        with pytest.raises(Retry) as raised:
            await it.do(order)
        assert raised.value.after_seconds == 17
    assert it.model.changes() == 0


async def test_an_older_epoch_never_moves_it(balanced: Balanced) -> None:
    if not balanced.row.epoch:
        return
    first = (await balanced.see()).epoch or 1
    await balanced.order(CANDIDATE, epoch=first + 7)
    seen = await balanced.reach(CANDIDATE)
    assert (seen.epoch, seen.fleet) == (first + 7, balanced.fleet.name)
    with pytest.raises(Superseded, match="epoch"):
        await balanced.order(LIVE, epoch=first + 6)
    assert (await balanced.see()).weights == {GREEN: 100}
    await balanced.order(LIVE, epoch=first + 7)
    assert (await balanced.reach(LIVE)).epoch == first + 7


async def test_a_write_that_changes_nothing_carries_its_epoch_all_the_same(stand_in: StandIn) -> None:
    if not stand_in.row.epoch:
        return
    await stand_in.order(LIVE, epoch=3)
    assert (await stand_in.see()).epoch == 3


async def test_a_write_under_an_etag_that_has_passed_is_superseded(balanced: Balanced) -> None:
    if not balanced.row.etag:
        return
    stale = (await balanced.see()).etag
    await balanced.reach(CANDIDATE)
    with pytest.raises(Superseded):
        await balanced.do(SetWeights(balanced.balancer, {BLUE: 100, GREEN: 0}, stale))
    assert (await balanced.see()).weights == {GREEN: 100}


def test_the_contract_was_held_against_azure_itself() -> None:
    if missing := subscription.missing([row.kind for row in ROWS]):
        pytest.skip(f"NOT CHECKED against Azure itself: set {', '.join(missing)} (docs/contract.md)")
