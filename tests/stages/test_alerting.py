"""What an alert does to a rollout: mappings, holds that end, alerts of before, and sentences that say so."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from shared.alert_rules import AlertEffect, AlertMapping, Alerts, like
from shared.fleet import Fleet
from shared.model import FleetState, Hold, HoldKind, Rollout, Signal, SignalKind, Stage
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


def test_whose_an_alert_is_says_the_fleet_that_is_read() -> None:
    """A worker may have taken it in by an older file of the fleet."""
    mine, former = FLEET.slot(GREEN).cluster_id, f"{FLEET.slot(GREEN).cluster_id}-old"
    told = (
        (GREEN, f"{mine}/agentPools/pool1", Stage.ROLLBACK),
        (GREEN, former, Stage.RETIRE),
        # The file that it was taken in by had the two the other way round.
        (BLUE, mine, Stage.ROLLBACK),
        (GREEN, FLEET.slot(BLUE).cluster_id, Stage.RETIRE),
    )
    for slot, resource_id, stage in told:
        alert = fired(slot, resource_id=resource_id)
        assert rollout(react(FLEET, state_in(Phase.RETIRE), (alert,), NOW, None)).stage is stage


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
