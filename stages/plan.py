"""What a rollout would do, without doing it: the runbook walked through a world in which all goes well.

It asks the same `decide` as the engine, so it cannot drift from what really happens. Times are estimates:
each wait is taken as long as the step asked for.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from shared.actions import (
    Action,
    Result,
)
from shared.decision import Seen
from shared.fleet import Fleet
from shared.model import FleetState, Signal, SignalKind, Stage
from stages.ideal import Ideal
from stages.machine import decide, needs

_ROUNDS_MAX = 2000


class PlannedWrite(Struct, frozen=True, kw_only=True):
    """One write that a rollout would make: where in the runbook, when at the earliest, why and what."""

    stage: Stage
    step: str
    after_seconds: float
    because: str
    action: Action


def plan(fleet: Fleet, version: str, at: datetime) -> tuple[PlannedWrite, ...]:
    """The ordered writes of a rollout of `fleet` to `version` that starts at `at` and meets no trouble.

    Approvals are taken as given at once.
    """
    ideal = Ideal(fleet)
    state = FleetState(live=fleet.live)
    signals: tuple[Signal, ...] = (_signal(SignalKind.START, fleet, at, version),)
    results: tuple[Result, ...] = ()
    pinned: Fleet | None = None
    now = at
    writes: list[PlannedWrite] = []
    for _ in range(_ROUNDS_MAX):
        before = state.rollout
        probes = needs(fleet, pinned, state, signals, now)
        answers = {probe: ideal.answer(probe, now) for probe in probes}
        decision = decide(
            fleet, pinned, state, Seen(now=now, answers=answers, signals=signals, results=results)
        )
        state, pinned = decision.state, decision.plan or pinned
        rollout = state.rollout
        if rollout is None or rollout.outcome is not None:
            break
        for action in decision.actions:
            stage, step = (before.stage, before.step) if before else (rollout.stage, rollout.step)
            after = (now - at).total_seconds()
            because = decision.because
            write = PlannedWrite(stage=stage, step=step, after_seconds=after, because=because, action=action)
            writes.append(write)
        results = ideal.carry_out(decision)
        asks = rollout.step.startswith("approve_") and not rollout.promoted
        signals = (_signal(SignalKind.PROMOTE, fleet, now, version),) if asks else ()
        now = max(now, decision.wake_at or now)
    return tuple(writes)


def _signal(kind: SignalKind, fleet: Fleet, at: datetime, version: str) -> Signal:
    return Signal(
        kind=kind,
        id=f"plan-{kind.value}",
        fleet=fleet.name,
        at=at,
        because="planned",
        version=version,
        by="plan",
    )
