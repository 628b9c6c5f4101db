"""What every world promises of the sources that say yes or no, or that start something and wait for it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sandbox.world import Faults, Timings
from shared.check_rules import (
    LIVE_RUN,
    AlertFilter,
    ClusterCheck,
    Expect,
    Hook,
    LoadMeasure,
    LoadTest,
    Objects,
)
from shared.fleet import Gate, Measure, Source, Target
from shared.levers import SlotName
from shared.probes import Asking, GateReading, Reading, Unavailable
from tests.contract.sides import Side, Sides, answer_samples, seen_as
from tests.fleets import BLUE, FLEET, GREEN, HEALTH
from tests.world.manual_clock import START, VERSION

PODS = ClusterCheck(objects=Objects.PODS_READY, namespace="kube-system")
LOAD = LoadTest(
    endpoint="https://x.westeurope.cnt-prod.loadtesting.azure.com",
    test_id="shop",
    baseline_run="baseline",
)
HOOK = Hook(url="https://hooks.contoso.com/shop")


def gate(source: Source, check: Any = None, target: Target = Target.HOST) -> Gate:
    """A gate of that source."""
    return Gate(
        name="asked",
        source=source,
        target=target,
        max_value=0,
        min_samples=1,
        ingestion_seconds=0,
        check=check,
    )


def asked(asking_gate: Gate, slot: SlotName = GREEN, *receipts: str) -> GateReading:
    """The gate's question about a slot, in a rollout that began with the world."""
    asking = Asking(
        rollout="contoso-0001",
        version=VERSION,
        stage="T2",
        step="functional_tests",
        candidate=GREEN,
        started_at=START,
        receipts=receipts,
    )
    return GateReading(asking_gate, slot, START, asking)


async def reading(side: Side, probe: GateReading) -> Reading:
    """The reading of a probe now."""
    return seen_as(await side.see(probe), Reading)


async def test_an_answer_is_held_against_what_the_gate_expects(side: Side) -> None:
    side.estate.deploy(GREEN)
    good = Expect(statuses=(200,), body="green serves", pattern="^green .*/healthz$", latency_ms=30_000)
    bad = Expect(statuses=(204,), body="blue")
    for expect, values, words in ((good, {0.0}, {""}), (bad, {1.0}, None)):
        found = await reading(side, GateReading(msgspec.structs.replace(HEALTH, check=expect), GREEN))
        assert {sample.value for sample in found.samples} == values
        told = {sample.because for sample in found.samples}
        assert words is None or told == words
        if words is None:
            assert all(word.startswith("status 200, expected 204, a body of ") for word in told)


async def test_a_failed_request_has_no_time_and_says_why(side: Side) -> None:
    side.estate.deploy(GREEN)
    expect = Expect(certificate_seconds=400_000 * 86_400)
    slow = msgspec.structs.replace(HEALTH, check=expect, measure=Measure.LATENCY_MS)
    found = await reading(side, GateReading(slow, GREEN))
    assert {sample.value for sample in found.samples} == {None}
    assert all("expected one for another 400000 days" in sample.because for sample in found.samples)


async def test_a_hook_says_what_it_says(make: Sides) -> None:
    side = await make(FLEET, Faults(hook_fails=True))
    question = gate(Source.WEBHOOK, HOOK)
    assert answer_samples(await side.see(asked(question))) == [1]
    assert answer_samples(await side.see(asked(question, BLUE))) == [0]
    first, second = side.estate.world.hooks.asked
    assert first.keys() == second.keys()
    assert (first["slot"], first["version"], first["gate"]) == (GREEN, VERSION, "asked")


async def test_a_hook_that_is_at_work_gives_nothing_yet(side: Side) -> None:
    estate = side.estate.world.estate
    estate.timings = msgspec.structs.replace(Timings(), hook_seconds=60)
    question = asked(gate(Source.WEBHOOK, HOOK))
    early = await reading(side, question)
    assert (early.samples, early.again_seconds) == ((), 20)
    side.clock.pass_seconds(60)
    assert answer_samples(await side.see(question)) == [0]


async def test_a_check_in_a_cluster_is_begun_once_and_known_by_its_receipt(side: Side) -> None:
    question = gate(Source.KUBERNETES, PODS)
    begun = await reading(side, asked(question, BLUE))
    assert begun.samples == ()
    assert begun.receipts is not None
    running = await reading(side, asked(question, BLUE, *begun.receipts))
    assert (running.samples, running.receipts) == ((), begun.receipts)
    side.clock.pass_seconds(20)
    ended = await reading(side, asked(question, BLUE, *begun.receipts))
    assert [(sample.value, sample.requests) for sample in ended.samples] == [(0, 12)]
    assert ended.receipts == begun.receipts


