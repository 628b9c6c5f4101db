"""Deployments and template specs over ARM: put, get, head, validate, operations, and their status.

Decides how a deployment looks on the wire while it runs and when it has ended. Refuses to read templates and
to take one in the request: what the deployment would bring up is `sandbox.world.deployments`'.

Sources: https://learn.microsoft.com/rest/api/resources/deployments,
https://learn.microsoft.com/rest/api/resources/template-specs
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from sandbox.wire.errors import BadRequest, error_body
from sandbox.wire.routing import Call, Operation, Reply, shaped
from sandbox.world.deployments import Deployment
from sandbox.world.errors import ArmError
from sandbox.world.model import World

VERSIONS = frozenset({"2026-06-01"})
TEMPLATE_VERSIONS = frozenset({"2021-05-01", "2022-02-01"})

_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
_DEPLOYMENT = _GROUP + "/providers/Microsoft.Resources/deployments/{deployment}"


def operations(world: World) -> list[Operation]:
    """Every operation of deployments at resource group scope, and the one of template specs."""
    deployments = DeploymentOperations(world)
    known = (
        ("GET", _DEPLOYMENT, deployments.get),
        ("HEAD", _DEPLOYMENT, deployments.head),
        ("PUT", _DEPLOYMENT, deployments.put),
        ("POST", _DEPLOYMENT + "/validate", deployments.validate),
        ("GET", _DEPLOYMENT + "/operationStatuses/{operation}", deployments.status),
        ("GET", _GROUP + "/deployments/{deployment}/operations", deployments.steps),
    )
    spec = _GROUP + "/providers/Microsoft.Resources/templateSpecs/{spec}/versions/{version}"
    return [
        *(Operation(method=m, template=t, handler=h, versions=VERSIONS) for m, t, h in known),
        Operation(method="GET", template=spec, handler=deployments.template, versions=TEMPLATE_VERSIONS),
    ]


class _Template(Struct, frozen=True):
    id: str


class _Asked(Struct, frozen=True, kw_only=True, rename={"template": "templateLink"}):
    """What the stand-in reads of a request: a template spec and nothing else can be deployed."""

    mode: Literal["Incremental", "Complete"]
    template: _Template
    parameters: dict[str, dict[str, Any]] = {}


class DeploymentOperations:
    """The operations of deployments, over a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def get(self, call: Call) -> Reply:
        """The deployment with its outcome so far."""
        return Reply(200, self._shown(call, self._find(call)))

    def head(self, call: Call) -> Reply:
        """204 where there is such a deployment, 404 where there is none."""
        found = self._world.deployments.find(call.parameters["group"], call.parameters["deployment"])
        return Reply(404 if found is None else 204)

    def put(self, call: Call) -> Reply:
        """201 with the link to its status; 200 where one of that name had ended and runs again."""
        group, name = call.parameters["group"], call.parameters["deployment"]
        existed = self._world.deployments.find(group, name) is not None
        template_id, parameters = _asked(call)
        started = self._world.deployments.put(group, name, template_id, parameters)
        link = call.link(f"{self._id(call)}/operationStatuses/{started.correlation_id}")
        shown = self._shown(call, started)
        shown["properties"]["provisioningState"] = "Accepted"
        return Reply(200 if existed else 201, shown, {"Azure-AsyncOperation": link})

    def validate(self, call: Call) -> Reply:
        """200 with what would be deployed, 400 with ARM's objection."""
        template_id, parameters = _asked(call)
        slot = self._world.deployments.validate(template_id, parameters)
        properties = {
            "templateLink": {"id": template_id},
            "parameters": _typed(parameters),
            "mode": "Incremental",
            "provisioningState": "Succeeded",
            "timestamp": self._world.now().isoformat(),
            "validatedResources": [{"id": slot.cluster_id}],
        }
        return Reply(200, self._envelope(call, properties))

    def status(self, call: Call) -> Reply:
        """The Azure-AsyncOperation link."""
        deployment = self._find(call)
        state = deployment.state_at(self._world.now())
        return Reply(200, {"status": state, **(_error(deployment) if state == "Failed" else {})})

    def steps(self, call: Call) -> Reply:
        """What the deployment did: the one cluster."""
        deployment = self._find(call)
        state = deployment.state_at(self._world.now())
        properties = {
            "provisioningOperation": "Create",
            "provisioningState": state,
            "timestamp": deployment.started_at.isoformat(),
            "targetResource": {
                "id": deployment.cluster_id,
                "resourceType": "Microsoft.ContainerService/managedClusters",
                "resourceName": deployment.cluster_id.rsplit("/", 1)[-1],
            },
        }
        operation = deployment.correlation_id.replace("-", "")[:16].upper()
        step = {"id": f"{self._id(call)}/operations/{operation}", "operationId": operation}
        return Reply(200, {"value": [{**step, "properties": properties}]})

    def template(self, call: Call) -> Reply:
        """A version of the fleet's template spec."""
        spec_id = self._world.fleet.provisioner.template_spec_id
        version = call.parameters["version"]
        asked = f"{call.group_id}/providers/Microsoft.Resources/templateSpecs/{call.parameters['spec']}"
        if asked.lower() != spec_id.lower() or version not in self._world.estate.template_versions:
            message = f"Template spec version '{call.parameters['spec']}/{version}' could not be found."
            raise ArmError(404, "TemplateSpecVersionNotFound", message)
        return Reply(
            200,
            {
                "id": f"{spec_id}/versions/{version}",
                "name": version,
                "type": "Microsoft.Resources/templateSpecs/versions",
                "location": self._world.fleet.location,
                "properties": {"mainTemplate": {"contentVersion": "1.0.0.0", "resources": []}},
            },
        )

    def _find(self, call: Call) -> Deployment:
        return self._world.deployments.get(call.parameters["group"], call.parameters["deployment"])

    def _id(self, call: Call) -> str:
        return f"{call.group_id}/providers/Microsoft.Resources/deployments/{call.parameters['deployment']}"

    def _envelope(self, call: Call, properties: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": self._id(call),
            "name": call.parameters["deployment"],
            "type": "Microsoft.Resources/deployments",
            "properties": properties,
        }

    def _shown(self, call: Call, deployment: Deployment) -> dict[str, Any]:
        now = self._world.now()
        state = deployment.state_at(now)
        properties: dict[str, Any] = {
            "templateLink": {"id": deployment.template_id, "contentVersion": "1.0.0.0"},
            "parameters": _typed(deployment.parameters),
            "mode": "Incremental",
            "provisioningState": state,
            "timestamp": min(now, deployment.ends_at).isoformat(),
            "duration": _duration(deployment.started_at, min(now, deployment.ends_at)),
            "correlationId": deployment.correlation_id,
            "dependencies": [],
        }
        if state == "Succeeded":
            properties["outputResources"] = [{"id": deployment.cluster_id}]
        if state == "Failed":
            properties |= _error(deployment)
        return self._envelope(call, properties)


def _asked(call: Call) -> tuple[str, dict[str, Any]]:
    """The template spec version and the plain parameter values of a request. Raises BadRequest."""
    asked = shaped(call.payload().get("properties"), _Asked)
    values: dict[str, Any] = {}
    for name, given in asked.parameters.items():
        if "value" not in given:
            raise BadRequest("InvalidRequestContent", f"The value of parameter '{name}' is missing.")
        values[name] = given["value"]
    return asked.template.id, values


def _typed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {bool: "Bool", int: "Int", str: "String", list: "Array"}
    return {
        name: {"type": kinds.get(type(value), "Object"), "value": value} for name, value in parameters.items()
    }


def _error(deployment: Deployment) -> dict[str, Any]:
    """ARM's usual envelope: the deployment failed, and why is one level down."""
    inner = {"code": "ResourceDeploymentFailure", "message": deployment.error}
    message = (
        "At least one resource deployment operation failed. Please list deployment operations for details."
    )
    outer = error_body("DeploymentFailed", message)
    outer["error"]["details"] = [inner]
    return outer


def _duration(since: datetime, until: datetime) -> str:
    return f"PT{(until - since).total_seconds():.3f}S"
