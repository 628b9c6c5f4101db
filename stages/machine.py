"""Turns signals, deadlines and a step's move into the fleet's next state. The only place that changes stages.

    pending signals ──> react ──> deadline ──> drift ──> step.decide ──> apply ──> Decision

A rollback comes before everything: before a pause, a hold, an approval, a window and a deadline.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from shared.actions import PointRecord
from shared.decision import Decision, Seen
from shared.fleet import DriftPolicy, Fleet
from shared.model import FleetState, HoldKind, Rollout, Signal, SignalKind, Stage
from shared.probes import ClusterSeen, ClusterState, Probe
from stages import ended
from stages.apply import apply_move
from stages.looking import elsewhere, point, records, seen_as
from stages.react import Reacted, react
from stages.runbook import entry, step_of
from stages.step import Move, Step, Verb, act, advance, fail, hold, judged, wait

_VERSIONS = (SignalKind.VERSION_AVAILABLE, SignalKind.VERSION_PUBLISHED)
_TRANSIENT_SECONDS = 5
_MOVED = frozenset({"converge", "observe", "unfreeze", "restore_ttl"})


def due(state: FleetState, signals: tuple[Signal, ...], now: datetime) -> bool:
    """Whether a tick has anything to look at. A fleet with nothing due costs one read."""
    if signals:
        return True
    rollout = state.rollout
    if rollout is None:
        return False
    if rollout.outcome is not None and rollout.wake_at is None:
        return False
    return rollout.wake_at is None or rollout.wake_at <= now


def needs(
    fleet: Fleet, plan: Fleet | None, state: FleetState, signals: tuple[Signal, ...], now: datetime
) -> frozenset[Probe]:
    """What a decision about this fleet has to see. Signals come first: a rollback looks at records alone."""
    reacted = react(_governing(fleet, plan, state), state, signals, now, None)
    rollout = reacted.state.rollout
    if rollout is None or rollout.outcome is not None or reacted.started:
        starts = any(signal.kind in _VERSIONS for signal in signals)
        live: frozenset[Probe] = (
            frozenset({ClusterState(state.live)}) if starts or reacted.started else frozenset()
        )
        return live | ended.needs(plan, reacted.state)
    governing = plan or fleet
    rollout = entry(governing, rollout)
    wanted = step_of(rollout).needs(governing, rollout)
    return wanted | (records(governing) if _watches_records(rollout) else frozenset())


def decide(fleet: Fleet, plan: Fleet | None, state: FleetState, seen: Seen) -> Decision:
    """The fleet's next state, why, and what to change in the world.

    `fleet` is as applied now, `plan` as the rollout in flight pinned it: the plan governs until it ends.
    """
    found = seen_as(seen, ClusterState(state.live), ClusterSeen)
    version = found.version if found is not None and found.exists else None
    reacted = react(_governing(fleet, plan, state), state, seen.signals, seen.now, version)
    rollout = reacted.state.rollout
    if reacted.started:
        return _decision(reacted, reacted.state, reacted.because or "", where=rollout, plan=fleet)
    if rollout is None or rollout.outcome is not None:
        return _ended(plan, reacted, seen)
    governing = plan or fleet
    rollout = entry(governing, rollout)
    step = step_of(rollout)
    move = _move(governing, rollout, step, seen)
    next_state = apply_move(governing, reacted.state, rollout, step, move, seen.now)
    because = f"{reacted.because}; {move.because}" if reacted.because else move.because
    return _decision(reacted, next_state, because, where=rollout, move=move)


def _governing(fleet: Fleet, plan: Fleet | None, state: FleetState) -> Fleet:
    in_flight = state.rollout is not None and state.rollout.outcome is None
    return plan if in_flight and plan is not None else fleet


def _move(fleet: Fleet, rollout: Rollout, step: Step, seen: Seen) -> Move:
    failed = _failed_action(rollout, seen)
    move = failed or _drift(fleet, rollout, seen) or step.decide(fleet, rollout, seen)
    held = rollout.held
    if held is not None and held.kind in (HoldKind.PERSON, HoldKind.ALERT) and move.verb is not Verb.FAIL:
        because = f"held since {held.since:%H:%M}: {held.because}"
        return judged(hold(rollout, because, held.kind), move.judgements)
    if rollout.promoted and step.promotable and move.verb in (Verb.WAIT, Verb.HOLD):
        return judged(advance(move.rollout, f"a person promoted it: {move.because}"), move.judgements)
    if move.verb in (Verb.WAIT, Verb.HOLD, Verb.ACT) and _overdue(fleet, rollout, step, seen):
        return judged(_at_deadline(rollout, step, move), move.judgements)
    return move


def _failed_action(rollout: Rollout, seen: Seen) -> Move | None:
    """What a failed action means: look again on a conflict, wait on trouble, give up on a refusal."""
    failure = next((result.failure for result in seen.results if result.failure is not None), None)
    if failure is None or failure.conflict:
        return None
    if failure.permanent and rollout.stage is not Stage.ROLLBACK:
        return fail(rollout, failure.because)
    seconds = failure.after_seconds or _TRANSIENT_SECONDS
    return wait(rollout, failure.because, wake_seconds=seconds, failures=rollout.failures + 1)


def _overdue(fleet: Fleet, rollout: Rollout, step: Step, seen: Seen) -> bool:
    seconds = fleet.policy.deadlines.get(step.name, step.deadline_seconds)
    parked = rollout.held is not None and rollout.held.kind is HoldKind.DEADLINE
    return not parked and seen.now >= rollout.entered_at + timedelta(seconds=seconds)


def _at_deadline(rollout: Rollout, step: Step, move: Move) -> Move:
    because = f"{step.name} ran into its deadline: {move.because}"
    if step.at_deadline is Verb.ADVANCE:
        return advance(
            rollout, because, frozen_until=None if step.name in ("thaw", "unfreeze") else rollout.frozen_until
        )
    blind = move.rollout.failures > 0 and rollout.stage in (Stage.DEPLOY, Stage.SYNC)
    if step.at_deadline is Verb.HOLD or blind or rollout.destroying:
        ways = "retry or promote it" if step.promotable else "retry it"
        back = "" if rollout.destroying else ", or roll back"
        return hold(rollout, f"{because} (a person decides: {ways}{back})", HoldKind.DEADLINE)
    return fail(rollout, because)


def _watches_records(rollout: Rollout) -> bool:
    return rollout.stage in (Stage.SWITCH, Stage.RETIRE, Stage.ROLLBACK)


def _drift(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move | None:
    """Somebody else moved a live record after the switch: hold, or repair where the policy says so."""
    moved = rollout.stage is Stage.RETIRE or (rollout.stage is Stage.SWITCH and rollout.step in _MOVED)
    found = elsewhere(fleet, rollout, rollout.candidate, seen) if moved else None
    if found is None:
        return None
    # Until it is back, users are not on the candidate: what is measured meanwhile is evidence of nothing.
    rollout = msgspec.structs.replace(rollout, moved_at=seen.now, clean_since=None)
    if fleet.policy.drift is DriftPolicy.REPAIR:
        low_ttl = rollout.ttl_lowered_at is not None
        writes = point(fleet, rollout, rollout.candidate, seen, low_ttl=low_ttl)
        return act(rollout, f"{found}: somebody else moved it, it is pointed back", *writes)
    return hold(rollout, f"{found}: somebody else moved it", HoldKind.DRIFT)


def _ended(plan: Fleet | None, reacted: Reacted, seen: Seen) -> Decision:
    move = ended.reconcile(plan, reacted.state, seen)
    if move is None:
        because = reacted.because or (
            reacted.dispositions[0].because if reacted.dispositions else "nothing to do"
        )
        return _decision(reacted, reacted.state, because)
    state = msgspec.structs.replace(reacted.state, rollout=move.rollout)
    return _decision(reacted, state, move.because, where=move.rollout, move=move)


def _decision(
    reacted: Reacted,
    state: FleetState,
    because: str,
    *,
    where: Rollout | None = None,
    move: Move | None = None,
    plan: Fleet | None = None,
) -> Decision:
    epoch = reacted.state.epoch + 1
    actions = move.actions if move is not None and move.verb is Verb.ACT else ()
    rollout = state.rollout
    if rollout is not None and any(isinstance(action, PointRecord) for action in actions):
        rollout = msgspec.structs.replace(rollout, ordered_epoch=epoch)
    return Decision(
        state=msgspec.structs.replace(state, epoch=epoch, rollout=rollout),
        because=because,
        who=reacted.who or "timer",
        stage=where.stage.value if where is not None else "",
        step=where.step if where is not None else "",
        actions=actions,
        wake_at=rollout.wake_at if rollout is not None else None,
        dispositions=reacted.dispositions,
        judgements=move.judgements if move is not None else (),
        plan=plan,
    )
