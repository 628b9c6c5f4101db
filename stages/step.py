"""What a step of the runbook is, and the verbs it may answer with.

A step is pure and re-entrant: it says what it needs to see and, given that, what should happen next. It knows
no clock, no SDK and no other step; `stages.decide` turns its move into the fleet's next state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from msgspec import Struct

from shared.actions import Action
from shared.decision import Seen
from shared.fleet import Fleet
from shared.gates import tallies_of
from shared.model import HoldKind, Judgement, Rollout
from shared.probes import Probe

ORDER_SECONDS_MAX = 300
"""How long after its claim an action may still reach the world: a worker may stall between the two.

A record refuses an older epoch. What cannot, such as a cluster, is only trusted once this has passed.
"""


class Verb(StrEnum):
    """What a step may answer."""

    ADVANCE = "advance"
    ACT = "act"
    WAIT = "wait"
    HOLD = "hold"
    FAIL = "fail"


class Move(Struct, frozen=True, kw_only=True):
    """A step's answer. `rollout` carries the facts it learnt; stage, step and times are not its to change.

    `wake_seconds` None means the fleet's `poll_seconds`, 0 means at once.
    """

    verb: Verb
    because: str
    rollout: Rollout
    actions: tuple[Action, ...] = ()
    wake_seconds: float | None = None
    hold: HoldKind | None = None
    judgements: tuple[Judgement, ...] = ()


Needs = Callable[[Fleet, Rollout], frozenset[Probe]]
Decide = Callable[[Fleet, Rollout, Seen], Move]
Applies = Callable[[Fleet, Rollout], bool]


def nothing(_fleet: Fleet, _rollout: Rollout) -> frozenset[Probe]:
    """The needs of a step that looks at nothing."""
    return frozenset()


def always(_fleet: Fleet, _rollout: Rollout) -> bool:
    """A step that every rollout goes through."""
    return True


def no_time(_fleet: Fleet) -> int:
    """A step that is not meant to take long."""
    return 0


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the runbook.

    `at_deadline` says what happens when `deadline_seconds` have passed since the step was entered; `lasts` is
    the time in seconds that the fleet asks it to take anyway, and comes on top. An
    `approval` waits for a person. A step that is `promotable` may, while it is held, be left on a person's
    word alone: it asks a question, and changes nothing that a later step relies on. A step that does not
    apply is passed over without a trace.
    """

    name: str
    decide: Decide
    needs: Needs = nothing
    applies: Applies = always
    deadline_seconds: int = 900
    at_deadline: Verb = Verb.FAIL
    lasts: Callable[[Fleet], int] = no_time
    approval: bool = False
    promotable: bool = False


def advance(rollout: Rollout, because: str, **facts: object) -> Move:
    """This step is done; `facts` are remembered."""
    return Move(verb=Verb.ADVANCE, because=because, rollout=_with(rollout, facts), wake_seconds=0)


def act(rollout: Rollout, because: str, *actions: Action, wake_seconds: float = 0, **facts: object) -> Move:
    """Change the world, then look again after `wake_seconds`."""
    return Move(
        verb=Verb.ACT,
        because=because,
        rollout=_with(rollout, facts),
        actions=actions,
        wake_seconds=wake_seconds,
    )


def wait(rollout: Rollout, because: str, wake_seconds: float | None = None, **facts: object) -> Move:
    """Nothing to do yet."""
    return Move(verb=Verb.WAIT, because=because, rollout=_with(rollout, facts), wake_seconds=wake_seconds)


def hold(rollout: Rollout, because: str, kind: HoldKind = HoldKind.GATE, **facts: object) -> Move:
    """Do not go on without a person, or without better news."""
    return Move(verb=Verb.HOLD, because=because, rollout=_with(rollout, facts), hold=kind)


def fail(rollout: Rollout, because: str, **facts: object) -> Move:
    """This candidate will not do: stop before the switch, roll back after it."""
    return Move(verb=Verb.FAIL, because=because, rollout=_with(rollout, facts), wake_seconds=0)


def judged(move: Move, judgements: tuple[Judgement, ...]) -> Move:
    """The same move with the evidence behind it, and with what was counted for the next look."""
    tallies = tallies_of(judgements)
    if not tallies:
        return msgspec.structs.replace(move, judgements=judgements)
    rollout = msgspec.structs.replace(move.rollout, tallies={**move.rollout.tallies, **tallies})
    return msgspec.structs.replace(move, judgements=judgements, rollout=rollout)


def _with(rollout: Rollout, facts: dict[str, object]) -> Rollout:
    return msgspec.structs.replace(rollout, **facts) if facts else rollout
