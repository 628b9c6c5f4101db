"""The whole model: the moves of workers, of the sender of the alert, of the time and of a late request.

Decides what may be left out because it changes nothing, and what would go on for ever and is therefore
bounded: a claim that can only be refused is dropped; an order that another worker still carries out is given
again a bounded number of times; time passes a bounded number of times over a worker that has yet to hear of
its claim; and it stands still in the steps that a scenario names.
"""

from __future__ import annotations

from collections.abc import Iterator

import stages
from shared.store import rows
from tests.model import estate as services
from tests.model import promises
from tests.model.asking import Hear, Look, Order, ReadAudit, ReadRecord, WriteRecord, WriteRows
from tests.model.estate import Estate, Late
from tests.model.moves import Move, Moves
from tests.model.states import ALERT
from tests.model.worker import BEGIN, IDLE, NOTCH, Place


class Model(Moves):
    """The next events in any state."""

    def others(self, estate: Estate) -> Iterator[Move]:
        """What the sender, the intake and a late request can do next. They leave every worker where it is."""
        yield from self._alert(estate)
        if estate.late is not None:
            yield self._arrives(estate, estate.late)

    def _alert(self, estate: Estate) -> Iterator[Move]:
        hasty = self.scenario.acknowledges_first
        less = estate._replace(deliveries_left=estate.deliveries_left - 1)
        match estate.sender:
            case "quiet" | "unanswered" if estate.deliveries_left and hasty:
                yield Move("an alert is acknowledged", less._replace(sender="hasty"), IDLE)
            case "quiet" | "unanswered" if estate.deliveries_left:
                after = self._accepts(less, "acknowledged")
                yield Move("an alert is stored and acknowledged", after, IDLE)
                if estate.crashes_left:
                    dead = after._replace(sender="unanswered", crashes_left=estate.crashes_left - 1)
                    yield Move("an alert is stored, and the intake crashes", dead, IDLE)
            case "hasty":
                yield Move("the alert is stored", self._accepts(estate, "acknowledged"), IDLE)
                if estate.crashes_left:
                    dead = estate._replace(sender="acknowledged", crashes_left=estate.crashes_left - 1)
                    yield Move("the intake crashes", dead, IDLE)
            case "acknowledged" if estate.deliveries_left:
                yield Move("the alert comes again", self._accepts(less, "acknowledged"), IDLE)

    def _accepts(self, estate: Estate, sender: str) -> Estate:
        estate = estate._replace(sender=sender)
        clashes = services.clashes(estate, self._accepted)
        return estate if clashes else services.signals_after(estate, self._accepted)

    def _arrives(self, estate: Estate, late: Late) -> Move:
        gone = estate._replace(late=None)
        if late.write is not None:
            passes = services.matches(estate.record, late.write)
            after = self._written(gone, late.write) if passes else gone
        else:
            writes = self._claims[late.claim]
            passes = not services.clashes(estate, writes)
            after = self._landed(gone, writes) if passes else gone
        label = "the request without an answer arrives" + ("" if passes else ", and is refused")
        return Move(label, after, IDLE, late.claim if passes else "")

    def later(self, estate: Estate) -> Estate | None:
        """The same with time having passed until the fleet is due; None while it is due, or never will be."""
        rollout = promises.rollout_of(self.states.all[estate.state])
        wake_at = rollout.wake_at
        if wake_at is None or self._is_due(estate) or rollout.step in self.scenario.timeless:
            return None
        return estate._replace(notch=-((BEGIN - wake_at) // NOTCH))

    def _is_due(self, estate: Estate) -> bool:
        signals = (ALERT,) if estate.is_pending else ()
        return stages.due(self.states.all[estate.state], signals, BEGIN + NOTCH * estate.notch)

    def overtaken(self, place: int, claim: str, epoch: int, *, is_late: bool) -> int:
        """Where a worker is once another's claim, or its own that was late, has landed under that epoch."""
        there = self.workers.places[place]
        waits = (
            isinstance(there.request, WriteRows | ReadAudit) and there.claim == claim and not there.is_told
        )
        if waits and ((is_late and there.is_unsure) or self.scenario.code.twins):
            return self.workers.told(place)
        return IDLE if self.scenario.drops_doomed and self._is_doomed(there, epoch) else place

    def settled_late(self, estate: Estate) -> Estate:
        """The same without a late request that can only be refused any more."""
        late = estate.late
        if late is None:
            return estate
        if late.write is not None:
            passes = services.matches(estate.record, late.write)
        else:
            passes = not services.clashes(estate, self._claims[late.claim])
        return estate if passes or not self.scenario.drops_doomed else estate._replace(late=None)

    def _is_doomed(self, place: Place, epoch: int) -> bool:
        """Whether all that a worker can still do is to send a claim that is refused, and begin anew."""
        match place.request:
            case WriteRows(writes) if not place.is_unsure and not place.is_told:
                etag = next(write.etag for write in writes if services.key_of(write) == rows.STATE_KEY)
                return etag is not None and etag != services.etag_of(epoch)
            case Look():
                return place.row_epoch != epoch
            case _:
                return False

    def holds_time(self, place: int) -> bool:
        """Whether time waits for a worker: an order that was begun arrives while others expect it."""
        return isinstance(self.workers.places[place].request, Order)

    def sleeps(self, place: int) -> bool:
        """Whether a worker that is late now would find its order too old."""
        return isinstance(self.workers.places[place].request, Hear)

    def is_needless(self, estate: Estate, again: int, place: int, others: tuple[int, ...]) -> bool:
        """Whether an order is given again that another still carries out, or that can only be refused."""
        order = self.workers.places[place].order
        if order is None or order[1] != estate.record.etag:
            return True
        there = (self.workers.places[other] for other in others)
        waiting = (each for each in there if isinstance(each.request, ReadRecord | WriteRecord))
        return any(each.order == (again, estate.record.etag) for each in waiting)

    def is_settled(self, estate: Estate) -> bool:
        """Whether nothing is owed, if no worker does anything."""
        owed = estate.late is not None or estate.sender not in ("quiet", "acknowledged")
        return not owed and not self._is_due(estate) and self.later(estate) is None

    def wrong_at_rest(self, estate: Estate) -> str:
        """What is wrong if nothing moves any more; empty if nothing."""
        return promises.at_rest(self.states.all[estate.state], estate, estate.sender == "acknowledged")
