"""AKS clusters: their life as a list of phases, their operations, nodes and node resource groups.

Decides what ARM would say of a cluster at any instant, and which operations it takes. Refuses to know who
uses a cluster (`traffic`) and how a deployment asks for one (`deployments`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from sandbox.world.errors import ArmError, not_found, precondition_failed
from sandbox.world.estate import LIVE_VERSION, Estate, group_of, name_of
from sandbox.world.ledger import Happening
from sandbox.world.zones import SETTLED
from shared.fleet import Slot

TYPE = "Microsoft.ContainerService/managedClusters"


class Phase(Struct, frozen=True, kw_only=True):
    """What a cluster is from `at` on. `provisioning` is ARM's state; empty means that there is no cluster."""

    at: datetime
    provisioning: str
    power: str = "Running"
    version: str = ""
    etag: str = ""

    @property
    def exists(self) -> bool:
        """Whether ARM knows the cluster."""
        return bool(self.provisioning)

    @property
    def busy(self) -> bool:
        """Whether an operation is in progress."""
        return self.exists and self.provisioning not in ("Succeeded", "Failed", "Canceled")

    @property
    def runs(self) -> bool:
        """Whether workloads run: they do while a cluster is updated, not while it is stopped or deleted."""
        return self.power == "Running" and self.provisioning in ("Succeeded", "Updating")


class Cluster(Struct, frozen=True, kw_only=True):
    """A cluster as ARM shows it. `power` is `Running` or `Stopped`; `since` is when it reached this state."""

    id: str
    name: str
    resource_group: str
    location: str
    provisioning: str
    power: str
    version: str
    etag: str
    node_group: str
    nodes: int
    created_at: datetime
    since: datetime


class Operation(Struct, frozen=True, kw_only=True):
    """A long-running operation. `status_at` gives `InProgress` or `Succeeded`."""

    id: str
    resource_id: str
    name: str
    started_at: datetime
    ends_at: datetime

    def status_at(self, now: datetime) -> str:
        """ARM's word for the operation's state."""
        return "Succeeded" if now >= self.ends_at else "InProgress"


