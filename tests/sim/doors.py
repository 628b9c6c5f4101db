"""The doors between the product and its surroundings, with faults in the frames.

Each call stops at a scheduler point before and after its effect, where the worker may crash or stall; the
effect may be refused, or its answer lost. What the doors let through, they tell the watch.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from math import floor
from typing import Any, cast

from sandbox.memory_store import MemoryTables
from sandbox.world.ports import PortsWorld
from shared.actions import Action
from shared.decision import Decision, Seen
from shared.errors import Retry, SwitchyardError
from shared.fleet import Fleet
from shared.ports import Claimed, OutboxEntry, Row
from shared.probes import Answer, Probe, Reading, RecordState, Unavailable
from shared.store.decoded import Decoded
from shared.store.table_store import TableStore
from shared.store.tables import Clash, Found, Lost, Range, Write
from tests.sim.distortion import distorted, stale
from tests.sim.scenario import STALL_SECONDS_MAX
from tests.sim.scheduler import CRASH, EPOCH, Scheduler, Task, pause
from tests.sim.watch import Claiming, Watch
from tests.sim.weather import Weather, Worker

EPOCH_SECONDS = EPOCH.timestamp()
TIMEOUT_SECONDS = 300.0
"""`functionTimeout`: a process whose invocation lasts longer is killed."""


class Door:
    """Where a worker meets the outside."""

    def __init__(self, scheduler: Scheduler, weather: Weather, watch: Watch, worker: Worker) -> None:
        self.scheduler = scheduler
        self.weather = weather
        self.watch = watch
        self.worker = worker

    def point(self, what: str, rate: float = 0.0) -> Awaitable[None]:
        """Others may run here; the worker may crash, or stall at the swarm's rate or at one of its own."""
        weather, scheduler = self.weather, self.scheduler
        task = scheduler.current
        weather.quiet_points -= 1
        if weather.quiet_points < 0 or rate or weather.watched or task is None:
            return self._struck(what, rate, task) or scheduler.brief_pause()
        if scheduler.seconds - task.started_at > TIMEOUT_SECONDS:
            return self._crash(what)
        return scheduler.brief_pause()

    def _struck(self, what: str, rate: float, task: Task | None) -> Awaitable[None] | None:
        """What strikes here, None where nothing does."""
        weather, scheduler = self.weather, self.scheduler
        if weather.seen is not None and task is not None:
            weather.seen.append((scheduler.points, task, self.watch.place(), what))
        striker = weather.striker()
        late = task is not None and scheduler.seconds - task.started_at > TIMEOUT_SECONDS
        if striker == "crash" or late or scheduler.points in weather.crash_at:
            return self._crash(what)
        if task is None:
            return None
        if striker == "hang":
            return self._hang(what, task)
        tired = striker == "stall" or weather.strikes(rate)
        if tired and STALL_SECONDS_MAX - task.slept_seconds > 1.0:
            return self._stall(what, task)
        return None

    async def _crash(self, what: str) -> None:
        self.weather.crashes += 1
        self.watch.told(self.worker.name, f"crashes {what}")
        await pause(CRASH)

    async def _hang(self, what: str, task: Task) -> None:
        self.watch.told(self.worker.name, f"hangs {what}, until the host kills it")
        await pause(TIMEOUT_SECONDS - (self.scheduler.seconds - task.started_at))
        await pause(CRASH)

    async def _stall(self, what: str, task: Task) -> None:
        seconds = self.weather.chance.uniform(1.0, STALL_SECONDS_MAX - task.slept_seconds)
        task.slept_seconds += seconds
        self.watch.told(self.worker.name, f"stalls for {seconds:.0f} s {what}")
        await pause(seconds)

    def date(self) -> int:
        """The `Date` of an answer, in whole seconds that the server renews once a second."""
        return floor(EPOCH_SECONDS + self.scheduler.seconds - self.weather.chance.random())

    def refuse_store(self, what: str) -> None:
        """Raise the store's refusal, if it strikes or the store has stopped."""
        if self.weather.store_stops and self.weather.store_stopped(self.scheduler.seconds):
            raise Retry(f"503 ServerBusy: {what}")
        if self.weather.swarm.refused:
            self.refuse(what)

    def refuse(self, what: str) -> None:
        """Raise the service's refusal, if it strikes."""
        refused = self.weather.swarm.refused
        if refused and self.weather.strikes(refused):
            after = self.weather.chance.choice((None, 2.0, 20.0))
            self.watch.told(self.worker.name, f"is refused {what}")
            raise Retry(f"503 ServiceUnavailable: {what}", after)


