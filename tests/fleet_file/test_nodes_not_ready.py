"""The nodes that `nodes-not-ready` counts, of a pack and of the examples."""

from __future__ import annotations

import pytest

from sandbox.world.metric_filter import parse_filter
from shared.fleet import Fleet, Gate
from shared.fleet_file import parse
from shared.fleet_file.pack_models import PlatformPack
from shared.fleet_file.packs import gates_of
from tests.fleet_file.examples import NAMES, TEXTS

METRIC = "kube_node_status_condition"
(PACKED,) = (
    str(gate["filter"])
    for gate in gates_of(PlatformPack(pack="platform"))["platform"]
    if gate.get("metric") == METRIC
)


def counted(where: str, ready: str) -> int:
    """How often a node counts whose condition Ready is that: a series for each status, of 0 or 1."""
    wanted = parse_filter(where)
    series = [
        ({"condition": condition, "status": status, "node": "aks-nodepool1-0"}, status == found)
        for condition, found in (("Ready", ready), ("MemoryPressure", "false"), ("DiskPressure", "unknown"))
        for status in ("true", "false", "unknown")
    ]
    return sum(value for dimensions, value in series if wanted.holds(dimensions))


def filters(fleet: Fleet) -> set[str]:
    """Of the gates on the condition of nodes."""
    gates: tuple[Gate, ...] = fleet.gates.platform
    return {gate.filter for gate in gates if gate.metric == METRIC}


@pytest.mark.parametrize(("ready", "count"), [("true", 0), ("false", 1), ("unknown", 1)])
def test_a_node_whose_kubelet_says_nothing_is_no_more_ready_than_one_that_says_so(
    ready: str, count: int
) -> None:
    assert counted(PACKED, ready) == count


def test_a_healthy_cluster_answers_and_is_not_silent() -> None:
    # What AKS no longer tells splits an answer into no series at all.
    assert parse_filter(PACKED).names == {"condition", "status"}


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_count_as_the_pack_does(name: str) -> None:
    assert filters(parse(TEXTS[name])) <= {PACKED}
