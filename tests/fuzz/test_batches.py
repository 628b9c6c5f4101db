"""A delivery of good and bad events: what is accepted is stored, and what is refused is named."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from sandbox.world import events
from shared.fleet import Fleet
from shared.store.rows import STATE_TABLE
from shared.store.tables import Range
from tests.api.conftest import Client, content
from tests.fleets import FLEET, GREEN, fleet

CLUSTER = FLEET.slots[0].cluster_id


async def client() -> Client:
    """An API that knows the fleet `contoso`."""
    made = Client()
    await made.rig.applied()
    return made


def version(event_id: str, cluster: str = CLUSTER) -> dict[str, Any]:
    """A version that a fleet has passed long ago: stored, and nothing comes of it."""
    return events.version_available(cluster, "1.20.1", Client().rig.clock.now(), event_id=event_id)


async def inbox(it: Client) -> list[str]:
    """The ids of the signals that were ever stored."""
    tables = it.rig.store._tables
    found = await tables.scan(STATE_TABLE, Range(partition="contoso", low="i-", high="i."))
    return sorted(str(item.entity["id"]) for item in found)


async def test_what_is_refused_of_a_batch_is_named_and_counted_and_the_rest_is_stored() -> None:
    it = await client()
    body = [version("a"), {"eventType": "Contoso.Unheard"}, version("b"), 7]

    taken = content(await it.call(it.api.take_events, body))

    assert [each["signal"].rsplit("/", 1)[-1] for each in taken["accepted"]] == ["a", "b"]
    assert await inbox(it) == sorted(each["signal"] for each in taken["accepted"])
    assert [each["event"] for each in taken["refused"]] == [1, 3]
    assert "Contoso.Unheard" in taken["refused"][0]["because"]
    assert content(await it.call(it.api.health, method="GET"))["refused"] == {"event": 2}


async def test_a_handshake_among_events_is_refused_by_name_and_does_not_swallow_them() -> None:
    it = await client()
    handshake = {
        "id": "1",
        "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "data": {"validationCode": "512d38b6"},
    }

    taken = content(await it.call(it.api.take_events, [handshake, version("a")]))

    assert [each["event"] for each in taken["refused"]] == [0]
    assert len(await inbox(it)) == 1


async def test_an_event_of_a_fleet_that_another_worker_just_applied_is_taken_with_its_batch() -> None:
    it = await client()
    await it.call(it.api.take_events, [version("a")])
    other = _elsewhere(FLEET)
    await it.rig.store.apply(other, if_match=None, now=it.rig.clock.now())
    it.rig.clock.at += timedelta(seconds=2)

    taken = content(
        await it.call(it.api.take_events, [version("b"), version("c", other.slots[0].cluster_id)])
    )

    assert [each["fleet"] for each in taken["accepted"]] == ["contoso", "fabrikam"]
    assert taken["refused"] == []


async def test_a_storm_is_stored_whole_before_it_is_acted_on_and_then_in_few_claims() -> None:
    it = await client()

    taken = content(await it.call(it.api.take_events, [version(f"e-{n}") for n in range(1000)]))

    assert len(taken["accepted"]) == len(await inbox(it)) == 1000
    state = await it.rig.state()
    assert state.epoch <= 25
    await it.rig.minute()
    await it.rig.minute()
    assert not (await it.rig.store.load("contoso")).pending


async def test_resolved_before_fired_leaves_both_stored_and_the_rollback_to_what_fired() -> None:
    it = await client()
    await it.rig.publish_version()
    await it.rig.until("bake")
    gateway = FLEET.slot(GREEN).gateway_id
    now = it.rig.clock.now()
    resolved = events.metric_alert(gateway, now, alert_guid="1", resolved_at=now)
    fired = events.metric_alert(gateway, now, alert_guid="1")

    for body in (resolved, fired):
        assert len(content(await it.call(it.api.take_alert, body))["accepted"]) == 1

    rollout = await it.rig.rollout()
    assert rollout.rollback_because


def _elsewhere(original: Fleet) -> Fleet:
    """The fleet under another name, on clusters of its own."""
    blue = replace(original.slots[0], cluster_id=original.slots[0].cluster_id.replace("aks-", "fab-"))
    return fleet(name="fabrikam", slots=(blue, original.slots[1]))
