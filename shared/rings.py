"""What a fleet sees of the ring before it: that fleet's own state, and gates on its live slot.

The one thing that a rollout looks at and that is not the world's: it is read from the store. Decides nothing;
a ring that cannot be read is `Unavailable`, like anything else.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from shared.errors import SwitchyardError
from shared.model import Outcome, Rollout
from shared.ports import Row, Store, World
from shared.probes import Answer, GateReading, Probe, Unavailable
from shared.ring_probes import RingProbe, RingReading, RingSeen, RingState


class Rings:
    """Answers questions about other fleets."""

    def __init__(self, store: Store, world: World) -> None:
        self._store = store
        self._world = world

    async def look(self, probes: Iterable[RingProbe], now: datetime) -> dict[Probe, Answer]:
        """Every answer; nothing is raised."""
        return {probe: await self._answer(probe, now) for probe in probes}

    async def _answer(self, probe: RingProbe, now: datetime) -> Answer:
        try:
            row = await self._store.load(probe.fleet)
            if isinstance(probe, RingState):
                return _seen(row, await self._newest(row, probe))
        except SwitchyardError as error:
            return Unavailable(f"the ring {probe.fleet}: {error}")
        return await self._reading(row, probe, now)

    async def _newest(self, row: Row, probe: RingState) -> Rollout | None:
        newest = row.state.rollout
        if newest is None or not newest.shadow or probe.shadow:
            return newest
        earlier = await self._store.rollouts(row.fleet.name)
        return next((rollout for rollout in earlier if not rollout.shadow), None)

    async def _reading(self, row: Row, probe: RingReading, now: datetime) -> Answer:
        reading = GateReading(probe.gate, row.state.live, probe.since)
        answers = await self._world.observe(row.fleet, frozenset({reading}), now)
        return answers[reading]


def _seen(row: Row, rollout: Rollout | None) -> RingSeen:
    held = {each.version: each.because for each in row.state.held_versions}
    if rollout is None:
        return RingSeen(live=row.state.live, held=held)
    if rollout.shadow and rollout.outcome not in (None, Outcome.COMPLETED):
        # A real one would hold it, and whoever follows a shadow is to see what would become of it.
        held[rollout.version] = rollout.because
    return RingSeen(
        live=row.state.live,
        version=rollout.version,
        outcome=rollout.outcome,
        ended_at=rollout.ended_at,
        because=rollout.because,
        held=held,
    )
