"""What a tick sees and what it decides: the two values between the pure core and the shell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from shared.actions import Action, Result
from shared.fleet import Fleet
from shared.model import Disposition, FleetState, Judgement, Signal
from shared.probes import Answer, Probe


class Seen(Struct, frozen=True, kw_only=True):
    """All that a decision may know. `now` was read once; `results` are of the actions of the round before.

    `now` is not later than the first question and `answered_at` not earlier than the last answer, None where
    no time passed between them. `epoch` is the fleet's before this decision.
    """

    now: datetime
    answers: Mapping[Probe, Answer]
    signals: tuple[Signal, ...] = ()
    results: tuple[Result, ...] = ()
    epoch: int = 0
    answered_at: datetime | None = None

    @property
    def since(self) -> datetime:
        """From when on what was seen is sure to have been so: here a window begins. It ends by `now`.

        A worker may sleep between a question and its answer: a window that began at the question would count
        time in which nobody saw anything, and one that ended at the answer as well.
        """
        return self.answered_at or self.now


class Decision(Struct, frozen=True, kw_only=True):
    """What becomes of a fleet: the state to claim, why, and the actions to perform once it is claimed.

    `stage` and `step` are where it was decided, which the state may have left by it. `wake_at` None means:
    look again at once. `plan` is set where a rollout starts and pins the fleet. `who` is the person, event or
    timer that moved it.
    """

    state: FleetState
    because: str
    who: str
    stage: str = ""
    step: str = ""
    actions: tuple[Action, ...] = ()
    wake_at: datetime | None = None
    dispositions: tuple[Disposition, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    plan: Fleet | None = None
