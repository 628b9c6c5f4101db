"""What a fleet file says about alerts: what it becomes, and every mistake in it at once."""

from __future__ import annotations

from typing import Any

import pytest

from shared.alert_rules import AlertEffect, AlertMapping, Alerts
from shared.errors import Invalid
from shared.fleet_file import parse, parse_json
from tests.fleet_file.examples import TEXTS, changed, without

RULE = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.Insights"


def mistakes(alerts: Any) -> dict[str, str]:
    """What is wrong with a file that says this about alerts: its paths, with what was expected."""
    with pytest.raises(Invalid) as caught:
        parse_json(changed(("alerts",), alerts))
    return {mistake.path: mistake.expected for mistake in caught.value.mistakes}


def test_a_line_becomes_a_mapping_with_all_its_conditions() -> None:
    line = {"severity": ["Sev0", "Sev1", "Sev1"], "rule": "Checkout-*", "stages": ["T3"], "do": "rollback"}
    by_id = {"rule": f"{RULE}/metricAlerts/Too slow", "do": "hold", "expire": "20m"}
    fleet = parse_json(changed(("alerts",), {"expire": "30m", "rules": [line, by_id]}))
    assert fleet.alerts == Alerts(
        expire_seconds=1800,
        mappings=(
            AlertMapping(
                effect=AlertEffect.ROLLBACK,
                severities=("Sev0", "Sev1"),
                rule="checkout-*",
                stages=("T3",),
            ),
            AlertMapping(
                effect=AlertEffect.HOLD, rule=f"{RULE}/metricAlerts/Too slow".lower(), expire_seconds=1200
            ),
        ),
    )


def test_a_file_that_says_nothing_about_alerts_has_only_holds_expire_that_nobody_ends() -> None:
    assert parse_json(without(("alerts",))).alerts == Alerts(expire_seconds=3600)


def test_the_example_has_a_mapping() -> None:
    effects = {each.effect for each in parse(TEXTS["contoso-public"]).alerts.mappings}
    assert effects == set(AlertEffect)


@pytest.mark.parametrize(
    ("line", "key", "expected"),
    [
        ({"do": "page"}, "do", "one of hold, note, rollback"),
        ({}, "do", "rollback, hold or note"),
        ({"do": "hold", "severity": []}, "severity", "at least 1 entry"),
        ({"do": "hold", "severity": ["Sev9"]}, "severity[0]", "one of Sev0"),
        ({"do": "hold", "stages": ["T5"]}, "stages[0]", "one of T0"),
        ({"do": "hold", "rule": ""}, "rule", "the name of an alert rule"),
        ({"do": "hold", "rule": "a\nb"}, "rule", "the name of an alert rule"),
        ({"do": "hold", "rule": "/subscriptions/mine"}, "rule", "or its ARM id"),
        ({"do": "hold", "rule": f"{RULE}/metricAlerts/*"}, "rule", "or its ARM id"),
        ({"do": "hold", "expire": "5s"}, "expire", "at least 1m"),
        ({"do": "hold", "expire": "30d"}, "expire", "at most 7d"),
        ({"do": "note", "expire": "5m"}, "expire", "a note holds nothing"),
        ({"do": "hold", "serverity": ["Sev0"]}, "serverity", "did you mean severity?"),
    ],
)
def test_a_mistake_in_a_line_names_the_key(line: dict[str, Any], key: str, expected: str) -> None:
    found = mistakes({"rules": [line]})
    assert list(found) == [f"alerts.rules[0].{key}"]
    assert expected in found[f"alerts.rules[0].{key}"]


def test_all_mistakes_are_told_at_once() -> None:
    lines = [{"do": "page"}, {"do": "hold", "stages": ["T9"]}, {"do": "note", "rule": "x", "expire": "5m"}]
    found = mistakes({"expire": "1s", "rules": [*lines, {"do": "note", "rule": "X"}]})
    assert {"alerts.expire", "alerts.rules[0].do", "alerts.rules[1].stages[0]"} < set(found)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {"severity": ["Sev0"]}),
        ({"rule": "a-*"}, {"rule": "A-b"}),
        ({"rule": "a-*"}, {"rule": "a-b*"}),
        ({"severity": ["Sev0", "Sev1"]}, {"severity": ["Sev1"], "stages": ["T3"]}),
        ({"stages": ["T3", "T4"], "rule": "x"}, {"stages": ["T4"], "rule": "x"}),
    ],
)
def test_a_line_that_an_earlier_one_leaves_nothing_to_is_refused(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    found = mistakes({"rules": [{**first, "do": "hold"}, {**second, "do": "note"}]})
    assert list(found) == ["alerts.rules[1]"]
    assert "alerts.rules[0] leaves over" in found["alerts.rules[1]"]
    reverse = {"rules": [{**second, "do": "note"}, {**first, "do": "hold"}]}
    assert len(parse_json(changed(("alerts",), reverse)).alerts.mappings) == 2


@pytest.mark.parametrize("odd", [[[]], [{}], [None]])
def test_what_is_no_severity_is_told_beside_every_other_line(odd: list[Any]) -> None:
    found = mistakes({"rules": [{"severity": odd, "do": "note"}, {"severity": odd, "do": "hold"}]})
    assert {"alerts.rules[0].severity[0]", "alerts.rules[1].severity[0]"} <= found.keys()
