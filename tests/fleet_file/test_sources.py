"""Gates whose source is no part of a slot: whom they ask, and how they tell the slots apart."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from shared.errors import Invalid
from shared.fleet import Gate, Source, Target
from shared.fleet_file import parse_json, schema
from tests.fleet_file.examples import ELSEWHERE, FRONT_DOOR, TRAFFIC_MANAGER, data
from tests.sources import COMPONENT, ENDPOINT, WORKSPACE, WORKSPACE_ID

KQL = "AppRequests | where Cluster == '{cluster}' | project TimeGenerated, value = 1"
PROMQL = 'sum(rate(errors_total{cluster="{cluster}"}[2m]))'
PROMETHEUS = {"source": "prometheus", "endpoint": ENDPOINT, "query": PROMQL}
APP = {"source": "app_insights", "resource_id": COMPONENT, "query": KQL}
LOGS = {"source": "logs", "target": "resource", "resource_id": WORKSPACE, "query": KQL}

BY_ID = {"source": "logs", "target": "resource", "workspace_id": WORKSPACE_ID, "query": KQL}

NODES = {
    "source": "metrics",
    "target": "cluster",
    "namespace": "Microsoft.ContainerService/managedClusters",
    "metric": "kube_node_status_condition",
    "aggregation": "Total",
}


def profile(name: str = FRONT_DOOR) -> str:
    """The profile that is the example's first lever."""
    found = data(name)["live_records"][0]["profile"]
    assert isinstance(found, str)
    return found


def origin(**changes: Any) -> dict[str, Any]:
    """A gate on a Front Door's metrics, as a part of a gate."""
    return {
        "source": "metrics",
        "target": "resource",
        "resource_id": profile(),
        "namespace": "Microsoft.Cdn/profiles",
        "metric": "OriginRequestCount",
        "aggregation": "Total",
        "filter": "Origin eq '{member}'",
        **changes,
    }


def asked(gate: dict[str, Any], question: str = "bake", example: str = "contoso-public") -> dict[str, Any]:
    """The example with this gate after the others of a question."""
    document = data(example)
    level = {"level": 3} if question == "platform" else {}
    document["gates"][question].append({"name": "the-gate", "max": 1, **level, **gate})
    return document


def mistakes(document: dict[str, Any]) -> dict[str, str]:
    """What was expected, by the last part of the mistake's path; empty for a good file."""
    try:
        parse_json(document)
    except Invalid as error:
        return {mistake.path.rpartition(".")[2]: mistake.expected for mistake in error.mistakes}
    return {}


def made(document: dict[str, Any], question: str = "bake") -> Gate:
    """The gate that `asked` put there."""
    gates: tuple[Gate, ...] = getattr(parse_json(document).gates, question)
    jsonschema.Draft202012Validator(schema()).validate(document)
    return gates[-1]


@pytest.mark.parametrize("question", ["platform", "load", "switch", "bake"])
@pytest.mark.parametrize("gate", [PROMETHEUS, APP, LOGS, BY_ID], ids=lambda gate: str(gate["source"]))
def test_a_source_that_names_its_slot_may_be_asked_anything(gate: dict[str, Any], question: str) -> None:
    found = made(asked(gate, question), question)
    assert (found.source, found.target) == (Source(gate["source"]), Target.RESOURCE)
    resource_id = gate.get("resource_id", gate.get("workspace_id", ""))
    assert (found.endpoint, found.resource_id) == (gate.get("endpoint", ""), resource_id)


def test_a_filter_names_the_member_of_a_lever() -> None:
    assert made(asked(origin(), "switch", FRONT_DOOR), "switch").filter == "Origin eq '{member}'"
    endpoint = origin(
        resource_id=profile(TRAFFIC_MANAGER),
        namespace="microsoft.network/trafficmanagerprofiles",
        metric="QpsByEndpoint",
        filter="EndpointName eq '{member}'",
    )
    assert made(asked(endpoint, example=TRAFFIC_MANAGER)).resource_id == profile(TRAFFIC_MANAGER)
    assert "no lever in live_records" in mistakes(asked(origin(), "bake"))["filter"]
    assert mistakes(asked(origin(filter="Origin eq '{host}:443'"), "load")) == {}


