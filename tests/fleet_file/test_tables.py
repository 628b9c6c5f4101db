"""Log queries of packs and examples ask a resource for tables that Azure keeps of it."""

from __future__ import annotations

import re

import pytest

from shared.fleet import Gate, Source, Target
from shared.fleet_file import parse, parse_json
from shared.fleet_file.draft import QUESTIONS
from tests.fleet_file.examples import NAMES, TEXTS, data

TABLES = {
    (Source.LOGS, Target.CLUSTER): {"InsightsMetrics", "KubeEvents", "KubeNodeInventory", "KubePodInventory"},
    (Source.LOGS, Target.GATEWAY): {"AGWAccessLogs", "AGWPerformanceLogs", "AzureDiagnostics"},
    (Source.LOGS, Target.RESOURCE): {"AppRequests"},
    (Source.APP_INSIGHTS, Target.RESOURCE): {"requests"},
}
"""Of those that learn.microsoft.com/azure/azure-monitor/reference/tables-index lists for a cluster and for a
gateway, and of a workspace and a component (…/azure/azure-monitor/app/data-model-complete)."""


def asked(gate: Gate) -> str:
    """The table that a query starts with."""
    found = re.match(r"\w+", gate.query)
    assert found is not None
    return found[0]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_no_query_asks_a_resource_for_what_azure_keeps_of_another(name: str, packed: bool) -> None:
    document = data(name)
    document["gates"] = {"packs": ["platform", "gateway"]}
    document["shift"] = "full"
    fleet = parse_json(document) if packed else parse(TEXTS[name])
    gates = [gate for question in QUESTIONS for gate in getattr(fleet.gates, question)]
    queries = [gate for gate in gates if gate.source in (Source.LOGS, Source.APP_INSIGHTS)]
    unknown = {gate.name for gate in queries if asked(gate) not in TABLES[gate.source, gate.target]}

    assert queries
    assert unknown == set()