class Clusters:
    """Every cluster of the estate. A new world has the live one, at `LIVE_VERSION`, and no candidate."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._phases: dict[str, list[Phase]] = {slot.cluster_id.lower(): [] for slot in estate.fleet.slots}
        self._operations: dict[str, Operation] = {}
        live = estate.fleet.slot(estate.fleet.live)
        self._add(live, estate.started_at - SETTLED, "Succeeded", version=LIVE_VERSION)

    def get(self, cluster_id: str) -> Cluster:
        """The cluster as ARM shows it. Raises ArmError 404 `ResourceNotFound`."""
        found = self.find(cluster_id)
        if found is None:
            raise not_found(TYPE, name_of(cluster_id), group_of(cluster_id))
        return found

    def find(self, cluster_id: str) -> Cluster | None:
        """The cluster as ARM shows it, or None."""
        slot, now = self._estate.slot_of_cluster(cluster_id), self._estate.now()
        phase = self.phase(cluster_id, now)
        if slot is None or phase is None or not phase.exists:
            return None
        counted = phase.power == "Running" and phase.provisioning != "Creating"
        return Cluster(
            id=slot.cluster_id,
            name=name_of(slot.cluster_id),
            resource_group=group_of(slot.cluster_id),
            location=self._estate.fleet.location,
            provisioning=phase.provisioning,
            power=phase.power,
            version=phase.version,
            etag=phase.etag,
            node_group=self.node_group(slot),
            nodes=self._estate.nodes_of(slot.name, now) if counted else 0,
            created_at=self.created_at(cluster_id, now) or phase.at,
            since=phase.at,
        )

    def list(self) -> tuple[Cluster, ...]:
        """Every cluster there is, in the order of the fleet's slots."""
        found = (self.find(slot.cluster_id) for slot in self._estate.fleet.slots)
        return tuple(each for each in found if each is not None)

    def phase(self, cluster_id: str, at: datetime) -> Phase | None:
        """The phase at an instant; None before the cluster's first."""
        for phase in reversed(self._phases.get(cluster_id.lower(), ())):
            if phase.at <= at:
                return phase
        return None

    def runs(self, cluster_id: str, at: datetime) -> bool:
        """Whether the cluster's workloads ran at that instant, healthy or not."""
        phase = self.phase(cluster_id, at)
        return phase is not None and phase.runs

    def nodes_bad(self, slot: Slot) -> bool:
        """Whether this slot's clusters come up with bad nodes."""
        return self._estate.faults.bad_nodes and slot.name == self._estate.candidate

    def created_at(self, cluster_id: str, at: datetime) -> datetime | None:
        """When the cluster that exists at `at` was created; None when there is none."""
        created = None
        for phase in self._phases.get(cluster_id.lower(), []):
            if phase.at > at:
                break
            created = (created or phase.at) if phase.exists else None
        return created

    def node_group(self, slot: Slot) -> str:
        """The name of the resource group that AKS makes for the slot's nodes."""
        cluster = slot.cluster_id
        return f"MC_{group_of(cluster)}_{name_of(cluster)}_{self._estate.fleet.location}"

    def group_exists(self, group: str) -> bool:
        """Whether a resource group exists; a node group goes shortly after its cluster."""
        now = self._estate.now()
        gone = timedelta(seconds=self._estate.timings.node_group_gone_seconds)
        for slot in self._estate.fleet.slots:
            if self.node_group(slot).lower() == group.lower():
                recent = (self.phase(slot.cluster_id, now), self.phase(slot.cluster_id, now - gone))
                return any(phase is not None and phase.exists for phase in recent)
        return group.lower() in self._declared_groups()

    def deploy(self, cluster_id: str, version: str, *, ends_at: datetime, succeeds: bool) -> None:
        """Create or update the cluster until `ends_at`, `Succeeded` or `Failed` then. Raises ArmError 409."""
        slot = self._slot(cluster_id)
        now = self._estate.now()
        before = self.phase(cluster_id, now)
        self._check_idle(cluster_id, before, "Create or update managed cluster")
        if before is not None and before.power == "Stopped":
            raise ArmError(409, "OperationNotAllowed", "A stopped managed cluster cannot be updated.")
        runs = before is not None and before.runs
        state = "Succeeded" if succeeds else "Failed"
        self._add(slot, now, "Updating" if runs else "Creating", version=version)
        self._add(slot, ends_at, state, version=version)
        if not runs:
            self._note(ends_at, Happening.CLUSTER_CREATED, slot, version=version, state=state)

    def start(self, cluster_id: str, *, if_match: str | None = None) -> Operation:
        """Start a stopped cluster; harmless on a running one. Raises ArmError 404, 409, 412."""
        slot, before = self._take(cluster_id, "Start managed cluster", if_match)
        seconds = self._estate.timings.start_seconds if before.power == "Stopped" else 0
        operation = self._operation(slot, "start", seconds)
        if before.power == "Stopped":
            self._add(slot, operation.started_at, "Starting", power="Stopped", version=before.version)
            self._add(slot, operation.ends_at, "Succeeded", version=before.version)
            self._note(operation.ends_at, Happening.CLUSTER_STARTED, slot)
        return operation

    def stop(self, cluster_id: str, *, if_match: str | None = None) -> Operation:
        """Stop a running cluster, its state kept; harmless on a stopped one. Raises like `start`."""
        slot, before = self._take(cluster_id, "Stop managed cluster", if_match)
        seconds = self._estate.timings.stop_seconds if before.power == "Running" else 0
        operation = self._operation(slot, "stop", seconds)
        if before.power == "Running":
            self._add(slot, operation.started_at, "Stopping", version=before.version)
            self._add(slot, operation.ends_at, "Succeeded", power="Stopped", version=before.version)
            self._note(operation.ends_at, Happening.CLUSTER_STOPPED, slot)
        return operation

    def delete(self, cluster_id: str, *, if_match: str | None = None) -> Operation | None:
        """Delete a cluster with its node resource group; None when there is none. Raises ArmError 409, 412.

        A delete of a cluster that is being deleted answers with the operation in progress.
        """
        now = self._estate.now()
        phase = self.phase(cluster_id, now)
        if phase is None or not phase.exists:
            return None
        if phase.provisioning == "Deleting":
            return self._latest(cluster_id, "delete")
        slot, before = self._take(cluster_id, "Delete managed cluster", if_match)
        operation = self._operation(slot, "delete", self._estate.timings.delete_seconds)
        self._add(slot, now, "Deleting", power=before.power, version=before.version)
        self._add(slot, operation.ends_at, "")
        self._note(operation.ends_at, Happening.CLUSTER_DESTROYED, slot)
        return operation

    def operation(self, operation_id: str) -> Operation:
        """A long-running operation by its id. Raises ArmError 404."""
        found = self._operations.get(operation_id.lower())
        if found is None:
            raise ArmError(404, "NotFound", f"The operation '{operation_id}' could not be found.")
        return found

    def check_runs(self, cluster_id: str, what: str) -> Cluster:
        """The cluster, if it can take a request that needs its API server. Raises ArmError 404, 409."""
        cluster = self.get(cluster_id)
        if not self.runs(cluster_id, self._estate.now()):
            raise ArmError(
                409, "OperationNotAllowed", f"{what} is not allowed: the cluster is {self._state(cluster)}."
            )
        return cluster

    def _state(self, cluster: Cluster) -> str:
        return "stopped" if cluster.power == "Stopped" else f"in state {cluster.provisioning}"

    def _slot(self, cluster_id: str) -> Slot:
        slot = self._estate.slot_of_cluster(cluster_id)
        if slot is None:
            raise not_found(TYPE, name_of(cluster_id), group_of(cluster_id))
        return slot

    def _take(self, cluster_id: str, what: str, if_match: str | None) -> tuple[Slot, Phase]:
        """The slot and phase that an operation starts from, once its conditions hold."""
        slot = self._slot(cluster_id)
        phase = self.phase(cluster_id, self._estate.now())
        if phase is None or not phase.exists:
            raise not_found(TYPE, name_of(cluster_id), group_of(cluster_id))
        if if_match is not None and if_match.strip('"') not in ("*", phase.etag):
            raise precondition_failed(
                f"The cluster '{name_of(cluster_id)}' has changed: its eTag is another."
            )
        self._check_idle(cluster_id, phase, what)
        return slot, phase

    def _check_idle(self, cluster_id: str, phase: Phase | None, what: str) -> None:
        if phase is not None and phase.busy:
            name = name_of(cluster_id)
            raise ArmError(
                409,
                "OperationNotAllowed",
                f"{what} is not allowed: operation {phase.provisioning} is in progress on '{name}'.",
            )

    def _operation(self, slot: Slot, name: str, seconds: float) -> Operation:
        now = self._estate.now()
        operation = Operation(
            id=self._estate.next_guid(),
            resource_id=slot.cluster_id,
            name=name,
            started_at=now,
            ends_at=now + timedelta(seconds=seconds),
        )
        self._operations[operation.id] = operation
        return operation

    def _latest(self, cluster_id: str, name: str) -> Operation:
        matching = (
            each
            for each in reversed(self._operations.values())
            if each.name == name and each.resource_id.lower() == cluster_id.lower()
        )
        return next(matching)

    def _add(
        self, slot: Slot, at: datetime, provisioning: str, *, power: str = "Running", version: str = ""
    ) -> None:
        etag = self._estate.next_guid() if provisioning else ""
        phase = Phase(at=at, provisioning=provisioning, power=power, version=version, etag=etag)
        self._phases[slot.cluster_id.lower()].append(phase)

    def _note(self, at: datetime, kind: Happening, slot: Slot, **details: str) -> None:
        self._estate.ledger.note(at, kind, name_of(slot.cluster_id), slot=slot.name, **details)

    def _declared_groups(self) -> set[str]:
        fleet = self._estate.fleet
        ids = [i for slot in fleet.slots for i in (slot.cluster_id, slot.gateway_id, slot.host.zone_id)]
        ids += [record.zone_id for record in fleet.live_records] + [fleet.provisioner.template_spec_id]
        ids += [balancer.resource_id for balancer in fleet.every_balancer]
        return {group_of(each).lower() for each in ids} | {fleet.provisioner.resource_group.lower()}
