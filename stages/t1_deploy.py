"""T1, deploy: bring up the candidate cluster and prove it healthy as a platform.

Source: the AKS blue-green guide, "T1: Deploy the green cluster": level 1 nodes and cluster, level 2 API
server and kubelet, level 3 the Kubernetes objects that AKS deploys by default.
"""

from __future__ import annotations

import msgspec

from shared.actions import Deploy, PointRecord
from shared.decision import Seen
from shared.fleet import Fleet
from shared.model import Rollout
from shared.probes import (
    AddressSeen,
    ClusterSeen,
    ClusterState,
    DeploymentSeen,
    DeploymentState,
    Probe,
    RecordSeen,
    RecordState,
    SlotAddress,
)
from stages.looking import at, cluster_trouble, judged_on, passing, readings, seen_as, target_of, unavailable
from stages.step import Move, Step, act, advance, fail, judged, wait
from stages.verdicts import before_switch, unseen


def deployment_name(rollout: Rollout) -> str:
    """The name of a rollout's ARM deployment: the same every time, so that a repeat is no second one."""
    return f"switchyard-{rollout.id}"


def _deploy_needs(_fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    return frozenset({DeploymentState(deployment_name(rollout))})


def _deploy(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    probe = DeploymentState(deployment_name(rollout))
    found = seen_as(seen, probe, DeploymentSeen)
    if found is None:
        return unseen(rollout, f"the deployment could not be read: {unavailable(seen, [probe])}")
    if not found.state:
        template = rollout.template_version or fleet.provisioner.template_version
        order = Deploy(probe.name, rollout.candidate, rollout.version, template)
        because = f"deploys {rollout.candidate} at {rollout.version} from template {template}"
        return act(rollout, because, order, wake_seconds=30)
    if found.state == "Succeeded":
        return advance(rollout, f"the deployment of {rollout.candidate} succeeded")
    if found.state in ("Failed", "Canceled"):
        return fail(rollout, f"the deployment {found.state.lower()}: {found.because}")
    return wait(rollout, f"{rollout.candidate} is being deployed ({found.state})", failures=0)


def _expose_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    return frozenset({SlotAddress(rollout.candidate), RecordState(fleet.slot(rollout.candidate).host)})


def _expose(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    host = fleet.slot(rollout.candidate).host
    address = seen_as(seen, SlotAddress(rollout.candidate), AddressSeen)
    record = seen_as(seen, RecordState(host), RecordSeen)
    if address is None or record is None:
        because = unavailable(seen, _expose_needs(fleet, rollout))
        return unseen(rollout, f"the candidate's own host name could not be read: {because}")
    addresses = {**rollout.addresses, rollout.candidate: address.address.rstrip(".").lower()}
    exposed = msgspec.structs.replace(rollout, addresses=addresses)
    target = target_of(fleet, exposed, host, rollout.candidate)
    if at(record, target):
        return advance(rollout, f"{host.fqdn} points at {address.address}", addresses=addresses)
    etag = record.etag if record.exists else None
    order = PointRecord(host, rollout.candidate, target, host.ttl_seconds, etag)
    return act(rollout, f"points {host.fqdn} at {address.address}", order)


def platform_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    """The candidate's cluster and its platform gates since the step was entered."""
    gates = readings(fleet.gates.platform, rollout.candidate, rollout.entered_at, rollout)
    return gates | {ClusterState(rollout.candidate)}


def platform_gate(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    """Judge the candidate as a platform, levels 1 to 3."""
    cluster = seen_as(seen, ClusterState(rollout.candidate), ClusterSeen)
    if cluster is None:
        because = unavailable(seen, [ClusterState(rollout.candidate)])
        return unseen(rollout, f"the candidate's cluster could not be read: {because}")
    if cluster.exists and cluster.version and cluster.version != rollout.version:
        return fail(rollout, f"{rollout.candidate} runs {cluster.version}, not {rollout.version}")
    trouble = cluster_trouble(cluster, rollout.version)
    gates = fleet.gates.platform
    judgements, verdict, because = judged_on(
        fleet, gates, rollout.candidate, rollout.entered_at, rollout, seen
    )
    if trouble is not None:
        return judged(wait(rollout, f"{rollout.candidate} is not ready: {trouble}"), judgements)
    passed = f"{rollout.candidate} is healthy as a platform: {passing(judgements)}"
    return judged(before_switch(rollout, verdict, because, passed), judgements)


STEPS = (
    Step("deploy", _deploy, _deploy_needs, deadline_seconds=3600),
    Step("expose", _expose, _expose_needs, deadline_seconds=900),
    Step("platform_gate", platform_gate, platform_needs, deadline_seconds=1800, promotable=True),
)
