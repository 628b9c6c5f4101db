"""A worker that claims, falls asleep, and acts minutes later, when somebody else has turned it all round."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec

from sandbox.world.ports import PortsWorld
from shared.actions import Action, Freeze, PointRecord, SetMatch, SetWeights, StopCluster
from shared.engine import Engine
from shared.errors import Superseded
from shared.fleet import Fleet
from shared.levers import SwitchKind
from shared.model import Outcome, SignalKind
from shared.probes import Answer, Probe
from shared.safety import Drain, Traffic
from tests.engine.balanced import balanced
from tests.engine.rig import Rig
from tests.fleets import ADDRESSES, BLUE, GREEN, fleet
from tests.fleets_balanced import traffic_manager_fleet


class AsleepError(Exception):
    """The worker sleeps before its action."""


class SleepyWorld:
    """The world of a worker that falls asleep before its first action of one kind."""

    def __init__(self, world: PortsWorld, kind: type[Action]) -> None:
        self._world = world
        self._kind = kind
        self._late: tuple[Fleet, Action, int] | None = None

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> Mapping[Probe, Answer]:
        """As the world does."""
        return await self._world.observe(fleet, probes, now)

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """Fall asleep, or do as the world does."""
        if isinstance(action, self._kind):
            self._late = fleet, action, epoch
            raise AsleepError
        return await self._world.perform(fleet, action, epoch=epoch)

    async def wakes(self) -> None:
        """The worker wakes and does what it was about to do."""
        assert self._late is not None, "it never fell asleep"
        fleet, action, epoch = self._late
        with suppress(Superseded):
            await self._world.perform(fleet, action, epoch=epoch)


async def falls_asleep(it: Rig, step: str, kind: type[Action]) -> SleepyWorld:
    """One of two workers claims an action of that kind in that step, and sleeps."""
    await it.publish_version()
    rollout = await it.until(step)
    assert rollout.outcome is None
    sleepy = SleepyWorld(PortsWorld(it.world), kind)
    engine = Engine(it.store, sleepy, it.topic, it.clock)
    for _ in range(60):
        it.clock.at += timedelta(minutes=1)
        try:
            await engine.tick(it.fleet.name)
        except AsleepError:
            return sleepy
    raise AssertionError(f"{step} never ordered a {kind.__name__}")


async def back(it: Rig) -> None:
    await it.send(SignalKind.ROLLBACK, by="olivia@contoso.com")


async def minutes(it: Rig, count: int) -> None:
    for _ in range(count):
        await it.minute()


async def test_a_late_stop_never_hits_the_cluster_that_users_were_brought_back_to() -> None:
    it = await Rig(fleet()).applied()
    sleepy = await falls_asleep(it, "bake", StopCluster)
    await back(it)
    await minutes(it, 4)
    await sleepy.wakes()
    assert it.traffic_at() != ADDRESSES[BLUE], "users would be on a cluster that stops"
    assert (await it.ended()).outcome is Outcome.ROLLED_BACK
    assert it.traffic_at() == ADDRESSES[BLUE]
    assert it.world.clusters.runs(it.fleet.slot(BLUE).cluster_id, it.clock.at)


async def test_a_late_freeze_does_not_outlive_the_rollout() -> None:
    it = await Rig(fleet()).applied()
    sleepy = await falls_asleep(it, "platform_gate", Freeze)
    await back(it)
    await minutes(it, 4)
    await sleepy.wakes()
    assert (await it.ended()).outcome is Outcome.STOPPED
    await minutes(it, 2)
    assert it.frozen_until(BLUE) is None


async def test_a_late_low_ttl_does_not_outlive_the_rollout() -> None:
    it = await Rig(fleet(freeze=None)).applied()
    sleepy = await falls_asleep(it, "platform_gate", PointRecord)
    await back(it)
    assert (await it.ended()).outcome is Outcome.STOPPED
    await sleepy.wakes()
    assert it.live_record().ttl_seconds == 300


async def test_a_late_canary_is_lifted_before_the_way_back_counts_as_proven() -> None:
    it = await Rig(balanced(SwitchKind.FRONT_DOOR, canary=True)).applied()
    sleepy = await falls_asleep(it, "platform_gate", SetMatch)
    balancer = it.fleet.balancers[0]
    await back(it)
    assert (await it.rollout()).step == "prove"
    await minutes(it, 4)
    await sleepy.wakes()
    assert it.world.balancers.newest(balancer).matched is not None
    await it.until("thaw")
    assert it.world.balancers.newest(balancer).matched is None
    assert (await it.ended()).outcome is Outcome.ROLLED_BACK


async def test_late_weights_are_outwaited_and_taken_back_before_the_way_back_ends() -> None:
    quick = msgspec.structs.replace(
        traffic_manager_fleet(), freeze=None, drain=Drain(), traffic=Traffic(ingestion_seconds=60)
    )
    it = await Rig(quick).applied()
    sleepy = await falls_asleep(it, "platform_gate", SetWeights)
    balancer = it.fleet.balancers[0]
    await back(it)
    await minutes(it, 4)
    assert (await it.rollout()).outcome is None, "the order of before may still come through"
    it.clock.at += timedelta(seconds=50)
    await sleepy.wakes()
    assert it.world.traffic.mix(it.clock.at + timedelta(hours=1)) == {GREEN: 1.0}
    assert (await it.ended()).outcome is Outcome.ROLLED_BACK
    assert it.world.traffic.mix(it.clock.at) == {BLUE: 1.0}
    states = it.world.balancers.newest(balancer).members
    assert [states[balancer.member(slot).name].enabled for slot in (BLUE, GREEN)] == [True, False]


async def test_workers_who_turn_back_at_once_do_not_wait_for_the_order_of_the_latest_of_them() -> None:
    it = await Rig(balanced(SwitchKind.FRONT_DOOR, beneath=True)).applied()
    await it.publish_version()
    await it.until("bake")
    epochs: list[int] = []
    for _ in range(2):
        engine = Engine(it.store, SleepyWorld(PortsWorld(it.world), PointRecord), it.topic, it.clock)
        it.engine = engine
        with suppress(AsleepError):
            await (back(it) if not epochs else it.minute())
        epochs.append((await it.state()).epoch)
    it.restart()
    zones, beneath = it.world.zones, it.fleet.balancers[0].beneath
    for record in beneath:
        etag = zones.get(record.zone_id, record.name, record.type).etag
        order = PointRecord(record, BLUE, ADDRESSES[BLUE], 30, etag)
        await it.observed.perform(it.fleet, order, epoch=epochs[0])
    written = [len(zones.history(record)) for record in beneath]
    await it.minute()
    assert epochs[0] < epochs[1], "both had given the order"
    assert [len(zones.history(record)) for record in beneath] == written, "nobody orders it a third time"
    assert (await it.rollout()).step != "divert"
