"""Time by the store's clock: wrong clocks, and sleep between a question and its answer, cut nothing short."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from math import floor

import pytest

from sandbox.memory_store import MemoryStore, MemoryTables
from sandbox.world.events import version_available
from shared.actions import Action, Deploy, PointRecord
from shared.api.intake import Intake
from shared.clock import ServiceClock
from shared.decision import Decision, Seen
from shared.engine import BEGIN_SECONDS_MAX, Engine
from shared.fleet import Fleet
from shared.model import Outcome
from shared.ports import Claimed, Row
from shared.probes import Answer, Probe
from shared.signals import resources_of
from shared.store.table_store import TableStore
from shared.store.tables import Found, Range, Write
from stages.step import ORDER_SECONDS_MAX
from tests.engine.rig import VERSION, Clock, Rig
from tests.engine.test_stalled_workers import falls_asleep
from tests.fleets import ADDRESSES, BLUE, GREEN, fleet


class Interrupted:
    """A world in which something happens before each look, after it, and when an action is begun."""

    def __init__(self, it: Rig) -> None:
        self._it = it
        self.before: Callable[[], Awaitable[None]] | None = None
        self.after: Callable[[], Awaitable[None]] | None = None
        self.begun: list[Action] = []

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> Mapping[Probe, Answer]:
        """As ever, between the two."""
        if self.before is not None:
            await self.before()
        answers = await self._it.observed.observe(fleet, probes, now)
        if self.after is not None:
            await self.after()
        return answers

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """As ever."""
        self.begun.append(action)
        return await self._it.observed.perform(fleet, action, epoch=epoch)


def interrupted(it: Rig) -> Interrupted:
    world = Interrupted(it)
    it.engine = Engine(it.store, world, it.topic, it.clock)
    return world


async def test_a_window_begins_once_the_switch_was_seen_not_when_the_worker_began_to_look() -> None:
    it = await Rig(fleet()).applied()
    sleepy = await falls_asleep(it, "sync_gate", PointRecord)
    world = interrupted(it)

    async def the_other_wakes_meanwhile() -> None:
        world.before = None
        it.clock.at += timedelta(seconds=200)
        await sleepy.wakes()

    world.before = the_other_wakes_meanwhile
    await it.engine.tick(it.fleet.name)
    switched_at = it.clock.at
    assert it.traffic_at() == ADDRESSES[GREEN]
    moved_at = (await it.rollout()).moved_at
    assert moved_at is not None
    assert moved_at >= switched_at


async def test_a_bake_does_not_end_on_a_look_from_before_the_worker_slept() -> None:
    it = await Rig(fleet()).applied()
    await it.publish_version()
    await it.until("bake")
    await it.minute()
    world = interrupted(it)

    async def sleeps_through_the_bake() -> None:
        world.after = None
        it.clock.at += timedelta(seconds=it.fleet.policy.bake_seconds)

    world.after = sleeps_through_the_bake
    before = (await it.store.audit(it.fleet.name))[-1].epoch
    it.clock.at += timedelta(minutes=1)
    ticked = await it.engine.tick(it.fleet.name)
    slept, *_ = ticked.decisions
    assert slept.state.epoch == before + 1
    assert slept.state.rollout is not None
    assert slept.state.rollout.step == "bake", "it passed on minutes that nobody looked at"


class SleepyStore(MemoryStore):
    """A store over whose next claim of an action its worker sleeps."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(resources_of)
        self.clock = clock
        self.sleeps_seconds = 0.0

    async def claim(self, row: Row, decision: Decision, seen: Seen) -> Claimed:
        """Claim, and sleep over the answer."""
        claimed = await super().claim(row, decision, seen)
        if decision.actions:
            self.clock.at += timedelta(seconds=self.sleeps_seconds)
            self.sleeps_seconds = 0.0
        return claimed


async def test_a_worker_that_slept_over_its_claim_begins_nothing_that_others_no_longer_expect() -> None:
    it = Rig(fleet())
    store = SleepyStore(it.clock)
    it.store = store
    await it.applied()
    world = interrupted(it)
    store.sleeps_seconds = BEGIN_SECONDS_MAX + 1
    await it.publish_version()
    assert (await it.ended()).outcome is Outcome.COMPLETED
    assert [type(action) for action in world.begun].count(Deploy) == 1
    ordered = [
        entry for entry in await it.store.audit(it.fleet.name) if entry.step == "deploy" and entry.actions
    ]
    assert len(ordered) == 2, "it was decided again, by a look that was new"


