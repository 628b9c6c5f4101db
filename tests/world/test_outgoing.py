"""What Azure sends by itself: events and alerts, in their published shapes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.world import Faults, events
from sandbox.world.outgoing import Outbound, Receiver
from tests.fleets import BLUE, FLEET, GREEN
from tests.world.manual_clock import START, VERSION, Estate

PAYLOADS = Path(__file__).parents[3] / "shared" / "payloads"
CLUSTER = FLEET.slot(BLUE).cluster_id
GATEWAY = FLEET.slot(GREEN).gateway_id


def published(name: str) -> Any:
    """A body as Microsoft published it."""
    path = PAYLOADS / name
    if not path.exists():
        pytest.skip(f"the published payloads are not at {PAYLOADS}")
    return json.loads(path.read_text())


def shape(body: Any) -> Any:
    """The keys of a body, all the way down."""
    if isinstance(body, dict):
        return {key: shape(value) for key, value in sorted(body.items())}
    return [shape(body[0])] if isinstance(body, list) and body else type(body).__name__


def kinds(deliveries: tuple[Outbound, ...]) -> list[str]:
    return [
        each.body["eventType"]
        if each.receiver is Receiver.EVENT_GRID
        else each.body["data"]["essentials"]["monitorCondition"]
        for each in deliveries
    ]


def test_a_new_version_has_the_published_shape_in_both_schemas() -> None:
    event = events.version_available(CLUSTER, VERSION, START, event_id="e-1")
    assert event["data"]["latestStableKubernetesVersion"] == VERSION
    assert event["topic"] == CLUSTER
    prefix = "eventgrid_aks_new_kubernetes_version_available"
    assert shape([event]) == shape(published(f"{prefix}.eventgridschema.json"))
    assert shape(events.to_cloud_event(event)) == shape(published(f"{prefix}.cloudevents.json"))


@pytest.mark.parametrize("resolved", [False, True])
def test_an_alert_on_a_gateway_has_the_published_essentials(resolved: bool) -> None:
    body = events.metric_alert(GATEWAY, START, alert_guid="a-1", resolved_at=START if resolved else None)
    essentials = body["data"]["essentials"]
    assert essentials["monitorCondition"] == ("Resolved" if resolved else "Fired")
    assert essentials["alertTargetIDs"] == [GATEWAY.lower()]
    sample = published(f"alert_metric_static.{'resolved' if resolved else 'fired'}.json")
    assert shape(sample)["data"]["essentials"].keys() - essentials.keys() == set()
    assert shape(sample)["data"]["alertContext"].keys() == body["data"]["alertContext"].keys()


def test_a_rollouts_cluster_operations_are_announced_once_each() -> None:
    it = Estate()
    it.deploy(GREEN)
    it.world.clusters.stop(CLUSTER)
    it.clock.pass_seconds(600)
    it.world.clusters.delete(CLUSTER)
    it.clock.pass_seconds(600)
    due = it.world.take_due()
    assert kinds(due) == [
        "Microsoft.Resources.ResourceWriteSuccess",
        "Microsoft.Resources.ResourceWriteSuccess",
        "Microsoft.Resources.ResourceDeleteSuccess",
    ]
    assert len({each.body["id"] for each in due}) == 3
    assert due[0].body["data"]["resourceUri"] == FLEET.slot(GREEN).cluster_id
    assert it.world.take_due() == ()


def test_an_alert_fires_after_the_first_users_and_is_resolved_under_the_same_id() -> None:
    it = Estate(faults=Faults(alert_after_seconds=300, alert_resolved_after_seconds=600))
    it.deploy(GREEN)
    it.clock.pass_seconds(3600)
    it.world.take_due()
    it.point(GREEN)
    it.clock.pass_seconds(299)
    assert it.world.take_due() == ()
    it.clock.pass_seconds(1)
    fired = it.world.take_due()
    it.clock.pass_seconds(600)
    resolved = it.world.take_due()
    assert (kinds(fired), kinds(resolved)) == (["Fired"], ["Resolved"])
    ids = [each.body["data"]["essentials"]["alertId"] for each in (*fired, *resolved)]
    assert ids[0] == ids[1]
