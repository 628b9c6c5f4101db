"""A rollout that an earlier version began goes on under this one, from whatever step it had reached."""

from __future__ import annotations

import pytest

from shared.model import Outcome, Rollout
from shared.store.audit import verify
from tests.golden.continuing import Continued
from tests.golden.history import names, read


@pytest.mark.parametrize("name", names())
async def test_it_ends_as_it_would_have_ended_and_leaves_the_world_in_order(name: str) -> None:
    history = read(name)
    for n, moment in enumerate(history.moments):
        it = await Continued.at(history, moment, interrupted=n % 2 == 1)
        await it.to_the_end(history, moment)
        where = f"taken over at epoch {moment['epoch']}, {moment['place']}"
        row = await it.store.load(it.fleet.name)
        rollout = row.state.rollout
        assert rollout is not None
        # A shadow that was over is left as it is: nothing tells of it again.
        told = await it.store.rollouts(it.fleet.name) or (rollout,)
        ended = [str(each.outcome) for each in reversed(told)]
        assert ended == history.outcomes[-len(ended) :], f"{where}: {rollout.because}"
        assert verify(await it.store.audit(it.fleet.name), row.state) == (), where
        touched = any(line.get("what") == "point elsewhere" for line in history.world)
        assert left_undone(it, rollout, ttl=not touched) == [], where


def left_undone(it: Continued, rollout: Rollout, *, ttl: bool) -> list[str]:
    """What a rollout has not put in order again. A TTL of somebody else's writing stays as it is."""
    if rollout.outcome is Outcome.ROLLBACK_FAILED:
        return []
    users = rollout.live if rollout.shadow else rollout.safe
    undone = [
        f"{slot.name} is frozen"
        for slot in it.fleet.slots
        if it.world.commands.frozen_until(slot.cluster_id) is not None
    ]
    for record in it.fleet.live_records:
        found = it.world.zones.get(record.zone_id, record.name, record.type)
        if rollout.shifted and found.targets != (rollout.addresses[users],):
            undone.append(f"{record.fqdn} is at {found.targets}")
        if ttl and rollout.shifted and found.ttl_seconds != record.ttl_seconds:
            undone.append(f"{record.fqdn} has a TTL of {found.ttl_seconds} s")
    for balancer in it.fleet.balancers:
        newest = it.world.balancers.newest(balancer)
        serving = [member.slot for member in balancer.members if newest.members[member.name].enabled]
        if rollout.shifted and serving != [users]:
            undone.append(f"{balancer.label} sends users to {', '.join(serving)}")
        if newest.matched is not None:
            undone.append(f"{balancer.label} sends a canary to {newest.matched}")
    return undone
