"""Every kind of alert that Azure Monitor sends in the common schema, and how each is told to a person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.errors import Refused
from shared.model import Signal, SignalKind
from shared.signals import parse_alert
from tests.signals.alert_kinds import KINDS, PROMETHEUS, SERVICE
from tests.signals.bodies import (
    ALERT_ID,
    BLUE,
    DIRECTORY,
    GREEN,
    NOW,
    PRIVATE,
    PUBLIC,
    SUBSCRIPTION,
    WORKSPACE,
    alert,
    criterion,
    entry,
    metric,
)


def one(body: object) -> Signal:
    """The only signal of an alert."""
    (signal,) = parse_alert(body, NOW, DIRECTORY)
    return signal


def refusal(body: object) -> str:
    """The sentence with which an alert is refused."""
    with pytest.raises(Refused) as caught:
        parse_alert(body, NOW, DIRECTORY)
    return str(caught.value)


@pytest.mark.parametrize("name", KINDS)
def test_an_alert_of_every_kind_is_told_and_matched_to_its_slot(name: str) -> None:
    body, because = KINDS[name]

    signal = one(body)

    assert signal.because == because
    assert (signal.kind, signal.fleet, signal.slot) == (SignalKind.ALERT, "contoso-public", "green")
    assert (signal.state, signal.severity) == ("fired", "Sev1")
    assert signal.at == datetime(2026, 11, 21, 11, 58, 0, 123456, tzinfo=UTC)


def test_nothing_personal_is_kept_of_an_activity_log_alert() -> None:
    body, _ = KINDS["activity log"]

    assert "ada" not in repr(one(body)).lower()


def test_a_service_health_alert_concerns_the_whole_fleet() -> None:
    essentials = {"alertTargetIDs": [SUBSCRIPTION], "configurationItems": ...}
    body = alert(
        {"properties": SERVICE, "channels": 1, "claims": None}, "ServiceHealth", "Activity Log", **essentials
    )

    signal = one(body)

    assert (signal.fleet, signal.slot) == ("contoso-public", None)
    assert signal.because.endswith(
        ": AKS: creates fail (Incident TEST-TTT, Active, Azure Kubernetes Service (AKS) in West Europe)"
    )


def test_resolved_is_another_signal_of_the_same_alert() -> None:
    resolved = alert(
        metric(criterion(metricValue=7.727)),
        monitorCondition="Resolved",
        resolvedDateTime="2026-11-21T12:03:00+02:00",
    )

    fired, signal = one(alert(metric(criterion()))), one(resolved)

    assert signal.state == "resolved"
    assert signal.alert_id == fired.alert_id
    assert signal.id != fired.id
    assert signal.at == datetime(2026, 11, 21, 10, 3, tzinfo=UTC)
    assert signal.because.endswith("of 7.727 is no longer greater than 25")


def test_the_same_alert_twice_is_one_signal_and_a_new_firing_another() -> None:
    first = one(alert(metric(criterion())))
    again = one(alert(metric(criterion(metricValue=60)), alertId=ALERT_ID.upper(), severity="sev1"))
    later = one(alert(metric(criterion()), firedDateTime="2026-11-21T12:30:00Z"))

    assert again.id == first.id
    assert later.id != first.id
    assert later.alert_id == first.alert_id


def test_an_alert_on_both_slots_is_a_signal_for_each() -> None:
    body = alert(metric(criterion()), alertTargetIDs=[BLUE.gateway_id, GREEN.gateway_id.upper()])

    signals = parse_alert(body, NOW, DIRECTORY)

    assert [signal.slot for signal in signals] == ["blue", "green"]
    assert len({signal.id for signal in signals}) == 2


def test_two_fleets_on_one_gateway_get_a_signal_each() -> None:
    signals = parse_alert(alert(metric(criterion())), NOW, (entry(PUBLIC), entry(PRIVATE)))

    assert [(signal.fleet, signal.slot) for signal in signals] == [
        ("contoso-public", "green"),
        ("contoso-private", "green"),
    ]


def test_a_cluster_of_the_same_name_in_another_subscription_is_not_ours() -> None:
    elsewhere = "/subscriptions/99999999-2222-3333-4444-555555555555"
    body = alert(
        PROMETHEUS,
        "Prometheus",
        alertId=f"{elsewhere}/providers/Microsoft.AlertsManagement/alerts/1",
        alertTargetIDs=[f"{elsewhere}/resourceGroups/g/providers/Microsoft.Monitor/accounts/a"],
    )

    assert "no fleet declares any of" in refusal(body)


@pytest.mark.parametrize(
    "changes",
    [
        {
            "alertRule": ...,
            "alertRuleId": "/subscriptions/1/providers/microsoft.insights/metricAlerts/too-slow",
        },
        {"alertRuleId": None, "configurationItems": None, "originAlertId": None},
        {"essentialsVersion": ..., "targetResourceType": "x", "investigationLink": "https://portal"},
        {"firedDateTime": "2026-11-21T11:58:00.1234567"},
        {"alertTargetIDs": GREEN.gateway_id},
        {"monitorCondition": "fired"},
    ],
)
def test_irregular_essentials_are_survived(changes: dict[str, Any]) -> None:
    assert one(alert(metric(criterion()), **changes)).because.startswith("too-slow fired on agw-green")


@pytest.mark.parametrize(
    "context",
    [
        {"condition": None},
        {"condition": {"allOf": "none"}},
        {"condition": {"allOf": [None, 3, {}, {"dimensions": [None, {"name": 3}]}]}},
        {"condition": {"allOf": [{"metricValue": {}, "threshold": [], "operator": 3}]}},
        {"properties": "text", "labels": [1], "annotations": 3, "expression": None},
        {"DetectionSummary": None},
        {"ResultCount": None},
    ],
)
def test_an_unreadable_context_leaves_the_sentence_shorter(context: dict[str, Any]) -> None:
    assert one(alert(context)).because.startswith("too-slow fired on agw-green")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (None, "alert: got nothing, expected an object"),
        ({}, "data: got nothing, expected an object"),
        ({"data": {}}, "data.essentials: got nothing, expected an object"),
        ({"schemaId": "AzureMonitorMetricAlert", "data": {}}, "turn on the common alert schema"),
        ({"schemaId": 3, "data": {}}, "schemaId: got 3"),
        (alert(metric(criterion()), alertId=...), "data.essentials.alertId: got nothing"),
        (alert(metric(criterion()), monitorCondition="Closed"), 'got "Closed", expected Fired or Resolved'),
        (alert(metric(criterion()), severity="High"), 'severity: got "High", expected Sev0 to Sev4'),
        (
            alert(metric(criterion()), firedDateTime="now"),
            'firedDateTime: got "now", expected an ISO 8601 instant',
        ),
        (
            alert(metric(criterion()), alertTargetIDs=3),
            "alertTargetIDs: got 3, expected an array of resource ids",
        ),
        (alert([]), "data.alertContext: got an array, expected an object"),  # type: ignore[arg-type]
        (alert({}, alertTargetIDs=[]), "alert: got no resource id"),
        (alert({}, alertTargetIDs=[WORKSPACE]), f"alert: no fleet declares any of {WORKSPACE}"),
        (
            alert(
                {"AlertCategory": "Budgets"},
                "CostAlerts",
                None,
                alertRule=None,
                severity=None,
                alertTargetIDs=None,
            ),
            "a budget's alert says nothing about a cluster",
        ),
    ],
)
def test_what_is_not_understood_is_refused_in_one_sentence(body: object, sentence: str) -> None:
    assert sentence in refusal(body)
