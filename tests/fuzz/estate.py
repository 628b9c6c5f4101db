"""A Switchyard in memory that is sent anything, and remembers what each request made it write and log."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from azure.functions.eventgrid import EventGridEventInConverter
from azure.functions.meta import Datum
from msgspec import Struct

from sandbox.host.eventgrid import Events, read_delivery
from sandbox.memory_store import MemoryTables
from shared.actions import Action
from shared.api.handlers import Api
from shared.api.http import Request, Response, respond
from shared.api.intake import Intake
from shared.engine import Engine
from shared.errors import Retry
from shared.fleet import Fleet
from shared.ports import World
from shared.signals import resources_of
from shared.store.evidence import EvidenceRows
from shared.store.table_store import TableStore
from shared.store.tables import Verb, Write
from tests.api.conftest import OLIVIA
from tests.engine.rig import Rig
from tests.fleets import FLEET, GREEN
from tests.fuzz.cases import TRIGGER, Case

LOGGER = logging.getLogger("switchyard")


class Seen(Struct, frozen=True, kw_only=True):
    """What one request led to. `response` is None for an event from the trigger, which nobody answers."""

    response: Response | None
    events: int
    writes: Sequence[Write]
    logs: Sequence[logging.LogRecord]

    def inserted(self, prefix: str) -> set[tuple[str, str]]:
        """Partition and row key of every row with that prefix that was new."""
        rows = (w.entity for w in self.writes if w.verb is Verb.INSERT)
        keys = ((str(row["PartitionKey"]), str(row["RowKey"])) for row in rows)
        return {place for place in keys if place[1].startswith(prefix)}


class WatchedTables(MemoryTables):
    """Tables that keep a list of what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[Write] = []

    async def write(self, table: str, writes: Sequence[Write]) -> str:
        """Write and remember."""
        etag = await super().write(table, writes)
        self.writes += writes
        return etag


class Worlds:
    """The stand-in's world for the fleet that it was made for, and silence for all others."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def observe(self, fleet: Fleet, probes: Any, now: Any) -> Any:
        """Answers, or none at all."""
        return await self._world.observe(fleet, probes, now) if fleet.name == FLEET.name else {}

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """Do it, or say that nobody answers."""
        if fleet.name != FLEET.name:
            raise Retry("nobody answers")
        return await self._world.perform(fleet, action, epoch=epoch)


class _Remembering(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


class Estate:
    """The fleet `contoso` in one of the moments of a rollout, and an API in front of it."""

    def __init__(self) -> None:
        self.rig = Rig(FLEET)
        self.tables = WatchedTables()
        self.store = TableStore(self.tables, resources_of)
        self.rig.store = self.store  # type: ignore[assignment]
        self.engine = Engine(self.store, Worlds(self.rig.observed), self.rig.topic, self.rig.clock)
        self.rig.engine = self.engine
        self.intake = Intake(self.store, self.engine, self.rig.clock)
        self.api = Api(
            self.store, EvidenceRows(self.tables), self.intake, self.rig.clock, Worlds(self.rig.observed)
        )
        self._log = _Remembering()
        self._handlers: dict[str, Callable[[Request], Awaitable[Response]]] = {
            "GET /health": self.api.health,
            "GET /page": self.api.page,
            "GET /fleets": self.api.list_fleets,
            "GET /fleets/{fleet}": self.api.get_fleet,
            "PUT /fleets/{fleet}": self.api.put_fleet,
            "GET /rings/{rings}": self.api.get_rings,
            "PUT /rings/{rings}": self.api.put_rings,
            "GET /fleets/{fleet}/audit": self.api.get_audit,
            "GET /fleets/{fleet}/scorecard": self.api.get_scorecard,
            "POST /fleets/{fleet}/readings": self.api.read_past,
            "GET /fleets/{fleet}/rollouts": self.api.list_rollouts,
            "POST /fleets/{fleet}/rollouts": self.api.start_rollout,
            "GET /fleets/{fleet}/rollouts/{rollout}": self.api.get_rollout,
            "GET /fleets/{fleet}/rollouts/{rollout}/audit": self.api.get_audit,
            "GET /fleets/{fleet}/rollouts/{rollout}/scorecard": self.api.get_scorecard,
            "GET /fleets/{fleet}/rollouts/{rollout}/evidence": self.api.get_evidence,
            "POST /events": self.api.take_events,
            "OPTIONS /events": self.api.take_events,
            "POST /alerts": self.api.take_alert,
            "POST /entra/events": self.api.take_signed_events,
            "POST /entra/alerts": self.api.take_signed_alert,
            "GET /openapi.json": self.api.document,
        }

    async def reach(self, scene: str) -> Estate:
        """Apply the fleet and let it get there: `idle`, `ended`, or the name of a step."""
        await self.store.apply(FLEET, if_match=None, now=self.rig.clock.now())
        if scene == "idle":
            return self
        await self.rig.publish_version()
        if scene == "ended":
            await self.rig.until("deploy")
            await self.rig.fire(GREEN)
            await self.rig.ended()
        else:
            await self.rig.until(scene)
        return self

    async def send(self, case: Case) -> Seen:
        """Give the case to whoever takes it."""
        self.tables.writes = []
        self._log.records = []
        LOGGER.addHandler(self._log)
        LOGGER.propagate = False
        try:
            response, events = await self._answer(case)
        finally:
            LOGGER.propagate = True
            LOGGER.removeHandler(self._log)
        return Seen(response=response, events=events, writes=self.tables.writes, logs=self._log.records)

    async def _answer(self, case: Case) -> tuple[Response | None, int]:
        if case.method == TRIGGER:
            return None, await self._trigger(case.body)
        request = Request(
            method=case.method,
            path=case.path,
            query=case.query,
            headers=case.headers,
            body=case.body,
            caller=OLIVIA,
        )
        handler = self._handlers.get(f"{case.method} {case.route}", self.api.command)
        return await respond(handler, request), 1

    async def _trigger(self, body: bytes) -> int:
        """As the host and Microsoft's library hand it over; what those refuse never gets to us."""
        delivery = read_delivery("Notification", body)
        taken = 0
        for text in delivery.bodies if isinstance(delivery, Events) else ():
            try:
                event = EventGridEventInConverter.decode(Datum(text, "json"), trigger_metadata=None)
            except Exception:  # noqa: BLE001 - whatever the library raises, the event never reaches us
                continue
            await self.intake.grid_event(event)
            taken += 1
        return taken

    async def pass_time(self, random: Random) -> None:
        """A little time, and seldom the timer."""
        self.rig.clock.at += timedelta(seconds=random.choice((0, 0, 1, 7)))
        if random.random() < 0.02:
            await self.engine.tick(FLEET.name)
