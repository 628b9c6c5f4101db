"""What the store asks of a table: one page of a row-key range, one row, one atomic write.

Decides which failures the store tells apart; refuses to know fleets, rollouts and any SDK. Whoever serves
this protocol serves the whole store, so a leaner client is one more class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from msgspec import Struct

from shared.errors import Retry, Superseded

Property = str | int | bool
Entity = dict[str, Property]
"""A row: `PartitionKey`, `RowKey` and up to 252 properties of at most 32 Ki UTF-16 units each."""

WRITES_MAX = 100
"""Rows in one atomic write (learn.microsoft.com/azure/storage/tables/scalability-targets)."""


class Clash(Superseded):
    """The write was refused whole: a row was there already, was gone, or had another etag."""


class Lost(Retry):
    """No answer, or one that leaves it open: the write may have happened, now or a little later."""


class Verb(StrEnum):
    """What a write does to one row, and when it clashes."""

    INSERT = "insert"
    """Clashes when the row exists."""
    UPDATE = "update"
    """Replaces the row; clashes when its etag is another."""
    UPSERT = "upsert"
    """Replaces the row, or makes it."""
    MERGE = "merge"
    """Adds properties to the row, or makes it; given an etag, clashes when the row's is another."""
    DELETE = "delete"
    """Within a batch it clashes when the row is gone; alone it may pass."""


class Write(Struct, frozen=True):
    """One row of an atomic write. `update` needs an etag, `merge` may have one."""

    verb: Verb
    entity: Entity
    etag: str | None = None


class Found(NamedTuple):
    """A row with the etag under which it was read."""

    entity: Entity
    etag: str


class Range(Struct, frozen=True, kw_only=True):
    """Row keys from `low` up to but not including `high`, of rows whose properties equal `where`."""

    partition: str
    low: str
    high: str
    where: Mapping[str, str | bool] = {}


class Tables(Protocol):
    """A table service. Every method may raise Retry; only `write` may raise Clash and Lost."""

    async def page(self, table: str, rows: Range, *, rows_max: int) -> tuple[list[Found], bool]:
        """One request: the first rows in key order, and whether these are all."""

    async def scan(self, table: str, rows: Range) -> list[Found]:
        """All rows in key order, in as many requests as the service needs."""

    async def get(self, table: str, partition: str, row_key: str) -> Found | None:
        """One row, or None."""

    async def write(self, table: str, writes: Sequence[Write]) -> str:
        """All of it or nothing, in one partition; the new etag of the first row (empty after a delete)."""
