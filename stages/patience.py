"""When a provider that asked for patience is asked again: no earlier than it said.

Decides how far a move's wake-up is put off. Refuses to put off the way to a rollback's write: what an earlier
step could not see is not waited for until traffic is back.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from shared.decision import Seen
from shared.fleet import Fleet
from shared.model import Rollout, Stage
from shared.probes import patience_seconds
from stages.readiness import due_at
from stages.step import Move, Verb


def asked_seconds(seen: Seen) -> float | None:
    """The longest wait that a provider asked for, in seconds from `seen.now`; None where none did."""
    asked = map(patience_seconds, seen.answers.values())
    waits = [seconds for seconds in asked if seconds is not None]
    # The answer is what the wait counts from, and a slow one came a while after `now` was read.
    late = (seen.answered_at - seen.now).total_seconds() if seen.answered_at is not None else 0
    return max(waits) + late if waits else None


def patient(fleet: Fleet, rollout: Rollout, move: Move, seen: Seen) -> Move:
    """The same move of `rollout`'s step, not to be followed by another look before the provider's time.

    Whoever turns to the second lever asks another provider, and at once. Nor is a move to be followed by no
    look at all when the safe slot's readiness is due to be proven again.
    """
    move = _in_time(fleet, move, seen)
    asked = asked_seconds(seen)
    turns = move.rollout.above and not rollout.above
    if asked is None or move.verb is Verb.FAIL or turns or _hurries(rollout, move, seen):
        return move
    planned = fleet.policy.poll_seconds if move.wake_seconds is None else move.wake_seconds
    return msgspec.structs.replace(move, wake_seconds=max(planned, asked))


def _in_time(fleet: Fleet, move: Move, seen: Seen) -> Move:
    due = due_at(fleet, move.rollout) if move.verb in (Verb.WAIT, Verb.HOLD) else None
    if due is None:
        return move
    planned = fleet.policy.poll_seconds if move.wake_seconds is None else move.wake_seconds
    left = max(0.0, (due - seen.now).total_seconds())
    # What could not be proven just now is asked at the next poll, not at once.
    soonest = left or min(planned, fleet.policy.poll_seconds)
    return msgspec.structs.replace(move, wake_seconds=min(planned, soonest))


def next_poll(fleet: Fleet, seen: Seen) -> datetime:
    """When to look again at what can wait for a whole poll."""
    failures = (result.failure for result in seen.results if result.failure is not None)
    told = [failure.after_seconds or 0 for failure in failures]
    return seen.now + timedelta(seconds=max(fleet.policy.poll_seconds, asked_seconds(seen) or 0, *told))


def _hurries(rollout: Rollout, move: Move, seen: Seen) -> bool:
    """Whether it is on the way to a rollback's write, and has something to do there."""
    back = rollout.stage is Stage.ROLLBACK and rollout.diverted_at is None
    return back and (move.verb is Verb.ADVANCE or bool(seen.results))
