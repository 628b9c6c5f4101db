"""A worker's clock that jumps, and a stranger that tells another time: neither moves a rollout."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.azurite import Azurite
from shared.clock import ServiceClock, SystemClock
from shared.engine import Engine
from shared.errors import Retry
from shared.model import Outcome, Rollout
from shared.store.azure_tables import AzureTables
from shared.store.table_store import TableStore
from tests.engine.rig import Rig
from tests.fleets import FLEET
from tests.store.proxy import Proxy
from tests.store.samples import NOW, fleet, resources

JUMPS = [timedelta(hours=1), timedelta(days=30), timedelta(hours=-1), timedelta(days=-30)]
LONG_AGO = "Mon, 01 Jan 2001 00:00:00 GMT"


class Jumpy:
    """A worker's own clock, which a test sets wrong by an offset."""

    def __init__(self, it: Rig) -> None:
        self._it = it
        self.offset = timedelta()

    def now(self) -> datetime:
        """The moment that this clock believes in."""
        return self._it.clock.now() + self.offset

    def at(self, real: datetime) -> datetime:
        """The same moment."""
        return real


async def rolled_out(jump: timedelta) -> Rollout:
    """A rollout whose worker's clock jumps to and fro, every other minute, between rounds and ticks."""
    it = Rig(FLEET)
    local = Jumpy(it)
    shared = ServiceClock(local, elapsed=lambda: it.clock.now().timestamp())
    shared.heard(it.clock.now().timestamp(), shared.elapsed())
    it.engine = Engine(it.store, it.observed, it.topic, shared)
    await it.applied()
    await it.publish_version()
    for minute in range(600):
        local.offset = jump if minute % 2 else timedelta()
        await it.minute()
        found = await it.rollout()
        if found.outcome is not None:
            return found
    raise AssertionError("it did not end")


@pytest.mark.parametrize("jump", JUMPS, ids=str)
async def test_a_jump_of_the_workers_clock_changes_nothing(jump: timedelta) -> None:
    jumped, straight = await rolled_out(jump), await rolled_out(timedelta())
    assert jumped.outcome is Outcome.COMPLETED
    assert jumped == straight


async def test_a_stranger_does_not_set_the_clock(azurite: Azurite) -> None:
    pages = {"on": False}

    @web.middleware
    async def page(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not pages["on"]:
            return await handler(request)
        return web.Response(text="{}", content_type="application/json", headers={"Date": LONG_AGO})

    clock = ServiceClock(SystemClock())
    proxy = Proxy(azurite, page)
    async with proxy.listening():
        tables = AzureTables.from_connection_string(proxy.connection_string, clock=clock)
        store = TableStore(tables, resources)
        await store.apply(fleet("fleet-strange-clock"), if_match=None, now=NOW)
        pages["on"] = True
        with pytest.raises(Retry):
            await store.load("fleet-strange-clock")
        with pytest.raises(Retry):
            await store.apply(fleet("fleet-strange-clock"), if_match="another", now=NOW)
        await tables.close()
    assert abs(clock.now() - SystemClock().now()) < timedelta(minutes=5)
