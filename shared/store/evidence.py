"""The verdicts of a rollout page by page, and their end (`shared.ports.Evidence`), over a table service.

Decides how much one request reads and deletes. Refuses to know when evidence is old enough to go.
"""

from __future__ import annotations

import re

import msgspec

from shared.errors import Refused
from shared.model import Judgement
from shared.ports import EvidencePage, Judged
from shared.store import rows
from shared.store.rows import STATE_TABLE
from shared.store.tables import Clash, Found, Range, Tables, Verb, Write

PAGE_ROWS_MAX = 25
"""Rows in one page. A row holds one claim's verdicts: some kilobytes, 960 at most."""

_TOKEN = re.compile("[0-9]{10}-[0-9]{2}")
_AFTER = "!"
"""Follows a key, and comes before every other key that begins with it."""

_judgements = msgspec.json.Decoder(tuple[Judgement, ...])


class EvidenceRows:
    """`shared.ports.Evidence` on a table service."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def page(self, fleet: str, rollout: str, after: str = "") -> EvidencePage:
        """One request. Raises Refused for an `after` that no page gave."""
        if after and _TOKEN.fullmatch(after) is None:
            raise Refused(f"after: got {after!r}, expected the next of the page before")
        found, is_all = await self._rows(fleet, rollout, after)
        verdicts = tuple(judged for item in found for judged in _read(item, rollout))
        rest = None if is_all else _place(found[-1], rollout)
        return EvidencePage(verdicts=verdicts, next=rest)

    async def oldest(self, fleet: str) -> str | None:
        """One request: rollouts are numbered, so that the first row is of the oldest."""
        everything = Range(partition=fleet, low=rows.JUDGEMENTS_LOW, high=rows.JUDGEMENTS_HIGH)
        found, _ = await self._tables.page(STATE_TABLE, everything, rows_max=1)
        return str(found[0].entity["rollout"]) if found else None

    async def forget(self, fleet: str, rollout: str) -> bool:
        """Two requests. True: there may be more, or somebody else is at it as well."""
        found, is_all = await self._rows(fleet, rollout, "")
        if not found:
            return False
        gone = [Write(Verb.DELETE, rows.row(fleet, str(item.entity["RowKey"]))) for item in found]
        try:
            await self._tables.write(STATE_TABLE, gone)
        except Clash:
            return True
        return not is_all

    async def _rows(self, fleet: str, rollout: str, after: str) -> tuple[list[Found], bool]:
        low, high = rows.judgement_keys(rollout)
        asked = Range(
            partition=fleet,
            low=f"{low}{after}{_AFTER}" if after else low,
            high=high,
            where={"rollout": rollout},
        )
        found, is_all = await self._tables.page(STATE_TABLE, asked, rows_max=PAGE_ROWS_MAX)
        if found or is_all:
            return found, is_all
        # The service may look through rows of others and give an empty page that is not the last.
        return await self._tables.scan(STATE_TABLE, asked), True


def _read(found: Found, rollout: str) -> list[Judged]:
    epoch = int(_place(found, rollout).split("-")[0])
    return [Judged(epoch=epoch, judgement=each) for each in rows.decoded(_judgements, found.entity)]


def _place(found: Found, rollout: str) -> str:
    """The part of a row's key that follows the rollout: its epoch, and its number among that epoch's rows."""
    return str(found.entity["RowKey"]).removeprefix(rows.judgement_keys(rollout)[0])
