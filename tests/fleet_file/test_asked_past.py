"""What a gate asks is asked of the past in the fleet file's own words, and comes to the same question."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from shared.fleet import Gate, Source, Target
from shared.fleet_file import read
from shared.fleet_file.asked_past import asked_of, parse_asked
from shared.gates.history import gates_of
from shared.queries import present_only
from tests.fleets import BLUE, GREEN
from tests.sources import APP, KUBELET, ORIGIN, PODS

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
SPAN = {"slot": "blue", "since": "2026-11-19T09:00:00Z", "until": "2026-11-19T21:00:00Z"}
NOW = datetime(2026, 11, 21, tzinfo=UTC)
ASKED = (
    "name",
    "source",
    "target",
    "namespace",
    "metric",
    "aggregation",
    "filter",
    "query",
    "endpoint",
    "resource_id",
    "ingestion_seconds",
)


def question(gate: Gate) -> dict[str, object]:
    """All of a gate that has a part in what it asks."""
    return {name: getattr(gate, name) for name in ASKED}


def comes_to_the_same(gate: Gate) -> None:
    found = parse_asked({"gate": asked_of(gate), **SPAN}, [BLUE, GREEN], NOW)
    assert question(found.gate) == question(gate)
    assert (found.slot, found.gate.window_seconds) == (BLUE, 12 * 3600)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_every_gate_of_the_examples_with_a_past_can_be_asked_of_it(file: Path) -> None:
    for fleet in read(file.read_text("utf-8")).fleets:
        gates = [gate for gate in gates_of(fleet) if present_only(gate) is None]
        assert gates
        for gate in gates:
            comes_to_the_same(gate)


@pytest.mark.parametrize("gate", [APP, KUBELET, ORIGIN, PODS], ids=lambda gate: gate.name)
def test_so_can_one_that_asks_what_is_no_part_of_a_slot(gate: Gate) -> None:
    comes_to_the_same(gate)


KQL = Gate(name="g", source=Source.LOGS, target=Target.CLUSTER)


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("T | where TimeGenerated > ago(5m)", "ago"),
        ("T | extend age = now () - TimeGenerated", "now"),
        ('T | where Text has "ago(5m)"', None),
        ("T // not ago(5m)\n| project TimeGenerated, value", None),
        ("T | where imago(5) > 0", None),
    ],
)
def test_kql_that_counts_back_from_the_present_is_told_by_its_function(query: str, word: str | None) -> None:
    because = present_only(replace(KQL, query=query))
    assert because == (f"its query counts back from the present, by {word}()" if word else None)
