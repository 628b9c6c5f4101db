"""The subscription's activity log, as far as it is about levers: who changed which, and when.

Decides which changes have an entry: every one since the world's start, `activity_seconds` after it and under
the id of what was written: a part of a balancer (an origin, a rule, an endpoint) has one of its own. Worked
out from the levers' own histories. Refuses to know how the log is queried.

Source: https://learn.microsoft.com/azure/role-based-access-control/permissions/networking (operations' names)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from sandbox.world.balancers import CANARY, TYPES, Change
from sandbox.world.estate import group_of
from sandbox.world.model import World
from sandbox.world.zones import Written
from shared.levers import Balancer, SwitchKind


class Entry(Struct, frozen=True, kw_only=True):
    """A change that succeeded: `operation` in Azure's words, `by` a name or an object id."""

    at: datetime
    by: str
    operation: str
    resource_id: str


def about(world: World, resource_id: str) -> tuple[Entry, ...]:
    """The changes of one resource or part, oldest first, without those of its own parts."""
    return tuple(each for each in _entries(world) if each.resource_id.lower() == resource_id.lower())


def within(world: World, group: str) -> tuple[Entry, ...]:
    """The changes of everything in a resource group, oldest first."""
    return tuple(each for each in _entries(world) if group_of(each.resource_id).lower() == group.lower())


def below(world: World, lever_id: str) -> tuple[Entry, ...]:
    """The changes of a lever and of its parts, oldest first."""
    start = f"{lever_id}/".lower()
    return tuple(each for each in _entries(world) if f"{each.resource_id}/".lower().startswith(start))


def _entries(world: World) -> list[Entry]:
    found = [entry for history in world.zones.histories() for entry in _of_record_set(history)]
    for balancer in world.fleet.every_balancer:
        for change in world.balancers.history(balancer):
            found += _of_change(balancer, change) if change.by else ()
    late = timedelta(seconds=world.estate.timings.activity_seconds)
    return sorted((each for each in found if each.at + late <= world.now()), key=lambda each: each.at)


def _of_record_set(history: tuple[Written, ...]) -> Iterator[Entry]:
    first = history[0].now
    assert first is not None, "what is deleted was there before"
    service = first.zone_id.rpartition("/providers/")[2].rpartition("/")[0]
    for change in history:
        if change.by:
            yield Entry(
                at=change.at,
                by=change.by,
                operation=f"{service}/{first.type.value}/{'write' if change.now else 'delete'}",
                resource_id=f"{first.zone_id}/{first.type.value}/{first.name}",
            )


def _of_change(balancer: Balancer, change: Change) -> Iterator[Entry]:
    """One entry for each part that was written, one for the whole where it is written as a whole."""
    lifted = change.written == (CANARY,) and change.match is None
    parts = dict.fromkeys(_part(balancer, name) for name in change.written)
    for part, kind in parts or {("", ""): None}:
        deleted = lifted and balancer.kind is SwitchKind.FRONT_DOOR
        yield Entry(
            at=change.at,
            by=change.by,
            operation=f"{TYPES[balancer.kind]}{kind}/{'delete' if deleted else 'write'}",
            resource_id=f"{balancer.resource_id}{part}",
        )


def _part(balancer: Balancer, name: str) -> tuple[str, str]:
    """Where below a balancer's resource something is written, and the kind of that; empty for the whole."""
    match balancer.kind:
        case SwitchKind.FRONT_DOOR if name == CANARY:
            return f"/ruleSets/{balancer.rules}/rules/{CANARY}", "/rulesets/rules"
        case SwitchKind.FRONT_DOOR:
            return f"/originGroups/{balancer.group}/origins/{name}", "/origingroups/origins"
        case SwitchKind.FRONT_DOOR_CLASSIC if name == CANARY:
            return f"/rulesEngines/{balancer.rules}", "/rulesEngines"
        case SwitchKind.TRAFFIC_MANAGER:
            return f"/{name}", f"/{name.partition('/')[0]}"
        case _:
            return "", ""
