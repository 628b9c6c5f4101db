"""How a hold that an alert caused ends: by its resolution, whenever that is heard of, or by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from shared.alert_rules import AlertMapping, Alerts
from shared.model import FleetState, Hold, HoldKind, Signal, SignalKind, Stage
from stages.alerting import OVER_MAX, told, wake_seconds
from stages.react import react
from stages.reacted import Reacted
from stages.table import Phase
from tests.fleets import BLUE, FLEET
from tests.stages.test_alerting import (
    HOLD,
    fired,
    fleet,
    held_in,
    resolved,
    rollout,
)
from tests.stages.test_table import NOW, signal, state_in


@pytest.mark.parametrize("kind", [HoldKind.PERSON, HoldKind.GATE, HoldKind.DRIFT, HoldKind.DEADLINE])
def test_resolved_lifts_nobody_elses_hold(kind: HoldKind) -> None:
    state = held_in(Phase.SYNC, Hold(kind=kind, because="a cause of its own", since=NOW))
    held = react(FLEET, state, (fired(BLUE),), NOW, None).state
    after = rollout(react(FLEET, held, (resolved(),), NOW, None)).held
    assert after is not None
    assert (after.kind, after.because) == (kind, "a cause of its own")


def test_the_last_of_several_alerts_to_be_resolved_lifts_their_hold() -> None:
    state = react(FLEET, state_in(Phase.SYNC), (fired(BLUE), fired(BLUE, "b")), NOW, None).state
    for alert_id, holds in (("c", True), ("b", True), ("a", False)):
        reacted = react(FLEET, state, (resolved(alert_id),), NOW, None)
        state = reacted.state
        assert (rollout(reacted).held is not None) is holds


def over_first(fired_later: Signal, phase: Phase = Phase.SYNC) -> Reacted:
    """What comes of an alert whose end was heard of first, in a claim of its own."""
    over = resolved(fired_later.alert_id or "", at=NOW + timedelta(minutes=3))
    state = react(FLEET, state_in(phase), (over,), NOW + timedelta(minutes=4), None).state
    return react(FLEET, state, (fired_later,), NOW + timedelta(minutes=5), None)


def test_an_alert_whose_end_was_heard_of_first_holds_nothing() -> None:
    reacted = over_first(fired(BLUE))
    assert rollout(reacted).held is None
    assert reacted.because == "noted: a fired; it was over at 09:03 UTC, which was heard of first"
    assert reacted.dispositions[0].applied


def test_a_clean_run_begins_anew_after_an_alert_whose_end_was_heard_of_first() -> None:
    governing = fleet(AlertMapping(effect=HOLD))
    state = state_in(Phase.RETIRE)
    assert state.rollout is not None
    state = msgspec.structs.replace(state, rollout=msgspec.structs.replace(state.rollout, clean_since=NOW))
    for alert in (resolved(at=NOW), fired()):
        state = react(governing, state, (alert,), NOW, None).state
    assert state.rollout is not None
    assert (state.rollout.held, state.rollout.clean_since) == (None, None)


@pytest.mark.parametrize(
    "alert",
    [
        fired(BLUE, fired_at=NOW + timedelta(minutes=4)),
        fired(BLUE, fired_at=None),
    ],
    ids=["fires again after its end", "does not say when it fired"],
)
def test_an_alert_that_may_be_a_new_one_holds_whatever_was_over_before(alert: Signal) -> None:
    assert rollout(over_first(alert)).held is not None


def test_an_alert_that_rolls_back_does_so_whatever_order_its_signals_came_in() -> None:
    assert rollout(over_first(fired(), Phase.RETIRE)).stage is Stage.ROLLBACK


def minute(n: int) -> datetime:
    return NOW + timedelta(minutes=n)


def test_the_end_of_an_earlier_firing_does_not_lift_the_hold_of_a_later_one() -> None:
    """News of a resource's health is of one alert, and may come in any order."""
    state = react(FLEET, state_in(Phase.SYNC), (fired(BLUE, fired_at=minute(1)),), minute(1), None).state
    state = react(FLEET, state, (fired(BLUE, id="again", fired_at=minute(9)),), minute(9), None).state
    late = react(FLEET, state, (resolved(at=minute(5)),), minute(10), None)
    assert rollout(late).held is not None
    assert late.dispositions[0].because == "noted: a is over; it has fired again since, at 09:09 UTC"
    over = react(FLEET, late.state, (resolved(id="over", at=minute(12)),), minute(13), None)
    assert rollout(over).held is None


