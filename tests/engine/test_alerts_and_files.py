"""Alerts on what one file of a fleet declares and another does not: that which a rollout follows counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from sandbox.memory_store import MemoryStore
from sandbox.world import events
from shared.alert_rules import AlertEffect, AlertMapping, Alerts
from shared.api.intake import Intake
from shared.engine import QUIET_SECONDS
from shared.errors import Refused, Retry
from shared.model import Outcome
from shared.ports import FleetEntry
from shared.signals import resources_of
from tests.engine.rig import Rig
from tests.engine.test_alerts import begun, metric, told
from tests.fleets import FLEET, GREEN, fleet


class Deaf(MemoryStore):
    """A store that tells nobody its fleets any more."""

    deaf = False

    async def directory(self, *, active_only: bool = False) -> tuple[FleetEntry, ...]:
        """As ever, and then never again."""
        if self.deaf:
            raise Retry("the store does not answer")
        return await super().directory(active_only=active_only)


async def redeclared(store: Deaf | None = None) -> tuple[Rig, Intake, str]:
    """A rollout in its bake, a worker that knows an older file of its fleet, and green's cluster in that."""
    rig = Rig(fleet())
    rig.store = store or rig.store
    rig.restart()
    green = rig.fleet.slot(GREEN)
    before = replace(green, cluster_id=f"{green.cluster_id}-before")
    old = replace(rig.fleet, slots=tuple(before if each is green else each for each in rig.fleet.slots))
    etag = await rig.store.apply(old, if_match=None, now=rig.clock.now())
    intake = Intake(rig.store, rig.engine, rig.clock)
    await intake.look()
    await rig.store.apply(rig.fleet, if_match=etag, now=rig.clock.now())
    await rig.publish_version()
    await rig.until("bake")
    return rig, intake, before.cluster_id


async def test_an_alert_on_a_cluster_that_is_declared_since_counts_whatever_else_it_names() -> None:
    """By the file that the worker has in mind it is about the fleet's zone, and about no slot."""
    rig, intake, _ = await redeclared()
    green = rig.fleet.slot(GREEN)
    alert = events.metric_alert(green.cluster_id, rig.clock.now(), alert_guid="a")
    alert["data"]["alertContext"]["zone"] = green.host.zone_id
    await intake.alert(alert)
    assert (await rig.ended()).outcome is Outcome.ROLLED_BACK


async def test_an_alert_on_a_cluster_of_before_and_on_the_one_declared_since_counts_for_that_one() -> None:
    """By the file that the worker has in mind it is about a cluster that is nobody's by now."""
    rig, intake, before = await redeclared()
    alert = events.metric_alert(before, rig.clock.now(), alert_guid="a")
    alert["data"]["essentials"]["alertTargetIDs"].append(rig.fleet.slot(GREEN).cluster_id)
    for _ in range(2):
        await intake.alert(alert)
    assert (await rig.ended()).outcome is Outcome.ROLLED_BACK
    assert await told(rig, "nobody") == 0


CHANGES = {
    "another cluster": lambda slot: replace(slot, cluster_id=f"{slot.cluster_id}-v2"),
    "another gateway": lambda slot: replace(slot, gateway_id=f"{slot.gateway_id}-v2"),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("worker", ["new", "named", "warm", "warm before"])
async def test_a_file_applied_meanwhile_leaves_a_rollout_its_candidate(change: str, worker: str) -> None:
    """A rollout in flight follows the file that it began with, and so do the alerts that concern it."""
    rig, known = await begun()
    await rig.until("bake")
    green = rig.fleet.slot(GREEN)
    slots = tuple(CHANGES[change](each) if each is green else each for each in rig.fleet.slots)
    etag = (await rig.store.load(FLEET.name)).fleet_etag
    now = rig.clock.now()
    await rig.store.apply(replace(rig.fleet, slots=slots), if_match=etag, now=now)
    intake = known if worker == "warm before" else Intake(rig.store, rig.engine, rig.clock)
    if worker == "warm":
        await intake.look()
    resource = green.cluster_id if change == "another cluster" else green.gateway_id
    alert = events.metric_alert(resource, now, alert_guid="a")
    (taken,) = await intake.alert(alert, FLEET.name if worker == "named" else None)
    assert (taken.slot, (await rig.ended()).outcome) == (GREEN, Outcome.ROLLED_BACK)


async def test_a_hold_is_lifted_by_its_alert_s_end_whatever_file_was_applied_meanwhile() -> None:
    rig, _ = await begun(alerts=Alerts(mappings=(AlertMapping(effect=AlertEffect.HOLD),)))
    await rig.until("bake")
    fired_at = rig.clock.now()
    intake = Intake(rig.store, rig.engine, rig.clock)
    await intake.alert(metric(rig, GREEN))
    green = rig.fleet.slot(GREEN)
    slots = tuple(CHANGES["another gateway"](s) if s is green else s for s in rig.fleet.slots)
    etag = (await rig.store.load(FLEET.name)).fleet_etag
    await rig.store.apply(replace(rig.fleet, slots=slots), if_match=etag, now=fired_at)
    await rig.minute()
    over = metric(rig, GREEN, fired_at=fired_at, resolved_at=rig.clock.now())
    await Intake(rig.store, rig.engine, rig.clock).alert(over)
    assert (await rig.rollout()).held is None


async def test_a_file_that_no_rollout_follows_any_more_says_nothing() -> None:
    rig, _ = await begun()
    await rig.ended()
    while (await rig.rollout()).wake_at is not None:
        await rig.minute()
    green = rig.fleet.slot(GREEN)
    slots = tuple(CHANGES["another cluster"](s) if s is green else s for s in rig.fleet.slots)
    etag = (await rig.store.load(FLEET.name)).fleet_etag
    await rig.store.apply(replace(rig.fleet, slots=slots), if_match=etag, now=rig.clock.now())
    rig.clock.at += timedelta(seconds=QUIET_SECONDS + 60)
    await rig.engine.housekeep()
    alert = events.metric_alert(green.cluster_id, rig.clock.now(), alert_guid="a")
    with pytest.raises(Refused, match="no fleet declares any of"):
        await Intake(rig.store, rig.engine, rig.clock).alert(alert, FLEET.name)


async def test_an_alert_on_a_cluster_of_before_is_not_lost_where_the_first_worker_died() -> None:
    """By the old file the signal is on record and says nothing; another worker knows the new one."""
    store = Deaf(resources_of)
    rig, intake, before = await redeclared(store)
    alert = events.metric_alert(before, rig.clock.now(), alert_guid="a")
    alert["data"]["essentials"]["alertTargetIDs"].append(rig.fleet.slot(GREEN).cluster_id)
    store.deaf = True
    with pytest.raises(Retry):
        await intake.alert(alert)
    store.deaf = False
    await Intake(rig.store, rig.engine, rig.clock).alert(alert)
    assert (await rig.ended()).outcome is Outcome.ROLLED_BACK
