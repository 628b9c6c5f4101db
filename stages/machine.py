"""Turns signals, deadlines and a step's move into the fleet's next state. The only place that changes stages.

    pending signals ──> react ──> deadline ──> drift ──> step.decide ──> apply ──> Decision

A rollback comes before everything: before a pause, a hold, an approval, a window and a deadline.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from shared.actions import PointRecord, SetWeights
from shared.decision import Decision, Seen
from shared.fleet import Fleet
from shared.model import FleetState, HoldKind, Rollout, Signal, Stage
from shared.probes import ClusterSeen, ClusterState, Probe
from stages import ended, shadow
from stages.alerting import told, wake_seconds
from stages.apply import apply_move
from stages.beyond import beyond_needs
from stages.fallback import gives_way
from stages.looking import begun, seen_as, unavailable
from stages.patience import next_poll, patient
from stages.react import react
from stages.reacted import Reacted
from stages.runbook import entry, step_of
from stages.step import Move, Step, Verb, advance, fail, hold, judged, wait
from stages.turns import VERSIONS
from stages.watching import hindrance, news, remembering, watched
from stages.weighing import ordering, taken

_TRANSIENT_SECONDS = 5
_BACK = ("divert", "prove")


def due(state: FleetState, signals: tuple[Signal, ...], now: datetime) -> bool:
    """Whether a tick has anything to look at. A fleet with nothing due costs one read."""
    if any(signal.kind not in VERSIONS for signal in signals):
        return True
    if signals and not _waits_to_ask(state, now):
        return True
    rollout = state.rollout
    if rollout is None:
        return False
    if rollout.outcome is not None and rollout.wake_at is None:
        return False
    return rollout.wake_at is None or rollout.wake_at <= now


def idle(state: FleetState, decision: Decision) -> bool:
    """Whether a decision changes nothing at all, so that there is nothing to claim."""
    if decision.dispositions or decision.actions:
        return False
    return msgspec.structs.replace(decision.state, epoch=state.epoch) == state


def needs(
    fleet: Fleet, plan: Fleet | None, state: FleetState, signals: tuple[Signal, ...], now: datetime
) -> frozenset[Probe]:
    """What a decision about this fleet has to see. Signals come first: a rollback looks at records alone."""
    reacted = react(governing(fleet, plan, state), state, signals, now, None)
    rollout = reacted.state.rollout
    if rollout is None or rollout.outcome is not None or reacted.started:
        starts = any(signal.kind in VERSIONS for signal in signals) and not _waits_to_ask(state, now)
        live: frozenset[Probe] = (
            frozenset({ClusterState(state.live)}) if starts or reacted.started else frozenset()
        )
        return live | ended.needs(plan, reacted.state)
    pinned = plan or fleet
    rollout = entry(pinned, rollout)
    return shadow.asked(rollout, _wanted(pinned, rollout, now))


def decide(fleet: Fleet, plan: Fleet | None, state: FleetState, seen: Seen) -> Decision:
    """The fleet's next state, why, and what to change in the world.

    `fleet` is as applied now, `plan` as the rollout in flight pinned it: the plan governs until it ends.
    """
    found = seen_as(seen, ClusterState(state.live), ClusterSeen)
    version = found.version if found is not None else None
    reacted = react(governing(fleet, plan, state), state, seen.signals, seen.now, version)
    rollout = reacted.state.rollout
    if reacted.started:
        started = msgspec.structs.replace(reacted.state, ask_at=None)
        return _decision(reacted, started, reacted.because or "", where=rollout, plan=fleet)
    if rollout is None or rollout.outcome is not None:
        return _ended(fleet, plan, reacted, seen)
    pinned = plan or fleet
    rollout = taken(rollout, seen.results)
    if _turns(state, rollout):
        # What became of an order of before is no reason to wait with the way back.
        seen = msgspec.structs.replace(seen, results=())
    before = entry(pinned, rollout)
    if before.shadow:
        seen = shadow.told(pinned, before, _wanted(pinned, before, seen.now), seen)
    rollout = remembering(pinned, before, seen)
    step = step_of(rollout)
    move = patient(pinned, rollout, _move(pinned, rollout, step, seen), seen)
    move = msgspec.structs.replace(move, rollout=begun(move.rollout, seen))
    next_state = apply_move(pinned, reacted.state, rollout, step, move, seen)
    told = (reacted.because, news(before, seen), move.because)
    because = "; ".join(each for each in told if each)
    several = len(pinned.levers) > 1
    return _decision(reacted, next_state, because, where=rollout, move=move, now=seen.now, several=several)


def _wanted(plan: Fleet, rollout: Rollout, now: datetime) -> frozenset[Probe]:
    """What the rollout's step and whoever watches beside it have to see."""
    asked = step_of(rollout).needs(plan, rollout)
    return asked | beyond_needs(asked, rollout, now) | watched(plan, rollout, now)


