"""The transition table: what each kind of signal does in each phase of a fleet.

The table is the machine. `stages.react` carries it out, the documents draw it, and a test states every cell.
A cell that refuses says why in `REFUSALS`.
"""

from __future__ import annotations

from enum import StrEnum

from shared.alert_rules import AlertEffect
from shared.fleet import Fleet
from shared.levers import SlotName
from shared.model import AlertState, FleetState, Outcome, Role, Rollout, Signal, SignalKind, Stage
from shared.resources import slot_of
from stages.alerting import effect_of, is_earlier


class Phase(StrEnum):
    """Where a fleet is, as far as signals care. From `destroying` on there is no way back."""

    IDLE = "idle"
    PREPARE = "T0"
    DEPLOY = "T1"
    SYNC = "T2"
    SWITCH = "T3"
    RETIRE = "T4"
    DESTROYING = "destroying"
    ROLLBACK = "rollback"
    ROLLBACK_FAILED = "rollback_failed"


class Trigger(StrEnum):
    """What a signal is, as far as the table cares."""

    VERSION = "version"
    START = "start"
    PROMOTE = "promote"
    PAUSE = "pause"
    RESUME = "resume"
    ROLLBACK = "rollback"
    RETRY = "retry"
    ALERT_ON_CANDIDATE = "alert on candidate"
    ALERT_TO_HOLD = "alert on candidate, to hold"
    ALERT_ON_LIVE = "alert on live"
    ALERT_TO_NOTE = "alert to note"
    ALERT_FROM_BEFORE = "alert from before"
    ALERT_RESOLVED = "alert resolved"
    NEWS = "news"


class Reaction(StrEnum):
    """What a signal does. `note` records it and looks at the world at once."""

    START = "start"
    PROMOTE = "promote"
    HOLD = "hold"
    RELEASE = "release"
    RETRY = "retry"
    STOP = "stop"
    ROLL_BACK = "roll back"
    NOTE = "note"
    REFUSE = "refuse"


_PHASES = tuple(Phase)
_GOING = (Phase.PREPARE, Phase.DEPLOY, Phase.SYNC, Phase.SWITCH, Phase.RETIRE)
_BEFORE_SWITCH = (Phase.PREPARE, Phase.DEPLOY, Phase.SYNC)
_WITH_TRAFFIC = (Phase.SWITCH, Phase.RETIRE)


def _row(default: Reaction, cells: dict[tuple[Phase, ...], Reaction]) -> dict[Phase, Reaction]:
    row = dict.fromkeys(_PHASES, default)
    for phases, reaction in cells.items():
        row.update(dict.fromkeys(phases, reaction))
    return row


TABLE: dict[Trigger, dict[Phase, Reaction]] = {
    Trigger.VERSION: _row(Reaction.NOTE, {(Phase.IDLE,): Reaction.START}),
    Trigger.START: _row(Reaction.REFUSE, {(Phase.IDLE,): Reaction.START}),
    Trigger.PROMOTE: _row(Reaction.REFUSE, {_GOING: Reaction.PROMOTE}),
    Trigger.PAUSE: _row(Reaction.REFUSE, {_GOING: Reaction.HOLD}),
    Trigger.RESUME: _row(Reaction.REFUSE, {_GOING: Reaction.RELEASE}),
    Trigger.ROLLBACK: _row(
        Reaction.REFUSE,
        {
            _BEFORE_SWITCH: Reaction.STOP,
            _WITH_TRAFFIC: Reaction.ROLL_BACK,
            (Phase.ROLLBACK,): Reaction.NOTE,
            (Phase.ROLLBACK_FAILED,): Reaction.ROLL_BACK,
        },
    ),
    Trigger.RETRY: _row(
        Reaction.REFUSE,
        {
            _GOING: Reaction.RETRY,
            (Phase.DESTROYING, Phase.ROLLBACK): Reaction.RETRY,
            (Phase.ROLLBACK_FAILED,): Reaction.ROLL_BACK,
        },
    ),
    Trigger.ALERT_ON_CANDIDATE: _row(
        Reaction.NOTE,
        {
            (Phase.DEPLOY, Phase.SYNC): Reaction.STOP,
            _WITH_TRAFFIC: Reaction.ROLL_BACK,
            (Phase.DESTROYING,): Reaction.REFUSE,
        },
    ),
    Trigger.ALERT_TO_HOLD: _row(Reaction.NOTE, {_GOING: Reaction.HOLD, (Phase.DESTROYING,): Reaction.REFUSE}),
    Trigger.ALERT_ON_LIVE: _row(Reaction.NOTE, {(*_BEFORE_SWITCH, Phase.SWITCH): Reaction.HOLD}),
    Trigger.ALERT_TO_NOTE: _row(Reaction.NOTE, {}),
    Trigger.ALERT_FROM_BEFORE: _row(Reaction.NOTE, {}),
    Trigger.ALERT_RESOLVED: _row(Reaction.NOTE, {_GOING: Reaction.RELEASE}),
    Trigger.NEWS: _row(Reaction.NOTE, {}),
}

