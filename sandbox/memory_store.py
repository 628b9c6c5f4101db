"""The product's store over tables in memory: for simulation and tests, with the promises of the real one.

Decides nothing about rows, claims and the audit trail: that is `shared.store`, the same code as on Azure. Its
lies: an answer is never late or lost, an etag is a plain counter, and nothing outlives the process.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Mapping, Sequence
from itertools import count

from shared.fleet import Fleet
from shared.store.table_store import TableStore
from shared.store.tables import WRITES_MAX, Clash, Entity, Found, Range, Verb, Write

PROPERTY_UNITS_MAX = 32_768
"""UTF-16 units in one string property (learn.microsoft.com/azure/storage/tables/scalability-targets)."""


class MemoryTables:
    """`shared.store.tables.Tables` without a network, as strict as Azure's service where it matters."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], Found] = {}
        self._keys: dict[tuple[str, str], list[str]] = {}
        self._etags = (f'W/"{n}"' for n in count(1))

    async def page(self, table: str, rows: Range, *, rows_max: int) -> tuple[list[Found], bool]:
        """The first rows of the range, and whether these are all."""
        found = await self.scan(table, rows)
        return found[:rows_max], len(found) <= rows_max

    async def scan(self, table: str, rows: Range) -> list[Found]:
        """All rows of the range."""
        keys = self._keys.get((table, rows.partition), [])
        span = keys[bisect_left(keys, rows.low) : bisect_left(keys, rows.high)]
        found = [self._rows[table, rows.partition, key] for key in span]
        return [_copy(item) for item in found if _matches(item.entity, rows.where)]

    def holds(self, table: str, partition: str, low: str, high: str) -> bool:
        """Whether there is a row in the range; for whoever watches, not for the product."""
        keys = self._keys.get((table, partition), [])
        return bisect_left(keys, low) < bisect_left(keys, high)

    async def get(self, table: str, partition: str, row_key: str) -> Found | None:
        """One row, or None."""
        found = self._rows.get((table, partition, row_key))
        return _copy(found) if found else None

    async def write(self, table: str, writes: Sequence[Write]) -> str:
        """All of it or nothing. Raises Clash; ValueError for what the service would call a bad request."""
        _refuse_bad_requests(writes)
        for write in writes:
            self._refuse_clashes(table, write)
        etags = [self._put(table, write) for write in writes]
        return etags[0]

    def _refuse_clashes(self, table: str, write: Write) -> None:
        found = self._rows.get((table, *_place(write)))
        match write.verb:
            case Verb.INSERT if found is not None:
                raise Clash(f"{_place(write)} exists")
            case Verb.UPDATE | Verb.MERGE if write.etag is not None and (
                found is None or found.etag != write.etag
            ):
                raise Clash(f"{_place(write)} has another etag")
            case Verb.DELETE if found is None:
                raise Clash(f"{_place(write)} is gone")

    def _put(self, table: str, write: Write) -> str:
        partition, key = _place(write)
        keys = self._keys.setdefault((table, partition), [])
        found = self._rows.pop((table, partition, key), None)
        if write.verb is Verb.DELETE:
            keys.remove(key)
            return ""
        if found is None:
            insort(keys, key)
        kept = found.entity if found and write.verb is Verb.MERGE else {}
        etag = next(self._etags)
        self._rows[table, partition, key] = Found({**kept, **write.entity}, etag)
        return etag


class MemoryStore(TableStore):
    """`shared.ports.Store` in memory."""

    def __init__(
        self, resources_of: Callable[[Fleet], Mapping[str, str]], tables: MemoryTables | None = None
    ) -> None:
        super().__init__(tables or MemoryTables(), resources_of)


def _place(write: Write) -> tuple[str, str]:
    return str(write.entity["PartitionKey"]), str(write.entity["RowKey"])


def _copy(found: Found) -> Found:
    return Found(dict(found.entity), found.etag)


def _matches(entity: Entity, where: Mapping[str, str | bool]) -> bool:
    return all(entity.get(name) == value for name, value in where.items())


def _refuse_bad_requests(writes: Sequence[Write]) -> None:
    places = {_place(write) for write in writes}
    if len(places) < len(writes):
        raise ValueError("a row may appear once in a batch")
    if len({partition for partition, _ in places}) != 1:
        raise ValueError("a batch has exactly one partition")
    if len(writes) > WRITES_MAX:
        raise ValueError(f"a batch has at most {WRITES_MAX} rows")
    for write in writes:
        for name, value in write.entity.items():
            # Only what is longer than half the limit in characters can be over it in units.
            if isinstance(value, str) and len(value) * 2 > PROPERTY_UNITS_MAX:
                units = len(value.encode("utf-16-le")) // 2
                if units > PROPERTY_UNITS_MAX:
                    raise ValueError(f"{name} has {units} UTF-16 units")
