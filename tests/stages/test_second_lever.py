"""When a live record gives way to the Front Door above it, and what each of the two is told then. By hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from shared.actions import Failure, PointRecord, Result, SetWeights
from shared.decision import Seen
from shared.levers import THROUGH, SlotName
from shared.model import Rollout, Stage
from shared.probes import Answer, BalancerSeen, BalancerState, Probe, RecordSeen, RecordState, Unavailable
from stages import diverting, restoring, t3_switch
from stages.fallback import TRIES_MAX, gives_way
from stages.levers import elsewhere, moved, unread
from stages.step import Move, Verb
from tests.fleets import ADDRESSES, BLUE, FLEET, GREEN, fleet
from tests.fleets_balanced import under_a_front_door
from tests.stages.test_table import NOW
from tests.stages.test_verdicts import rollout

ABOVE = under_a_front_door()
COMPOSITE = fleet(above=ABOVE)
RECORD = COMPOSITE.live_records[0]
SHIFT = msgspec.structs.replace(
    rollout("shift", Stage.SWITCH), addresses=ADDRESSES, entered_at=NOW, shifted=True, ordered_epoch=7
)
DIVERT = msgspec.structs.replace(
    SHIFT, stage=Stage.ROLLBACK, step="divert", rollback_because="an alert", safe=BLUE
)
OUT = Unavailable("503 ServiceUnavailable")


def at(slot: SlotName, epoch: int = 7, ttl_seconds: int = 30) -> RecordSeen:
    """The record as it points at a slot."""
    targets = (ADDRESSES[slot],)
    return RecordSeen(exists=True, targets=targets, ttl_seconds=ttl_seconds, etag="e", epoch=epoch)


def seen(record: Answer | None = None, above: Answer | None = None, **fields: Any) -> Seen:
    """A look at both levers."""
    answers: dict[Probe, Answer] = {}
    if record is not None:
        answers[RecordState(RECORD)] = record
    if above is not None:
        answers[BalancerState(ABOVE)] = above
    return Seen(**{"now": NOW, "answers": answers, "signals": (), "epoch": 9, **fields})


def sent(unsettled: str = "", **weights: int) -> BalancerSeen:
    """The Front Door as it was told."""
    return BalancerSeen(weights=weights, unsettled=unsettled)


def failed(because: str = "no", **fields: Any) -> tuple[Result, ...]:
    """What became of an order to the record."""
    order = PointRecord(RECORD, GREEN, ADDRESSES[GREEN], 30, "e")
    return (Result(action=order, failure=Failure(because=because, **fields)),)


def changed(before: Rollout, **facts: Any) -> Rollout:
    return msgspec.structs.replace(before, **facts)


GIVES: list[tuple[str, Rollout, Seen, bool]] = [
    ("refused for good", SHIFT, seen(results=failed(permanent=True)), True),
    ("refused for now", SHIFT, seen(results=failed()), False),
    ("refused too often", changed(SHIFT, failures=TRIES_MAX), seen(results=failed()), True),
    ("overtaken", changed(SHIFT, failures=9), seen(at(BLUE), results=failed(conflict=True)), False),
    ("unread once", SHIFT, seen(OUT), False),
    ("unread too often", changed(SHIFT, failures=TRIES_MAX), seen(OUT), True),
    ("it has given way", changed(SHIFT, above=True), seen(results=failed(permanent=True)), False),
    ("another step", changed(SHIFT, step="converge"), seen(results=failed(permanent=True)), False),
    ("back, refused for good", DIVERT, seen(results=failed(permanent=True)), True),
    ("back, refused for now", DIVERT, seen(results=failed()), False),
    ("back, asks for a minute", DIVERT, seen(results=failed(after_seconds=60.0)), True),
    ("back, unread, asks for long", DIVERT, seen(Unavailable("429", 300.0)), True),
    ("back, fails for a minute", DIVERT, seen(results=failed(), now=NOW + timedelta(seconds=60)), True),
    ("forward, fails for a minute", SHIFT, seen(results=failed(), now=NOW + timedelta(seconds=60)), False),
]


@pytest.mark.parametrize(("before", "look", "gives"), [each[1:] for each in GIVES], ids=[g[0] for g in GIVES])
def test_a_record_gives_way_when_it_cannot_be_moved(before: Rollout, look: Seen, gives: bool) -> None:
    way = gives_way(COMPOSITE, before, look)
    assert (way is not None and way.above) is gives
    assert gives_way(FLEET, before, look) is None, "without a second lever there is none to give way to"


def told(move: Move) -> list[tuple[str, object]]:
    """The orders of a move, the Front Door's with the member that it is to send everything to."""
    return [
        ("record", action.slot)
        if isinstance(action, PointRecord)
        else ("above", next(slot for slot, share in action.weights.items() if share))
        for action in move.actions
        if isinstance(action, PointRecord | SetWeights)
    ]


def test_forward_the_front_door_is_told_the_candidate_and_the_record_nothing() -> None:
    move = t3_switch.STEPS[2].decide(COMPOSITE, changed(SHIFT, above=True), seen(OUT, sent(through=100)))
    assert told(move) == [("above", GREEN)]
    assert "straight to green" in move.because


