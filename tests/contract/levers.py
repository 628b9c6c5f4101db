"""Every balancer that the contract is held for, a line each, and the few things that a test does to one."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from sandbox.world.settings import Family
from shared.actions import Action, SetMatch, SetWeights
from shared.errors import Retry
from shared.fleet import Fleet
from shared.levers import Balancer, Match, SlotName, SwitchKind
from shared.ports import World
from shared.probes import Answer, BalancerSeen, BalancerState
from tests.contract.sides import Side, seen_as

Weights = Mapping[SlotName, int]


class Row(NamedTuple):
    """A kind of switch: whose outages it shares, and what fences a write.

    `in_turn`: a change is refused while another is on its way. `one_by_one`: an order changes one member.
    """

    kind: SwitchKind
    family: Family
    epoch: bool = False
    etag: bool = False
    in_turn: bool = False
    one_by_one: bool = False


ROWS = (
    Row(SwitchKind.FRONT_DOOR, Family.FRONT_DOOR, in_turn=True, one_by_one=True),
    Row(SwitchKind.FRONT_DOOR_CLASSIC, Family.FRONT_DOOR, epoch=True, in_turn=True),
    Row(SwitchKind.TRAFFIC_MANAGER, Family.TRAFFIC_MANAGER),
    Row(SwitchKind.APPLICATION_GATEWAY, Family.GATEWAY, epoch=True, etag=True),
)


class Balanced:
    """A balancer behind some door, with the time that it takes."""

    rounds_max = 8

    def __init__(self, world: World, fleet: Fleet, row: Row) -> None:
        self.world = world
        self.fleet = fleet
        self.row = row
        self.balancer: Balancer = fleet.balancers[0]

    async def wait(self) -> None:
        """Let some time pass, of which there may be `rounds_max` for anything to come true."""
        raise NotImplementedError

    def now(self) -> datetime:
        """The present moment."""
        raise NotImplementedError

    async def answer(self) -> Answer:
        """What is said of the balancer."""
        probe = BalancerState(self.balancer)
        return (await self.world.observe(self.fleet, frozenset({probe}), self.now()))[probe]

    async def see(self) -> BalancerSeen:
        """The balancer as it is."""
        return seen_as(await self.answer(), BalancerSeen)

    async def do(self, action: Action, *, epoch: int = 1) -> None:
        """Give an order once."""
        await self.world.perform(self.fleet, action, epoch=epoch)

    async def order(self, weights: Weights, *, epoch: int | None = None) -> None:
        """Tell it its shares once, under the etag, and the epoch if no other is given, that it has now."""
        seen = await self.see()
        shares = {str(slot): share for slot, share in weights.items()}
        order = SetWeights(self.balancer, shares, seen.etag)
        await self.do(order, epoch=seen.epoch or 1 if epoch is None else epoch)

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
        raise AssertionError(f"{self.balancer.label} does not send {wanted}: {await self.see()}")

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
            f"{self.balancer.label} does not send {match.label} to {slot}: {await self.see()}"
        )


class StandIn(Balanced):
    """One in the stand-in's world, by one of its two doors."""

    def __init__(self, side: Side, row: Row) -> None:
        super().__init__(side.world, side.fleet, row)
        self.estate = side.estate
        self.model = side.estate.world.balancers

    async def wait(self) -> None:
        """As long as the slowest change takes."""
        self.estate.clock.pass_seconds(self.estate.world.estate.timings.front_door_seconds)

    def now(self) -> datetime:
        """The world's moment."""
        return self.estate.clock.now()

    def served(self) -> list[float]:
        """The share of users that met some member, at each change and between them."""
        history = self.model.history(self.balancer)
        moments = {at for change in history for at in (change.at, change.begins_at, change.ends_at)}
        return [sum(self.model.shares(self.balancer, at).values()) for at in sorted(moments)]
