"""`alert to DNS write`: from the body of an alert in hand to the order that moves the live record back.

An alert on the candidate arrives during the bake, at a process that has not read the directory of fleets yet
and at an address that names the fleet. It is understood, matched and stored, the rollback is decided and
claimed, and the clock stops when the world is asked to point the record at the safe slot. What the world
spends on answering probes is taken out: on Azure that is time on the wire.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from sandbox.azurite import Azurite
from sandbox.world.ports import PortsWorld
from shared.actions import Action, PointRecord
from shared.api.intake import Intake
from shared.engine import Engine
from shared.fleet import Fleet
from shared.probes import Answer, Probe
from shared.store import rows
from shared.store.rows import FLEET_KEY
from tests.bench.floor import Floor
from tests.bench.pairs import Figure, cpu_seconds, figure
from tests.bench.rollouts import baking, moved, snapshot
from tests.engine.rig import Rig
from tests.fleets import BLUE, GREEN, SUBSCRIPTION

PAIRS = 20
WARM_UP = 2
AGAINST = "one partition read and one batch"


class WatchedWorld(PortsWorld):
    """The stand-in's world, which notes its own time and when it was first told to move a record."""

    def __init__(self, rig: Rig) -> None:
        super().__init__(rig.world)
        self.answering = 0.0
        self.moved_at: float | None = None

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> Mapping[Probe, Answer]:
        """Answer, and add up what it took."""
        start = time.process_time()
        answers = await super().observe(fleet, probes, now)
        self.answering += time.process_time() - start
        return answers

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """Carry it out; the first move of a record stops the clock."""
        if isinstance(action, PointRecord) and self.moved_at is None:
            assert action.slot == BLUE, "it moved the wrong way"
            self.moved_at = time.process_time() - self.answering
        return await super().perform(fleet, action, epoch=epoch)


async def measure(azurite: Azurite) -> Figure:
    """CPU from the alert to the write, against the floor."""
    pairs = []
    floor = Floor(azurite.connection_string, "bench-alert-floor")
    for n in range(WARM_UP + PAIRS):
        rig = await baking(f"bench-alert-{n}")
        store, tables = await moved(rig, azurite)
        world = WatchedWorld(rig)
        intake = Intake(store, Engine(store, world, rig.topic, rig.clock), rig.clock)
        row = await store.load(rig.fleet.name)
        await floor.fill(
            [rows.row(rig.fleet.name, FLEET_KEY, msgspec.json.encode(row.fleet)), *snapshot(row)]
        )
        body = fired(rig)
        start = time.process_time()
        await intake.alert(body, rig.fleet.name)
        assert world.moved_at is not None, "the alert moved nothing"
        operations = floor.batch_like(tables.claim)
        theirs = await cpu_seconds(partial(floor.transition, operations))
        pairs.append((world.moved_at - start, theirs))
        await tables.close()
    await floor.close()
    return figure("alert to DNS write", pairs[WARM_UP:], against=AGAINST)


def fired(rig: Rig) -> dict[str, Any]:
    """An alert on the candidate, as an action group posts it."""
    alerts = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.AlertsManagement/alerts"
    essentials = {
        "alertId": f"{alerts}/{rig.fleet.name}",
        "alertRule": "failed-requests",
        "severity": "Sev1",
        "signalType": "Metric",
        "monitorCondition": "Fired",
        "monitoringService": "Platform",
        "alertTargetIDs": [rig.fleet.slot(GREEN).cluster_id],
        "firedDateTime": rig.clock.now().isoformat(),
    }
    return {
        "schemaId": "azureMonitorCommonAlertSchema",
        "data": {"essentials": essentials, "alertContext": {}},
    }
