"""Alerts that come to an address which names their fleet, at a worker that does not know the fleet yet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from sandbox.memory_store import MemoryStore
from sandbox.world import events
from shared.api.intake import Intake
from shared.decision import Decision, Seen
from shared.engine import Engine, Ticked
from shared.errors import Refused, Retry
from shared.fleet import Fleet
from shared.model import FleetState, Outcome, Signal
from shared.ports import PENDING_MAX, Claimed, FleetEntry, Row
from shared.signals import resources_of
from tests.engine.rig import Rig
from tests.fleets import ADDRESSES, BLUE, GREEN, fleet
from tests.store.samples import later, signal


class Noted(MemoryStore):
    """The store of a rig, with a note of what it was asked, and somebody who comes between."""

    between: Callable[[], Awaitable[object]] | None = None
    fails = False
    entries = True
    forgets = False

    def __init__(self, rig: Rig) -> None:
        super().__init__(resources_of, rig.tables)
        self.asked: list[str] = []

    async def load(self, fleet: str) -> Row:
        """Note it."""
        self.asked.append("load")
        if self.fails:
            raise Retry("the store does not answer")
        return await super().load(fleet)

    async def directory(self, *, active_only: bool = False) -> tuple[FleetEntry, ...]:
        """Note it."""
        self.asked.append("directory")
        return await super().directory(active_only=active_only) if self.entries else ()

    async def claim(self, row: Row, decision: Decision, seen: Seen) -> Claimed:
        """Note it."""
        self.asked.append("claim")
        return await super().claim(row, decision, seen)

    async def accept(self, signal: Signal) -> bool:
        """Whoever comes between does so once."""
        is_new = await super().accept(signal)
        between, self.between = self.between, None
        if between is not None:
            await between()
        # An answer that was lost: what is there may be ours.
        return is_new or self.forgets

    def before_the_claim(self) -> list[str]:
        """What was read before it."""
        return self.asked[: self.asked.index("claim")]


async def baking() -> tuple[Rig, Noted, Intake]:
    """A rollout in its bake, and a worker that was never asked anything."""
    rig = await Rig(fleet()).applied()
    await rig.publish_version()
    await rig.until("bake")
    store = Noted(rig)
    return rig, store, Intake(store, Engine(store, rig.observed, rig.topic, rig.clock), rig.clock)


def fired(rig: Rig) -> dict[str, Any]:
    return events.metric_alert(rig.fleet.slot(GREEN).cluster_id, rig.clock.now(), alert_guid="a")


async def test_the_fleet_is_read_once_and_the_rollback_claimed_on_what_was_read() -> None:
    rig, store, intake = await baking()
    (taken,) = await intake.alert(fired(rig), rig.fleet.name)
    assert store.before_the_claim() == ["load"]
    assert rig.traffic_at() == ADDRESSES[BLUE]
    assert (await rig.store.disposition(rig.fleet.name, taken.id)) is not None
    assert (await rig.ended()).outcome is Outcome.ROLLED_BACK


async def test_an_alert_on_a_cluster_declared_since_the_directory_was_read_costs_one_read_as_well() -> None:
    rig = Rig(fleet())
    green = rig.fleet.slot(GREEN)
    before = replace(green, cluster_id=f"{green.cluster_id}-before")
    old = replace(rig.fleet, slots=tuple(before if each is green else each for each in rig.fleet.slots))
    etag = await rig.store.apply(old, if_match=None, now=rig.clock.now())
    store = Noted(rig)
    intake = Intake(store, Engine(store, rig.observed, rig.topic, rig.clock), rig.clock)
    await intake.look()
    await rig.store.apply(rig.fleet, if_match=etag, now=rig.clock.now())
    await rig.publish_version()
    await rig.until("bake")
    store.asked.clear()
    await intake.alert(fired(rig), rig.fleet.name)
    assert store.before_the_claim() == ["load"]
    assert rig.traffic_at() == ADDRESSES[BLUE]


async def test_an_alert_on_a_fleet_that_was_applied_this_very_second_is_acknowledged() -> None:
    rig = Rig(fleet())
    intake = Intake(rig.store, rig.engine, rig.clock)
    await intake.look()
    await rig.applied()
    taken = await intake.delivery(fired(rig), rig.fleet.name)
    assert [each.fleet for each in taken.signals] == [rig.fleet.name]
    assert intake.refused == {}


async def test_a_worker_that_knows_whose_alert_it_is_stores_it_before_anything_is_read() -> None:
    rig, store, intake = await baking()
    await intake.look()
    store.asked.clear()

    async def nothing_yet() -> None:
        assert store.asked == []

    store.between = nothing_yet
    await intake.alert(fired(rig), rig.fleet.name)
    assert store.before_the_claim() == ["load"]


async def test_who_moved_the_fleet_between_the_read_and_the_claim_has_done_it_already() -> None:
    rig, store, intake = await baking()
    store.between = rig.minute
    (taken,) = await intake.alert(fired(rig), rig.fleet.name)
    assert rig.traffic_at() == ADDRESSES[BLUE]
    trail = await rig.store.audit(rig.fleet.name)
    assert sum(entry.signals.count(taken.id) for entry in trail) == 1
    assert (await rig.ended()).outcome is Outcome.ROLLED_BACK


async def test_the_alert_is_found_where_it_came_second_and_the_read_was_before_another_claim() -> None:
    """Another worker claims without having seen the alert: this one reads again and acts on it."""
    rig, store, intake = await baking()
    before = await rig.store.load(rig.fleet.name)
    rig.clock.at += timedelta(minutes=1)

    async def claims_on_an_older_read() -> None:
        await rig.engine.tick(rig.fleet.name, before)

    store.between = claims_on_an_older_read
    await intake.alert(fired(rig), rig.fleet.name)
    assert "claim" in store.asked
    assert rig.traffic_at() == ADDRESSES[BLUE]
    assert (await rig.store.load(rig.fleet.name)).pending == ()


async def test_an_alert_behind_a_storm_is_acted_on_by_the_request_that_brought_it() -> None:
    rig, _, intake = await baking()
    for n in range(PENDING_MAX + 3):
        early = rig.clock.now() - timedelta(seconds=60 - n)
        await rig.store.accept(signal(f"early-{n}", at=early, to=rig.fleet.name))
    await intake.alert(fired(rig), rig.fleet.name)
    assert rig.traffic_at() == ADDRESSES[BLUE]
    assert (await rig.store.load(rig.fleet.name)).pending == ()


async def test_said_twice_it_counts_once() -> None:
    rig, store, intake = await baking()
    await intake.alert(fired(rig), rig.fleet.name)
    epoch = (await rig.state()).epoch
    again = Intake(store, Engine(store, rig.observed, rig.topic, rig.clock), rig.clock)
    await again.alert(fired(rig), rig.fleet.name)
    assert (await rig.state()).epoch == epoch


@pytest.mark.parametrize("named", ["another", "no name", "", "Contoso", "x" * 41])
async def test_an_alert_is_taken_whatever_name_the_address_has_and_its_sender_is_told(named: str) -> None:
    rig, _, intake = await baking()
    taken = await intake.delivery(fired(rig), named)
    assert rig.traffic_at() == ADDRESSES[BLUE]
    assert len(taken.signals) == 1
    (notice,) = taken.notices
    assert notice == (
        f'fleet: got "{named}", expected the name of an applied fleet in the address of the webhook'
    )


async def test_a_wrong_name_and_a_wrong_body_are_told_together() -> None:
    _, _, intake = await baking()
    with pytest.raises(Refused, match=r'^fleet: got "another".*; data: got nothing, expected an object$'):
        await intake.alert({}, "another")


async def test_an_alert_of_another_fleet_than_the_one_named_is_taken_for_that_one() -> None:
    rig, _, intake = await baking()
    slots = tuple(replace(slot, cluster_id=f"{slot.cluster_id}-2") for slot in rig.fleet.slots)
    await rig.store.apply(fleet(name="second", slots=slots), if_match=None, now=rig.clock.now())
    taken = await intake.delivery(fired(rig), "second")
    assert [each.fleet for each in taken.signals] == [rig.fleet.name]
    assert taken.notices == ()
    assert rig.traffic_at() == ADDRESSES[BLUE]


async def beside(rig: Rig) -> Fleet:
    """Another fleet in the same directory, with clusters and gateways of its own."""
    slots = tuple(
        replace(slot, cluster_id=f"{slot.cluster_id}-2", gateway_id=f"{slot.gateway_id}-2")
        for slot in rig.fleet.slots
    )
    second = fleet(name="second", slots=slots)
    await rig.store.apply(second, if_match=None, now=rig.clock.now())
    return second


@pytest.mark.parametrize("named", ["contoso", "second", None])
async def test_what_an_alert_names_beside_its_target_moves_no_other_fleet(named: str | None) -> None:
    rig, _, intake = await baking()
    second = await beside(rig)
    alert = events.metric_alert(second.slot(GREEN).gateway_id, rig.clock.now(), alert_guid="a")
    alert["data"]["customProperties"] = {"see also": rig.fleet.slot(GREEN).cluster_id}
    taken = await intake.alert(alert, named)
    assert [each.fleet for each in taken] == ["second"]
    assert (await rig.ended()).outcome is Outcome.COMPLETED


async def test_a_log_alert_on_a_workspace_is_about_the_cluster_in_its_context_at_one_read() -> None:
    rig, store, intake = await baking()
    await beside(rig)
    workspace = "/subscriptions/1/resourceGroups/rg-logs/providers/Microsoft.OperationalInsights/workspaces/w"
    alert = events.metric_alert(workspace, rig.clock.now(), alert_guid="a")
    alert["data"]["customProperties"] = {"cluster": rig.fleet.slot(GREEN).cluster_id}
    await intake.alert(alert, rig.fleet.name)
    assert store.before_the_claim() == ["load"]
    assert rig.traffic_at() == ADDRESSES[BLUE]


async def test_an_alert_that_was_acted_on_is_acknowledged_though_the_directory_knows_nothing_of_it() -> None:
    """Whoever applied the fleet has died between its row and its entry in the directory."""
    rig, store, intake = await baking()
    store.entries = False
    taken = await intake.delivery(fired(rig), rig.fleet.name)
    assert [each.fleet for each in taken.signals] == [rig.fleet.name]
    assert intake.refused == {}
    assert rig.traffic_at() == ADDRESSES[BLUE]


async def test_an_alert_that_was_stored_and_not_acted_on_is_acted_on_when_it_comes_again() -> None:
    rig, store, intake = await baking()
    dead = Intake(store, Dead(store, rig.observed, rig.topic, rig.clock), rig.clock)
    (taken,) = await dead.alert(fired(rig), rig.fleet.name)
    assert [each.id for each in (await rig.store.load(rig.fleet.name)).pending] == [taken.id]
    await intake.alert(fired(rig), rig.fleet.name)
    assert rig.traffic_at() == ADDRESSES[BLUE]


async def test_a_signal_that_waits_already_is_told_once_where_its_answer_was_lost() -> None:
    rig, store, intake = await baking()
    dead = Intake(store, Dead(store, rig.observed, rig.topic, rig.clock), rig.clock)
    await dead.alert(fired(rig), rig.fleet.name)
    store.forgets = True
    await intake.alert(fired(rig), rig.fleet.name)
    assert rig.traffic_at() == ADDRESSES[BLUE]
    assert (await rig.store.load(rig.fleet.name)).pending == ()


class Dead(Engine):
    """The engine of a worker that dies when it has stored a signal."""

    async def tick(self, fleet_name: str, read: Row | None = None) -> Ticked:
        """Nobody does anything."""
        raise Retry("the worker is dead")


async def test_an_alert_is_stored_though_the_fleet_cannot_be_read() -> None:
    rig, store, intake = await baking()
    store.fails = True
    (taken,) = await intake.alert(fired(rig), rig.fleet.name)
    assert [each.id for each in (await rig.store.load(rig.fleet.name)).pending] == [taken.id]
    await rig.minute()
    assert rig.traffic_at() == ADDRESSES[BLUE], "the timer acts on what the webhook could not"


def test_a_row_tells_no_more_signals_than_a_claim_consumes_and_the_oldest_first() -> None:
    waiting = tuple(signal(f"{n}", at=later(n)) for n in (1, 3))
    row = Row(fleet=fleet(), state=FleetState(live=BLUE), pending=waiting)
    both = row.with_accepted([signal("2", at=later(2)), signal("0", at=later(0))])
    assert [each.id for each in both.pending] == ["0", "1", "2", "3"]
    many = row.with_accepted(signal(f"{n}", at=later(n)) for n in range(4, 4 + PENDING_MAX))
    assert [each.id for each in many.pending][:3] == ["1", "3", "4"]
    assert len(many.pending) == PENDING_MAX
