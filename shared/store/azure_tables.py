"""Azure Table Storage as `shared.store.tables.Tables`, through azure-data-tables.

Decides what an answer of the service means to the store and how long it waits for one; refuses to know what
is in the rows. The SDK is imported at the first request: indexing the function app must not pay for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from email.utils import mktime_tz, parsedate_tz
from typing import TYPE_CHECKING, Any

from shared.clock import ServiceClock
from shared.errors import Retry, SwitchyardError
from shared.store.table_errors import code_of, expect_rows, said, translated
from shared.store.tables import Entity, Found, Lost, Range, Verb, Write

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.data.tables import TableEntity
    from azure.data.tables.aio import TableClient, TableServiceClient

log = logging.getLogger(__name__)

Transport = Callable[[str], Any]
"""Makes an azure.core transport to an endpoint."""

AUDIENCE = "https://storage.azure.com"

# The SDK's own numbers (10 retries, 120 s between them, minutes for a connection) outlast any function.
_PATIENCE: dict[str, Any] = {
    "retry_total": 3,
    "retry_backoff_factor": 0.2,
    "retry_backoff_max": 2,
    "connection_timeout": 3,
    "read_timeout": 5,
    # The body would go along: a fleet's state.
    "permit_redirects": False,
}

REQUEST_SECONDS_MAX = 15
"""All attempts of one request together, with any wait that the service asked for in between."""

_SENT_AT = "switchyard_sent_at"
_VERSION = "x-ms-version"
_TABLE_MISSING = "TableNotFound"
_TABLE_THERE = "TableAlreadyExists"


class AzureTables:
    """The table service of one storage account; tables are made when they are found missing."""

    def __init__(
        self, connect: Callable[[], TableServiceClient], *, request_seconds_max: float = REQUEST_SECONDS_MAX
    ) -> None:
        self._connect = connect
        self._request_seconds_max = request_seconds_max
        self._service: TableServiceClient | None = None
        self._clients: dict[str, TableClient] = {}

    @classmethod
    def from_connection_string(
        cls,
        connection_string: str,
        *,
        clock: ServiceClock | None = None,
        transport: Transport | None = None,
        request_seconds_max: float = REQUEST_SECONDS_MAX,
        **options: Any,
    ) -> AzureTables:
        """With an account key, as Azurite has it. `clock` hears the date of each answer.

        `transport` makes the way to the endpoint, in the event loop; `options` go to the SDK's client.
        """

        def connect() -> TableServiceClient:
            from azure.data.tables.aio import TableServiceClient

            how = {**_PATIENCE, **_hooks(clock), **options}
            if transport is not None:
                how["transport"] = transport(_endpoint_in(connection_string))
            return TableServiceClient.from_connection_string(connection_string, **how)

        return cls(connect, request_seconds_max=request_seconds_max)

    @classmethod
    def from_endpoint(
        cls,
        endpoint: str,
        credential: Callable[[], AsyncTokenCredential],
        *,
        clock: ServiceClock | None = None,
        transport: Transport | None = None,
        request_seconds_max: float = REQUEST_SECONDS_MAX,
        **options: Any,
    ) -> AzureTables:
        """With a managed identity, over HTTPS. `credential` is asked for at the first request."""

        def connect() -> TableServiceClient:
            from azure.data.tables.aio import TableServiceClient

            how = {**_PATIENCE, **_hooks(clock), **options}
            if transport is not None:
                how["transport"] = transport(endpoint)
            return TableServiceClient(endpoint, credential=credential(), audience=AUDIENCE, **how)

        return cls(connect, request_seconds_max=request_seconds_max)

    async def page(self, table: str, rows: Range, *, rows_max: int) -> tuple[list[Found], bool]:
        """One request: the first rows of the range, and whether these are all."""
        found, rest = await self._page(table, rows, rows_max)
        return found, rest is None

    async def scan(self, table: str, rows: Range) -> list[Found]:
        """All rows of the range; a page may be empty and still not be the last."""
        found, rest = await self._page(table, rows)
        while rest is not None:
            more, rest = await self._page(table, rows, rest=rest)
            found += more
        return found

    async def _page(
        self, table: str, rows: Range, rows_max: int | None = None, rest: Any = None
    ) -> tuple[list[Found], Any]:
        async def ask(client: TableClient) -> tuple[list[Found], Any]:
            pages: Any = client.query_entities(_filter(rows), results_per_page=rows_max).by_page(rest)
            found = [_found(entity) async for entity in await anext(pages)]
            return found, pages.continuation_token or None

        return await self._ask(table, ask)

    async def get(self, table: str, partition: str, row_key: str) -> Found | None:
        """One row, or None."""

        async def ask(client: TableClient) -> Found | None:
            from azure.core.exceptions import ResourceNotFoundError

            try:
                return _found(await client.get_entity(partition, row_key))
            except ResourceNotFoundError as error:
                if code_of(error) in ("", _TABLE_MISSING):
                    raise
                return None

        return await self._ask(table, ask)

    async def write(self, table: str, writes: Sequence[Write]) -> str:
        """All of it or nothing. It is sent once: a second time is for the store to decide."""

        async def ask(client: TableClient) -> str:
            operations = [_operation(write) for write in writes]
            if len(operations) == 1:
                verb, entity, how = operations[0]
                answer = await getattr(client, f"{verb}_entity")(entity, **how, retry_total=0)
                return str((answer or {}).get("etag", ""))
            answers = await client.submit_transaction(operations, retry_total=0)
            if len(answers) != len(operations):
                because = f"Table Storage answered {len(answers)} of {len(operations)} parts of a write"
                raise Lost(because)
            return str(answers[0].get("etag", ""))

        return await self._ask(table, ask, writes=True)

    async def close(self) -> None:
        """Close the connections."""
        if self._service is not None:
            await self._service.close()
            self._service = None
            self._clients.clear()

    async def _ask[T](
        self, table: str, ask: Callable[[TableClient], Awaitable[T]], *, writes: bool = False
    ) -> T:
        from azure.core.exceptions import AzureError

        client = self._client(table)
        try:
            async with asyncio.timeout(self._request_seconds_max):
                try:
                    return await ask(client)
                except AzureError as error:
                    if code_of(error) != _TABLE_MISSING:
                        raise
                await _create(client)
                return await ask(client)
        except TimeoutError as error:
            because = f"Table Storage took more than {self._request_seconds_max:g} s"
            raise (Lost(because) if writes else Retry(because)) from error
        except AzureError as error:
            raise translated(error, writes=writes) from error
        except SwitchyardError:
            raise
        except Exception as error:
            # What the SDK lets slip when it reads an answer that is cut, garbled or of another form.
            log.warning("an answer of Table Storage could not be read", exc_info=True)
            because = "Table Storage gave an answer that could not be read"
            raise (Lost(because) if writes else Retry(because)) from error

    def _client(self, table: str) -> TableClient:
        if self._service is None:
            self._service = self._connect()
        if table not in self._clients:
            self._clients[table] = self._service.get_table_client(table)
        return self._clients[table]


def _hooks(clock: ServiceClock | None) -> dict[str, Any]:
    """What the SDK calls around each attempt of a request, so that `clock` hears when it was answered."""

    def sends(request: Any) -> None:
        if clock is not None:
            request.context[_SENT_AT] = clock.elapsed()

    def answers(response: Any) -> None:
        answer = response.http_response
        wait = answer.headers.get("Retry-After", "")
        if answer.status_code >= 300 and wait.isdigit() and response.http_request.method == "GET":
            # The SDK would sleep it out, and the invocation be paid for it.
            raise Retry(f"Table Storage is busy: it answered {answer.status_code}", float(wait))
        if answer.status_code == 200 and response.http_request.method == "GET":
            expect_rows(answer.body())
        # What refuses, or is not signed as this service's, may be a balancer in between with its own clock.
        if clock is not None and answer.status_code < 300 and _VERSION in answer.headers:
            date = parsedate_tz(answer.headers.get("Date"))
            if date is not None:
                clock.heard(mktime_tz(date), response.context[_SENT_AT])

    return {"raw_request_hook": sends, "raw_response_hook": answers}


def _endpoint_in(connection_string: str) -> str:
    parts = dict(part.split("=", 1) for part in connection_string.split(";") if "=" in part)
    suffix = parts.get("EndpointSuffix", "core.windows.net")
    return parts.get("TableEndpoint") or f"https://{parts.get('AccountName')}.table.{suffix}"


async def _create(client: TableClient) -> None:
    from azure.core.exceptions import AzureError

    try:
        await client.create_table()
    except AzureError as error:
        if code_of(error) != _TABLE_THERE:
            raise Retry(f"Table Storage did not make a table: {said(error)}") from error


def _filter(rows: Range) -> str:
    terms = [
        f"PartitionKey eq {_quoted(rows.partition)}",
        f"RowKey ge {_quoted(rows.low)}",
        f"RowKey lt {_quoted(rows.high)}",
        *(f"{name} eq {_quoted(value)}" for name, value in rows.where.items()),
    ]
    return " and ".join(terms)


def _quoted(value: str | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "'" + value.replace("'", "''") + "'"


def _found(entity: TableEntity) -> Found:
    return Found(entity, str(entity.metadata["etag"]))


def _operation(write: Write) -> tuple[str, Entity, dict[str, Any]]:
    from azure.core import MatchConditions
    from azure.data.tables import UpdateMode

    matched = {"etag": write.etag, "match_condition": MatchConditions.IfNotModified}
    match write.verb:
        case Verb.INSERT:
            return "create", write.entity, {}
        case Verb.UPDATE:
            return "update", write.entity, {"mode": UpdateMode.REPLACE, **matched}
        case Verb.UPSERT:
            return "upsert", write.entity, {"mode": UpdateMode.REPLACE}
        case Verb.MERGE if write.etag is not None:
            return "update", write.entity, {"mode": UpdateMode.MERGE, **matched}
        case Verb.MERGE:
            return "upsert", write.entity, {"mode": UpdateMode.MERGE}
        case Verb.DELETE:
            return "delete", write.entity, {}