def test_a_firing_that_is_heard_of_after_a_later_end_holds_nothing() -> None:
    state = react(FLEET, state_in(Phase.SYNC), (fired(BLUE, fired_at=minute(1)),), minute(1), None).state
    state = react(FLEET, state, (resolved(at=minute(5)),), minute(6), None).state
    late = react(FLEET, state, (fired(BLUE, id="late", fired_at=minute(3)),), minute(7), None)
    assert rollout(late).held is None
    again = react(FLEET, state, (fired(BLUE, id="again", fired_at=minute(8)),), minute(8), None)
    assert rollout(again).held is not None


def test_what_is_over_is_remembered_of_the_newest_alerts_only() -> None:
    state = state_in(Phase.SYNC)
    for n in range(OVER_MAX + 1):
        state = react(FLEET, state, (resolved(f"a{n}"),), NOW, None).state
    assert state.rollout is not None
    assert list(state.rollout.over_alerts) == [f"a{n}" for n in range(1, OVER_MAX + 1)]


def test_a_hold_by_an_alert_that_never_resolves_expires_and_says_so() -> None:
    governing = fleet(expire_seconds=600)
    held = react(governing, state_in(Phase.SYNC), (fired(BLUE, stateless=True),), NOW, None).state
    soon = react(governing, held, (), NOW + timedelta(seconds=599), None)
    assert soon.state == held
    over = react(governing, held, (), NOW + timedelta(seconds=600), None)
    assert (rollout(over).held, rollout(over).entered_at) == (None, NOW + timedelta(seconds=600))
    assert over.because == (
        "goes on: the hold since 09:00 has expired, for nobody may say that the alert is over: a fired"
    )


@pytest.mark.parametrize(
    ("seconds", "at"), [(600, "09:10"), (3 * 86_400, f"{NOW + timedelta(days=3):%Y-%m-%d} 09:00")]
)
def test_a_hold_that_ends_on_another_day_says_on_which(seconds: int, at: str) -> None:
    governing = fleet(expire_seconds=seconds)
    held = rollout(react(governing, state_in(Phase.SYNC), (fired(BLUE, stateless=True),), NOW, None)).held
    assert held is not None
    assert told(held).endswith(f"so the hold expires at {at})")


def test_an_alert_that_never_resolves_and_fires_again_holds_for_longer() -> None:
    governing = fleet(expire_seconds=600)
    held = react(governing, state_in(Phase.SYNC), (fired(BLUE, stateless=True),), NOW, None).state
    later = NOW + timedelta(seconds=500)
    held = react(governing, held, (fired(BLUE, id="again", stateless=True),), later, None).state
    for seconds, holds in ((600, True), (1099, True), (1100, False)):
        after = rollout(react(governing, held, (), NOW + timedelta(seconds=seconds), None))
        assert (after.held is not None) is holds


def test_an_alert_that_can_be_resolved_is_waited_for_when_the_others_have_expired() -> None:
    governing = fleet(expire_seconds=600)
    alerts = (fired(BLUE, "a", stateless=True), fired(BLUE, "b"))
    held = react(governing, state_in(Phase.SYNC), alerts, NOW, None).state
    state = react(governing, held, (), NOW + timedelta(days=1), None).state
    assert state.rollout is not None
    assert state.rollout.held is not None
    assert state.rollout.held.alert_ids == ("b",)
    assert rollout(react(governing, state, (resolved("b"),), NOW, None)).held is None


