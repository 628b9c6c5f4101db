"""Log queries on a slot's cluster or gateway, a workspace or Application Insights: azure-monitor-query.

Decides how a table becomes samples: the column `value` holds the numbers, `TimeGenerated` their times and
`requests`, where it is there, how many events are behind each. Without times nobody knows of when a number
speaks: a count of nothing is a row of 0, and no evidence. A bin of time that is in the window in part is no
sample, because its rest is missing. Judges nothing. A partial result is no result, and a table that does not
exist (yet) has no data, which is not health. The logs of a gateway that slots share are not asked: one query
would speak of both. A workspace and Application Insights hold what both slots say, so a query names its slot.

Sources: https://learn.microsoft.com/azure/azure-monitor/logs/api/overview,
https://learn.microsoft.com/azure/azure-monitor/logs/api/request-format,
https://learn.microsoft.com/azure/azure-monitor/logs/api/azure-resource-queries
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from shared.azure.answers import Body
from shared.azure.connection import Connection
from shared.azure.errors import allowing, body_of, sentence
from shared.azure.window import Window, resource_of, window
from shared.bins import bin_length, whole
from shared.errors import Refused, Retry
from shared.fleet import Fleet, Target
from shared.gateways import is_shared, no_logs
from shared.model import Sample
from shared.probes import GateReading, Reading
from shared.queries import filled

if TYPE_CHECKING:
    from azure.monitor.query.aio import LogsQueryClient

VALUE = "value"
TIME = "TimeGenerated"
REQUESTS = "requests"
_QUERY_SECONDS_MAX = 15
# Kusto's code for a name that it cannot resolve; for a table, and only then, its message says so.
_UNRESOLVED = "SEM0100"
# What a real number is written as that JSON cannot write.
_NO_NUMBERS = ("NaN", "Infinity", "-Infinity")


class _Column(Struct, frozen=True):
    name: str
    type: str


class _Table(Struct, frozen=True):
    columns: tuple[_Column, ...]
    rows: tuple[tuple[Any, ...], ...]


class _Answer(Struct, frozen=True):
    """With an `error` beside them, the tables are not all there is; the SDK overlooks an empty one."""

    tables: tuple[_Table, ...]
    error: Any = None


class Logs:
    """The logs of a fleet's clusters and gateways, and of what its gates name beside them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def observe(self, fleet: Fleet, probe: GateReading, now: datetime) -> Reading:
        """The query's samples in the gate's window. Raises Retry for a partial result, Refused."""
        from azure.core.exceptions import HttpResponseError

        gate, slot = probe.gate, fleet.slot(probe.slot)
        if gate.target is Target.GATEWAY and is_shared(fleet, slot):
            raise no_logs(slot)
        elsewhere = gate.target is Target.RESOURCE
        query = filled(gate.query, fleet, slot) if elsewhere else gate.query
        span = window(now, probe.since, gate.window_seconds, gate.ingestion_seconds)
        empty = Reading(samples=(), source=query, since=span.since, until=span.until)
        if span.empty:
            return empty
        try:
            result = await allowing(self._asked(resource_of(slot, gate), query, span))
        except HttpResponseError as error:
            if table_missing(body_of(error)):
                return empty
            raise
        found = samples_of(result.tables[0]) if result and result.tables else ()
        samples = whole(found, bin_length(query), span.since, span.until)
        return Reading(samples=samples, source=query, since=span.since, until=span.until)

    def _asked(self, asked_of: str, query: str, span: Window) -> Awaitable[Any]:
        """The query's result: of a resource by its ARM id, of a workspace by its own id as well."""
        client = self._client()
        ask = client.query_resource if asked_of.startswith("/") else client.query_workspace
        return ask(
            asked_of,
            query,
            timespan=(span.since, span.until),
            server_timeout=_QUERY_SECONDS_MAX,
            read_timeout=_QUERY_SECONDS_MAX + 2,
            raw_request_hook=_as_published,
            raw_response_hook=_whole,
        )

    def _client(self) -> LogsQueryClient:
        from azure.monitor.query.aio import LogsQueryClient

        connection = self._connection
        return connection.client(
            LogsQueryClient,
            connection.logs_endpoint,
            lambda options: LogsQueryClient(
                connection.credential(),
                endpoint=connection.logs_endpoint,
                retry_policy=connection.retry_policy(),
                **options,
            ),
        )


def samples_of(table: Any) -> tuple[Sample, ...]:
    """The rows of a table as samples, oldest first. Raises Refused without a column for values or times."""
    for column in (VALUE, TIME):
        if column not in table.columns:
            given = ", ".join(table.columns)
            raise Refused(f"the query must give a column {column!r}, it gives {given}")
    counted = REQUESTS in table.columns

    def sample(row: Any) -> Sample:
        requests = _number(row[REQUESTS], REQUESTS) if counted else None
        return Sample(at=_utc(row[TIME]), value=_number(row[VALUE], VALUE), requests=requests)

    samples = (sample(row) for row in table.rows if row[TIME])
    return tuple(sorted(samples, key=lambda each: each.at))


def table_missing(error: Mapping[str, Any]) -> bool:
    """Whether the service's objection is that a table does not exist."""
    inner: Any = error
    while isinstance(inner, Mapping):
        if inner.get("code") == _UNRESOLVED:
            return "table" in str(inner.get("message")).lower()
        inner = inner.get("innererror")
    return False


def _whole(response: Any) -> None:
    """All rows are there, and each has a place for every column: no value stands under another's name."""
    body = Body(_Answer, "the query")
    body(response)
    if body.value is None:
        return
    error = body.value.error
    if error is not None:
        why = sentence(error) if isinstance(error, Mapping) else ""
        raise Retry(f"the query gave a partial result: {why or 'it does not say why'}")
    if any(len(row) != len(table.columns) for table in body.value.tables for row in table.rows):
        raise Retry("the answer on the query has rows that are longer or shorter than its columns")


def _as_published(request: Any) -> None:
    """Send what the service describes: this SDK adds empty lists of further workspaces to the body."""
    body = json.loads(request.http_request.content)
    request.http_request.set_json_body({name: value for name, value in body.items() if value is not None})


def _number(value: Any, column: str) -> float | None:
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number or value in _NO_NUMBERS:
        with suppress(OverflowError):
            return float(value)
    told = str(value)[:40]
    raise Refused(
        f"the query's column {column!r} must hold numbers, it holds {told!r}: todouble(…) makes one"
    )


def _utc(moment: object) -> datetime:
    if not isinstance(moment, datetime):
        raise Refused(f"the query's column {TIME!r} must hold times, it holds {moment!r}")
    return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
