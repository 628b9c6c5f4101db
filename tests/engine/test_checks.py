"""Whole rollouts that are judged by hooks, checks in the cluster, alerts, Resource Health and load tests."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sandbox.world import Faults
from shared.check_rules import AlertFilter, ClusterCheck, Expect, Hook, LoadTest, Objects
from shared.fleet import Gate, Gates, Source, Target
from shared.model import Outcome, Stage
from tests.engine.rig import Rig
from tests.fleets import ERRORS, FLEET, GREEN, HEALTH, NODES


def gate(name: str, source: Source, check: Any = None, target: Target = Target.HOST, **more: Any) -> Gate:
    """A gate that tolerates nothing, unless it says so."""
    return Gate(
        name=name,
        source=source,
        target=target,
        check=check,
        min_samples=1,
        ingestion_seconds=0,
        **{"max_value": 0.0, **more},
    )


HOOK = gate("hook", Source.WEBHOOK, Hook(url="https://hooks.contoso.com/shop"))
PODS = gate("pods", Source.KUBERNETES, ClusterCheck(objects=Objects.PODS_READY, namespace="kube-system"))
CALM = gate("calm", Source.ALERTS, AlertFilter(severities=("Sev1",)), Target.GATEWAY)
THERE = gate("there", Source.RESOURCE_HEALTH, None, Target.CLUSTER)
LOAD = gate(
    "load",
    Source.LOAD_TEST,
    LoadTest(
        endpoint="https://x.westeurope.cnt-prod.loadtesting.azure.com",
        test_id="shop",
        baseline_run="baseline",
    ),
    max_value=None,
    max_over_baseline=1.5,
)
EXPECTED = msgspec.structs.replace(HEALTH, name="expected", check=Expect(statuses=(200,), body="serves"))
FLEET_OF_CHECKS = msgspec.structs.replace(
    FLEET,
    gates=Gates(
        platform=(msgspec.structs.replace(PODS, level=3), NODES),
        functional=(HOOK, EXPECTED),
        load=(LOAD,),
        switch=(ERRORS, THERE),
        bake=(ERRORS, CALM, PODS),
    ),
)


async def started(faults: Faults | None = None, hook_seconds: float = 0) -> Rig:
    """A rollout that has begun."""
    rig = await Rig(FLEET_OF_CHECKS, faults).applied()
    estate = rig.world.estate
    estate.timings = msgspec.structs.replace(estate.timings, hook_seconds=hook_seconds)
    await rig.publish_version()
    return rig


async def test_a_good_candidate_passes_every_check_and_each_is_begun_as_often_as_it_must() -> None:
    rig = await started(hook_seconds=200)
    rollout = await rig.ended()
    assert rollout.outcome is Outcome.COMPLETED, rollout.because
    about_green = [each for each in rig.world.hooks.asked if each["step"] == "functional_tests"]
    # At work for 200 s: asked with each poll of a minute, always with one id.
    assert 3 <= len(about_green) <= 6
    assert len({each["id"] for each in about_green}) == 1
    commands = [each.command for each in rig.world.commands.given if "kubectl get" in each.command]
    minutes = (rig.clock.at - rollout.started_at).total_seconds() / 60
    assert 2 <= len(commands) < minutes / 2
    assert len(rig.world.load_tests.started) == 1


@pytest.mark.parametrize(
    ("faults", "step", "words"),
    [
        (Faults(hook_fails=True), "functional_tests", "the hook says FAILED"),
        (Faults(load_test_fails=True), "load_test", "does not meet its own criteria"),
    ],
)
async def test_a_candidate_that_a_check_fails_never_gets_users(faults: Faults, step: str, words: str) -> None:
    rig = await started(faults)
    rollout = await rig.ended()
    assert (rollout.outcome, rollout.failed_step) == (Outcome.STOPPED, f"T2 {step}")
    assert words in rollout.because


async def test_a_candidate_on_which_an_alert_fires_is_rolled_back_without_anybody_being_told() -> None:
    """The alert's own message is lost: the gate finds it."""
    rig = await started(Faults(alert_after_seconds=900))
    rollout = await rig.ended()
    assert rollout.outcome is Outcome.ROLLED_BACK
    assert "firing: agw-green-failed-requests" in rollout.because


async def test_a_hook_that_never_makes_up_its_mind_stops_the_rollout_at_the_deadline() -> None:
    rig = await started(hook_seconds=90_000)
    rollout = await rig.until("functional_tests")
    for _ in range(20):
        await rig.minute()
    waiting = await rig.rollout()
    assert (waiting.stage, waiting.step, waiting.held) == (Stage.SYNC, "functional_tests", None)
    assert "the hook is at work" in waiting.because
    ended = await rig.ended()
    assert (ended.outcome, ended.candidate, rollout.live) == (Outcome.STOPPED, GREEN, "blue")


async def test_another_worker_finds_the_check_that_was_begun() -> None:
    rig = await started()
    while not (await rig.rollout()).receipts:
        await rig.minute()
    (receipt,) = (await rig.rollout()).receipts["pods green"]
    rig.restart()
    await rig.minute()
    assert (await rig.rollout()).receipts["pods green"] == (receipt,)
    assert sum("kubectl get" in each.command for each in rig.world.commands.given) == 1
