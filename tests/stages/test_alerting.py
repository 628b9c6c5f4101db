"""What an alert does to a rollout: mappings, holds that end, alerts of before, and sentences that say so."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from shared.alert_rules import AlertEffect, AlertMapping, Alerts, like
from shared.fleet import Fleet
from shared.model import FleetState, Hold, HoldKind, Rollout, Signal, SignalKind, Stage
from stages.alerting import OVER_MAX
from stages.react import react
from stages.reacted import Reacted
from stages.table import Phase
from tests.fleets import BLUE, FLEET, GREEN
from tests.stages.test_table import NOW, signal, state_in

RULE_ID = (
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourcegroups/rg"
    "/providers/microsoft.insights/metricalerts/checkout-slow"
)
ROLLBACK, HOLD, NOTE = AlertEffect.ROLLBACK, AlertEffect.HOLD, AlertEffect.NOTE


def fleet(*mappings: AlertMapping, expire_seconds: int = 3600) -> Fleet:
    """The fleet with these alerts."""
    return msgspec.structs.replace(FLEET, alerts=Alerts(mappings=mappings, expire_seconds=expire_seconds))


def fired(slot: str = GREEN, alert_id: str = "a", **fields: object) -> Signal:
    known = {
        "slot": slot,
        "state": "fired",
        "severity": "Sev1",
        "alert_id": alert_id,
        "rule": "checkout-slow",
    }
    said = {"id": f"fired-{alert_id}", "because": f"{alert_id} fired", "fired_at": NOW}
    return signal(SignalKind.ALERT, **{**known, **said, **fields})


def resolved(alert_id: str = "a", **fields: object) -> Signal:
    known = {"id": f"resolved-{alert_id}", "state": "resolved", "alert_id": alert_id}
    return signal(SignalKind.ALERT, slot=GREEN, because=f"{alert_id} is over", **{**known, **fields})


def rollout(reacted: Reacted) -> Rollout:
    found = reacted.state.rollout
    assert found is not None
    return found


def does(governing: Fleet, phase: Phase, alert: Signal) -> str:
    """What the alert does to a rollout in that phase, in one word."""
    after = rollout(react(governing, state_in(phase), (alert,), NOW, None))
    if after.stage is Stage.ROLLBACK:
        return "rollback"
    return "note" if after.held is None else f"hold by {after.held.kind.value}"


def held_in(phase: Phase, hold: Hold) -> FleetState:
    state = state_in(phase)
    assert state.rollout is not None
    return msgspec.structs.replace(state, rollout=msgspec.structs.replace(state.rollout, held=hold))


@pytest.mark.parametrize(
    ("mapping", "alert", "met"),
    [
        (AlertMapping(effect=HOLD), fired(), True),
        (AlertMapping(effect=HOLD, severities=("Sev1",)), fired(), True),
        (AlertMapping(effect=HOLD, severities=("Sev0",)), fired(), False),
        (AlertMapping(effect=HOLD, severities=("Sev0",)), fired(severity=None), False),
        (AlertMapping(effect=HOLD, rule="checkout-*"), fired(), True),
        (AlertMapping(effect=HOLD, rule="CHECKOUT-*"), fired(rule="Checkout-Slow"), True),
        (AlertMapping(effect=HOLD, rule="checkout"), fired(), False),
        (AlertMapping(effect=HOLD, rule="checkout-*"), fired(rule=None), False),
        (AlertMapping(effect=HOLD, rule=RULE_ID), fired(rule_id=RULE_ID), True),
        (AlertMapping(effect=HOLD, rule=RULE_ID), fired(rule_id=RULE_ID.replace("/rg/", "/else/")), False),
        (AlertMapping(effect=HOLD, rule=RULE_ID), fired(rule_id=None), True),
        (AlertMapping(effect=HOLD, stages=("T3", "T4")), fired(), True),
        (AlertMapping(effect=HOLD, stages=("T1", "T2")), fired(), False),
        (AlertMapping(effect=HOLD, severities=("Sev1",), stages=("T1",)), fired(), False),
    ],
)
def test_a_mapping_counts_only_where_all_its_conditions_are_met(
    mapping: AlertMapping, alert: Signal, met: bool
) -> None:
    # Without the mapping, a Sev1 on the candidate rolls back and one without severity is news.
    otherwise = "rollback" if alert.severity else "note"
    assert does(fleet(mapping), Phase.RETIRE, alert) == ("hold by alert" if met else otherwise)


def test_the_first_mapping_that_is_met_decides() -> None:
    governing = fleet(
        AlertMapping(effect=NOTE, rule="checkout-slow"), AlertMapping(effect=HOLD, rule="checkout-*")
    )
    assert does(governing, Phase.SWITCH, fired()) == "note"
    assert does(governing, Phase.SWITCH, fired(rule="checkout-down")) == "hold by alert"
    assert does(governing, Phase.SWITCH, fired(rule="nodes")) == "rollback"


def test_a_mapping_counts_whatever_the_severities_say() -> None:
    governing = fleet(AlertMapping(effect=ROLLBACK, rule="checkout-*"))
    policy = msgspec.structs.replace(FLEET.policy, alert_severities=("Sev0",))
    governing = msgspec.structs.replace(governing, policy=policy)
    assert does(governing, Phase.RETIRE, fired(severity="Sev4")) == "rollback"
    assert does(governing, Phase.RETIRE, fired(severity="Sev4", rule="nodes")) == "note"


@pytest.mark.parametrize("effect", [ROLLBACK, HOLD])
def test_an_alert_on_live_pauses_before_the_switch_and_never_rolls_back(effect: AlertEffect) -> None:
    governing = fleet(AlertMapping(effect=effect))
    done = {phase: does(governing, phase, fired(BLUE)) for phase in (Phase.PREPARE, Phase.SYNC)}
    assert set(done.values()) == {"hold by alert"}
    assert does(governing, Phase.SWITCH, fired(BLUE)) == "note"
    assert does(governing, Phase.RETIRE, fired(BLUE)) == "note"


@pytest.mark.parametrize("step", ["recheck", "ramp", "shift"])
def test_an_alert_on_live_pauses_a_switch_that_has_ordered_no_user_over_yet(step: str) -> None:
    state = state_in(Phase.SWITCH)
    assert state.rollout is not None
    about_to = msgspec.structs.replace(state.rollout, step=step, shifted=False)
    held = rollout(react(FLEET, msgspec.structs.replace(state, rollout=about_to), (fired(BLUE),), NOW, None))
    assert held.held is not None
    assert (held.step, held.held.kind, held.held.alert_ids) == (step, HoldKind.ALERT, ("a",))


def test_a_note_changes_nothing_and_is_told_in_the_trail() -> None:
    state = state_in(Phase.RETIRE)
    reacted = react(fleet(AlertMapping(effect=NOTE)), state, (fired(),), NOW, None)
    assert reacted.state == state
    assert reacted.because == "noted in T4: a fired (the fleet's alerts say no more)"
    assert reacted.dispositions[0].because == reacted.because


def test_an_alert_while_the_old_cluster_is_destroyed_is_refused_and_told() -> None:
    state = state_in(Phase.DESTROYING)
    reacted = react(FLEET, state, (fired(),), NOW, None)
    assert reacted.state == state
    assert not reacted.dispositions[0].applied
    assert reacted.because is not None
    assert "a fired, but the old cluster is being destroyed" in reacted.because


# ---------------------------------------------------------------------- alerts of before


def test_an_alert_that_fired_before_the_rollout_began_is_named_and_does_not_count() -> None:
    state = state_in(Phase.RETIRE)
    reacted = react(FLEET, state, (fired(fired_at=NOW - timedelta(minutes=5)),), NOW, None)
    assert rollout(reacted).stage is Stage.RETIRE
    assert reacted.because == (
        "noted in T4: a fired; it fired at 2026-11-21 08:55 UTC, before contoso-0001 began at "
        "2026-11-21 09:00 UTC, and does not count against it"
    )
    assert reacted.dispositions[0].because == reacted.because


@pytest.mark.parametrize("slot", [BLUE, GREEN])
def test_an_alert_of_before_holds_nothing_before_the_switch_either(slot: str) -> None:
    early = fired(slot, fired_at=NOW - timedelta(seconds=1))
    assert does(FLEET, Phase.SYNC, early) == "note"
    assert does(FLEET, Phase.SYNC, fired(slot)) == ("hold by alert" if slot == BLUE else "rollback")


def test_each_alert_of_before_is_named_once_in_the_trail_and_every_time_in_its_row() -> None:
    early = NOW - timedelta(minutes=5)
    both = (fired(fired_at=early), fired(alert_id="b", fired_at=early))
    reacted = react(FLEET, state_in(Phase.SYNC), both, NOW, None)
    assert reacted.because is not None
    assert reacted.because.count("does not count") == 2
    again = react(FLEET, reacted.state, both, NOW, None)
    assert again.because is None
    assert all("does not count" in each.because for each in again.dispositions)


def test_an_alert_that_does_not_say_when_it_fired_counts() -> None:
    late = fired(fired_at=None, at=NOW - timedelta(hours=1))
    assert does(FLEET, Phase.RETIRE, late) == "rollback"


def test_a_rule_that_fires_again_after_the_rollout_began_counts() -> None:
    first = fired(fired_at=NOW - timedelta(minutes=5))
    state = react(FLEET, state_in(Phase.RETIRE), (first,), NOW, None).state
    reacted = react(FLEET, state, (fired(id="again", fired_at=NOW + timedelta(minutes=1)),), NOW, None)
    assert rollout(reacted).stage is Stage.ROLLBACK


# ---------------------------------------------------------------------- holds that end


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


@pytest.mark.parametrize(
    ("name", "pattern", "fits"),
    [
        ("checkout-slow", "checkout-slow", True),
        ("checkout-slow", "check*", True),
        ("checkout-slow", "*slow", True),
        ("checkout-slow", "c*-*w", True),
        ("checkout-slow", "*", True),
        ("", "*", True),
        ("aba", "ab*ba", False),
        ("abba", "ab*ba", True),
        ("checkout-slow", "checkout", False),
        ("checkout-slow", "*out", False),
        ("checkout-slow", "c*x*w", False),
        ("a.b", "a?b", False),
    ],
)
def test_a_star_stands_for_anything_and_nothing_else_does(name: str, pattern: str, fits: bool) -> None:
    assert like(name, pattern) is fits
