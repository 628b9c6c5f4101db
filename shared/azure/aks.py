"""AKS clusters: their state, and the orders to start, stop and delete them (azure-mgmt-containerservice).

Decides when an order is fulfilled already. Refuses to wait: an operation is started, and a probe tells how
far it is.

Source: https://learn.microsoft.com/rest/api/aks/managed-clusters
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.actions import DestroyCluster, StartCluster, StopCluster
from shared.azure.connection import Connection
from shared.azure.errors import allowing
from shared.azure.ids import ResourceId, parse
from shared.errors import Retry
from shared.fleet import Fleet
from shared.probes import ClusterSeen, ClusterState

if TYPE_CHECKING:
    from azure.mgmt.containerservice.aio.operations import ManagedClustersOperations


class Clusters:
    """The clusters of a fleet's slots."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def observe(self, fleet: Fleet, probe: ClusterState, _now: datetime) -> ClusterSeen:
        """ARM's word on the slot's cluster: one GET."""
        return await self._look(parse(fleet.slot(probe.slot).cluster_id))

    async def start(self, fleet: Fleet, action: StartCluster, _epoch: int) -> None:
        """Start the cluster. Raises Retry while another operation keeps it busy, NotFound."""
        cluster = parse(fleet.slot(action.slot).cluster_id)
        operations = managed_clusters(self._connection, cluster)
        call = operations.begin_start(cluster.resource_group, cluster.name, polling=False)
        if await allowing(call, 409) is None:
            await self._expect(cluster, power="Running", on_the_way="Starting")

    async def stop(self, fleet: Fleet, action: StopCluster, _epoch: int) -> None:
        """Stop the cluster, its state kept. Raises Retry while another operation keeps it busy, NotFound."""
        cluster = parse(fleet.slot(action.slot).cluster_id)
        operations = managed_clusters(self._connection, cluster)
        call = operations.begin_stop(cluster.resource_group, cluster.name, polling=False)
        if await allowing(call, 409) is None:
            await self._expect(cluster, power="Stopped", on_the_way="Stopping")

    async def destroy(self, fleet: Fleet, action: DestroyCluster, _epoch: int) -> None:
        """Delete the cluster that was looked at; one that is gone already is success.

        Raises:
            Superseded: it is not the one that was looked at.
            Retry: another operation keeps it busy.
        """
        from azure.core import MatchConditions

        cluster = parse(fleet.slot(action.slot).cluster_id)
        # An etag without the match condition would be dropped by the SDK in silence.
        condition: dict[str, Any] = (
            {"etag": action.if_match, "match_condition": MatchConditions.IfNotModified}
            if action.if_match
            else {}
        )
        operations = managed_clusters(self._connection, cluster)
        call = operations.begin_delete(cluster.resource_group, cluster.name, polling=False, **condition)
        if await allowing(call, 404, 409) is None:
            await self._expect_gone(cluster)

    async def _expect(self, cluster: ResourceId, *, power: str, on_the_way: str) -> None:
        found = await self._look(cluster)
        if found.provisioning != on_the_way and (found.power, found.provisioning) != (power, "Succeeded"):
            raise _busy(cluster, found)

    async def _expect_gone(self, cluster: ResourceId) -> None:
        found = await self._look(cluster)
        if found.exists and found.provisioning != "Deleting":
            raise _busy(cluster, found)

    async def _look(self, cluster: ResourceId) -> ClusterSeen:
        operations = managed_clusters(self._connection, cluster)
        answers: list[Any] = []
        call = operations.get(cluster.resource_group, cluster.name, raw_response_hook=answers.append)
        found = await allowing(call, 404)
        if found is None:
            return ClusterSeen(exists=False)
        properties = found.get("properties") or {}
        return ClusterSeen(
            exists=True,
            provisioning=properties.get("provisioningState") or "",
            power=(properties.get("powerState") or {}).get("code") or "",
            version=properties.get("currentKubernetesVersion") or properties.get("kubernetesVersion") or "",
            # The body has it from 2024-07-01 on, the header always.
            etag=found.get("eTag") or answers[-1].http_response.headers.get("ETag"),
            node_group=properties.get("nodeResourceGroup") or "",
        )


def managed_clusters(connection: Connection, cluster: ResourceId) -> ManagedClustersOperations:
    """The operations on the clusters of a subscription."""
    from azure.mgmt.containerservice.aio import ContainerServiceClient

    return connection.arm_client(ContainerServiceClient, cluster.subscription_id).managed_clusters


def _busy(cluster: ResourceId, found: ClusterSeen) -> Retry:
    state = f"{found.provisioning}, {found.power}" if found.exists else "gone"
    return Retry(f"the cluster {cluster.name} takes no order now: it is {state}")
