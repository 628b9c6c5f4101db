"""Refusals, dead providers and lost clusters at the worst of moments, through the real engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sandbox.world.ports import PortsWorld
from shared.actions import Action, PointRecord, StopCluster
from shared.errors import Refused
from shared.fleet import Fleet
from shared.model import HoldKind, Outcome, SignalKind
from shared.policy import Approvals
from shared.probes import (
    Answer,
    ClusterSeen,
    ClusterState,
    GateReading,
    Probe,
    Reading,
    RecordState,
    Unavailable,
)
from tests.engine.rig import VERSION, Rig
from tests.fleets import ADDRESSES, BLUE, GREEN, fleet, policy, record


class Troubled:
    """The stand-in's world with answers and refusals of a test's own."""

    def __init__(self, world: PortsWorld) -> None:
        self._world = world
        self.instead: Callable[[Probe], Answer | None] = lambda _: None
        self.refused: Callable[[Action], bool] = lambda _: False
        self.asked: list[Probe] = []

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> Mapping[Probe, Answer]:
        """The world's answers, but for those that the test gives."""
        self.asked += probes
        found = await self._world.observe(fleet, probes, now)
        return {probe: self.instead(probe) or answer for probe, answer in found.items()}

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """Carry it out, unless the test refuses it."""
        if self.refused(action):
            raise Refused("AuthorizationFailed: the identity may not do that")
        return await self._world.perform(fleet, action, epoch=epoch)


async def rig(**changes: object) -> tuple[Rig, Troubled]:
    it = Rig(fleet(**changes))
    it.observed = Troubled(it.observed)  # type: ignore[assignment]
    it.restart()
    await it.applied()
    return it, it.observed  # type: ignore[return-value]


async def minutes(it: Rig, count: int) -> None:
    for _ in range(count):
        await it.minute()


def blue_is(cluster: ClusterSeen) -> Callable[[Probe], Answer | None]:
    return lambda probe: cluster if probe == ClusterState(BLUE) else None


GONE = ClusterSeen(exists=False)


async def test_a_rollout_holds_in_the_bake_when_its_way_back_is_gone() -> None:
    it, world = await rig()
    await it.publish_version()
    await it.until("bake")
    world.instead = blue_is(GONE)
    await minutes(it, 30)
    rollout = await it.rollout()
    assert rollout.held is not None
    assert "nowhere to go: blue has no cluster" in rollout.held.because
    await it.send(SignalKind.PROMOTE, by="olivia@contoso.com")
    assert (await it.ended()).outcome is Outcome.COMPLETED


async def nowhere_to_go() -> tuple[Rig, Troubled]:
    """A rollback whose safe slot has no cluster any more, as the world is shown."""
    it, world = await rig()
    await it.publish_version()
    await it.until("bake")
    world.instead = blue_is(GONE)
    await it.minute()
    await it.fire()
    return it, world


async def test_a_rollback_never_sends_users_to_a_cluster_that_is_gone() -> None:
    it, _ = await nowhere_to_go()
    rollout = await it.ended()
    assert rollout.outcome is Outcome.ROLLBACK_FAILED
    assert it.traffic_at() == ADDRESSES[GREEN]


async def test_a_rollback_starts_a_cluster_that_somebody_stopped_before_it_sends_users_there() -> None:
    it, _ = await rig()
    await it.publish_version()
    await it.until("bake")
    it.world.clusters.stop(it.fleet.slot(BLUE).cluster_id)
    await minutes(it, 5)
    await it.fire()
    assert it.traffic_at() == ADDRESSES[GREEN]
    assert (await it.ended()).outcome is Outcome.ROLLED_BACK
    assert it.traffic_at() == ADDRESSES[BLUE]


async def test_nothing_but_the_records_is_read_between_an_alert_and_its_dns_write() -> None:
    it, world = await rig()
    await it.publish_version()
    await it.until("bake")
    world.asked.clear()
    ticked = await it.fire()
    first = next(d for d in ticked.decisions if d.actions)
    assert [type(action) for action in first.actions] == [PointRecord]
    assert world.asked[0] == RecordState(it.fleet.live_records[0])
    assert not any(isinstance(probe, ClusterState | GateReading) for probe in world.asked)


async def test_a_rollback_saves_every_record_that_can_be_saved() -> None:
    it, world = await rig(live_records=(record("aks"), record("api")))
    await it.publish_version()
    await it.until("bake")
    world.refused = lambda action: isinstance(action, PointRecord) and action.record.name == "api"
    await it.fire()
    assert it.traffic_at() == ADDRESSES[BLUE]


async def test_a_refusal_with_users_on_the_candidate_holds_instead_of_rolling_it_back() -> None:
    it, world = await rig()
    world.refused = lambda action: isinstance(action, StopCluster)
    await it.publish_version()
    await it.until("stop")
    await minutes(it, 3)
    held = (await it.rollout()).held
    assert held is not None
    assert held.kind is HoldKind.DEADLINE
    assert "AuthorizationFailed" in held.because
    world.refused = lambda _: False
    await it.send(SignalKind.RETRY, by="olivia@contoso.com")
    assert (await it.ended()).outcome is Outcome.COMPLETED


