"""A gate's further rules: what a file may say, and which rules contradict each other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.errors import Invalid
from shared.fleet_file import parse_json
from shared.fleet_file.gate_file import parse_gates
from shared.gate_rules import Comparison, Objective, Schedule, Scores, Tolerance
from tests.fleet_file.examples import Path_, changed, data

HTTP = {"name": "errors", "source": "http", "path": "/healthz"}


def refused(**rules: Any) -> Invalid:
    """The error of an HTTP gate with these rules."""
    with pytest.raises(Invalid) as caught:
        parse_gates(json.dumps(HTTP | rules))
    return caught.value


def test_every_rule_becomes_a_value_of_its_gate() -> None:
    rules = {
        "max": "5%", "pass_max": "1%", "interval": "1m", "initial_delay": "2m", "count": 5, "min_requests": 9,
        "tolerance": {"failures": 1, "of": 3, "errors": 2}, "group": "users", "weight": 2, "critical": True,
        "dry_run": True,
    }  # fmt: skip
    gate = parse_gates(json.dumps(HTTP | rules)).gates[0]
    assert gate.schedule == Schedule(initial_delay_seconds=120, interval_seconds=60, count=5)
    assert gate.tolerance == Tolerance(failures_max=1, of=3, errors_max=2)
    assert (gate.max_value, gate.pass_max, gate.requests_min) == (0.05, 0.01, 9)
    assert (gate.group, gate.weight, gate.critical, gate.dry_run) == ("users", 2, True, True)


def test_rules_for_the_window_become_values_too() -> None:
    compare = parse_gates(json.dumps({**HTTP, "compare": {"confidence": "99%", "min_samples": 9}})).gates[0]
    slo = parse_gates(json.dumps({**HTTP, "window": "1h", "slo": {"objective": "99.9%"}})).gates[0]
    short = {"objective": "99.9%", "period": "1d"}
    day = parse_gates(json.dumps({**HTTP, "window": "1h", "slo": short})).gates[0]
    assert compare.compare == Comparison(confidence=0.99, samples_min=9)
    assert isinstance(slo.slo, Objective)
    assert [burn.rate for burn in slo.slo.burns] == [14.4, 6.0, 1.0]
    assert isinstance(day.slo, Objective)
    assert [burn.rate for burn in day.slo.burns] == [14.4, 6.0], "three days do not fit into a day"


@pytest.mark.parametrize("limit", [1e308, -1e18, 10**20, -(10**30)])
@pytest.mark.parametrize("key", ["max", "pass_min"])
def test_a_limit_that_is_too_large_is_told_its_bound(key: str, limit: float) -> None:
    (mistake,) = refused(**{"max": 1, key: limit}).mistakes
    assert (mistake.path, mistake.expected) == (key, "a number of less than 1e18, and of more than -1e18")


@pytest.mark.parametrize("limit", [float("nan"), float("inf"), True, "1", "lots"])
def test_what_is_no_limit_is_told_what_one_is(limit: object) -> None:
    (mistake,) = refused(max=limit).mistakes
    assert mistake.expected == "a number, or a percentage where the value is a share"


CONTRADICTIONS: list[tuple[dict[str, Any], str, str]] = [
    ({"max_over_live": 1.5, "max": 1}, "max_over_live", "it alone"),
    ({"compare": {}, "slo": {"objective": 0.9}, "window": "1h"}, "compare", "it alone"),
    ({"max_over_live": 1.5, "count": 3}, "max_over_live", "judges the window as a whole"),
    ({"compare": {}, "tolerance": {}}, "compare", "no tolerance"),
    ({"max": 1, "interval": "1m", "breaches_max": 1}, "breaches_max", "tolerance.failures"),
    ({"max": 1, "count": 2, "min_samples": 3}, "min_samples", "at most count"),
    ({"max": 1, "count": 2, "consecutive_passes": 3}, "consecutive_passes", "at most count"),
    ({"max": 1, "tolerance": {"failures": 3, "of": 3}}, "tolerance.of", "more than failures"),
    ({"max": 1, "count": 2, "tolerance": {"failures": 3}}, "tolerance.failures", "at most count"),
    ({"max": 1, "pass_max": 2}, "pass_max", "at most max"),
    ({"min": 1, "pass_min": 0}, "pass_min", "at least min"),
    ({"min": 1, "pass_max": 2}, "pass_max", "max beside it"),
    ({"min": 0, "max": 9, "pass_min": 5, "pass_max": 4}, "pass_min", "else nothing passes"),
    ({"max": 1, "weight": 2}, "weight", "a group beside it"),
    ({"max": 1, "critical": True}, "critical", "a group beside it"),
    ({"slo": {"objective": "99%"}}, "slo", "at least 3600 s"),
    (
        {"window": "1h", "slo": {"objective": "99%", "burns": [{"rate": 2, "long": "5m", "short": "5m"}]}},
        "slo.burns[0].short",
        "shorter than long",
    ),
    (
        {"window": "5m", "slo": {"objective": "99%", "burns": [{"rate": 2, "long": "1h", "short": "5m"}]}},
        "slo.burns[0].long",
        "at most the gate's window",
    ),
    (
        {"window": "1h", "slo": {"objective": "99%", "burns": [{"rate": 2, "long": "31d", "short": "1h"}]}},
        "slo.burns[0].long",
        "at most the objective's period, which is 2592000 s",
    ),
    ({"anomaly": {"weeks": 3, "weeks_min": 4}}, "anomaly.weeks_min", "at most weeks, which is 3"),
    ({"anomaly": {"weeks": 1}}, "anomaly.weeks", "at least 2"),
    ({"max": 1, "tolerance": {"failure": 1}}, "tolerance.failure", "did you mean failures?"),
    ({"max": 1, "interval": "soon"}, "interval", "a duration"),
    ({"slo": {"objective": 1}}, "slo.objective", "less than 1"),
    ({"slo": {"objective": "100%"}}, "slo.objective", "less than 100%"),
    ({"window": "1h", "slo": {"objective": "90%"}}, "slo.burns", "rates below 10"),
    (
        {"window": "1h", "slo": {"objective": "99%", "burns": [{"rate": 100, "long": "1h", "short": "5m"}]}},
        "slo.burns[0].rate",
        "below 100",
    ),
]


@pytest.mark.parametrize(("rules", "place", "expected"), CONTRADICTIONS)
def test_a_contradiction_is_named_with_its_reason(rules: dict[str, Any], place: str, expected: str) -> None:
    mistakes = refused(**rules).mistakes
    assert any(m.path == place and expected in m.expected for m in mistakes), mistakes


def test_all_mistakes_of_a_gate_are_told_at_once() -> None:
    found = refused(max=1, pass_max=2, weight=3, count=0, colour="red")
    assert {mistake.path for mistake in found.mistakes} == {"pass_max", "weight", "count", "colour"}


@pytest.mark.parametrize(
    ("path", "value", "place", "expected"),
    [
        (("gates", "switch", 0, "count"), 3, "gates.switch[0].count", "until the step's own time is over"),
        (("gates", "bake", 0, "consecutive_passes"), 3, "gates.bake[0].consecutive_passes", "users"),
        (("gates", "scores"), {"passing": 60}, "gates.scores.passing", "at least 75"),
        (("gates", "scores"), {"marginal": 99}, "gates.scores.marginal", "at most passing"),
        (("gates", "load", 0, "anomaly"), {"decides": True}, "gates.load[0].anomaly.decides", "without"),
    ],
)  # fmt: skip
def test_a_rule_is_refused_where_it_makes_no_sense(
    path: Path_, value: Any, place: str, expected: str
) -> None:
    with pytest.raises(Invalid) as caught:
        parse_json(changed(path, value))
    assert any(m.path == place and expected in m.expected for m in caught.value.mistakes), caught.value


def beside_live(question: str) -> Any:
    document = data()
    for gate in document["gates"][question]:
        for key in ("max", "min", "max_over_baseline"):
            gate.pop(key, None)
        gate["max_over_live"] = 1.5
        gate["name"] = f"{question}-{gate['name']}"
    return document


def test_a_bake_has_no_live_slot_to_compare_with() -> None:
    with pytest.raises(Invalid) as caught:
        parse_json(beside_live("bake"))
    assert "the live slot serves nobody during the bake" in str(caught.value)


def test_a_switch_needs_a_gate_that_judges_when_all_users_have_moved() -> None:
    with pytest.raises(Invalid) as caught:
        parse_json(beside_live("switch"))
    assert any(mistake.path == "gates.switch" for mistake in caught.value.mistakes)


def test_what_only_advises_is_no_evidence() -> None:
    document = data()
    for gate in document["gates"]["platform"]:
        gate["dry_run"] = True
    with pytest.raises(Invalid) as caught:
        parse_json(document)
    assert "one gate at least that decides" in str(caught.value)


def test_scores_are_the_fleets_own() -> None:
    found = parse_json(changed(("gates", "scores"), {"passing": 90, "marginal": 60}))
    assert found.gates.scores == Scores(passing=90, marginal=60)


@pytest.mark.parametrize("question", ["switch", "bake"])
def test_a_budget_is_known_of_a_source_that_has_the_period(question: str) -> None:
    document = data()
    document["gates"][question].append(
        {"name": "availability", "source": "http", "path": "/", "slo": {"objective": "99%"}, "window": "1h"}
    )
    with pytest.raises(Invalid) as caught:
        parse_json(document)
    (mistake,) = caught.value.mistakes
    assert mistake.path.endswith(".source")
    assert mistake.expected.startswith("logs, app_insights, prometheus")


@pytest.mark.parametrize("rule", [{"max_over_live": 1.5}, {"compare": {}}, {"anomaly": {}}])
def test_a_yes_or_a_no_is_compared_with_nothing(rule: dict[str, Any]) -> None:
    document = data()
    document["gates"]["functional"].append(
        {"name": "firing", "source": "alerts", "target": "cluster", **rule}
    )
    with pytest.raises(Invalid) as caught:
        parse_json(document)
    assert any("has nothing to compare" in mistake.expected for mistake in caught.value.mistakes)


UNUSUAL = {
    "name": "unusual",
    "source": "logs",
    "target": "cluster",
    "query": "AppRequests | summarize value = count() by bin(TimeGenerated, 1m)",
    "anomaly": {"decides": True},
}


@pytest.mark.parametrize("question", ["switch", "bake"])
def test_an_anomaly_may_decide_where_users_are(question: str) -> None:
    document = data()
    document["gates"][question].append(UNUSUAL)
    gate = getattr(parse_json(document).gates, question)[-1]
    assert gate.anomaly is not None
    assert gate.anomaly.decides


@pytest.mark.parametrize(
    ("rules", "place", "expected"),
    [
        ({"window": "2h"}, "window", "at most 3600 s"),
        (
            {"source": "http", "path": "/", "target": None, "query": None},
            "source",
            "metrics, logs, app_insights, prometheus: the others tell the present",
        ),
    ],
)
def test_an_anomaly_is_refused_where_no_week_before_can_be_asked(
    rules: dict[str, Any], place: str, expected: str
) -> None:
    document = data()
    gate = {key: value for key, value in (UNUSUAL | rules).items() if value is not None}
    document["gates"]["bake"].append(gate)
    with pytest.raises(Invalid) as caught:
        parse_json(document)
    assert any(m.path.endswith(f".{place}") and expected in m.expected for m in caught.value.mistakes)


def test_an_anomaly_alone_is_no_evidence() -> None:
    document = data()
    document["gates"]["bake"] = [UNUSUAL]
    with pytest.raises(Invalid) as caught:
        parse_json(document)
    assert "one gate at least that decides without a past" in str(caught.value)


def test_an_alert_may_look_further_back_than_its_gate() -> None:
    burns = [{"rate": 14.4, "long": "1h", "short": "5m"}, {"rate": 1, "long": "30d", "short": "6h"}]
    rules = {"window": "1h", "slo": {"objective": "99.9%", "burns": burns}}
    gate = parse_gates(json.dumps(HTTP | rules)).gates[0]
    assert gate.slo is not None
    assert [burn.long_seconds for burn in gate.slo.burns] == [3_600, 30 * 86_400]


def test_a_fleet_file_where_gates_are_expected_is_one_mistake() -> None:
    with pytest.raises(Invalid) as caught:
        parse_gates(json.dumps(data()))
    (mistake,) = caught.value.mistakes
    assert mistake.path == "gates"
    assert mistake.value == "a mapping, as in a fleet file"
    assert mistake.expected == "a list of one or more gates, or one gate alone"
