"""How Azure Monitor's numbers of nodes become the load of a cluster."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.azure.loads import Loads
from shared.azure.metric_answers import Batch, Query
from shared.azure.world import AzureWorld
from shared.errors import Retry
from shared.fleet import Fleet
from shared.loads import Load, LoadSeen, LoadState
from tests.azure.stub import Said, stub
from tests.fleets import BLUE, FLEET, GREEN
from tests.world.manual_clock import START

CPU, MEMORY = "node_cpu_usage_millicores", "node_memory_working_set_bytes"
CORES, BYTES = "kube_node_status_allocatable_cpu_cores", "kube_node_status_allocatable_memory_bytes"
IDS = {slot.name: slot.cluster_id for slot in FLEET.slots}
Node = tuple[str, list[float | None]]


def metric(name: str, nodes: list[Node]) -> dict[str, Any]:
    """A metric whose series are told node by node, or of nobody where the node has no name."""
    series = [
        {
            "metadatavalues": [{"name": {"value": "node"}, "value": node}] if node else [],
            "data": [
                {
                    "timeStamp": (START - timedelta(minutes=5 - minute)).isoformat(),
                    **({"average": value} if value is not None else {}),
                }
                for minute, value in enumerate(values)
            ],
        }
        for node, values in nodes
    ]
    return {"name": {"value": name}, "timeseries": series, "errorCode": "Success"}


def said(cluster_id: str, *metrics: dict[str, Any]) -> dict[str, Any]:
    """What is said of a cluster."""
    return {"resourceid": cluster_id, "interval": "PT1M", "value": list(metrics)}


BLUE_USES = said(IDS[BLUE], metric(CPU, [("b-1", [500.0])]), metric(MEMORY, [("b-1", [4e9])]))
GREEN_USES = said(
    IDS[GREEN],
    metric(MEMORY, [("g-1", [5e9, 7e9]), ("g-2", [1e9, 1e9])]),
    metric(CPU, [("g-1", [1000.0, 3000.0]), ("g-2", [500.0, None])]),
)
BLUE_GIVES = said(IDS[BLUE], metric(CORES, [("", [11.58, 7.72])]), metric(BYTES, [("", [40e9, 27e9])]))


class Monitor:
    """Azure Monitor that says one thing of what is split by node and another of what is not."""

    def __init__(self, used: list[Any], given: list[Any]) -> None:
        self._used = used
        self._given = given

    async def ask(self, _fleet: Fleet, query: Query, _resource_ids: Iterable[str]) -> Batch:
        """What it says."""
        return msgspec.convert({"values": self._used if query.filter else self._given}, Batch)


async def look(used: list[Any], given: list[Any]) -> LoadSeen:
    """The load where Azure Monitor says this."""
    monitor: Any = Monitor(used, given)
    return await Loads(monitor).observe(FLEET, LoadState(BLUE), START)


async def test_nodes_are_summed_and_what_can_be_given_is_what_was_there_all_the_time() -> None:
    seen = await look([BLUE_USES, GREEN_USES], [BLUE_GIVES])
    assert seen == LoadSeen({BLUE: Load(0.5, 4e9, 1), GREEN: Load(2.5, 7e9, 2)}, 7.72, 27e9)


async def test_use_is_asked_for_node_by_node_and_the_rest_without_any_dimension(tmp_path: Path) -> None:
    script = {("POST", "/metrics:getBatch"): [Said(200, {"values": [BLUE_USES, GREEN_USES]})]}
    async with stub(tmp_path, script) as (server, connection):
        await AzureWorld(connection).observe(FLEET, frozenset({LoadState(BLUE)}), START)
    give, use = sorted(server.queries, key=lambda query: query["metricnames"])
    assert (use["metricnames"], use["filter"]) == (f"{CPU},{MEMORY}", "node eq '*'")
    assert int(use["top"]) >= 1000
    assert (give["metricnames"], "filter" in give) == (f"{CORES},{BYTES}", False)
    assert {query["aggregation"].lower() for query in server.queries} == {"average"}
    asked = sorted(len(body["resourceids"]) for _, _, body in server.requests)
    assert asked == [1, 2]


async def test_a_cluster_without_data_is_left_out_and_a_node_counts_when_both_are_known() -> None:
    nothing = said(IDS[GREEN], metric(CPU, []), metric(MEMORY, []))
    half = said(
        IDS[BLUE],
        metric(CPU, [("b-1", [500.0]), ("b-2", [None])]),
        metric(MEMORY, [("b-1", [4e9]), ("b-2", [4e9])]),
    )
    unknown = said(IDS[BLUE], metric(CORES, [("", [None])]), metric(BYTES, []))
    assert await look([half, nothing], [unknown]) == LoadSeen({BLUE: Load(0.5, 8e9, 1)}, None, None)


@pytest.mark.parametrize(
    ("used", "given", "because"),
    [
        ([BLUE_USES], [BLUE_GIVES], "about others"),
        ([BLUE_USES, GREEN_USES], [GREEN_USES], "about others"),
        ([BLUE_USES, said(IDS[GREEN], metric(CPU, []))], [BLUE_GIVES], "the answer holds node_cpu"),
        (
            [BLUE_USES, said(IDS[GREEN], metric(CPU, [("", [1.0])]), metric(MEMORY, []))],
            [BLUE_GIVES],
            "does not say which node",
        ),
        (
            [BLUE_USES, said(IDS[GREEN], metric(CPU, [("n", [1.0]), ("n", [2.0])]), metric(MEMORY, []))],
            [BLUE_GIVES],
            "twice of the same node",
        ),
        (
            [BLUE_USES, GREEN_USES],
            [said(IDS[BLUE], metric(CORES, [("", [1.0]), ("", [2.0])]), metric(BYTES, []))],
            "twice of the same resource",
        ),
    ],
)
async def test_an_answer_to_another_question_proves_nothing(
    used: list[Any], given: list[Any], because: str
) -> None:
    with pytest.raises(Retry, match=because):
        await look(used, given)
