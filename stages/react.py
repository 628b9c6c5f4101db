"""Decides what the pending signals do to a fleet before any step runs. Carries out `stages.table`.

A signal that causes a rollback comes before all others, whatever order they arrived in. Every signal gets a
disposition: it was applied, or the sentence says why not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec.structs import replace

from shared.fleet import Fleet
from shared.model import (
    FleetState,
    Hold,
    HoldKind,
    Rollout,
    Signal,
    SignalKind,
    Stage,
)
from stages.alerting import (
    EARLIER_MAX,
    UNTOLD,
    alarm_in,
    beneath_person,
    fired_since,
    heard_over,
    hold_by,
    lapsed,
    over_at,
    without,
)
from stages.firing import heard
from stages.reacted import Reacted, answered, changed, present
from stages.runbook import step_of
from stages.starting import start
from stages.table import REFUSALS, TABLE, Phase, Reaction, Trigger, phase_of, trigger_of

PROMOTED_HOLDS = (HoldKind.GATE, HoldKind.DEADLINE)
WAY_BACK = (Stage.ROLLBACK, "restart")


def react(
    fleet: Fleet, state: FleetState, signals: Iterable[Signal], now: datetime, live_version: str | None
) -> Reacted:
    """Apply signals in order, those that roll back first, and end the hold of alerts that count as over.

    `live_version` is the live cluster's Kubernetes version, empty where there is no such cluster and None
    where it was not observed: a published version starts a rollout only if it is newer.
    """
    reacted = Reacted(state=state)
    for signal in sorted(signals, key=lambda s: not _pre_empts(fleet, state, s)):
        reacted = _apply(fleet, reacted, signal, now, live_version)
        reacted = replace(reacted, state=heard(fleet, reacted.state, signal))
    return _lapse(reacted, now)


def begin_rollback(rollout: Rollout, because: str, now: datetime) -> Rollout:
    """The rollout on its way back. What was ordered before counts for nothing: the way back writes anew."""
    return replace(
        rollout,
        stage=WAY_BACK[0],
        step=WAY_BACK[1],
        entered_at=now,
        wake_at=None,
        held=None,
        promoted=False,
        command_id=None,
        ordered_epoch=None,
        weighed_at=None,
        aligned_at=None,
        drift=None,
        clean_since=None,
        tallies={},
        failures=0,
        outcome=None,
        ended_at=None,
        because=because,
        rollback_because=because,
        failed_step=rollout.failed_step or f"{rollout.stage.value} {rollout.step}",
    )


def _reaction(fleet: Fleet, state: FleetState, signal: Signal) -> tuple[Trigger, Phase, Reaction]:
    phase = phase_of(state)
    trigger = trigger_of(fleet, signal, state.rollout)
    return trigger, phase, TABLE[trigger][phase]


def _pre_empts(fleet: Fleet, state: FleetState, signal: Signal) -> bool:
    return _reaction(fleet, state, signal)[2] in (Reaction.STOP, Reaction.ROLL_BACK)


def _apply(
    fleet: Fleet, reacted: Reacted, signal: Signal, now: datetime, live_version: str | None
) -> Reacted:
    trigger, phase, reaction = _reaction(fleet, reacted.state, signal)
    other = signal.rollout is not None and (
        reacted.state.rollout is None or reacted.state.rollout.id != signal.rollout
    )
    if other:
        return answered(
            reacted, signal, applied=False, because=f"{signal.rollout} is not the present rollout"
        )
    if reaction is Reaction.REFUSE:
        return _refuse(reacted, signal, phase)
    if reaction is Reaction.NOTE:
        return _note(reacted, signal, trigger, phase)
    if reaction is Reaction.START:
        return start(fleet, reacted, signal, now, live_version)
    if reaction is Reaction.HOLD and signal.kind is SignalKind.ALERT:
        return _alarm(fleet, reacted, signal, now)
    return _CHANGES[reaction](reacted, signal, now)


def _refuse(reacted: Reacted, signal: Signal, phase: Phase) -> Reacted:
    if signal.kind is not SignalKind.ALERT:
        return answered(reacted, signal, applied=False, because=REFUSALS[phase])
    because = f"{signal.because}, but {REFUSALS[phase]}"
    return answered(reacted, signal, applied=False, because=because, state=reacted.state)


def _note(reacted: Reacted, signal: Signal, trigger: Trigger, phase: Phase) -> Reacted:
    because = f"noted in {phase.value}: {signal.because}"
    if trigger is Trigger.ALERT_FROM_BEFORE:
        return _earlier(reacted, signal, because)
    if trigger is not Trigger.ALERT_TO_NOTE:
        return answered(reacted, signal, applied=True, because=because)
    return answered(reacted, signal, True, f"{because} (the fleet's alerts say no more)", reacted.state)


def _earlier(reacted: Reacted, signal: Signal, noted: str) -> Reacted:
    """An alert of before: named once in the trail, and in the row of each of its signals."""
    rollout, known = present(reacted), present(reacted).earlier_alerts
    because = (
        f"{noted}; it fired at {signal.fired_at:%Y-%m-%d %H:%M} UTC, before {rollout.id} began at "
        f"{rollout.started_at:%Y-%m-%d %H:%M} UTC, and does not count against it"
    )
    alert_id = signal.alert_id or signal.id
    if alert_id in known or len(known) >= EARLIER_MAX:
        return answered(reacted, signal, True, because)
    rollout = replace(rollout, earlier_alerts=(*known, alert_id))
    noticed = answered(reacted, signal, True, because, replace(reacted.state, rollout=rollout))
    return replace(noticed, because=_joined(reacted.because, because))


def _hold(reacted: Reacted, signal: Signal, now: datetime) -> Reacted:
    held = present(reacted).held
    if held is not None and held.kind is HoldKind.PERSON:
        return answered(reacted, signal, True, f"a person holds it already: {held.because}")
    hold = Hold(kind=HoldKind.PERSON, because=signal.because, since=now, covers=alarm_in(held))
    return changed(reacted, signal, f"held: {signal.because}", held=hold)


def _alarm(fleet: Fleet, reacted: Reacted, signal: Signal, now: datetime) -> Reacted:
    rollout = present(reacted)
    was_over = over_at(signal, rollout)
    if was_over is not None:
        # In the right order it would have held until then, and users were not well for all that gates saw.
        because = f"noted: {signal.because}; it was over at {was_over:%H:%M} UTC, which was heard of first"
        return changed(reacted, signal, because, clean_since=None)
    hold = hold_by(fleet, rollout, signal, now)
    held = "held once a person goes on" if hold.kind is HoldKind.PERSON else "held"
    return changed(reacted, signal, f"{held}: {signal.because}", held=hold)


def _release(reacted: Reacted, signal: Signal, now: datetime) -> Reacted:
    held, alert_id = present(reacted).held, signal.alert_id
    alarm = alarm_in(held)
    if signal.kind is SignalKind.ALERT and (alarm is None or alert_id not in alarm.alert_ids):
        return _heard_over(reacted, signal)
    if held is None:
        return answered(reacted, signal, False, f"nothing holds it; {signal.because}")
    if signal.kind is not SignalKind.ALERT or alarm is None or alert_id is None:
        left = _covered(held)
        return changed(reacted, signal, f"{_after(left)}: {signal.because}", held=left, entered_at=now)
    again = fired_since(signal, alarm)
    if again is not None:
        because = f"noted: {signal.because}; it has fired again since, at {again:%H:%M} UTC"
        return answered(reacted, signal, True, because)
    over_alerts = heard_over(present(reacted), signal).over_alerts
    left = without(alarm, (alert_id,))
    after = beneath_person(held, left)
    if left is not None and left.kind is HoldKind.ALERT:
        because = f"still held by {len(left.alert_ids)} more: {signal.because}"
        return changed(reacted, signal, because, held=after, over_alerts=over_alerts)
    # While an alert fired, users were not well for all that the gates saw.
    anew = {"held": after, "entered_at": now, "clean_since": None, "over_alerts": over_alerts}
    return changed(reacted, signal, f"{_after(after)}: {signal.because}", **anew)


def _covered(held: Hold | None) -> Hold | None:
    """What holds once a person goes on: the alerts that a person's own hold covers."""
    return alarm_in(held) if held is not None and held.kind is HoldKind.PERSON else None


