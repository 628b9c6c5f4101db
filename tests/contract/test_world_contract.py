"""What every world promises the engine: the stand-in's ports, and the Azure adapters on its wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sandbox.world import Faults
from sandbox.world.settings import Family, Outage
from shared.actions import (
    Action,
    Deploy,
    DestroyCluster,
    Freeze,
    PointRecord,
    StartCluster,
    StartSync,
    StopCluster,
    Thaw,
)
from shared.errors import NotFound, Refused, Retry, Superseded
from shared.fleet import Fleet, Record, RecordType, SlotName, SwitchKind
from shared.ports import World
from shared.probes import (
    AddressSeen,
    Answer,
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
    Reading,
    RecordSeen,
    RecordState,
    SlotAddress,
    SyncSeen,
    SyncState,
    TrafficSeen,
    TrafficShare,
    Unavailable,
)
from tests.azure.rig import rig
from tests.fleets import ADDRESSES, BLUE, ERRORS, FLEET, GREEN, HEALTH, NODES
from tests.world.manual_clock import START, VERSION, Estate

TEMPLATE = "1.4.0"
NAME = "switchyard-r1"
LIVE = FLEET.live_records[0]


class Side:
    """A world under test and the estate that lies behind it."""

    def __init__(self, world: World, estate: Estate) -> None:
        self.world = world
        self.estate = estate
        self.fleet = estate.fleet
        self.clock = estate.clock

    async def see(self, probe: Probe) -> Answer:
        """The answer to one probe now."""
        return (await self.world.observe(self.fleet, frozenset({probe}), self.clock.now()))[probe]

    async def do(self, action: Action, *, epoch: int = 1) -> str | None:
        """Perform one action."""
        return await self.world.perform(self.fleet, action, epoch=epoch)

    async def record(self, record: Record = LIVE) -> RecordSeen:
        """The record set as the world sees it."""
        return _is(await self.see(RecordState(record)), RecordSeen)

    async def cluster(self, slot: SlotName) -> ClusterSeen:
        """The slot's cluster as the world sees it."""
        return _is(await self.see(ClusterState(slot)), ClusterSeen)

    async def point(self, slot: SlotName, *, epoch: int = 1, record: Record = LIVE, ttl: int = 30) -> None:
        """Point the record at a slot under the etag that it has now."""
        etag = (await self.record(record)).etag
        await self.do(PointRecord(record, slot, ADDRESSES[slot], ttl, etag), epoch=epoch)


class Sides:
    """Makes the side that a test asks for, with its fleet and faults."""

    def __init__(self, name: str, stack: AsyncExitStack, directory: Path) -> None:
        self.name = name
        self._stack = stack
        self._directory = directory

    async def __call__(self, fleet: Fleet = FLEET, faults: Faults | None = None) -> Side:
        if self.name == "ports":
            estate = Estate(fleet, faults)
            return Side(estate.ports, estate)
        started = await self._stack.enter_async_context(rig(self._directory, fleet, faults))
        return Side(started.azure, started.estate)


@pytest.fixture(params=["ports", "azure"])
async def make(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Sides]:
    """Both doors to the same world."""
    async with AsyncExitStack() as stack:
        yield Sides(request.param, stack, tmp_path)


@pytest.fixture
async def side(make: Sides) -> Side:
    """A world in which nothing goes wrong."""
    return await make()


async def test_a_pointed_record_is_read_back_with_its_ttl_epoch_and_owner(side: Side) -> None:
    before = await side.record()
    assert (before.targets, before.epoch, before.fleet) == ((ADDRESSES[BLUE],), None, None)
    await side.point(GREEN, epoch=7)
    after = await side.record()
    assert (after.targets, after.ttl_seconds) == ((ADDRESSES[GREEN],), 30)
    assert (after.epoch, after.fleet) == (7, FLEET.name)
    assert after.etag != before.etag


async def test_an_older_epoch_never_moves_a_record(side: Side) -> None:
    await side.point(GREEN, epoch=7)
    with pytest.raises(Superseded, match="epoch"):
        await side.point(BLUE, epoch=6)
    assert (await side.record()).targets == (ADDRESSES[GREEN],)


async def test_the_same_epoch_may_write_again(side: Side) -> None:
    await side.point(GREEN, epoch=7)
    await side.point(BLUE, epoch=7)
    assert (await side.record()).targets == (ADDRESSES[BLUE],)


async def test_a_write_under_an_etag_that_has_passed_is_superseded(side: Side) -> None:
    stale = (await side.record()).etag
    await side.point(GREEN, epoch=1)
    with pytest.raises(Superseded):
        await side.do(PointRecord(LIVE, BLUE, ADDRESSES[BLUE], 30, stale), epoch=2)
    assert (await side.record()).targets == (ADDRESSES[GREEN],)


