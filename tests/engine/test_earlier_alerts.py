"""Alerts that fired, and were heard of, before a rollout began: they do not count, and it names them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sandbox.world import events
from shared.alert_rules import AlertEffect, AlertMapping, Alerts
from shared.api.intake import Intake
from shared.levers import SlotName
from shared.model import Outcome
from tests.engine.rig import Rig
from tests.fleets import BLUE, FLEET, GREEN, fleet, policy


async def watched(**changes: Any) -> tuple[Rig, Intake]:
    """A fleet with nothing in flight, and a door for alerts."""
    rig = await Rig(fleet(**changes)).applied()
    return rig, Intake(rig.store, rig.engine, rig.clock)


def metric(rig: Rig, slot: SlotName = BLUE, guid: str = "a", **fields: Any) -> dict[str, Any]:
    at = fields.pop("fired_at", rig.clock.now())
    return events.metric_alert(FLEET.slot(slot).gateway_id, at, alert_guid=guid, **fields)


async def begins(rig: Rig) -> str:
    """What the trail says of the beginning of a rollout."""
    await rig.publish_version()
    trail = await rig.store.audit(FLEET.name)
    return next(each.because for each in trail if f"rollout {(each.rollout)} moves" in each.because)


@pytest.mark.parametrize("slot", [BLUE, GREEN])
async def test_an_alert_that_fires_when_a_rollout_begins_is_named_and_does_not_count(slot: SlotName) -> None:
    rig, intake = await watched()
    fired_at = rig.clock.now()
    await intake.alert(metric(rig, slot))
    rig.clock.at += timedelta(minutes=2)
    because = await begins(rig)
    told = f"fired on {FLEET.slot(slot).gateway_id.rpartition('/')[2]}"
    assert told in because
    assert f"at {fired_at:%Y-%m-%d %H:%M} UTC, before it began, and does not count against it" in because
    assert len((await rig.rollout()).earlier_alerts) == 1
    assert (await rig.ended()).outcome is Outcome.COMPLETED


async def test_one_that_was_over_before_is_not_named() -> None:
    rig, intake = await watched()
    fired_at = rig.clock.now()
    await intake.alert(metric(rig))
    rig.clock.at += timedelta(minutes=2)
    await intake.alert(metric(rig, fired_at=fired_at, resolved_at=rig.clock.now()))
    assert "does not count" not in await begins(rig)
    assert (await rig.rollout()).earlier_alerts == ()


async def test_one_that_is_delivered_again_later_is_not_named_again() -> None:
    rig, intake = await watched()
    alert = metric(rig)
    await intake.alert(alert)
    rig.clock.at += timedelta(minutes=2)
    await begins(rig)
    rig.clock.at += timedelta(minutes=1)
    await intake.alert(metric(rig, fired_at=rig.clock.now() - timedelta(minutes=2)))
    trail = await rig.store.audit(FLEET.name)
    assert sum("does not count against it" in each.because for each in trail) == 1


async def test_one_that_fired_in_the_rollout_before_and_fires_still_is_named_by_the_next() -> None:
    mapping = AlertMapping(effect=AlertEffect.HOLD, stages=("T4",))
    rig, intake = await watched(alerts=Alerts(mappings=(mapping,)))
    await begins(rig)
    await rig.until("deploy")
    await intake.alert(metric(rig, GREEN))
    assert (await rig.ended()).outcome is Outcome.STOPPED
    rig.clock.at += timedelta(hours=1)
    await rig.publish_version("1.32.7")
    assert len((await rig.rollout()).earlier_alerts) == 1


async def test_one_of_a_severity_that_counts_for_nothing_is_not_named() -> None:
    rig, intake = await watched(policy=policy(alert_severities=("Sev0", "Sev1")))
    await intake.alert(metric(rig, severity="Sev3"))
    rig.clock.at += timedelta(minutes=2)
    assert "does not count" not in await begins(rig)


async def test_one_that_nobody_resolves_is_named_until_it_expires() -> None:
    for minutes, named in ((5, 1), (15, 0)):
        rig, intake = await watched(alerts=Alerts(expire_seconds=600))
        cluster = FLEET.slot(BLUE).cluster_id
        await intake.alert(events.activity_alert(cluster, rig.clock.now(), alert_guid="b", severity="Sev1"))
        rig.clock.at += timedelta(minutes=minutes)
        await begins(rig)
        assert len((await rig.rollout()).earlier_alerts) == named
