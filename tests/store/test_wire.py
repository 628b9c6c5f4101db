"""The store on a wire that breaks: sockets close, balancers make up answers, proxies cut them short."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sandbox.azurite import Azurite
from shared.errors import Retry
from shared.ports import Row
from shared.store.audit import verify
from shared.store.azure_tables import AzureTables
from shared.store.table_store import TableStore
from tests.store.proxy import Fault, Proxy
from tests.store.samples import NOW, decision, fleet, resources, rollout, seen, signal

BROKEN = [fault for fault in Fault if fault is not Fault.NONE]


@pytest.fixture
async def proxy(azurite: Azurite) -> AsyncIterator[Proxy]:
    """A proxy before Azurite."""
    proxy = Proxy(azurite)
    async with proxy.listening():
        yield proxy


@pytest.fixture
async def store(proxy: Proxy) -> AsyncIterator[TableStore]:
    """A store that reaches Azurite through the proxy."""
    service = AzureTables.from_connection_string(proxy.connection_string, read_timeout=2)
    yield TableStore(service, resources)
    await service.close()


async def ready(store: TableStore, name: str) -> Row:
    """A fleet with a signal that waits, and tables that exist."""
    await store.apply(fleet(name), if_match=None, now=NOW)
    await store.accept(signal("event-1", to=name))
    return await store.load(name)


@pytest.mark.parametrize("fault", BROKEN)
async def test_a_claim_survives_one_broken_answer(
    store: TableStore, proxy: Proxy, name: str, fault: Fault
) -> None:
    row = await ready(store, name)
    proxy.batches = [fault]
    won = await store.claim(row, decision(row, rollout()), seen(row))
    after = await store.load(name)
    assert (won.epoch, after.state.epoch, after.pending) == (1, 1, ())
    assert verify(await store.audit(name), after.state) == ()


@pytest.mark.parametrize("fault", BROKEN)
async def test_a_signal_survives_one_broken_answer(
    store: TableStore, proxy: Proxy, name: str, fault: Fault
) -> None:
    await store.apply(fleet(name), if_match=None, now=NOW)
    proxy.batches = [fault]
    assert await store.accept(signal("event-1", to=name))
    assert [found.id for found in (await store.load(name)).pending] == ["event-1"]


async def test_a_load_is_repeated_when_its_connection_breaks(
    store: TableStore, proxy: Proxy, name: str
) -> None:
    row = await ready(store, name)
    proxy.others = [Fault.ANSWER_LOST, Fault.REQUEST_LOST]
    assert await store.load(name) == row


@pytest.mark.parametrize("fault", BROKEN)
async def test_a_fleet_whose_answer_was_lost_is_not_taken_for_a_conflict(
    store: TableStore, proxy: Proxy, name: str, fault: Fault
) -> None:
    etag = (await ready(store, name)).fleet_etag
    proxy.others = [fault]
    changed = fleet(name, topic=None)
    stored = await store.apply(changed, if_match=etag, now=NOW)
    row = await store.load(name)
    assert (row.fleet, row.fleet_etag) == (changed, stored)
    assert stored != etag


async def test_what_is_no_answer_asks_for_a_retry(store: TableStore, proxy: Proxy, name: str) -> None:
    await ready(store, name)
    proxy.others = [Fault.ANSWER_GARBLED]
    with pytest.raises(Retry, match="neither a row nor a page"):
        await store.load(name)


async def test_a_busy_service_is_asked_again_when_it_says(store: TableStore, proxy: Proxy, name: str) -> None:
    proxy.batches = [Fault.REQUEST_LOST, Fault.ANSWER_BUSY]
    with pytest.raises(Retry) as raised:
        await store.accept(signal("event-1", to=name))
    assert raised.value.after_seconds == 1.0


async def test_a_service_that_is_away_asks_for_a_retry() -> None:
    connection = "DefaultEndpointsProtocol=http;AccountName=away;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:1/away;"
    service = AzureTables.from_connection_string(connection, retry_backoff_factor=0)
    with pytest.raises(Retry, match="no usable answer"):
        await TableStore(service, resources).load("contoso-public")
    await service.close()
