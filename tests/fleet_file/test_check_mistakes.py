"""Gates on sources that say yes or no: what a file may say of them, and the sentence for what it may not."""

from __future__ import annotations

from typing import Any

import pytest

from shared.check_rules import AlertFilter, ClusterCheck, Expect, Hook, LoadMeasure, LoadTest, Objects
from shared.errors import Invalid
from shared.fleet import Gate, Source, Target
from shared.fleet_file import parse_json
from tests.fleet_file.examples import data

URL = "https://hooks.contoso.com/switchyard"
TESTS = "https://1234.westeurope.cnt-prod.loadtesting.azure.com"
LOAD = {"endpoint": TESTS, "test": "shop", "baseline_run": "stored-1"}
PODS = {"check": "pods_ready", "namespace": "shop", "selector": "app=shop,tier!=test"}
WEBHOOK: dict[str, Any] = {"name": "asked", "source": "webhook", "webhook": {"url": URL}}
KUBERNETES: dict[str, Any] = {"name": "asked", "source": "kubernetes", "kubernetes": PODS}
ALERTS: dict[str, Any] = {"name": "asked", "source": "alerts", "target": "gateway"}
HEALTH: dict[str, Any] = {"name": "asked", "source": "resource_health", "target": "cluster"}
HTTP: dict[str, Any] = {"name": "asked", "source": "http", "path": "/healthz", "max": 0}
SLOW: dict[str, Any] = {**HTTP, "measure": "latency_ms", "max": 500}
LOAD_TEST: dict[str, Any] = {"name": "asked", "source": "load_test", "max": 200, "load_test": LOAD}


def file(gate: dict[str, Any], question: str = "bake") -> dict[str, Any]:
    """A good file with one more gate."""
    document = data()
    document["gates"].setdefault(question, []).append(gate)
    return document


def made(gate: dict[str, Any], question: str = "bake") -> Gate:
    """The gate that it becomes."""
    found: Gate = getattr(parse_json(file(gate, question)).gates, question)[-1]
    return found


def mistakes(gate: dict[str, Any], question: str = "bake") -> list[tuple[str, str]]:
    """Where the file is wrong, below the gate, and what belongs there."""
    with pytest.raises(Invalid) as caught:
        parse_json(file(gate, question))
    found = [(mistake.path, mistake.expected) for mistake in caught.value.mistakes]
    return [(path.partition("].")[2], expected) for path, expected in found]


def test_each_becomes_what_it_says_and_tolerates_nothing_unless_it_says() -> None:
    hook = made({**WEBHOOK, "webhook": {"url": URL, "audience": "api://hooks.contoso.com"}})
    assert (hook.source, hook.target, hook.max_value, hook.min_samples) == (
        Source.WEBHOOK,
        Target.HOST,
        0,
        1,
    )
    assert hook.check == Hook(url=URL, audience="api://hooks.contoso.com")
    assert made(KUBERNETES).check == ClusterCheck(
        objects=Objects.PODS_READY, namespace="shop", selector="app=shop,tier!=test"
    )
    alerts = made({**ALERTS, "alerts": {"severities": ["Sev0"], "rules": ["cpu"]}, "max": 2})
    assert (alerts.max_value, alerts.check) == (2, AlertFilter(severities=("Sev0",), rules=("cpu",)))
    health = made({**HEALTH, "max": 0.5})
    assert (health.target, health.max_value, health.check) == (Target.CLUSTER, 0.5, None)
    load = made({**LOAD_TEST, "load_test": {**LOAD, "endpoint": TESTS + "/"}}, "load")
    assert (load.unit, load.max_value, load.ingestion_seconds) == ("ms", 200, 0)
    assert load.check == LoadTest(
        endpoint=TESTS, test_id="shop", baseline_run="stored-1", measure=LoadMeasure.P95_MS
    )
    errors = {**LOAD_TEST, "max": "1%", "load_test": {**LOAD, "measure": "error_share"}}
    assert made(errors, "load").max_value == 0.01


