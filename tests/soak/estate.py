"""All that one rollout of a soak runs on: storage, the stand-in, the front and the workers behind it.

Decides how the parts are wired and how fast time passes. Refuses to know what is played on them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from msgspec import Struct

from sandbox.azurite import Azurite
from sandbox.demo.people import People, people
from sandbox.demo.rehearsal import ORIGIN, REPOSITORY, SETTINGS
from sandbox.demo.scenarios import Scenario
from sandbox.wire.server import Wire
from sandbox.world import World
from sandbox.world.scenarios import SCENARIOS as FAULTS
from shared.clock import RehearsalClock
from shared.fleet_file import parse
from shared.signals import resources_of
from shared.store.azure_tables import AzureTables
from shared.store.table_store import TableStore
from stages import RUNBOOK
from tests.soak.front import Front
from tests.soak.hosts import Hosts

LEASE_SECONDS = 2
DEADLINE = "8h"
"""Of every step: a second without a host is minutes of a rehearsal, and those are not what is tested here."""
ALERT_BAKE = "40m"
"""Longer than an alert may need while hosts die, so that it always finds a bake that it can end."""
LOOK_SECONDS = 0.002


class Estate(Struct, frozen=True, kw_only=True):
    """One fleet's world and a Switchyard of several workers that lives on it.

    `published_at` holds when each publication was seen, on the monotonic clock.
    """

    scenario: Scenario
    directory: Path
    clock: RehearsalClock
    text: str
    world: World
    wire: Wire
    front: Front
    hosts: Hosts
    tables: AzureTables
    store: TableStore
    published_at: list[float]
    people: People
    secrets: tuple[str, ...]

    def changes(self) -> int:
        """How many changes of the world there were, and are bound to be."""
        return len(self.world.ledger.until(self.clock.now() + timedelta(days=1)))

    async def has_history(self, span: timedelta) -> None:
        """Return once the world has seen traffic for so long."""
        left = span - (self.clock.now() - self.world.estate.started_at)
        await asyncio.sleep(max(0.0, left.total_seconds() / self.clock.rate))


@asynccontextmanager
async def estate(scenario: Scenario, directory: Path, *, rate: float, hosts: int) -> AsyncIterator[Estate]:
    """Start everything and, in the end, stop it. Raises AzuriteMissing, ChildFailed."""
    async with AsyncExitStack() as stack:
        azurite = await stack.enter_async_context(Azurite())
        clock = RehearsalClock(origin=ORIGIN, start=datetime.now(UTC), rate=rate)
        example = (REPOSITORY / "examples" / f"{scenario.fleet}.yaml").read_text(encoding="utf-8")
        world = World(parse(example), clock, faults=FAULTS[scenario.name])
        wire = await stack.enter_async_context(Wire(world, clock, directory=directory))
        front = await stack.enter_async_context(Front())
        environment = {
            **SETTINGS,
            **wire.environment(),
            "AzureWebJobsStorage": azurite.connection_string,
            "PYTHONWARNINGS": "default::ResourceWarning,default::RuntimeWarning",
        }
        known = people()
        workers = Hosts(hosts, environment, front, directory, LEASE_SECONDS, known)
        stack.push_async_callback(workers.stop)
        tables = AzureTables.from_connection_string(azurite.connection_string)
        stack.push_async_callback(tables.close)
        made = Estate(
            scenario=scenario,
            directory=directory,
            clock=clock,
            text=fleet_text(example, wire.topic_endpoint, expects_alert=scenario.sent_back_by == "alert"),
            world=world,
            wire=wire,
            front=front,
            hosts=workers,
            tables=tables,
            store=TableStore(tables, resources_of),
            published_at=[],
            people=known,
            secrets=(*known.secrets(), *wire.secrets(), _account_key(azurite.connection_string)),
        )
        watch = asyncio.create_task(_watch(made))
        stack.callback(watch.cancel)
        await asyncio.gather(*(workers.start(worker) for worker in range(hosts)))
        yield made


def fleet_text(example: str, topic: str, *, expects_alert: bool) -> str:
    """The shipped example on the stand-in's topic, with deadlines and a bake for a host that dies often."""
    document = yaml.safe_load(example)
    document["notify"]["topic"] = topic
    if expects_alert:
        document["policy"]["bake"] = ALERT_BAKE
    document["deadlines"] = {step.name: DEADLINE for steps in RUNBOOK.values() for step in steps}
    text: str = yaml.safe_dump(document, sort_keys=False)
    return text


async def _watch(made: Estate) -> None:
    """Note when each publication was first seen: the topic keeps their order and no times."""
    while True:
        missing = len(made.wire.published) - len(made.published_at)
        made.published_at.extend([time.monotonic()] * missing)
        await asyncio.sleep(LOOK_SECONDS)


def _account_key(connection_string: str) -> str:
    parts = dict(part.partition("=")[::2] for part in connection_string.split(";") if part)
    return parts["AccountKey"]
