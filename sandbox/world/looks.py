"""Probes of the control plane through the ports door: what each says of the model.

Decides the words of an answer. Refuses to know windows (`readings`) and changes (`orders`).
"""

from __future__ import annotations

from datetime import datetime

from sandbox.world import orders
from sandbox.world.errors import ArmError
from sandbox.world.model import World
from sandbox.world.zones import RecordSet
from shared.fleet import Fleet
from shared.levers import Record, SlotName
from shared.probes import CheckSeen, ClusterSeen, CommandSeen, DeploymentSeen, RecordSeen, SyncSeen


def cluster(world: World, fleet: Fleet, slot: SlotName) -> ClusterSeen:
    """ARM's word on the slot's cluster."""
    found = world.clusters.find(fleet.slot(slot).cluster_id)
    if found is None:
        return ClusterSeen(exists=False)
    return ClusterSeen(
        exists=True,
        provisioning=found.provisioning,
        power=found.power,
        version=found.version,
        etag=found.etag,
        node_group=found.node_group,
        nodes=found.nodes,
    )


def record(world: World, record: Record) -> RecordSeen:
    """The record set as it is."""
    return record_as(world.zones.find(record.zone_id, record.name, record.type))


def record_as(found: RecordSet | None) -> RecordSeen:
    """What ARM says of a record set."""
    if found is None:
        return RecordSeen(exists=False)
    return RecordSeen(
        exists=True,
        targets=tuple(sorted(each.rstrip(".").lower() for each in found.targets)),
        ttl_seconds=found.ttl_seconds,
        etag=found.etag,
        epoch=orders.epoch_of(found.metadata),
        fleet=found.metadata.get(orders.FLEET),
    )


def check(world: World, fleet: Fleet, slot: SlotName, version: str, template_version: str) -> CheckSeen:
    """Whether ARM would accept the candidate's deployment."""
    template_id = orders.template_of(fleet, template_version)
    try:
        world.deployments.validate(template_id, orders.parameters_of(fleet, slot, version))
    except ArmError as error:
        return CheckSeen(valid=False, because=f"{error.code}: {error}")
    return CheckSeen(valid=True)


def deployment(world: World, fleet: Fleet, name: str, now: datetime) -> DeploymentSeen:
    """How far the deployment is."""
    found = world.deployments.find(fleet.provisioner.resource_group, name)
    if found is None:
        return DeploymentSeen("")
    state = found.state_at(now)
    return DeploymentSeen(state, found.error if state == "Failed" else "")


def sync(world: World, fleet: Fleet, slot: SlotName) -> SyncSeen:
    """What Flux says of the fleet's configurations on the slot's cluster, the worst of them."""
    cluster_id = fleet.slot(slot).cluster_id
    if world.clusters.find(cluster_id) is None:
        return SyncSeen("absent", "there is no such cluster")
    there = {each.name: each for each in world.flux.list(cluster_id)}
    states = [there.get(configuration.name) for configuration in fleet.sync]
    present = [state for state in states if state is not None]
    commits = {state.name: state.commit for state in present if state.commit}
    if len(present) < len(fleet.sync):
        return SyncSeen("absent", commits=commits)
    for state in present:
        if state.provisioning == "Failed":
            return SyncSeen("failed", f"{state.name}: {state.message}", commits)
    for state in present:
        if state.compliance != "Compliant":
            return SyncSeen("pending", f"{state.name}: {state.message}", commits)
    return SyncSeen("compliant", commits=commits)


def command(world: World, fleet: Fleet, slot: SlotName, command_id: str, now: datetime) -> CommandSeen:
    """How the run command ended. Raises ArmError for one that is not known."""
    found = world.commands.get(fleet.slot(slot).cluster_id, command_id)
    return CommandSeen(found.exit_code, found.logs) if found.finished(now) else CommandSeen()
