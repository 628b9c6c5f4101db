"""Actions through the ports door: what each changes in the model.

Decides nothing that an adapter does not: a write is refused under a higher epoch, an order that is being
fulfilled already is fulfilled. Refuses to know why anything is ordered.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sandbox.world.errors import ArmError
from sandbox.world.estate import CONTROLLER, group_of, name_of
from sandbox.world.model import World
from shared.actions import (
    Deploy,
    DestroyCluster,
    Freeze,
    PointRecord,
    StartCluster,
    StartSync,
    StopCluster,
    Thaw,
)
from shared.errors import Refused, Superseded
from shared.fleet import Fleet
from shared.levers import SlotName, SwitchKind

EPOCH = "switchyard_epoch"
FLEET = "switchyard_fleet"
SLOT = "switchyard_slot"
MANIFEST = "freeze.yaml"


def point_record(world: World, fleet: Fleet, action: PointRecord, epoch: int) -> None:
    """Write the record set under its etag and this epoch. Raises Superseded, Refused, ArmError."""
    record = action.record
    if record.alias and record.kind is SwitchKind.PRIVATE_DNS:
        raise Refused(f"{record.fqdn} cannot be an alias: private zones have no alias record sets")
    found = world.zones.find(record.zone_id, record.name, record.type)
    metadata = dict(found.metadata) if found is not None else {}
    stored = epoch_of(metadata)
    if stored is not None and stored > epoch:
        raise Superseded(f"{record.fqdn} carries epoch {stored}, this write has {epoch}")
    world.zones.put(
        record.zone_id,
        record.name,
        record.type,
        ttl_seconds=action.ttl_seconds,
        targets=(action.address,),
        metadata={**metadata, EPOCH: str(epoch), FLEET: fleet.name, SLOT: action.slot},
        if_match=action.if_match,
        create_only=action.if_match is None,
        by=CONTROLLER,
    )


def epoch_of(metadata: dict[str, str]) -> int | None:
    """The epoch in a record set's metadata; None where nobody of ours wrote it."""
    text = metadata.get(EPOCH, "")
    return int(text) if text.isdecimal() else None


def deploy(world: World, fleet: Fleet, action: Deploy) -> None:
    """Start the deployment, unless it is under way. Raises ArmError."""
    template_id = template_of(fleet, action.template_version)
    parameters = parameters_of(fleet, action.slot, action.version)
    try:
        world.deployments.put(fleet.provisioner.resource_group, action.name, template_id, parameters)
    except ArmError as error:
        if error.code != "DeploymentActive":
            raise


def template_of(fleet: Fleet, template_version: str) -> str:
    """The ARM id of a version of the fleet's template spec."""
    return f"{fleet.provisioner.template_spec_id}/versions/{template_version}"


def parameters_of(fleet: Fleet, slot: SlotName, version: str) -> dict[str, Any]:
    """The parameters that the fleet's template gets for a candidate."""
    provisioner = fleet.provisioner
    return {
        **provisioner.parameters,
        provisioner.slot_parameter: slot,
        provisioner.cluster_name_parameter: name_of(fleet.slot(slot).cluster_id),
        provisioner.version_parameter: version,
    }


def start_sync(world: World, fleet: Fleet, action: StartSync) -> None:
    """Put the fleet's Flux configurations on the cluster. Raises ArmError."""
    for configuration in fleet.sync:
        world.flux.put(fleet.slot(action.slot).cluster_id, configuration)


def freeze(world: World, fleet: Fleet, action: Freeze) -> str:
    """Apply a policy and its binding by a run command; returns its id. Raises ArmError."""
    cluster_id = fleet.slot(action.slot).cluster_id
    files = {MANIFEST: _manifest(action.until)}
    return world.commands.run(cluster_id, f"kubectl apply -f {MANIFEST}", files).id


def thaw(world: World, fleet: Fleet, action: Thaw) -> str:
    """Delete the binding by a run command; returns its id. Raises ArmError."""
    command = "kubectl delete validatingadmissionpolicybinding switchyard-freeze --ignore-not-found"
    return world.commands.run(fleet.slot(action.slot).cluster_id, command).id


def start_cluster(world: World, fleet: Fleet, action: StartCluster) -> None:
    """Start the cluster, unless it is starting. Raises ArmError."""
    cluster_id = fleet.slot(action.slot).cluster_id
    if not _is(world, cluster_id, "Starting"):
        world.clusters.start(cluster_id)


def stop_cluster(world: World, fleet: Fleet, action: StopCluster) -> None:
    """Stop the cluster, unless it is stopping. Raises ArmError."""
    cluster_id = fleet.slot(action.slot).cluster_id
    if not _is(world, cluster_id, "Stopping"):
        world.clusters.stop(cluster_id)


def destroy_cluster(world: World, fleet: Fleet, action: DestroyCluster) -> None:
    """Delete the cluster that was looked at; one that is gone or going is success. Raises ArmError."""
    world.clusters.delete(fleet.slot(action.slot).cluster_id, if_match=action.if_match)


def group_name(fleet: Fleet, slot: SlotName) -> str:
    """The node resource group that AKS makes for the slot's cluster."""
    cluster_id = fleet.slot(slot).cluster_id
    return f"MC_{group_of(cluster_id)}_{name_of(cluster_id)}_{fleet.location}"


def _is(world: World, cluster_id: str, provisioning: str) -> bool:
    found = world.clusters.find(cluster_id)
    return found is not None and found.provisioning == provisioning


def _manifest(until: datetime) -> str:
    return f"""apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: switchyard-freeze
  annotations:
    switchyard.dev/expires-at: "{until.isoformat()}"
spec:
  policyName: switchyard-freeze
  validationActions: [Deny]
"""
