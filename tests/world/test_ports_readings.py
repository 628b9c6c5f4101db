"""Gates and traffic through the ports door: which minutes count, and what no data looks like."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from shared.fleet import Gate, Measure
from shared.probes import GateReading, Reading, TrafficSeen, TrafficShare, Unavailable
from tests.fleets import BLUE, ERRORS, GREEN, HEALTH, NODES
from tests.world.manual_clock import START, Estate

MINUTE = timedelta(minutes=1)


async def reading(it: Estate, gate: Gate, slot: str = "green", minutes_ago: float | None = None) -> Reading:
    since = it.clock.now() - MINUTE * minutes_ago if minutes_ago is not None else None
    answer = await it.see(GateReading(gate, GREEN if slot == "green" else BLUE, since))
    assert isinstance(answer, Reading)
    return answer


async def test_a_reading_holds_whole_minutes_that_are_complete_and_no_older_than_asked() -> None:
    it = Estate()
    it.clock.pass_seconds(3630)
    whole = await reading(it, NODES, "blue")
    short = await reading(it, NODES, "blue", minutes_ago=4.2)
    early = await reading(it, NODES, "blue", minutes_ago=1)
    last = it.clock.now() - timedelta(seconds=120)
    assert [sample.value for sample in whole.samples] == [0.0] * 5
    assert whole.samples[-1].at + MINUTE <= last
    assert len(short.samples) == 1
    assert short.samples[0].at >= short.since
    assert early.samples == ()
    assert "kube_node_status_condition" in whole.source


async def test_a_cluster_that_is_not_there_gives_no_values() -> None:
    it = Estate()
    it.clock.pass_seconds(3600)
    processor = msgspec.structs.replace(NODES, metric="node_cpu_usage_percentage", filter="")
    assert [sample.value for sample in (await reading(it, processor)).samples] == [None] * 5
    assert (await reading(it, NODES)).samples == ()
    assert (await reading(it, ERRORS)).samples == ()


async def test_an_http_gate_gives_one_sample_for_each_of_its_requests() -> None:
    it = Estate()
    assert [sample.value for sample in (await reading(it, HEALTH)).samples] == [1.0] * 5
    it.deploy(GREEN)
    found = await reading(it, HEALTH)
    assert [sample.value for sample in found.samples] == [0.0] * 5
    assert found.source == "https://aks-green.contoso.com/healthz"


async def test_a_missing_table_is_no_data_and_an_unknown_metric_is_nobodys_fault() -> None:
    it = Estate()
    it.clock.pass_seconds(3600)
    missing = msgspec.structs.replace(ERRORS, query="ContainerLogV2 | take 1")
    assert (await reading(it, missing, "blue")).samples == ()
    unknown = msgspec.structs.replace(NODES, metric="kube_nodes")
    assert isinstance(await it.see(GateReading(unknown, BLUE)), Unavailable)


async def test_traffic_counts_complete_minutes_of_every_slot() -> None:
    it = Estate()
    it.deploy(GREEN)
    it.point(GREEN)
    it.clock.pass_seconds(1230)
    found = await it.see(TrafficShare(START, 300))
    assert isinstance(found, TrafficSeen)
    assert found.minutes == 5
    assert found.requests["blue"] == 0
    assert found.requests["green"] == pytest.approx(6000, rel=0.05)
    assert await it.see(TrafficShare(it.clock.now())) == TrafficSeen({}, 0.0)


async def test_a_latency_gate_has_no_time_for_a_request_that_failed() -> None:
    it = Estate()
    gate = msgspec.structs.replace(HEALTH, measure=Measure.LATENCY_MS)
    assert [sample.value for sample in (await reading(it, gate)).samples] == [None] * 5
    it.deploy(GREEN)
    times = [sample.value or 0.0 for sample in (await reading(it, gate)).samples]
    assert 20 < min(times) <= max(times) < 80
