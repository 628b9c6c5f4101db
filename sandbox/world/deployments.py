"""ARM deployments of the estate's template spec, which bring up the candidate's cluster.

Decides whether a deployment is accepted, how long it runs and how it ends. Refuses to read templates: what
the template would create is the cluster that its parameters name.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from sandbox.world.clusters import Clusters
from sandbox.world.errors import ArmError
from sandbox.world.estate import Estate, group_of, name_of
from sandbox.world.ledger import Happening
from shared.fleet import Slot


class Deployment(Struct, frozen=True, kw_only=True):
    """A deployment. `parameters` are plain values; `ends_at` is when it becomes `ends_as`."""

    name: str
    resource_group: str
    template_id: str
    parameters: dict[str, Any]
    cluster_id: str
    started_at: datetime
    ends_at: datetime
    ends_as: str
    error: str
    correlation_id: str

    def state_at(self, now: datetime) -> str:
        """ARM's provisioning state: `Running`, then `Succeeded` or `Failed`."""
        return self.ends_as if now >= self.ends_at else "Running"


class Deployments:
    """Every deployment of the estate, by resource group and name (compared without case)."""

    def __init__(self, estate: Estate, clusters: Clusters) -> None:
        self._estate = estate
        self._clusters = clusters
        self._deployments: dict[tuple[str, str], Deployment] = {}

    def get(self, resource_group: str, name: str) -> Deployment:
        """The deployment. Raises ArmError 404 `DeploymentNotFound`."""
        found = self.find(resource_group, name)
        if found is None:
            raise ArmError(404, "DeploymentNotFound", f"Deployment '{name}' could not be found.")
        return found

    def find(self, resource_group: str, name: str) -> Deployment | None:
        """The deployment, or None."""
        return self._deployments.get((resource_group.lower(), name.lower()))

    def put(
        self, resource_group: str, name: str, template_id: str, parameters: Mapping[str, Any]
    ) -> Deployment:
        """Start a deployment. `template_id` is the template spec version's ARM id.

        Raises:
            ArmError: 400 `InvalidTemplateDeployment`, 409 `DeploymentActive` while one of that name runs, 409
                `OperationNotAllowed` while its cluster is busy.
        """
        now = self._estate.now()
        before = self.find(resource_group, name)
        if before is not None and before.state_at(now) == "Running":
            raise ArmError(409, "DeploymentActive", f"The deployment with name '{name}' is still active.")
        slot = self.validate(template_id, parameters)
        fails = self._estate.faults.deployment_fails if slot.name == self._estate.candidate else ""
        seconds = self._estate.timings.deploy_seconds
        ends_at = now + timedelta(seconds=seconds / 2 if fails else seconds)
        version = str(parameters[self._estate.fleet.provisioner.version_parameter])
        self._clusters.deploy(slot.cluster_id, version, ends_at=ends_at, succeeds=not fails)
        deployment = Deployment(
            name=name,
            resource_group=resource_group,
            template_id=template_id,
            parameters=dict(parameters),
            cluster_id=slot.cluster_id,
            started_at=now,
            ends_at=ends_at,
            ends_as="Failed" if fails else "Succeeded",
            error=fails,
            correlation_id=self._estate.next_guid(),
        )
        self._deployments[resource_group.lower(), name.lower()] = deployment
        self._estate.ledger.note(
            now,
            Happening.DEPLOYMENT_STARTED,
            name,
            slot=slot.name,
            version=version,
            template=name_of(template_id),
        )
        return deployment

    def validate(self, template_id: str, parameters: Mapping[str, Any]) -> Slot:
        """The slot that the deployment is for, if ARM would accept it.

        Raises:
            ArmError: 400 `InvalidTemplateDeployment` with the objection, 404 `TemplateSpecVersionNotFound`.
        """
        self._check_template(template_id)
        provisioner = self._estate.fleet.provisioner
        wanted = (provisioner.cluster_name_parameter, provisioner.version_parameter)
        missing = [each for each in wanted if not parameters.get(each)]
        if missing:
            names = ", ".join(f"'{each}'" for each in missing)
            raise _invalid(f"The value for the template parameter {names} is not provided.")
        name = str(parameters[provisioner.cluster_name_parameter])
        slot = next((s for s in self._estate.fleet.slots if name_of(s.cluster_id) == name), None)
        if slot is None:
            raise _invalid(f"The template has no place for a cluster named '{name}'.")
        if self._estate.faults.check_objects and slot.name == self._estate.candidate:
            raise _invalid(self._estate.faults.check_objects)
        return slot

    def _check_template(self, template_id: str) -> None:
        spec, _, version = template_id.partition("/versions/")
        known = self._estate.fleet.provisioner.template_spec_id
        if spec.lower() != known.lower() or version not in self._estate.template_versions:
            what = f"Template spec '{name_of(spec)}' version '{version}' in resource group '{group_of(spec)}'"
            raise ArmError(404, "TemplateSpecVersionNotFound", f"{what} could not be found.")


def _invalid(message: str) -> ArmError:
    return ArmError(400, "InvalidTemplateDeployment", message)
