"""Flux configurations on clusters: what GitOps says of the declared Kubernetes state.

Decides how far a configuration is and at which commit. Refuses to know what it applies.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from sandbox.world.clusters import Clusters
from sandbox.world.errors import ArmError
from sandbox.world.estate import Estate, name_of
from sandbox.world.ledger import Happening
from shared.platform import FluxConfiguration


class FluxState(Struct, frozen=True, kw_only=True):
    """A configuration as ARM shows it now.

    `provisioning` is `Succeeded`, or `Failed` with the reason in `message`. `compliance` is ARM's `Pending`,
    `Compliant` or `Non-Compliant`; `commit` is `branch@sha1:<40 hex>`, empty
    while pending; `message` is the Ready condition's. `properties` are those of the PUT, untouched.
    """

    cluster_id: str
    name: str
    namespace: str
    branch: str
    url: str
    kustomizations: dict[str, str]
    properties: dict[str, Any]
    provisioning: str
    compliance: str
    commit: str
    message: str
    created_at: datetime
    updated_at: datetime


class _Applied(Struct, frozen=True):
    configuration: FluxConfiguration
    properties: dict[str, Any]
    at: datetime


class FluxConfigurations:
    """Every Flux configuration, each as long as its cluster. The live cluster starts with the fleet's own."""

    def __init__(self, estate: Estate, clusters: Clusters) -> None:
        self._estate = estate
        self._clusters = clusters
        self._applied: dict[tuple[str, str], _Applied] = {}
        live = estate.fleet.slot(estate.fleet.live).cluster_id
        created_at = clusters.created_at(live, estate.started_at) or estate.started_at
        for each in estate.fleet.sync:
            self._applied[live.lower(), each.name.lower()] = _Applied(each, {}, created_at)

    def put(
        self,
        cluster_id: str,
        configuration: FluxConfiguration,
        properties: dict[str, Any] | None = None,
    ) -> FluxState:
        """Create a configuration or change it; one that is there already with the same values is left alone.

        Raises:
            ArmError: 404 for an absent cluster, 409 `OperationNotAllowed` for one that does not run.
        """
        self._clusters.check_runs(cluster_id, "A Flux configuration")
        now = self._estate.now()
        before = self._find(cluster_id, configuration.name)
        if before is None or before.configuration != configuration:
            key = cluster_id.lower(), configuration.name.lower()
            self._applied[key] = _Applied(configuration, properties or {}, now)
            self._estate.ledger.note(
                now, Happening.SYNC_STARTED, configuration.name, cluster=name_of(cluster_id)
            )
        return self.get(cluster_id, configuration.name)

    def get(self, cluster_id: str, name: str) -> FluxState:
        """One configuration. Raises ArmError 404 for an absent cluster or configuration."""
        self._clusters.get(cluster_id)
        applied = self._find(cluster_id, name)
        if applied is None:
            message = f"The fluxConfiguration '{name}' under '{name_of(cluster_id)}' was not found."
            raise ArmError(404, "ResourceNotFound", message)
        return self._state(cluster_id, applied)

    def list(self, cluster_id: str) -> tuple[FluxState, ...]:
        """Every configuration of a cluster, by name. Raises ArmError 404 for an absent cluster."""
        self._clusters.get(cluster_id)
        names = sorted(name for cluster, name in self._applied if cluster == cluster_id.lower())
        present = ((name, self._find(cluster_id, name)) for name in names)
        return tuple(self._state(cluster_id, applied) for _, applied in present if applied is not None)

    def delete(self, cluster_id: str, name: str) -> bool:
        """Delete a configuration; False when there was none."""
        present = self._find(cluster_id, name) is not None
        self._applied.pop((cluster_id.lower(), name.lower()), None)
        return present

    def _find(self, cluster_id: str, name: str) -> _Applied | None:
        """The configuration, unless the cluster that carried it has gone since."""
        applied = self._applied.get((cluster_id.lower(), name.lower()))
        created_at = self._clusters.created_at(cluster_id, self._estate.now())
        if applied is None or created_at is None or applied.at < created_at:
            return None
        return applied

    def _state(self, cluster_id: str, applied: _Applied) -> FluxState:
        configuration = applied.configuration
        done_at = applied.at + timedelta(seconds=self._estate.timings.sync_seconds)
        commit = self._commit(configuration)
        slot = self._estate.slot_of_cluster(cluster_id)
        fails = slot is not None and slot.name == self._estate.candidate and self._estate.faults.sync_fails
        provisioning = "Succeeded"
        if self._estate.now() < done_at:
            compliance, commit, message = "Pending", "", "Reconciliation in progress"
        elif fails:
            provisioning, compliance, message = "Failed", "Non-Compliant", str(fails)
        else:
            compliance, message = "Compliant", f"Applied revision: {commit}"
        return FluxState(
            cluster_id=cluster_id,
            name=configuration.name,
            namespace=configuration.namespace,
            branch=configuration.branch,
            url=configuration.url,
            kustomizations=configuration.kustomizations,
            properties=applied.properties,
            provisioning=provisioning,
            compliance=compliance,
            commit=commit,
            message=message,
            created_at=applied.at,
            updated_at=min(done_at, self._estate.now()),
        )

    def _commit(self, configuration: FluxConfiguration) -> str:
        sha = self._estate.hex_of(40, "commit", configuration.url, configuration.branch)
        return f"{configuration.branch}@sha1:{sha}"
