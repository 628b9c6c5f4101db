"""Bodies off the beaten track: what Azure and publishers send when the samples do not show it."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from shared.errors import Refused
from shared.model import Signal
from shared.signals import parse_alert, parse_event
from tests.signals.alert_kinds import DELETED, DETECTION, HEALTH
from tests.signals.bodies import (
    AKS,
    BLUE,
    DIRECTORY,
    GREEN,
    NOW,
    PRIVATE,
    PUBLIC,
    RELEASE,
    RESOURCE,
    RESOURCES,
    SUBSCRIPTION,
    WORKSPACE,
    alert,
    cloud_event,
    criterion,
    entry,
    grid_event,
    metric,
)

NODES = f"{SUBSCRIPTION}/resourceGroups/MC_rg-aks-green_aks-green_westeurope"
SCALE_SET = f"{NODES}/providers/Microsoft.Compute/virtualMachineScaleSets/aks-pool1-vmss"
MACHINE = f"{SUBSCRIPTION}/resourceGroups/rg-other/providers/Microsoft.Compute/virtualMachines/vm1"
PUBLISHED = "Switchyard.ClusterVersionPublished"
PLATFORM = (entry(PUBLIC, platform=True), entry(PRIVATE))


def one(body: object) -> Signal:
    """The only signal of an alert."""
    (signal,) = parse_alert(body, NOW, DIRECTORY)
    return signal


def refusal(parse: Any, body: object) -> str:
    """The sentence with which a body is refused."""
    with pytest.raises(Refused) as caught:
        parse(body, NOW, DIRECTORY)
    return str(caught.value)


def release(data: object, **changes: Any) -> dict[str, Any]:
    """A platform's release with whatever data."""
    return cloud_event(PUBLISHED, data, **{"source": "/platform"} | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        (SCALE_SET, "aks-pool1-vmss in MC_rg-aks-green_aks-green_westeurope"),
        (f"{SCALE_SET}/virtualMachines/3", "3 of aks-pool1-vmss in MC_rg-aks-green_aks-green_westeurope"),
        (NODES, "resource group MC_rg-aks-green_aks-green_westeurope"),
    ],
)
def test_a_clusters_nodes_belong_to_its_slot(resource: str, name: str) -> None:
    body = alert(metric(criterion()), alertTargetIDs=[resource])

    assert one(body).slot == "green"
    assert f" fired on {name}: " in one(body).because
    lowered = alert(metric(criterion()), alertTargetIDs=[resource.lower()])
    assert one(lowered).slot == "green"
    (event,) = parse_event(
        grid_event(f"{RESOURCES}ResourceWriteSuccess", {**RESOURCE, "resourceUri": resource}), NOW, DIRECTORY
    )
    assert event.slot == "green"


@pytest.mark.parametrize(
    "group", ["MC_rg-aks-green_aks-green_northeurope", "MC_rg-aks-green_aks-green2_westeurope"]
)
def test_another_clusters_nodes_are_nobodys(group: str) -> None:
    target = f"{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachineScaleSets/a"

    assert "no fleet declares" in refusal(parse_alert, alert(metric(criterion()), alertTargetIDs=[target]))


def test_the_scope_of_somebodys_role_does_not_make_an_alert_the_fleets() -> None:
    authorization = {"action": "a", "scope": MACHINE, "evidence": {"roleAssignmentScope": SUBSCRIPTION}}
    body = alert(
        {**DELETED, "authorization": authorization},
        "Activity Log - Administrative",
        "Activity Log",
        alertTargetIDs=[MACHINE],
    )

    assert MACHINE in refusal(parse_alert, body)


def test_an_id_among_the_custom_properties_counts() -> None:
    body = alert(DETECTION, "SmartDetector", "Log", alertTargetIDs=[WORKSPACE])
    body["data"]["customProperties"] = {"cluster": BLUE.cluster_id, "team": None}

    assert one(body).slot == "blue"


def test_of_several_ids_in_a_context_the_first_one_is_told() -> None:
    ids = [f"{GREEN.cluster_id}/agentPools/first", f"{GREEN.cluster_id}/agentPools/second"]

    assert one(alert({"ids": ids}, alertTargetIDs=[])).because.startswith(
        "too-slow fired on first of aks-green"
    )


def test_good_health_does_not_fire() -> None:
    # Rules on the activity log are stateless: a recovery comes as Fired, and must roll nothing back.
    health = {**HEALTH, "currentHealthStatus": "Available", "previousHealthStatus": "Unavailable"}

    signal = one(alert({"properties": health}, "Resource Health", "Activity Log"))

    assert signal.state == "resolved"
    assert signal.because.startswith(
        "too-slow resolved on agw-green: its health is Available, was Unavailable"
    )
    assert signal.at == one(alert({"properties": HEALTH}, "Resource Health", "Activity Log")).at


def test_two_resolutions_that_do_not_say_what_fired_are_two_signals() -> None:
    times = ["2026-11-21T12:03:00Z", "2026-11-21T13:03:00Z"]

    ids = {
        one(alert(None, monitorCondition="Resolved", firedDateTime=..., resolvedDateTime=time)).id
        for time in (*times, *times)
    }

    assert len(ids) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"description": "word " * 1000},
        {"description": 7},
        {"monitoringService": 7},
        {
            "alertRule": "  ",
            "alertRuleId": f"{SUBSCRIPTION}/providers/microsoft.insights/metricAlerts/too-slow",
        },
        {"alertRuleId": 7},
    ],
)
def test_words_alone_never_lose_an_alert(changes: dict[str, Any]) -> None:
    assert one(alert(metric(criterion()), **changes)).because.startswith("too-slow fired on agw-green: ")


