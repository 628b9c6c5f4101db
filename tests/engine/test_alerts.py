"""What alerts do to a rollout as the engine lives through it: from the body that Azure Monitor posts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sandbox.world import events
from shared.alert_rules import AlertEffect, AlertMapping, Alerts
from shared.api.intake import Intake
from shared.errors import Refused
from shared.levers import SlotName
from shared.model import HoldKind, Outcome
from shared.policy import Policy
from tests.engine.rig import Rig
from tests.fleets import BLUE, FLEET, GREEN, fleet

EXPIRING = Alerts(expire_seconds=1800)


async def begun(**changes: Any) -> tuple[Rig, Intake]:
    """A rollout that has begun, and a door for alerts that knows the fleet."""
    rig = await Rig(fleet(**changes)).applied()
    intake = Intake(rig.store, rig.engine, rig.clock)
    with pytest.raises(Refused):
        await intake.alert({})
    await rig.publish_version()
    return rig, intake


def metric(rig: Rig, slot: SlotName, **fields: Any) -> dict[str, Any]:
    at = fields.pop("fired_at", rig.clock.now())
    return events.metric_alert(FLEET.slot(slot).gateway_id, at, alert_guid=fields.pop("guid", "a"), **fields)


def logged(rig: Rig, slot: SlotName, guid: str = "b") -> dict[str, Any]:
    cluster = FLEET.slot(slot).cluster_id
    return events.activity_alert(cluster, rig.clock.now(), alert_guid=guid)


async def told(rig: Rig, words: str) -> int:
    """How many rows of the audit trail say that."""
    return sum(words in entry.because for entry in await rig.store.audit(FLEET.name))


async def test_the_hold_of_an_activity_log_alert_expires_and_the_rollout_goes_on_by_itself() -> None:
    rig, intake = await begun(alerts=EXPIRING)
    await rig.until("deploy")
    fired_at = rig.clock.now()
    await intake.alert(logged(rig, BLUE))
    await rig.minute()
    rollout = await rig.rollout()
    assert rollout.held is not None
    assert "nobody may say that the alert is over, so the hold expires at" in rollout.because
    while (await rig.rollout()).held is not None:
        await rig.minute()
    assert rig.clock.now() == fired_at + timedelta(minutes=30)
    assert await told(rig, "has expired") == 1
    assert (await rig.ended()).outcome is Outcome.COMPLETED


async def test_a_hold_that_expires_is_looked_at_when_it_does_however_rare_the_looks_are() -> None:
    rig, intake = await begun(
        alerts=Alerts(expire_seconds=600), policy=Policy(poll_seconds=3600, alert_severities=("Sev4",))
    )
    await rig.until("deploy")
    at = rig.clock.now()
    await intake.alert(logged(rig, BLUE))
    assert (await rig.rollout()).wake_at == at + timedelta(minutes=10)


async def test_an_alert_that_is_mapped_to_hold_holds_the_bake_until_it_is_resolved() -> None:
    mapping = AlertMapping(effect=AlertEffect.HOLD, rule="*-failed-requests", stages=("T3", "T4"))
    rig, intake = await begun(alerts=Alerts(mappings=(mapping,), expire_seconds=1800))
    await rig.until("bake")
    fired_at = rig.clock.now()
    await intake.alert(metric(rig, GREEN))
    for _ in range(120):
        await rig.minute()
    rollout = await rig.rollout()
    assert rollout.held is not None
    assert (rollout.step, rollout.held.kind) == ("bake", HoldKind.ALERT)
    await intake.alert(metric(rig, GREEN, fired_at=fired_at, resolved_at=rig.clock.now()))
    assert (await rig.rollout()).held is None
    assert (await rig.ended()).outcome is Outcome.COMPLETED


async def test_an_alert_whose_end_is_delivered_first_costs_a_clean_run_and_holds_nothing() -> None:
    mapping = AlertMapping(effect=AlertEffect.HOLD)
    rig, intake = await begun(alerts=Alerts(mappings=(mapping,)))
    await rig.until("bake")
    fired_at = rig.clock.now()
    for _ in range(5):
        await rig.minute()
    await intake.alert(metric(rig, GREEN, fired_at=fired_at, resolved_at=rig.clock.now()))
    await rig.minute()
    await intake.alert(metric(rig, GREEN, fired_at=fired_at))
    rollout = await rig.rollout()
    assert (rollout.step, rollout.held) == ("bake", None)
    assert await told(rig, "which was heard of first") == 1
    late = rig.clock.now()
    await rig.until("drained")
    assert rig.clock.now() - late >= timedelta(seconds=FLEET.policy.bake_seconds)
    assert (await rig.ended()).outcome is Outcome.COMPLETED


async def test_one_alert_on_several_targets_counts_against_whom_it_names() -> None:
    rig, intake = await begun()
    await rig.until("bake")
    alert = metric(rig, BLUE)
    essentials = alert["data"]["essentials"]
    pool = f"{FLEET.slot(GREEN).cluster_id}/agentPools/pool1"
    essentials["alertTargetIDs"] = [
        "/subscriptions/1/resourceGroups/rg-elsewhere",
        *essentials["alertTargetIDs"],
        pool,
    ]
    assert {each.slot for each in await intake.alert(alert)} == {BLUE, GREEN}
    rollout = await rig.ended()
    assert rollout.outcome is Outcome.ROLLED_BACK
    assert rollout.rollback_because is not None
    assert "pool1 of aks-green" in rollout.rollback_because


async def test_an_alert_of_before_is_named_once_in_the_trail_and_in_its_own_row() -> None:
    rig, intake = await begun()
    await rig.until("bake")
    early = metric(rig, GREEN, fired_at=(await rig.rollout()).started_at - timedelta(minutes=2))
    (signal,) = await intake.alert(early)
    await intake.alert(early)
    assert await told(rig, "does not count against it") == 1
    answer = await rig.store.disposition(FLEET.name, signal.id)
    assert answer is not None
    assert "before contoso-0001 began" in answer.because
    assert (await rig.ended()).outcome is Outcome.COMPLETED


async def test_a_drift_behind_an_alert_still_holds_when_the_alert_is_resolved() -> None:
    mapping = AlertMapping(effect=AlertEffect.HOLD)
    rig, intake = await begun(alerts=Alerts(mappings=(mapping,)))
    await rig.until("bake")
    await intake.alert(metric(rig, GREEN))
    rig.point_elsewhere("198.51.100.9")
    await rig.minute()
    held = (await rig.rollout()).held
    assert held is not None
    assert held.kind is HoldKind.ALERT
    await intake.alert(metric(rig, GREEN, resolved_at=rig.clock.now()))
    await rig.minute()
    drift = (await rig.rollout()).held
    assert drift is not None
    assert drift.kind is HoldKind.DRIFT


async def test_a_fleet_that_was_applied_since_hears_of_the_alert_as_well() -> None:
    rig, intake = await begun()
    later = fleet(name="later")
    await rig.store.apply(later, if_match=None, now=rig.clock.now())
    rig.clock.at += timedelta(minutes=5)
    found = await intake.alert(metric(rig, GREEN))
    assert sorted(signal.fleet for signal in found) == ["contoso", "later"]
    for signal in found:
        assert await rig.store.disposition(signal.fleet, signal.id) is not None


async def test_the_time_in_which_an_alert_held_the_bake_counts_for_no_bake() -> None:
    mapping = AlertMapping(effect=AlertEffect.HOLD)
    rig, intake = await begun(alerts=Alerts(mappings=(mapping,)))
    await rig.until("bake")
    fired_at = rig.clock.now()
    await intake.alert(metric(rig, GREEN))
    for _ in range(120):
        await rig.minute()
    await intake.alert(metric(rig, GREEN, fired_at=fired_at, resolved_at=rig.clock.now()))
    resolved_at = rig.clock.now()
    while (await rig.rollout()).step == "bake":
        await rig.minute()
    assert rig.clock.now() - resolved_at >= timedelta(seconds=FLEET.policy.bake_seconds)
