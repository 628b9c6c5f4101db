"""Makes a golden history: a story told to the real engine, and every row that it leaves in the tables.

Decides when rows are noted. Rows are taken from the tables as they stand there, never from Python's values.
"""

from __future__ import annotations

import subprocess
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from sandbox.memory_store import MemoryTables
from sandbox.world import Faults, events
from shared import signals
from shared.api.handlers import VERSION as PRODUCT
from shared.engine import Engine
from shared.fleet import Fleet
from shared.model import Rollout, SignalKind
from shared.store.table_store import TableStore
from shared.store.tables import Range, Write
from tests.golden.estate import Clock, Crashed, Estate, Topic
from tests.golden.history import LIKE_FLEET, Entity, History, Json, plain, row

BEGAN = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
VERSION = "1.32.6"
PERSON = "olivia@contoso.com"
STEPS_MAX = 3000
STATE, FLEETS = "switchyardstate", "switchyardfleets"
_OWED_EVERY = 12
"""An announcement is long, and one is like the other: so many moments show one that is still owed."""
_NAMED = ("s-fleet", "s-plan")

Tell = Callable[["Recording"], Awaitable[None]]


class Story(Struct, frozen=True, kw_only=True):
    """What is to be told, and of which fleet in which world."""

    name: str
    told: str
    fleet: Fleet
    faults: Faults
    tell: Tell


class Journal(MemoryTables):
    """Tables that say what was written to them."""

    def __init__(self, heard: Callable[[str, Sequence[Write]], Awaitable[None]]) -> None:
        super().__init__()
        self._heard = heard

    async def write(self, table: str, writes: Sequence[Write]) -> str:
        """All of it or nothing."""
        etag = await super().write(table, writes)
        await self._heard(table, writes)
        return etag


