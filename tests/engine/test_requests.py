"""What a tick costs in storage requests, counted on the wire between the engine and Azurite."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sandbox.azurite import Azurite
from shared.engine import Engine
from shared.model import Signal, SignalKind
from shared.signals import resources_of
from shared.store.azure_tables import AzureTables
from shared.store.table_store import TableStore
from tests.engine.rig import VERSION, Rig
from tests.fleets import fleet
from tests.store.proxy import Proxy


@pytest.fixture
async def wire(azurite: Azurite) -> AsyncIterator[Proxy]:
    """A proxy that counts what passes."""
    proxy = Proxy(azurite)
    async with proxy.listening():
        yield proxy


@pytest.fixture
async def rig(wire: Proxy, request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    """A fleet without a topic whose state is in Azurite, behind the counting proxy."""
    tables = AzureTables.from_connection_string(wire.connection_string)
    name = request.node.name.replace("_", "-")[-40:]
    rig = Rig(fleet(name=name, notification_topic=None))
    store = TableStore(tables, resources_of)
    rig.engine = Engine(store, rig.observed, rig.topic, rig.clock)
    await store.apply(rig.fleet, if_match=None, now=rig.clock.now())
    found = {"kind": SignalKind.VERSION_AVAILABLE, "id": f"{name}/1", "fleet": name, "at": rig.clock.now()}
    await store.accept(Signal(**found, because="published", versions={"stable": VERSION}))
    wire.requests.clear()
    yield rig
    await tables.close()


async def test_each_transition_of_a_tick_is_one_read_and_one_batch(rig: Rig, wire: Proxy) -> None:
    begun = await rig.engine.tick(rig.fleet.name)
    rig.clock.at = rig.clock.at.replace(hour=rig.clock.at.hour + 1)
    wire.requests.clear()
    ticked = await rig.engine.tick(rig.fleet.name)
    assert len(begun.decisions) > 1
    assert len(ticked.decisions) > 1
    looked_in_vain = 1
    assert len(wire.requests) == 2 * len(ticked.decisions) + looked_in_vain


async def test_a_tick_with_nothing_due_is_one_request(rig: Rig, wire: Proxy) -> None:
    await rig.engine.tick(rig.fleet.name)
    wire.requests.clear()
    assert (await rig.engine.tick(rig.fleet.name)).decisions == ()
    assert len(wire.requests) == 1
