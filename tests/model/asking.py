"""The product's own code, stopped at every request that it makes: what it asks, and the doors that ask it.

The engine, the store and the record sets are the real ones; only what lies behind them is replaced, by an
awaitable that hands a request to whoever drives the coroutine. Decides nothing: the answers are `moves`'.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.actions import Action, PointRecord
from shared.azure.answers import Body
from shared.azure.azure_dns import AzureDns
from shared.azure.connection import Connection
from shared.azure.record_sets import EPOCH, SLOT, RecordSet
from shared.errors import Superseded
from shared.fleet import Fleet
from shared.levers import Record
from shared.ports import OutboxEntry
from shared.probes import Answer, Probe
from shared.store.tables import Found, Range, Write


class ReadRows(NamedTuple):
    """Asks for what a tick reads: fleet, plan, state and pending signals."""


class WriteRows(NamedTuple):
    """Sends one atomic batch."""

    writes: tuple[Write, ...]


class ReadAudit(NamedTuple):
    """Asks whether the audit row of a claim without an answer is there."""

    row_key: str


class Look(NamedTuple):
    """Observes the world."""

    probes: frozenset[Probe]


class ReadRecord(NamedTuple):
    """Reads the record set before writing it."""


class WriteRecord(NamedTuple):
    """Writes the record set, if its etag is still `if_match`."""

    slot: str
    ttl_seconds: int
    epoch: int
    if_match: str | None


class Order(NamedTuple):
    """Orders something that carries no epoch: start, stop or delete a cluster."""

    action: Action


class Hear(NamedTuple):
    """An answer is on its way to a worker that will act on it: by then, time may have passed."""

    answer: object


Request = ReadRows | WriteRows | ReadAudit | Look | ReadRecord | WriteRecord | Order | Hear


class Ask:
    """Hands a request to the driver; what it sends back is the answer, and an exception is raised."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __await__(self) -> Generator[Request, Any, Any]:
        answer = yield self._request
        if isinstance(answer, Exception):
            raise answer
        return answer


class AskingTables:
    """`shared.store.tables.Tables`, one request at a time."""

    async def page(self, table: str, rows: Range, *, rows_max: int) -> tuple[list[Found], bool]:
        """The rows of a tick are few here."""
        found: list[Found] = await Ask(ReadRows())
        return found, True

    async def scan(self, table: str, rows: Range) -> list[Found]:
        """No tick asks for it."""
        raise NotImplementedError

    async def get(self, table: str, partition: str, row_key: str) -> Found | None:
        """Only the audit row of a claim is asked for."""
        found: Found | None = await Ask(ReadAudit(row_key))
        return found

    async def write(self, table: str, writes: Sequence[Write]) -> str:
        """A claim, or a signal."""
        etag: str = await Ask(WriteRows(tuple(writes)))
        return etag


class AskingRecords(AzureDns):
    """The product's fenced write, with its GET and its PUT as two requests."""

    def __init__(self) -> None:
        super().__init__(Connection.__new__(Connection))

    async def _get(self, record: Record, answer: Body[RecordSet]) -> bool:
        answer.value = await Ask(ReadRecord())
        return True

    async def _put(self, record: Record, body: Any, if_match: str | None, answer: Body[RecordSet]) -> None:
        properties = body["properties"]
        metadata = properties["metadata"]
        asked = WriteRecord(metadata[SLOT], properties[self.spelling.ttl], int(metadata[EPOCH]), if_match)
        answer.value = await Ask(asked)


class AskingWorld:
    """`shared.ports.World`: observations are one request, a record's write two, any other order one."""

    def __init__(self, records: AskingRecords) -> None:
        self._records = records

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> Mapping[Probe, Answer]:
        """All probes at one moment."""
        answers: Mapping[Probe, Answer] = await Ask(Look(probes))
        return answers

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """A record's write by the product's own code, or an order."""
        if isinstance(action, PointRecord):
            try:
                await self._records.point(fleet, action, epoch)
            except Superseded:
                # Its words name epochs, and would make one refusal many.
                raise Superseded("the record set is another than was read") from None
        else:
            await Ask(Order(action))
        return None


class Silent:
    """A topic that nobody announces to: the fleet has none."""

    async def publish(self, entry: OutboxEntry) -> None:
        """Refuse: there is nothing to announce."""
        raise NotImplementedError


def record_set(address: str, ttl_seconds: int, metadata: Mapping[str, str], etag: str) -> RecordSet:
    """A record set of type A as Azure DNS gives it."""
    names = AzureDns.spelling
    targets = [{"ipv4Address": address}]
    properties = {names.ttl: ttl_seconds, names.a: targets, "metadata": dict(metadata)}
    return RecordSet(etag=etag, properties=properties)