@pytest.mark.parametrize(
    ("check", "value", "word"),
    [
        (PODS, 2, "not ready: konnectivity-agent-0, metrics-server-1"),
        (ClusterCheck(objects=Objects.NODES_READY), 2, "not ready: aks-nodepool1"),
        (
            ClusterCheck(objects=Objects.DEPLOYMENTS_AVAILABLE, namespace="kube-system"),
            1,
            "not available: metrics-server",
        ),
    ],
)
async def test_what_is_not_well_in_a_cluster_is_counted(
    make: Sides, check: ClusterCheck, value: float, word: str
) -> None:
    side = await make(FLEET, Faults(bad_nodes=True))
    side.estate.deploy(GREEN)
    question = gate(Source.KUBERNETES, check)
    begun = await reading(side, asked(question))
    side.clock.pass_seconds(20)
    ended = await reading(side, asked(question, GREEN, *(begun.receipts or ())))
    (sample,) = ended.samples
    assert sample.value == value
    assert sample.because.startswith(word)


async def test_a_check_outside_of_a_rollout_is_refused(side: Side) -> None:
    answer = await side.see(GateReading(gate(Source.KUBERNETES, PODS), BLUE, START))
    assert isinstance(answer, Unavailable)
    assert "made in a rollout" in answer.because


async def test_alerts_that_fire_count_and_older_ones_are_named(make: Sides) -> None:
    side = await make(FLEET, Faults(alert_before=True, alert_after_seconds=60))
    question = asked(gate(Source.ALERTS, target=Target.GATEWAY))
    calm = await reading(side, question)
    assert [sample.value for sample in calm.samples] == [0]
    assert "before the rollout began: certificate-soon (Sev3" in calm.because
    side.estate.deploy(GREEN)
    side.estate.point(GREEN)
    side.clock.pass_seconds(90)
    assert answer_samples(await side.see(question)) == [1]
    minor = asked(gate(Source.ALERTS, AlertFilter(severities=("Sev4",)), Target.GATEWAY))
    assert answer_samples(await side.see(minor)) == [0]


async def test_a_clusters_health_tells_how_much_of_it_is_out(make: Sides) -> None:
    side = await make(FLEET, Faults(bad_nodes=True))
    question = gate(Source.RESOURCE_HEALTH, target=Target.CLUSTER)
    assert answer_samples(await side.see(GateReading(question, BLUE, START))) == [0]
    assert isinstance(await side.see(GateReading(question, GREEN, START)), Unavailable)
    side.estate.deploy(GREEN)
    assert answer_samples(await side.see(GateReading(question, GREEN, START))) == [0.5]
    side.estate.world.clusters.stop(FLEET.slot(BLUE).cluster_id)
    side.clock.pass_seconds(side.estate.world.estate.timings.stop_seconds)
    found = await reading(side, GateReading(question, BLUE, START))
    assert [sample.value for sample in found.samples] == [1]
    assert "by an order that somebody gave" in found.samples[0].because


async def test_a_load_test_runs_and_is_compared_with_a_stored_run(side: Side) -> None:
    side.estate.deploy(GREEN)
    question = gate(Source.LOAD_TEST, LOAD)
    stored = await reading(side, asked(question, BLUE))
    (p95,) = stored.samples
    first = await reading(side, asked(question))
    assert (first.samples, first.again_seconds) == ((), 30)
    side.clock.pass_seconds(300)
    ended = await reading(side, asked(question))
    (measured,) = ended.samples
    assert p95.value is not None
    assert measured.value == pytest.approx(p95.value, rel=0.2)
    live = msgspec.structs.replace(LOAD, baseline_run=LIVE_RUN, measure=LoadMeasure.ERROR_SHARE)
    assert (await reading(side, asked(gate(Source.LOAD_TEST, live), BLUE))).samples == ()
    side.clock.pass_seconds(300)
    assert answer_samples(await side.see(asked(gate(Source.LOAD_TEST, live), BLUE))) == [0]


async def test_a_load_test_that_misses_its_own_criteria_says_so(make: Sides) -> None:
    side = await make(FLEET, Faults(load_test_fails=True))
    side.estate.deploy(GREEN)
    await side.see(asked(gate(Source.LOAD_TEST, LOAD)))
    side.clock.pass_seconds(300)
    assert (await reading(side, asked(gate(Source.LOAD_TEST, LOAD)))).failed


async def test_what_none_of_them_can_say_is_nobodys_fault(side: Side) -> None:
    stored = msgspec.structs.replace(LOAD, baseline_run="gone")
    answer = await side.see(asked(gate(Source.LOAD_TEST, stored), BLUE))
    assert isinstance(answer, Unavailable)
    assert "no load test run gone" in answer.because
