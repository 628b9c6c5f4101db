"""Decides what the pending signals do to a fleet before any step runs. Carries out `stages.table`.

A signal that causes a rollback comes before all others, whatever order they arrived in. Every signal gets a
disposition: it was applied, or the sentence says why not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from shared.fleet import Channel, Fleet, StartMode
from shared.model import (
    Disposition,
    FleetState,
    Hold,
    HoldKind,
    Rollout,
    Signal,
    SignalKind,
    Stage,
)
from stages.runbook import step_of
from stages.table import REFUSALS, TABLE, Phase, Reaction, Trigger, phase_of, trigger_of
from stages.versions import newer

PROMOTED_HOLDS = (HoldKind.GATE, HoldKind.DEADLINE)
FIRST_STEP = (Stage.PREPARE, "admit")
WAY_BACK = (Stage.ROLLBACK, "restart")


class Reacted(Struct, frozen=True, kw_only=True):
    """A fleet's state after its signals. `because` and `who` are of the first signal that changed it."""

    state: FleetState
    dispositions: tuple[Disposition, ...] = ()
    because: str | None = None
    who: str | None = None
    started: bool = False


def react(
    fleet: Fleet, state: FleetState, signals: Iterable[Signal], now: datetime, live_version: str | None
) -> Reacted:
    """Apply signals in order, those that roll back first.

    `live_version` is the live cluster's Kubernetes version, empty where there is no such cluster and None
    where it was not observed: a published version starts a rollout only if it is newer.
    """
    reacted = Reacted(state=state)
    for signal in sorted(signals, key=lambda s: not _pre_empts(fleet, state, s)):
        reacted = _apply(fleet, reacted, signal, now, live_version)
    return reacted


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
        failures=0,
        outcome=None,
        ended_at=None,
        because=because,
        rollback_because=because,
        failed_step=rollout.failed_step or f"{rollout.stage.value} {rollout.step}",
    )


def _reaction(fleet: Fleet, state: FleetState, signal: Signal) -> tuple[Trigger, Phase, Reaction]:
    phase = phase_of(state)
    trigger = trigger_of(signal, state.rollout, fleet.policy.alert_severities)
    return trigger, phase, TABLE[trigger][phase]


def _pre_empts(fleet: Fleet, state: FleetState, signal: Signal) -> bool:
    return _reaction(fleet, state, signal)[2] in (Reaction.STOP, Reaction.ROLL_BACK)


def _apply(
    fleet: Fleet, reacted: Reacted, signal: Signal, now: datetime, live_version: str | None
) -> Reacted:
    _, phase, reaction = _reaction(fleet, reacted.state, signal)
    other = signal.rollout is not None and (
        reacted.state.rollout is None or reacted.state.rollout.id != signal.rollout
    )
    if other:
        return _answered(
            reacted, signal, applied=False, because=f"{signal.rollout} is not the present rollout"
        )
    if reaction is Reaction.REFUSE:
        return _answered(reacted, signal, applied=False, because=REFUSALS[phase])
    if reaction is Reaction.NOTE:
        return _answered(reacted, signal, applied=True, because=f"noted in {phase.value}: {signal.because}")
    if reaction is Reaction.START:
        return _start(fleet, reacted, signal, now, live_version)
    return _CHANGES[reaction](reacted, signal, now)


def _start(
    fleet: Fleet, reacted: Reacted, signal: Signal, now: datetime, live_version: str | None
) -> Reacted:
    version = _wanted_version(fleet, signal)
    if live_version is None and _must_be_newer(fleet, signal, version):
        return reacted  # Undecided: it stays pending until the live cluster can be read.
    objection = _objection(fleet, reacted.state, signal, version, live_version)
    if objection is not None:
        by_person = signal.kind is SignalKind.START
        return _answered(reacted, signal, applied=not by_person, because=objection)
    state = reacted.state
    number = state.rollouts + 1
    who = signal.by or signal.kind.value
    rollout = Rollout(
        id=f"{fleet.name}-{number:04d}",
        version=version,
        template_version=signal.template_version or fleet.provisioner.template_version,
        live=state.live,
        candidate=fleet.other(state.live),
        safe=state.live,
        stage=FIRST_STEP[0],
        step=FIRST_STEP[1],
        entered_at=now,
        started_at=now,
        started_by=who,
        because=signal.because,
    )
    held = tuple(h for h in state.held_versions if h.version != version)
    state = replace(state, rollouts=number, rollout=rollout, held_versions=held)
    because = (
        f"{signal.because}: rollout {rollout.id} moves {rollout.live} to {rollout.candidate} at {version}"
    )
    return replace(_answered(reacted, signal, True, because, state), started=True)


def _wanted_version(fleet: Fleet, signal: Signal) -> str:
    if signal.kind is SignalKind.VERSION_AVAILABLE:
        return signal.versions.get(fleet.versions.channel.value, "")
    return signal.version or ""


