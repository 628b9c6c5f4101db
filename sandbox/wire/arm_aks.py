"""Azure Kubernetes Service over ARM: managed clusters, their power, run commands and operations, 2026-08-01.

Decides the wire form of a cluster and of its long-running operations. Refuses to create one: a cluster comes
from a deployment (`arm_deployments`).

Sources: https://learn.microsoft.com/rest/api/aks/managed-clusters,
https://learn.microsoft.com/azure/aks/access-private-cluster
"""

from __future__ import annotations

import base64
import binascii
import io
import zipfile
from typing import Any

from msgspec import Struct

from sandbox.wire.errors import BadRequest
from sandbox.wire.routing import Call, Handler, Operation, Reply, shaped
from sandbox.world.clusters import Cluster
from sandbox.world.clusters import Operation as Running
from sandbox.world.commands import RunCommand
from sandbox.world.model import World
from sandbox.world.settings import Family

VERSIONS = frozenset({"2026-08-01"})
OPERATIONS_VERSION = "2016-03-30"
"""The api-version that AKS writes into its operation links, whatever the request's was."""

_PROVIDER = "/providers/Microsoft.ContainerService"
_CLUSTERS = "/subscriptions/{subscription}/resourceGroups/{group}" + _PROVIDER + "/managedClusters"
_CLUSTER = _CLUSTERS + "/{cluster}"
_LOCATION = "/subscriptions/{subscription}" + _PROVIDER + "/locations/{location}"


def operations(world: World) -> list[Operation]:
    """Every operation of managed clusters."""
    clusters = ClusterOperations(world)
    links = frozenset({OPERATIONS_VERSION})
    return [
        _operation("GET", _CLUSTERS, clusters.list),
        _operation("GET", _CLUSTER, clusters.get),
        _operation("DELETE", _CLUSTER, clusters.delete),
        _operation("POST", _CLUSTER + "/start", clusters.start),
        _operation("POST", _CLUSTER + "/stop", clusters.stop),
        _operation("POST", _CLUSTER + "/runCommand", clusters.run_command),
        _operation("GET", _CLUSTER + "/commandResults/{command}", clusters.command_result),
        _operation("GET", _LOCATION + "/operations/{operation}", clusters.operation_status, links),
        _operation("GET", _LOCATION + "/operationresults/{operation}", clusters.operation_result, links),
    ]


class _Command(Struct, frozen=True):
    """What the stand-in reads of a run command."""

    command: str
    context: str = ""


class ClusterOperations:
    """The operations of managed clusters, over a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def get(self, call: Call) -> Reply:
        """The cluster. Its etag is in the ETag header: the published 2024-05-01 body has no place for it."""
        cluster = self._world.clusters.get(_id(call))
        return Reply(200, _shown(cluster), {"ETag": f'"{cluster.etag}"'})

    def list(self, call: Call) -> Reply:
        """The clusters of a resource group."""
        group = call.parameters["group"].lower()
        present = [each for each in self._world.clusters.list() if each.resource_group.lower() == group]
        return Reply(200, {"value": [_shown(each) for each in present]})

    def delete(self, call: Call) -> Reply:
        """202 with links, or 204 where there is no cluster."""
        running = self._world.clusters.delete(_id(call), if_match=call.headers.get("If-Match"))
        return Reply(204) if running is None else self._accepted(call, running)

    def start(self, call: Call) -> Reply:
        """202 with links."""
        return self._accepted(call, self._world.clusters.start(_id(call)))

    def stop(self, call: Call) -> Reply:
        """202 with links."""
        return self._accepted(call, self._world.clusters.stop(_id(call)))

    def run_command(self, call: Call) -> Reply:
        """202 whose Location is the command's result."""
        payload = shaped(call.payload(), _Command)
        accepted = self._world.commands.run(_id(call), payload.command, _files(payload.context))
        return Reply(202, None, {"Location": _result_link(call, accepted)})

    def command_result(self, call: Call) -> Reply:
        """202 while the command runs, then its exit code and logs."""
        command = self._world.commands.get(_id(call), call.parameters["command"])
        if not command.finished(self._world.now()):
            return Reply(202, None, {"Location": _result_link(call, command)})
        return Reply(200, _command_shown(command))

    def operation_status(self, call: Call) -> Reply:
        """The Azure-AsyncOperation link: the state of a long-running operation."""
        running = self._world.clusters.operation(call.parameters["operation"])
        status = running.status_at(self._world.now())
        body = {"name": running.id, "status": status, "startTime": running.started_at.isoformat()}
        if status != "InProgress":
            body["endTime"] = running.ends_at.isoformat()
        return Reply(200, body)

    def operation_result(self, call: Call) -> Reply:
        """The Location link: 202 while the operation runs, then 204."""
        running = self._world.clusters.operation(call.parameters["operation"])
        if running.status_at(self._world.now()) == "InProgress":
            return Reply(202, None, {"Location": call.link(call.path)})
        return Reply(204)

    def _accepted(self, call: Call, running: Running) -> Reply:
        location = _LOCATION.format(
            subscription=call.parameters["subscription"], location=self._world.fleet.location
        )
        links = {
            "Azure-AsyncOperation": call.link(f"{location}/operations/{running.id}", OPERATIONS_VERSION),
            "Location": call.link(f"{location}/operationresults/{running.id}", OPERATIONS_VERSION),
        }
        return Reply(202, None, links)


