"""Whose turn it is when more fleets are due than there is room for."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from shared.model import FleetState, Outcome, Rollout, Signal, SignalKind, Stage
from stages import Turn, in_turn, turn_of
from tests.engine.rig import START, VERSION
from tests.fleets import BLUE, GREEN

ROLLOUT = Rollout(
    id="contoso-0001",
    version=VERSION,
    live=BLUE,
    candidate=GREEN,
    safe=BLUE,
    stage=Stage.RETIRE,
    step="bake",
    entered_at=START,
    started_at=START,
    started_by="event",
    because="it bakes",
)


def state(**changes: object) -> FleetState:
    """A fleet whose rollout is in its bake, or not."""
    return FleetState(live=BLUE, rollout=msgspec.structs.replace(ROLLOUT, **changes))


def signal(kind: SignalKind) -> Signal:
    """A pending signal."""
    return Signal(kind=kind, id="s-1", fleet="contoso", at=START, because="a test")


IDLE = FleetState(live=BLUE)
ENDED = state(outcome=Outcome.COMPLETED)


@pytest.mark.parametrize(
    ("fleet", "kinds", "expected"),
    [
        (state(stage=Stage.ROLLBACK, step="prove"), (), Turn.NOW),
        (state(stage=Stage.ROLLBACK, outcome=Outcome.ROLLED_BACK), (), Turn.UNDER_WAY),
        (state(), (SignalKind.ALERT,), Turn.NOW),
        (state(), (SignalKind.VERSION_AVAILABLE, SignalKind.ROLLBACK), Turn.NOW),
        (IDLE, (SignalKind.START,), Turn.NOW),
        (state(), (), Turn.UNDER_WAY),
        (state(), (SignalKind.VERSION_AVAILABLE,), Turn.UNDER_WAY),
        (ENDED, (), Turn.UNDER_WAY),
        (IDLE, (SignalKind.VERSION_AVAILABLE,), Turn.TO_START),
        (ENDED, (SignalKind.VERSION_PUBLISHED,), Turn.TO_START),
    ],
)
def test_a_rollback_a_person_and_an_alert_wait_for_nobody(
    fleet: FleetState, kinds: tuple[SignalKind, ...], expected: Turn
) -> None:
    assert turn_of(fleet, [signal(kind) for kind in kinds]) is expected


def due(turn: Turn, count: int) -> list[tuple[str, Turn]]:
    """Fleets that are due."""
    return [(f"{turn.name.lower()}-{n}", turn) for n in range(count)]


def at(sweep: int) -> datetime:
    """When a sweep looks."""
    return START + timedelta(seconds=15 * sweep)


def test_whoever_cannot_wait_does_not_and_takes_nobodys_turn() -> None:
    chosen = in_turn(due(Turn.UNDER_WAY, 9) + due(Turn.NOW, 30), 5, 1, START)
    assert [name.startswith("now") for name in chosen] == [True] * 30 + [False] * 5


def test_what_was_begun_is_finished_before_more_is_begun() -> None:
    chosen = in_turn(due(Turn.TO_START, 9) + due(Turn.UNDER_WAY, 3), 5, 4, START)
    assert [name.partition("-")[0] for name in chosen] == ["under_way"] * 3 + ["to_start"] * 2


def test_fewer_begin_in_one_sweep_than_are_looked_at() -> None:
    every = due(Turn.TO_START, 9) + due(Turn.UNDER_WAY, 3) + due(Turn.NOW, 2)
    chosen = in_turn(every, 8, 4, START)
    assert [name.partition("-")[0] for name in chosen] == ["now"] * 2 + ["under_way"] * 3 + ["to_start"] * 4
    assert len(in_turn(due(Turn.TO_START, 9), 8, 4, START)) == 4


def test_a_fleet_that_never_moves_holds_up_nobody() -> None:
    fleets = due(Turn.UNDER_WAY, 60)
    seen = {name for sweep in range(40) for name in in_turn(fleets, 15, 0, at(sweep))}
    assert len(seen) == 60
