"""The product's store over tables in memory: for simulation and tests, with the promises of the real one.

Decides nothing about rows, claims and the audit trail: that is `shared.store`, the same code as on Azure. Its
lies: an answer is never late or lost, an etag is a plain counter, nothing outlives the process, and a row
that was written or read is the stored one itself, which nobody may change.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Mapping, Sequence

from shared.fleet import Fleet
from shared.store.table_store import TableStore
from shared.store.tables import WRITES_MAX, Clash, Entity, Found, Range, Verb, Write

PROPERTY_UNITS_MAX = 32_768
"""UTF-16 units in one string property (learn.microsoft.com/azure/storage/tables/scalability-targets)."""


class _Partition:
    """The rows of one partition, and their keys in order."""

    __slots__ = ("keys", "rows")

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.rows: dict[str, Found] = {}

    def span(self, low: str, high: str) -> list[str]:
        """The keys from `low` up to but not including `high`."""
        keys = self.keys
        return keys[bisect_left(keys, low) : bisect_left(keys, high)]


class MemoryTables:
    """`shared.store.tables.Tables` without a network, as strict as Azure's service where it matters."""

    def __init__(self) -> None:
        self._partitions: dict[tuple[str, str], _Partition] = {}
        self._written = 0

    async def page(self, table: str, rows: Range, *, rows_max: int) -> tuple[list[Found], bool]:
        """The first rows of the range, and whether these are all."""
        found = self._scan(table, rows)
        return found[:rows_max], len(found) <= rows_max

    async def scan(self, table: str, rows: Range) -> list[Found]:
        """All rows of the range."""
        return self._scan(table, rows)

    def holds(self, table: str, partition: str, low: str, high: str) -> bool:
        """Whether there is a row in the range; for whoever watches, not for the product."""
        found = self._partitions.get((table, partition))
        return found is not None and bool(found.span(low, high))

    async def get(self, table: str, partition: str, row_key: str) -> Found | None:
        """One row, or None."""
        found = self._partitions.get((table, partition))
        return found.rows.get(row_key) if found is not None else None

    async def write(self, table: str, writes: Sequence[Write]) -> str:
        """All of it or nothing. Raises Clash; ValueError for what the service would call a bad request."""
        name = str(writes[0].entity["PartitionKey"])
        keys = [str(write.entity["RowKey"]) for write in writes]
        _refuse_bad_requests(writes, name, keys)
        partition = self._partitions.get((table, name))
        if partition is None:
            partition = self._partitions[table, name] = _Partition()
        rows = partition.rows
        for write, key in zip(writes, keys, strict=True):
            _refuse_clash(write, key, rows.get(key))
        etags = [self._put(partition, key, write) for write, key in zip(writes, keys, strict=True)]
        return etags[0]

    def _scan(self, table: str, rows: Range) -> list[Found]:
        partition = self._partitions.get((table, rows.partition))
        if partition is None:
            return []
        held, where = partition.rows, rows.where
        found = [held[key] for key in partition.span(rows.low, rows.high)]
        return [each for each in found if _matches(each.entity, where)] if where else found

    def _put(self, partition: _Partition, key: str, write: Write) -> str:
        if write.verb is Verb.DELETE:
            del partition.rows[key]
            del partition.keys[bisect_left(partition.keys, key)]
            return ""
        found = partition.rows.get(key)
        if found is None:
            insort(partition.keys, key)
        entity = write.entity
        if found is not None and write.verb is Verb.MERGE:
            entity = {**found.entity, **entity}
        self._written += 1
        etag = f'W/"{self._written}"'
        partition.rows[key] = Found(entity, etag)
        return etag


class MemoryStore(TableStore):
    """`shared.ports.Store` in memory."""

    def __init__(
        self, resources_of: Callable[[Fleet], Mapping[str, str]], tables: MemoryTables | None = None
    ) -> None:
        super().__init__(tables or MemoryTables(), resources_of)


def _matches(entity: Entity, where: Mapping[str, str | bool]) -> bool:
    return where.items() <= entity.items()


def _refuse_clash(write: Write, key: str, found: Found | None) -> None:
    verb = write.verb
    if verb is Verb.INSERT:
        if found is not None:
            raise Clash(f"{key} exists")
    elif verb is Verb.DELETE:
        if found is None:
            raise Clash(f"{key} is gone")
    elif write.etag is not None and verb is not Verb.UPSERT and (found is None or found.etag != write.etag):
        raise Clash(f"{key} has another etag")


def _refuse_bad_requests(writes: Sequence[Write], partition: str, keys: Sequence[str]) -> None:
    if len(set(keys)) < len(keys):
        raise ValueError("a row may appear once in a batch")
    if len(writes) > WRITES_MAX:
        raise ValueError(f"a batch has at most {WRITES_MAX} rows")
    for write in writes:
        if write.entity["PartitionKey"] != partition:
            raise ValueError("a batch has exactly one partition")
        for name, value in write.entity.items():
            # Only what is longer than half the limit in characters can be over it in units.
            if value.__class__ is str and len(value) > PROPERTY_UNITS_MAX // 2:
                units = len(value.encode("utf-16-le")) // 2
                if units > PROPERTY_UNITS_MAX:
                    raise ValueError(f"{name} has {units} UTF-16 units")