def _waits_to_ask(state: FleetState, now: datetime) -> bool:
    """Whether it is too early to ask for the live cluster's version again, which a new version waits for."""
    return state.ask_at is not None and now < state.ask_at


def _turns(state: FleetState, after: Rollout) -> bool:
    """Whether a signal has just begun the way back, or begun it again."""
    before = state.rollout
    back = before is not None and before.stage is Stage.ROLLBACK and before.outcome is None
    return after.stage is Stage.ROLLBACK and not back


def governing(fleet: Fleet, plan: Fleet | None, state: FleetState) -> Fleet:
    """The fleet that counts now: the plan of the rollout in flight, else the fleet as applied."""
    in_flight = state.rollout is not None and state.rollout.outcome is None
    return plan if in_flight and plan is not None else fleet


def _move(fleet: Fleet, rollout: Rollout, step: Step, seen: Seen) -> Move:
    failed = _failed_action(fleet, rollout, step, seen)
    move = failed or hindrance(fleet, rollout, seen) or step.decide(fleet, rollout, seen)
    held = rollout.held
    if held is not None and held.kind in (HoldKind.PERSON, HoldKind.ALERT) and move.verb is not Verb.FAIL:
        # What a held step learns is kept, so that silence ends a clean run; what it would do is not.
        learnt = move.rollout if move.verb in (Verb.WAIT, Verb.HOLD) else rollout
        kept = hold(learnt, told(held), held.kind)
        seconds = wake_seconds(held, fleet.policy.poll_seconds, seen.now)
        return judged(msgspec.structs.replace(kept, wake_seconds=seconds), move.judgements)
    if rollout.promoted and step.promotable and move.verb in (Verb.WAIT, Verb.HOLD):
        return judged(advance(move.rollout, f"a person promoted it: {move.because}"), move.judgements)
    if move.verb in (Verb.WAIT, Verb.HOLD, Verb.ACT) and _overdue(fleet, rollout, step, seen):
        return judged(_at_deadline(rollout, step, move), move.judgements)
    return move


def _failed_action(fleet: Fleet, rollout: Rollout, step: Step, seen: Seen) -> Move | None:
    """What a failed action means: look again on a conflict, wait on trouble, give up on a refusal.

    A refusal sends nobody back from a candidate that is not to blame for it: with users on it, it holds.
    """
    failures = (result.failure for result in seen.results if result.failure is not None)
    failure = next((each for each in failures if not each.conflict), None)
    if failure is None:
        return None
    if gives_way(fleet, rollout, seen) is not None:
        return None
    lasting = (
        failure.permanent and rollout.stage is not Stage.ROLLBACK and step.at_deadline is not Verb.ADVANCE
    )
    if lasting and rollout.shifted:
        return hold(rollout, _question(rollout, step, failure.because), HoldKind.DEADLINE)
    if lasting:
        return fail(rollout, failure.because)
    seconds = failure.after_seconds or _TRANSIENT_SECONDS
    return wait(rollout, failure.because, wake_seconds=seconds, failures=rollout.failures + 1)


def _overdue(fleet: Fleet, rollout: Rollout, step: Step, seen: Seen) -> bool:
    seconds = fleet.policy.deadlines.get(step.name, step.deadline_seconds + step.lasts(fleet))
    parked = rollout.held is not None and rollout.held.kind is HoldKind.DEADLINE
    # Whoever was kept from looking until it was too late gets one try: time alone is no verdict.
    untried = rollout.wake_at is None
    return not parked and not untried and seen.now >= rollout.entered_at + timedelta(seconds=seconds)