def test_back_both_are_told_the_safe_slot_the_record_first() -> None:
    back = changed(DIVERT, above=True, ordered_epoch=None)
    move = diverting.divert(COMPOSITE, back, seen(at(GREEN), sent(through=100)))
    assert told(move) == [("record", BLUE), ("above", BLUE)]


def test_back_the_record_is_tried_blind_under_the_etag_that_it_had() -> None:
    back = changed(DIVERT, above=True, ordered_epoch=None, etags={RECORD.label: "e"})
    move = diverting.divert(COMPOSITE, back, seen(OUT, sent(through=100)))
    assert sorted(told(move)) == [("above", BLUE), ("record", BLUE)]


def test_no_change_is_queued_behind_one_of_the_front_door_above() -> None:
    back = changed(DIVERT, above=True)
    busy = sent("it is being deployed", blue=50, through=50)
    assert told(diverting.divert(COMPOSITE, back, seen(at(GREEN, 3), busy))) == [("record", BLUE)]


WHERE: list[tuple[RecordSeen | Unavailable, BalancerSeen, bool]] = [
    (at(GREEN), sent(blue=100), True),
    (OUT, sent(blue=100), True),
    (at(BLUE), sent(blue=50, through=50), True),
    (at(BLUE), sent(through=100), True),
    (at(BLUE, epoch=3), sent(through=100), False),
    (at(GREEN), sent(blue=50, through=50), False),
    (OUT, sent(blue=50, through=50), False),
    (at(BLUE), sent(blue=50, green=50), False),
    (at(BLUE), sent(green=100), False),
]


@pytest.mark.parametrize(("record", "above", "there"), WHERE)
def test_users_are_back_when_all_that_takes_any_leads_there(
    record: RecordSeen | Unavailable, above: BalancerSeen, there: bool
) -> None:
    assert moved(COMPOSITE, changed(DIVERT, above=True), BLUE, seen(record, above)) is there


def test_where_users_are_is_told_by_what_the_front_door_does_with_them() -> None:
    straight = changed(SHIFT, above=True)
    assert elsewhere(COMPOSITE, straight, GREEN, seen(at(BLUE), sent(green=100))) is None
    assert unread(COMPOSITE, straight, seen(OUT, sent(green=100))) is None
    half = elsewhere(COMPOSITE, straight, GREEN, seen(at(BLUE), sent(green=50, through=50)))
    assert half == "aks of contoso-edge sends 50 % to blue, 50 % to green, not 100 % to green"
    assert unread(COMPOSITE, straight, seen(OUT, sent(green=50, through=50))) == "503 ServiceUnavailable"


REALIGN = changed(SHIFT, step="realign", above=True, entered_at=NOW - timedelta(hours=1), ordered_epoch=7)
DECLARED = RECORD.ttl_seconds


def realigned(before: Rollout, record: Answer, above: BalancerSeen, **fields: Any) -> Move:
    return restoring.realign(COMPOSITE, before, seen(record, above, **fields))


def test_realign_points_the_record_first_with_its_declared_ttl() -> None:
    move = realigned(REALIGN, at(BLUE), sent(green=100))
    assert told(move) == [("record", GREEN)]
    (order,) = move.actions
    assert isinstance(order, PointRecord)
    assert order.ttl_seconds == DECLARED


def test_a_record_that_looks_right_is_written_all_the_same_until_its_own_write_is_seen() -> None:
    assert told(realigned(REALIGN, at(GREEN, 6, DECLARED), sent(green=100))) == [("record", GREEN)]
    assert realigned(REALIGN, at(GREEN, 7, DECLARED), sent(green=100)).rollout.aligned_at is not None


def test_nobody_is_passed_on_before_the_old_answers_have_expired() -> None:
    pointed = changed(REALIGN, aligned_at=NOW)
    early = realigned(pointed, at(GREEN, 7, DECLARED), sent(green=100))
    assert (early.verb, early.wake_seconds) == (Verb.WAIT, 60 + DECLARED)
    later = realigned(
        pointed, at(GREEN, 7, DECLARED), sent(green=100), now=NOW + timedelta(seconds=60 + DECLARED)
    )
    assert told(later) == [("above", THROUGH)]


def test_realign_is_over_when_nobody_can_be_sent_straight_any_more() -> None:
    on = changed(REALIGN, aligned_at=NOW - timedelta(hours=1), follow_seconds={RECORD.label: 1800.0})
    seen_at = realigned(on, at(GREEN, 7, DECLARED), sent(through=100)).rollout
    assert seen_at.weighed_at is not None
    waits = realigned(seen_at, at(GREEN, 7, DECLARED), sent(through=100))
    assert waits.wake_seconds == ABOVE.propagation_seconds
    over = NOW + timedelta(seconds=ABOVE.propagation_seconds)
    done = realigned(seen_at, at(GREEN, 7, DECLARED), sent(through=100), now=over)
    assert done.verb is Verb.ADVANCE
    left = done.rollout
    assert (left.above, left.aligned_at, left.weighed_at, left.follow_seconds) == (False, None, None, {})


def test_a_record_that_leaves_again_is_pointed_back_before_anybody_is_passed_on() -> None:
    on = changed(REALIGN, aligned_at=NOW - timedelta(hours=1))
    move = realigned(on, at(BLUE, 7, DECLARED), sent(green=100))
    assert told(move) == [("record", GREEN)]
    assert move.rollout.aligned_at is None