async def test_silence_during_a_pause_starts_the_clean_run_anew() -> None:
    it, world = await rig()
    await it.publish_version()
    await it.until("bake")
    await minutes(it, 5)
    await it.send(SignalKind.PAUSE, by="olivia@contoso.com")
    empty = Reading((), "", it.clock.at, it.clock.at)
    world.instead = lambda probe: empty if isinstance(probe, GateReading) else None
    await minutes(it, 25)
    world.instead = lambda _: None
    await it.send(SignalKind.RESUME, by="olivia@contoso.com")
    await minutes(it, 2)
    assert (await it.rollout()).step == "bake"


async def test_nothing_is_stopped_or_destroyed_while_a_live_record_cannot_be_read() -> None:
    it, world = await rig(approvals=Approvals(destroy=True))
    await it.publish_version()
    await it.until("approve_destroy")
    dark = Unavailable("DNS does not answer")
    world.instead = lambda probe: dark if isinstance(probe, RecordState) else None
    await it.send(SignalKind.PROMOTE, by="olivia@contoso.com")
    await minutes(it, 30)
    rollout = await it.rollout()
    assert (rollout.step, rollout.live_stopped) == ("stop", False)


async def test_a_dead_provider_in_preflight_asks_a_person_instead_of_blaming_the_version() -> None:
    it, world = await rig()
    world.instead = lambda probe: Unavailable("503") if isinstance(probe, RecordState) else None
    await it.publish_version()
    await minutes(it, 40)
    held = (await it.rollout()).held
    assert held is not None
    assert held.kind is HoldKind.DEADLINE
    assert (await it.state()).held_versions == ()


async def test_a_version_event_waits_until_the_live_cluster_can_be_read() -> None:
    it, world = await rig()
    world.instead = blue_is(ClusterSeen(exists=False))
    world.instead = lambda probe: Unavailable("429") if isinstance(probe, ClusterState) else None
    await it.publish_version()
    assert (await it.state()).rollout is None
    because = [entry.because for entry in await it.store.audit("contoso")]
    assert because == ["a new version waits for the live cluster to be read: 429"]
    world.instead = lambda _: None
    await it.minute()
    assert (await it.rollout()).version == VERSION


async def test_a_second_alert_on_live_keeps_the_hold_until_it_too_is_resolved() -> None:
    it, _ = await rig()
    await it.publish_version()
    for alert in ("a", "b"):
        await it.fire(BLUE, alert)
    for alert, held in (("b", True), ("a", False)):
        await it.send(SignalKind.ALERT, slot=BLUE, state="resolved", alert_id=alert)
        assert ((await it.rollout()).held is not None) is held


async def test_a_freeze_that_ran_out_during_an_approval_is_renewed_before_the_switch() -> None:
    it, _ = await rig(approvals=Approvals(switch=True))
    await it.publish_version()
    await it.until("approve_switch")
    it.clock.at += timedelta(hours=6)
    assert it.frozen_until(BLUE) is None
    await it.send(SignalKind.PROMOTE, by="olivia@contoso.com")
    await it.until("converge")
    assert it.frozen_until(BLUE) is not None
    assert (await it.ended()).outcome is Outcome.COMPLETED


async def test_a_live_record_that_somebody_moved_before_the_switch_is_not_overwritten_silently() -> None:
    it, _ = await rig(approvals=Approvals(switch=True))
    await it.publish_version()
    await it.until("approve_switch")
    it.point_elsewhere("198.51.100.9")
    await it.send(SignalKind.PROMOTE, by="olivia@contoso.com")
    await minutes(it, 3)
    held = (await it.rollout()).held
    assert held is not None
    assert "198.51.100.9" in held.because
    assert it.traffic_at() == "198.51.100.9"
    assert (await it.ended()).outcome is Outcome.STOPPED


async def test_a_provider_is_asked_again_no_earlier_than_it_said() -> None:
    it, world = await rig()
    await it.publish_version()
    await it.until("bake")
    throttled = Unavailable("throttled", after_seconds=900)
    world.instead = lambda probe: throttled if isinstance(probe, GateReading) else None
    await it.minute()
    world.asked.clear()
    await minutes(it, 14)
    assert world.asked == []
    await minutes(it, 2)
    assert world.asked != []


async def test_a_bake_longer_than_the_steps_deadline_is_not_late() -> None:
    it, _ = await rig(policy=policy(bake_seconds=26 * 3600, poll_seconds=3600))
    await it.publish_version()
    await it.until("bake")
    for _ in range(25):
        it.clock.at += timedelta(hours=1)
        await it.engine.tick("contoso")
    rollout = await it.rollout()
    assert (rollout.step, rollout.held) == ("bake", None)


async def test_a_candidate_that_is_still_being_deployed_is_removed_once_it_is_there() -> None:
    it, _ = await rig(policy=policy(keep_candidate=False))
    await it.publish_version()
    await it.until("deploy")
    await minutes(it, 2)
    await it.fire()
    assert (await it.ended()).outcome is Outcome.STOPPED
    await minutes(it, 30)
    assert it.world.clusters.find(it.fleet.slot(GREEN).cluster_id) is None


async def test_a_version_for_a_fleet_whose_live_cluster_is_gone_is_answered() -> None:
    it, _ = await rig()
    it.world.clusters.delete(it.fleet.slot(BLUE).cluster_id)
    it.clock.at += timedelta(minutes=20)
    ticked = await it.publish_version()
    answer = ticked.disposition("signal-1")
    assert answer is not None
    assert answer.because == "version 1.32.6 is available, but blue, which is live, has no cluster"
    assert (await it.store.load(it.fleet.name)).pending == ()
