"""A fleet in shadow: whatever happens to it, nothing in the world changes, and nothing of it stays."""

from __future__ import annotations

from tests.sim.checkers.base import Checker
from tests.sim.facts import ClaimMade, EffectMade, Ending


class ShadowChangesNothing(Checker):
    """No order of a shadow rollout reaches the world, and its end leaves the fleet as it was."""

    invariant = "14 (shadow)"

    def claimed(self, claim: ClaimMade) -> None:
        rollout, before, after = claim.after, claim.row.state, claim.decision.state
        if rollout is not None and not rollout.shadow:
            self.broken(f"{rollout.id} of a fleet in shadow is a real one")
        if (after.live, after.held_versions) != (before.live, before.held_versions):
            told = f"{after.live} live and {len(after.held_versions)} versions held"
            self.broken(f"{claim.decision.because}: it leaves {told}")

    def performed(self, effect: EffectMade) -> None:
        self.broken(f"{type(effect.action).__name__} of epoch {effect.epoch} has changed the world")

    def ended(self, ending: Ending) -> None:
        rollout = ending.state.rollout
        if rollout is not None and rollout.wake_at is not None:
            self.broken(f"{rollout.id} is over, and looks again at {rollout.wake_at}")
