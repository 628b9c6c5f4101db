"""Checks through the ports door: what each of the sources that say yes or no says of the model.

Keeps the promises of the adapters: what is begun is begun once and known by its receipt or its id.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from sandbox.world.errors import ArmError
from sandbox.world.load_tests import REQUESTS, LoadRun
from sandbox.world.model import World
from shared.check_rules import LIVE_RUN, ClusterCheck, Hook, LoadTest
from shared.checks.alerts import counted
from shared.checks.commands import Ran, following
from shared.checks.health import measured as health_measured
from shared.checks.hooks import HookAnswer, at_work, heard, promised, question, question_id
from shared.checks.load_tests import HOST_VARIABLE, Run, measured, order, run_id, unfit
from shared.checks.workloads import command
from shared.errors import Refused
from shared.fleet import Fleet, Source, Target
from shared.probes import GateReading, Reading


def read_check(world: World, fleet: Fleet, probe: GateReading, now: datetime) -> Reading:
    """The reading of such a gate. Raises ArmError, Refused and Retry as the adapters would."""
    match probe.gate.source:
        case Source.WEBHOOK:
            return _hook(world, fleet, probe, now)
        case Source.KUBERNETES:
            return _cluster(world, fleet, probe, now)
        case Source.ALERTS:
            return _alerts(world, fleet, probe, now)
        case Source.RESOURCE_HEALTH:
            return _health(world, fleet, probe, now)
        case _:
            return _load_test(world, fleet, probe, now)


def _resource(fleet: Fleet, probe: GateReading) -> str:
    slot = fleet.slot(probe.slot)
    return slot.gateway_id if probe.gate.target is Target.GATEWAY else slot.cluster_id


def _hook(world: World, fleet: Fleet, probe: GateReading, now: datetime) -> Reading:
    hook = probe.gate.check
    if not isinstance(hook, Hook):
        raise Refused(f"the gate {probe.gate.name} names no hook")
    question_of = question_id(fleet, probe)
    until = promised(question_of, probe)
    if until is not None and now < until:
        return at_work(question_of, until, hook.url, now)
    answer = msgspec.convert(world.hooks.ask(question(fleet, probe)), HookAnswer)
    return heard(answer, question_of, hook.url, now)


def _alerts(world: World, fleet: Fleet, probe: GateReading, now: datetime) -> Reading:
    resource_id = _resource(fleet, probe)
    found = world.alerts.firing(resource_id)
    return counted(found, probe, f"alerts that fire on {resource_id}", now)


def _health(world: World, fleet: Fleet, probe: GateReading, now: datetime) -> Reading:
    resource_id = _resource(fleet, probe)
    health = world.alerts.health(resource_id)
    reading = health_measured(health, probe.since, f"Resource Health of {resource_id}", now)
    assert reading is not None, health
    return reading


def _cluster(world: World, fleet: Fleet, probe: GateReading, now: datetime) -> Reading:
    check, asking = probe.gate.check, probe.asking
    if not isinstance(check, ClusterCheck) or asking is None:
        raise Refused(f"{probe.gate.name}: a check in a cluster is declared, and made in a rollout")
    cluster_id = fleet.slot(probe.slot).cluster_id
    known: list[tuple[str, Ran | None]] = []
    for receipt in asking.receipts:
        known += [(receipt, each) for each in _ran(world, cluster_id, receipt, now)]
    coming = following(probe.gate, check, known, probe.since or asking.started_at, now)
    kept = coming.kept
    if coming.begins:
        kept = (*kept, world.commands.run(cluster_id, command(check)).id)
    return msgspec.structs.replace(coming.reading, receipts=kept)


def _ran(world: World, cluster_id: str, receipt: str, now: datetime) -> tuple[Ran | None, ...]:
    """How a command ended, None while it runs; nothing where nobody knows of it."""
    try:
        found = world.commands.get(cluster_id, receipt)
    except ArmError:
        return ()
    if not found.finished(now):
        return (None,)
    return (
        Ran(
            exit_code=found.exit_code,
            output=found.logs,
            started_at=found.started_at,
            ended_at=found.finished_at,
        ),
    )


def _load_test(world: World, fleet: Fleet, probe: GateReading, now: datetime) -> Reading:
    test, asking = probe.gate.check, probe.asking
    if not isinstance(test, LoadTest) or asking is None:
        raise Refused(f"{probe.gate.name}: a load test is declared, and run in a rollout")
    stored = probe.slot != asking.candidate and test.baseline_run != LIVE_RUN
    name = test.baseline_run if stored else run_id(fleet, probe)
    try:
        found = world.load_tests.get(name)
    except ArmError as error:
        if stored:
            raise Refused(f"there is no load test run {name} to compare with") from error
        host = order(fleet, probe, test)["environmentVariables"][HOST_VARIABLE]
        found = world.load_tests.start(name, test.test_id, host)
    run = msgspec.convert(run_shown(found), Run, strict=False)
    if stored and (why := unfit(run, test)):
        raise Refused(f"the load test run {name} {why}")
    return measured(run, test, f"load test {test.test_id}, run {name}", probe.since or now, now)


def run_shown(run: LoadRun) -> Mapping[str, object]:
    """A run in the service's own words."""
    shown: dict[str, object] = {
        "testRunId": run.id,
        "testId": run.test_id,
        "status": "DONE" if run.done else "EXECUTING",
        "startDateTime": run.started_at.isoformat(),
    }
    if run.done:
        total = {
            "transaction": "Total",
            "sampleCount": REQUESTS,
            "errorPct": run.error_percent,
            "pct2ResTime": run.p95_ms,
        }
        shown["testRunStatistics"] = {"Total": total}
        shown["testResult"] = "FAILED" if run.failed else "PASSED"
    return shown
