"""One question of a gate for every source, and what the sources that begin something begin.

A source without a line here fails `test_every_adapter_has_its_line`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

import msgspec

from sandbox.world.load_tests import BASELINE, BASELINE_TEST
from shared.azure.world import Kind
from shared.check_rules import AlertFilter, ClusterCheck, Hook, LoadTest, Objects
from shared.checks.load_tests import run_id
from shared.checks.workloads import command
from shared.fleet import Source, Target
from shared.past_probes import GatePast
from shared.probes import GateReading, Probe
from tests.azure.asking import ASKING, gate
from tests.fleets import ERRORS, FLEET, GREEN, HEALTH, NODES
from tests.sources import APP, KUBELET, at
from tests.wire_faults.rig import HOOK_URL, Rig
from tests.world.manual_clock import START

PODS = ClusterCheck(objects=Objects.PODS_READY, namespace="kube-system")
HOOK = Hook(url=HOOK_URL)
LOAD = LoadTest(
    endpoint="https://x.westeurope.cnt-prod.loadtesting.azure.com",
    test_id=BASELINE_TEST,
    baseline_run=BASELINE,
)
SEVERE = AlertFilter(severities=("Sev1",))
CHECKED = msgspec.structs.replace(ASKING, started_at=START)
"""Who asks: a rollout that began with the estate."""


def _checked(it: Rig) -> Probe:
    """A check that has just ended, so that no other is due."""
    begun = it.estate.world.commands.run(FLEET.slot(GREEN).cluster_id, command(PODS))
    it.estate.clock.pass_seconds(30)
    asking = msgspec.structs.replace(CHECKED, receipts=(begun.id,))
    return GateReading(gate(Source.KUBERNETES, PODS), GREEN, START, asking)


def _fired(it: Rig) -> Probe:
    """An alert of the candidate's gateway, which has users and fails them."""
    it.estate.point(GREEN)
    it.estate.clock.pass_seconds(300)
    return GateReading(gate(Source.ALERTS, SEVERE, target=Target.GATEWAY), GREEN, START, CHECKED)


def _tested(it: Rig) -> Probe:
    """A run that has ended."""
    probe = _untested(it)
    it.estate.world.load_tests.start(run_id(it.fleet, probe), LOAD.test_id, FLEET.slot(GREEN).host.fqdn)
    it.estate.clock.pass_seconds(600)
    return probe


def _untested(_: Rig) -> GateReading:
    return GateReading(gate(Source.LOAD_TEST, LOAD), GREEN, START, CHECKED)


GATES: Mapping[Kind, Callable[[Rig], Probe]] = {
    (GateReading, Source.METRICS): lambda _: GateReading(NODES, GREEN),
    (GateReading, Source.LOGS): lambda _: GateReading(ERRORS, GREEN),
    (GateReading, Source.HTTP): lambda _: GateReading(HEALTH, GREEN),
    (GateReading, Source.PROMETHEUS): lambda it: GateReading(at(KUBELET, it.wire.prometheus_endpoint), GREEN),
    (GateReading, Source.APP_INSIGHTS): lambda _: GateReading(APP, GREEN),
    (GateReading, Source.WEBHOOK): lambda _: GateReading(gate(Source.WEBHOOK, HOOK), GREEN, START, CHECKED),
    (GateReading, Source.KUBERNETES): _checked,
    (GateReading, Source.ALERTS): _fired,
    (GateReading, Source.RESOURCE_HEALTH): lambda _: GateReading(
        gate(Source.RESOURCE_HEALTH, None, target=Target.CLUSTER), GREEN, START
    ),
    (GateReading, Source.LOAD_TEST): _tested,
    GatePast: lambda _: GatePast(ERRORS, GREEN, ((START - timedelta(minutes=10), START),)),
}

BEGINNERS: Mapping[Kind, Callable[[Rig], Probe]] = {
    (GateReading, Source.KUBERNETES): lambda _: GateReading(
        gate(Source.KUBERNETES, PODS), GREEN, START, CHECKED
    ),
    (GateReading, Source.LOAD_TEST): _untested,
}
"""Questions that have to begin something before it can be looked at."""

BEGUN_AT: Mapping[Kind, str] = {
    (GateReading, Source.KUBERNETES): "/commandResults/",
    (GateReading, Source.LOAD_TEST): "/test-runs/",
}
"""The part of a path by which they look at it."""
