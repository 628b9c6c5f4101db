"""AKS clusters: their state, and the orders to start, stop and delete them (azure-mgmt-containerservice).

Decides when an order is fulfilled already. Refuses to wait: an operation is started, and a probe tells how
far it is.

Source: https://learn.microsoft.com/rest/api/aks/managed-clusters
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from shared.actions import DestroyCluster, StartCluster, StopCluster
from shared.azure.answers import Body
from shared.azure.connection import Connection
from shared.azure.errors import allowing
from shared.azure.ids import ResourceId, parse
from shared.errors import Retry
from shared.fleet import Fleet
from shared.probes import ClusterSeen, ClusterState

if TYPE_CHECKING:
    from azure.mgmt.containerservice.aio.operations import ManagedClustersOperations


class _Power(Struct, frozen=True):
    code: str = ""


class _Entra(Struct, frozen=True):
    managed: bool | None = None


class _Pool(Struct, frozen=True, rename="camel"):
    count: int | None = None
    power_state: _Power | None = None


class _Properties(Struct, frozen=True, rename="camel"):
    provisioning_state: str
    power_state: _Power | None = None
    current_kubernetes_version: str | None = None
    kubernetes_version: str | None = None
    node_resource_group: str | None = None
    aad_profile: _Entra | None = None
    agent_pool_profiles: list[_Pool] | None = None


class ManagedCluster(Struct, frozen=True):
    """The part of a managed cluster that is read here. The body has its etag from 2024-07-01 on."""

    properties: _Properties
    etag: str | None = field(name="eTag", default=None)


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
        body = Body(ManagedCluster, f"the cluster {cluster.name}")
        call = operations.get(cluster.resource_group, cluster.name, raw_response_hook=body)
        if await allowing(call, 404) is None:
            return ClusterSeen(exists=False)
        found = body.read()
        properties = found.properties
        return ClusterSeen(
            exists=True,
            provisioning=properties.provisioning_state,
            power=properties.power_state.code if properties.power_state else "",
            version=properties.current_kubernetes_version or properties.kubernetes_version or "",
            etag=found.etag or body.headers.get("ETag"),
            node_group=properties.node_resource_group or "",
            nodes=_nodes(properties.agent_pool_profiles),
        )


def managed_clusters(connection: Connection, cluster: ResourceId) -> ManagedClustersOperations:
    """The operations on the clusters of a subscription."""
    from azure.mgmt.containerservice.aio import ContainerServiceClient

    return connection.arm_client(ContainerServiceClient, cluster.subscription_id).managed_clusters


def _nodes(pools: list[_Pool] | None) -> int | None:
    """The nodes of the pools that are not stopped; None where one of them does not say how many it has."""
    running = [pool for pool in pools or () if pool.power_state is None or pool.power_state.code != "Stopped"]
    counts = [pool.count for pool in running if pool.count is not None]
    return sum(counts) if pools and len(counts) == len(running) else None


def _busy(cluster: ResourceId, found: ClusterSeen) -> Retry:
    state = f"{found.provisioning}, {found.power}" if found.exists else "gone"
    return Retry(f"the cluster {cluster.name} takes no order now: it is {state}")
