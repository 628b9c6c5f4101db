"""What each question and each order costs in requests to Azure: one line each, as it crosses the wire.

`test_requests.py` holds every line against what the adapters really send. `{}` in a path is any one segment.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from shared.actions import (
    Action,
    Deploy,
    DestroyCluster,
    Freeze,
    PointRecord,
    Purge,
    SetMatch,
    SetWeights,
    StartCluster,
    StartSync,
    StopCluster,
    Thaw,
)
from shared.checks.load_tests import run_id
from shared.fleet import Fleet, Source, Target
from shared.levers import SlotName
from shared.loads import LoadState
from shared.past import parts
from shared.probes import (
    ClusterState,
    CommandState,
    DeploymentCheck,
    DeploymentState,
    GatePast,
    GateReading,
    GroupState,
    Probe,
    SlotAddress,
    SyncState,
    TrafficShare,
)
from shared.ring_probes import RingReading, RingState
from tests.limits.lever_requests import of_lever_action, of_lever_probe

Request = tuple[str, str]
"""Method and path."""

VALIDATION_POLLS = 3
"""How often ARM is asked how far a deployment's validation is, once a second. The stand-in needs no time."""

_FLUX = "providers/Microsoft.KubernetesConfiguration/fluxConfigurations"


def asked(fleet: Fleet, probes: Iterable[Probe]) -> list[tuple[Probe, list[Request]]]:
    """The requests of one look. Readings of the same metric on several slots share theirs."""
    sent: set[str] = set()
    found = []
    for probe in probes:
        requests = of_probe(fleet, probe)
        if isinstance(probe, GateReading) and probe.gate.source is Source.METRICS:
            gate = probe.gate
            query = f"{gate.namespace} {gate.metric} {gate.aggregation} {gate.filter} {probe.since}"
            requests = [] if query in sent else requests
            sent.add(query)
        found.append((probe, requests))
    return found


def of_probe(fleet: Fleet, probe: Probe) -> list[Request]:
    """What an answer costs."""
    match probe:
        case ClusterState(slot):
            return [("GET", fleet.slot(slot).cluster_id)]
        case CommandState(slot, command_id):
            return [("GET", f"{fleet.slot(slot).cluster_id}/commandResults/{command_id}")]
        case SyncState(slot):
            return [("GET", path) for path in _configurations(fleet, slot)]
        case SlotAddress(slot):
            resource = fleet.slot(slot).public_ip_id
            return [("GET", resource)] if fleet.slot(slot).address is None and resource else []
        case DeploymentCheck():
            return [("POST", f"{_deployment(fleet, 'switchyard-check')}/validate")]
        case DeploymentState(name):
            return [("GET", _deployment(fleet, name))]
        case GroupState():
            return [("GET", f"/subscriptions/{fleet.subscription_id}/resourcegroups")]
        case TrafficShare() | GateReading() | GatePast() | LoadState():
            return _reading(fleet, probe)
        case RingState() | RingReading():
            return []
        case _:
            return of_lever_probe(fleet, probe)


def of_action(fleet: Fleet, action: Action) -> list[Request]:
    """What an order costs where nothing is in its way, in the process that has looked before it."""
    match action:
        case PointRecord() | SetWeights() | SetMatch() | Purge():
            return of_lever_action(action)
        case Deploy(name):
            return [("PUT", _deployment(fleet, name))]
        case StartSync(slot):
            return [("PUT", path) for path in _configurations(fleet, slot)]
        case Freeze(slot) | Thaw(slot):
            cluster = fleet.slot(slot).cluster_id
            return [("GET", cluster), ("POST", f"{cluster}/runCommand")]
        case StartCluster(slot):
            return [("POST", f"{fleet.slot(slot).cluster_id}/start")]
        case StopCluster(slot):
            return [("POST", f"{fleet.slot(slot).cluster_id}/stop")]
        case DestroyCluster(slot):
            return [("DELETE", fleet.slot(slot).cluster_id)]


def later(probe: Probe, fleet: Fleet) -> list[Request]:
    """What an answer costs on Azure beyond what the stand-in asks for."""
    if not isinstance(probe, DeploymentCheck):
        return []
    return [("GET", f"{_deployment(fleet, 'switchyard-check')}/operationStatuses/1")] * VALIDATION_POLLS


def path_of(url: str) -> str:
    """The path of a recorded URL."""
    return urlsplit(url).path


def _reading(fleet: Fleet, probe: GateReading | GatePast | TrafficShare | LoadState) -> list[Request]:
    if isinstance(probe, GatePast):
        return [request for part, _ in parts(probe) for request in _reading(fleet, part)]
    if isinstance(probe, TrafficShare | LoadState):
        return [_batch(fleet)] * (2 if isinstance(probe, LoadState) else 1)
    slot = fleet.slot(probe.slot)
    gate = probe.gate
    owns = {Target.GATEWAY: slot.gateway_id, Target.RESOURCE: gate.resource_id}
    match gate.source:
        case Source.METRICS if gate.target is Target.RESOURCE:
            return [("GET", f"{gate.resource_id}/providers/Microsoft.Insights/metrics")]
        case Source.METRICS:
            return [_batch(fleet)]
        case Source.LOGS | Source.APP_INSIGHTS:
            return [("POST", f"/v1{owns.get(gate.target, slot.cluster_id)}/query")]
        case Source.PROMETHEUS:
            return [("POST", "/api/v1/query_range")]
        case Source.HTTP | Source.WEBHOOK:
            return []
        case source:
            return _checks(fleet, probe, source)


def _checks(fleet: Fleet, probe: GateReading, source: Source) -> list[Request]:
    """What begins costs most: a run command's look before it, a load test's that finds nothing."""
    slot = fleet.slot(probe.slot)
    resource = slot.gateway_id if probe.gate.target is Target.GATEWAY else slot.cluster_id
    match source:
        case Source.ALERTS:
            return [("GET", f"{resource}/providers/Microsoft.AlertsManagement/alerts")]
        case Source.RESOURCE_HEALTH:
            return [("GET", f"{resource}/providers/Microsoft.ResourceHealth/availabilityStatuses/current")]
        case Source.KUBERNETES:
            asking = probe.asking
            receipts = asking.receipts if asking is not None else ()
            found = [("GET", f"{slot.cluster_id}/commandResults/{each}") for each in receipts]
            return found or [("GET", slot.cluster_id), ("POST", f"{slot.cluster_id}/runCommand")]
        case _:
            run = f"/test-runs/{run_id(fleet, probe)}"
            return [("GET", run), ("PATCH", run)]


def _batch(fleet: Fleet) -> Request:
    return "POST", f"/subscriptions/{fleet.subscription_id}/metrics:getBatch"


def _deployment(fleet: Fleet, name: str) -> str:
    group = f"/subscriptions/{fleet.subscription_id}/resourcegroups/{fleet.provisioner.resource_group}"
    return f"{group}/providers/Microsoft.Resources/deployments/{name}"


def _configurations(fleet: Fleet, slot: SlotName) -> list[str]:
    return [f"{fleet.slot(slot).cluster_id}/{_FLUX}/{each.name}" for each in fleet.sync]