def test_an_order_has_the_time_to_arrive_before_nobody_expects_it_any_more() -> None:
    assert BEGIN_SECONDS_MAX + 30 < ORDER_SECONDS_MAX


class DatedTables:
    """Tables whose answers carry a date in whole seconds, as a worker hears them."""

    def __init__(self, it: Rig, tables: MemoryTables, clock: ServiceClock) -> None:
        self._it = it
        self._tables = tables
        self._clock = clock

    async def page(self, table: str, rows: Range, *, rows_max: int) -> tuple[list[Found], bool]:
        """As ever, and dated."""
        self._hear()
        return await self._tables.page(table, rows, rows_max=rows_max)

    async def scan(self, table: str, rows: Range) -> list[Found]:
        """As ever, and dated."""
        self._hear()
        return await self._tables.scan(table, rows)

    async def get(self, table: str, partition: str, row_key: str) -> Found | None:
        """As ever, and dated."""
        self._hear()
        return await self._tables.get(table, partition, row_key)

    async def write(self, table: str, writes: Sequence[Write]) -> str:
        """As ever, and dated."""
        self._hear()
        return await self._tables.write(table, writes)

    def _hear(self) -> None:
        self._clock.heard(floor(self._it.clock.at.timestamp()), self._clock.elapsed())


class Off:
    """A worker's own clock, which is wrong."""

    def __init__(self, it: Rig, off_seconds: float) -> None:
        self._it = it
        self._off = timedelta(seconds=off_seconds)

    def now(self) -> datetime:
        """What it shows."""
        return self._it.clock.at + self._off

    def at(self, real: datetime) -> datetime:
        """The same: nothing is rehearsed."""
        return real


def worker(it: Rig, tables: MemoryTables, off_seconds: float) -> Engine:
    clock = ServiceClock(Off(it, off_seconds), elapsed=lambda: it.clock.at.timestamp() - 4711)
    store = TableStore(DatedTables(it, tables, clock), resources_of)
    return Engine(store, it.observed, it.topic, clock)


async def lasted(*offs_seconds: float) -> dict[str, float]:
    """How long each step of a good rollout takes in minutes, if workers whose clocks are off take turns."""
    it, tables = Rig(fleet()), MemoryTables()
    it.clock.at = it.clock.at.replace(microsecond=400_000)
    it.store = MemoryStore(resources_of, tables)
    await it.applied()
    engines = [worker(it, tables, off_seconds) for off_seconds in offs_seconds]
    it.engine = engines[0]
    await it.publish_version()
    minutes: dict[str, float] = {}
    for n in range(600):
        rollout = await it.rollout()
        if rollout.outcome is not None:
            assert rollout.outcome is Outcome.COMPLETED
            return minutes
        minutes[rollout.step] = minutes.get(rollout.step, 0) + 0.5
        it.clock.at += timedelta(seconds=30)
        await engines[n % len(engines)].tick(it.fleet.name)
    raise AssertionError(f"it did not end; it is at {await it.rollout()}")


@pytest.mark.parametrize("offs_seconds", [(-300.0, 300.0), (300.0, -300.0), (300.0, 0.0, -300.0)])
async def test_workers_whose_clocks_are_minutes_apart_take_as_long_as_one_that_is_right(
    offs_seconds: tuple[float, ...],
) -> None:
    right = await lasted(0.0)
    wrong = await lasted(*offs_seconds)
    assert wrong.keys() == right.keys()
    a_look_later = 0.5
    assert all(abs(wrong[step] - right[step]) <= a_look_later for step in right)


async def test_a_new_worker_whose_clock_is_fast_dates_what_it_is_sent_by_the_stores() -> None:
    it, tables = Rig(fleet()), MemoryTables()
    it.store = MemoryStore(resources_of, tables)
    await it.applied()
    clock = ServiceClock(Off(it, 300.0), elapsed=lambda: 4711.0)
    store = TableStore(DatedTables(it, tables, clock), resources_of)
    intake = Intake(store, Engine(store, it.observed, it.topic, clock), clock)
    body = version_available(it.fleet.slot(BLUE).cluster_id, VERSION, it.clock.at, event_id="version-1")
    del body["eventTime"]
    (signal,) = await intake.events(body)
    assert abs(signal.at - it.clock.at) <= timedelta(seconds=2)
