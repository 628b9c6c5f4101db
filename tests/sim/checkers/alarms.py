"""Invariants 1 and 9 where alerts are concerned: who is sent back by one, and whose hold ends when.

What a fleet says about alerts is read here a second time, from the same value and by other means.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from shared.alert_rules import AlertEffect, AlertMapping
from shared.fleet import Fleet
from shared.model import AlertState, Hold, HoldKind, Rollout, Signal, SignalKind, Stage
from tests.sim.checkers.base import Checker
from tests.sim.facts import ClaimMade

_GOES_ON = frozenset({SignalKind.RESUME, SignalKind.RETRY})
_GOES_BACK = frozenset({Stage.DEPLOY, Stage.SYNC, Stage.SWITCH, Stage.RETIRE})


def sends_back(plan: Fleet, rollout: Rollout, signal: Signal) -> bool:
    """Whether an alert has to send a rollout back that is not on its way back yet."""
    fired = signal.kind is SignalKind.ALERT and signal.state == AlertState.FIRED
    if not fired or signal.slot != rollout.candidate or rollout.stage not in _GOES_BACK:
        return False
    early = signal.fired_at is not None and signal.fired_at < rollout.started_at
    return not early and not rollout.destroying and _effect(plan, rollout, signal) is AlertEffect.ROLLBACK


def _effect(plan: Fleet, rollout: Rollout, signal: Signal) -> AlertEffect | None:
    for mapping in plan.alerts.mappings:
        severity = not mapping.severities or signal.severity in mapping.severities
        rule = not mapping.rule or fnmatchcase(signal.rule or "", mapping.rule)
        if severity and rule and (not mapping.stages or rollout.stage.value in mapping.stages):
            return mapping.effect
    return AlertEffect.ROLLBACK if signal.severity in plan.policy.alert_severities else None


class AlertsCount(Checker):
    """No alert sends a rollout back that is on live, of before, or mapped to something else."""

    invariant = "1"

    def claimed(self, claim: ClaimMade) -> None:
        before, after, plan = claim.before, claim.after, self.facts.plan
        if not claim.stays or before is None or after is None or plan is None:
            return
        if before.stage is Stage.ROLLBACK or after.rollback_because is None:
            return
        sent = [each for each in claim.seen.signals if each.because == after.rollback_because]
        alerts = [each for each in sent if each.kind is SignalKind.ALERT]
        if len(alerts) < len(sent) or not alerts:
            return
        if not any(sends_back(plan, before, each) for each in alerts):
            self.broken(f"an alert that does not count sent {before.step} back: {after.rollback_because}")


_CLOCKS_APART_SECONDS = 2
"""Who claims next may know the time by an earlier answer of the store, whose dates are whole seconds."""


class HoldsEnd(Checker):
    """An alert lifts no hold but its own, and what nobody resolves holds no longer than the fleet says."""

    invariant = "9"

    def claimed(self, claim: ClaimMade) -> None:
        before, after = claim.before, claim.after
        if not claim.stays or before is None or after is None or before.held is None:
            return
        if after.stage is Stage.ROLLBACK or after.outcome is not None:
            return
        self._beneath(claim, before.held, after.held)
        if after.step != before.step:
            return
        self._lapses(claim, before.held, after.held)
        alone = all(signal.kind is SignalKind.ALERT for signal in claim.seen.signals)
        waits = before.held.kind in (HoldKind.PERSON, HoldKind.DEADLINE)
        if claim.seen.signals and alone and waits and not _holds_on(before.held, after.held):
            self.broken(f"an alert lifted a hold that it had not caused: {before.held.because}")

    def _beneath(self, claim: ClaimMade, before: Hold, after: Hold | None) -> None:
        """A person who goes on ends the person's own hold, and not that of an alert beneath it."""
        alarm = next((each for each in _layers(before.covers) if each.kind is HoldKind.ALERT), None)
        people = all(signal.kind is not SignalKind.ALERT for signal in claim.seen.signals)
        if before.kind is not HoldKind.PERSON or alarm is None or alarm.lapses or not people:
            return
        if sum(signal.kind in _GOES_ON for signal in claim.seen.signals) < 2 and not _holds_on(alarm, after):
            self.broken(f"a person's hold took that of an alert with it: {alarm.because}")

    def _lapses(self, claim: ClaimMade, before: Hold, after: Hold | None) -> None:
        endless = [each for each in before.alert_ids if each not in before.lapses]
        over = before.kind is HoldKind.ALERT and bool(before.lapses) and not endless
        if over and max(before.lapses.values()) <= claim.seen.now and after == before:
            self.broken(f"a hold that has expired goes on: {before.because}")
        most = max((each.expire_seconds or 0 for each in self._mappings()), default=0)
        most = max(most, self.facts.plan.alerts.expire_seconds if self.facts.plan else 0)
        if after is None or not after.lapses:
            return
        longest = max((at - claim.seen.now).total_seconds() for at in after.lapses.values())
        if longest > most + _CLOCKS_APART_SECONDS:
            self.broken(f"a hold that nobody ends lasts {longest:.0f} s more: {after.because}")

    def _mappings(self) -> tuple[AlertMapping, ...]:
        return self.facts.plan.alerts.mappings if self.facts.plan else ()


def _holds_on(before: Hold, after: Hold | None) -> bool:
    """Whether a hold is still there, whatever has come beneath it or over it."""
    return any((each.kind, each.since) == (before.kind, before.since) for each in _layers(after))


def _layers(held: Hold | None) -> list[Hold]:
    """A hold and what it covers."""
    return [] if held is None else [held, *_layers(held.covers)]