def _operation(
    method: str, template: str, handler: Handler, versions: frozenset[str] = VERSIONS
) -> Operation:
    return Operation(
        method=method,
        template=template,
        handler=handler,
        versions=versions,
        families=(Family.ARM, Family.AKS),
    )


def _id(call: Call) -> str:
    return f"{call.group_id}{_PROVIDER}/managedClusters/{call.parameters['cluster']}"


def _result_link(call: Call, command: RunCommand) -> str:
    return call.link(f"{_id(call)}/commandResults/{command.id}")


def _shown(cluster: Cluster) -> dict[str, Any]:
    host = f"{cluster.name}-{cluster.etag[:8]}.hcp.{cluster.location}.azmk8s.io"
    return {
        "id": cluster.id,
        "name": cluster.name,
        "type": "Microsoft.ContainerService/ManagedClusters",
        "location": cluster.location,
        "tags": {},
        "sku": {"name": "Base", "tier": "Standard"},
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "provisioningState": cluster.provisioning,
            "powerState": {"code": cluster.power},
            "kubernetesVersion": cluster.version,
            "currentKubernetesVersion": cluster.version,
            "dnsPrefix": cluster.name,
            "fqdn": host,
            "nodeResourceGroup": cluster.node_group,
            "enableRBAC": True,
            "agentPoolProfiles": [_pool(cluster)],
            "maxAgentPools": 100,
        },
    }


def _pool(cluster: Cluster) -> dict[str, Any]:
    return {
        "name": "system",
        "count": cluster.nodes,
        "vmSize": "Standard_D4s_v5",
        "osType": "Linux",
        "mode": "System",
        "type": "VirtualMachineScaleSets",
        "provisioningState": cluster.provisioning,
        "powerState": {"code": cluster.power},
        "orchestratorVersion": cluster.version,
        "currentOrchestratorVersion": cluster.version,
    }


def _command_shown(command: RunCommand) -> dict[str, Any]:
    return {
        "id": command.id,
        "properties": {
            "provisioningState": "Succeeded",
            "exitCode": command.exit_code,
            "startedAt": command.started_at.isoformat(),
            "finishedAt": command.finished_at.isoformat(),
            "logs": command.logs,
        },
    }


def _files(context: str) -> dict[str, str]:
    """The text files of a run command's context, a base64 zip. Raises BadRequest."""
    if not context:
        return {}
    try:
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(context, validate=True))) as archive:
            return {name: archive.read(name).decode() for name in archive.namelist()}
    except (binascii.Error, zipfile.BadZipFile, UnicodeDecodeError):
        raise BadRequest(
            "BadRequest", "The context is not a base64 encoded zip file of text files."
        ) from None