async def test_a_write_that_changes_nothing_is_written_all_the_same(side: Side) -> None:
    await side.point(BLUE, epoch=3, ttl=LIVE.ttl_seconds)
    assert (await side.record()).epoch == 3


async def test_a_new_record_is_made_only_where_there_is_none(side: Side) -> None:
    fresh = msgspec.structs.replace(LIVE, name="fresh")
    order = PointRecord(fresh, BLUE, ADDRESSES[BLUE], 60, None)
    assert not (await side.record(fresh)).exists
    await side.do(order)
    assert (await side.record(fresh)).targets == (ADDRESSES[BLUE],)
    with pytest.raises(Superseded):
        await side.do(order)


async def test_metadata_of_others_survives_a_write(side: Side) -> None:
    zones = side.estate.world.zones
    zones.put(
        LIVE.zone_id,
        LIVE.name,
        LIVE.type,
        ttl_seconds=300,
        targets=(ADDRESSES[BLUE],),
        metadata={"owner": "network-team"},
    )
    await side.point(GREEN, epoch=2)
    kept = zones.get(LIVE.zone_id, LIVE.name, LIVE.type).metadata
    assert kept == {
        "owner": "network-team",
        "switchyard_epoch": "2",
        "switchyard_fleet": FLEET.name,
        "switchyard_slot": "green",
    }


def private_fleet() -> Fleet:
    """The fleet with its live record in a private zone."""
    zone = LIVE.zone_id.replace("dnszones/contoso.com", "privateDnsZones/priv.contoso.com")
    live = msgspec.structs.replace(LIVE, kind=SwitchKind.PRIVATE_DNS, zone_id=zone)
    return msgspec.structs.replace(FLEET, live_records=(live,))


async def test_private_zones_keep_the_same_promises(make: Sides) -> None:
    side = await make(private_fleet())
    live = side.fleet.live_records[0]
    stale = (await side.record(live)).etag
    await side.point(GREEN, epoch=4, record=live)
    after = await side.record(live)
    assert (after.targets, after.ttl_seconds, after.epoch) == ((ADDRESSES[GREEN],), 30, 4)
    with pytest.raises(Superseded):
        await side.do(PointRecord(live, BLUE, ADDRESSES[BLUE], 30, stale), epoch=5)
    with pytest.raises(Superseded):
        await side.do(PointRecord(live, BLUE, ADDRESSES[BLUE], 30, None), epoch=5)
    with pytest.raises(Superseded, match="epoch"):
        await side.point(BLUE, epoch=3, record=live)


@pytest.mark.parametrize(
    ("kind", "address", "target"),
    [
        (RecordType.AAAA, "2001:db8::10", "2001:db8::10"),
        (RecordType.CNAME, "AGW.Example.net.", "agw.example.net"),
    ],
)
@pytest.mark.parametrize("fleet", [FLEET, private_fleet()], ids=["public", "private"])
async def test_records_of_every_type_are_written_and_read(
    make: Sides, fleet: Fleet, kind: RecordType, address: str, target: str
) -> None:
    side = await make(fleet)
    other = msgspec.structs.replace(fleet.live_records[0], name="other", type=kind)
    await side.do(PointRecord(other, BLUE, address, 60, None), epoch=1)
    assert (await side.record(other)).targets == (target,)


async def test_a_cluster_is_seen_with_its_version_or_not_at_all(side: Side) -> None:
    live = await side.cluster(BLUE)
    assert (live.provisioning, live.power, live.version) == ("Succeeded", "Running", "1.31.9")
    assert live.etag is not None
    assert live.node_group == "MC_rg-aks-blue_aks-blue_westeurope"
    assert await side.cluster(GREEN) == ClusterSeen(exists=False)


async def test_a_deployment_brings_up_the_candidate_once(side: Side) -> None:
    assert await side.see(DeploymentState(NAME)) == DeploymentSeen("")
    await side.do(Deploy(NAME, GREEN, VERSION, TEMPLATE))
    await side.do(Deploy(NAME, GREEN, VERSION, TEMPLATE))
    assert _is(await side.see(DeploymentState(NAME)), DeploymentSeen).state in ("Accepted", "Running")
    side.clock.pass_seconds(side.estate.world.estate.timings.deploy_seconds)
    assert _is(await side.see(DeploymentState(NAME)), DeploymentSeen).state == "Succeeded"
    assert (await side.cluster(GREEN)).version == VERSION


