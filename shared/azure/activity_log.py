"""Who last changed a resource, by the subscription's activity log: plain reads of ARM.

Decides what counts as a change: a write or a delete that succeeded. An entry appears minutes after the
change, so that none means "not yet" and never "nobody". Refuses to know what the resource is.

Sources: https://learn.microsoft.com/rest/api/monitor/activity-logs/list (2015-04-01),
https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema
"""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct, field

from shared.azure import arm
from shared.azure.connection import Connection
from shared.errors import Retry
from shared.fleet import Fleet
from shared.probes import LastWriter, WriterSeen

VERSION = "2015-04-01"
CALLER_CHARACTERS_MAX = 120
_PAGES_MAX = 10
_CHANGES = ("/write", "/delete")


class _Word(Struct, frozen=True):
    """A word of Azure's, beside its translation."""

    value: str


class _Entry(Struct, frozen=True, rename="camel"):
    event_timestamp: datetime
    operation_name: _Word
    status: _Word
    caller: str | None = None

    @property
    def changed(self) -> bool:
        """Whether the resource is another since."""
        done = self.status.value.lower() == "succeeded"
        return done and self.operation_name.value.lower().endswith(_CHANGES)


class _Entries(Struct, frozen=True):
    value: list[_Entry]
    next_link: str | None = field(name="nextLink", default=None)


class ActivityLog:
    """The activity log of a fleet's subscription."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def observe(self, fleet: Fleet, probe: LastWriter, _now: datetime) -> WriterSeen:
        """The caller of the newest change in that span. Azure's own changes may have no caller."""
        entries = await self._entries(fleet, probe)
        found = [each for each in entries if each.changed and each.event_timestamp < probe.until]
        newest = max(found, key=lambda each: each.event_timestamp, default=None)
        if newest is None:
            return WriterSeen()
        return WriterSeen(_short(newest.caller or ""), newest.event_timestamp)

    async def _entries(self, fleet: Fleet, probe: LastWriter) -> list[_Entry]:
        """All pages: no order is promised."""
        log = f"/subscriptions/{fleet.subscription_id}/providers/Microsoft.Insights/eventtypes/management"
        url: str | None = f"{log}/values"
        # The service takes no filter but of this form.
        since, until = _written(probe.since), _written(probe.until)
        query = {
            "api-version": VERSION,
            "$filter": f"eventTimestamp ge '{since}' and eventTimestamp le '{until}'"
            f" and resourceUri eq '{probe.lever_id}'",
            "$select": "caller,eventTimestamp,operationName,status",
        }
        what = f"the activity log of {fleet.subscription_id}"
        entries: list[_Entry] = []
        for _ in range(_PAGES_MAX):
            if url is None:
                return entries
            page = await arm.get(self._connection, url, _Entries, what, **query)
            entries += page.value
            # The link to the next page carries its own query.
            url, query = page.next_link, {}
        raise Retry(f"{what} has more than {_PAGES_MAX} pages about one resource")


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _short(caller: str) -> str:
    line = " ".join(caller.split())
    return line if len(line) <= CALLER_CHARACTERS_MAX else f"{line[: CALLER_CHARACTERS_MAX - 1]}…"
