"""What is remembered of a file with rings: one row of its own, beside the directory of fleets.

Decides how a row that people declare is put in place of another, and what a lost answer to that means.
"""

from __future__ import annotations

import msgspec

from shared.chain import Chain
from shared.errors import NotFound
from shared.ports import ChainRow
from shared.store import rows
from shared.store.rows import FLEETS_TABLE
from shared.store.tables import Clash, Entity, Lost, Tables, Verb, Write

ATTEMPTS_MAX = 2
"""How often a write without an answer is sent: an idle connection that was closed deserves a second one."""

_PARTITION = "rings"
_chain = msgspec.json.Decoder(Chain)


class ChainRows:
    """The part of a store that knows files with rings, and puts what people declare."""

    _tables: Tables

    async def chain(self, name: str) -> ChainRow:
        """One request. Raises NotFound, Retry."""
        found = await self._tables.get(FLEETS_TABLE, _PARTITION, name)
        if found is None:
            raise NotFound(f"there are no rings {name}")
        return ChainRow(chain=rows.decoded(_chain, found.entity), etag=found.etag)

    async def declare(self, chain: Chain, *, if_match: str | None) -> str:
        """One request, more where its answer is lost. Raises Superseded, Retry."""
        entity = rows.row(_PARTITION, chain.name, msgspec.json.encode(chain))
        verb = Verb.INSERT if if_match is None else Verb.UPDATE
        return await self._put(FLEETS_TABLE, Write(verb, entity, if_match))

    async def _put(self, table: str, write: Write) -> str:
        """The new etag. What is there already is what was wanted: its own write, whose answer was lost."""
        entity: Entity = write.entity
        failed: Clash | Lost
        for _ in range(ATTEMPTS_MAX):
            try:
                return await self._tables.write(table, [write])
            except (Clash, Lost) as error:
                failed = error
            found = await self._tables.get(table, str(entity["PartitionKey"]), str(entity["RowKey"]))
            if found is not None and rows.document(found.entity) == rows.document(entity):
                return found.etag
            if isinstance(failed, Clash):
                break
        raise failed
