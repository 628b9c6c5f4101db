"""A worker as the model knows it: the answers that the real engine was given since its results last changed.

A coroutine cannot be copied. But the engine is deterministic, so a worker is where its answers have brought
it: to take another branch, a new coroutine is given the same answers again. Places from which all goes on
alike are one (`_what_counts`). Knows nothing of what the answers say; every place that a worker can be in
has a number, and 0 is a worker that does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from shared.actions import PointRecord
from shared.engine import Engine, Ticked
from shared.errors import SwitchyardError
from shared.fleet import Fleet
from shared.signals import resources_of
from shared.store.table_store import TableStore
from tests.model.asking import (
    AskingRecords,
    AskingTables,
    AskingWorld,
    Hear,
    Look,
    Order,
    ReadAudit,
    ReadRecord,
    ReadRows,
    Request,
    Silent,
    WriteRecord,
    WriteRows,
)

NOTCH = timedelta(seconds=300)
"""One step of the model's time: no wait of the runbook is longer, so that each ends with the next step."""

BEGIN = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
IDENTITY = "this worker"
IDLE = 0


class Clock:
    """`shared.ports.SharedClock`, set by whoever drives the coroutine."""

    def __init__(self) -> None:
        self.notch = 0

    def now(self) -> datetime:
        """The model's time."""
        return BEGIN + NOTCH * self.notch

    def latest(self) -> datetime:
        """The same: all workers read one clock."""
        return self.now()


class Code(NamedTuple):
    """The product's code as a worker runs it; a planted bug is another class in one of these places.

    `twins`: claims carry no identity of their own, so that a worker takes another's equal claim for its own.
    `merges`: places from which all goes on alike are one; not where a class remembers something of its own.
    """

    engine: type[Engine] = Engine
    store: type[TableStore] = TableStore
    tables: type[AskingTables] = AskingTables
    records: type[AskingRecords] = AskingRecords
    world: type[AskingWorld] = AskingWorld
    twins: bool = False
    merges: bool = True


class Answer(NamedTuple):
    """What a request got, and when it was heard."""

    notch: int
    value: object


class Place(NamedTuple):
    """Where a worker is: what it asks for now, and the answers, by number, that brought it there.

    `claim` is the hash of the claim that it is about to send, waits to hear of, or carries out; `acts`:
    actions follow it. `is_unsure`: a request of this claim got no answer. `is_told`: the audit trail names
    the claim as its own. `row_epoch` is that of the row that it looks on. `order` is the epoch and the etag
    of the record write that the claim orders.
    """

    answers: tuple[int, ...]
    request: Request
    claim: str = ""
    acts: bool = False
    is_unsure: bool = False
    is_told: bool = False
    row_epoch: int = 0
    order: tuple[int, str] | None = None


class _Running:
    """One coroutine of the engine, waiting for an answer."""

    def __init__(self, code: Code, fleet: Fleet) -> None:
        self._clock = Clock()
        store = code.store(code.tables(), resources_of, lambda: IDENTITY)
        engine = code.engine(store, code.world(code.records()), Silent(), self._clock)
        self._tick: Coroutine[Any, Any, Ticked] = engine.tick(fleet.name)
        self.request: Request | None = self._tick.send(None)

    def hears(self, answer: Answer) -> None:
        """Go on to the next request; None after the last."""
        self._clock.notch = answer.notch
        try:
            self.request = self._tick.send(answer.value)
        except (StopIteration, SwitchyardError):
            self.request = None

    def local(self, name: str) -> Any:
        """A local variable of the tick."""
        frame = getattr(self._tick, "cr_frame")  # noqa: B009 (not in the type of a coroutine)
        return frame.f_locals[name]

    def close(self) -> None:
        """No more answers."""
        self._tick.close()


