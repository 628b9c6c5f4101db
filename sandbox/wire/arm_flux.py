"""Flux configurations over ARM, under a managed cluster, 2025-04-01.

Decides the wire form of a configuration with its statuses, and of its operations. Refuses to apply anything:
compliance and commits are `sandbox.world.sync`'.

Source: https://learn.microsoft.com/rest/api/kubernetesconfiguration/flux-configurations
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from sandbox.wire.routing import Call, Operation, Reply, shaped
from sandbox.wire.windows import wire_instant
from sandbox.world.model import World
from sandbox.world.sync import FluxState
from shared.platform import FluxConfiguration

VERSIONS = frozenset({"2025-04-01"})
INTERVAL_SECONDS = 600
"""What Flux uses where a configuration says nothing."""

_CLUSTER = (
    "/subscriptions/{subscription}/resourceGroups/{group}"
    "/providers/Microsoft.ContainerService/managedClusters/{cluster}"
)
_CONFIGURATIONS = _CLUSTER + "/providers/Microsoft.KubernetesConfiguration/fluxConfigurations"
_CONFIGURATION = _CONFIGURATIONS + "/{name}"


def operations(world: World) -> list[Operation]:
    """Every operation of Flux configurations."""
    flux = FluxOperations(world)
    known = (
        ("GET", _CONFIGURATIONS, flux.list),
        ("GET", _CONFIGURATION, flux.get),
        ("PUT", _CONFIGURATION, flux.put),
        ("PATCH", _CONFIGURATION, flux.patch),
        ("DELETE", _CONFIGURATION, flux.delete),
        ("GET", _CONFIGURATION + "/operations/{operation}", flux.status),
    )
    return [Operation(method=m, template=t, handler=h, versions=VERSIONS) for m, t, h in known]


class _Reference(Struct, frozen=True):
    branch: str


_GIT_NAMES = {"reference": "repositoryRef", "interval_seconds": "syncIntervalInSeconds"}


class _Git(Struct, frozen=True, rename=_GIT_NAMES):
    url: str
    reference: _Reference
    interval_seconds: int = INTERVAL_SECONDS


class _Kustomization(Struct, frozen=True):
    path: str = ""


class _Asked(Struct, frozen=True, rename={"git": "gitRepository"}):
    """What the stand-in reads of a configuration's properties."""

    git: _Git
    namespace: str = "default"
    kustomizations: dict[str, _Kustomization] = {}


