"""The floor: the same rows read and written by hand with azure-data-tables, deciding nothing.

It is what any controller pays that keeps its state in a table: one partition read and one batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from azure.core import MatchConditions
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient

from shared.store.rows import STATE_KEY, STATE_TABLE
from shared.store.tables import Verb, Write

Operations = list[tuple[Any, ...]]


class Floor:
    """One partition that holds the rows of `snapshot`, moved on by hand."""

    def __init__(self, connection_string: str, partition: str) -> None:
        self._client = TableClient.from_connection_string(connection_string, STATE_TABLE)
        self._partition = partition
        self._query = f"PartitionKey eq '{partition}' and RowKey ge 'p-' and RowKey lt 't'"
        self._batches = 0

    async def fill(self, snapshot: Sequence[dict[str, Any]]) -> None:
        """Put the rows there that a tick reads."""
        await self._client.submit_transaction(
            [("upsert", {**row, "PartitionKey": self._partition}) for row in snapshot]
        )

    def batch_like(self, writes: Sequence[Write]) -> Operations:
        """Operations on rows of the very same number, kinds and sizes; the state's etag is still open."""
        self._batches += 1
        return [self._operation(write) for write in writes]

    def _operation(self, write: Write) -> tuple[Any, ...]:
        entity = {**write.entity, "PartitionKey": self._partition}
        match write.verb:
            case Verb.INSERT:
                entity["RowKey"] = f"a-{entity['RowKey']}-{self._batches:06d}"
                return "create", entity
            case Verb.DELETE:
                return "delete", entity
            case _:
                return "upsert", entity, {"mode": UpdateMode.REPLACE}

    async def transition(self, operations: Operations) -> None:
        """One read of the partition and one batch under the etag that was read."""
        rows = [row async for row in self._client.query_entities(self._query)]
        (etag,) = [row.metadata["etag"] for row in rows if row["RowKey"] == STATE_KEY]
        matched = {"etag": etag, "match_condition": MatchConditions.IfNotModified}
        state = ("update", operations[0][1], {"mode": UpdateMode.REPLACE, **matched})
        await self._client.submit_transaction([state, *operations[1:]])

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
