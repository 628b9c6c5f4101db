"""Rings: fleets of other users that get a version one after the other, each with a way back of its own."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from sandbox.memory_store import MemoryStore
from sandbox.world import Faults, World
from sandbox.world.ports import PortsWorld
from shared.engine import Engine
from shared.fleet import Fleet, Ring
from shared.model import Outcome, Rollout, Signal, SignalKind
from shared.probes import Answer, Probe
from shared.signals import resources_of
from tests.engine.rig import Clock, Topic
from tests.fleets import ERRORS, FLEET

HOLD_SECONDS = 3600


class Worlds:
    """Each fleet's own world, behind one port."""

    def __init__(self, ports: dict[str, PortsWorld]) -> None:
        self._ports = ports

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> dict[Probe, Answer]:
        """Answer in the fleet's world."""
        return dict(await self._ports[fleet.name].observe(fleet, probes, now))

    async def perform(self, fleet: Fleet, action: object, *, epoch: int) -> str | None:
        """Obey in the fleet's world."""
        return await self._ports[fleet.name].perform(fleet, action, epoch=epoch)  # type: ignore[arg-type]


class Rings:
    """Two rings: users of the second get a version an hour after the first is well on it."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.clock = Clock()
        ring = Ring(after="contoso-ring0", hold_seconds=HOLD_SECONDS, gates=(ERRORS,))
        self.fleets = [
            msgspec.structs.replace(FLEET, name="contoso-ring0"),
            msgspec.structs.replace(FLEET, name="contoso-ring1", ring=ring),
        ]
        ports = {
            fleet.name: PortsWorld(
                World(fleet, self.clock, faults=faults if place == 0 and faults else Faults())
            )
            for place, fleet in enumerate(self.fleets)
        }
        self.clock.at += timedelta(minutes=30)
        self.store = MemoryStore(resources_of)
        self.engine = Engine(self.store, Worlds(ports), Topic(), self.clock)

    async def publish(self) -> None:
        """A version is out for everybody at once."""
        for fleet in self.fleets:
            await self.store.apply(fleet, if_match=None, now=self.clock.now())
            signal = Signal(
                kind=SignalKind.VERSION_AVAILABLE,
                id=f"version-{fleet.name}",
                fleet=fleet.name,
                at=self.clock.now(),
                because="1.32.6 is out",
                versions={"stable": "1.32.6"},
            )
            await self.store.accept(signal)
            await self.engine.tick(fleet.name)

    async def rollout(self, ring: int) -> Rollout:
        """The rollout of a ring."""
        rollout = (await self.store.load(self.fleets[ring].name)).state.rollout
        assert rollout is not None
        return rollout

    async def until_ended(self, ring: int, hours_max: int = 24) -> Rollout:
        """Let time pass for both until one has ended."""
        for _ in range(hours_max * 60):
            rollout = await self.rollout(ring)
            if rollout.outcome is not None:
                return rollout
            self.clock.at += timedelta(minutes=1)
            for fleet in self.fleets:
                await self.engine.tick(fleet.name)
        raise AssertionError(await self.rollout(ring))


async def test_the_second_ring_waits_until_the_first_has_been_well_for_as_long_as_the_plan_asks() -> None:
    rings = Rings()
    await rings.publish()
    first = await rings.until_ended(0)
    waiting = await rings.rollout(1)
    assert (first.outcome, waiting.step) == (Outcome.COMPLETED, "follow")
    second = await rings.until_ended(1)
    assert second.outcome is Outcome.COMPLETED
    assert first.ended_at is not None
    trail = await rings.store.audit("contoso-ring1")
    went_on = next(entry for entry in trail if "has been well on 1.32.6 for 60 minutes" in entry.because)
    assert went_on.at - first.ended_at >= timedelta(seconds=HOLD_SECONDS)
    deployed = next(entry for entry in trail if entry.actions)
    assert deployed.at >= went_on.at


async def test_a_ring_that_goes_back_keeps_the_next_from_beginning_and_moves_nobody_there() -> None:
    rings = Rings(Faults(slow_burn=True, slow_burn_share=0.3, slow_burn_seconds=60))
    await rings.publish()
    assert (await rings.until_ended(0)).outcome is Outcome.ROLLED_BACK
    second = await rings.until_ended(1)
    assert second.outcome is Outcome.STOPPED
    assert "contoso-ring0, which comes first, did not keep 1.32.6" in second.because
    assert not any(entry.actions for entry in await rings.store.audit("contoso-ring1"))


async def test_a_ring_that_cannot_be_read_is_waited_for() -> None:
    rings = Rings()
    ring = Ring(after="contoso-nowhere", hold_seconds=HOLD_SECONDS)
    rings.fleets[1] = msgspec.structs.replace(rings.fleets[1], ring=ring)
    await rings.publish()
    await rings.until_ended(0)
    waiting = await rings.rollout(1)
    assert waiting.step == "follow"
    assert "the ring before could not be read" in waiting.because