def _heard_over(reacted: Reacted, signal: Signal) -> Reacted:
    """An alert that holds nothing is over: remembered, and no news to the trail."""
    rollout = present(reacted)
    because = f"nothing holds it; {signal.because}"
    if rollout.held is not None:
        because = f"noted: {signal.because}; the hold has another cause"
    state = replace(reacted.state, rollout=heard_over(rollout, signal))
    return replace(answered(reacted, signal, True, because), state=state)


def _lapse(reacted: Reacted, now: datetime) -> Reacted:
    """The same without the alerts that count as over because nobody may ever say so."""
    rollout = reacted.state.rollout
    held = rollout.held if rollout is not None else None
    alarm = alarm_in(held)
    over = lapsed(alarm, now) if alarm is not None else ()
    if rollout is None or held is None or alarm is None or not over:
        return reacted
    left = without(alarm, over)
    rollout = replace(rollout, held=beneath_person(held, left), wake_at=None)
    if left is not None and left.kind is HoldKind.ALERT:
        after = f"still held by {len(left.alert_ids)} more"
    else:
        after, rollout = _after(rollout.held), replace(rollout, entered_at=now, clean_since=None)
    because = f"{after}: the hold since {alarm.since:%H:%M} has expired, for {UNTOLD}: {alarm.because}"
    state = replace(reacted.state, rollout=rollout)
    return replace(reacted, state=state, because=_joined(reacted.because, because))


