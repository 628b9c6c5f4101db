"""`transition`: what a decision costs beyond the read and the batch that make it durable.

The decision is the runbook's own, of a poll during the bake with all its probes answered. Answering them is
not part of it: that is time on the wire, and the same for everybody.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import msgspec

import stages
from sandbox.azurite import Azurite
from sandbox.world.ports import PortsWorld
from shared.decision import Seen
from shared.store import rows
from shared.store.rows import FLEET_KEY
from tests.bench.floor import Floor
from tests.bench.pairs import Figure, cpu_seconds, figure
from tests.bench.rollouts import baking, moved, snapshot
from tests.engine.rig import Rig

PAIRS = 60
WARM_UP = 5
AGAINST = "one partition read and one batch"


async def measure(azurite: Azurite) -> Figure:
    """CPU of load, decide and claim, against the floor."""
    rig = await baking("bench-transition")
    store, tables = await moved(rig, azurite)
    row = await store.load(rig.fleet.name)
    seen = await look(rig)
    floor = Floor(azurite.connection_string, "bench-floor")
    fleet_row = rows.row(rig.fleet.name, FLEET_KEY, msgspec.json.encode(row.fleet))
    await floor.fill([fleet_row, *snapshot(row)])

    async def transition() -> None:
        nonlocal seen
        seen = msgspec.structs.replace(seen, now=seen.now + timedelta(seconds=1))
        row = await store.load(rig.fleet.name)
        decision = stages.decide(row.fleet, row.plan, row.state, seen)
        await store.claim(row, decision, seen)

    pairs = []
    await transition()
    for n in range(WARM_UP + PAIRS):
        operations = floor.batch_like(tables.claim)
        ours_first = n % 2 == 0
        before = await cpu_seconds(transition) if ours_first else 0.0
        theirs = await cpu_seconds(partial(floor.transition, operations))
        pairs.append((before if ours_first else await cpu_seconds(transition), theirs))
    rollout = (await store.load(rig.fleet.name)).state.rollout
    assert rollout is not None
    assert rollout.step == "bake", "it has left the bake, so it measured something else"
    await floor.close()
    await tables.close()
    return figure("transition", pairs[WARM_UP:], against=AGAINST, ratio_max=1.25)


async def look(rig: Rig) -> Seen:
    """What a poll during the bake sees, one minute on."""
    row = await rig.store.load(rig.fleet.name)
    rig.clock.at += timedelta(minutes=1)
    now = rig.clock.now()
    probes = stages.needs(row.fleet, row.plan, row.state, (), now)
    return Seen(now=now, answers=await PortsWorld(rig.world).observe(row.fleet, probes, now))
