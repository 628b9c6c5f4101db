"""Two workers on one fleet: the second looks while the first is still giving an order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.actions import Action, Freeze, Thaw
from shared.engine import Engine
from shared.fleet import Fleet
from shared.model import Outcome
from shared.ports import World
from shared.probes import Answer, Probe
from tests.engine.rig import Rig
from tests.fleets import fleet


class Slow:
    """A world in which another worker looks at the fleet while a run command is being handed over."""

    def __init__(self, rig: Rig) -> None:
        self.orders: list[str] = []
        self._rig = rig
        self._world: World = rig.observed
        self._other = Engine(rig.store, rig.observed, rig.topic, rig.clock)

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> Mapping[Probe, Answer]:
        """As ever."""
        return await self._world.observe(fleet, probes, now)

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """Take the order, let the other worker look, and only then answer."""
        receipt = await self._world.perform(fleet, action, epoch=epoch)
        if isinstance(action, Freeze | Thaw):
            self.orders.append(type(action).__name__)
            await self._other.tick(fleet.name)
        return receipt


async def test_a_run_command_that_one_worker_is_handing_over_is_not_ordered_by_another() -> None:
    it = await Rig(fleet()).applied()
    slow = Slow(it)
    it.engine = Engine(it.store, slow, it.topic, it.clock)
    await it.publish_version()
    assert (await it.ended()).outcome is Outcome.COMPLETED
    trail = await it.store.audit("contoso")
    ordered = [kind for entry in trail for kind in map(_kind, entry.actions) if kind in ("freeze", "thaw")]
    assert slow.orders == ["Freeze", "Thaw"]
    assert ordered == ["freeze", "thaw"]


class Patient(Slow):
    """A world in which every order takes nearly as long as it may, while the timer looks after the outbox."""

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """Answer late."""
        receipt = await self._world.perform(fleet, action, epoch=epoch)
        for _ in range(4):
            self._rig.clock.at += timedelta(seconds=25)
            await self._other.housekeep()
        return receipt


async def test_the_timer_leaves_alone_what_a_slow_tick_is_about_to_announce() -> None:
    it = await Rig(fleet()).applied()
    await it.publish_version()
    await it.until("bake")
    it.engine = Engine(it.store, Patient(it), it.topic, it.clock)
    await it.fire()
    assert (await it.ended()).outcome is Outcome.ROLLED_BACK
    assert it.topic.repeats() == []


def _kind(action: Mapping[str, object]) -> str:
    return str(action["type"]).lower()
