"""What decides which slot users reach: DNS records, and balancers that share requests out by weight.

A lever is one or the other. Frozen values; this module imports nothing of ours and refuses to know how a
lever is read or written, which is a switch's (`shared/azure`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

from msgspec import Struct

SlotName = NewType("SlotName", str)
"""`blue` or `green`: a fixed place for a cluster. Colours never change meaning."""


THROUGH = SlotName("through")
"""No slot: the member of a balancer above a live record that passes everything on to the record's name."""


class SwitchKind(StrEnum):
    """The adapter that holds a lever: the first two hold records, the others are balancers."""

    AZURE_DNS = "azure_dns"
    PRIVATE_DNS = "private_dns"
    FRONT_DOOR = "front_door"
    FRONT_DOOR_CLASSIC = "front_door_classic"
    TRAFFIC_MANAGER = "traffic_manager"
    APPLICATION_GATEWAY = "application_gateway"


WEIGHTED = frozenset({SwitchKind.FRONT_DOOR, SwitchKind.FRONT_DOOR_CLASSIC, SwitchKind.TRAFFIC_MANAGER})
"""Switches that can send a share of the traffic to each slot; all others move the whole of it."""

MATCHING = frozenset({SwitchKind.FRONT_DOOR, SwitchKind.FRONT_DOOR_CLASSIC})
"""Switches that can send the requests with a certain header or cookie to a slot."""

SERIAL = frozenset({SwitchKind.FRONT_DOOR, SwitchKind.FRONT_DOOR_CLASSIC})
"""Switches that deploy one change at a time: another one would queue behind the first."""

ONE_BY_ONE = frozenset({SwitchKind.FRONT_DOOR})
"""Switches that change one member in a change: a cut-over is two of them, one after the other."""

FENCED = frozenset({SwitchKind.AZURE_DNS, SwitchKind.PRIVATE_DNS, SwitchKind.APPLICATION_GATEWAY})
"""Switches that refuse a write under an old etag; to all others a late write may still come through."""


class RecordType(StrEnum):
    """DNS record types that can decide which slot users reach."""

    A = "A"
    AAAA = "AAAA"
    CNAME = "CNAME"


class Record(Struct, frozen=True, kw_only=True, omit_defaults=True, cache_hash=True):
    """A DNS record set. `zone_id` is the zone's ARM id, `name` is relative to it (`@` for the apex).

    An `alias` record set holds the ARM id of a slot's public IP resource instead of its address.
    """

    kind: SwitchKind
    zone_id: str
    name: str
    type: RecordType
    ttl_seconds: int
    alias: bool = False

    @property
    def resource_id(self) -> str:
        """The record set's ARM id."""
        return f"{self.zone_id}/{self.type.value}/{self.name}"

    @property
    def fqdn(self) -> str:
        """The absolute name without the final dot."""
        zone = self.zone_id.rsplit("/", 1)[-1]
        return zone if self.name == "@" else f"{self.name}.{zone}"

    @property
    def label(self) -> str:
        """What people call it."""
        return self.fqdn


class Member(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A slot's place in a balancer: its origin, backend, endpoint or back-end pool, by name.

    `beneath` is the record behind the member's host name: a second lever, under the first. `group` is the
    origin group (or backend pool) that holds this slot alone, to which requests that match are sent.
    Above a live record there is one more member, whose slot is `THROUGH`: the origin on the record's name.
    """

    slot: SlotName
    name: str
    beneath: Record | None = None
    group: str = ""


class Balancer(Struct, frozen=True, kw_only=True, omit_defaults=True, cache_hash=True):
    """A lever that is no record. `resource_id` is the profile's, Front Door's or gateway's ARM id.

    `group` is Front Door's origin group or backend pool, or the gateway's request routing rule. `place` is
    its index among all levers of the fleet, in the declared order. `propagation_seconds` is how long an
    accepted write takes to reach users, `ttl_seconds` how long they then keep an old answer of Traffic
    Manager's. `endpoint` is the Front Door endpoint whose cache is purged after a switch, `rules` the rule
    set (or rules engine) that a canary by header or cookie is written into.
    """

    kind: SwitchKind
    resource_id: str
    members: tuple[Member, ...]
    group: str = ""
    place: int = 0
    propagation_seconds: int = 0
    ttl_seconds: int = 0
    endpoint: str = ""
    rules: str = ""

    @property
    def shares_id(self) -> str:
        """The ARM id at or below which its shares are changed: that of the part which is its own."""
        own = self.kind is SwitchKind.FRONT_DOOR
        return f"{self.resource_id}/originGroups/{self.group}" if own else self.resource_id

    @property
    def name(self) -> str:
        """The resource's name."""
        return self.resource_id.rsplit("/", 1)[-1]

    @property
    def label(self) -> str:
        """What people call it."""
        return f"{self.group} of {self.name}" if self.group else self.name

    @property
    def beneath(self) -> tuple[Record, ...]:
        """The records behind the members' host names; none where there is no second way."""
        return tuple(member.beneath for member in self.members if member.beneath is not None)

    def member(self, slot: SlotName) -> Member:
        """The slot's member. Raises KeyError for a slot that it has none of."""
        for member in self.members:
            if member.slot == slot:
                return member
        raise KeyError(slot)


Lever = Record | Balancer


class Match(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which requests a canary takes: those whose `header`, or `cookie`, of that name equals `value`."""

    value: str
    header: str = ""
    cookie: str = ""

    @property
    def label(self) -> str:
        """What people call it."""
        return f"header {self.header}: {self.value}" if self.header else f"cookie {self.cookie}={self.value}"
