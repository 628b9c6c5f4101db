"""The store's time is read from real answers of a real table service, and not from this machine's clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.azurite import Azurite
from shared.clock import ServiceClock, SystemClock
from shared.errors import Retry
from shared.store.azure_tables import AzureTables
from shared.store.table_store import TableStore
from tests.store.proxy import Fault, Proxy
from tests.store.samples import NOW, decision, fleet, resources, rollout, seen, signal

AN_HOUR = timedelta(hours=1)
# Whole seconds, the proxy, and a machine that has other things to do.
SLACK = timedelta(seconds=30)


@pytest.fixture
async def proxy(azurite: Azurite) -> AsyncIterator[Proxy]:
    """A proxy before Azurite."""
    proxy = Proxy(azurite)
    async with proxy.listening():
        yield proxy


@pytest.fixture
def clock() -> ServiceClock:
    """A worker's idea of the store's time."""
    return ServiceClock(SystemClock())


@pytest.fixture
async def store(proxy: Proxy, clock: ServiceClock, name: str) -> AsyncIterator[TableStore]:
    """A store with one fleet, whose answers `clock` hears through the proxy."""
    service = AzureTables.from_connection_string(proxy.connection_string, clock=clock)
    store = TableStore(service, resources)
    await store.apply(fleet(name), if_match=None, now=NOW)
    yield store
    await service.close()


def ahead(clock: ServiceClock) -> timedelta:
    """How far the store's time is ahead of this machine's, to within SLACK."""
    now = datetime.now(UTC)
    assert clock.now() <= clock.latest() < clock.now() + SLACK
    return clock.now() - now


async def test_azurites_own_date_is_this_machines(store: TableStore, clock: ServiceClock, name: str) -> None:
    await store.load(name)
    now = datetime.now(UTC)
    assert clock.now() <= now <= clock.latest()
    assert -SLACK < ahead(clock) < SLACK


@pytest.mark.parametrize("shift", [-AN_HOUR, AN_HOUR])
async def test_a_read_and_a_claim_tell_the_stores_time(
    store: TableStore, proxy: Proxy, clock: ServiceClock, name: str, shift: timedelta
) -> None:
    proxy.date_shift = shift
    row = await store.load(name)
    assert -SLACK < ahead(clock) - shift < SLACK
    proxy.date_shift = 2 * shift
    await store.claim(row, decision(row, rollout()), seen(row))
    assert -SLACK < ahead(clock) - 2 * shift < SLACK


async def test_a_balancer_in_between_that_refuses_tells_no_time(
    store: TableStore, proxy: Proxy, clock: ServiceClock, name: str
) -> None:
    proxy.date_shift = AN_HOUR
    await store.load(name)
    proxy.batches = [Fault.ANSWER_BUSY, Fault.ANSWER_BUSY]
    with pytest.raises(Retry):
        await store.accept(signal("event-1", to=name))
    assert -SLACK < ahead(clock) - AN_HOUR < SLACK
