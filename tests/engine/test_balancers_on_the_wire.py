"""Whole rollouts behind Traffic Manager, and behind one gateway that both slots share, through the SDKs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from sandbox.wire.server import Wire
from sandbox.world import Faults
from shared.azure.topic import EventGridTopics
from shared.azure.world import AzureWorld
from shared.engine import Engine
from shared.fleet import Fleet, Shift
from shared.model import Outcome
from tests.azure.rig import connected
from tests.engine.balanced import STEPS
from tests.engine.rig import Rig
from tests.engine.test_balancers import told, users_on
from tests.fleets import BLUE, GREEN
from tests.fleets_balanced import application_gateway_fleet, traffic_manager_fleet

SHARED = application_gateway_fleet()
BY_WEIGHT = msgspec.structs.replace(traffic_manager_fleet(), shift=Shift(steps=STEPS))


@asynccontextmanager
async def started(directory: Path, fleet: Fleet, faults: Faults | None = None) -> AsyncIterator[Rig]:
    """An engine whose Azure is the wire, and a rollout that has begun."""
    it = Rig(fleet, faults)
    async with Wire(it.world, it.clock, directory=directory, throttled=False) as wire:
        connection = connected(wire)
        it.fleet = msgspec.structs.replace(it.fleet, notification_topic=wire.topic_endpoint)
        it.engine = Engine(it.store, AzureWorld(connection), EventGridTopics(connection), it.clock)
        try:
            await it.applied()
            await it.publish_version()
            yield it
        finally:
            await connection.aclose()


@pytest.mark.parametrize(
    ("fleet", "shares"), [(SHARED, [0, 100]), (BY_WEIGHT, [0, 10, 50, 100])], ids=["gateway", "by_weight"]
)
async def test_users_come_as_they_are_told_and_the_old_slot_drains(
    tmp_path: Path, fleet: Fleet, shares: list[int]
) -> None:
    async with started(tmp_path, fleet) as it:
        ended = await it.ended()
        assert ended.outcome is Outcome.COMPLETED, ended.because
        assert [share for share in told(it) if share in shares] == shares
        assert users_on(it) == {GREEN: 1.0}


@pytest.mark.parametrize("fleet", [SHARED, BY_WEIGHT], ids=["gateway", "by_weight"])
async def test_an_alert_in_the_bake_brings_everybody_back(tmp_path: Path, fleet: Fleet) -> None:
    async with started(tmp_path, fleet) as it:
        await it.until("bake")
        assert users_on(it) == {GREEN: 1.0}
        await it.fire()
        assert (await it.ended()).outcome is Outcome.ROLLED_BACK
        assert users_on(it) == {BLUE: 1.0}
