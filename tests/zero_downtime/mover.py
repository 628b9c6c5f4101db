"""Moves levers through the product's world as the stages do, and returns once it has seen its own move.

Decides the order of questions and orders: an etag is read before each write of a record; a balancer is told
again and again until it shows what was wanted and nothing of it is under way. Refuses to know when to move.
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.wire.pace import pause
from shared.actions import Action, PointRecord, SetWeights, StopCluster
from shared.errors import Retry, Superseded
from shared.levers import Balancer, Lever, Record, SlotName
from shared.probes import Answer, BalancerSeen, BalancerState, Probe, RecordSeen, RecordState
from tests.zero_downtime.place import Place

LOOK_SECONDS = 20.0
"""Between two looks at a balancer, by the world's clock."""

LOOKS_MAX = 400


class NotMoved(Exception):
    """The lever did not get where it was sent, for as long as anybody would wait."""


class Mover:
    """One rollout's hands: an epoch that rises with each move."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._fleet = place.world.fleet
        self._epoch = 0
        self._last = ""

    async def look(self, lever: Lever) -> None:
        """Read a lever: the first time takes long, because then its client is loaded."""
        await self._see(RecordState(lever) if isinstance(lever, Record) else BalancerState(lever))

    async def point(self, record: Record, slot: SlotName, ttl_seconds: int) -> None:
        """Point a record at a slot, and see that it is. Raises NotMoved."""
        self._epoch += 1
        address = self._place.world.estate.address_of(slot)
        for _ in range(LOOKS_MAX):
            seen = await self._see(RecordState(record))
            if isinstance(seen, RecordSeen):
                if seen.targets == (address,) and seen.epoch == self._epoch:
                    return
                await self._do(PointRecord(record, slot, address, ttl_seconds, seen.etag))
            else:
                await self._rest()
        raise NotMoved(f"{record.label} never pointed at {slot}: {self._last}")

    async def weigh(self, balancer: Balancer, weights: Mapping[SlotName, int]) -> None:
        """Give slots their percent, and see that it is so everywhere. Raises NotMoved."""
        self._epoch += 1
        wanted = {str(slot): percent for slot, percent in weights.items()}
        for _ in range(LOOKS_MAX):
            seen = await self._see(BalancerState(balancer))
            if isinstance(seen, BalancerSeen):
                if seen.weights == wanted and not seen.unsettled:
                    return
                if seen.weights != wanted:
                    await self._do(SetWeights(balancer, wanted, seen.etag))
            await self._rest()
        raise NotMoved(f"{balancer.label} never had {wanted}: {self._last}")

    async def stop(self, slot: SlotName) -> None:
        """Order that a slot's cluster is stopped."""
        await self._do(StopCluster(slot))

    async def _see(self, probe: Probe) -> Answer:
        now = self._place.clock.now()
        answer = (await self._place.port.observe(self._fleet, frozenset({probe}), now))[probe]
        self._last = str(answer)
        return answer

    async def _do(self, action: Action) -> None:
        try:
            await self._place.port.perform(self._fleet, action, epoch=self._epoch)
        except (Retry, Superseded) as refusal:
            self._last = str(refusal)
            await self._rest()

    async def _rest(self) -> None:
        await pause(self._place.clock, LOOK_SECONDS)
