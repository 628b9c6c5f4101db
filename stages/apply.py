"""Carries a step's move into the fleet's state: the verbs' meaning, the ends, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from shared.decision import Seen
from shared.fleet import Fleet
from shared.model import (
    FleetState,
    HeldVersion,
    Hold,
    HoldKind,
    Outcome,
    Rollout,
    Stage,
)
from stages.patience import next_poll
from stages.react import begin_rollback
from stages.runbook import following
from stages.step import Move, Step, Verb


def apply_move(
    fleet: Fleet, state: FleetState, rollout: Rollout, step: Step, move: Move, seen: Seen
) -> FleetState:
    """The state after `move` of `step`. `rollout` is where the rollout was when the step was asked."""
    now = seen.now
    if move.verb is Verb.ADVANCE:
        return _advanced(fleet, state, step, move, seen)
    if move.verb is Verb.FAIL:
        return _failed(fleet, state, rollout, move, seen)
    seconds = fleet.policy.poll_seconds if move.wake_seconds is None else move.wake_seconds
    held = move.rollout.held
    if move.verb is Verb.HOLD:
        held = _held(held, move, now)
    elif held is not None and held.kind in (HoldKind.GATE, HoldKind.DRIFT):
        held = None
    # The place is the one that was asked: a step that did not apply was passed over on the way in.
    after = msgspec.structs.replace(
        move.rollout,
        held=held,
        because=move.because,
        wake_at=now + timedelta(seconds=seconds),
    )
    return msgspec.structs.replace(state, rollout=after)


def _held(held: Hold | None, move: Move, now: datetime) -> Hold:
    kind = move.hold or HoldKind.GATE
    if held is not None and held.kind in (kind, HoldKind.PERSON, HoldKind.ALERT, HoldKind.DEADLINE):
        return held
    return Hold(kind=kind, because=move.because, since=now)


def _advanced(fleet: Fleet, state: FleetState, step: Step, move: Move, seen: Seen) -> FleetState:
    if step.name == "hand_over" and not move.rollout.shadow:
        state = msgspec.structs.replace(state, live=move.rollout.candidate)
    next_step = following(fleet, move.rollout)
    if next_step is None:
        return _ended(fleet, state, move, seen)
    stage, entered = next_step
    wake_at = seen.now + timedelta(seconds=move.wake_seconds) if move.wake_seconds else None
    rollout = msgspec.structs.replace(
        move.rollout,
        stage=stage,
        step=entered.name,
        entered_at=seen.since,
        because=move.because,
        wake_at=wake_at,
        held=None,
        promoted=False,
        command_id=None,
        clean_since=None,
        failures=0,
        tallies={},
    )
    return msgspec.structs.replace(state, rollout=rollout)


def _failed(fleet: Fleet, state: FleetState, rollout: Rollout, move: Move, seen: Seen) -> FleetState:
    if rollout.stage is Stage.ROLLBACK:
        return _close(fleet, state, move.rollout, Outcome.ROLLBACK_FAILED, move.because, seen)
    now = seen.now
    if rollout.destroying:
        hold = Hold(kind=HoldKind.DEADLINE, because=f"{move.because}; there is no way back", since=now)
        wake_at = next_poll(fleet, seen)
        held = msgspec.structs.replace(move.rollout, held=hold, because=move.because, wake_at=wake_at)
        return msgspec.structs.replace(state, rollout=held)
    return msgspec.structs.replace(state, rollout=begin_rollback(move.rollout, move.because, now))


def _ended(fleet: Fleet, state: FleetState, move: Move, seen: Seen) -> FleetState:
    if move.rollout.stage is not Stage.ROLLBACK:
        return _close(fleet, state, move.rollout, Outcome.COMPLETED, move.because, seen)
    outcome = Outcome.ROLLED_BACK if move.rollout.shifted else Outcome.STOPPED
    return _close(fleet, state, move.rollout, outcome, move.rollout.rollback_because or move.because, seen)


def _close(
    fleet: Fleet, state: FleetState, rollout: Rollout, outcome: Outcome, because: str, seen: Seen
) -> FleetState:
    ended = msgspec.structs.replace(
        rollout,
        outcome=outcome,
        ended_at=seen.since,
        because=because,
        held=None,
        # Nothing was written for a shadow, so nothing is late: it leaves no window open and holds no version.
        wake_at=None if rollout.shadow else next_poll(fleet, seen),
    )
    held = state.held_versions
    bad = outcome is not Outcome.COMPLETED and not rollout.shadow
    if bad and not any(h.version == rollout.version for h in held):
        held = (*held, HeldVersion(version=rollout.version, because=because, since=seen.now))
    return msgspec.structs.replace(state, rollout=ended, held_versions=held)