class Ahead:
    """The clock of another worker, which is a little fast."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        """The time as that worker believes it to be."""
        return self._clock.at + timedelta(seconds=7)

    def latest(self) -> datetime:
        """The same."""
        return self.now()


class Recording(Estate):
    """An estate whose rows are noted, with the verbs of a story."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.journal = Journal(self._heard)
        self.kept: list[Json] = []
        self.signals: list[Json] = []
        self.moments: list[Json] = []
        self._epoch = 0
        self._said = 0
        self._place: object = None
        super().__init__(story.fleet, story.faults, BEGAN, self.journal)

    # ------------------------------------------------------------------ verbs

    async def event(self, version: str = VERSION) -> None:
        """Event Grid says that a version is out, and the next sweep begins with it."""
        live = self.fleet.slot((await self.store.load(self.fleet.name)).state.live)
        body = events.version_available(live.cluster_id, version, self.clock.at, event_id=self._next("event"))
        await self.intake.events([body])
        await self.tick()

    async def say(self, kind: SignalKind, **body: Any) -> None:
        """A person says something."""
        rollout = await self.rollout()
        named = rollout.id if rollout is not None and kind is not SignalKind.START else None
        key = self._next("key")
        signal = signals.parse_command(kind, self.fleet.name, named, body, PERSON, self.clock.at, key)
        await self.intake.command(signal)

    def befall(self, what: str, **how: Any) -> None:
        """Something befalls the world, or the door to it."""
        self.door.befall(what, **how)

    async def until(self, step: str, *, entered: bool = False) -> Rollout:
        """Let time pass until that step, or the end, and look at it once unless `entered` is enough."""
        for _ in range(STEPS_MAX):
            rollout = await self._present()
            if rollout.step == step or rollout.outcome is not None:
                break
            await self.live()
        else:
            raise AssertionError(f"{self.story.name}: {step} was not reached: {await self._present()}")
        if not entered and rollout.outcome is None:
            await self.live()
        return rollout

    async def live(self, looks: int = 1) -> None:
        """So many looks of the timer; a worker that dies meanwhile is replaced."""
        for _ in range(looks):
            try:
                await self.pass_time()
            except Crashed:
                self.engine = Engine(self.store, self.door, Topic(), self.clock)

    async def end(self) -> Rollout:
        """Let time pass until the rollout has ended and its records are settled."""
        for _ in range(STEPS_MAX):
            rollout = await self._present()
            if rollout.outcome is not None and rollout.wake_at is None:
                await self.engine.housekeep()
                return rollout
            await self.live()
        raise AssertionError(f"{self.story.name} does not end: {await self._present()}")

    async def wait(self, **span: float) -> None:
        """Time passes, and nobody looks."""
        self.clock.at += timedelta(**span)

    async def apply(self, fleet: Fleet) -> None:
        """Somebody applies the fleet's file."""
        await self.store.apply(fleet, if_match=None, now=self.clock.at)

    def second_worker(self) -> None:
        """From now on another worker looks at the fleet while the first is at work."""
        ahead = Ahead(self.clock)
        self.door.other = Engine(TableStore(self.journal, signals.resources_of), self.door, Topic(), ahead)

    # ------------------------------------------------------------------ what it left

    async def history(self, commit: str) -> History:
        """All of it."""
        trail = [row(each) for each in await self._rows("a-")]
        assert not any(each["json"]["seen"].get("truncated") for each in trail)
        rollouts = await self.store.rollouts(self.fleet.name)
        return History(
            name=self.story.name,
            story=self.story.told,
            version=PRODUCT,
            commit=commit,
            began=msgspec.to_builtins(BEGAN),
            outcomes=[str(each.outcome) for each in reversed(rollouts)],
            faults=plain(self.story.faults),
            directory=row(await self._get(FLEETS, "fleets", self.fleet.name)),
            words={},
            kept=self.kept,
            signals=self.signals,
            dispositions=[row(each) for each in await self._rows("i-")],
            world=self.door.log,
            trail=trail,
            moments=self.moments,
            end=row(await self._get(STATE, self.fleet.name, "s-state")),
        )

    async def _heard(self, table: str, writes: Sequence[Write]) -> None:
        keys = [str(write.entity["RowKey"]) for write in writes]
        told = msgspec.to_builtins(self.clock.at)
        if table != STATE:
            return
        claimed = next((key for key in keys if key.startswith("a-")), None)
        if claimed is not None:
            self._epoch = int(claimed[2:])
        for write, key in zip(writes, keys, strict=True):
            if key in _NAMED:
                self.kept.append({"since": self._epoch, "at": told, **self._named(key, row(write.entity))})
        if any(key.startswith("p-") for key in keys) and claimed is None:
            self.signals.append(
                {"at": told, "world": len(self.door.log), "rows": [row(write.entity) for write in writes]}
            )
        if claimed is not None:
            await self._claimed()

    def _named(self, key: str, found: Json) -> Json:
        """A plan is the fleet as it was applied, nearly always: then it is not written down a second time."""
        applied = next((each for each in reversed(self.kept) if each["RowKey"] == "s-fleet"), None)
        if key == "s-plan" and applied is not None and applied["json"] == found["json"]:
            return {**found, "json": LIKE_FLEET}
        return found

    async def _claimed(self) -> None:
        rows = [*await self._rows("s-state"), *await self._rows("p-")]
        if len(self.moments) % _OWED_EVERY == 0:
            rows += await self._rows("o-")
        state = row(rows[0])
        place = _place(state["json"])
        if place == self._place:
            return
        self._place = place
        self.moments.append(
            {
                "epoch": self._epoch,
                "at": msgspec.to_builtins(self.clock.at),
                "place": place,
                "world": len(self.door.log),
                "signals": len(self.signals),
                "rows": [row(each) for each in rows],
            }
        )

    async def _rows(self, prefix: str) -> list[Entity]:
        span = Range(partition=self.fleet.name, low=prefix, high=f"{prefix}~")
        return [found.entity for found in await self.journal.scan(STATE, span)]

    async def _get(self, table: str, partition: str, key: str) -> Entity:
        found = await self.journal.get(table, partition, key)
        assert found is not None
        return found.entity

    async def _present(self) -> Rollout:
        rollout = await self.rollout()
        assert rollout is not None, f"{self.story.name} has no rollout"
        return rollout

    def _next(self, what: str) -> str:
        self._said += 1
        return f"{what}-{self._said}"


async def record(story: Story, commit: str) -> History:
    """The history of a story."""
    recording = Recording(story)
    await recording.apply(story.fleet)
    await story.tell(recording)
    await recording.end()
    return await recording.history(commit)


def commit() -> str:
    """The commit that the code at hand was made from. Raises AssertionError where it was changed since."""
    here = Path(signals.__file__).parent.parent.parent

    def git(*words: str) -> str:
        return subprocess.run(("git", *words), cwd=here, check=True, capture_output=True, text=True).stdout

    product = ("shared", "stages")
    assert not git("status", "--porcelain", "--", *product), (
        "commit the product before its history is recorded"
    )
    return git("log", "-1", "--format=%h", "--", *product).strip()


def _place(state: Json) -> str:
    rollout = state["rollout"]
    held = rollout.get("held", {}).get("kind", "")
    return " ".join(
        filter(None, (rollout["stage"], rollout["step"], rollout.get("outcome"), held and f"held:{held}"))
    )