_IDLE = "no rollout is in flight"
_NO_WAY_BACK = "the old cluster is being destroyed: from here on there is no way back"
REFUSALS: dict[Phase, str] = {
    Phase.IDLE: _IDLE,
    Phase.DESTROYING: _NO_WAY_BACK,
    Phase.ROLLBACK: "a rollback is under way and nothing comes before it",
    Phase.ROLLBACK_FAILED: "the rollback failed: retry it or put the traffic right by hand first",
    **dict.fromkeys(_GOING, "a rollout is in flight, and a fleet has one at a time"),
}

_STAGES = {
    Stage.PREPARE: Phase.PREPARE,
    Stage.DEPLOY: Phase.DEPLOY,
    Stage.SYNC: Phase.SYNC,
    Stage.SWITCH: Phase.SWITCH,
    Stage.RETIRE: Phase.RETIRE,
    Stage.ROLLBACK: Phase.ROLLBACK,
}
_COMMANDS = {
    SignalKind.START: Trigger.START,
    SignalKind.PROMOTE: Trigger.PROMOTE,
    SignalKind.PAUSE: Trigger.PAUSE,
    SignalKind.RESUME: Trigger.RESUME,
    SignalKind.ROLLBACK: Trigger.ROLLBACK,
    SignalKind.RETRY: Trigger.RETRY,
    SignalKind.VERSION_AVAILABLE: Trigger.VERSION,
    SignalKind.VERSION_PUBLISHED: Trigger.VERSION,
}


def phase_of(state: FleetState) -> Phase:
    """The phase of a fleet, from its state alone."""
    rollout = state.rollout
    if rollout is None:
        return Phase.IDLE
    # Nobody was left anywhere by a way back that nobody went.
    if rollout.outcome is Outcome.ROLLBACK_FAILED and not rollout.shadow:
        return Phase.ROLLBACK_FAILED
    if rollout.outcome is not None:
        return Phase.IDLE
    if rollout.destroying and rollout.stage is Stage.RETIRE:
        return Phase.DESTROYING
    return _STAGES[rollout.stage]


def trigger_of(fleet: Fleet, signal: Signal, rollout: Rollout | None) -> Trigger:
    """The row of the table that a signal falls into. An alert that the fleet does not count is news.

    So is one on live once users were ordered away from it.
    """
    if signal.kind is not SignalKind.ALERT:
        return _COMMANDS.get(signal.kind, Trigger.NEWS)
    if signal.state == AlertState.RESOLVED.value:
        return Trigger.ALERT_RESOLVED
    slot = _slot(fleet, signal)
    if rollout is None or not slot:
        return Trigger.NEWS
    effect = effect_of(fleet, signal, rollout)
    if effect is None:
        return Trigger.NEWS
    if effect is AlertEffect.NOTE:
        return Trigger.ALERT_TO_NOTE
    if is_earlier(signal, rollout):
        return Trigger.ALERT_FROM_BEFORE
    # In shadow the live slot stands in for the candidate, with users on it from the switch on.
    if rollout.role_of(slot) is Role.LIVE and not (rollout.shadow and rollout.shifted):
        return Trigger.NEWS if rollout.shifted else Trigger.ALERT_ON_LIVE
    return Trigger.ALERT_TO_HOLD if effect is AlertEffect.HOLD else Trigger.ALERT_ON_CANDIDATE


def _slot(fleet: Fleet, signal: Signal) -> SlotName | None:
    """Whose it is what fired: whoever took the alert in may know the fleet by an older file."""
    return signal.slot if signal.resource_id is None else slot_of(fleet, signal.resource_id)
