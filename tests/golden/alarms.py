"""The stories of what a fleet says about alerts: held and resolved, expired, and of before the rollout."""

from __future__ import annotations

from datetime import timedelta

from shared.alert_rules import AlertEffect, AlertMapping, Alerts
from tests.fleets import BLUE
from tests.golden.recording import Recording
from tests.golden.telling import STORIES, story

__all__ = ["STORIES"]

HOLDS = AlertMapping(effect=AlertEffect.HOLD, rule="agw-*-failed-requests", stages=("T3", "T4"))
NOTES = AlertMapping(effect=AlertEffect.NOTE, severities=("Sev3", "Sev4"))


@story(
    "alert-mapped",
    "An alert that the fleet maps to hold holds the bake until it is resolved; a lesser one is noted.",
    alerts=Alerts(mappings=(HOLDS, NOTES), expire_seconds=3600),
)
async def _mapped(it: Recording) -> None:
    await it.event()
    await it.until("bake")
    await it.alert()
    await it.live(3)
    await it.logged()
    await it.alert(resolved=True)


@story("alert-from-before", "An alert that fired before the rollout began is named and does not count.")
async def _before(it: Recording) -> None:
    before = it.clock.at - timedelta(minutes=3)
    await it.event()
    await it.until("observe")
    await it.alert(fired_at=before)
    await it.alert(name="b", fired_at=before)


@story(
    "alert-expires",
    "An activity log alert on live holds the rollout until its hold expires.",
    alerts=Alerts(expire_seconds=600),
)
async def _expires(it: Recording) -> None:
    await it.event()
    await it.until("deploy")
    await it.logged(BLUE)