class Workers:
    """Every place that a worker can be in, by number."""

    def __init__(self, code: Code, fleet: Fleet) -> None:
        self._code = code
        self._fleet = fleet
        self.places: list[Place] = [Place((), ReadRows())]
        self._numbers: dict[Hashable, int] = {}
        self._steps: dict[Hashable, int] = {}
        self._answers: list[Answer] = []
        self._running: dict[int, _Running] = {}

    def hears(self, number: int, key: Hashable, notch: int, value: Callable[[], object]) -> int:
        """The place that an answer leads to. `value` makes the answer, if it is the first time."""
        step = (number, key, notch)
        reached = self._steps.get(step)
        if reached is None:
            reached = self._steps[step] = self._heard(number, Answer(notch, value()))
        return reached

    def told(self, number: int) -> int:
        """The same place, once the audit trail names this worker's claim as its own."""
        return self._variant(number, self.places[number]._replace(is_told=True))

    def waiting(self, number: int, answer: object) -> int:
        """The place of a worker whose answer is on its way."""
        return self._variant(number, self.places[number]._replace(request=Hear(answer)))

    def _variant(self, number: int, place: Place) -> int:
        return self._number((number, place.is_told, isinstance(place.request, Hear)), place)

    def _heard(self, number: int, answer: Answer) -> int:
        before = self.places[number]
        running = self._running.pop(number, None) or self._replayed(before)
        running.hears(answer)
        if running.request is None:
            return IDLE
        self._answers.append(answer)
        place = _place(before, running, len(self._answers) - 1)
        if isinstance(place.request, ReadRows) and not running.local("results"):
            return IDLE
        key = _what_counts(place, running) if self._code.merges else None
        reached = self._number((number, len(self._answers)) if key is None else key, place)
        self._running.setdefault(reached, running)
        return reached

    def _replayed(self, place: Place) -> _Running:
        running = _Running(self._code, self._fleet)
        for number in place.answers:
            running.hears(self._answers[number])
        return running

    def _number(self, key: Hashable, place: Place) -> int:
        number = self._numbers.setdefault(key, len(self.places))
        if number == len(self.places):
            self.places.append(place)
        return number


def _place(before: Place, running: _Running, answer: int) -> Place:
    answers, request = (*before.answers, answer), running.request
    assert request is not None, "the tick goes on"
    if isinstance(request, WriteRows):
        claim = next(
            str(w.entity["hash"]) for w in request.writes if str(w.entity["RowKey"]).startswith("a-")
        )
        acts = bool(running.local("decision").actions)
        again = before.is_unsure and before.claim == claim
        return Place(answers, request, claim, acts, again, again and before.is_told, order=_order(running))
    if isinstance(request, ReadAudit):
        return before._replace(answers=answers, request=request, is_unsure=True)
    if isinstance(request, ReadRecord | WriteRecord | Order):
        return Place(answers, request, before.claim, order=before.order)
    row_epoch = running.local("row").state.epoch if isinstance(request, Look) else 0
    return Place(answers, request, row_epoch=row_epoch)


def _order(running: _Running) -> tuple[int, str] | None:
    decision = running.local("decision")
    writes = [action for action in decision.actions if isinstance(action, PointRecord)]
    return (decision.state.epoch, writes[0].if_match or "") if writes else None


def _what_counts(place: Place, running: _Running) -> Hashable | None:
    """All that still decides what comes next; None where that is everything that was heard.

    The tick's own variables say it: a round begins with the results that it carries over, of which a step
    reads the failures alone; a claim is what it writes, and is never taken for another's; its actions follow
    it.
    """
    request = place.request
    if isinstance(request, ReadRows):
        return tuple(repr(result.failure) for result in running.local("results"))
    if isinstance(request, Look | ReadAudit | Hear):
        return None
    decision, now = running.local("decision"), running.local("now")
    follows = repr(decision.actions), decision.stage, decision.state.epoch, now
    if isinstance(request, WriteRows):
        consumed = tuple(disposition.because for disposition in decision.dispositions)
        return repr(decision.state), consumed, follows, place.is_unsure, place.is_told
    return request, follows
