"""A lever under test, record or balancer, and the few things that a test does to one.

All speak a balancer's words: a record that holds a slot's target sends everything there, and to send
everything to a slot is to point the record at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from shared.actions import Action, PointRecord, SetMatch, SetWeights
from shared.errors import Retry
from shared.fleet import Fleet
from shared.levers import Balancer, Match, SlotName
from shared.levers import Lever as Declared
from shared.ports import World
from shared.probes import Answer, BalancerSeen, BalancerState, RecordSeen, RecordState
from tests.contract.rows import Row
from tests.contract.sides import seen_as

Weights = Mapping[SlotName, int]


class Lever:
    """The fleet's only lever behind some door, with the time that it takes."""

    rounds_max = 8

    def __init__(self, world: World, fleet: Fleet, row: Row) -> None:
        self.world = world
        self.fleet = fleet
        self.row = row
        self.declared: Declared = fleet.levers[0]

    @property
    def balancer(self) -> Balancer:
        """The lever, in a test that is about balancers alone."""
        assert isinstance(self.declared, Balancer)
        return self.declared

    async def wait(self) -> None:
        """Let some time pass, of which there may be `rounds_max` for anything to come true."""
        raise NotImplementedError

    def now(self) -> datetime:
        """The present moment."""
        raise NotImplementedError

    async def answer(self) -> Answer:
        """What is said of the lever."""
        lever = self.declared
        probe = BalancerState(lever) if isinstance(lever, Balancer) else RecordState(lever)
        return (await self.world.observe(self.fleet, frozenset({probe}), self.now()))[probe]

    async def see(self) -> BalancerSeen:
        """The lever as it is. A record set that holds anything but one slot's target leads to no slot."""
        if isinstance(self.declared, Balancer):
            return seen_as(await self.answer(), BalancerSeen)
        found = seen_as(await self.answer(), RecordSeen)
        targets = {str(slot.name): self.target(slot.name).rstrip(".").lower() for slot in self.fleet.slots}
        weights = {slot: 100 for slot, target in targets.items() if found.targets == (target,)}
        return BalancerSeen(weights=weights, etag=found.etag, epoch=found.epoch, fleet=found.fleet)

    def target(self, slot: SlotName) -> str:
        """What the record set holds when it points at the slot."""
        found = self.fleet.slot(slot)
        target = found.public_ip_id if self.row.alias else found.address
        assert target is not None
        return target

    def told(self, weights: Weights, if_match: str | None) -> Action:
        """The order that sends its slots these shares; a record has one for a whole slot alone."""
        lever = self.declared
        if isinstance(lever, Balancer):
            return SetWeights(lever, {str(slot): share for slot, share in weights.items()}, if_match)
        (slot,) = (slot for slot, share in weights.items() if share)
        return PointRecord(lever, slot, self.target(slot), lever.ttl_seconds, if_match)

    async def do(self, action: Action, *, epoch: int = 1) -> None:
        """Give an order once."""
        await self.world.perform(self.fleet, action, epoch=epoch)

    async def order(self, weights: Weights, *, epoch: int | None = None) -> None:
        """Tell it its shares once, under the etag, and the epoch if no other is given, that it has now."""
        seen = await self.see()
        await self.do(self.told(weights, seen.etag), epoch=seen.epoch or 1 if epoch is None else epoch)

    async def reach(self, weights: Weights) -> BalancerSeen:
        """Order until it says so of itself and nothing is on its way, as the runbook does."""
        wanted = {slot: share for slot, share in weights.items() if share}
        for _ in range(self.rounds_max):
            seen = await self.see()
            if seen.weights == wanted and not seen.unsettled:
                return seen
            with suppress(Retry):
                await self.order(weights)
            await self.wait()
        raise AssertionError(f"{self.declared.label} does not send {wanted}: {await self.see()}")

    async def send(self, match: Match, slot: SlotName | None) -> BalancerSeen:
        """Set or lift a canary until it says so of itself and nothing is on its way."""
        for _ in range(self.rounds_max):
            seen = await self.see()
            if seen.matched == (slot or "") and not seen.unsettled:
                return seen
            with suppress(Retry):
                await self.do(SetMatch(self.balancer, match, slot))
            await self.wait()
        raise AssertionError(
            f"{self.declared.label} does not send {match.label} to {slot}: {await self.see()}"
        )
