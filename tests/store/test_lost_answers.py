"""A lost answer leaves open whether the write happened: nothing is lost by that, and nothing done twice."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

import pytest

from sandbox.memory_store import MemoryTables
from shared.errors import Retry, Superseded
from shared.fleet import Channel
from shared.ports import Row
from shared.store.audit import verify
from shared.store.table_store import TableStore
from shared.store.tables import Lost, Write
from tests.store.samples import NOW, decision, fleet, later, resources, rollout, seen, signal


class Loss(Enum):
    """Where an exchange with the service breaks off."""

    NONE = auto()
    REQUEST = auto()
    ANSWER = auto()
    LATE = auto()
    """The request was thought lost, and arrives just before the next one."""


class LossyTables(MemoryTables):
    """Tables that lose requests or answers to `write`, as planned; without a plan, nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.plan: list[Loss] = []
        self._late: list[tuple[str, Sequence[Write]]] = []

    async def write(self, table: str, writes: Sequence[Write]) -> str:
        """Write, unless the request gets lost; answer, unless the answer does."""
        for late in self._late:
            await super().write(*late)
        self._late.clear()
        loss = self.plan.pop(0) if self.plan else Loss.NONE
        if loss is Loss.LATE:
            self._late.append((table, writes))
            raise Lost("the request is late")
        if loss is Loss.REQUEST:
            raise Lost("the request got lost")
        etag = await super().write(table, writes)
        if loss is Loss.ANSWER:
            raise Lost("the answer got lost")
        return etag


@pytest.fixture
def tables() -> LossyTables:
    """The tables under the store."""
    return LossyTables()


@pytest.fixture
async def store(tables: LossyTables) -> TableStore:
    """A store whose answers get lost, with one fleet."""
    store = TableStore(tables, resources)
    await store.apply(fleet(), if_match=None, now=NOW)
    return store


async def ready(store: TableStore) -> Row:
    """The fleet's row with one signal that waits."""
    await store.accept(signal("event-1"))
    return await store.load("contoso-public")


@pytest.mark.parametrize(
    "plan",
    [
        [Loss.ANSWER],
        [Loss.REQUEST],
        [Loss.REQUEST, Loss.ANSWER],
        [Loss.LATE],
    ],
)
async def test_a_claim_is_won_once_whatever_got_lost(
    store: TableStore, tables: LossyTables, plan: list[Loss]
) -> None:
    row = await ready(store)
    tables.plan = plan
    won = await store.claim(row, decision(row, rollout()), seen(row))
    after = await store.load("contoso-public")
    assert (won.epoch, after.state.epoch, after.pending) == (1, 1, ())
    assert verify(await store.audit("contoso-public"), after.state) == ()


async def test_a_service_that_does_not_answer_asks_for_a_retry(
    store: TableStore, tables: LossyTables
) -> None:
    row = await ready(store)
    tables.plan = [Loss.REQUEST, Loss.REQUEST]
    with pytest.raises(Retry, match="epoch 1 got no answer"):
        await store.claim(row, decision(row, rollout()), seen(row))
    after = await store.load("contoso-public")
    assert after == row


async def test_a_lost_claim_does_not_pass_for_another_workers(store: TableStore, tables: LossyTables) -> None:
    row = await ready(store)
    await store.claim(row, decision(row, rollout(step="preflight"), because="Another worker."), seen(row))
    tables.plan = [Loss.REQUEST]
    with pytest.raises(Superseded):
        await store.claim(row, decision(row, rollout(step="deploy")), seen(row, at=later(1)))
    assert [entry.because for entry in await store.audit("contoso-public")] == ["Another worker."]


@pytest.mark.parametrize("plan", [[Loss.REQUEST], [Loss.REQUEST, Loss.ANSWER]])
async def test_a_lost_claim_does_not_pass_for_the_very_same_of_another_worker(
    store: TableStore, tables: LossyTables, plan: list[Loss]
) -> None:
    row = await ready(store)
    await store.claim(row, decision(row, rollout()), seen(row))
    tables.plan = plan
    with pytest.raises(Superseded):
        await store.claim(row, decision(row, rollout()), seen(row))


@pytest.mark.parametrize("plan", [[Loss.ANSWER], [Loss.REQUEST], [Loss.REQUEST, Loss.ANSWER], [Loss.LATE]])
async def test_a_fleet_is_applied_once_whatever_got_lost(
    store: TableStore, tables: LossyTables, plan: list[Loss]
) -> None:
    row = await store.load("contoso-public")
    tables.plan = plan
    changed = fleet(topic=None)
    etag = await store.apply(changed, if_match=row.fleet_etag, now=NOW)
    after = await store.load("contoso-public")
    assert (after.fleet, after.fleet_etag) == (changed, etag)


async def test_whoever_was_told_to_apply_a_fleet_again_meets_no_conflict_with_themselves(
    store: TableStore, tables: LossyTables
) -> None:
    row = await store.load("contoso-public")
    tables.plan = [Loss.NONE, Loss.ANSWER]
    changed = fleet(topic=None)
    with pytest.raises(Retry):
        await store.apply(changed, if_match=row.fleet_etag, now=NOW)
    etag = await store.apply(changed, if_match=row.fleet_etag, now=NOW)
    assert (await store.load("contoso-public")).fleet_etag == etag


@pytest.mark.parametrize("plan", [[], [Loss.REQUEST], [Loss.REQUEST, Loss.REQUEST]])
async def test_a_fleet_that_somebody_else_has_changed_is_not_overwritten(
    store: TableStore, tables: LossyTables, plan: list[Loss]
) -> None:
    row = await store.load("contoso-public")
    theirs = fleet(channel=Channel.PREVIEW)
    await store.apply(theirs, if_match=row.fleet_etag, now=NOW)
    tables.plan = plan
    with pytest.raises((Superseded, Retry)):
        await store.apply(fleet(topic=None), if_match=row.fleet_etag, now=NOW)
    assert (await store.load("contoso-public")).fleet == theirs


@pytest.mark.parametrize("loss", [Loss.ANSWER, Loss.REQUEST, Loss.LATE])
async def test_a_signal_is_in_the_inbox_once_when_it_is_acknowledged(
    store: TableStore, tables: LossyTables, loss: Loss
) -> None:
    tables.plan = [loss]
    assert await store.accept(signal("event-1"))
    assert [found.id for found in (await store.load("contoso-public")).pending] == ["event-1"]


async def test_a_sender_that_was_told_to_retry_does_not_double_its_signal(
    store: TableStore, tables: LossyTables
) -> None:
    tables.plan = [Loss.REQUEST, Loss.ANSWER]
    with pytest.raises(Retry):
        await store.accept(signal("event-1"))
    assert not await store.accept(signal("event-1"))
    assert [found.id for found in (await store.load("contoso-public")).pending] == ["event-1"]


async def test_a_signal_that_cannot_be_stored_is_not_acknowledged(
    store: TableStore, tables: LossyTables
) -> None:
    tables.plan = [Loss.REQUEST, Loss.REQUEST]
    with pytest.raises(Retry):
        await store.accept(signal("event-1"))
    assert (await store.load("contoso-public")).pending == ()