async def test_a_failed_deployment_says_what_failed(make: Sides) -> None:
    side = await make(faults=Faults(deployment_fails="Not enough cores in westeurope"))
    await side.do(Deploy(NAME, GREEN, VERSION, TEMPLATE))
    side.clock.pass_seconds(side.estate.world.estate.timings.deploy_seconds)
    failed = _is(await side.see(DeploymentState(NAME)), DeploymentSeen)
    assert failed.state == "Failed"
    assert "Not enough cores in westeurope" in failed.because


async def test_a_check_says_whether_the_deployment_would_be_taken(side: Side) -> None:
    assert await side.see(DeploymentCheck(GREEN, VERSION, TEMPLATE)) == CheckSeen(valid=True)
    unknown = _is(await side.see(DeploymentCheck(GREEN, VERSION, "9.9.9")), CheckSeen)
    assert not unknown.valid
    assert "9.9.9" in unknown.because


async def test_a_check_gives_the_objection(make: Sides) -> None:
    side = await make(faults=Faults(check_objects="Policy denies public clusters"))
    found = _is(await side.see(DeploymentCheck(GREEN, VERSION, TEMPLATE)), CheckSeen)
    assert not found.valid
    assert "Policy denies public clusters" in found.because


async def test_sync_goes_from_absent_over_pending_to_compliant_at_a_commit(side: Side) -> None:
    side.estate.deploy(GREEN)
    assert _is(await side.see(SyncState(GREEN)), SyncSeen).state == "absent"
    await side.do(StartSync(GREEN))
    assert _is(await side.see(SyncState(GREEN)), SyncSeen).state == "pending"
    side.clock.pass_seconds(side.estate.world.estate.timings.sync_seconds)
    green = _is(await side.see(SyncState(GREEN)), SyncSeen)
    blue = _is(await side.see(SyncState(BLUE)), SyncSeen)
    assert green.state == "compliant"
    assert green.commits == blue.commits
    assert set(green.commits) == {"platform"}


async def test_a_configuration_that_does_not_apply_is_never_compliant(make: Sides) -> None:
    side = await make(faults=Faults(sync_fails="no matches for kind HelmRelease"))
    side.estate.deploy(GREEN)
    await side.do(StartSync(GREEN))
    side.clock.pass_seconds(side.estate.world.estate.timings.sync_seconds)
    found = _is(await side.see(SyncState(GREEN)), SyncSeen)
    assert found.state in ("pending", "failed")
    assert "no matches for kind HelmRelease" in found.because


async def test_a_freeze_holds_until_it_is_lifted(side: Side) -> None:
    commands, cluster = side.estate.world.commands, FLEET.slot(BLUE).cluster_id
    until = side.clock.now() + timedelta(hours=4)
    frozen = await side.do(Freeze(BLUE, until))
    assert frozen is not None
    assert await side.see(CommandState(BLUE, frozen)) == CommandSeen()
    side.clock.pass_seconds(60)
    assert _is(await side.see(CommandState(BLUE, frozen)), CommandSeen).exit_code == 0
    assert commands.frozen_until(cluster) == until
    thawed = await side.do(Thaw(BLUE))
    assert thawed is not None
    side.clock.pass_seconds(60)
    assert _is(await side.see(CommandState(BLUE, thawed)), CommandSeen).exit_code == 0
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


async def test_a_slot_has_its_declared_address_or_that_of_its_public_ip(make: Sides) -> None:
    network = f"/subscriptions/{FLEET.subscription_id}/resourceGroups/rg-network/providers/Microsoft.Network"
    slots = tuple(
        msgspec.structs.replace(
            each, address=None, public_ip_id=f"{network}/publicIPAddresses/pip-agw-{each.name}"
        )
        for each in FLEET.slots
    )
    declared, resource = FLEET, msgspec.structs.replace(FLEET, slots=slots)
    for fleet in (declared, resource):
        side = await make(fleet)
        assert await side.see(SlotAddress(GREEN)) == AddressSeen(ADDRESSES[GREEN])


async def test_a_reading_holds_whole_minutes_that_are_old_enough_and_none_before_since(side: Side) -> None:
    side.clock.pass_seconds(20 * 60 + 30)
    since = START + timedelta(minutes=16, seconds=20)
    reading = _is(await side.see(GateReading(NODES, BLUE, since)), Reading)
    assert [sample.at for sample in reading.samples] == [START + timedelta(minutes=17)]
    assert [sample.value for sample in reading.samples] == [0]
    assert NODES.metric in reading.source
    whole = _is(await side.see(GateReading(NODES, BLUE)), Reading)
    assert [sample.at for sample in whole.samples] == [
        START + timedelta(minutes=m) for m in (13, 14, 15, 16, 17)
    ]