def test_a_mapping_says_when_the_hold_of_a_rule_expires_that_nobody_resolves() -> None:
    governing = fleet(AlertMapping(effect=HOLD, rule="checkout-*", expire_seconds=120))
    held = react(governing, state_in(Phase.RETIRE), (fired(),), NOW, None).state
    assert rollout(react(governing, held, (), NOW + timedelta(seconds=119), None)).held is not None
    assert rollout(react(governing, held, (), NOW + timedelta(seconds=120), None)).held is None


def test_a_plan_of_before_holds_until_a_person_goes_on() -> None:
    held = react(FLEET, state_in(Phase.SYNC), (fired(BLUE, stateless=True),), NOW, None).state
    assert FLEET.alerts == Alerts()
    assert react(FLEET, held, (), NOW + timedelta(days=30), None).state == held


def test_what_an_expired_hold_covered_holds_again() -> None:
    asks = Hold(kind=HoldKind.DEADLINE, because="a person decides", since=NOW)
    state = held_in(Phase.SYNC, asks)
    governing = fleet(expire_seconds=600)
    held = react(governing, state, (fired(BLUE, stateless=True),), NOW, None).state
    over = react(governing, held, (), NOW + timedelta(seconds=600), None)
    assert rollout(over).held == asks
    assert over.because is not None
    assert over.because.startswith(
        "held as before, because a person decides: the hold since 09:00 has expired"
    )


def after(state: FleetState, *signals: Signal, minutes: int = 0) -> FleetState:
    """The fleet after these signals, each in a claim of its own."""
    for each in signals:
        state = react(fleet(expire_seconds=600), state, (each,), NOW + timedelta(minutes=minutes), None).state
    return state


PAUSE, RESUME, RETRY = (signal(kind) for kind in (SignalKind.PAUSE, SignalKind.RESUME, SignalKind.RETRY))


def hold_of(state: FleetState) -> HoldKind | None:
    assert state.rollout is not None
    return state.rollout.held.kind if state.rollout.held is not None else None


@pytest.mark.parametrize("before", [(PAUSE, fired(BLUE)), (fired(BLUE), PAUSE)], ids=["after", "before"])
@pytest.mark.parametrize("goes_on", [RESUME, RETRY])
def test_an_alert_holds_after_a_person_did_whichever_came_first(
    before: tuple[Signal, ...], goes_on: Signal
) -> None:
    state = after(state_in(Phase.SYNC), *before)
    assert hold_of(state) is HoldKind.PERSON
    state = after(state, goes_on)
    assert hold_of(state) is HoldKind.ALERT
    assert hold_of(after(state, resolved())) is None
    assert hold_of(after(state, goes_on)) is None, "a person may go on in spite of it"


def test_an_alert_beneath_a_persons_hold_is_told_and_resolved_there() -> None:
    state = after(state_in(Phase.SYNC), PAUSE, fired(BLUE), fired(BLUE, "b"))
    assert state.rollout is not None
    assert state.rollout.held is not None
    assert told(state.rollout.held) == "held since 09:00: a pause; after that because a fired"
    state = after(state, resolved("b"), resolved())
    assert hold_of(state) is HoldKind.PERSON
    assert hold_of(after(state, RESUME)) is None


def test_an_alert_beneath_a_persons_hold_expires_there() -> None:
    state = after(state_in(Phase.SYNC), PAUSE, fired(BLUE, stateless=True))
    assert state.rollout is not None
    assert state.rollout.held is not None
    assert wake_seconds(state.rollout.held, 3600, NOW) == 600
    expired = react(fleet(), state, (), NOW + timedelta(seconds=600), None)
    assert hold_of(expired.state) is HoldKind.PERSON
    assert expired.because is not None
    assert "has expired" in expired.because
    assert hold_of(after(expired.state, RESUME, minutes=10)) is None


def test_a_question_that_an_alert_covered_is_asked_after_the_persons_hold() -> None:
    asks = Hold(kind=HoldKind.DEADLINE, because="a person decides", since=NOW)
    state = after(held_in(Phase.SYNC, asks), fired(BLUE), PAUSE, RESUME)
    assert hold_of(state) is HoldKind.ALERT
    assert hold_of(after(state, resolved())) is HoldKind.DEADLINE
