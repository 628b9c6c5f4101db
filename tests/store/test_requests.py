"""How many requests each thing costs, counted on the wire: a tick waits for them and Azure bills them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from sandbox.azurite import Azurite
from shared.ports import PENDING_MAX
from shared.store.audit import entry
from shared.store.azure_tables import AzureTables
from shared.store.rows import FLEETS_PARTITION, FLEETS_TABLE, STATE_TABLE, audit_key, row
from shared.store.table_store import TableStore
from shared.store.tables import WRITES_MAX, Verb, Write
from tests.store.proxy import Proxy
from tests.store.samples import NOW, decision, fleet, judgement, resources, rollout, seen, signal

HISTORY = 1_000


@pytest.fixture
async def wire(azurite: Azurite) -> AsyncIterator[Proxy]:
    """A proxy that counts what passes."""
    proxy = Proxy(azurite)
    async with proxy.listening():
        yield proxy


@pytest.fixture
async def service(wire: Proxy) -> AsyncIterator[AzureTables]:
    """Azurite through the counting proxy."""
    service = AzureTables.from_connection_string(wire.connection_string)
    yield service
    await service.close()


@pytest.fixture
async def store(service: AzureTables, wire: Proxy, name: str) -> TableStore:
    """A store with one fleet, whose tables exist."""
    store = TableStore(service, resources)
    await store.apply(fleet(name), if_match=None, now=NOW)
    wire.requests.clear()
    return store


async def fill(service: AzureTables, table: str, writes: Sequence[Write]) -> None:
    """Write many rows, a full batch at a time."""
    for start in range(0, len(writes), WRITES_MAX):
        await service.write(table, writes[start : start + WRITES_MAX])


async def test_a_transition_is_two_requests(store: TableStore, wire: Proxy, name: str) -> None:
    for n, step in enumerate(("admit", "preflight", "baseline"), start=1):
        found = await store.load(name)
        proof = (judgement("nodes"),)
        await store.claim(
            found, decision(found, rollout(step=step), judgements=proof, plan=found.fleet), seen(found)
        )
        assert len(wire.requests) == 2 * n


async def test_a_transition_that_consumes_signals_is_two_requests(
    store: TableStore, wire: Proxy, name: str
) -> None:
    await asyncio.gather(*(store.accept(signal(f"{n}", to=name)) for n in range(PENDING_MAX)))
    wire.requests.clear()
    found = await store.load(name)
    assert len(found.pending) == PENDING_MAX
    await store.claim(found, decision(found, rollout()), seen(found))
    assert len(wire.requests) == 2


async def test_a_signal_is_one_request_and_so_is_its_duplicate(
    store: TableStore, wire: Proxy, name: str
) -> None:
    assert await store.accept(signal("event-1", to=name))
    assert len(wire.requests) == 1
    assert not await store.accept(signal("event-1", to=name))
    assert len(wire.requests) == 2


async def test_a_tick_with_nothing_due_is_one_request(store: TableStore, wire: Proxy, name: str) -> None:
    await store.load(name)
    assert len(wire.requests) == 1


async def test_history_makes_a_transition_no_dearer(
    store: TableStore, service: AzureTables, wire: Proxy, name: str
) -> None:
    found = await store.load(name)
    kept = entry(None, decision(found, rollout()), seen(), "")
    history = [Write(Verb.INSERT, row(name, audit_key(10_000 + n), hash=kept.hash)) for n in range(HISTORY)]
    await fill(service, STATE_TABLE, history)
    wire.requests.clear()
    found = await store.load(name)
    await store.claim(found, decision(found, rollout()), seen(found))
    assert len(wire.requests) == 2


async def test_a_storm_costs_a_load_one_more_request(store: TableStore, wire: Proxy, name: str) -> None:
    await asyncio.gather(*(store.accept(signal(f"{n}", to=name)) for n in range(PENDING_MAX + 4)))
    wire.requests.clear()
    assert len((await store.load(name)).pending) == PENDING_MAX
    assert len(wire.requests) == 2


async def test_the_sweep_over_a_thousand_idle_fleets_is_a_handful_of_requests(
    store: TableStore, service: AzureTables, wire: Proxy, name: str
) -> None:
    at = NOW.isoformat()
    names = [f"{name}-{n:04d}" for n in range(HISTORY)]
    idle = [row(FLEETS_PARTITION, one, b"{}", platform=False, applied_at=at) for one in names]
    await fill(service, FLEETS_TABLE, [Write(Verb.INSERT, entity) for entity in idle])
    wire.requests.clear()
    assert name not in [found.name for found in await store.directory(active_only=True)]
    assert len(wire.requests) <= 2
    assert len(await store.directory()) > HISTORY
    assert len(wire.requests) <= 10


async def test_reading_about_a_fleet_makes_no_table_anew(service: AzureTables, wire: Proxy) -> None:
    store = TableStore(service, resources)
    await store.directory()
    await store.directory()
    assert [request for request in wire.requests if request == "POST Tables"] == []
