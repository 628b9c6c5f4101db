"""Flux configurations on a cluster, through azure-mgmt-kubernetesconfiguration-fluxconfigurations.

Decides when the declared state counts as applied: ARM's `Succeeded` means only that it took the order, so a
configuration is compliant when Flux says so, names the commit, and every object it made is ready.

Source: https://learn.microsoft.com/azure/azure-arc/kubernetes/conceptual-gitops-flux2
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.actions import StartSync
from shared.azure.connection import Connection
from shared.azure.errors import allowing
from shared.azure.ids import ResourceId, parse
from shared.fleet import Fleet, FluxConfiguration
from shared.probes import SyncSeen, SyncState

if TYPE_CHECKING:
    from azure.mgmt.kubernetesconfiguration.fluxconfigurations.aio.operations import (
        FluxConfigurationsOperations,
    )

_CLUSTER = ("Microsoft.ContainerService", "managedClusters")
_KUSTOMIZATION_SECONDS_MAX = 600
_WORST_FIRST = ("failed", "absent", "pending", "compliant")


class Flux:
    """The fleet's GitOps configurations on the cluster of a slot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def start(self, fleet: Fleet, action: StartSync, _epoch: int) -> None:
        """Put every configuration of the fleet on the slot's cluster."""
        cluster = parse(fleet.slot(action.slot).cluster_id)
        operations = self._operations(cluster)
        calls = (
            operations.begin_create_or_update(
                cluster.resource_group, *_CLUSTER, cluster.name, each.name, wire(each), polling=False
            )
            for each in fleet.sync
        )
        await asyncio.gather(*calls)

    async def observe(self, fleet: Fleet, probe: SyncState, _now: datetime) -> SyncSeen:
        """How far the slot's cluster is: one GET per configuration."""
        cluster = parse(fleet.slot(probe.slot).cluster_id)
        operations = self._operations(cluster)
        calls = (
            allowing(operations.get(cluster.resource_group, *_CLUSTER, cluster.name, each.name), 404)
            for each in fleet.sync
        )
        found = await asyncio.gather(*calls)
        return summary({each.name: state for each, state in zip(fleet.sync, found, strict=True)})

    def _operations(self, cluster: ResourceId) -> FluxConfigurationsOperations:
        from azure.mgmt.kubernetesconfiguration.fluxconfigurations.aio import (
            KubernetesConfigurationFluxConfigurationsMgmtClient,
        )

        kind = KubernetesConfigurationFluxConfigurationsMgmtClient
        return self._connection.arm_client(kind, cluster.subscription_id).flux_configurations


def wire(configuration: FluxConfiguration) -> Any:
    """The configuration as ARM takes it."""
    seconds = configuration.sync_interval_seconds
    return {
        "properties": {
            "scope": "cluster",
            "namespace": configuration.namespace,
            "sourceKind": "GitRepository",
            "suspend": False,
            "gitRepository": {
                "url": configuration.url,
                "syncIntervalInSeconds": seconds,
                "repositoryRef": {"branch": configuration.branch},
            },
            "kustomizations": {
                name: {
                    "path": path,
                    "timeoutInSeconds": _KUSTOMIZATION_SECONDS_MAX,
                    "syncIntervalInSeconds": seconds,
                    "retryIntervalInSeconds": seconds,
                    "prune": True,
                    "wait": True,
                }
                for name, path in configuration.kustomizations.items()
            },
        }
    }


def summary(found: Mapping[str, Mapping[str, Any] | None]) -> SyncSeen:
    """All configurations as one answer: the state and sentence of the worst, and every commit known."""
    if not found:
        return SyncSeen(state="compliant", because="the fleet declares no configuration")
    states = {name: _state(name, each) for name, each in found.items()}
    state, because = min(states.values(), key=lambda each: _WORST_FIRST.index(each[0]))
    commits = {
        name: commit
        for name, each in found.items()
        if each is not None and (commit := (each.get("properties") or {}).get("sourceSyncedCommitId"))
    }
    return SyncSeen(state=state, because=because, commits=commits)


def _state(name: str, found: Mapping[str, Any] | None) -> tuple[str, str]:
    if found is None:
        return "absent", f"the configuration {name} is not there"
    properties = found.get("properties") or {}
    provisioning = properties.get("provisioningState") or ""
    if provisioning in ("Failed", "Canceled"):
        return "failed", f"the configuration {name} failed: {properties.get('errorMessage') or provisioning}"
    if provisioning != "Succeeded":
        return "pending", f"the configuration {name} is {provisioning or 'not started'}"
    if not properties.get("sourceSyncedCommitId"):
        return "pending", f"the configuration {name} has fetched no commit yet"
    for status in properties.get("statuses") or ():
        trouble = _trouble(status)
        if trouble is not None:
            return "pending", f"{status.get('name') or name} is not ready: {trouble}"
    compliance = properties.get("complianceState") or "Unknown"
    if compliance != "Compliant":
        return "pending", f"the configuration {name} is {compliance}"
    return "compliant", f"the configuration {name} is at {properties['sourceSyncedCommitId']}"


def _trouble(status: Mapping[str, Any]) -> str | None:
    """What is wrong with one object that Flux made, None where it is ready."""
    conditions = (each for each in status.get("statusConditions") or () if each.get("type") == "Ready")
    ready: Mapping[str, Any] = next(conditions, {})
    if ready.get("status") == "True" and status.get("complianceState") == "Compliant":
        return None
    return ready.get("message") or status.get("complianceState") or "Flux has not said"
