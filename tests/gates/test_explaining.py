"""What a gate says of itself in plain English, held against what the judge makes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.fleet_file.gate_file import parse_gates
from shared.gates.explaining import explained
from tests.gates.kinds import LOGS
from tests.gates.peers import counted, gate

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg"
COMPONENT = f"{GROUP}/providers/Microsoft.Insights/components/shop"
METRIC = {
    "source": "metrics", "path": None, "target": "gateway", "filter": "BackendSettingsPool eq 'x'",
    "namespace": "Microsoft.Network/applicationGateways", "metric": "FailedRequests", "aggregation": "Total",
}  # fmt: skip
WORKSPACE = "00000000-1111-2222-3333-444444444444"
PROFILE = {
    "target": "resource", "resource_id": f"{GROUP}/providers/Microsoft.Cdn/profiles/afd-shop",
    "namespace": "Microsoft.Cdn/profiles", "metric": "OriginRequestCount", "filter": "Origin eq '{member}'",
}  # fmt: skip
PODS = {"check": "pods_ready", "namespace": "shop", "selector": "app=web"}
EXPECT = {
    "status": [200, 204],
    "latency": "500ms",
    "body": "ok",
    "json": {"ready": True},
    "certificate": "7d",
}
ENDPOINT = "https://x.eastus.cnt-prod.loadtesting.azure.com"
LOAD = {"endpoint": ENDPOINT, "test": "shop-load", "baseline_run": "live", "measure": "p95_ms"}


def asks(source: str, **more: Any) -> dict[str, Any]:
    """A gate of a source that needs no limit."""
    return {"source": source, "path": None, "max": None, **more}


def shared(source: str, **more: Any) -> dict[str, Any]:
    """A gate of a source that both slots share."""
    return {"source": source, "path": None, "query": LOGS["query"], **more}


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ({}, "It sends 5 requests to /healthz on the slot's own host name: the share that fails."),
        ({"measure": "latency_ms"}, "on the slot's own host name: how long they take."),
        ({"requests": 1}, "It sends 1 request to /healthz on the slot's own host name: whether it fails."),
        ({"requests": 1, "measure": "latency_ms"}, "on the slot's own host name: how long it takes."),
        ({**LOGS, "max_over_baseline": 1.5}, "A mean of more than 1.5 times the recorded baseline fails;"),
        ({"max_over_baseline": 1, **counted(3)}, "A value of more than 1 time the recorded baseline fails;"),
        ({**LOGS, "anomaly": {"weeks": 1, "weeks_min": 1}}, "of the week in the last week: more than 3.5"),
        ({**LOGS, "anomaly": {"weeks_min": 1}}, "Without values of that time it is inconclusive."),
        ({**LOGS, "min_requests": 1}, "Fewer than 1 request behind all samples is no data."),
        ({"min_requests": 1, **counted(3)}, "A sample with fewer than 1 request behind it is no data."),
        ({**LOGS, "max": 0.1, "min": -273.15}, "A value below -273.15 fails."),
        (
            {"expect": EXPECT},
            "An answer fails that has another status than 200 or 204, takes longer than 500 ms,",
        ),
        (
            {"expect": EXPECT},
            'lacks the text "ok", has another value than true in ready, or whose certificate ends within 7 d',
        ),
        (
            {"expect": {"body": "a" * 61, "pattern": r"^up \d+$"}},
            f'An answer fails that lacks the text "{"a" * 59}…" or a line that matches "^up \\d+$".',
        ),
        ({"expect": {"pattern": "a\n\x1bb"}}, 'lacks a line that matches "a\ufffd\ufffdb".'),
        (
            {"expect": {"json": {"checks.db": "up", "left": 2, "why": "b" * 61}}},
            f'another value than "up" in checks.db or than 2 in left or than "{"b" * 59}…" in why.',
        ),
        (METRIC, "It reads the total of FailedRequests on the gateway where BackendSettingsPool eq 'x'."),
        (
            {**METRIC, "metric": "FailedRequests / TotalRequests"},
            "It reads the total of FailedRequests as a share of the total of TotalRequests on the gateway",
        ),
        ({**METRIC, **PROFILE}, "It reads the total of OriginRequestCount on afd-shop where Origin eq"),
        (LOGS, "It runs its query on the logs of the cluster."),
        (shared("logs", target="resource", workspace_id=WORKSPACE), f"on the logs of {WORKSPACE}."),
        (shared("app_insights", resource_id=COMPONENT), "It runs its query on Application Insights, shop."),
        (
            shared("prometheus", endpoint="https://x.eastus.prometheus.monitor.azure.com"),
            "It runs its query on Prometheus, x.eastus.prometheus.monitor.azure.com.",
        ),
        (
            asks("webhook", webhook={"url": "https://a.contoso.com/x"}),
            "It asks the hook at https://a.contoso.com/x: 0 is yes, and 1 is no.",
        ),
        (
            asks("kubernetes", kubernetes=PODS),
            "It counts the pods in namespace shop that are not ready, of those that app=web selects.",
        ),
        (
            asks("kubernetes", kubernetes={"check": "nodes_ready"}),
            "It counts the nodes that are not ready.",
        ),
        (
            asks("alerts", target="gateway", alerts={"severities": ["Sev0", "Sev1"]}),
            "the alerts on the gateway that fired since the rollout began, of severity Sev0 or Sev1.",
        ),
        (
            asks("alerts", target="gateway", alerts={"rules": ["nightly-*", "cpu"]}),
            "that fired since the rollout began, of the rules nightly-* or cpu.",
        ),
        (
            asks("alerts", target="gateway", alerts={"rules": ["cpu"]}),
            "that fired since the rollout began, of the rule cpu.",
        ),
        (
            asks("resource_health", target="cluster"),
            "It asks Azure Resource Health how much of the cluster is out: 0, 0.5 or 1.",
        ),
        (
            asks("webhook", webhook={"url": "https://a.contoso.com/x"}),
            "and 1 is no. While the hook is at work it has no data.",
        ),
        (
            asks("webhook", webhook={"url": "https://a.contoso.com/x", "audience": "api://a.contoso.com"}),
            'It asks the hook at https://a.contoso.com/x with a token for "api://a.contoso.com": 0 is yes,',
        ),
        (asks("kubernetes", kubernetes=PODS), "What is on its way, or not there at all, is no data."),
        (
            asks("load_test", load_test=LOAD) | {"max_over_baseline": 1.2},
            "response times. Its baseline is a run against the live slot. A run that does not",
        ),
        (
            asks("load_test", load_test=LOAD | {"baseline_run": "good-1"}) | {"max_over_baseline": 1.2},
            "response times. Its baseline is run good-1. A run that",
        ),
        (
            asks("load_test", load_test=LOAD) | {"max": 1},
            "response times. A run that does not meet the test's own criteria fails, whatever it measured.",
        ),
        (
            asks("load_test", load_test=LOAD) | {"max": 1},
            "It runs the load test shop-load against the slot: the 95th percentile of its response times.",
        ),
        ({"max": 5, "measure": "latency_ms"}, "A value above 5 ms fails."),
        ({"breaches_max": 2}, "Up to 2 samples that fail are inconclusive, and more of them fail the gate."),
        ({"max_over_baseline": 1.5}, "A mean of more than 1.5 times the recorded baseline fails;"),
        ({"max_over_live": 1.5}, "Samples that are beyond it by themselves are no evidence for a pass."),
        (
            {"compare": {"direction": "decrease", "confidence": "99.99%"}, "window": "1h"},
            "the candidate is lower with 99.99 % confidence and an effect above 0.33 (Cliff's delta).",
        ),
        (
            {"compare": {}, "window": "1h"},
            "only one of the two holds it is inconclusive, but for a certain effect of at most 0.147,",
        ),
        (
            {"slo": {"objective": "99.9%"}, "window": "1h"},
            "What samples hardly cover, or so few requests that one bad one would be too many, is no data.",
        ),
        (
            {"compare": {"min_samples": 30}, "window": "1h"},
            "With fewer than 30 samples on a side it has no data, or a provider error where errors",
        ),
        (
            {"slo": {"objective": "99.9%"}, "window": "1h"},
            "In switch and bake no rollout begins once the budget of live is spent, and no step puts more",
        ),
        (counted(3, interval="1m"), "It measures every minute; of several samples in that time"),
        (counted(3, interval="90s"), "It measures every 90 seconds; of several samples in that time"),
        ({**LOGS, "ingestion": "1s"}, "Its window is 30 minutes long, and ends 1 second ago."),
        ({"anomaly": {"direction": "increase"}}, "more than 3.5 robust deviations above their median fail."),
        ({"anomaly": {}}, "Fewer than 2 of those weeks with values are inconclusive."),
        ({"anomaly": {}}, "It is recorded and decides nothing."),
        ({"min_requests": 100}, "Fewer than 100 requests behind all samples are no data."),
        (counted(3, min_requests=100), "A sample with fewer than 100 requests behind it is no data."),
        (counted(1), "It is over after 1 measurement, and has no verdict if it is cut short."),
        (counted(3), "It is over after 3 measurements, and has no verdict if it is cut short."),
        (counted(3), "With a failure it fails."),
        (
            counted(tolerance={"failures": 1, "of": 3}),
            "With more than 1 failure among the newest 3 it fails.",
        ),
        (counted(3, tolerance={"failures": 2}), "With more than 2 failures it fails."),
        (
            counted(3, tolerance={"failures": 1}),
            "It has a verdict after 3 measurements, and none if it is cut short. Passes and failures fill",
        ),
        (
            counted(3, tolerance={"failures": 1}),
            "Where failures do, what comes until 3 have passed still counts against it. With more than 1",
        ),
        (
            counted(1, tolerance={"failures": 1}),
            "what comes until 1 has passed still counts against it. Without any pass it is inconclusive.",
        ),
        (
            counted(3, consecutive_passes=2, tolerance={"failures": 1}),
            "It is over after 3 measurements, and has no verdict",
        ),
        (
            counted(3, tolerance={"failures": 1, "of": 3}),
            "It is over after 3 measurements, and has no verdict if it is cut short. Only passes fill",
        ),
        (counted(3, tolerance={"consecutive_failures": 1}), "Only passes fill a place of them."),
        (counted(3), "Passes and failures fill a place of them."),
        (
            counted(3, consecutive_passes=2),
            "Passes, failures and inconclusive measurements fill a place of them.",
        ),
        (counted(consecutive_passes=1), "A pass completes it; without one it does not pass."),
        (counted(consecutive_passes=3), "3 passes in a row complete it; without them it does not pass."),
        (
            {"min_samples": 1},
            "Without a sample it has no data, or is a provider error where there are errors.",
        ),
        ({}, "Fewer than 3 samples are no data, or a provider error where errors are among them."),
        ({}, "Silence, NaN, infinities and errors of the source never pass."),
        (
            {"group": "users"},
            "weight of 1. The group passes from 95 of 100 points on, and fails where it cannot reach 75.",
        ),
        (
            {"group": "users"},
            "cannot reach 75. A warning is half a pass; silence and doubt earn nothing.",
        ),
        (
            {"group": "users", "dry_run": True},
            "It is recorded and decides nothing, and the group users is scored without it.",
        ),
        ({"group": "users", "critical": True}, "with a weight of 1, and the group needs it to pass."),
    ],
)
def test_every_rule_has_its_sentence(rules: dict[str, Any], sentence: str) -> None:
    told = explained(parse_gates(json.dumps(gate(**rules))).gates[0])
    assert sentence in " ".join(told), "\n".join(told)
