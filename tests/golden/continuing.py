"""Lets today's engine take over a fleet in mid rollout, from the rows that another version left behind.

The world is put into the condition of that moment by doing to it once more what was done to it until then.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec
from msgspec import Struct

from sandbox.memory_store import MemoryTables
from sandbox.world import Faults
from shared.model import Signal
from shared.store.tables import Verb, Write
from tests.golden.estate import Estate
from tests.golden.history import Entity, History, Json, entity
from tests.golden.replay import fleet_in, kept

STATE, FLEETS = "switchyardstate", "switchyardfleets"
LOOKS_MAX = 600


class Continued(Estate):
    """A moment of a history, taken over. `interrupted`: the worker died with its orders not yet given."""

    @classmethod
    async def at(cls, history: History, moment: Json, *, interrupted: bool) -> Continued:
        """The estate at that moment, in its tables and in its world."""
        fleet = kept(history, "s-fleet", 0)
        assert fleet is not None, "every history begins with a fleet that was applied"
        tables = MemoryTables()
        for table, found in rows(history, moment):
            await tables.write(table, [Write(Verb.UPSERT, found)])
        faults = msgspec.convert(history.faults, Faults)
        it = cls(fleet, faults, msgspec.convert(history.began, datetime), tables)
        for n, line in enumerate(history.world):
            ordered = line.get("epoch") == moment["epoch"] and not interrupted
            if n < moment["world"] or ordered:
                await it.door.again(fleet, line)
        it.clock.at = max(it.clock.at, msgspec.convert(moment["at"], datetime))
        return it

    async def to_the_end(self, history: History, moment: Json) -> None:
        """What came from outside comes once more, at its time, until all is over. Raises AssertionError."""
        coming = sorted(_coming(history, moment), key=lambda line: (line.at, line.place))
        for _ in range(LOOKS_MAX):
            await self.pass_time(coming[0].at if coming else None)
            while coming and coming[0].at <= self.clock.at:
                await self._comes(coming.pop(0).line)
            rollout = await self.rollout()
            over = rollout is None or (rollout.outcome is not None and rollout.wake_at is None)
            if over and not coming:
                return
        raise AssertionError(f"it does not end: {await self.rollout()}")

    async def _comes(self, line: Json) -> None:
        if "rows" in line:
            signal = next(row["json"] for row in line["rows"] if "json" in row)
            await self.intake.command(msgspec.convert(signal, Signal))
        elif "what" in line:
            self.door.befall(line["what"], **line["how"])
        else:
            await self.store.apply(fleet_in(line["json"]), if_match=None, now=self.clock.at)


class Coming(Struct, frozen=True):
    """Something that came from outside, and when; `place` orders what came at the same time."""

    at: datetime
    place: float
    line: Json


def _coming(history: History, moment: Json) -> Iterator[Coming]:
    def at(line: Json) -> datetime:
        return msgspec.convert(line["at"], datetime)

    for line in history.signals[moment["signals"] :]:
        yield Coming(at(line), line["world"] - 0.5, line)
    for n, line in enumerate(history.world):
        if n >= moment["world"] and "what" in line:
            yield Coming(at(line), n, line)
    for row in history.kept:
        if row["RowKey"] == "s-fleet" and row["since"] > moment["epoch"]:
            yield Coming(at(row), len(history.world), row)


def rows(history: History, moment: Json) -> Iterator[tuple[str, Entity]]:
    """What lay in the tables at that moment, as it lay there: the table and the row."""
    epoch = moment["epoch"]
    fleet = history.directory["RowKey"]
    standing = {row["RowKey"]: row for row in history.kept if row["since"] <= epoch}
    accepted = [row for line in history.signals[: moment["signals"]] for row in line["rows"]]
    consumed = {row["RowKey"]: row for row in history.dispositions if row.get("epoch", epoch + 1) <= epoch}
    inbox = [consumed.get(row["RowKey"], row) for row in accepted if row["RowKey"].startswith("i-")]
    for row in (*standing.values(), *inbox, *history.trail[:epoch], *moment["rows"]):
        yield STATE, entity(fleet, row)
    yield FLEETS, entity("fleets", history.directory)
