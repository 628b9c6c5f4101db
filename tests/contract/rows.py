"""Every kind of lever that the contract is held for, a line each."""

from __future__ import annotations

from typing import NamedTuple

from sandbox.world.balancers import TYPES
from sandbox.world.settings import Family
from shared.levers import MATCHING, WEIGHTED, RecordType, SwitchKind


class Row(NamedTuple):
    """A kind of lever: whose outages it shares, and what fences a write.

    `type`: what its record set holds, where it is one. `alias`: that names a resource. `in_turn`: a change is
    refused while another is on its way. `one_by_one`: an order changes one member. `conflicts`: it says 409
    `Conflict` while something else is done to it.
    """

    kind: SwitchKind
    family: Family
    type: RecordType = RecordType.A
    alias: bool = False
    epoch: bool = False
    etag: bool = False
    in_turn: bool = False
    one_by_one: bool = False
    conflicts: bool = False

    @property
    def name(self) -> str:
        """What it is called in a test's name, and in capitals where the environment names one."""
        if self.alias:
            return f"{self.kind.value}_alias"
        return self.kind.value if self.type is RecordType.A else f"{self.kind.value}_{self.type.lower()}"

    @property
    def balancer(self) -> bool:
        """Whether it takes orders about shares, caches and canaries, of which a record knows none."""
        return self.kind in TYPES

    @property
    def weighted(self) -> bool:
        """Whether it can send a share of the users to each slot."""
        return self.kind in WEIGHTED

    @property
    def matching(self) -> bool:
        """Whether it can have a canary."""
        return self.kind in MATCHING


ROWS = (
    *(Row(SwitchKind.AZURE_DNS, Family.DNS, type=each, epoch=True, etag=True) for each in RecordType),
    Row(SwitchKind.AZURE_DNS, Family.DNS, alias=True, epoch=True, etag=True),
    *(Row(SwitchKind.PRIVATE_DNS, Family.DNS, type=each, epoch=True, etag=True) for each in RecordType),
    Row(SwitchKind.FRONT_DOOR, Family.FRONT_DOOR, in_turn=True, one_by_one=True, conflicts=True),
    Row(SwitchKind.FRONT_DOOR_CLASSIC, Family.FRONT_DOOR, epoch=True, in_turn=True, conflicts=True),
    Row(SwitchKind.TRAFFIC_MANAGER, Family.TRAFFIC_MANAGER, conflicts=True),
    Row(SwitchKind.APPLICATION_GATEWAY, Family.GATEWAY, epoch=True, etag=True),
)
