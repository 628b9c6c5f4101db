"""What `switchyard signal explain` prints, for composed bodies and for Microsoft's own samples."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared.levers import SlotName
from shared.signals import explain, validation_code
from tests.signals.bodies import (
    AKS,
    BLUE,
    DIRECTORY,
    EVENTS,
    GREEN,
    PRIVATE,
    PUBLIC,
    VERSIONS,
    alert,
    cloud_event,
    criterion,
    entry,
    full_type,
    grid_event,
    metric,
)

SAMPLES = Path(__file__).parents[3] / "shared/payloads"
KEYS = ["kind", "id", "fleet", "slot", "role", "state", "severity", "because"]
LIVE = SlotName("blue")
VALIDATION = grid_event("Microsoft.EventGrid.SubscriptionValidationEvent", {"validationCode": "512d38b6"})


def told(body: object) -> Any:
    """The explanation of a body about the public example, where blue is live."""
    return explain(body, PUBLIC, (), LIVE)


def test_an_alert_is_explained_with_the_role_of_its_slot() -> None:
    assert told(alert(metric(criterion()))) == {
        "kind": "alert",
        "id": (
            "contoso-public/subscriptions/11111111-2222-3333-4444-555555555555/providers/"
            "microsoft.alertsmanagement/alerts/aaaa1111-bbbb-2222-cccc-333344445555/fired/"
            "2026-11-21t11:58:00.123456+00:00/"
            "subscriptions/11111111-2222-3333-4444-555555555555/resourcegroups/rg-network/providers/"
            "microsoft.network/applicationgateways/agw-green"
        ),
        "fleet": "contoso-public",
        "slot": "green",
        "role": "candidate",
        "state": "fired",
        "severity": "Sev1",
        "because": "too-slow fired on agw-green: FailedRequests (Total) of 57 is greater than 25",
    }
    assert told(alert(metric(criterion()), alertTargetIDs=[BLUE.cluster_id]))["role"] == "live"


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_is_explained_in_an_array_of_one_as_alone(name: str) -> None:
    data, kind, state, because = EVENTS[name]
    event = grid_event(full_type(name), data)

    found = told([event])

    assert list(found) == KEYS
    assert found == told(event)
    assert found == {
        "kind": kind.value,
        "id": found["id"],
        "fleet": "contoso-public",
        "slot": "green",
        "role": "candidate",
        "state": state,
        "severity": None,
        "because": because,
    }


def test_an_array_of_several_is_explained_one_by_one() -> None:
    events = [cloud_event(f"{AKS}NewKubernetesVersionAvailable", VERSIONS), {"type": "Odd"}]

    first, second = told(events)

    assert first["kind"] == "version_available"
    assert list(second) == ["refused"]


def test_without_a_fleet_the_directory_is_asked() -> None:
    event = grid_event(f"{AKS}NewKubernetesVersionAvailable", VERSIONS)

    alone = explain(event, None, DIRECTORY, LIVE)
    both = explain(event, None, (entry(PUBLIC), entry(PRIVATE)), LIVE)

    assert isinstance(alone, dict)
    assert isinstance(both, list)
    assert [each["fleet"] for each in both] == ["contoso-public", "contoso-private"]
    assert "refused" in explain(event, None, (), LIVE)


def test_a_validation_event_is_explained_and_its_code_found() -> None:
    found = told([VALIDATION])

    assert found["kind"] == "subscription_validation"
    assert list(found) == KEYS
    assert validation_code([VALIDATION]) == validation_code(VALIDATION) == "512d38b6"
    assert validation_code([VALIDATION, VALIDATION]) is None
    assert validation_code(grid_event(f"{AKS}ClusterSupportEnded", {})) is None


@pytest.mark.parametrize("body", [None, [], {}, 3, "text", [[]], {"data": {"essentials": None}}, {"type": 1}])
def test_what_is_nothing_is_refused(body: object) -> None:
    found = told(body)

    assert list(found) == ["refused"]
    assert ": got " in found["refused"]


def _samples(pattern: str) -> list[Path]:
    return sorted(SAMPLES.glob(pattern))


def _about_us(text: str) -> Any:
    """A sample about the green slot: its placeholders and resources are replaced, nothing else."""
    green = GREEN.cluster_id
    body = json.loads(text)
    if isinstance(body, dict) and "schemaId" in body:
        targets = body["data"]["essentials"]["alertTargetIDs"]
        return json.loads(text.replace(targets[0], green))
    parts = green.split("/")
    names = {"subscription-id": parts[2], "resource-group": parts[4], "cluster": parts[-1]}
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    storage = (
        f"/subscriptions/{parts[2]}/resourceGroups/{parts[4]}/providers/Microsoft.Storage/storageAccounts/"
    )
    return json.loads(text.replace(f"{storage}{{storage-name}}", green))


def _skip_without_samples() -> None:
    if not SAMPLES.is_dir():
        pytest.skip(f"the published sample bodies are not at {SAMPLES}")


def test_microsofts_samples_about_a_declared_cluster_are_explained() -> None:
    _skip_without_samples()
    patterns = ("eventgrid_aks_*", "eventgrid_resources_*", "alert_*.json")
    found = {path.name: told(_about_us(path.read_text())) for p in patterns for path in _samples(p)}

    assert len(found) >= 18
    for name, explanation in found.items():
        assert list(explanation) == KEYS, (name, explanation)
        assert (explanation["fleet"], explanation["slot"]) == ("contoso-public", "green"), name
        wanted = "resolved" if ".resolved." in name else "fired" if name.startswith("alert_") else None
        assert wanted in (None, explanation["state"]), name


def test_microsofts_samples_as_they_are_concern_nobody() -> None:
    _skip_without_samples()
    found = {path.name: told(json.loads(path.read_text())) for path in _samples("*.json")}

    validation = found.pop("eventgrid_subscription_validation.eventgridschema.json")
    assert validation["kind"] == "subscription_validation"
    assert found
    for name, explanation in found.items():
        assert list(explanation) == ["refused"], (name, explanation)


def test_taking_signals_in_loads_nothing_heavy() -> None:
    code = (
        "import sys, shared.signals\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'pydantic', 'azure', 'aiohttp', 'yaml'}))"
    )
    root = Path(__file__).parents[2]

    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