def _joined(before: str | None, because: str) -> str:
    return because if before is None else f"{before}; {because}"


def _after(left: Hold | None) -> str:
    return "goes on" if left is None else f"held as before, because {left.because}"


def _promote(reacted: Reacted, signal: Signal, _now: datetime) -> Reacted:
    rollout = present(reacted)
    step = step_of(rollout)
    if signal.step not in (None, step.name):
        because = f"{signal.step} was promoted, and the rollout has come to {step.name} since"
        return answered(reacted, signal, False, because)
    held = rollout.held is not None and rollout.held.kind in PROMOTED_HOLDS
    if not step.approval and not (held and step.promotable):
        because = f"{step.name} cannot be promoted: " + (
            "a later step relies on it, so retry it or roll back" if held else "it does not wait for a person"
        )
        return answered(reacted, signal, False, because)
    return changed(reacted, signal, f"promoted: {signal.because}", promoted=True)


def _retry(reacted: Reacted, signal: Signal, now: datetime) -> Reacted:
    rollout = present(reacted)
    held = _covered(present(reacted).held)
    facts = {"entered_at": now, "held": held, "command_id": None, "failures": 0}
    return changed(reacted, signal, f"{rollout.step} is tried again: {signal.because}", **facts)


def _go_back(reacted: Reacted, signal: Signal, now: datetime) -> Reacted:
    rollout = begin_rollback(present(reacted), signal.because, now)
    state = replace(reacted.state, rollout=rollout)
    return answered(reacted, signal, True, signal.because, state)


_CHANGES: dict[Reaction, Callable[[Reacted, Signal, datetime], Reacted]] = {
    Reaction.HOLD: _hold,
    Reaction.RELEASE: _release,
    Reaction.PROMOTE: _promote,
    Reaction.RETRY: _retry,
    Reaction.STOP: _go_back,
    Reaction.ROLL_BACK: _go_back,
}
