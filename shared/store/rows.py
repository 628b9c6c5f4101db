"""How values become rows: the row keys, the JSON in them, and its way over the size limit of one property.

Decides names and encodings, and nothing about when a row is written. The keys are sorted so that what a tick
reads (`p-` to `s-`) lies apart from what grows with history (`a-` to `o-`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

import msgspec

from shared.errors import Refused, Unreadable
from shared.model import Signal
from shared.store.tables import Entity, Property

STATE_TABLE = "switchyardstate"
FLEETS_TABLE = "switchyardfleets"
FLEETS_PARTITION = "fleets"

FLEET_KEY = "s-fleet"
PLAN_KEY = "s-plan"
STATE_KEY = "s-state"

TICK_LOW, SNAPSHOT_LOW, TICK_HIGH = "p-", "s-", "t"
"""A tick reads from the pending signals to the end of the snapshot: fleet, plan and state."""

JUDGEMENTS_LOW, JUDGEMENTS_HIGH = "j-", "j."
OUTBOX_LOW, OUTBOX_HIGH = "o-", "o."

# A property holds 64 KiB of UTF-16, and outside of ASCII a character may take two units.
_ASCII_CHARS_MAX = 32_000
_CHARS_MAX = 16_000
# 480,000 ASCII characters are 960 kB in UTF-16, under the 1 MiB that a row may have.
_PROPERTIES_MAX = 15

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_sorted = msgspec.json.Encoder(order="sorted")


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces: equal values give equal bytes."""
    return _sorted.encode(value)


@lru_cache(maxsize=4096)
def signal_hash(signal_id: str) -> str:
    """32 hexadecimal digits that name a signal in a row key, whatever characters its id has."""
    return sha256(signal_id.encode()).hexdigest()[:32]


def inbox_key(signal_id: str) -> str:
    """The row that remembers a signal for ever."""
    return f"i-{signal_hash(signal_id)}"


def pending_key(signal: Signal) -> str:
    """The row of a signal that waits; signals are read in the order in which they happened."""
    microseconds = max(0, (signal.at - _FIRST) // _MICROSECOND)
    return f"p-{microseconds:017d}-{signal_hash(signal.id)}"


def audit_key(epoch: int) -> str:
    """The audit row of a claim."""
    return f"a-{epoch:010d}"


def outbox_key(epoch: int) -> str:
    """The announcement that a claim owes."""
    return f"o-{epoch:010d}"


def rollout_key(rollout: str) -> str:
    """The current value of a rollout, ended or not."""
    return f"h-{rollout}"


def judgement_keys(rollout: str) -> tuple[str, str]:
    """The range that holds a rollout's judgements, and those of any rollout whose id starts the same."""
    return f"j-{rollout}-", f"j-{rollout}."


def row(partition: str, row_key: str, document: bytes | None = None, **properties: Property) -> Entity:
    """A row with a JSON document and properties beside it.

    Raises:
        Refused: the document is larger than a row can hold.
    """
    entity: Entity = {"PartitionKey": partition, "RowKey": row_key, **properties}
    if document is None:
        return entity
    text = document.decode()
    if len(text) <= _CHARS_MAX:
        entity["json"] = text
        return entity
    size = _ASCII_CHARS_MAX if text.isascii() else _CHARS_MAX
    if len(text) > size * _PROPERTIES_MAX:
        raise Refused(f"{partition} {row_key} is too large to store: {len(text)} characters of JSON")
    for n, start in enumerate(range(0, len(text), size)):
        entity[f"json{n or ''}"] = text[start : start + size]
    return entity


def document(entity: Entity) -> str:
    """The JSON document of a row."""
    text = str(entity["json"])
    if "json1" not in entity:
        return text
    parts = (str(entity.get(f"json{n}", "")) for n in range(1, _PROPERTIES_MAX))
    return text + "".join(parts)


def decoded[T](decoder: msgspec.json.Decoder[T], entity: Entity) -> T:
    """The value in a row's document. What has been added to a type since has its default.

    Raises:
        Unreadable: it says something that this version does not know, as a newer one may.
    """
    try:
        return decoder.decode(document(entity))
    except msgspec.DecodeError as error:
        where = f"{entity['PartitionKey']} {entity['RowKey']}"
        raise Unreadable(
            f"{where} cannot be read by this version of Switchyard: {error}. It is left as it is; if a newer "
            "version wrote it, put that version back"
        ) from error


def judgement_rows(partition: str, rollout: str, epoch: int, judgements: Iterable[bytes]) -> list[Entity]:
    """The judgements of one claim, each in JSON: one row, or as many as their samples need."""
    rows: list[Entity] = []
    batch: list[bytes] = []
    size = 0
    for text in judgements:
        size += len(text) + 1
        if batch and size > _CHARS_MAX * _PROPERTIES_MAX:
            rows.append(_judgement_row(partition, rollout, epoch, len(rows), batch))
            batch, size = [], len(text) + 1
        batch.append(text)
    if batch:
        rows.append(_judgement_row(partition, rollout, epoch, len(rows), batch))
    return rows


def _judgement_row(partition: str, rollout: str, epoch: int, n: int, batch: list[bytes]) -> Entity:
    key = f"j-{rollout}-{epoch:010d}-{n:02d}"
    return row(partition, key, b"[" + b",".join(batch) + b"]", rollout=rollout)