@pytest.mark.parametrize(
    ("gate", "seconds"),
    [
        (PROMETHEUS, 120),
        (APP, 180),
        (LOGS, 180),
        (BY_ID, 180),
        (origin(), 180),
        ({"source": "logs", "target": "cluster", "query": KQL}, 120),
        ({"source": "logs", "target": "gateway", "query": KQL}, 600),
        (NODES, 120),
        ({"source": "alerts", "target": "gateway"}, 300),
        ({"source": "alerts", "target": "gateway", "ingestion": "1m"}, 60),
        ({"source": "http", "path": "/"}, 0),
        ({"source": "webhook", "webhook": {"url": "https://hooks.contoso.com/x"}}, 0),
        ({"source": "kubernetes", "kubernetes": {"check": "nodes_ready"}}, 0),
        ({"source": "resource_health", "target": "cluster"}, 0),
        ({**APP, "ingestion": "10m"}, 600),
    ],
    ids=lambda value: f"{value['source']}-{value.get('target', '')}" if isinstance(value, dict) else "",
)
def test_each_source_knows_how_late_its_data_is(gate: dict[str, Any], seconds: int) -> None:
    assert made(asked(gate, example=FRONT_DOOR)).ingestion_seconds == seconds


NO_ENDPOINTS = (
    "http://amw.westeurope.prometheus.monitor.azure.com",
    "https://prometheus.monitor.azure.com",
    "https://amw.westeurope.prometheus.monitor.azure.com/api/v1",
    "https://amw.westeurope.prometheus.monitor.azure.com:8443",
    "https://amw.westeurope.prometheus.monitor.azure.com.example.com",
    "https://evilprometheus.monitor.azure.com",
    "https://amw.westeurope.prometheus.monitor.azure.com@example.com",
    "https://example.com#.prometheus.monitor.azure.com",
    "https://example.com\\.prometheus.monitor.azure.com",
    "https://prometheus.example.com",
    "https://127.0.0.1.example.com",
    "https://localhost:99999",
    "https://169.254.169.254",
    "",
)
"""The identity's token goes to the endpoint, so nobody else's host may be one, however dressed up."""


@pytest.mark.parametrize("endpoint", NO_ENDPOINTS)
def test_no_endpoint_lies_outside_of_azure(endpoint: str) -> None:
    document = asked({**PROMETHEUS, "endpoint": endpoint})
    assert "query endpoint of an Azure Monitor workspace" in mistakes(document)["endpoint"]
    assert endpoint == "https://localhost:99999" or not jsonschema.Draft202012Validator(schema()).is_valid(
        document
    )


@pytest.mark.parametrize("endpoint", [f"{ENDPOINT}:443", "https://localhost:7443", "https://[::1]:7443"])
def test_an_endpoint_of_azures_or_of_this_machine_is_taken(endpoint: str) -> None:
    assert made(asked({**PROMETHEUS, "endpoint": endpoint})).endpoint == endpoint


@pytest.mark.parametrize(
    ("gate", "key", "expected"),
    [
        ({"source": "prometheus", "query": PROMQL}, "endpoint", "because the source is prometheus"),
        ({"source": "prometheus", "endpoint": ENDPOINT}, "query", "a PromQL query"),
        ({**PROMETHEUS, "target": "cluster"}, "target", "nothing here"),
        ({**PROMETHEUS, "resource_id": WORKSPACE}, "resource_id", "nothing here"),
        ({**PROMETHEUS, "window": "2m"}, "window", "for min_samples of 3"),
        ({**PROMETHEUS, "query": "up{cluster={cluster}}"}, "query", "{cluster} between quotes"),
        ({**PROMETHEUS, "query": 'up{cluster="{member}"}'}, "query", "without {member}"),
        ({**APP, "endpoint": ENDPOINT}, "endpoint", "nothing here"),
        ({**APP, "resource_id": WORKSPACE}, "resource_id", "Microsoft.Insights/components"),
        ({**APP, "resource_id": "appi"}, "resource_id", "the ARM id"),
        ({**APP, "query": "AppRequests | where C == '{cluster}'"}, "query", "a column TimeGenerated"),
        ({**APP, "query": f"union {KQL}"}, "query", "the name of a table"),
        (
            {"source": "resource_health", "target": "cluster", "ingestion": "2m"},
            "ingestion",
            "because the source is resource_health",
        ),
        ({**BY_ID, "resource_id": WORKSPACE}, "workspace_id", "resource_id names the workspace"),
        ({**BY_ID, "workspace_id": "log-contoso"}, "workspace_id", "a GUID such as"),
        ({**BY_ID, "workspace_id": f"{WORKSPACE_ID}/../x"}, "workspace_id", "a GUID such as"),
        ({**BY_ID, "target": "cluster"}, "workspace_id", "because the target is cluster"),
        ({**APP, "workspace_id": WORKSPACE_ID}, "workspace_id", "because the source is app_insights"),
        ({**LOGS, "resource_id": COMPONENT}, "resource_id", "OperationalInsights/workspaces"),
        ({**LOGS, "resource_id": None}, "resource_id", "because the target is resource"),
        ({**LOGS, "target": "cluster"}, "resource_id", "because the target is cluster"),
        ({**LOGS, "target": "host"}, "target", "cluster, gateway or resource"),
        (origin(resource_id=WORKSPACE), "resource_id", "trafficManagerProfiles"),
        (origin(namespace="Microsoft.Network/frontDoors"), "namespace", "which is what resource_id is"),
        (origin(filter="Origin eq {member}"), "filter", "{member} between quotes"),
    ],
)
def test_a_contradiction_in_a_source_is_named(gate: dict[str, Any], key: str, expected: str) -> None:
    given = {name: value for name, value in gate.items() if value is not None}
    assert expected in mistakes(asked(given, example=FRONT_DOOR))[key]