def _at_deadline(rollout: Rollout, step: Step, move: Move) -> Move:
    because = f"{step.name} ran into its deadline: {move.because}"
    if step.at_deadline is Verb.ADVANCE:
        lapsed = step.name in ("thaw", "unfreeze")
        return advance(rollout, because, frozen_until=None if lapsed else rollout.frozen_until)
    # A provider that could not say is never the candidate's fault.
    blind = move.rollout.failures > 0 and not rollout.shifted and rollout.stage is not Stage.ROLLBACK
    if step.at_deadline is Verb.HOLD or blind or rollout.destroying or _asks(rollout, move):
        # Silence that comes with the deadline ends a clean run as well.
        learnt = move.rollout if move.verb in (Verb.WAIT, Verb.HOLD) else rollout
        return hold(learnt, _question(rollout, step, because), HoldKind.DEADLINE)
    return fail(rollout, because)


def _asks(rollout: Rollout, move: Move) -> bool:
    """Whether a verdict waits for a person: nobody has said no, and time alone does not either."""
    return move.verb is Verb.HOLD and move.hold is HoldKind.GATE and rollout.stage is not Stage.PREPARE


def _question(rollout: Rollout, step: Step, because: str) -> str:
    ways = "retry or promote it" if step.promotable else "retry it"
    back = "" if rollout.destroying else ", or roll back"
    return f"{because} (a person decides: {ways}{back})"


def _ended(fleet: Fleet, plan: Fleet | None, reacted: Reacted, seen: Seen) -> Decision:
    reacted = _asking(fleet, reacted, seen)
    move = ended.reconcile(plan, reacted.state, seen)
    if move is None:
        because = reacted.because or (
            reacted.dispositions[0].because if reacted.dispositions else "nothing to do"
        )
        return _decision(reacted, reacted.state, because)
    state = msgspec.structs.replace(reacted.state, rollout=move.rollout)
    return _decision(reacted, state, move.because, where=move.rollout, move=move, now=seen.now)


def _asking(fleet: Fleet, reacted: Reacted, seen: Seen) -> Reacted:
    """The same, with when the live cluster is asked again for the sake of a version that is undecided."""
    probe = ClusterState(reacted.state.live)
    if probe not in seen.answers:
        return reacted
    unread = unavailable(seen, [probe])
    ask_at = next_poll(fleet, seen) if unread is not None else None
    because = f"a new version waits for the live cluster to be read: {unread}" if unread else None
    state = msgspec.structs.replace(reacted.state, ask_at=ask_at)
    return msgspec.structs.replace(reacted, state=state, because=reacted.because or because)


def _decision(
    reacted: Reacted,
    state: FleetState,
    because: str,
    *,
    where: Rollout | None = None,
    move: Move | None = None,
    plan: Fleet | None = None,
    now: datetime | None = None,
    several: bool = False,
) -> Decision:
    epoch = reacted.state.epoch + 1
    actions = move.actions if move is not None and move.verb is Verb.ACT else ()
    rollout = state.rollout
    moves = any(isinstance(action, PointRecord | SetWeights) for action in actions)
    if rollout is not None and moves and not _ordered_already(where, rollout, several):
        rollout = msgspec.structs.replace(rollout, ordered_epoch=epoch)
    if rollout is not None:
        rollout = shadow.assuming(rollout, actions, epoch)
        rollout = ordering(rollout, actions, now) if now is not None else rollout
    in_shadow = where is not None and where.shadow
    return Decision(
        state=msgspec.structs.replace(state, epoch=epoch, rollout=rollout),
        because=f"in shadow: {because}" if in_shadow else because,
        who=reacted.who or "timer",
        stage=where.stage.value if where is not None else "",
        step=where.step if where is not None else "",
        actions=actions,
        wake_at=rollout.wake_at if rollout is not None else None,
        dispositions=reacted.dispositions,
        judgements=move.judgements if move is not None else (),
        plan=plan,
    )


def _ordered_already(before: Rollout | None, rollout: Rollout, several: bool) -> bool:
    """Whether any order of this move counts: each of several levers may get its own from another worker.

    If only the newest did, workers who order at the same time, or who read a record that is behind, would
    outdate each other's orders again and again: for as long as that lasts, nothing would count as moved.
    """
    if rollout.ordered_epoch is None:
        return False
    if rollout.stage is Stage.ROLLBACK:
        return rollout.beneath or rollout.above or (several and rollout.step in _BACK)
    # A switch has `shifted` with its first order: what was ordered before it was something else.
    shifting = before is not None and before.step == "shift" and before.shifted
    return shifting and (several or rollout.beneath)
