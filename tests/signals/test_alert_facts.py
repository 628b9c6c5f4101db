"""What an alert says beside its sentence: its rule, when it fired, whether it ever resolves, its targets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.model import Signal
from shared.signals import parse_alert
from tests.signals.alert_kinds import DELETED, HEALTH, KINDS, SERVICE
from tests.signals.bodies import (
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

RULE_ID = f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Insights/metricAlerts/Too-Slow"


def signals(body: object) -> tuple[Signal, ...]:
    return parse_alert(body, NOW, DIRECTORY)


@pytest.mark.parametrize("name", KINDS)
def test_what_comes_of_the_activity_log_is_stateless_and_nothing_else_is(name: str) -> None:
    (signal,) = signals(KINDS[name][0])
    assert signal.stateless is (name.startswith(("activity log", "resource health")))


@pytest.mark.parametrize("service", ["Service Health", "ServiceHealth", "ActivityLog-ServiceHealth"])
def test_service_health_is_stateless_however_it_is_spelt(service: str) -> None:
    body = alert({"properties": SERVICE}, service, None, alertTargetIDs=[SUBSCRIPTION])
    assert [signal.stateless for signal in signals(body)] == [True]


def test_the_rule_and_the_time_of_firing_are_kept_as_the_alert_says_them() -> None:
    (signal,) = signals(alert(metric(criterion()), alertRule="Too-Slow", alertRuleId=f"{RULE_ID}/"))
    assert (signal.rule, signal.rule_id) == ("Too-Slow", RULE_ID.lower())
    assert signal.fired_at == datetime(2026, 11, 21, 11, 58, 0, 123456, tzinfo=UTC)


def test_a_long_rule_name_is_compared_whole() -> None:
    name = "checkout-" + "x" * 240
    (signal,) = signals(alert(metric(criterion()), alertRule=name))
    assert signal.rule == name
    assert len(signal.because) < 300


def test_an_alert_that_does_not_say_when_it_fired_has_no_such_time() -> None:
    (signal,) = signals(alert(metric(criterion()), firedDateTime=None))
    assert (signal.fired_at, signal.at) == (None, NOW)


@pytest.mark.parametrize(
    "target",
    [
        BLUE.cluster_id,
        BLUE.cluster_id.upper(),
        f"{BLUE.cluster_id}/agentPools/pool1",
        BLUE.gateway_id,
        str(BLUE.public_ip_id),
        f"{BLUE.host.zone_id}/{BLUE.host.type.value}/{BLUE.host.name}",
    ],
)
def test_each_of_a_slots_resources_among_the_targets_names_the_slot(target: str) -> None:
    body = alert(metric(criterion()), alertTargetIDs=[WORKSPACE, GREEN.cluster_id, target])
    assert [signal.slot for signal in signals(body)] == ["blue", "green"]


def test_what_lies_in_the_node_resource_group_is_the_clusters() -> None:
    group, cluster = GREEN.cluster_id.split("/")[4], GREEN.cluster_id.split("/")[-1]
    nodes = f"{SUBSCRIPTION}/resourceGroups/MC_{group}_{cluster}_{PUBLIC.location}"
    pool = f"{nodes}/providers/Microsoft.Compute/virtualMachineScaleSets/aks-pool1"
    (signal,) = signals(alert(metric(criterion()), alertTargetIDs=[pool]))
    assert signal.slot == "green"


def test_a_fleet_whose_lever_is_among_the_targets_hears_of_it_beside_the_fleet_of_the_slot() -> None:
    zone = PRIVATE.live_records[0].zone_id
    body = alert(metric(criterion()), alertTargetIDs=[str(GREEN.public_ip_id), zone])
    found = parse_alert(body, NOW, (entry(PUBLIC), entry(PRIVATE)))
    assert [(signal.fleet, signal.slot) for signal in found] == [
        ("contoso-public", "green"),
        ("contoso-private", None),
    ]


def health(**properties: Any) -> Signal:
    guid = "aaaa" if properties.get("currentHealthStatus") == "Available" else "bbbb"
    alert_id = f"{SUBSCRIPTION}/providers/Microsoft.AlertsManagement/alerts/{guid}"
    body = alert(
        {"properties": {**HEALTH, **properties}}, "Resource Health", "Activity Log", alertId=alert_id
    )
    (signal,) = signals(body)
    return signal


def test_that_a_resource_is_well_again_is_the_end_of_the_alert_that_said_it_was_not() -> None:
    ill, well = health(), health(currentHealthStatus="Available")
    assert (ill.state, well.state) == ("fired", "resolved")
    assert ill.alert_id == well.alert_id
    assert ill.id != well.id


def test_an_activity_log_alert_is_matched_by_its_scope_where_its_targets_are_nobodys() -> None:
    body = alert(DELETED, "Activity Log - Administrative", "Activity Log", alertTargetIDs=[WORKSPACE])
    assert [(signal.slot, signal.stateless) for signal in signals(body)] == [("green", True)]
