"""Whole rollouts through the real engine and the real SDK clients, with faults drawn for every request."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from sandbox.wire.faults import Fault, Spoilt, Where
from sandbox.wire.server import Wire
from sandbox.wire.spoiling import spoiling
from shared.azure.topic import EventGridTopics
from shared.azure.world import AzureWorld
from shared.engine import Engine
from shared.fleet import Fleet, Gate, Source, Target
from shared.model import Outcome
from shared.store.audit import verify
from tests.azure.asking import gate
from tests.azure.rig import connected
from tests.engine.rig import Rig
from tests.fleets import ADDRESSES, BLUE, FLEET, GREEN
from tests.wire_faults.questions import HOOK, LOAD, PODS
from tests.wire_faults.rig import Patience
from tests.wire_faults.sentences import faults_of

SHARE = 0.12
_SLOW = {Fault.LATE, Fault.DRIPPING, Fault.ENDLESS, Fault.HUGE, Fault.GZIP_BOMB}
# An answer in the service's own form that says no for good: a rollout that stops on it ends as it should.
_FINAL = {
    Fault.VERSION_INVALID,
    Fault.VERSION_UNKNOWN,
    Fault.SUBSCRIPTION_HIDDEN,
    Fault.ERROR_IN_200,
    Fault.ERROR_IS_A_LIST,
}
FAULTS = sorted(set(Fault) - _SLOW - _FINAL)


ASKED = {"/shop", "/runCommand", "/test-runs/", "/alerts", "/availabilityStatuses/"}


def _named(name: str, *of: Any, **more: Any) -> Gate:
    return gate(*of, name=name, **more)


class Storm:
    """Faults for the answers of Azure's own services, drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.met: list[tuple[str, str, Spoilt]] = []
        self.over = False
        self.paths: set[str] = set()

    def plan(self, request: web.Request) -> Spoilt | None:
        """The next request's fault."""
        self.paths.add(request.path)
        asked = request.host.startswith(("localhost", "hooks."))
        if self.over or not asked or self._chance.random() >= SHARE:
            return None
        spoilt = Spoilt(self._chance.choice(FAULTS), self._chance.choice(list(Where)))
        self.met.append((request.method, request.path, spoilt))
        return spoilt


@asynccontextmanager
async def stormy(directory: Path, seed: int, fleet: Fleet = FLEET) -> AsyncIterator[tuple[Rig, Storm]]:
    """An engine whose Azure is the wire, and the storm before it."""
    it, storm = Rig(fleet), Storm(seed)
    wire = Wire(
        it.world,
        it.clock,
        directory=directory,
        throttled=False,
        middlewares=[spoiling(storm.plan)],
    )
    async with wire:
        connection = connected(wire, Patience)
        it.fleet = msgspec.structs.replace(it.fleet, notification_topic=wire.topic_endpoint)
        it.engine = Engine(it.store, AzureWorld(connection), EventGridTopics(connection), it.clock)
        try:
            await it.applied()
            yield it, storm
        finally:
            await connection.aclose()


async def begun(it: Rig) -> None:
    """A version is out, and a rollout to it has begun as soon as the live cluster could be read."""
    await it.publish_version()
    for _ in range(10):
        if (await it.state()).rollout is not None:
            return
        await it.minute()


async def settled(it: Rig, storm: Storm, expected: Outcome) -> None:
    """The rollout ended as it should, the trail holds, no event is owed, and a person can read it all."""
    ended = await it.ended()
    assert ended.outcome is expected, ended
    assert it.traffic_at() == ADDRESSES[GREEN if expected is Outcome.COMPLETED else BLUE]
    trail = await it.store.audit(it.fleet.name)
    assert verify(list(trail), await it.state()) == ()
    unreadable = [entry.because for entry in trail if _insides(entry.because)]
    assert not unreadable, unreadable
    assert len(storm.met) > 10
    storm.over = True
    it.clock.at += timedelta(minutes=10)
    await it.engine.housekeep()
    assert await it.store.owed(it.fleet.name, before=it.clock.at) == ()


def _insides(sentence: str) -> bool:
    return any("who answered" not in fault for fault in faults_of(sentence))


@pytest.mark.parametrize("seed", range(3))
async def test_a_rollout_in_a_storm_completes(tmp_path: Path, seed: int) -> None:
    async with stormy(tmp_path, seed) as (it, storm):
        await begun(it)
        await settled(it, storm, Outcome.COMPLETED)


CHECKED = msgspec.structs.replace(
    FLEET,
    gates=msgspec.structs.replace(
        FLEET.gates,
        functional=(_named("hook", Source.WEBHOOK, HOOK), _named("pods", Source.KUBERNETES, PODS)),
        load=(_named("load", Source.LOAD_TEST, LOAD, max_value=1_000),),
        switch=(*FLEET.gates.switch, _named("alerts", Source.ALERTS, None, target=Target.GATEWAY)),
        bake=(*FLEET.gates.bake, _named("health", Source.RESOURCE_HEALTH, None, target=Target.CLUSTER)),
    ),
)
"""The fleet with a gate of every source that says yes or no, or that begins something."""


@pytest.mark.parametrize("seed", range(2))
async def test_a_rollout_whose_gates_ask_every_source_completes_in_a_storm(tmp_path: Path, seed: int) -> None:
    async with stormy(tmp_path, seed, CHECKED) as (it, storm):
        await begun(it)
        await settled(it, storm, Outcome.COMPLETED)
    assert {part for path in storm.paths for part in ASKED if part in path} == ASKED


@pytest.mark.parametrize("seed", range(3))
async def test_a_rollback_in_a_storm_brings_the_traffic_back(tmp_path: Path, seed: int) -> None:
    async with stormy(tmp_path, seed) as (it, storm):
        await begun(it)
        await it.until("bake")
        await it.fire()
        await settled(it, storm, Outcome.ROLLED_BACK)