def test_what_an_answer_has_to_be_like_is_read_with_its_units() -> None:
    expect = {
        "status": [200, 204],
        "latency": "500ms",
        "body": "ok",
        "pattern": r'"db":\s*"up"',
        "json": {"checks.db": "up", "ready": True, "lag": 0},
        "certificate": "7d",
    }
    assert made({**HTTP, "expect": expect}).check == Expect(
        statuses=(200, 204),
        latency_ms=500,
        body="ok",
        pattern=r'"db":\s*"up"',
        fields=(("checks.db", "up"), ("ready", True), ("lag", 0)),
        certificate_seconds=7 * 86_400,
    )
    for latency, milliseconds in ((250, 250), ("2s", 2_000), (0.5, 0.5)):
        check = made({**HTTP, "expect": {"latency": latency}}).check
        assert isinstance(check, Expect)
        assert check.latency_ms == milliseconds


@pytest.mark.parametrize(
    ("gate", "place", "expected"),
    [
        ({**WEBHOOK, "webhook": None}, "webhook", "a mapping with url"),
        ({**WEBHOOK, "webhook": {}}, "webhook.url", "the https address of a hook"),
        ({**WEBHOOK, "target": "cluster"}, "target", "nothing here, because the source is webhook"),
        ({**WEBHOOK, "expect": {"status": [200]}}, "expect", "nothing here"),
        ({**WEBHOOK, "min_samples": 3}, "min_samples", "1, because webhook gives one sample"),
        ({**WEBHOOK, "max_over_baseline": 2}, "max_over_baseline", "webhook says yes or no"),
        ({**KUBERNETES, "kubernetes": {"check": "pods"}}, "kubernetes.check", "one of"),
        ({**KUBERNETES, "kubernetes": {"check": "pods_ready"}}, "kubernetes.namespace", "the namespace"),
        (
            {**KUBERNETES, "kubernetes": {"check": "nodes_ready", "namespace": "shop"}},
            "kubernetes.namespace",
            "nodes are in no namespace",
        ),
        ({**ALERTS, "target": "host"}, "target", "cluster or gateway, because the source is alerts"),
        ({**ALERTS, "target": "resource"}, "target", "cluster or gateway, because the source is alerts"),
        ({**ALERTS, "target": None}, "target", "cluster or gateway"),
        ({**ALERTS, "alerts": {"severities": ["Sev9"]}}, "alerts.severities[0]", "one of Sev0"),
        ({**ALERTS, "alerts": {"rules": ["/no/id"]}}, "alerts.rules[0]", "the name of an alert rule"),
        ({**HEALTH, "alerts": {"rules": ["x"]}}, "alerts", "nothing here"),
        ({**HTTP, "expect": {}}, "expect", "a mapping with status"),
        ({**HTTP, "expect": {"status": [99]}}, "expect.status[0]", "at least 100"),
        ({**HTTP, "expect": {"latency": "soon"}}, "expect.latency", "a time such as 500ms"),
        ({**HTTP, "expect": {"latency": 0}}, "expect.latency", "more than"),
        ({**SLOW, "max": 10_000}, "max", "less than 10000, because a request is waited for that many ms"),
        ({**SLOW, "expect": {"latency": "500ms"}}, "expect.latency", "max or another limit of the gate"),
        ({**HTTP, "expect": {"json": {"a b": 1}}}, "expect.json.a b", "paths in the JSON body"),
        ({**HTTP, "expect": {"statuses": [200]}}, "expect.statuses", "did you mean status?"),
        ({**LOAD_TEST}, "source", "load tests belong to gates.load"),
    ],
)
def test_what_does_not_fit_is_told(gate: dict[str, Any], place: str, expected: str) -> None:
    assert any(path == place and expected in said for path, said in mistakes(gate)), mistakes(gate)


@pytest.mark.parametrize("key", ["max_over_live", "compare"])
def test_a_load_test_is_compared_with_its_baseline_run_alone(key: str) -> None:
    limit: dict[str, Any] = {"max_over_live": 1.5, "compare": {"direction": "increase"}}
    gate = {**LOAD_TEST, key: limit[key]}
    del gate["max"]
    found = mistakes(gate, "load")
    assert (key, "max_over_baseline, because a load test is compared with its baseline_run") in found


