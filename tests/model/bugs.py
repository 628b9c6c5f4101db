"""Bugs that are planted on purpose, each as another class in the place of one that a worker runs.

A model that finds nothing proves nothing unless it finds these. No switch in the product makes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from msgspec.structs import replace

from shared.actions import PointRecord, Result
from shared.azure.answers import Body
from shared.azure.record_sets import EPOCH, RecordSet
from shared.decision import Decision, Seen
from shared.engine import Engine
from shared.fleet import Fleet
from shared.levers import Record
from shared.model import Stage
from shared.ports import Claimed, Row
from shared.probes import RecordSeen, RecordState
from shared.store.table_store import TableStore
from shared.store.tables import Verb, Write
from tests.model.asking import AskingRecords, AskingTables
from tests.model.estate import RecordSet as LiveRecord
from tests.model.moves import Scenario
from tests.model.states import beginning
from tests.model.worker import BEGIN, NOTCH, Code

AT_THE_SWITCH = Scenario(
    first=beginning(Stage.SWITCH, "shift"),
    record=LiveRecord("blue", 300, 1),
    timeless=frozenset({"converge", "observe"}),
)

AT_THE_STOP = Scenario(
    first=beginning(Stage.RETIRE, "stop", shifted=True, ordered_epoch=1, moved_at=BEGIN - NOTCH),
    record=LiveRecord("green", 300, 1),
    losses=0,
)
"""From the order to stop the old cluster on, which carries no epoch, to the end of the rollout."""

TWINS = AT_THE_SWITCH._replace(code=Code(twins=True, merges=False), crashes=0)
"""Claims without an identity of their own: a worker may take another's equal claim for its own."""


class _Unfenced(AskingRecords):
    """Compares no epoch and writes whatever the etag is."""

    async def _get(self, record: Record, answer: Body[RecordSet]) -> bool:
        found = await super()._get(record, answer)
        _without_epoch(answer)
        return found

    async def _put(self, record: Record, body: Any, if_match: str | None, answer: Body[RecordSet]) -> None:
        await super()._put(record, body, "*", answer)


class _LateEtag(AskingRecords):
    """Compares no epoch, and sends the etag that it reads after the state was decided on and claimed."""

    _etag = ""

    async def _get(self, record: Record, answer: Body[RecordSet]) -> bool:
        found = await super()._get(record, answer)
        self._etag = answer.read().etag
        _without_epoch(answer)
        return found

    async def _put(self, record: Record, body: Any, if_match: str | None, answer: Body[RecordSet]) -> None:
        await super()._put(record, body, self._etag, answer)


def _without_epoch(answer: Body[RecordSet]) -> None:
    found = answer.read()
    marks = {name: mark for name, mark in found.properties["metadata"].items() if name != EPOCH}
    answer.value = RecordSet(found.etag, {**found.properties, "metadata": marks})


class _NoEtag(AskingTables):
    """Claims over whatever is there."""

    async def write(self, table: str, writes: Sequence[Write]) -> str:
        over = [Write(Verb.UPSERT, w.entity) if _key(w)[0] in "sa" else w for w in writes]
        return await super().write(table, over)


class _NoInbox(AskingTables):
    """Keeps no row that remembers a signal: one that comes again is new."""

    async def write(self, table: str, writes: Sequence[Write]) -> str:
        return await super().write(
            table, [w for w in writes if not (_key(w)[0] == "i" and w.verb is Verb.INSERT)]
        )


class _StaysPending(AskingTables):
    """Leaves a consumed signal where it was."""

    async def write(self, table: str, writes: Sequence[Write]) -> str:
        return await super().write(table, [w for w in writes if w.verb is not Verb.DELETE])


def _key(write: Write) -> str:
    return str(write.entity["RowKey"])


class _Believes(TableStore):
    """Takes a claim without an answer for won."""

    async def _is_written(self, fleet: str, epoch: int, identity: str) -> bool:
        return True  # Whatever the audit trail says.


class _ActsFirst(Engine):
    """Performs before it claims."""

    _done: tuple[Result, ...] = ()

    async def _claim(self, row: Row, decision: Decision, seen: Seen) -> Claimed:
        self._done = await super()._perform(row.fleet, decision, decision.state.epoch, seen.now)
        return await super()._claim(row, decision, seen)

    async def _perform(
        self, fleet: Fleet, decision: Decision, epoch: int, now: datetime
    ) -> tuple[Result, ...]:
        return self._done


class _TrustsItsOrder(Engine):
    """Takes the rollback's write for seen once it was ordered."""

    async def _look(self, row: Row, *rest: Any) -> Seen:
        seen = await super()._look(row, *rest)
        rollout = row.state.rollout
        if rollout is None or rollout.stage is not Stage.ROLLBACK or rollout.ordered_epoch is None:
            return seen
        address = (rollout.addresses[rollout.safe],)
        return _believed(seen, {"targets": address, "epoch": rollout.ordered_epoch})


class _BeginsLate(Engine):
    """Begins what it has claimed however late it is."""

    def _in_time(self, now: datetime) -> None:
        return


class _SkipsEqual(Engine):
    """Writes nothing where the record looks right already, and takes that for its own write."""

    _looked: Mapping[Any, Any] = {}

    async def _look(self, row: Row, *rest: Any) -> Seen:
        seen = await super()._look(row, *rest)
        self._looked = seen.answers
        rollout = row.state.rollout
        if rollout is None or rollout.stage is not Stage.ROLLBACK:
            return seen
        return _believed(seen, {"epoch": row.state.epoch})

    async def _perform(
        self, fleet: Fleet, decision: Decision, epoch: int, now: datetime
    ) -> tuple[Result, ...]:
        left = tuple(action for action in decision.actions if not self._looks_right(action))
        return await super()._perform(fleet, replace(decision, actions=left), epoch, now)

    def _looks_right(self, action: object) -> bool:
        if not isinstance(action, PointRecord):
            return False
        return bool(self._looked[RecordState(action.record)].targets == (action.address,))


def _believed(seen: Seen, facts: dict[str, Any]) -> Seen:
    answers = {
        probe: replace(answer, **facts) if isinstance(answer, RecordSeen) else answer
        for probe, answer in seen.answers.items()
    }
    return replace(seen, answers=answers)


class Bug(NamedTuple):
    """A planted bug, and the longest trace that it may need."""

    name: str
    scenario: Scenario
    events_max: int


def _planted(name: str, events_max: int, **places: Any) -> Bug:
    code = Code(**places, merges=False)
    return Bug(name, AT_THE_SWITCH._replace(code=code, drops_doomed=False), events_max)


BUGS = (
    _planted("no fence on the record", 14, records=_Unfenced),
    _planted("etag read after the state", 14, records=_LateEtag),
    _planted("no etag on the claim", 14, tables=_NoEtag),
    _planted("effect before claim", 20, engine=_ActsFirst),
    _planted("rollback trusts its own order", 14, engine=_TrustsItsOrder),
    _planted("rollback skips an equal write", 16, engine=_SkipsEqual),
    _planted("a lost claim is taken for won", 16, store=_Believes),
    _planted("no dedupe", 14, tables=_NoInbox),
    _planted("signals stay pending", 14, tables=_StaysPending),
    Bug("an order however late", AT_THE_STOP._replace(code=Code(engine=_BeginsLate)), 40),
    Bug("acknowledge before storing", AT_THE_SWITCH._replace(acknowledges_first=True), 20),
)
