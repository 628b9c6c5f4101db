"""A world that throttles one question or one order of a rollout, and notes who asks again too early."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from shared.actions import Action
from shared.errors import Retry
from shared.fleet import Fleet
from shared.model import Rollout
from shared.ports import World
from shared.probes import Answer, Probe, Unavailable
from tests.engine.rig import Clock, Rig

AFTER_SECONDS = 200
"""Longer than a poll, so that whoever does not listen is caught."""

SWEEP_SECONDS = 15


class Early(Struct, frozen=True):
    """A question or an order that came again too early, and by how many seconds."""

    what: str
    seconds: float


class Throttling:
    """`shared.ports.World` before another one. It refuses its `nth` question or order, counted from 0.

    Whatever was refused is refused again for as long as it comes too early.
    """

    def __init__(self, world: World, clock: Clock, nth: int | None = None) -> None:
        self._world = world
        self._clock = clock
        self._nth = nth
        self._closed: dict[str, datetime] = {}
        self.excused = False
        self.asked = 0
        self.refused: str | None = None
        self.early: list[Early] = []

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> Mapping[Probe, Answer]:
        """Answer every probe but those that are refused."""
        refused = {probe: left for probe in sorted(probes, key=repr) if (left := self._refused(_name(probe)))}
        answers = dict(await self._world.observe(fleet, probes - refused.keys(), now))
        return answers | {probe: Unavailable("throttled", left) for probe, left in refused.items()}

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """Carry out an action, or raise Retry."""
        left = self._refused(_name(action))
        if left:
            raise Retry("throttled", left)
        return await self._world.perform(fleet, action, epoch=epoch)

    def _refused(self, name: str) -> float:
        now = self._clock.now()
        until = self._closed.get(name)
        if until is not None and now < until:
            left = (until - now).total_seconds()
            if not self.excused:
                self.early.append(Early(name, left))
            return left
        self.asked += 1
        if self.asked - 1 != self._nth:
            return 0
        self.refused = name
        self._closed[name] = now + timedelta(seconds=AFTER_SECONDS)
        return AFTER_SECONDS


Story = Callable[[Rig, Rollout], Awaitable[None]]
"""What people and alerts do, told of the rollout before each sweep."""


async def walk(rig: Rig, story: Story, nth: int | None) -> Throttling:
    """Walk a rollout to its end as the sweep's timer would, with that one refusal."""
    world = Throttling(rig.observed, rig.clock, nth)
    rig.observed = world  # type: ignore[assignment]
    rig.restart()
    await rig.store.mark(rig.fleet.name, active=True, now=rig.clock.now())
    await rig.publish_version()
    for _ in range(6 * 3600 // SWEEP_SECONDS):
        for name in await rig.engine.sweep():
            await rig.engine.tick(name)
        rollout = (await rig.state()).rollout
        if rollout is not None and rollout.outcome is not None and rollout.wake_at is None:
            return world
        if rollout is not None:
            # What a person or an alert sends is looked at when it comes: a rollback waits for nobody.
            world.excused = True
            await story(rig, rollout)
            world.excused = False
        rig.clock.at += timedelta(seconds=SWEEP_SECONDS)
    raise AssertionError(f"it has not ended: {await rig.rollout()}")


def _name(thing: Probe | Action) -> str:
    """What counts as the same question: a gate's window moves on, the gate stays."""
    parts = [str(getattr(thing, field, "")) for field in ("slot", "name", "command_id")]
    gate, record = getattr(thing, "gate", None), getattr(thing, "record", None)
    parts += [gate.name] if gate else []
    parts += [record.name] if record else []
    return " ".join(filter(None, (type(thing).__name__, *parts)))