async def test_a_window_that_has_not_begun_has_no_samples(side: Side) -> None:
    side.clock.pass_seconds(20 * 60)
    reading = _is(await side.see(GateReading(NODES, BLUE, side.clock.now())), Reading)
    assert reading.samples == ()


async def test_a_cluster_without_data_gives_no_values_instead_of_zeros(side: Side) -> None:
    side.clock.pass_seconds(20 * 60)
    answer = await side.see(GateReading(NODES, GREEN))
    assert isinstance(answer, Unavailable) or not [s for s in answer_samples(answer) if s is not None]


async def test_logs_give_a_sample_a_minute(side: Side) -> None:
    side.clock.pass_seconds(20 * 60)
    reading = _is(await side.see(GateReading(ERRORS, BLUE)), Reading)
    values = answer_samples(reading)
    assert len(values) >= ERRORS.min_samples
    assert all(value is not None and value < 0.01 for value in values)


async def test_a_missing_table_is_no_data(side: Side) -> None:
    side.clock.pass_seconds(20 * 60)
    gate = msgspec.structs.replace(ERRORS, query="NoSuchTable | project TimeGenerated, value = 1")
    assert _is(await side.see(GateReading(gate, BLUE)), Reading).samples == ()


async def test_a_slots_own_host_answers_before_users_reach_it(side: Side) -> None:
    assert set(answer_samples(await side.see(GateReading(HEALTH, GREEN)))) == {1.0}
    side.estate.deploy(GREEN)
    assert set(answer_samples(await side.see(GateReading(HEALTH, GREEN)))) == {0.0}


async def test_traffic_is_counted_by_slot_over_complete_minutes(side: Side) -> None:
    side.clock.pass_seconds(20 * 60 + 10)
    seen = _is(await side.see(TrafficShare(START, 180)), TrafficSeen)
    assert seen.minutes == 3
    assert 3000 < seen.requests[BLUE] < 4200
    assert seen.requests.get(GREEN, 0) == 0
    nothing = _is(await side.see(TrafficShare(side.clock.now(), 180)), TrafficSeen)
    assert (nothing.requests, nothing.minutes) == ({}, 0)


@pytest.mark.parametrize(
    ("family", "probe"),
    [
        (Family.ARM, RecordState(LIVE)),
        (Family.AKS, ClusterState(BLUE)),
        (Family.METRICS, GateReading(NODES, BLUE)),
        (Family.METRICS, TrafficShare(START)),
        (Family.LOGS, GateReading(ERRORS, BLUE)),
    ],
    ids=str,
)
async def test_a_provider_that_throttles_is_unavailable_and_says_for_how_long(
    make: Sides, family: Family, probe: Probe
) -> None:
    outage = Outage(family=family, from_seconds=0, until_seconds=9e9, status=429, retry_after_seconds=17)
    side = await make(faults=Faults(outages=(outage,)))
    side.clock.pass_seconds(20 * 60)
    answer = _is(await side.see(probe), Unavailable)
    assert answer.after_seconds == 17


async def test_one_provider_down_leaves_the_other_answers(make: Sides) -> None:
    outage = Outage(family=Family.METRICS, from_seconds=0, until_seconds=9e9)
    side = await make(faults=Faults(outages=(outage,)))
    side.clock.pass_seconds(20 * 60)
    probes: frozenset[Probe] = frozenset({GateReading(NODES, BLUE), ClusterState(BLUE), RecordState(LIVE)})
    answers = await side.world.observe(side.fleet, probes, side.clock.now())
    assert set(answers) == probes
    kinds = {type(probe): type(answer) for probe, answer in answers.items()}
    assert kinds == {GateReading: Unavailable, ClusterState: ClusterSeen, RecordState: RecordSeen}


async def test_an_order_to_a_throttled_provider_is_for_later(make: Sides) -> None:
    outage = Outage(family=Family.ARM, from_seconds=10, until_seconds=9e9, status=429, retry_after_seconds=17)
    side = await make(faults=Faults(outages=(outage,)))
    etag = (await side.record()).etag
    side.clock.pass_seconds(20)
    with pytest.raises(Retry) as caught:
        await side.do(PointRecord(LIVE, GREEN, ADDRESSES[GREEN], 30, etag))
    assert caught.value.after_seconds == 17


async def test_what_will_never_be_taken_is_refused(side: Side) -> None:
    with pytest.raises(Refused):
        await side.do(Deploy(NAME, GREEN, VERSION, "9.9.9"))


def answer_samples(answer: Answer) -> list[float | None]:
    """The values of a reading."""
    return [sample.value for sample in _is(answer, Reading).samples]


def _is[T](answer: Answer | Any, kind: type[T]) -> T:
    assert isinstance(answer, kind), answer
    return answer
