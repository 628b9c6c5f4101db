"""A whole Switchyard in memory: the real engine over the stand-in's ports, on a clock that a test turns."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from sandbox.memory_store import MemoryStore, MemoryTables
from sandbox.world import Faults, World
from sandbox.world.ports import PortsWorld
from sandbox.world.zones import RecordSet
from shared.engine import Engine, Ticked
from shared.fleet import Fleet
from shared.levers import SlotName
from shared.model import AlertState, FleetState, Rollout, Signal, SignalKind
from shared.ports import OutboxEntry
from shared.signals import resources_of
from tests.fleets import GREEN

VERSION = "1.32.6"
START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


class Clock(Struct):
    """Time that passes when a test says so."""

    at: datetime = START

    def now(self) -> datetime:
        """The moment that the test has reached."""
        return self.at

    def latest(self) -> datetime:
        """The same: a test knows what time it is."""
        return self.at


class Topic:
    """A topic that remembers what it took."""

    def __init__(self) -> None:
        self.taken: list[OutboxEntry] = []

    async def publish(self, entry: OutboxEntry) -> None:
        """Take an event."""
        self.taken.append(entry)

    def repeats(self) -> list[str]:
        """Ids that were published more than once."""
        ids = Counter(str(entry.event["id"]) for entry in self.taken)
        return [key for key, times in ids.items() if times > 1]


class Rig:
    """One fleet, its world, and the means to let time pass."""

    def __init__(self, fleet: Fleet, faults: Faults | None = None) -> None:
        self.fleet = fleet
        self.clock = Clock()
        self.world = World(fleet, self.clock, faults=faults or Faults())
        self.clock.at += timedelta(minutes=30)
        self.tables = MemoryTables()
        self.store = MemoryStore(resources_of, self.tables)
        self.topic = Topic()
        self.observed = PortsWorld(self.world)
        self.restart()
        self._signals = 0

    def restart(self) -> None:
        """A new engine over what is there."""
        self.engine = Engine(self.store, self.observed, self.topic, self.clock)

    async def applied(self) -> Rig:
        """The rig with its fleet applied."""
        await self.store.apply(self.fleet, if_match=None, now=self.clock.now())
        return self

    async def send(self, kind: SignalKind, **fields: object) -> Ticked:
        """Take in one signal and tick, as an invocation would."""
        self._signals += 1
        signal = Signal(
            kind=kind,
            id=f"signal-{self._signals}",
            fleet=self.fleet.name,
            at=self.clock.now(),
            because=str(fields.pop("because", f"{kind.value} by a test")),
            **fields,  # type: ignore[arg-type]
        )
        await self.store.accept(signal)
        return await self.engine.tick(self.fleet.name)

    async def publish_version(self, version: str = VERSION) -> Ticked:
        """Azure announces a version."""
        return await self.send(SignalKind.VERSION_AVAILABLE, versions={"stable": version})

    async def fire(self, slot: SlotName = GREEN, alert_id: str = "alert-1") -> Ticked:
        """An alert fires on a slot."""
        return await self.send(
            SignalKind.ALERT, slot=slot, state=AlertState.FIRED.value, severity="Sev1", alert_id=alert_id
        )

    async def state(self) -> FleetState:
        """What the store holds."""
        return (await self.store.load(self.fleet.name)).state

    async def rollout(self) -> Rollout:
        """The present rollout."""
        rollout = (await self.state()).rollout
        assert rollout is not None
        return rollout

    async def until(self, step: str, hours_max: float = 12) -> Rollout:
        """Let time pass, a minute at a time, until that step or the end is reached."""
        for _ in range(int(hours_max * 60)):
            rollout = await self.rollout()
            if rollout.step == step or rollout.outcome is not None:
                return rollout
            await self.minute()
        raise AssertionError(f"{step} was not reached; it is at {await self.rollout()}")

    async def minute(self) -> None:
        """One minute passes and the timer ticks."""
        self.clock.at += timedelta(minutes=1)
        await self.engine.tick(self.fleet.name)

    async def ended(self, hours_max: float = 12) -> Rollout:
        """Let time pass until the rollout has ended."""
        return await self.until("-", hours_max)

    def live_record(self) -> RecordSet:
        """The first live record as the zone has it."""
        record = self.fleet.live_records[0]
        return self.world.zones.get(record.zone_id, record.name, record.type)

    def traffic_at(self) -> str:
        """Where the first live record points."""
        return ", ".join(self.live_record().targets)

    def point_elsewhere(self, address: str) -> None:
        """Somebody else writes the first live record."""
        record = self.fleet.live_records[0]
        self.world.zones.put(
            record.zone_id, record.name, record.type, ttl_seconds=30, targets=(address,), metadata={}
        )

    def frozen_until(self, slot: SlotName) -> datetime | None:
        """Until when deployments to the slot's cluster are denied."""
        return self.world.commands.frozen_until(self.fleet.slot(slot).cluster_id)
