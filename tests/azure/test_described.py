"""What the gates' sources put on the wire, held against Azure's own published descriptions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.probes import GateReading, Probe, Reading, Unavailable
from tests.azure.rig import rig
from tests.fleets import BLUE, ERRORS, GREEN, NODES
from tests.sources import APP, EDGE, KUBELET, ORIGIN, PODS, PODS_BY_ID, PROFILE, WORLDWIDE, at
from tests.wire.test_record import REFEREE, judge


@pytest.mark.skipif(not REFEREE.exists(), reason=f"NOT CHECKED against Azure's descriptions: no {REFEREE}")
async def test_readings_of_every_source_are_asked_for_as_azure_describes(tmp_path: Path) -> None:
    wrong = msgspec.structs.replace(ORIGIN, metric="NoSuchMetric")
    async with rig(tmp_path, WORLDWIDE) as it:
        it.estate.clock.pass_seconds(20 * 60)
        gates = [
            at(KUBELET, it.wire.prometheus_endpoint),
            APP,
            PODS,
            PODS_BY_ID,
            ORIGIN,
            EDGE,
            PROFILE,
            NODES,
            ERRORS,
            wrong,
        ]
        probes: frozenset[Probe] = frozenset(GateReading(gate, s) for gate in gates for s in (BLUE, GREEN))
        answers = await it.azure.observe(WORLDWIDE, probes, it.estate.clock.now())
        lines = it.exchanges()
    read = {probe.gate.name for probe, each in answers.items() if isinstance(each, Reading)
            if isinstance(probe, GateReading)}  # fmt: skip
    assert read == {gate.name for gate in gates}
    assert sum(isinstance(each, Unavailable) for each in answers.values()) == 2
    # Prometheus' own API has no description of Azure's.
    described = tmp_path / "described.jsonl"
    kept = [_dated(line) for line in lines if ".prometheus.monitor." not in line["url"]]
    described.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
    code, findings = await judge(described)
    assert code == 0, findings
    assert len(kept) == len(lines) - 2


def _dated(line: dict[str, Any]) -> dict[str, Any]:
    """A query of a workspace has no version in its address, and two descriptions: the newer one is meant.

    By the older one a row holds texts alone, which its own examples do not.
    """
    return line | {"api-version": "2022-10-27"} if "/v1/workspaces/" in line["url"] else line