def _objection(
    fleet: Fleet, state: FleetState, signal: Signal, version: str, live_version: str | None
) -> str | None:
    held = next((h for h in state.held_versions if h.version == version), None)
    if held is not None and not signal.lift_hold:
        return f"version {version} is held: {held.because}"
    if signal.kind is SignalKind.START:
        return None
    if (signal.kind is SignalKind.VERSION_PUBLISHED) != (fleet.versions.channel is Channel.PLATFORM):
        return f"the fleet follows the {fleet.versions.channel.value} channel"
    if not version:
        return f"nothing was published for the {fleet.versions.channel.value} channel"
    if fleet.versions.start is StartMode.MANUAL:
        return f"version {version} is available, and a person starts this fleet's rollouts"
    if _must_be_newer(fleet, signal, version) and not live_version:
        return f"version {version} is available, but {state.live}, which is live, has no cluster"
    if _must_be_newer(fleet, signal, version) and not newer(version, live_version or ""):
        return f"version {version} is not newer than {live_version}, which is live"
    return None


def _must_be_newer(fleet: Fleet, signal: Signal, version: str) -> bool:
    automatic = fleet.versions.start is StartMode.AUTOMATIC
    return signal.kind is SignalKind.VERSION_AVAILABLE and automatic and bool(version)


def _hold(reacted: Reacted, signal: Signal, now: datetime) -> Reacted:
    kind = HoldKind.ALERT if signal.kind is SignalKind.ALERT else HoldKind.PERSON
    alerts = (signal.alert_id,) if signal.alert_id is not None else ()
    held = _rollout(reacted).held
    if held is not None and held.kind is HoldKind.PERSON:
        return _answered(reacted, signal, True, f"a person holds it already: {held.because}")
    if held is not None and held.kind is kind is HoldKind.ALERT:
        every = tuple(dict.fromkeys((*held.alert_ids, *alerts)))
        return _changed(reacted, signal, f"held: {signal.because}", held=replace(held, alert_ids=every))
    hold = Hold(kind=kind, because=signal.because, since=now, alert_ids=alerts)
    return _changed(reacted, signal, f"held: {signal.because}", held=hold)


def _release(reacted: Reacted, signal: Signal, now: datetime) -> Reacted:
    held = _rollout(reacted).held
    if held is None:
        applied = signal.kind is SignalKind.ALERT
        return _answered(reacted, signal, applied, f"nothing holds it; {signal.because}")
    if signal.kind is SignalKind.ALERT:
        if signal.alert_id not in held.alert_ids:
            because = f"noted: {signal.because}; the hold has another cause"
            return _answered(reacted, signal, True, because)
        left = tuple(each for each in held.alert_ids if each != signal.alert_id)
        if left:
            because = f"still held by {len(left)} more: {signal.because}"
            return _changed(reacted, signal, because, held=replace(held, alert_ids=left))
    return _changed(reacted, signal, f"goes on: {signal.because}", held=None, entered_at=now)


def _promote(reacted: Reacted, signal: Signal, _now: datetime) -> Reacted:
    rollout = _rollout(reacted)
    step = step_of(rollout)
    if signal.step not in (None, step.name):
        because = f"{signal.step} was promoted, and the rollout has come to {step.name} since"
        return _answered(reacted, signal, False, because)
    held = rollout.held is not None and rollout.held.kind in PROMOTED_HOLDS
    if not step.approval and not (held and step.promotable):
        because = f"{step.name} cannot be promoted: " + (
            "a later step relies on it, so retry it or roll back" if held else "it does not wait for a person"
        )
        return _answered(reacted, signal, False, because)
    return _changed(reacted, signal, f"promoted: {signal.because}", promoted=True)


def _retry(reacted: Reacted, signal: Signal, now: datetime) -> Reacted:
    rollout = _rollout(reacted)
    facts = {"entered_at": now, "held": None, "command_id": None, "failures": 0}
    return _changed(reacted, signal, f"{rollout.step} is tried again: {signal.because}", **facts)


def _go_back(reacted: Reacted, signal: Signal, now: datetime) -> Reacted:
    rollout = begin_rollback(_rollout(reacted), signal.because, now)
    state = replace(reacted.state, rollout=rollout)
    return _answered(reacted, signal, True, signal.because, state)


_CHANGES: dict[Reaction, Callable[[Reacted, Signal, datetime], Reacted]] = {
    Reaction.HOLD: _hold,
    Reaction.RELEASE: _release,
    Reaction.PROMOTE: _promote,
    Reaction.RETRY: _retry,
    Reaction.STOP: _go_back,
    Reaction.ROLL_BACK: _go_back,
}


def _rollout(reacted: Reacted) -> Rollout:
    rollout = reacted.state.rollout
    assert rollout is not None, "the table reacts so only while there is a rollout"
    return rollout


def _changed(reacted: Reacted, signal: Signal, because: str, **facts: object) -> Reacted:
    rollout = replace(_rollout(reacted), wake_at=None, **facts)
    state = replace(reacted.state, rollout=rollout)
    return _answered(reacted, signal, True, because, state)


def _answered(
    reacted: Reacted, signal: Signal, applied: bool, because: str, state: FleetState | None = None
) -> Reacted:
    disposition = Disposition(id=signal.id, applied=applied, because=because)
    matters = state is not None and reacted.because is None
    return Reacted(
        state=state or reacted.state,
        dispositions=(*reacted.dispositions, disposition),
        because=because if matters else reacted.because,
        who=(signal.by or signal.kind.value) if matters else reacted.who,
        started=reacted.started,
    )
