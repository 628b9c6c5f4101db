"""Bodies off the beaten track: what Azure Monitor sends when the samples do not show it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from shared.errors import Refused
from shared.model import Signal
from shared.signals import parse_alert, parse_event
from tests.signals.alert_kinds import DELETED, DETECTION, HEALTH, PROMETHEUS
from tests.signals.bodies import (
    BLUE,
    DIRECTORY,
    GREEN,
    NOW,
    PUBLIC,
    RESOURCE,
    RESOURCES,
    SUBSCRIPTION,
    WORKSPACE,
    alert,
    criterion,
    grid_event,
    metric,
)

NODES = f"{SUBSCRIPTION}/resourceGroups/MC_rg-aks-green_aks-green_westeurope"
SCALE_SET = f"{NODES}/providers/Microsoft.Compute/virtualMachineScaleSets/aks-pool1-vmss"
MACHINE = f"{SUBSCRIPTION}/resourceGroups/rg-other/providers/Microsoft.Compute/virtualMachines/vm1"


def one(body: object) -> Signal:
    """The only signal of an alert."""
    (signal,) = parse_alert(body, NOW, DIRECTORY)
    return signal


def refusal(parse: Any, body: object) -> str:
    """The sentence with which a body is refused."""
    with pytest.raises(Refused) as caught:
        parse(body, NOW, DIRECTORY)
    return str(caught.value)


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


def test_an_alert_that_leaves_out_its_kind_is_matched_all_the_same() -> None:
    assert one(alert(PROMETHEUS, "Prometheus", None, alertTargetIDs=None)).slot == "green"


def test_a_budgets_alert_is_refused_even_for_a_declared_resource() -> None:
    body = alert({"AlertCategory": "Budgets"}, "CostAlerts", None, alertTargetIDs=[GREEN.cluster_id])

    assert refusal(parse_alert, body).startswith(
        'data.essentials.monitoringService: got "CostAlerts", expected '
    )


def test_the_resource_is_not_told_again_as_a_dimension() -> None:
    dimensions = [
        {"name": "microsoft.resourceId", "value": GREEN.gateway_id},
        {"name": "microsoft.resourceType", "value": "Microsoft.Network/applicationGateways"},
        {"name": "Listener", "value": "https"},
    ]

    assert one(alert(metric(criterion(dimensions=dimensions)))).because.endswith("than 25 for Listener https")


def test_an_id_of_any_depth_is_matched_by_its_beginning_alone() -> None:
    # A megabyte of deep ids must not occupy the worker: the work is bounded by the ids, not by their slashes.
    looked_up: list[str] = []

    class Counted(dict[str, str]):
        def get(self, key: str, default: Any = None) -> Any:
            looked_up.append(key)
            return super().get(key, default)

    counted = msgspec.structs.replace(DIRECTORY[0], resources=Counted(DIRECTORY[0].resources))
    deep = f"{GREEN.cluster_id}{'/a/b' * 200}"

    (signal,) = parse_alert(alert(None, alertTargetIDs=[deep]), NOW, (counted,))

    assert signal.slot == "green"
    assert len(looked_up) < 20
