"""The subscription's activity log, as far as it is about levers: who changed which, and when.

Decides which changes have an entry: every one since the world's start, at the moment of the change. Worked
out from the levers' own histories. Refuses to know how the log is queried.
"""

from __future__ import annotations

import re
from datetime import datetime

from msgspec import Struct

from sandbox.world.model import World
from shared.levers import Record, RecordType, SwitchKind

_RECORD_SET = re.compile(
    r"(?P<zone>.*/providers/(?P<service>Microsoft\.Network/(?:private)?dnszones)/[^/]+)"
    r"/(?P<type>A|AAAA|CNAME)/(?P<name>[^/]+)",
    re.IGNORECASE,
)
_RESOURCE = re.compile(r".*/providers/(?P<type>[^/]+/[^/]+)/[^/]+", re.IGNORECASE)


class Entry(Struct, frozen=True, kw_only=True):
    """A change that succeeded: `operation` in Azure's words, `by` a name or an object id."""

    at: datetime
    by: str
    operation: str


def entries(world: World, resource_id: str) -> tuple[Entry, ...]:
    """The changes of a record set or a balancer, oldest first; of anything else there are none."""
    found = _RECORD_SET.fullmatch(resource_id)
    return _of_record_set(world, found) if found is not None else _of_balancer(world, resource_id)


def _of_record_set(world: World, found: re.Match[str]) -> tuple[Entry, ...]:
    private = found["service"].lower().endswith("privatednszones")
    record = Record(
        kind=SwitchKind.PRIVATE_DNS if private else SwitchKind.AZURE_DNS,
        zone_id=found["zone"],
        name=found["name"],
        type=RecordType(found["type"].upper()),
        ttl_seconds=0,
    )
    operation = f"{found['service']}/{record.type.value}"
    return tuple(
        Entry(at=each.at, by=each.by, operation=f"{operation}/{'write' if each.now else 'delete'}")
        for each in world.zones.history(record)
        if each.by
    )


def _of_balancer(world: World, resource_id: str) -> tuple[Entry, ...]:
    found = _RESOURCE.fullmatch(resource_id)
    asked = [each for each in world.fleet.balancers if each.resource_id.lower() == resource_id.lower()]
    changes = [each for balancer in asked for each in world.balancers.history(balancer) if each.by]
    operation = f"{found['type'] if found else ''}/write"
    written = (Entry(at=each.at, by=each.by, operation=operation) for each in changes)
    return tuple(sorted(written, key=lambda each: each.at))