class FluxOperations:
    """The operations of Flux configurations, over a world. ARM takes a write at once; the cluster follows."""

    def __init__(self, world: World) -> None:
        self._world = world

    def get(self, call: Call) -> Reply:
        """The configuration with its compliance."""
        return Reply(200, self._shown(self._world.flux.get(_cluster(call), call.parameters["name"])))

    def list(self, call: Call) -> Reply:
        """The configurations of a cluster."""
        return Reply(200, {"value": [self._shown(each) for each in self._world.flux.list(_cluster(call))]})

    def put(self, call: Call) -> Reply:
        """201 for a new configuration, 200 for one that was there."""
        existed = self._exists(call)
        properties = _properties(call)
        shown = self._shown(self._world.flux.put(_cluster(call), _declared(call, properties), properties))
        return Reply(200 if existed else 201, shown, self._links(call))

    def patch(self, call: Call) -> Reply:
        """202: what is given replaces what was there, and a kustomization that is null goes."""
        before = self._world.flux.get(_cluster(call), call.parameters["name"])
        properties = _merged(self._declared_properties(before), _properties(call))
        shown = self._shown(self._world.flux.put(_cluster(call), _declared(call, properties), properties))
        return Reply(202, shown, self._links(call))

    def delete(self, call: Call) -> Reply:
        """200 once it is gone, 204 where there was none."""
        existed = self._world.flux.delete(_cluster(call), call.parameters["name"])
        return Reply(200 if existed else 204)

    def status(self, call: Call) -> Reply:
        """The Azure-AsyncOperation link: ARM's part is done as soon as it has been asked for."""
        return Reply(200, {"id": call.path, "name": call.parameters["operation"], "status": "Succeeded"})

    def _exists(self, call: Call) -> bool:
        name = call.parameters["name"].lower()
        return any(each.name.lower() == name for each in self._world.flux.list(_cluster(call)))

    def _links(self, call: Call) -> dict[str, str]:
        operation = self._world.estate.next_guid()
        return {"Azure-AsyncOperation": call.link(f"{call.path}/operations/{operation}")}

    def _declared_properties(self, state: FluxState) -> dict[str, Any]:
        """What was declared, also for a configuration that the world started with."""
        kustomizations = {name: {"path": path} for name, path in state.kustomizations.items()}
        return {
            "scope": "cluster",
            "namespace": state.namespace,
            "sourceKind": "GitRepository",
            "suspend": False,
            "gitRepository": {
                "url": state.url,
                "repositoryRef": {"branch": state.branch},
                "syncIntervalInSeconds": INTERVAL_SECONDS,
            },
            "kustomizations": kustomizations,
        } | state.properties

    def _shown(self, state: FluxState) -> dict[str, Any]:
        declared = self._declared_properties(state)
        facts: dict[str, Any] = {
            "provisioningState": "Succeeded",
            "complianceState": state.compliance,
            "statusUpdatedAt": wire_instant(state.updated_at),
            "errorMessage": "",
            "statuses": _statuses(state),
        }
        if state.commit:
            facts |= {"sourceSyncedCommitId": state.commit, "sourceUpdatedAt": wire_instant(state.updated_at)}
        kustomizations = {name: {**each, "name": name} for name, each in declared["kustomizations"].items()}
        path = "providers/Microsoft.KubernetesConfiguration/fluxConfigurations"
        return {
            "id": f"{state.cluster_id}/{path}/{state.name}",
            "name": state.name,
            "type": "Microsoft.KubernetesConfiguration/fluxConfigurations",
            "properties": declared | {"kustomizations": kustomizations} | facts,
        }


def _cluster(call: Call) -> str:
    name = call.parameters["cluster"]
    return f"{call.group_id}/providers/Microsoft.ContainerService/managedClusters/{name}"


def _properties(call: Call) -> dict[str, Any]:
    return shaped(call.payload().get("properties"), dict[str, Any])


def _declared(call: Call, properties: dict[str, Any]) -> FluxConfiguration:
    """What the stand-in keeps of a configuration. Raises BadRequest for any source but a Git branch."""
    asked = shaped(properties, _Asked)
    return FluxConfiguration(
        name=call.parameters["name"],
        namespace=asked.namespace,
        url=asked.git.url,
        branch=asked.git.reference.branch,
        kustomizations={name: each.path for name, each in asked.kustomizations.items()},
        sync_interval_seconds=asked.git.interval_seconds,
    )


def _merged(before: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """RFC 7396, which is what the service does with a patch."""
    merged = dict(before)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict) and isinstance(merged.get(name), dict):
            merged[name] = _merged(merged[name], value)
        else:
            merged[name] = value
    return merged


def _statuses(state: FluxState) -> list[dict[str, Any]]:
    """The Git source and every kustomization, each with its Ready condition."""
    ready = {"Compliant": "True", "Non-Compliant": "False"}.get(state.compliance, "Unknown")
    reason = {"True": "ReconciliationSucceeded", "False": "ReconciliationFailed"}.get(ready, "Progressing")
    condition = {
        "type": "Ready",
        "status": ready,
        "reason": reason,
        "message": state.message,
        "lastTransitionTime": wire_instant(state.updated_at),
    }
    objects = [("GitRepository", state.name)]
    objects += [("Kustomization", f"{state.name}-{name}") for name in state.kustomizations]
    return [
        {
            "name": name,
            "namespace": state.namespace,
            "kind": kind,
            "complianceState": state.compliance,
            "statusConditions": [condition],
        }
        for kind, name in objects
    ]
