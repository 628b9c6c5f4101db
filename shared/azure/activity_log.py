"""Who last changed a lever, by the subscription's activity log: plain reads of ARM.

Decides what counts as a change: a write or a delete that succeeded, of the lever or of a part of it. A change
of a part (Front Door's origin, Traffic Manager's endpoint) is logged under the part's own id, and the service
filters by one id or by a whole resource group: so a group is asked for, and read here. A record set has no
parts and is asked for by its id. What is attached to a lever, as a lock or a diagnostic setting, is no part.

An entry appears minutes after the change, so that none means "not yet" and never "nobody". Refuses to know
what a lever is otherwise.

Sources: https://learn.microsoft.com/rest/api/monitor/activity-logs/list (2015-04-01),
https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from msgspec import Struct, field

from shared.azure import arm
from shared.azure.connection import Connection
from shared.azure.ids import group_of
from shared.errors import Retry
from shared.fleet import Fleet
from shared.probes import LastWriter, WriterSeen

VERSION = "2015-04-01"
CALLER_CHARACTERS_MAX = 120
_PAGES_MAX = 10
_CHANGES = ("/write", "/delete")
_FIELDS = "caller,eventTimestamp,operationName,status"
_ATTACHED = "/providers/"
_RECORD_SET = re.compile(r".*/(?:private)?dnszones/[^/]+/[^/]+/[^/]+", re.IGNORECASE)


class _Word(Struct, frozen=True):
    """A word of Azure's, beside its translation."""

    value: str


class _Entry(Struct, frozen=True, rename="camel"):
    event_timestamp: datetime
    operation_name: _Word
    status: _Word
    caller: str | None = None
    resource_id: str | None = None

    @property
    def changed(self) -> bool:
        """Whether the resource is another since."""
        done = self.status.value.lower() == "succeeded"
        return done and self.operation_name.value.lower().endswith(_CHANGES)

    def is_of(self, lever_id: str) -> bool:
        """Whether it is about the lever or a part of it; one that does not say what it is about is not."""
        found, lever = f"{(self.resource_id or '').lower()}/", f"{lever_id.lower()}/"
        return found.startswith(lever) and _ATTACHED not in found.removeprefix(lever[:-1])


class _Entries(Struct, frozen=True):
    value: list[_Entry]
    next_link: str | None = field(name="nextLink", default=None)


class ActivityLog:
    """The activity log of a fleet's subscription."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def observe(self, fleet: Fleet, probe: LastWriter, _now: datetime) -> WriterSeen:
        """The caller of the newest change in that span. Azure's own changes may have no caller."""
        entries = await self._of_lever(fleet, probe)
        found = [each for each in entries if each.changed and each.event_timestamp < probe.until]
        newest = max(found, key=lambda each: each.event_timestamp, default=None)
        if newest is None:
            return WriterSeen()
        return WriterSeen(_short(newest.caller or ""), newest.event_timestamp)

    async def _of_lever(self, fleet: Fleet, probe: LastWriter) -> list[_Entry]:
        lever = probe.lever_id
        if _RECORD_SET.fullmatch(lever):
            return await self._entries(fleet, probe, f"resourceUri eq '{lever}'", _FIELDS)
        group = f"resourceGroupName eq '{group_of(lever)}'"
        entries = await self._entries(fleet, probe, group, f"{_FIELDS},resourceId")
        return [each for each in entries if each.is_of(lever)]

    async def _entries(self, fleet: Fleet, probe: LastWriter, about: str, fields: str) -> list[_Entry]:
        """All pages: no order is promised."""
        log = f"/subscriptions/{fleet.subscription_id}/providers/Microsoft.Insights/eventtypes/management"
        url: str | None = f"{log}/values"
        # The service takes no filter but of a few forms, and no other condition beside these.
        since, until = _written(probe.since), _written(probe.until)
        span = f"eventTimestamp ge '{since}' and eventTimestamp le '{until}'"
        query = {"api-version": VERSION, "$filter": f"{span} and {about}", "$select": fields}
        what = f"the activity log of {fleet.subscription_id}"
        entries: list[_Entry] = []
        for _ in range(_PAGES_MAX):
            if url is None:
                return entries
            page = await arm.get(self._connection, url, _Entries, what, **query)
            entries += page.value
            # The link to the next page carries its own query.
            url, query = page.next_link, {}
        raise Retry(f"{what} has more than {_PAGES_MAX} pages with {about}")


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _short(caller: str) -> str:
    line = " ".join(caller.split())
    return line if len(line) <= CALLER_CHARACTERS_MAX else f"{line[: CALLER_CHARACTERS_MAX - 1]}…"
