"""Decides whether a signal starts a rollout, and which: a published version, or a person's word."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from shared.fleet import Channel, Fleet, StartMode
from shared.model import FleetState, Rollout, Signal, SignalKind, Stage
from stages.firing import named
from stages.reacted import Reacted, answered
from stages.versions import newer

FIRST_STEP = (Stage.PREPARE, "admit")


def start(fleet: Fleet, reacted: Reacted, signal: Signal, now: datetime, live_version: str | None) -> Reacted:
    version = _wanted_version(fleet, signal)
    if live_version is None and _must_be_newer(fleet, signal, version):
        return reacted  # Undecided: it stays pending until the live cluster can be read.
    objection = _objection(fleet, reacted.state, signal, version, live_version)
    if objection is not None:
        by_person = signal.kind is SignalKind.START
        return answered(reacted, signal, applied=not by_person, because=objection)
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
        shadow=fleet.shadow,
    )
    rollout, earlier = named(fleet, state, rollout)
    # What a shadow finds out of a version lifts no hold: that takes a real one.
    held = tuple(h for h in state.held_versions if fleet.shadow or h.version != version)
    state = replace(state, rollouts=number, rollout=rollout, held_versions=held)
    moves = "moves" if not fleet.shadow else "changes nothing, and decides as if it moved"
    because = (
        f"{signal.because}: rollout {rollout.id} {moves} {rollout.live} to {rollout.candidate} at {version}"
    )
    return replace(answered(reacted, signal, True, because + earlier, state), started=True)


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
    tried = state.rollout
    if fleet.shadow and tried is not None and tried.shadow and tried.version == version:
        return f"version {version} went through {tried.id} in shadow, and a person may start another"
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
