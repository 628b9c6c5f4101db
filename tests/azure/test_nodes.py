"""How many nodes a cluster has, by what ARM says of its pools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shared.azure.world import AzureWorld
from shared.probes import ClusterSeen, ClusterState
from tests.azure.stub import Said, stub
from tests.fleets import BLUE, FLEET
from tests.world.manual_clock import START

RUNNING, STOPPED = {"code": "Running"}, {"code": "Stopped"}


def pool(count: int | None, power: dict[str, str] | None) -> dict[str, Any]:
    """An agent pool's profile; what is None is left out."""
    found = {"name": "pool", "count": count, "powerState": power}
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize(
    ("pools", "nodes"),
    [
        ([pool(3, RUNNING), pool(2, RUNNING)], 5),
        ([pool(3, RUNNING), pool(2, STOPPED)], 3),
        ([pool(3, STOPPED)], 0),
        ([pool(0, RUNNING)], 0),
        ([pool(3, None)], 3),
        ([pool(3, RUNNING), pool(None, RUNNING)], None),
        ([pool(3, RUNNING), pool(None, STOPPED)], 3),
        ([], None),
        (None, None),
    ],
    ids=str,
)
async def test_nodes_are_those_of_pools_that_run(
    tmp_path: Path, pools: list[dict[str, Any]] | None, nodes: int | None
) -> None:
    properties = {"provisioningState": "Succeeded", "powerState": RUNNING, "agentPoolProfiles": pools}
    body = {"id": FLEET.slot(BLUE).cluster_id, "location": "westeurope", "properties": properties}
    async with stub(tmp_path, {("GET", "/aks-blue"): [Said(200, body, {"ETag": "e-1"})]}) as (_, connection):
        probe = ClusterState(BLUE)
        answer = (await AzureWorld(connection).observe(FLEET, frozenset({probe}), START))[probe]
    assert isinstance(answer, ClusterSeen)
    assert answer.nodes == nodes
