"""What every store promises to the engine, on the memory store and on Azurite alike."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from shared.chain import Chain
from shared.errors import NotFound, Superseded
from shared.fleet import Fleet
from shared.model import Disposition, FleetState, Stage
from shared.ports import PENDING_MAX, ChainRow, Row, Store
from tests.fleets import BLUE, GREEN
from tests.store.samples import (
    NOW,
    TOPIC,
    applied,
    claimed,
    decision,
    fleet,
    judgement,
    later,
    rollout,
    seen,
    signal,
)

replace = msgspec.structs.replace


async def test_an_unknown_fleet_is_not_found(store: Store, name: str) -> None:
    with pytest.raises(NotFound, match=name):
        await store.load(name)
    with pytest.raises(NotFound, match="o'hara"):
        await store.load("o'hara")


async def test_an_applied_fleet_is_loaded_with_the_state_of_a_beginner(store: Store, name: str) -> None:
    etag = await store.apply(fleet(name), if_match=None, now=NOW)
    row = await store.load(name)
    beginner = Row(fleet=fleet(name), state=FleetState(live=BLUE), fleet_etag=etag)
    assert msgspec.structs.replace(row, fleet_document="") == beginner
    assert msgspec.json.decode(row.fleet_document, type=Fleet) == fleet(name)


async def test_a_fleet_is_replaced_only_under_the_etag_that_was_read(store: Store, name: str) -> None:
    first = await store.apply(fleet(name), if_match=None, now=NOW)
    second = await store.apply(fleet(name, topic=None), if_match=first, now=NOW)
    with pytest.raises(Superseded):
        await store.apply(fleet(name), if_match=first, now=NOW)
    row = await store.load(name)
    assert (row.fleet.notification_topic, row.fleet_etag) == (None, second)


async def test_a_file_with_rings_is_remembered_and_replaced_only_under_the_etag_that_was_read(
    store: Store, name: str
) -> None:
    with pytest.raises(NotFound, match=name):
        await store.chain(name)
    first = Chain(name=name, fleets=(f"{name}-a", f"{name}-b"), digests=("1", "2"))
    etag = await store.declare(first, if_match=None)
    assert await store.chain(name) == ChainRow(chain=first, etag=etag)
    second = replace(first, fleets=(f"{name}-a",), digests=("1",), left=(f"{name}-b",))
    with pytest.raises(Superseded):
        await store.declare(second, if_match=None)
    newer = await store.declare(second, if_match=etag)
    with pytest.raises(Superseded):
        await store.declare(first, if_match=etag)
    assert await store.declare(second, if_match=etag) == newer, "what is there is what was wanted"
    assert (await store.chain(name)).chain == second
    assert name not in {entry.name for entry in await store.directory()}


async def test_an_etag_does_not_match_a_fleet_that_is_not_there(store: Store, name: str) -> None:
    elsewhere = await store.apply(fleet(name), if_match=None, now=NOW)
    with pytest.raises(Superseded):
        await store.apply(fleet(f"{name}-new"), if_match=elsewhere, now=NOW)


async def test_a_claim_is_what_the_next_load_shows(store: Store, name: str) -> None:
    row = await applied(store, name)
    won = await store.claim(row, decision(row, rollout(), plan=row.fleet), seen())
    after = await store.load(name)
    assert won.epoch == after.state.epoch == 1
    assert after.state.rollout == rollout()
    assert after.plan == row.fleet
    assert len(after.audit_head) == 64


async def test_of_two_claims_on_one_row_the_second_changes_nothing(store: Store, name: str) -> None:
    await applied(store, name)
    await store.accept(signal("event-1", to=name))
    row = await store.load(name)
    await claimed(store, row, "preflight", judgements=(judgement("nodes"),))
    with pytest.raises(Superseded):
        await store.claim(row, decision(row, rollout(step="deploy")), seen(row))
    after = await store.load(name)
    assert after.state.rollout == rollout(step="preflight")
    assert [entry.step for entry in await store.audit(name)] == ["preflight"]


async def test_a_claim_on_an_older_row_is_superseded(store: Store, name: str) -> None:
    first = await claimed(store, await applied(store, name))
    await claimed(store, first, "preflight")
    with pytest.raises(Superseded):
        await store.claim(first, decision(first, rollout(step="baseline")), seen())


async def test_of_many_claims_at_once_exactly_one_wins(store: Store, name: str) -> None:
    row = await claimed(store, await applied(store, name))
    claims = [
        store.claim(row, decision(row, rollout(), because=f"Worker {n}."), seen(at=later(n)))
        for n in range(8)
    ]
    outcomes = await asyncio.gather(*claims, return_exceptions=True)
    losers = [outcome for outcome in outcomes if isinstance(outcome, Superseded)]
    assert len(losers) == 7
    assert [entry.epoch for entry in await store.audit(name)] == [1, 2]


async def test_a_plan_and_its_topic_outlive_a_change_of_the_fleet(store: Store, name: str) -> None:
    row = await applied(store, name)
    await store.claim(row, decision(row, rollout(), plan=row.fleet), seen())
    await store.apply(fleet(name, topic=None), if_match=None, now=NOW)
    after = await store.load(name)
    assert after.plan == fleet(name)
    assert after.fleet == fleet(name, topic=None)
    moved = await store.claim(after, decision(after, rollout(step="preflight")), seen())
    assert [owed.topic for owed in moved.outbox] == [TOPIC]


async def test_the_same_signal_twice_is_one(store: Store, name: str) -> None:
    await applied(store, name)
    assert await store.accept(signal("event/1?#'", to=name))
    assert not await store.accept(signal("event/1?#'", to=name))
    assert [found.id for found in (await store.load(name)).pending] == ["event/1?#'"]


async def test_a_consumed_signal_stays_consumed(store: Store, name: str) -> None:
    await applied(store, name)
    await store.accept(signal("event-1", to=name))
    assert await store.disposition(name, "event-1") is None
    await claimed(store, await store.load(name))
    assert not await store.accept(signal("event-1", to=name))
    assert (await store.load(name)).pending == ()
    disposition = await store.disposition(name, "event-1")
    assert disposition == Disposition(id="event-1", applied=True, because="Applied event-1.")
    assert await store.disposition(name, "event-2") is None


async def test_a_signal_that_a_claim_does_not_mention_keeps_waiting(store: Store, name: str) -> None:
    row = await applied(store, name)
    await store.accept(signal("late", to=name))
    after = await claimed(store, row)
    assert [found.id for found in after.pending] == ["late"]


async def test_a_signal_cannot_be_consumed_twice(store: Store, name: str) -> None:
    await applied(store, name)
    await store.accept(signal("event-1", to=name))
    row = await store.load(name)
    after = await claimed(store, row)
    stale = replace(after, pending=row.pending)
    with pytest.raises(Superseded):
        await store.claim(stale, decision(stale, rollout(step="deploy")), seen(stale))
    assert (await store.load(name)).state == after.state


async def test_a_storm_of_signals_is_consumed_in_the_order_in_which_they_happened(
    store: Store, name: str
) -> None:
    await applied(store, name)
    storm = PENDING_MAX + 5
    await asyncio.gather(*(store.accept(signal(f"{n}", at=later(-n), to=name)) for n in range(storm)))
    expected = [f"{n}" for n in reversed(range(storm))]
    row = await store.load(name)
    assert [found.id for found in row.pending] == expected[:PENDING_MAX]
    after = await claimed(store, row)
    assert [found.id for found in after.pending] == expected[PENDING_MAX:]
    assert after.state.epoch == 1


async def test_a_document_may_be_longer_than_a_property(store: Store, name: str) -> None:
    row = await applied(store, name)
    long = {f"gate-{n}": n + 0.5 for n in range(2_500)}
    texts = {"blue": "ü" * 9_000, "green": "🟢" * 9_000}
    facts = replace(rollout(), baseline=long, addresses=texts)
    await store.claim(row, decision(row, facts), seen())
    shorter = await store.load(name)
    assert shorter.state.rollout == facts
    after = await claimed(store, shorter)
    assert after.state.rollout == rollout()
    assert await store.rollouts(name) == (rollout(),)


async def test_a_full_batch_fits(store: Store, name: str) -> None:
    await applied(store, name)
    await asyncio.gather(*(store.accept(signal(f"{n}", at=later(n), to=name)) for n in range(PENDING_MAX)))
    row = await store.load(name)
    evidence = tuple(judgement(f"gate-{n}", samples=300) for n in range(20))
    await store.claim(row, decision(row, rollout(), plan=row.fleet, judgements=evidence), seen(row))
    assert await store.judgements(name, "r-0001") == evidence


async def test_a_signal_of_another_fleet_is_invisible(store: Store, name: str) -> None:
    await applied(store, name)
    await applied(store, f"{name}-other")
    await store.accept(signal("event-1", to=f"{name}-other"))
    assert (await store.load(name)).pending == ()
    assert await store.disposition(name, "event-1") is None


async def test_the_safe_slot_survives_the_store(store: Store, name: str) -> None:
    row = await applied(store, name)
    moved = replace(rollout(step="bake"), stage=Stage.RETIRE, safe=GREEN, shifted=True, ordered_epoch=7)
    await store.claim(row, decision(row, moved), seen())
    assert (await store.load(name)).state.rollout == moved