BINS = (
    f"{KQL[: KQL.index('|')]}| where C == '{{cluster}}' | summarize value = count() by bin(TimeGenerated, 5m)"
)


@pytest.mark.parametrize("gate", [APP, LOGS, BY_ID], ids=["app_insights", "workspace", "by-id"])
def test_the_window_of_a_query_with_long_bins_holds_as_many_whole_ones_as_are_needed(
    gate: dict[str, Any],
) -> None:
    """Whenever it ends: 15 minutes hold three bins of 5 at one minute of five, and two at the others."""
    gate = {**gate, "query": BINS}
    needed = "a window of at least 1200 s, or shorter bins: min_samples of 3 are whole bins of 300 s each"
    for window in ("5m", "15m", "19m"):
        assert mistakes(asked({**gate, "window": window})) == {"window": needed}
    assert mistakes(asked(gate)) == {"window": needed}
    assert mistakes(asked({**gate, "window": "20m"})) == {}
    assert mistakes(asked({**gate, "window": "10m", "min_samples": 1})) == {}
    assert mistakes(asked({**gate, "query": BINS.replace("5m", "1m")})) == {}
    assert mistakes(asked({**gate, "query": BINS.replace("5m", "1d"), "window": "1d"})).keys() == {"window"}


def test_a_gate_that_counts_needs_no_window_of_several_bins() -> None:
    assert mistakes(asked({**APP, "query": BINS, "tolerance": {"failures": 1, "of": 3}})) == {}


WHOLE = [
    {**PROMETHEUS, "query": "sum(rate(errors_total[2m]))"},
    {**APP, "query": KQL.replace("'{cluster}'", "'aks'")},
    {**BY_ID, "query": KQL.replace("'{cluster}'", "'aks'")},
    origin(metric="Percentage5XX", filter=None),
]


@pytest.mark.parametrize("gate", WHOLE, ids=lambda gate: str(gate["source"]))
def test_what_tells_no_slots_apart_is_asked_only_where_all_users_are_on_one(gate: dict[str, Any]) -> None:
    given = {name: value for name, value in gate.items() if value is not None}
    key = "filter" if gate["source"] == "metrics" else "query"
    for question in ("platform", "functional", "load"):
        assert "it would speak of the live slot" in mistakes(asked(given, question))[key]
    assert "while traffic shifts" in mistakes(asked(given, "switch", FRONT_DOOR))[key]
    assert mistakes(asked(given, "switch")) == mistakes(asked(given, "bake")) == {}


def test_all_mistakes_of_a_gate_come_at_once() -> None:
    gate = {"source": "prometheus", "endpoint": "https://example.com", "query": "up{c={slot}}", "path": "/"}
    assert mistakes(asked(gate)).keys() == {"endpoint", "query", "path"}


def test_what_is_asked_may_lie_in_another_subscription() -> None:
    there = f"{ELSEWHERE}/Microsoft.OperationalInsights/workspaces/log-central"
    assert made(asked({**LOGS, "resource_id": there})).resource_id == there


def test_the_ring_before_is_not_judged_by_what_this_fleets_own_resources_say() -> None:
    document = asked(PROMETHEUS)
    document["ring"] = {"after": "first", "hold": "1h"}
    ring = parse_json(document).ring
    assert ring is not None
    assert ring.gates
    assert "the-gate" not in {gate.name for gate in ring.gates}
    document["ring"]["gates"] = ["the-gate"]
    assert "asks what is this fleet's" in mistakes(document)["gates[0]"]
