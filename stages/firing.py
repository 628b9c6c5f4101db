"""Decides which alerts are known to fire, so that a rollout names those of before it.

Refuses to know what an alert that comes during a rollout means to it (`stages.alerting`).
"""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from shared.alert_rules import AlertEffect
from shared.fleet import Fleet
from shared.model import AlertState, FleetState, Rollout, Signal, SignalKind
from shared.resources import slot_of
from stages.alerting import expires_seconds, over_at, rule_meets

FIRING_MAX = 10
"""So many alerts are remembered while nobody has said that they are over: the newest."""


def heard(fleet: Fleet, state: FleetState, signal: Signal) -> FleetState:
    """The state with an alert on a slot among those that fire, or without one whose end is heard of."""
    if signal.kind is not SignalKind.ALERT or signal.alert_id is None:
        return state
    left = [each for each in state.firing if each.alert_id != signal.alert_id]
    over = state.rollout is not None and over_at(signal, state.rollout) is not None
    if signal.state != AlertState.RESOLVED.value and not over and _counts(fleet, signal):
        left = [*left, signal][-FIRING_MAX:]
    return state if tuple(left) == state.firing else replace(state, firing=tuple(left))


def named(fleet: Fleet, state: FleetState, rollout: Rollout) -> tuple[Rollout, str]:
    """A rollout that begins, with the alerts that fired before it, and what is said of them."""
    earlier = [each for each in state.firing if _fires(fleet, each, rollout)]
    rollout = replace(rollout, earlier_alerts=tuple(str(each.alert_id) for each in earlier))
    return rollout, "".join(map(_told, earlier))


def _told(signal: Signal) -> str:
    at = f"{signal.fired_at or signal.at:%Y-%m-%d %H:%M} UTC"
    return f"; {signal.because}, at {at}, before it began, and does not count against it"


def _fires(fleet: Fleet, signal: Signal, rollout: Rollout) -> bool:
    """Whether it still fires, as far as anybody knows: of one that nobody resolves, until it expires."""
    if not signal.stateless:
        return True
    fired_at = signal.fired_at or signal.at
    return rollout.started_at < fired_at + timedelta(seconds=expires_seconds(fleet, signal, rollout))


def _counts(fleet: Fleet, signal: Signal) -> bool:
    """Whether it is about a slot, and would do anything to a rollout in some stage."""
    if signal.resource_id is None or slot_of(fleet, signal.resource_id) is None:
        return False
    met = (each.effect for each in fleet.alerts.mappings if rule_meets(each, signal))
    severe = signal.severity in fleet.policy.alert_severities
    return severe or any(effect is not AlertEffect.NOTE for effect in met)