@pytest.mark.parametrize(
    ("context", "service", "told"),
    [
        (
            metric(criterion(metricValue=15032385536.0, threshold="14000000000")),
            "Platform",
            "of 15032385536 is",
        ),
        (metric(criterion(metricValue=0.001234)), "Platform", "of 0.001234 is"),
        (
            {"DetectionSummary": "Many fail", "DetectedFailureRate": "50%", "NormalFailureRate": "0%"},
            "SmartDetector",
            "Many fail (50%, normally 0%)",
        ),
        (
            {
                "operationName": "Microsoft.Advisor/recommendations/available/action",
                "status": "Active",
                "properties": {"recommendationName": "Use three zones"},
            },
            "Activity Log - Recommendation",
            "Microsoft.Advisor/recommendations/available/action active: Use three zones",
        ),
    ],
)
def test_a_tired_person_reads_what_it_saw(context: dict[str, Any], service: str, told: str) -> None:
    assert told in one(alert(context, service)).because


def test_a_whole_subscription_is_called_one() -> None:
    body = alert(
        {"properties": {"title": "t"}}, "ServiceHealth", "Activity Log", alertTargetIDs=[SUBSCRIPTION]
    )

    assert one(body).because == f"too-slow fired on subscription {PUBLIC.subscription_id}: t (service issue)"


@pytest.mark.parametrize("field", ["alertId", "alertTargetIDs"])
@pytest.mark.parametrize("forged", ["\nERROR all is lost", "\x1b[2J", "\u202egnp", "\u2028x", "\ud800"])
def test_an_id_that_would_forge_a_log_line_is_refused(field: str, forged: str) -> None:
    value = f"{GREEN.cluster_id}/agentPools/a{forged}"

    sentence = refusal(parse_alert, alert({}, **{field: value}))

    assert sentence.startswith(f"data.essentials.{field}: got ")
    assert sentence.isprintable()


def test_too_much_is_refused_with_the_limit() -> None:
    assert "expected the alert's id of at most 2048 characters" in refusal(
        parse_alert, alert({}, alertId="/" + "a" * 3000)
    )
    many = refusal(parse_alert, alert({}, alertTargetIDs=[GREEN.cluster_id] * 300))
    assert many == "data.essentials.alertTargetIDs: got 300 of them, expected at most 200 resource ids"


@pytest.mark.parametrize("changes", [{"id": "a\nb"}, {"source": "/p\r\n"}])
def test_an_event_whose_id_would_forge_a_log_line_is_refused(changes: dict[str, Any]) -> None:
    assert "without control characters" in refusal(parse_event, release(RELEASE, **changes))


def test_ids_of_events_that_differ_in_case_are_two() -> None:
    ids = {parse_event(release(RELEASE, id=each), NOW, PLATFORM)[0].id for each in ("Zm9v", "zm9V")}

    assert len(ids) == 2


def test_a_release_in_base64_is_the_same_release() -> None:
    encoded = b64encode(json.dumps(RELEASE).encode()).decode()

    (plain,) = parse_event(release(RELEASE), NOW, PLATFORM)
    (signal,) = parse_event(release(..., data_base64=encoded), NOW, PLATFORM)

    assert signal == plain


@pytest.mark.parametrize("encoded", ["%%%", b64encode(b"text").decode(), b64encode(b"[1]").decode(), "é", 7])
def test_base64_of_anything_else_is_refused(encoded: object) -> None:
    assert refusal(parse_event, release(..., data_base64=encoded)).startswith("data_base64: got ")


@pytest.mark.parametrize("key", ["fleets", "Fleets"])
def test_a_release_goes_to_no_fleet_that_it_does_not_name(key: str) -> None:
    found = parse_event(release({**RELEASE, key: ["contoso-private", "not-ours"]}), NOW, PLATFORM)

    assert [signal.fleet for signal in found] == ["contoso-private"]


def test_a_release_for_no_fleet_at_all_is_refused() -> None:
    sentence = refusal(parse_event, release({**RELEASE, "fleets": []}))

    assert sentence == "data.fleets: got an array, expected an array of at least one fleet's name"


def test_notes_may_have_several_lines_and_a_sentence_has_one() -> None:
    (signal,) = parse_event(release({**RELEASE, "notes": "new image\n\n- nodes"}), NOW, PLATFORM)

    assert signal.note == "new image\n\n- nodes"
    assert signal.because.endswith(": new image - nodes")


def test_a_node_pool_that_could_not_be_rolled_is_told_from_either_envelope_with_any_extras() -> None:
    event = cloud_event(
        f"{AKS}NodePoolRollingFailed",
        {"nodePoolName": "system", "new": [1]},
        source=GREEN.cluster_id.replace("resourceGroups", "resourcegroups"),
        dataschema="#",
        traceparent="00-1-2-01",
        time="2026-11-21T13:59:00.1234567+02:00",
    )

    (signal,) = parse_event(event, NOW, DIRECTORY)

    assert (signal.slot, signal.state) == ("green", "failed")
    assert signal.because == "node pool system of aks-green could not be rolled"
