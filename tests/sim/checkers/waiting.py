"""Invariants 8 and 9: freezes end, and so does everything else."""

from __future__ import annotations

from datetime import timedelta

from shared.actions import Freeze
from shared.model import HoldKind, Outcome, Stage
from stages.runbook import step_of
from tests.sim.checkers.base import Checker
from tests.sim.facts import ClaimMade, EffectMade, Ending

_SLACK = timedelta(minutes=30)


class FreezeLifted(Checker):
    """No ending leaves a freeze behind, and none could outlast what the fleet declares."""

    invariant = "8"

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._given_up: set[str] = set()

    def claimed(self, claim: ClaimMade) -> None:
        if claim.decision.step in ("thaw", "unfreeze") and "ran into its deadline" in claim.decision.because:
            self._given_up.add(claim.after.id if claim.after else "")

    def performed(self, effect: EffectMade) -> None:
        action, plan = effect.action, self.facts.plan
        if isinstance(action, Freeze) and plan is not None and plan.freeze is not None:
            longest = timedelta(seconds=plan.freeze.expires_seconds)
            if action.until > effect.at + longest:
                self.broken(f"the freeze of {action.slot} lasts until {action.until}")

    def ended(self, ending: Ending) -> None:
        rollout = ending.state.rollout
        if rollout is None or rollout.outcome in (None, Outcome.ROLLBACK_FAILED) or self._given_up:
            return
        for slot in self.facts.fleet.slots:
            until = self.facts.world.commands.frozen_until(slot.cluster_id)
            if until is not None:
                self.broken(f"{rollout.outcome}, but deployments to {slot.name} are frozen until {until}")


class NeverStuck(Checker):
    """Whoever waits knows when it looks again and when it gives up; in the calm everything ends."""

    invariant = "9"

    def claimed(self, claim: ClaimMade) -> None:
        after, before = claim.after, claim.before
        untried = claim.stays and before is not None and before.wake_at is None
        if untried and f"{claim.decision.step} ran into its deadline" in claim.decision.because:
            self.broken(f"{claim.decision.step} was given up before anybody had looked at it")
        if after is None or after.outcome is not None:
            return
        if step_of(after).deadline_seconds <= 0:
            self.broken(f"{after.step} has no deadline")
        soonest = claim.seen.now + timedelta(hours=1)
        if after.wake_at is not None and after.wake_at > soonest:
            self.broken(f"{after.step} looks again at {after.wake_at}, in more than an hour")
        if not claim.stays or before is None or before.held is None or claim.seen.signals:
            return
        parked = before.held.kind is HoldKind.DEADLINE and before.step == after.step
        if parked and after.held != before.held and after.stage is not Stage.ROLLBACK:
            self.broken(f"{after.step} forgot that it waits for a person: {before.held.because}")

    def ended(self, ending: Ending) -> None:
        rollout = ending.state.rollout
        if ending.pending:
            waiting = ", ".join(signal.kind.value for signal in ending.pending)
            self.broken(f"signals wait for ever: {waiting}")
        if rollout is not None and rollout.outcome is None:
            swept = "swept" if ending.entry.active else "not even swept"
            held = f"held: {rollout.held.because}" if rollout.held else "not held"
            self.broken(f"{rollout.stage} {rollout.step} never ends; it is {held} and {swept}")
        if ending.entry.active:
            self.broken("the fleet is swept for ever")
        if self.facts.scheduler.busy():
            self.broken("an invocation never ends")
