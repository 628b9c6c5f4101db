"""A worker that dies between a claim and its order: what was only meant must not count as done."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.actions import Action, Freeze, PointRecord
from shared.engine import Engine
from shared.errors import Retry
from shared.fleet import Fleet
from shared.model import Outcome, Signal, SignalKind
from shared.policy import Approvals
from shared.ports import World
from shared.probes import Answer, Probe
from tests.engine.rig import Rig
from tests.fleets import BLUE, GREEN, fleet


class Died(Exception):
    """The worker is gone."""


class Deadly:
    """A world that no order to freeze reaches while it is `deadly`: its worker dies first."""

    def __init__(self, world: World) -> None:
        self.deadly = False
        self._world = world

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> Mapping[Probe, Answer]:
        """As ever."""
        return await self._world.observe(fleet, probes, now)

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """Carry it out, or die."""
        if self.deadly and isinstance(action, Freeze):
            raise Died
        return await self._world.perform(fleet, action, epoch=epoch)


async def test_a_renewed_freeze_whose_worker_died_is_ordered_again_before_the_switch() -> None:
    it = await Rig(fleet(approvals=Approvals(switch=True))).applied()
    world = Deadly(it.observed)
    it.engine = Engine(it.store, world, it.topic, it.clock)
    await it.publish_version()
    await it.until("approve_switch")
    it.clock.at += timedelta(hours=6)
    world.deadly = True
    with contextlib.suppress(Died):
        await it.send(SignalKind.PROMOTE, by="olivia@contoso.com")
    world.deadly = False
    await it.until("converge")
    assert it.frozen_until(BLUE) is not None
    assert (await it.ended()).outcome is Outcome.COMPLETED
    assert it.frozen_until(BLUE) is None


class Answerless:
    """A world whose answer to the switch is lost, while a person says that they want it undone."""

    def __init__(self, it: Rig) -> None:
        self._it = it

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> Mapping[Probe, Answer]:
        """As ever."""
        return await self._it.observed.observe(fleet, probes, now)

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """Carry it out, and lose the answer of the switch."""
        receipt = await self._it.observed.perform(fleet, action, epoch=epoch)
        if isinstance(action, PointRecord) and action.record in fleet.live_records and action.slot == GREEN:
            because = "olivia@contoso.com rolls back"
            now = self._it.clock.now()
            back = Signal(kind=SignalKind.ROLLBACK, id="back", fleet=fleet.name, at=now, because=because)
            await self._it.store.accept(back)
            raise Retry("connection reset")
        return receipt


async def test_a_rollback_does_not_wait_for_an_order_of_before_whose_answer_was_lost() -> None:
    it = await Rig(fleet()).applied()
    it.engine = Engine(it.store, Answerless(it), it.topic, it.clock)
    await it.publish_version()
    assert (await it.ended()).outcome is Outcome.ROLLED_BACK
    trail = await it.store.audit(it.fleet.name)
    turned = next(entry for entry in trail if "back" in entry.signals)
    assert [action["type"] for action in turned.actions] == ["point_record"], turned.because
