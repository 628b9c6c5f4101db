"""One change at a time, where Front Door does not say how far the last one is, or that it failed.

Its status is known to stay at `NotStarted` for good, and a classic one tells of the order alone. By hand.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from shared.actions import Action, Failure, Result, SetMatch, SetWeights
from shared.decision import Seen
from shared.fleet import Fleet
from shared.levers import SwitchKind
from shared.model import FleetState, Rollout, Stage
from shared.probes import BalancerSeen, BalancerState
from stages.machine import decide
from tests.engine.balanced import balanced
from tests.fleets import ADDRESSES, BLUE, GREEN
from tests.stages.test_table import NOW
from tests.stages.test_verdicts import rollout

PLAN = balanced(SwitchKind.FRONT_DOOR, steps=True, canary=True)
FRONT = PLAN.balancers[0]
BY_THE_BOOK = timedelta(seconds=FRONT.propagation_seconds)
BACK = msgspec.structs.replace(
    rollout("divert", Stage.ROLLBACK),
    addresses=ADDRESSES,
    entered_at=NOW,
    shifted=True,
    safe=BLUE,
    rollback_because="an alert",
)
RAMP = msgspec.structs.replace(
    rollout("ramp", Stage.SWITCH), addresses=ADDRESSES, entered_at=NOW, shifted=True, portion=1
)
SHIFT = msgspec.structs.replace(RAMP, step="shift", portion=3, ordered_epoch=7)
HALF = {BLUE: 50, GREEN: 50}
BACK_ORDER = SetWeights(FRONT, {BLUE: 100, GREEN: 0})


def after(
    before: Rollout, found: BalancerSeen, now: datetime = NOW, results: tuple[Result, ...] = ()
) -> tuple[Rollout, tuple[Action, ...]]:
    """Where one decision takes the rollout, and what it orders."""
    seen = Seen(now=now, answers={BalancerState(FRONT): found}, signals=(), epoch=9, results=results)
    state = FleetState(live=BLUE, epoch=9, rollout=before)
    decision = decide(PLAN, PLAN, state, seen)
    assert decision.state.rollout is not None
    return decision.state.rollout, decision.actions


def untold(weights: dict[Any, int], **fields: Any) -> BalancerSeen:
    """The Front Door, which does not say whether its edges have that."""
    return BalancerSeen({str(slot): share for slot, share in weights.items()}, untold=True, **fields)


def test_a_way_back_waits_for_the_change_before_it_as_long_as_that_takes_by_the_book() -> None:
    ordered = msgspec.structs.replace(BACK, ordered_at={FRONT.label: NOW})
    early, orders = after(ordered, untold(HALF), NOW + BY_THE_BOOK - timedelta(seconds=1))
    assert orders == ()
    assert "does not say" in early.because
    _, orders = after(ordered, untold(HALF), NOW + BY_THE_BOOK)
    assert orders == (BACK_ORDER,)


def test_the_service_s_own_word_is_believed_at_once() -> None:
    ordered = msgspec.structs.replace(BACK, ordered_at={FRONT.label: NOW})
    _, orders = after(ordered, BalancerSeen({BLUE: 50, GREEN: 50}))
    assert orders == (BACK_ORDER,)


def test_nobody_waits_for_a_change_that_was_not_ordered_by_this_rollout() -> None:
    back, orders = after(BACK, untold(HALF))
    assert orders == (BACK_ORDER,)
    assert back.ordered_at == {FRONT.label: NOW}, "from now on there is one to wait for"


def test_a_canary_is_lifted_no_sooner_either() -> None:
    ordered = msgspec.structs.replace(BACK, ordered_at={FRONT.label: NOW}, ordered_epoch=9)
    found = untold({BLUE: 100}, matched=GREEN)
    assert after(ordered, found, NOW + timedelta(minutes=5))[1] == ()
    lifted, orders = after(ordered, found, NOW + BY_THE_BOOK)
    assert orders == (SetMatch(FRONT, match(PLAN), None),)
    assert lifted.ordered_at == {FRONT.label: NOW + BY_THE_BOOK}


def match(fleet: Fleet) -> Any:
    """The canary's match."""
    assert fleet.shift.match is not None
    return fleet.shift.match.match