def test_a_load_test_needs_a_limit_and_all_of_its_keys_at_once() -> None:
    found = dict(mistakes({"name": "asked", "source": "load_test", "load_test": {}}, "load"))
    assert {"load_test.endpoint", "load_test.test", "load_test.baseline_run"} <= found.keys()


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.contoso.com/x",
        "https://hooks/x",
        "https://10.0.0.4/x",
        "https://169.254.169.254/metadata",
        "https://[fd00::4]/x",
        "https://2852039166/x",
        "https://user:secret@hooks.contoso.com/x",
        "https://hooks.contoso.com/x?code=secret",
        "https://hooks.contoso.com/x#y",
        "https://hooks.contoso.com\\.evil.example/x",
        "https://hooks.contoso.com:99999/x",
        "https://hooks.contoso.com:0/x",
        "https://hooks.contoso.com/x y",
        "https://hooks.contoso.com/x\n",
        "https://hooks.contoso.com@evil.example/",
        "ftp://hooks.contoso.com/x",
        "https://",
    ],
)
def test_a_hooks_address_leads_nowhere_but_to_a_named_host(url: str) -> None:
    assert [path for path, _ in mistakes({**WEBHOOK, "webhook": {"url": url}})] == ["webhook.url"]


@pytest.mark.parametrize(
    "audience",
    [
        "https://management.azure.com",
        "https://vault.azure.net",
        "6dae42f8-4368-4678-94ff-3960e28e3630",
        "api://AzureADTokenExchange",
        "api://azureadtokenexchangeusgov",
        "api://",
        "api://a/../b c",
        "00000003-0000-0000-c000-000000000000/.default",
    ],
)
def test_no_token_of_azures_own_is_ever_sent_to_a_hook(audience: str) -> None:
    gate = {**WEBHOOK, "webhook": {"url": URL, "audience": audience}}
    assert [path for path, _ in mistakes(gate)] == ["webhook.audience"]


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://evil.example/cnt-prod.loadtesting.azure.com",
        "https://cnt-prod.loadtesting.azure.com.evil.example",
        "https://evil.example#.cnt-prod.loadtesting.azure.com",
        "http://1234.westeurope.cnt-prod.loadtesting.azure.com",
        "https://a@1234.westeurope.cnt-prod.loadtesting.azure.com",
        "https://cnt-prod.loadtesting.azure.com",
    ],
)
def test_the_token_for_load_tests_goes_to_azures_own_host(endpoint: str) -> None:
    gate = {**LOAD_TEST, "load_test": {**LOAD, "endpoint": endpoint}}
    assert [path for path, _ in mistakes(gate, "load")] == ["load_test.endpoint"]


@pytest.mark.parametrize(
    "selector",
    [
        "app=shop'; rm -rf /",
        "app=$(id)",
        "app=`id`",
        "a b",
        "app in (a,b)",
        "-l=x",
        "",
        "app=shop\n",
        "a=b,",
        '"',
    ],
)
def test_nothing_that_a_shell_would_read_is_a_selector(selector: str) -> None:
    gate = {**KUBERNETES, "kubernetes": {**PODS, "selector": selector}}
    assert [path for path, _ in mistakes(gate)] == ["kubernetes.selector"]


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+", "(a|b)", "a*b*", ".*x.*", "a|b", "a?a?a?", "[a", "x{1,9}y*", "", "x" * 201, r"(a)\1", "a*?"],
)
def test_a_pattern_that_could_take_for_ever_is_refused(pattern: str) -> None:
    assert [path for path, _ in mistakes({**HTTP, "expect": {"pattern": pattern}})] == ["expect.pattern"]


@pytest.mark.parametrize(
    "pattern", ["ok", r"^status: (?!)"[:8], r"[0-9]{3} ok", r"a\(b\)+", "[+*?]ok$", r"\d+"]
)
def test_a_simple_pattern_is_accepted(pattern: str) -> None:
    check = made({**HTTP, "expect": {"pattern": pattern}}).check
    assert isinstance(check, Expect)
    assert check.pattern == pattern


def test_another_fleet_is_never_judged_by_a_check_in_its_cluster() -> None:
    document = file(KUBERNETES)
    document["ring"] = {"after": "canary", "hold": "1h"}
    ring = parse_json(document).ring
    assert ring is not None
    assert "asked" not in [gate.name for gate in ring.gates]
    document["ring"]["gates"] = ["asked"]
    with pytest.raises(Invalid, match="a check in a cluster is made in a rollout of its own fleet"):
        parse_json(document)
