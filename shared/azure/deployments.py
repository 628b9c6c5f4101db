"""Deployments of a template spec into the fleet's resource group, through azure-mgmt-resource-deployments.

Decides what the template is given and how ARM's objection reads. Refuses to know what the template makes.

Source: https://learn.microsoft.com/rest/api/resources/deployments
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from shared.actions import Deploy
from shared.azure.answers import Body, shaped
from shared.azure.connection import Connection
from shared.azure.errors import allowing, is_hidden, ours, sentence
from shared.azure.ids import parse
from shared.errors import Refused, Retry
from shared.fleet import Fleet
from shared.levers import SlotName
from shared.probes import CheckSeen, DeploymentCheck, DeploymentSeen, DeploymentState

if TYPE_CHECKING:
    from azure.mgmt.resource.deployments.aio.operations import DeploymentsOperations

CHECK_NAME = "switchyard-check"
_ENDED = ("Succeeded", "Failed", "Canceled")


class _Properties(Struct, frozen=True, rename="camel"):
    provisioning_state: str
    error: dict[str, Any] | None = None


class _Deployment(Struct, frozen=True):
    properties: _Properties


class _Validation(Struct, frozen=True):
    properties: _Properties | None = None
    error: dict[str, Any] | None = None


class Deployments:
    """The fleet's deployments. `check_seconds_max` is how long an invocation waits for ARM's validation."""

    def __init__(self, connection: Connection, check_seconds_max: float = 20) -> None:
        self._connection = connection
        self._check_seconds_max = check_seconds_max

    async def check(self, fleet: Fleet, probe: DeploymentCheck, _now: datetime) -> CheckSeen:
        """Whether ARM would accept the deployment. Raises Retry if it does not say so in time."""
        body = deployment(fleet, probe.slot, probe.version, probe.template_version)
        try:
            async with asyncio.timeout(self._check_seconds_max):
                with ours("the deployment's validation"):
                    poller = await allowing(
                        self._operations(fleet).begin_validate(
                            fleet.provisioner.resource_group,
                            CHECK_NAME,
                            body,
                            polling_interval=1,
                            cls=lambda answer, *_: answer.http_response.text(),
                        )
                    )
                    text: Any = await allowing(poller.result()) if poller is not None else ""
        except TimeoutError as error:
            raise Retry("ARM is still validating the deployment") from error
        except Refused as refusal:
            if is_hidden(refusal.__cause__):
                raise
            return CheckSeen(valid=False, because=str(refusal))
        return checked(text or "")

    async def deploy(self, fleet: Fleet, action: Deploy, _epoch: int) -> None:
        """Start the deployment of that name, unless it is under way. Raises Retry if ARM is busy."""
        body = deployment(fleet, action.slot, action.version, action.template_version)
        call = self._operations(fleet).begin_create_or_update(
            fleet.provisioner.resource_group,
            action.name,
            body,
            polling=False,
            raw_response_hook=Body(_Deployment, f"the deployment {action.name}"),
        )
        if await allowing(call, 409) is None:
            found = await self._look(fleet, action.name)
            if found.state in ("", *_ENDED):
                raise Retry(f"ARM takes no deployment {action.name} now: it is {found.state or 'not there'}")

    async def observe(self, fleet: Fleet, probe: DeploymentState, _now: datetime) -> DeploymentSeen:
        """How far the deployment is: one GET."""
        return await self._look(fleet, probe.name)

    async def _look(self, fleet: Fleet, name: str) -> DeploymentSeen:
        body = Body(_Deployment, f"the deployment {name}")
        call = self._operations(fleet).get(fleet.provisioner.resource_group, name, raw_response_hook=body)
        if await allowing(call, 404) is None:
            return DeploymentSeen(state="")
        properties = body.read().properties
        because = sentence(properties.error) if properties.error else ""
        return DeploymentSeen(state=properties.provisioning_state, because=because)

    def _operations(self, fleet: Fleet) -> DeploymentsOperations:
        from azure.mgmt.resource.deployments.aio import DeploymentsMgmtClient

        return self._connection.arm_client(DeploymentsMgmtClient, fleet.subscription_id).deployments


def checked(text: str) -> CheckSeen:
    """What ARM's validation says. Raises Retry where it neither objects nor says that it succeeded."""
    found = shaped(text, _Validation, "the deployment's validation")
    error = found.error or (found.properties.error if found.properties else None)
    if error:
        return CheckSeen(valid=False, because=sentence(error))
    if found.properties is None or found.properties.provisioning_state != "Succeeded":
        raise Retry("the answer on the deployment's validation neither objects nor says that it succeeded")
    return CheckSeen(valid=True)


def deployment(fleet: Fleet, slot: SlotName, version: str, template_version: str) -> Any:
    """The deployment's body: the fleet's parameters as they are, then the candidate's own facts."""
    provisioner = fleet.provisioner
    parameters = {
        **provisioner.parameters,
        provisioner.slot_parameter: slot,
        provisioner.cluster_name_parameter: parse(fleet.slot(slot).cluster_id).name,
        provisioner.version_parameter: version,
    }
    return {
        "properties": {
            "mode": "Incremental",
            "templateLink": {"id": f"{provisioner.template_spec_id}/versions/{template_version}"},
            "parameters": {name: {"value": value} for name, value in parameters.items()},
        }
    }