def test_an_order_that_was_not_taken_is_not_waited_for() -> None:
    refused = Result(action=BACK_ORDER, failure=Failure(because="409 Conflict", after_seconds=60))
    ordered = msgspec.structs.replace(BACK, ordered_at={FRONT.label: NOW})
    back, _ = after(ordered, untold(HALF), results=(refused,))
    assert back.ordered_at == {}
    _, orders = after(back, untold(HALF), NOW + timedelta(seconds=60))
    assert orders == (BACK_ORDER,)


def test_an_order_of_before_that_was_not_taken_says_nothing_of_the_one_that_was_given_since() -> None:
    """A worker that slept gave up its order; meanwhile another has given one."""
    late = Failure(because="decided more than 240 s ago", conflict=True)
    ordered = msgspec.structs.replace(BACK, ordered_at={FRONT.label: NOW})
    back, orders = after(
        ordered, untold(HALF), results=(Result(action=BACK_ORDER, failure=late, overtaken=True),)
    )
    assert orders == ()
    assert back.ordered_at == {FRONT.label: NOW}


def test_an_order_goes_into_the_claim_that_gives_it_and_its_time_outlives_the_turn_back() -> None:
    ramped, orders = after(RAMP, untold({BLUE: 100}))
    assert [type(order) for order in orders] == [SetWeights]
    assert ramped.ordered_at == {FRONT.label: NOW}


FAILED = BalancerSeen(HALF_SEEN := {"blue": 50, "green": 50}, unsettled="it failed to deploy", failed=True)


@pytest.mark.parametrize("before", [BACK, SHIFT], ids=["back", "forward"])
def test_a_change_that_failed_is_waited_for_by_nobody(before: Rollout) -> None:
    _, orders = after(before, FAILED)
    assert [type(order) for order in orders] == [SetWeights]


@pytest.mark.parametrize(("before", "slot"), [(BACK, BLUE), (SHIFT, GREEN)], ids=["back", "forward"])
def test_what_looks_right_and_failed_is_ordered_again(before: Rollout, slot: str) -> None:
    told = msgspec.structs.replace(before, ordered_epoch=9)
    right = msgspec.structs.replace(FAILED, weights={slot: 100})
    moved, orders = after(told, right)
    assert [type(order) for order in orders] == [SetWeights]
    assert moved.wake_at == NOW + timedelta(seconds=PLAN.policy.poll_seconds), "again, but not at once"


def test_a_step_of_the_ramp_that_failed_on_the_edges_is_ordered_again() -> None:
    proven = NOW + BY_THE_BOOK
    weighed = msgspec.structs.replace(RAMP, weighed_at=NOW, ordered_epoch=9, ready_at=proven)
    tenth = msgspec.structs.replace(FAILED, weights={"blue": 90, "green": 10})
    again, _ = after(weighed, tenth, proven)
    assert again.weighed_at is None
    _, orders = after(again, tenth, proven)
    assert orders == (SetWeights(FRONT, {BLUE: 90, GREEN: 10}),)


def test_a_canary_that_failed_on_the_edges_is_ordered_again() -> None:
    first = msgspec.structs.replace(RAMP, portion=0, ordered_epoch=None)
    failed = BalancerSeen({"blue": 100}, unsettled="it failed to deploy", failed=True, matched=GREEN)
    again, orders = after(first, failed)
    assert orders == (SetMatch(FRONT, match(PLAN), GREEN),)
    assert again.wake_at == NOW + timedelta(seconds=PLAN.policy.poll_seconds)


def test_a_gateway_whose_last_change_failed_is_ordered_again_too() -> None:
    plan = balanced(SwitchKind.APPLICATION_GATEWAY)
    gateway = plan.balancers[0]
    failed = BalancerSeen({"blue": 100}, unsettled="it is Failed", failed=True, etag="e", epoch=9)
    back = msgspec.structs.replace(BACK, ordered_epoch=9)
    seen = Seen(now=NOW, answers={BalancerState(gateway): failed}, signals=(), epoch=9)
    decision = decide(plan, plan, FleetState(live=BLUE, epoch=9, rollout=back), seen)
    assert decision.actions == (SetWeights(gateway, {BLUE: 100, GREEN: 0}, "e"),)
