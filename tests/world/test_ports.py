"""The ports door keeps the promises of the engine's World port."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from sandbox.world import Family, Faults, Outage
from sandbox.world.scenarios import SCENARIOS
from shared.actions import (
    Action,
    Deploy,
    DestroyCluster,
    Freeze,
    PointRecord,
    StartSync,
    StopCluster,
    Thaw,
)
from shared.errors import NotFound, Refused, Retry, Superseded
from shared.probes import (
    AddressSeen,
    CheckSeen,
    ClusterSeen,
    ClusterState,
    CommandSeen,
    CommandState,
    DeploymentCheck,
    DeploymentSeen,
    DeploymentState,
    GateReading,
    GroupSeen,
    GroupState,
    Probe,
    RecordSeen,
    RecordState,
    SlotAddress,
    SyncSeen,
    SyncState,
    TrafficShare,
    Unavailable,
)
from tests.fleets import ADDRESSES, BLUE, ERRORS, FLEET, GREEN, NODES
from tests.world.manual_clock import START, VERSION, Estate

LIVE = FLEET.live_records[0]
DEPLOY = Deploy("switchyard-r1", GREEN, VERSION, "1.4.0")
MINUTE = timedelta(minutes=1)


def pointing(if_match: str | None, slot_name: str = "green", ttl_seconds: int = 30) -> PointRecord:
    slot = FLEET.slot(GREEN if slot_name == "green" else BLUE)
    return PointRecord(LIVE, slot.name, ADDRESSES[slot.name], ttl_seconds, if_match)


async def perform(it: Estate, action: Action, epoch: int = 1) -> str | None:
    return await it.ports.perform(it.fleet, action, epoch=epoch)


async def test_a_record_carries_the_epoch_of_its_last_write() -> None:
    it = Estate()
    before = await it.see(RecordState(LIVE))
    assert isinstance(before, RecordSeen)
    assert (before.targets, before.epoch, before.fleet) == ((ADDRESSES[BLUE],), None, None)
    await perform(it, pointing(before.etag), epoch=7)
    after = await it.see(RecordState(LIVE))
    assert isinstance(after, RecordSeen)
    assert (after.targets, after.ttl_seconds, after.epoch, after.fleet) == (
        (ADDRESSES[GREEN],),
        30,
        7,
        FLEET.name,
    )
    assert after.etag != before.etag
    assert it.live_record().metadata["switchyard_slot"] == "green"


async def test_a_write_under_an_older_epoch_is_superseded_even_with_the_right_etag() -> None:
    it = Estate()
    await perform(it, pointing(it.live_record().etag), epoch=7)
    with pytest.raises(Superseded, match="epoch 7"):
        await perform(it, pointing(it.live_record().etag, "blue"), epoch=6)
    assert it.live_record().targets == (ADDRESSES[GREEN],)


async def test_a_write_under_an_older_etag_is_superseded() -> None:
    it = Estate()
    old = it.live_record().etag
    await perform(it, pointing(old), epoch=1)
    with pytest.raises(Superseded):
        await perform(it, pointing(old, "blue"), epoch=2)
    with pytest.raises(Superseded):
        await perform(it, pointing(None, "blue"), epoch=3)
    assert it.live_record().targets == (ADDRESSES[GREEN],)


async def test_a_deployment_is_checked_started_once_and_followed_to_its_cluster() -> None:
    it = Estate()
    assert await it.see(DeploymentCheck(GREEN, VERSION, "1.4.0")) == CheckSeen(valid=True)
    assert await it.see(DeploymentState(DEPLOY.name)) == DeploymentSeen("")
    await perform(it, DEPLOY)
    it.clock.pass_seconds(60)
    await perform(it, DEPLOY)
    assert await it.see(DeploymentState(DEPLOY.name)) == DeploymentSeen("Running")
    it.clock.pass_seconds(420)
    assert await it.see(DeploymentState(DEPLOY.name)) == DeploymentSeen("Succeeded")
    cluster = await it.see(ClusterState(GREEN))
    assert isinstance(cluster, ClusterSeen)
    assert (cluster.provisioning, cluster.power, cluster.version) == ("Succeeded", "Running", VERSION)


async def test_a_check_repeats_what_arm_objects_to() -> None:
    it = Estate(faults=Faults(check_objects="QuotaExceeded: cores"))
    check = await it.see(DeploymentCheck(GREEN, VERSION, "1.4.0"))
    assert isinstance(check, CheckSeen)
    assert (check.valid, "QuotaExceeded" in check.because) == (False, True)
    with pytest.raises(Refused):
        await perform(it, DEPLOY)


async def test_a_sync_goes_from_absent_to_compliant_at_the_commit_of_live() -> None:
    it = Estate()
    assert await it.see(SyncState(GREEN)) == SyncSeen("absent", "there is no such cluster")
    it.deploy(GREEN)
    states = []
    for action in (None, StartSync(GREEN)):
        if action is not None:
            await perform(it, action)
        answer = await it.see(SyncState(GREEN))
        assert isinstance(answer, SyncSeen)
        states.append(answer.state)
    it.clock.pass_seconds(120)
    green, blue = await it.see(SyncState(GREEN)), await it.see(SyncState(BLUE))
    assert states == ["absent", "pending"]
    assert isinstance(green, SyncSeen)
    assert green == blue
    assert green.state == "compliant"
    assert green.commits["platform"].startswith("main@sha1:")


async def test_a_sync_that_fails_says_why() -> None:
    it = Estate(faults=Faults(sync_fails="kustomize build failed"))
    it.deploy(GREEN)
    await perform(it, StartSync(GREEN))
    it.clock.pass_seconds(120)
    assert await it.see(SyncState(GREEN)) == SyncSeen(
        "failed", "platform: kustomize build failed", {"platform": (await commit(it))}
    )


async def commit(it: Estate) -> str:
    live = await it.see(SyncState(BLUE))
    assert isinstance(live, SyncSeen)
    return live.commits["platform"]


async def test_a_freeze_gives_a_receipt_that_answers_until_it_has_ended() -> None:
    it = Estate()
    until = START + timedelta(hours=4)
    receipt = await perform(it, Freeze(BLUE, until))
    assert receipt is not None
    assert await it.see(CommandState(BLUE, receipt)) == CommandSeen()
    it.clock.pass_seconds(15)
    answer = await it.see(CommandState(BLUE, receipt))
    assert isinstance(answer, CommandSeen)
    assert answer.exit_code == 0
    cluster_id = FLEET.slot(BLUE).cluster_id
    assert it.world.commands.frozen_until(cluster_id) == until
    await perform(it, Thaw(BLUE))
    it.clock.pass_seconds(15)
    assert it.world.commands.frozen_until(cluster_id) is None


async def test_stopping_and_destroying_may_be_ordered_twice() -> None:
    it = Estate()
    for _ in range(2):
        await perform(it, StopCluster(BLUE))
    with pytest.raises(Retry):
        await perform(it, DestroyCluster(BLUE, None))
    it.clock.pass_seconds(180)
    seen = await it.see(ClusterState(BLUE))
    assert isinstance(seen, ClusterSeen)
    assert seen.power == "Stopped"
    for _ in range(2):
        await perform(it, DestroyCluster(BLUE, seen.etag))
    it.clock.pass_seconds(330)
    await perform(it, DestroyCluster(BLUE, seen.etag))
    assert await it.see(ClusterState(BLUE)) == ClusterSeen(exists=False)
    assert await it.see(GroupState(BLUE)) == GroupSeen(exists=False)
    with pytest.raises(NotFound):
        await perform(it, StopCluster(BLUE))


@pytest.mark.parametrize(
    ("family", "hidden", "seen"),
    [
        (Family.ARM, RecordState(LIVE), GateReading(NODES, BLUE)),
        (Family.AKS, ClusterState(BLUE), RecordState(LIVE)),
        (Family.METRICS, GateReading(NODES, BLUE), GateReading(ERRORS, BLUE)),
        (Family.LOGS, GateReading(ERRORS, BLUE), GateReading(NODES, BLUE)),
        (Family.METRICS, TrafficShare(START), RecordState(LIVE)),
    ],
)
async def test_an_outage_hides_its_family_for_its_span_and_no_other(
    family: Family, hidden: Probe, seen: Probe
) -> None:
    outage = Outage(family=family, from_seconds=600, until_seconds=1200, status=429, retry_after_seconds=17)
    it = Estate(faults=Faults(outages=(outage,)))
    it.clock.pass_seconds(900)
    answers = await it.ports.observe(it.fleet, frozenset({hidden, seen}), it.clock.now())
    assert isinstance(answers[hidden], Unavailable)
    assert answers[hidden].after_seconds == 17  # type: ignore[union-attr]  # narrowed above
    assert not isinstance(answers[seen], Unavailable)
    it.clock.pass_seconds(300)
    assert not isinstance(await it.see(hidden), Unavailable)


async def test_an_order_during_an_outage_is_to_be_retried() -> None:
    it = Estate(faults=Faults(outages=(Outage(family=Family.ARM, from_seconds=0, until_seconds=60),)))
    with pytest.raises(Retry):
        await perform(it, pointing(it.live_record().etag))
    it.clock.pass_seconds(60)
    await perform(it, pointing(it.live_record().etag))
    assert it.live_record().targets == (ADDRESSES[GREEN],)


async def test_a_slot_without_a_literal_address_has_the_one_of_its_public_ip() -> None:
    slots = tuple(
        msgspec.structs.replace(slot, address=None, public_ip_id=f"{slot.gateway_id}-pip")
        for slot in FLEET.slots
    )
    it = Estate(msgspec.structs.replace(FLEET, slots=slots))
    assert await it.see(SlotAddress(GREEN)) == AddressSeen("203.0.113.20")
    assert it.live_record().targets == ("203.0.113.10",)


def test_every_scenario_of_the_demo_is_there() -> None:
    wanted = {"good", "private", "bad-green", "slow-burn", "alert", "manual", "crash", "dns-outage"}
    assert set(SCENARIOS) == wanted | {"weights", "one-gateway", "front-door", "shadow"}
    assert {name for name, faults in SCENARIOS.items() if faults != Faults()} == {
        "bad-green",
        "slow-burn",
        "alert",
        "dns-outage",
        "front-door",
    }
