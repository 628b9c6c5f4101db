"""Every event that is taken in, in both schemas, and the sentence with which every other is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from shared.errors import Refused
from shared.model import Signal, SignalKind
from shared.signals import parse_event, parse_events, resources_of
from tests.signals.bodies import (
    AKS,
    BLUE,
    DIRECTORY,
    EVENTS,
    GREEN,
    NOW,
    PRIVATE,
    PUBLIC,
    RELEASE,
    RESOURCE,
    RESOURCES,
    SUBSCRIPTION,
    VERSIONS,
    cloud_event,
    entry,
    full_type,
    grid_event,
)

AVAILABLE = f"{AKS}NewKubernetesVersionAvailable"
WRITTEN = f"{RESOURCES}ResourceWriteSuccess"
PUBLISHED = "Switchyard.ClusterVersionPublished"
PLATFORM = (entry(PUBLIC, platform=True), entry(PRIVATE))


def one(body: object) -> Signal:
    """The only signal of a body."""
    (signal,) = parse_event(body, NOW, DIRECTORY)
    return signal


def refusal(body: object, directory: Any = DIRECTORY) -> str:
    """The sentence with which a body is refused."""
    with pytest.raises(Refused) as caught:
        parse_event(body, NOW, directory)
    return str(caught.value)


@pytest.mark.parametrize("schema", [grid_event, cloud_event])
@pytest.mark.parametrize("name", EVENTS)
def test_an_event_means_the_same_in_both_schemas(name: str, schema: Any) -> None:
    data, kind, state, because = EVENTS[name]

    signal = one(schema(full_type(name), data))

    assert (signal.kind, signal.state, signal.because) == (kind, state, because)
    assert (signal.fleet, signal.slot) == ("contoso-public", "green")
    assert signal.at == datetime(2026, 11, 21, 11, 59, 0, 123456, tzinfo=UTC)
    assert signal.id == f"contoso-public{GREEN.cluster_id.lower()}/1234567890abcdef"


def test_a_published_version_is_known_by_its_channel() -> None:
    assert one(grid_event(AVAILABLE, VERSIONS)).versions == {
        "stable": "1.31.9",
        "supported": "1.32.6",
        "preview": "1.33.0",
    }
    assert one(grid_event(AVAILABLE, {"latestStableKubernetesVersion": "1.31.9"})).versions == {
        "stable": "1.31.9"
    }


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-11-21T13:59:00+02:00", datetime(2026, 11, 21, 11, 59, tzinfo=UTC)),
        ("2026-11-21T11:59:00", datetime(2026, 11, 21, 11, 59, tzinfo=UTC)),
        (..., NOW),
        (None, NOW),
    ],
)
def test_the_instant_of_an_event_is_in_utc(time: Any, expected: datetime) -> None:
    assert one(grid_event(AVAILABLE, VERSIONS, eventTime=time)).at == expected


def test_an_event_is_one_signal_however_its_ids_are_written() -> None:
    first = one(grid_event(AVAILABLE, VERSIONS))
    again = one(cloud_event(AVAILABLE, VERSIONS, source=GREEN.cluster_id.upper(), extra={"a": 1}))

    assert again.id == first.id
    assert one(grid_event(AVAILABLE, VERSIONS, id="another")).id != first.id


@pytest.mark.parametrize(
    ("resource", "slot"),
    [
        (BLUE.cluster_id, "blue"),
        (BLUE.cluster_id.replace("resourceGroups", "resourcegroups").upper(), "blue"),
        (f"{GREEN.cluster_id}/agentPools/pool1", "green"),
        (GREEN.gateway_id, "green"),
        (str(GREEN.public_ip_id), "green"),
        (f"{GREEN.host.zone_id}/A/aks-green", "green"),
        (f"{GREEN.host.zone_id}/A/aks", None),
        (GREEN.host.zone_id, None),
        (PUBLIC.provisioner.template_spec_id, None),
    ],
)
def test_a_changed_resource_belongs_to_its_slot(resource: str, slot: str | None) -> None:
    data = {**RESOURCE, "resourceUri": resource}

    signal = one(grid_event(WRITTEN, data, topic=SUBSCRIPTION, subject=resource))

    assert (signal.slot, signal.resource_id) == (slot, resource)


@pytest.mark.parametrize(
    "resource",
    [
        f"{GREEN.host.zone_id}/A/www",
        f"{GREEN.cluster_id}2",
        f"{SUBSCRIPTION}/resourceGroups/rg-aks-green",
        f"{SUBSCRIPTION}/resourceGroups/rg-aks-green/providers/Microsoft.Storage/storageAccounts/a",
    ],
)
def test_a_resource_beside_the_declared_ones_is_nobodys(resource: str) -> None:
    data = {**RESOURCE, "resourceUri": resource}

    assert "no fleet declares any of" in refusal(grid_event(WRITTEN, data, subject=resource))


def test_a_resource_event_may_name_its_resource_in_the_subject_alone() -> None:
    data = {key: value for key, value in RESOURCE.items() if key != "resourceUri"}

    assert one(grid_event(WRITTEN, data, topic=SUBSCRIPTION, subject=BLUE.cluster_id)).slot == "blue"


def test_nothing_personal_is_kept_of_a_resource_event() -> None:
    kept = msgspec.json.encode(one(grid_event(WRITTEN, RESOURCE))).decode()

    assert "Ada" not in kept
    assert "198.51.100.7" not in kept


def test_two_fleets_on_the_same_clusters_get_a_signal_each() -> None:
    signals = parse_event(grid_event(AVAILABLE, VERSIONS), NOW, (entry(PUBLIC), entry(PRIVATE)))

    assert [signal.fleet for signal in signals] == ["contoso-public", "contoso-private"]
    assert len({signal.id for signal in signals}) == 2


def test_a_release_goes_to_the_fleets_that_follow_the_platform() -> None:
    (signal,) = parse_event(cloud_event(PUBLISHED, RELEASE, source="/platform"), NOW, PLATFORM)

    assert (signal.kind, signal.fleet, signal.slot) == (
        SignalKind.VERSION_PUBLISHED,
        "contoso-public",
        None,
    )
    assert (signal.version, signal.template_version) == ("1.32.6", "1.5.0")
    assert (signal.by, signal.note) == (None, "new node image")
    assert signal.because == (
        "ada@contoso.com published cluster template 1.5.0 with Kubernetes 1.32.6: new node image"
    )


def test_a_release_may_name_its_fleets() -> None:
    body = cloud_event(PUBLISHED, {**RELEASE, "fleets": ["contoso-private"]})

    assert [signal.fleet for signal in parse_event(body, NOW, PLATFORM)] == ["contoso-private"]


def test_a_release_in_camel_case_and_event_grid_schema_is_the_same_release() -> None:
    data = {"templateVersion": "1.5.0", "kubernetesVersion": "v1.32.6", "publishedBy": "ada@contoso.com"}

    (signal,) = parse_event(grid_event(PUBLISHED, data), NOW, PLATFORM)

    assert (signal.version, signal.template_version, signal.by) == ("1.32.6", "1.5.0", None)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (None, "event: got nothing, expected an object"),
        ([], "event: got an array, expected an object"),
        ({}, "type: got nothing, expected the type of an event"),
        (grid_event("Microsoft.Storage.BlobCreated", {}), 'eventType: got "Microsoft.Storage.BlobCreated"'),
        (cloud_event("Microsoft.Storage.BlobCreated", {}), 'type: got "Microsoft.Storage.BlobCreated"'),
        (grid_event(AVAILABLE, VERSIONS, id=...), "id: got nothing, expected the event's id"),
        (grid_event(AVAILABLE, VERSIONS, id=7), "id: got 7, expected the event's id"),
        (grid_event(AVAILABLE, VERSIONS, id="\ud800"), "id: got"),
        ({**grid_event(AVAILABLE, VERSIONS), "data": None}, "data: got nothing, expected an object"),
        (grid_event(AVAILABLE, {}), "data: got no version, expected latestStableKubernetesVersion"),
        (
            grid_event(AVAILABLE, {"latestStableKubernetesVersion": "new"}),
            'data.latestStableKubernetesVersion: got "new", expected a Kubernetes version such as 1.32.6',
        ),
        (
            grid_event(AVAILABLE, VERSIONS, eventTime="soon"),
            'eventTime: got "soon", expected an ISO 8601 instant',
        ),
        (grid_event(AVAILABLE, VERSIONS, eventTime="0001-01-01T00:00:00+02:00"), "an ISO 8601 instant"),
        (grid_event(AVAILABLE, VERSIONS, topic=...), "got no resource id"),
        (
            grid_event(AVAILABLE, VERSIONS, topic=f"{BLUE.cluster_id}-old"),
            f"event: no fleet declares any of {BLUE.cluster_id}-old",
        ),
        (grid_event(f"{AKS}NodePoolRollingStarted", {}), "data.nodePoolName: got nothing"),
        (
            grid_event(f"{AKS}ClusterSupportEnded", {"kubernetesVersion": 1.31}),
            "data.kubernetesVersion: got 1.31",
        ),
        (grid_event(PUBLISHED, {"template_version": "1.5.0"}), "data.kubernetes_version: got nothing"),
        (grid_event(PUBLISHED, RELEASE), "no fleet follows the platform channel"),
        (grid_event(PUBLISHED, {**RELEASE, "fleets": ["none"]}), 'data.fleets: got "none"'),
        (grid_event(PUBLISHED, {**RELEASE, "fleets": "all"}), 'data.fleets: got "all"'),
        (
            grid_event("Microsoft.EventGrid.SubscriptionValidationEvent", {"validationCode": "x"}),
            "a subscription validation is answered with its code",
        ),
    ],
)
def test_what_is_not_understood_is_refused_in_one_sentence(body: object, sentence: str) -> None:
    assert sentence in refusal(body)


def test_an_array_gives_the_signals_of_all_that_is_good_in_it() -> None:
    good = [grid_event(AVAILABLE, VERSIONS, id="1"), cloud_event(AVAILABLE, VERSIONS, id="2")]

    signals = parse_events([good[0], {"eventType": "Odd"}, good[1]], NOW, DIRECTORY)

    assert [signal.id[-2:] for signal in signals] == ["/1", "/2"]
    assert parse_events(good[0], NOW, DIRECTORY) == signals[:1]


@pytest.mark.parametrize("body", [[], [{}], [1, None], "text"])
def test_an_array_with_nothing_good_in_it_is_refused(body: object) -> None:
    with pytest.raises(Refused):
        parse_events(body, NOW, DIRECTORY)


def test_resources_are_lower_case_and_name_their_slot() -> None:
    found = resources_of(PUBLIC)

    assert all(key == key.lower() for key in found)
    assert found[GREEN.cluster_id.lower()] == "green"
    assert found[GREEN.host.zone_id.lower()] == ""