class FaultyTables:
    """`shared.store.tables.Tables` behind a door."""

    def __init__(self, door: Door, tables: MemoryTables) -> None:
        self._door = door
        self._tables = tables

    async def page(self, table: str, rows: Range, *, rows_max: int) -> tuple[list[Found], bool]:
        """As promised, or Retry."""
        door = self._door
        sent_at = door.worker.elapsed()
        await door.point("before a read")
        door.refuse_store("a read")
        found = await self._tables.page(table, rows, rows_max=rows_max)
        date = door.date()
        await door.point("after a read")
        door.worker.clock.heard(date, sent_at)
        return found

    async def scan(self, table: str, rows: Range) -> list[Found]:
        """As promised, or Retry."""
        door = self._door
        sent_at = door.worker.elapsed()
        await door.point("before a scan")
        door.refuse_store("a scan")
        found = await self._tables.scan(table, rows)
        date = door.date()
        await door.point("after a scan")
        door.worker.clock.heard(date, sent_at)
        return found

    async def get(self, table: str, partition: str, row_key: str) -> Found | None:
        """As promised, or Retry."""
        door = self._door
        sent_at = door.worker.elapsed()
        await door.point("before a get")
        door.refuse_store("a get")
        found = await self._tables.get(table, partition, row_key)
        date = door.date()
        await door.point("after a get")
        door.worker.clock.heard(date, sent_at)
        return found

    async def write(self, table: str, writes: Sequence[Write]) -> str:
        """As promised, or Retry, Lost: written, not written, or written a little later."""
        door, weather = self._door, self._door.weather
        task = door.scheduler.current
        claim = task.claiming if task is not None else None
        sent_at = door.worker.elapsed()
        await door.point("before a write")
        door.refuse_store("a write")
        lost = weather.strikes(weather.swarm.lost)
        if lost and weather.chance.random() < 0.5:
            if weather.chance.random() < 0.5:
                door.scheduler.call(
                    weather.chance.uniform(0.1, 5.0), lambda: self._late(table, writes, claim)
                )
            door.watch.told(door.worker.name, "gets no answer to a write that may come late")
            raise Lost("connection reset")
        etag = await self._tables.write(table, writes)
        door.watch.committed(claim, writes)
        date = door.date()
        await door.point("after a write")
        door.worker.clock.heard(date, sent_at)
        if lost:
            door.watch.told(door.worker.name, "gets no answer to a write that was made")
            raise Lost("connection reset")
        return etag

    def _late(self, table: str, writes: Sequence[Write], claim: Claiming | None) -> None:
        try:
            at_once(self._tables.write(table, writes))
        except Clash:
            return
        self._door.watch.committed(claim, writes)


class WatchedStore(TableStore):
    """The product's store; says which decision an invocation is about to claim."""

    def __init__(
        self,
        door: Door,
        tables: FaultyTables,
        resources_of: Callable[[Fleet], Mapping[str, str]],
        identify: Callable[[], str],
        decoded: Decoded,
    ) -> None:
        super().__init__(tables, resources_of, identify)
        # Frozen values: what one process has decoded, the next one would decode alike.
        self._decoded = decoded
        self._door = door

    async def claim(self, row: Row, decision: Decision, seen: Seen) -> Claimed:
        """The product's own claim."""
        task = self._door.scheduler.current
        assert task is not None, "claims are made by invocations"
        task.claiming = Claiming(row, decision, seen, task.looked_at)
        try:
            return await super().claim(row, decision, seen)
        finally:
            task.claiming = None


class FaultyWorld:
    """`shared.ports.World` behind a door."""

    def __init__(self, door: Door, world: PortsWorld) -> None:
        self._door = door
        self._world = world

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> Mapping[Probe, Answer]:
        """As promised; a probe may be `Unavailable`."""
        door, weather = self._door, self._door.weather
        await door.point("before it observes", weather.swarm.doze)
        answers = await self._world.observe(fleet, probes, now)
        if door.scheduler.current is not None:
            door.scheduler.current.looked_at = door.scheduler.seconds
        if weather.swarm.blind > 0:
            hidden = Unavailable("503 ServiceUnavailable")
            answers = {p: hidden if weather.strikes(weather.swarm.blind) else a for p, a in answers.items()}
        if weather.swarm.gappy or weather.swarm.stale:
            answers = {p: self._distorted(p, a, now) for p, a in answers.items()}
        await door.point("after it observed")
        return answers

    def _distorted(self, probe: Probe, answer: Answer, now: datetime) -> Answer:
        weather, chance = self._door.weather, self._door.weather.chance
        if isinstance(probe, RecordState) and weather.strikes(weather.swarm.stale):
            return stale(self._world.world, probe.record, now) or answer
        if isinstance(answer, Reading) and answer.samples and weather.strikes(weather.swarm.gappy):
            return distorted(chance, answer)
        return answer

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """As promised; the answer of what was done may be lost."""
        door, weather = self._door, self._door.weather
        what = type(action).__name__
        await door.point(f"before its {what} of epoch {epoch}", weather.swarm.zombie)
        door.refuse(f"its {what} of epoch {epoch}")
        try:
            receipt = await self._world.perform(fleet, action, epoch=epoch)
        except SwitchyardError as error:
            door.watch.told(door.worker.name, f"{what} of epoch {epoch} fails: {error}")
            raise
        door.watch.performed(fleet, action, epoch)
        await door.point(f"after its {what} of epoch {epoch}")
        if weather.strikes(weather.swarm.lost):
            door.watch.told(door.worker.name, f"gets no answer to its {what} of epoch {epoch}")
            raise Retry("connection reset")
        return receipt


class FaultyTopic:
    """`shared.ports.Publisher` behind a door."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def publish(self, entry: OutboxEntry) -> None:
        """Take an event, or Retry."""
        door, weather = self._door, self._door.weather
        await door.point("before it publishes")
        if weather.strikes(weather.swarm.topic):
            raise Retry("the topic does not answer")
        door.watch.published(entry)
        await door.point("after it published")
        if weather.strikes(weather.swarm.lost):
            raise Retry("connection reset")


def at_once[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits for anything."""
    try:
        coroutine.send(None)
    except StopIteration as stopped:
        return cast("T", stopped.value)
    raise AssertionError("it waits for something")
