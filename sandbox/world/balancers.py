"""Balancers with the whole history of their weights: Front Door, Traffic Manager, Application Gateway.

Decides when a change reaches users and what share of them meets each slot at any instant. Refuses to know how
a service spells weights, and what its API refuses, which only its wire format shows.

A change takes hold over a span: it begins when the change before it is over (Front Door and a gateway deploy
one at a time, Traffic Manager answers at once) and ends a propagation later, plus the time that clients keep
an old answer. Users follow evenly. No endpoint of Traffic Manager ever fails a health check.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from sandbox.world.errors import not_found, precondition_failed
from sandbox.world.estate import CONTROLLER, Estate, group_of, name_of
from sandbox.world.ledger import Happening
from shared.levers import THROUGH, Balancer, Match, SlotName, SwitchKind

SETTLED = timedelta(days=30)
FULL = 1000
"""The weight of a member that takes everything."""
CANARY = "switchyardCanary"
"""The rule that sends requests which match to a slot."""

TYPES = {
    SwitchKind.FRONT_DOOR: "Microsoft.Cdn/profiles",
    SwitchKind.FRONT_DOOR_CLASSIC: "Microsoft.Network/frontDoors",
    SwitchKind.TRAFFIC_MANAGER: "Microsoft.Network/trafficManagerProfiles",
    SwitchKind.APPLICATION_GATEWAY: "Microsoft.Network/applicationGateways",
}


class MemberState(Struct, frozen=True):
    """An origin, backend, endpoint or pool: its weight (1 to 1000) among those that are enabled."""

    weight: int
    enabled: bool


class Change(Struct, frozen=True, kw_only=True):
    """A balancer as it was written `at` a moment; users meet it more and more from `begins_at` to `ends_at`.

    `matched` is the slot that requests with the canary's header or cookie (`match`) are sent to. `written`
    names what was written: members, `CANARY` for the match. `by` is who did, empty at the world's start.
    """

    at: datetime
    begins_at: datetime
    ends_at: datetime
    members: dict[str, MemberState]
    etag: str
    tags: dict[str, str] = {}
    matched: SlotName | None = None
    match: Match | None = None
    written: tuple[str, ...] = ()
    by: str = ""


class Balancers:
    """Every balancer that the fleet declares. A new world sends everything to the live slot's member.

    One above a live record passes everything on to the record's name.
    """

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._declared = {_key(each.resource_id, each.group): each for each in estate.fleet.every_balancer}
        self._history = {key: [self._first(each)] for key, each in self._declared.items()}
        self._changes = 0

    def find(self, resource_id: str, group: str = "") -> Balancer:
        """The balancer of that resource and group. Raises ArmError 404 for one that is not declared."""
        found = self._declared.get(_key(resource_id, group))
        if found is None:
            kind = "/".join(resource_id.split("/")[-3:-1])
            raise not_found(kind, name_of(resource_id), group_of(resource_id))
        return found

    def at(self, resource_id: str) -> tuple[Balancer, ...]:
        """Every balancer of one resource, one for each of its groups. Raises ArmError 404 for a stranger."""
        found = tuple(b for b in self._declared.values() if b.resource_id.lower() == resource_id.lower())
        if not found:
            kind = "/".join(resource_id.split("/")[-3:-1])
            raise not_found(kind, name_of(resource_id), group_of(resource_id))
        return found

    def newest(self, balancer: Balancer) -> Change:
        """What was written last."""
        return self._history[_key(balancer.resource_id, balancer.group)][-1]

    def history(self, balancer: Balancer) -> tuple[Change, ...]:
        """Every change, oldest first."""
        return tuple(self._history[_key(balancer.resource_id, balancer.group)])

    def changes(self) -> int:
        """How many changes there were so far."""
        return self._changes

    def write(
        self,
        balancer: Balancer,
        members: Mapping[str, MemberState],
        *,
        tags: Mapping[str, str] | None = None,
        if_match: str | None = None,
        by: str = CONTROLLER,
    ) -> Change:
        """Change some of the members (and the tags). Raises ArmError 412 where `if_match` is not its etag."""
        before = self.newest(balancer)
        if if_match is not None and if_match.strip('"') != before.etag:
            raise precondition_failed(f"The etag of '{balancer.name}' is not '{if_match}'.")
        after = {**before.members, **members}
        kept = dict(before.tags if tags is None else tags)
        return self._append(balancer, before, tuple(members), by, members=after, tags=kept)

    def match(self, balancer: Balancer, match: Match, slot: SlotName | None) -> Change:
        """Send requests that match to a slot's own group, or nowhere special."""
        before = self.newest(balancer)
        kept = match if slot is not None else None
        return self._append(balancer, before, (CANARY,), matched=slot, match=kept)

    def deploying(self, balancer: Balancer) -> frozenset[str]:
        """The names of the members whose last change has not reached everybody; `CANARY` for the match."""
        history = self._history[_key(balancer.resource_id, balancer.group)]
        found: set[str] = set()
        for before, change in pairwise(history):
            if self._estate.now() < self._reached_at(balancer, change):
                names = change.members.items() - before.members.items()
                found |= {name for name, _ in names}
                found |= (
                    {CANARY} if (change.matched, change.match) != (before.matched, before.match) else set()
                )
        return frozenset(found)

    def unsettled(self, balancer: Balancer) -> str:
        """What of the last change has not reached everybody, empty where all has."""
        if balancer.kind is SwitchKind.TRAFFIC_MANAGER:
            unchecked = [each.name for each in balancer.members if self.checking(balancer, each.name)]
            return f"{balancer.label} has not checked {' and '.join(unchecked)} yet" if unchecked else ""
        if self._estate.now() >= self._reached_at(balancer, self.newest(balancer)):
            return ""
        return f"{balancer.label} is deploying its last change"

    def checking(self, balancer: Balancer, name: str) -> bool:
        """Whether Traffic Manager enabled this endpoint so lately that it has not checked it yet."""
        since: datetime | None = None
        for change in self.history(balancer):
            since = (since or change.at) if change.members[name].enabled else None
        first_check = timedelta(seconds=self._propagation_seconds(balancer))
        return since is not None and self._estate.now() < since + first_check

    def being_changed(self, balancer: Balancer) -> bool:
        """Whether somebody else's change of a profile of Traffic Manager is still being carried out.

        One of the controller's own is over when it is answered, and then the next one comes.
        """
        newest = self.newest(balancer)
        if balancer.kind is not SwitchKind.TRAFFIC_MANAGER or newest.by in ("", CONTROLLER):
            return False
        lasts = timedelta(seconds=self._estate.timings.traffic_manager_change_seconds)
        return self._estate.now() < newest.at + lasts

    def shares(self, balancer: Balancer, at: datetime) -> dict[SlotName, float]:
        """The share of users that meet each slot's member at an instant."""
        return self._mixed(balancer, at, lambda change: change.ends_at)

    def in_force(self, balancer: Balancer, at: datetime) -> dict[SlotName, float]:
        """The shares by which the service itself sends at an instant, whatever answers clients still keep."""
        return self._mixed(balancer, at, lambda change: self._reached_at(balancer, change))

    def through(self, balancer: Balancer, at: datetime) -> Change:
        """The newest change that had come through everywhere at an instant."""
        history = self._history[_key(balancer.resource_id, balancer.group)]
        return next((c for c in reversed(history) if self._reached_at(balancer, c) <= at), history[0])

    def _mixed(
        self, balancer: Balancer, at: datetime, ends_at: Callable[[Change], datetime]
    ) -> dict[SlotName, float]:
        history = self._history[_key(balancer.resource_id, balancer.group)]
        held = _shares(balancer, history[0])
        for change in history[1:]:
            if change.begins_at > at:
                break
            span = (ends_at(change) - change.begins_at).total_seconds()
            part = min(1.0, (at - change.begins_at).total_seconds() / span) if span else 1.0
            new = _shares(balancer, change)
            held = {slot: held.get(slot, 0.0) * (1 - part) + new.get(slot, 0.0) * part for slot in held | new}
        return {slot: share for slot, share in held.items() if share > 0}

    def first_users_at(self, slot: SlotName) -> datetime | None:
        """When a change first sent users to the slot; None where none did since the world's start."""
        found = [
            change.at
            for key, balancer in self._declared.items()
            for change in self._history[key]
            if _shares(balancer, change).get(slot, 0.0) > 0
        ]
        return min(found, default=None)

    def agreed_at(self) -> datetime:
        """From when on nothing moves any more, if nothing else is written."""
        settled = self._estate.started_at - SETTLED
        return max((history[-1].ends_at for history in self._history.values()), default=settled)

    def _append(
        self,
        balancer: Balancer,
        before: Change,
        written: tuple[str, ...],
        by: str = CONTROLLER,
        **changed: Any,
    ) -> Change:
        now = self._estate.now()
        at_once = balancer.kind is SwitchKind.TRAFFIC_MANAGER
        begins = now if at_once else max(now, self._reached_at(balancer, before))
        seconds = self._propagation_seconds(balancer) + balancer.ttl_seconds
        change = replace(
            before,
            at=now,
            begins_at=begins,
            ends_at=begins + timedelta(seconds=seconds),
            etag=self._estate.next_guid(),
            written=written,
            by=by,
            **changed,
        )
        self._history[_key(balancer.resource_id, balancer.group)].append(change)
        self._changes += 1
        members = sorted(change.members.items())
        shown = ", ".join(f"{name} {m.weight if m.enabled else 0}" for name, m in members)
        self._estate.ledger.note(now, Happening.WEIGHTS_WRITTEN, balancer.label, weights=shown)
        return change

    def _reached_at(self, balancer: Balancer, change: Change) -> datetime:
        return change.begins_at + timedelta(seconds=self._propagation_seconds(balancer))

    def _propagation_seconds(self, balancer: Balancer) -> float:
        timings = self._estate.timings
        match balancer.kind:
            case SwitchKind.FRONT_DOOR | SwitchKind.FRONT_DOOR_CLASSIC:
                return timings.front_door_seconds
            case SwitchKind.TRAFFIC_MANAGER:
                return timings.traffic_manager_seconds
            case _:
                return timings.gateway_seconds

    def _first(self, balancer: Balancer) -> Change:
        at = self._estate.started_at - SETTLED
        fleet = self._estate.fleet
        taking = THROUGH if balancer == fleet.above else fleet.live
        members = {each.name: MemberState(FULL, each.slot == taking) for each in balancer.members}
        return Change(at=at, begins_at=at, ends_at=at, members=members, etag=self._estate.next_guid())


def _shares(balancer: Balancer, change: Change) -> dict[SlotName, float]:
    states = {member.slot: change.members[member.name] for member in balancer.members}
    weights = {slot: state.weight for slot, state in states.items() if state.enabled}
    total = sum(weights.values())
    return {slot: weight / total for slot, weight in weights.items()}


def _key(resource_id: str, group: str) -> tuple[str, str]:
    return resource_id.lower(), group.lower()
