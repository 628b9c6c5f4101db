"""Fleets that follow each other, each in a world of its own, under one store, one clock and one engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sandbox.memory_store import MemoryStore
from sandbox.world import Faults, World
from sandbox.world.ports import PortsWorld
from shared.actions import Action
from shared.engine import Engine
from shared.fleet import Fleet
from shared.model import Rollout, Signal, SignalKind
from shared.probes import Answer, Probe
from shared.signals import resources_of
from tests.engine.rig import Clock, Topic

VERSION = "1.32.6"


class Worlds:
    """Each fleet's own world, behind one port."""

    def __init__(self, ports: dict[str, PortsWorld]) -> None:
        self._ports = ports

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> dict[Probe, Answer]:
        """Answer in the fleet's world."""
        return dict(await self._ports[fleet.name].observe(fleet, probes, now))

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """Obey in the fleet's world."""
        return await self._ports[fleet.name].perform(fleet, action, epoch=epoch)


class Rings:
    """The rings of `fleets`, in order. `faults` are those of the world of the ring at that place."""

    def __init__(
        self,
        fleets: Sequence[Fleet],
        faults: Mapping[int, Faults] | None = None,
        store: MemoryStore | None = None,
    ) -> None:
        self.clock = Clock()
        self.fleets = list(fleets)
        ports = {
            fleet.name: PortsWorld(World(fleet, self.clock, faults=(faults or {}).get(place, Faults())))
            for place, fleet in enumerate(fleets)
        }
        self.clock.at += timedelta(minutes=30)
        self.store = store if store is not None else MemoryStore(resources_of)
        self.observed = Worlds(ports)
        self.engine = Engine(self.store, self.observed, Topic(), self.clock)

    async def publish(self) -> None:
        """All of them are applied, and a version is out for everybody at once."""
        channel = self.fleets[0].versions.channel.value
        for fleet in self.fleets:
            await self.store.apply(fleet, if_match=None, now=self.clock.now())
            signal = Signal(
                kind=SignalKind.VERSION_AVAILABLE,
                id=f"version-{fleet.name}",
                fleet=fleet.name,
                at=self.clock.now(),
                because=f"{VERSION} is out",
                versions={channel: VERSION},
            )
            await self.store.accept(signal)
            await self.engine.tick(fleet.name)

    async def rollout(self, ring: int) -> Rollout:
        """The rollout of a ring."""
        rollout = (await self.store.load(self.fleets[ring].name)).state.rollout
        assert rollout is not None
        return rollout

    async def pass_minutes(self, minutes: int) -> None:
        """Let time pass for all of them."""
        for _ in range(minutes):
            self.clock.at += timedelta(minutes=1)
            for fleet in self.fleets:
                await self.engine.tick(fleet.name)

    async def until_ended(self, ring: int, hours_max: int = 24) -> Rollout:
        """Let time pass for all of them until one has ended."""
        for _ in range(hours_max * 60):
            rollout = await self.rollout(ring)
            if rollout.outcome is not None:
                return rollout
            await self.pass_minutes(1)
        raise AssertionError(await self.rollout(ring))

    async def until_step(self, ring: int, step: str, hours_max: int = 24) -> Rollout:
        """Let time pass for all of them until one has come to a step."""
        for _ in range(hours_max * 60):
            rollout = await self.rollout(ring)
            if rollout.step == step:
                return rollout
            await self.pass_minutes(1)
        raise AssertionError(await self.rollout(ring))

    async def roll_back(self, ring: int, because: str) -> None:
        """A person turns one ring back."""
        rollout = (await self.rollout(ring)).id
        await self._say(ring, SignalKind.ROLLBACK, because, rollout=rollout)

    async def start(self, ring: int, version: str) -> None:
        """A person starts a rollout of one ring."""
        await self._say(ring, SignalKind.START, "a try", version=version)

    async def _say(self, ring: int, kind: SignalKind, because: str, **facts: str) -> None:
        name = self.fleets[ring].name
        signal = Signal(
            kind=kind,
            id=f"{kind.value}-{name}",
            fleet=name,
            at=self.clock.now(),
            because=because,
            by="olivia@contoso.com",
            **facts,  # type: ignore[arg-type]
        )
        await self.store.accept(signal)
        await self.engine.tick(name)
