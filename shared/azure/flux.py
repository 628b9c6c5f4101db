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

from msgspec import Struct

from shared.actions import StartSync
from shared.azure.answers import Body
from shared.azure.connection import Connection
from shared.azure.errors import allowing
from shared.azure.ids import ResourceId, parse
from shared.fleet import Fleet
from shared.platform import FluxConfiguration
from shared.probes import SyncSeen, SyncState

if TYPE_CHECKING:
    from azure.mgmt.kubernetesconfiguration.fluxconfigurations.aio.operations import (
        FluxConfigurationsOperations,
    )

_CLUSTER = ("Microsoft.ContainerService", "managedClusters")
_KUSTOMIZATION_SECONDS_MAX = 600
_WORST_FIRST = ("failed", "absent", "pending", "compliant")


class _Condition(Struct, frozen=True):
    type: str
    status: str
    message: str | None = None


class _Status(Struct, frozen=True, rename="camel"):
    name: str | None = None
    compliance_state: str | None = None
    status_conditions: tuple[_Condition, ...] | None = None


class _Properties(Struct, frozen=True, rename="camel"):
    provisioning_state: str | None = None
    compliance_state: str | None = None
    error_message: str | None = None
    source_synced_commit_id: str | None = None
    statuses: tuple[_Status, ...] | None = None


class Configuration(Struct, frozen=True):
    """The part of a Flux configuration that is read here."""

    properties: _Properties


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
                cluster.resource_group,
                *_CLUSTER,
                cluster.name,
                each.name,
                wire(each),
                polling=False,
                raw_response_hook=_body(each),
            )
            for each in fleet.sync
        )
        await asyncio.gather(*(allowing(call) for call in calls))

    async def observe(self, fleet: Fleet, probe: SyncState, _now: datetime) -> SyncSeen:
        """How far the slot's cluster is: one GET per configuration."""
        cluster = parse(fleet.slot(probe.slot).cluster_id)
        found = await asyncio.gather(*(self._configuration(cluster, each) for each in fleet.sync))
        return summary({each.name: state for each, state in zip(fleet.sync, found, strict=True)})

    async def _configuration(self, cluster: ResourceId, declared: FluxConfiguration) -> Configuration | None:
        body = _body(declared)
        call = self._operations(cluster).get(
            cluster.resource_group, *_CLUSTER, cluster.name, declared.name, raw_response_hook=body
        )
        return None if await allowing(call, 404) is None else body.read()

    def _operations(self, cluster: ResourceId) -> FluxConfigurationsOperations:
        from azure.mgmt.kubernetesconfiguration.fluxconfigurations.aio import (
            KubernetesConfigurationFluxConfigurationsMgmtClient,
        )

        kind = KubernetesConfigurationFluxConfigurationsMgmtClient
        return self._connection.arm_client(kind, cluster.subscription_id).flux_configurations


def _body(declared: FluxConfiguration) -> Body[Configuration]:
    return Body(Configuration, f"the configuration {declared.name}")


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


def summary(found: Mapping[str, Configuration | None]) -> SyncSeen:
    """All configurations as one answer: the state and sentence of the worst, and every commit known."""
    if not found:
        return SyncSeen(state="compliant", because="the fleet declares no configuration")
    states = {name: _state(name, each) for name, each in found.items()}
    state, because = min(states.values(), key=lambda each: _WORST_FIRST.index(each[0]))
    commits = {
        name: commit
        for name, each in found.items()
        if each is not None and (commit := each.properties.source_synced_commit_id)
    }
    return SyncSeen(state=state, because=because, commits=commits)


def _state(name: str, found: Configuration | None) -> tuple[str, str]:
    if found is None:
        return "absent", f"the configuration {name} is not there"
    properties = found.properties
    provisioning = properties.provisioning_state or ""
    if provisioning in ("Failed", "Canceled"):
        return "failed", f"the configuration {name} failed: {properties.error_message or provisioning}"
    if provisioning != "Succeeded":
        return "pending", f"the configuration {name} is {provisioning or 'not started'}"
    if not properties.source_synced_commit_id:
        return "pending", f"the configuration {name} has fetched no commit yet"
    if not properties.statuses:
        return "pending", f"the configuration {name} names no object that it made"
    for status in properties.statuses:
        trouble = _trouble(status)
        if trouble is not None:
            return "pending", f"{status.name or name} is not ready: {trouble}"
    compliance = properties.compliance_state or "Unknown"
    if compliance != "Compliant":
        return "pending", f"the configuration {name} is {compliance}"
    return "compliant", f"the configuration {name} is at {properties.source_synced_commit_id}"


def _trouble(status: _Status) -> str | None:
    """What is wrong with one object that Flux made, None where it is ready."""
    ready = next((each for each in status.status_conditions or () if each.type == "Ready"), None)
    if ready is not None and ready.status == "True" and status.compliance_state == "Compliant":
        return None
    said = ready.message if ready is not None else None
    return said or status.compliance_state or "Flux has not said"
