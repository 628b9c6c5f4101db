"""Fleets that are no longer swept: nothing may be owed to anybody when the sweep lets one go."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from sandbox.memory_store import MemoryStore
from sandbox.world import events
from shared.api.intake import Intake
from shared.engine import QUIET_SECONDS, Engine, Ticked
from shared.errors import Refused, Retry
from shared.model import Outcome, Rollout, Signal, SignalKind
from shared.ports import OutboxEntry, Row
from shared.signals import parse_command, resources_of
from tests.engine.rig import Rig
from tests.fleets import GREEN, fleet, policy


class DeafTopic:
    """A topic that does not answer."""

    async def publish(self, entry: OutboxEntry) -> None:
        """Refuse it."""
        raise Retry("the topic does not answer")


class Flaky(Engine):
    """An engine whose next ticks do not get through to the store."""

    fails = False

    async def tick(self, fleet_name: str, read: Row | None = None) -> Ticked:
        """As the engine does, while the store answers."""
        if self.fails:
            raise Retry("the store does not answer")
        return await super().tick(fleet_name, read)


async def swept(it: Rig) -> bool:
    return bool(await it.store.directory(active_only=True))


async def quiet(it: Rig) -> None:
    """Time passes until the fleet would be let go."""
    it.clock.at += timedelta(seconds=QUIET_SECONDS + 60)
    await it.engine.housekeep()


def retry(it: Rig, rollout: Rollout) -> Signal:
    """A person tries it again."""
    now = it.clock.now()
    return parse_command(SignalKind.RETRY, "contoso", rollout.id, None, "olivia@contoso.com", now)


async def failed_rollback() -> Rig:
    """A rollback that could not be proven in time, long ago."""
    it = await Rig(fleet(policy=policy(deadlines={"prove": 1}))).applied()
    await it.publish_version()
    await it.until("bake")
    await it.fire()
    assert (await it.ended()).outcome is Outcome.ROLLBACK_FAILED
    for _ in range(20):
        await it.minute()
    await quiet(it)
    assert not await swept(it)
    return it


async def test_a_fleet_is_swept_until_its_topic_has_taken_every_announcement() -> None:
    it = await Rig(fleet()).applied()
    deaf = Engine(it.store, it.engine._world, DeafTopic(), it.clock)
    it.engine, hearing = deaf, it.engine
    await it.publish_version()
    await it.send(SignalKind.ROLLBACK, by="olivia@contoso.com")
    for _ in range(20):
        await it.minute()
    await quiet(it)
    assert await swept(it), "its announcements would never be tried again"
    it.engine = hearing
    await it.engine.housekeep()
    assert it.topic.taken
    await it.engine.housekeep()
    assert not await swept(it)


async def test_a_rollback_that_is_tried_again_after_a_long_silence_is_swept_to_its_end() -> None:
    it = await failed_rollback()
    intake = Intake(it.store, it.engine, it.clock)
    await intake.command(retry(it, await it.rollout()))
    assert await swept(it), "nobody would advance it"


async def test_a_command_that_is_only_stored_is_found_by_the_sweep() -> None:
    it = await failed_rollback()
    engine = Flaky(it.store, it.engine._world, it.topic, it.clock)
    engine.fails = True
    intake = Intake(it.store, engine, it.clock)
    with suppress(Retry):
        await intake.command(retry(it, await it.rollout()))
    assert await swept(it)


async def test_an_alert_that_arrives_while_the_sweep_lets_its_fleet_go_is_found_by_the_next_sweep() -> None:
    it = await Rig(fleet()).applied()
    it.clock.at += timedelta(seconds=QUIET_SECONDS + 60)
    await it.store.mark("contoso", active=True, now=it.clock.now() - timedelta(seconds=QUIET_SECONDS + 60))
    engine = Flaky(it.store, it.engine._world, it.topic, it.clock)
    intake = Intake(it.store, engine, it.clock)
    with suppress(Refused):
        await intake.alert({})
    # The directory that the intake has just read says that the fleet is swept; now it no longer is.
    await it.engine.housekeep()
    engine.fails = True
    gateway = it.fleet.slot(GREEN).gateway_id
    await intake.alert(events.metric_alert(gateway, it.clock.now(), alert_guid="a" * 32))
    assert await swept(it)


class PartlyDark(MemoryStore):
    """A store that cannot read the outbox of one fleet."""

    dark = "alpha"

    async def owed(self, fleet: str, *, before: datetime) -> tuple[OutboxEntry, ...]:
        """As the store does, for every other fleet."""
        if fleet == self.dark:
            raise Retry("the store does not answer")
        return await super().owed(fleet, before=before)


async def test_a_fleet_that_cannot_be_read_does_not_keep_the_others_from_being_looked_after() -> None:
    it = Rig(fleet())
    it.store = PartlyDark(resources_of)
    it.restart()
    for name in ("alpha", "omega"):
        await it.store.apply(fleet(name=name), if_match=None, now=it.clock.now())
        await it.store.mark(name, active=True, now=it.clock.now())
    await quiet(it)
    assert [entry.name for entry in await it.store.directory(active_only=True)] == ["alpha"]
