"""What every world promises of clusters, deployments, sync and freezes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.world import Faults
from shared.actions import (
    Deploy,
    DestroyCluster,
    Freeze,
    StartCluster,
    StartSync,
    StopCluster,
    Thaw,
)
from shared.errors import NotFound, Refused, Retry, Superseded
from shared.probes import (
    CheckSeen,
    ClusterSeen,
    CommandSeen,
    CommandState,
    DeploymentCheck,
    DeploymentSeen,
    DeploymentState,
    GroupSeen,
    GroupState,
    SyncSeen,
    SyncState,
)
from tests.contract.sides import Side, Sides, seen_as
from tests.fleets import BLUE, FLEET, GREEN
from tests.world.manual_clock import VERSION

TEMPLATE = "1.4.0"
NAME = "switchyard-r1"


async def test_a_cluster_is_seen_with_its_version_or_not_at_all(side: Side) -> None:
    live = await side.cluster(BLUE)
    assert (live.provisioning, live.power, live.version) == ("Succeeded", "Running", "1.31.9")
    assert live.etag is not None
    assert live.node_group == "MC_rg-aks-blue_aks-blue_westeurope"
    assert await side.cluster(GREEN) == ClusterSeen(exists=False)


async def test_a_cluster_has_nodes_while_it_runs(side: Side) -> None:
    timings = side.estate.world.estate.timings
    assert (await side.cluster(BLUE)).nodes == 3
    assert (await side.cluster(GREEN)).nodes is None
    await side.do(StopCluster(BLUE))
    side.clock.pass_seconds(timings.stop_seconds)
    assert (await side.cluster(BLUE)).nodes == 0
    await side.do(StartCluster(BLUE))
    side.clock.pass_seconds(timings.start_seconds)
    assert (await side.cluster(BLUE)).nodes == 3


async def test_a_deployment_brings_up_the_candidate_once(side: Side) -> None:
    assert await side.see(DeploymentState(NAME)) == DeploymentSeen("")
    await side.do(Deploy(NAME, GREEN, VERSION, TEMPLATE))
    await side.do(Deploy(NAME, GREEN, VERSION, TEMPLATE))
    assert seen_as(await side.see(DeploymentState(NAME)), DeploymentSeen).state in ("Accepted", "Running")
    side.clock.pass_seconds(side.estate.world.estate.timings.deploy_seconds)
    assert seen_as(await side.see(DeploymentState(NAME)), DeploymentSeen).state == "Succeeded"
    assert (await side.cluster(GREEN)).version == VERSION


async def test_a_failed_deployment_says_what_failed(make: Sides) -> None:
    side = await make(faults=Faults(deployment_fails="Not enough cores in westeurope"))
    await side.do(Deploy(NAME, GREEN, VERSION, TEMPLATE))
    side.clock.pass_seconds(side.estate.world.estate.timings.deploy_seconds)
    failed = seen_as(await side.see(DeploymentState(NAME)), DeploymentSeen)
    assert failed.state == "Failed"
    assert "Not enough cores in westeurope" in failed.because


async def test_a_check_says_whether_the_deployment_would_be_taken(side: Side) -> None:
    assert await side.see(DeploymentCheck(GREEN, VERSION, TEMPLATE)) == CheckSeen(valid=True)
    unknown = seen_as(await side.see(DeploymentCheck(GREEN, VERSION, "9.9.9")), CheckSeen)
    assert not unknown.valid
    assert "9.9.9" in unknown.because


async def test_a_check_gives_the_objection(make: Sides) -> None:
    side = await make(faults=Faults(check_objects="Policy denies public clusters"))
    found = seen_as(await side.see(DeploymentCheck(GREEN, VERSION, TEMPLATE)), CheckSeen)
    assert not found.valid
    assert "Policy denies public clusters" in found.because


async def test_sync_goes_from_absent_over_pending_to_compliant_at_a_commit(side: Side) -> None:
    side.estate.deploy(GREEN)
    assert seen_as(await side.see(SyncState(GREEN)), SyncSeen).state == "absent"
    await side.do(StartSync(GREEN))
    assert seen_as(await side.see(SyncState(GREEN)), SyncSeen).state == "pending"
    side.clock.pass_seconds(side.estate.world.estate.timings.sync_seconds)
    green = seen_as(await side.see(SyncState(GREEN)), SyncSeen)
    blue = seen_as(await side.see(SyncState(BLUE)), SyncSeen)
    assert green.state == "compliant"
    assert green.commits == blue.commits
    assert set(green.commits) == {"platform"}


async def test_a_configuration_that_does_not_apply_is_never_compliant(make: Sides) -> None:
    side = await make(faults=Faults(sync_fails="no matches for kind HelmRelease"))
    side.estate.deploy(GREEN)
    await side.do(StartSync(GREEN))
    side.clock.pass_seconds(side.estate.world.estate.timings.sync_seconds)
    found = seen_as(await side.see(SyncState(GREEN)), SyncSeen)
    assert found.state in ("pending", "failed")
    assert "no matches for kind HelmRelease" in found.because


async def test_a_freeze_holds_until_it_is_lifted(side: Side) -> None:
    commands, cluster = side.estate.world.commands, FLEET.slot(BLUE).cluster_id
    until = side.clock.now() + timedelta(hours=4)
    frozen = await side.do(Freeze(BLUE, until))
    assert frozen is not None
    assert await side.see(CommandState(BLUE, frozen)) == CommandSeen()
    side.clock.pass_seconds(60)
    assert seen_as(await side.see(CommandState(BLUE, frozen)), CommandSeen).exit_code == 0
    assert commands.frozen_until(cluster) == until
    thawed = await side.do(Thaw(BLUE))
    assert thawed is not None
    side.clock.pass_seconds(60)
    assert seen_as(await side.see(CommandState(BLUE, thawed)), CommandSeen).exit_code == 0
    assert commands.frozen_until(cluster) is None


async def test_a_freeze_expires_by_itself(side: Side) -> None:
    await side.do(Freeze(BLUE, side.clock.now() + timedelta(minutes=30)))
    side.clock.pass_seconds(31 * 60)
    assert side.estate.world.commands.frozen_until(FLEET.slot(BLUE).cluster_id) is None


async def test_stopping_and_starting_twice_is_stopping_and_starting_once(side: Side) -> None:
    timings = side.estate.world.estate.timings
    await side.do(StopCluster(BLUE))
    await side.do(StopCluster(BLUE))
    side.clock.pass_seconds(timings.stop_seconds)
    await side.do(StopCluster(BLUE))
    assert (await side.cluster(BLUE)).power == "Stopped"
    await side.do(StartCluster(BLUE))
    await side.do(StartCluster(BLUE))
    side.clock.pass_seconds(timings.start_seconds)
    assert (await side.cluster(BLUE)).power == "Running"


async def test_an_order_to_a_busy_cluster_is_for_later(side: Side) -> None:
    await side.do(StopCluster(BLUE))
    with pytest.raises(Retry):
        await side.do(StartCluster(BLUE))
    with pytest.raises(Retry):
        await side.do(Freeze(BLUE, side.clock.now() + timedelta(hours=1)))


async def test_a_cluster_that_is_not_there_cannot_be_stopped(side: Side) -> None:
    with pytest.raises(NotFound):
        await side.do(StopCluster(GREEN))


async def test_only_the_cluster_that_was_looked_at_is_destroyed(side: Side) -> None:
    looked_at = (await side.cluster(BLUE)).etag
    await side.do(StopCluster(BLUE))
    side.clock.pass_seconds(side.estate.world.estate.timings.stop_seconds)
    with pytest.raises(Superseded):
        await side.do(DestroyCluster(BLUE, looked_at))
    assert (await side.cluster(BLUE)).exists


async def test_destroying_leaves_nothing_and_may_be_ordered_again(side: Side) -> None:
    timings = side.estate.world.estate.timings
    etag = (await side.cluster(BLUE)).etag
    await side.do(DestroyCluster(BLUE, etag))
    await side.do(DestroyCluster(BLUE, etag))
    assert (await side.cluster(BLUE)).provisioning == "Deleting"
    assert await side.see(GroupState(BLUE)) == GroupSeen(exists=True)
    side.clock.pass_seconds(timings.delete_seconds)
    await side.do(DestroyCluster(BLUE, etag))
    assert not (await side.cluster(BLUE)).exists
    side.clock.pass_seconds(timings.node_group_gone_seconds)
    assert await side.see(GroupState(BLUE)) == GroupSeen(exists=False)


async def test_what_will_never_be_taken_is_refused(side: Side) -> None:
    with pytest.raises(Refused):
        await side.do(Deploy(NAME, GREEN, VERSION, "9.9.9"))
