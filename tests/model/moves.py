"""What a worker can do next, wherever it is, and what may go wrong with it.

Decides which answer a request gets: a crash anywhere, a lost answer to a claim or to a record's write. What
the product does with an answer is the product's; what is wrong is `promises`'.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import NamedTuple

from shared.actions import Action
from shared.azure.record_sets import EPOCH, SLOT
from shared.azure.record_sets import FLEET as FLEET_MARK
from shared.errors import Retry, Superseded
from shared.levers import SlotName
from shared.model import FleetState
from shared.store import rows
from shared.store.claim import CLAIM
from shared.store.table_store import TableStore
from shared.store.tables import Clash, Found, Lost, Write
from tests.fleets import ADDRESSES
from tests.model import estate as services
from tests.model import promises
from tests.model.asking import (
    Hear,
    Look,
    Order,
    ReadAudit,
    ReadRecord,
    ReadRows,
    WriteRecord,
    WriteRows,
    record_set,
)
from tests.model.estate import Estate, Late, RecordSet
from tests.model.states import FLEET, States, acceptance
from tests.model.worker import IDENTITY, IDLE, Code, Workers


class Move(NamedTuple):
    """One event: what it is called, and what it leaves.

    `landed` is the hash of a claim that has landed, `again` the epoch of the order that it gives once more.
    """

    label: str
    estate: Estate
    place: int
    landed: str = ""
    again: int = 0


class Scenario(NamedTuple):
    """Where the model begins, whose code its workers run, and what may go wrong."""

    first: FleetState
    record: RecordSet
    code: Code = Code()
    acknowledges_first: bool = False
    drops_doomed: bool = True
    timeless: frozenset[str] = frozenset()
    crashes: int = 1
    losses: int = 1
    repeats: int = 0


class Moves:
    """The next events of a worker."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.states = States(scenario.first)
        self.workers = Workers(scenario.code, FLEET)
        self._accepted = acceptance(TableStore, scenario.code.tables)
        pending = [write.entity for write in self._accepted if services.key_of(write).startswith("p-")]
        self._pending = pending[0]
        self._claims: dict[str, tuple[Write, ...]] = {}
        self.first = Estate(
            state=self.states.first,
            epoch=scenario.first.epoch,
            record=scenario.record,
            crashes_left=scenario.crashes,
            losses_left=scenario.losses,
            repeats_left=scenario.repeats,
        )

    def moves(self, estate: Estate, place: int) -> Iterator[Move]:
        """What a worker at `place` can do next."""
        request = self.workers.places[place].request
        match request:
            case ReadRows():
                yield from self._reads(estate, place)
            case Look(probes):
                key = services.visible(estate, probes)
                after = self._hears(estate, place, key, lambda: services.shown(estate, probes))
                yield Move("looks at the world", estate, after)
            case WriteRows(writes):
                yield from self._claims_it(estate, place, writes)
            case ReadAudit():
                yield self._asks_for_its_claim(estate, place)
            case Hear(answer):
                after = self._hears(estate, place, "heard", lambda: answer)
                yield Move("hears that its claim has landed", estate, after)
            case ReadRecord():
                record = estate.record
                after = self._hears(estate, place, record, lambda: _as_azure(record))
                yield Move("reads the record before its write", estate, after)
            case WriteRecord():
                yield from self._writes(estate, place, request)
            case Order(action):
                yield self._orders(estate, place, action)
        if estate.crashes_left and self._has_sent(place):
            yield Move("crashes", estate._replace(crashes_left=estate.crashes_left - 1), IDLE)

    def _has_sent(self, place: int) -> bool:
        """Whether it makes a difference that a worker dies: who has sent nothing might not have begun."""
        there = self.workers.places[place]
        return there.is_unsure or isinstance(there.request, Hear | ReadRecord | WriteRecord | Order)

    def _reads(self, estate: Estate, place: int) -> Iterator[Move]:
        pending = self._pending if estate.is_pending else None
        key = "rows", estate.state, estate.is_pending
        after = self._hears(estate, place, key, lambda: self.states.tick_rows(estate.state, pending))
        if after != place:
            yield Move("reads the rows", estate, after)

    def _claims_it(self, estate: Estate, place: int, writes: tuple[Write, ...]) -> Iterator[Move]:
        claim = self.workers.places[place].claim
        self._claims[claim] = writes
        what = f"claims epoch {self._epoch_of(writes)}"
        is_first = not services.clashes(estate, writes)
        again = 0
        if is_first:
            landed = self._landed(estate, writes)
            again = self._again(estate, landed)
            confirmed = self._confirmed(estate, place, "etag")
            yield Move(f"{what}: {self._place_of(landed)}", landed, confirmed, claim, again)
        else:
            after = self._hears(estate, place, "clash", lambda: Clash("somebody was first"))
            yield Move(f"{what}, and somebody was first", estate, after)
        if not estate.losses_left:
            return
        poorer = estate._replace(losses_left=estate.losses_left - 1)
        unsure = self._hears(estate, place, "lost", _lost_claim)
        yield Move(f"{what}: request and answer are lost", poorer, unsure)
        if is_first:
            landed = self._landed(poorer, writes)
            told = self._hears(estate, self.workers.told(place), "lost", _lost_claim)
            yield Move(f"{what}: {self._place_of(landed)}; the answer is lost", landed, told, claim, again)
            yield Move(
                f"{what}: no answer, it is on its way", poorer._replace(late=Late(claim=claim)), unsure
            )

    def _confirmed(self, estate: Estate, place: int, value: object) -> int:
        if self.workers.places[place].acts and self.workers.places[place].order is None:
            return self.workers.waiting(place, value)
        return self._hears(estate, place, "landed", lambda: value)

    def _asks_for_its_claim(self, estate: Estate, place: int) -> Move:
        there = self.workers.places[place]
        assert isinstance(there.request, ReadAudit), "it waits for its claim"
        if there.is_told:
            found = Found({"hash": there.claim, CLAIM: IDENTITY}, "audit")
            return Move("finds its own claim", estate, self._confirmed(estate, place, found))
        if estate.epoch >= int(there.request.row_key.removeprefix("a-")):
            other = Found({"hash": "another", CLAIM: "another worker"}, "audit")
            return Move("finds another's claim", estate, self._hears(estate, place, "another", lambda: other))
        return Move("finds no claim", estate, self._hears(estate, place, "none", lambda: None))

    def _writes(self, estate: Estate, place: int, write: WriteRecord) -> Iterator[Move]:
        what = f"points the record at {write.slot} under epoch {write.epoch}"
        passes = services.matches(estate.record, write)
        refused = self._hears(estate, place, "refused", lambda: Superseded("the record set has another etag"))
        if passes:
            landed = self._written(estate, write)
            after = self._hears(estate, place, landed.record, lambda: _as_azure(landed.record))
            yield Move(what, landed, after)
        else:
            yield Move(f"{what}, and is refused", estate, refused)
        if not estate.losses_left:
            return
        poorer = estate._replace(losses_left=estate.losses_left - 1)
        unsure = self._hears(estate, place, "lost", lambda: Retry("no answer"))
        yield Move(f"{what}: request and answer are lost", poorer, unsure)
        if passes:
            landed = self._written(poorer, write)
            yield Move(f"{what}; the answer is lost", landed, unsure)
            yield Move(f"{what}; the answer is lost, its repetition is refused", landed, refused)
            yield Move(
                f"{what}: no answer, it is on its way", poorer._replace(late=Late(write=write)), unsure
            )

    def _orders(self, estate: Estate, place: int, action: Action) -> Move:
        after = services.ordered(estate, action)._replace(broken=promises.after_order(estate, action))
        name = type(action).__name__
        return Move(f"orders {name}", after, self._hears(estate, place, name, lambda: None))

    def _hears(self, estate: Estate, place: int, key: Hashable, value: Callable[[], object]) -> int:
        return self.workers.hears(place, key, estate.notch, value)

    def _landed(self, estate: Estate, writes: tuple[Write, ...]) -> Estate:
        entity = next(write.entity for write in writes if services.key_of(write) == rows.STATE_KEY)
        number = self.states.number(entity)
        before, after = self.states.all[estate.state], self.states.all[number]
        landed = services.signals_after(estate, writes)._replace(state=number, epoch=after.epoch)
        return landed._replace(broken=promises.after_claim(before, after, landed))

    def _written(self, estate: Estate, write: WriteRecord) -> Estate:
        broken = promises.after_write(self.states.all[estate.state], estate, write)
        return estate._replace(record=services.written(estate.record, write), broken=broken)

    def _again(self, before: Estate, after: Estate) -> int:
        """The epoch of an order that is given again before it was seen to be carried out; 0 if none."""
        old, new = (promises.rollout_of(self.states.all[each.state]) for each in (before, after))
        is_same = old.ordered_epoch is not None and old.stage == new.stage and old.step == new.step
        return old.ordered_epoch or 0 if is_same and new.ordered_epoch == after.epoch else 0

    def _place_of(self, estate: Estate) -> str:
        rollout = promises.rollout_of(self.states.all[estate.state])
        return f"{rollout.stage.value} {rollout.outcome.value if rollout.outcome else rollout.step}"

    def _epoch_of(self, writes: tuple[Write, ...]) -> int:
        return int(next(key[2:] for key in map(services.key_of, writes) if key.startswith("a-")))


def _lost_claim() -> Lost:
    return Lost("no answer")


def _as_azure(record: RecordSet) -> object:
    metadata = {EPOCH: str(record.epoch), FLEET_MARK: FLEET.name, SLOT: record.slot}
    address = ADDRESSES[SlotName(record.slot)]
    return record_set(address, record.ttl_seconds, metadata, record.etag)
