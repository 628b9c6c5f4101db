"""The store on Azurite with every fault before it: the truth, or an error of ours, and nothing half done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256

import pytest
from aiohttp import web

from sandbox.azurite import Azurite
from sandbox.wire.faults import Fault, Spoilt, Where
from sandbox.wire.spoiling import spoiling
from shared.azure.connection import Connection
from shared.clock import ServiceClock, SystemClock
from shared.errors import SwitchyardError
from shared.store.audit import verify
from shared.store.azure_tables import AzureTables
from shared.store.table_store import TableStore
from tests.azure.credential import FixedCredential
from tests.store.proxy import Proxy
from tests.store.samples import NOW, decision, fleet, resources, rollout, seen, signal
from tests.wire_faults.sentences import faults_of

SLOW = (Fault.LATE, Fault.DRIPPING)
# Table Storage's answers are JSON, but a write's has no body: what stands in it is not looked at.
PATIENCE = {"retry_backoff_factor": 0.0, "retry_total": 1}


class Door:
    """What becomes of the exchanges from now on, and how many there were."""

    def __init__(self) -> None:
        self.spoilt: Spoilt | None = None
        self.requests = 0

    def plan(self, _: web.Request) -> Spoilt | None:
        """Count it and say what becomes of it."""
        self.requests += 1
        return self.spoilt


@asynccontextmanager
async def opened(azurite: Azurite, door: Door) -> AsyncIterator[TableStore]:
    """A store that reaches Azurite through the door, as `shared.wiring` makes it."""
    proxy = Proxy(azurite, spoiling(door.plan))
    async with proxy.listening():
        connection = Connection(credential=FixedCredential(), read_seconds_max=0.3)
        tables = AzureTables.from_connection_string(
            proxy.connection_string,
            clock=ServiceClock(SystemClock(), trust_seconds=0.0),
            transport=lambda endpoint: connection.transport(endpoint, json=False),
            request_seconds_max=1,
            **PATIENCE,
        )
        yield TableStore(tables, resources)
        await tables.close()
        await connection.aclose()


def fresh(fault: Fault, what: str) -> str:
    """A fleet name that no other test uses."""
    return f"fleet-{sha256(f'{fault}-{what}'.encode()).hexdigest()[:12]}"


Read = Callable[[TableStore, str], Awaitable[object]]

READS: dict[str, Read] = {
    "load": lambda store, name: store.load(name),
    "audit": lambda store, name: store.audit(name),
    "disposition": lambda store, name: store.disposition(name, "event-1"),
    "rollouts": lambda store, name: store.rollouts(name),
}


@pytest.mark.parametrize("what", READS)
async def test_a_row_that_cannot_be_read_is_never_another_row(azurite: Azurite, what: str) -> None:
    door, wrong = Door(), list[object]()
    async with opened(azurite, door) as store:
        name = fresh(Fault.LATE, what)
        await store.apply(fleet(name), if_match=None, now=NOW)
        await store.accept(signal("event-1", to=name))
        row = await store.load(name)
        await store.claim(row, decision(row, rollout()), seen(row))
        truth = await READS[what](store, name)
        for fault in Fault:
            door.spoilt = Spoilt(fault)
            try:
                found = await READS[what](store, name)
            except SwitchyardError as error:
                if faults_of(str(error)):
                    wrong.append((fault, str(error)))
                continue
            if found != truth:
                wrong.append((fault, found))
    assert not wrong


@pytest.mark.parametrize("where", Where)
async def test_a_claim_is_won_or_not_and_never_half(azurite: Azurite, where: Where) -> None:
    door, wrong = Door(), list[object]()
    async with opened(azurite, door) as store:
        for fault in Fault:
            door.spoilt = None
            name = fresh(fault, f"claim-{where}")
            await store.apply(fleet(name), if_match=None, now=NOW)
            await store.accept(signal("event-1", to=name))
            row = await store.load(name)
            door.spoilt = Spoilt(fault, where)
            won = False
            try:
                won = (await store.claim(row, decision(row, rollout()), seen(row))).epoch == 1
            except SwitchyardError as error:
                if faults_of(str(error)):
                    wrong.append((fault, str(error)))
            door.spoilt = None
            after = await store.load(name)
            done = after.state.epoch == 1
            if done is not (where is Where.AFTER) or (won and not done):
                wrong.append((fault, f"told {won}, is {done}"))
            if done is bool(after.pending) or verify(await store.audit(name), after.state if done else None):
                wrong.append((fault, "half a claim"))
    assert not wrong


async def test_a_signal_that_is_not_stored_is_not_acknowledged(azurite: Azurite) -> None:
    door, wrong = Door(), list[object]()
    async with opened(azurite, door) as store:
        for fault in Fault:
            door.spoilt = None
            name = fresh(fault, "accept")
            await store.apply(fleet(name), if_match=None, now=NOW)
            door.spoilt = Spoilt(fault, Where.BEFORE)
            try:
                await store.accept(signal("event-1", to=name))
                wrong.append((fault, "acknowledged"))
            except SwitchyardError as error:
                if faults_of(str(error)):
                    wrong.append((fault, str(error)))
    assert not wrong


async def test_a_wait_that_table_storage_asks_for_is_not_slept(azurite: Azurite) -> None:
    door = Door()
    async with opened(azurite, door) as store:
        name = fresh(Fault.BUSY, "wait")
        await store.apply(fleet(name), if_match=None, now=NOW)
        door.requests, door.spoilt = 0, Spoilt(Fault.BUSY)
        with pytest.raises(SwitchyardError, match="busy") as raised:
            await store.load(name)
    assert getattr(raised.value, "after_seconds", None) == 60
    assert door.requests == 1
