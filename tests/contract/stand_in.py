"""A lever in the stand-in's world, which a test may look into, by one of its two doors."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from shared.fleet import Fleet
from shared.levers import Balancer, RecordType, SlotName, SwitchKind
from tests.contract.levers import Lever
from tests.contract.rows import Row
from tests.contract.sides import Side, private_fleet
from tests.fleets import ADDRESSES, BLUE, FLEET, GREEN
from tests.fleets_balanced import balanced_fleet
from tests.wire.rig import aliased_fleet

_LOOK = timedelta(seconds=30)
TARGETS = {
    RecordType.A: ADDRESSES,
    RecordType.AAAA: {BLUE: "2001:db8::10", GREEN: "2001:db8::20"},
    RecordType.CNAME: {BLUE: "agw-blue.example.net", GREEN: "agw-green.example.net"},
}


class Held(NamedTuple):
    """What a lever held after some change: the slots that it led to, and all but who wrote it."""

    slots: frozenset[SlotName]
    content: object


class StandIn(Lever):
    """A lever in the stand-in's world."""

    def __init__(self, side: Side, row: Row) -> None:
        super().__init__(side.world, side.fleet, row)
        self.estate = side.estate
        self.model = side.estate.world

    async def wait(self) -> None:
        """As long as the slowest change takes."""
        self.estate.clock.pass_seconds(self.model.estate.timings.front_door_seconds)

    def now(self) -> datetime:
        """The world's moment."""
        return self.estate.clock.now()

    def history(self) -> list[Held]:
        """What it held at the world's start and after every change."""
        if not isinstance(self.declared, Balancer):
            sets = [written.now for written in self.model.zones.history(self.declared)]
            return [
                Held(self._slots_at(found.targets), (found.targets, found.ttl_seconds))
                if found is not None
                else Held(frozenset(), None)
                for found in sets
            ]
        members = self.declared.members
        return [
            Held(frozenset(each.slot for each in members if held[each.name].enabled), held)
            for held in (change.members for change in self.model.balancers.history(self.declared))
        ]

    def served(self) -> list[float]:
        """The share of users that met some slot, twice a minute from the world's start to now."""
        at, shares = self.model.estate.started_at, []
        while at <= self.now():
            shares.append(sum(share for slot, share in self.model.traffic.mix(at).items() if slot))
            at += _LOOK
        return shares

    def _slots_at(self, targets: tuple[str, ...]) -> frozenset[SlotName]:
        found = map(self.model.estate.slot_at, targets)
        return frozenset(slot for slot in found if slot is not None)


def fleet_of(row: Row) -> Fleet:
    """The small fleet whose only lever is of that kind."""
    if row.balancer:
        return balanced_fleet(row.kind)
    if row.alias:
        return aliased_fleet()
    return holding(row.type, private_fleet() if row.kind is SwitchKind.PRIVATE_DNS else FLEET)


def holding(kind: RecordType, fleet: Fleet) -> Fleet:
    """The fleet whose live record is of that type, and leads to gateways that can be named so."""
    live = msgspec.structs.replace(fleet.live_records[0], type=kind)
    slots = (msgspec.structs.replace(each, address=TARGETS[kind][each.name]) for each in fleet.slots)
    return msgspec.structs.replace(fleet, live_records=(live,), slots=tuple(slots))
