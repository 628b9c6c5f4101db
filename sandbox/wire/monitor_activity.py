"""The activity log of the subscription over ARM, 2015-04-01: queries about one resource, or one group's.

Decides the filters that are taken and the wire form of an entry. Refuses to know what happened: that is
`sandbox.world.activity`.

Source: https://learn.microsoft.com/rest/api/monitor/activity-logs/list
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from sandbox.wire.errors import BadRequest
from sandbox.wire.routing import Call, Operation, Reply
from sandbox.world.activity import Entry, about, within
from sandbox.world.model import World

VERSIONS = frozenset({"2015-04-01"})

_VALUES = "/subscriptions/{subscription}/providers/Microsoft.Insights/eventtypes/management/values"
_FILTER = re.compile(
    r"eventTimestamp ge '(?P<since>[^']+)' and eventTimestamp le '(?P<until>[^']+)'"
    r" and (?:resourceUri eq '(?P<resource>[^']+)'|resourceGroupName eq '(?P<group>[^']+)')"
)
_FIELDS = ("caller", "eventTimestamp", "operationName", "resourceId", "status")


def operations(world: World) -> list[Operation]:
    """The one operation of the activity log."""

    def values(call: Call) -> Reply:
        """The entries about a resource, or of a resource group, newest first."""
        asked = _FILTER.fullmatch(call.query.get("$filter", ""))
        if asked is None:
            said = "The stand-in takes a time range and a resourceUri or resourceGroupName as $filter."
            raise BadRequest("BadRequest", said)
        since, until = _instant(asked["since"]), _instant(asked["until"])
        wanted = [name.strip() for name in call.query.get("$select", ",".join(_FIELDS)).split(",")]
        named = asked["resource"]
        every = about(world, named) if named is not None else within(world, asked["group"])
        found = [each for each in every if since <= each.at <= until]
        return Reply(200, {"value": [_shown(each, wanted) for each in reversed(found)]})

    return [Operation(method="GET", template=_VALUES, handler=values, versions=VERSIONS)]


def _shown(entry: Entry, wanted: list[str]) -> dict[str, Any]:
    shown = {
        "caller": entry.by,
        "eventTimestamp": entry.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "operationName": _word(entry.operation),
        "resourceId": entry.resource_id,
        "status": _word("Succeeded"),
    }
    return {name: shown[name] for name in wanted if name in shown}


def _word(value: str) -> dict[str, str]:
    return {"value": value, "localizedValue": value}


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequest("BadRequest", f"'{text}' is not a valid date and time.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
