"""What a store keeps of the past and knows of all fleets, on the memory store and on Azurite alike."""

from __future__ import annotations

import msgspec

from shared.fleet import Channel
from shared.model import Hold, HoldKind, Outcome, Rollout, Stage
from shared.ports import Store
from shared.store.audit import verify
from tests.store.samples import (
    NOW,
    TOPIC,
    applied,
    claimed,
    decision,
    fleet,
    judgement,
    later,
    resources,
    rollout,
    seen,
)

replace = msgspec.structs.replace


async def test_rollouts_are_listed_newest_first_as_they_stand(store: Store, name: str) -> None:
    row = await claimed(store, await applied(store, name))
    ended = replace(rollout(), outcome=Outcome.COMPLETED, ended_at=later(60))
    await store.claim(row, decision(row, ended), seen())
    row = await store.load(name)
    newer = rollout("r-0002", at=later(120))
    await store.claim(row, decision(row, newer), seen())
    assert await store.rollouts(name) == (newer, ended)


async def test_judgements_are_those_of_the_rollout_oldest_first(store: Store, name: str) -> None:
    row = await claimed(store, await applied(store, name), judgements=(judgement("a"), judgement("b")))
    row = await claimed(store, row, judgements=(judgement("c"),))
    await store.claim(row, decision(row, rollout("r-0001-2"), judgements=(judgement("d"),)), seen())
    assert [found.gate for found in await store.judgements(name, "r-0001")] == ["a", "b", "c"]
    assert await store.judgements(name, "r-0001-2") == (judgement("d"),)


async def test_the_audit_trail_proves_the_state(store: Store, name: str) -> None:
    row = await applied(store, name)
    held = replace(rollout(step="admit"), held=Hold(kind=HoldKind.PERSON, because="Wait.", since=NOW))
    states: list[Rollout | None] = [
        rollout(),
        held,
        replace(held, baseline={"a": 1.5}, addresses={"green": "203.0.113.20"}),
    ]
    states += [
        replace(rollout(), baseline={"b": 1.0}),
        replace(rollout(step="preflight"), stage=Stage.DEPLOY),
        None,
    ]
    for state in states:
        await store.claim(row, decision(row, state), seen(row, at=later(row.state.epoch)))
        row = await store.load(name)
    trail = await store.audit(name)
    assert verify(trail, row.state) == ()
    assert [entry.epoch for entry in trail] == [1, 2, 3, 4, 5, 6]
    assert trail[-1].hash == row.audit_head
    assert [entry.epoch for entry in await store.audit(name, "r-0001")] == [1, 2, 3, 4, 5]


async def test_a_transition_is_announced_and_a_poll_is_not(store: Store, name: str) -> None:
    row = await applied(store, name)
    won = await store.claim(row, decision(row, rollout(), because="It starts."), seen())
    (owed,) = won.outbox
    assert (owed.topic, owed.event["id"]) == (TOPIC, f"{name}/r-0001/1")
    assert owed.event["data"]["because"] == "It starts."
    row = await store.load(name)
    poll = await store.claim(row, decision(row, replace(rollout(), wake_at=later(60))), seen())
    assert poll.outbox == ()


async def test_a_hold_and_an_end_are_announced_as_such(store: Store, name: str) -> None:
    row = await claimed(store, await applied(store, name))
    held = replace(rollout(), held=Hold(kind=HoldKind.GATE, because="5 errors.", since=NOW))
    more = replace(rollout(), held=Hold(kind=HoldKind.GATE, because="6 errors.", since=NOW))
    stopped = replace(rollout(), outcome=Outcome.STOPPED, ended_at=NOW)
    kinds = []
    for state in (held, more, stopped):
        won = await store.claim(row, decision(row, state), seen())
        kinds.append([owed.event["type"] for owed in won.outbox])
        row = await store.load(name)
    assert kinds == [["Switchyard.RolloutHeld"], [], ["Switchyard.RolloutEnded"]]


async def test_without_a_topic_nothing_is_owed(store: Store, name: str) -> None:
    row = await applied(store, name, topic=None)
    won = await store.claim(row, decision(row, rollout()), seen())
    assert won.outbox == ()
    assert await store.owed(name, before=later(60)) == ()


async def test_what_is_owed_stays_until_it_is_settled(store: Store, name: str) -> None:
    row = await applied(store, name)
    won = await store.claim(row, decision(row, rollout()), seen())
    assert await store.owed(name, before=NOW) == ()
    assert await store.owed(name, before=later(1)) == won.outbox
    await store.settle(won.outbox[0])
    await store.settle(won.outbox[0])
    assert await store.owed(name, before=later(1)) == ()


async def test_the_directory_knows_every_fleet_and_which_are_active(store: Store, name: str) -> None:
    platform = fleet(f"{name}-b", channel=Channel.PLATFORM)
    await store.apply(platform, if_match=None, now=NOW)
    await store.apply(fleet(f"{name}-a"), if_match=None, now=NOW)
    await store.mark(f"{name}-b", active=True, now=later(5))
    await store.apply(platform, if_match=None, now=later(9))
    ours = [entry for entry in await store.directory() if entry.name.startswith(name)]
    assert [(e.name, e.platform, e.active, e.marked_at) for e in ours] == [
        (f"{name}-a", False, False, NOW),
        (f"{name}-b", True, True, later(5)),
    ]
    assert ours[0].resources == resources(fleet())
    active = [entry.name for entry in await store.directory(active_only=True)]
    assert f"{name}-b" in active
    assert f"{name}-a" not in active
    await store.mark(f"{name}-b", active=False, now=later(10))
    assert f"{name}-b" not in [entry.name for entry in await store.directory(active_only=True)]


async def test_a_fleet_rests_unless_it_was_marked_meanwhile(store: Store, name: str) -> None:
    await store.apply(fleet(name), if_match=None, now=NOW)
    await store.mark(name, active=True, now=NOW)
    (stale,) = [entry for entry in await store.directory(active_only=True) if entry.name == name]
    await store.mark(name, active=True, now=later(1))
    assert not await store.rest(stale)
    (fresh,) = [entry for entry in await store.directory(active_only=True) if entry.name == name]
    assert await store.rest(fresh)
    (rested,) = [entry for entry in await store.directory() if entry.name == name]
    assert (rested.active, rested.resources) == (False, fresh.resources)
