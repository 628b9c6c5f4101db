"""Invariant 10 while a balancer is moved step by step: a step is over once its own users have proved it."""

from __future__ import annotations

from shared.fleet import MatchStep
from shared.levers import Balancer
from shared.model import Judgement, Stage, Verdict
from stages.ramp import Portion, portions, weights_of
from tests.sim.checkers.base import Checker
from tests.sim.facts import ClaimMade, Facts

_NEVER_SECONDS = 1e12
_DATE_SECONDS = 2.0
"""The store's whole seconds, by which a worker may think it later than it is."""


class RampProven(Checker):
    """No share of users is raised before the one before was there for long enough, with passing gates."""

    invariant = "10"

    def claimed(self, claim: ClaimMade) -> None:
        before, after, plan = claim.before, claim.after, claim.row.plan
        if not claim.stays or before is None or after is None or plan is None or before.step != "ramp":
            return
        waived = before.promoted or "promoted it" in claim.decision.because
        if after.stage is Stage.ROLLBACK or after.outcome is not None or waived:
            return
        plans = portions(plan)
        if after.step != "ramp" and before.portion < len(plans):
            self.broken(f"the ramp was left with {len(plans) - before.portion} of its steps to go")
        if after.portion > before.portion:
            self._proved(claim, plans[before.portion])

    def _proved(self, claim: ClaimMade, portion: Portion) -> None:
        judgements = {judgement.gate: judgement for judgement in claim.decision.judgements}
        reached = self._reached_at(claim, portion)
        held = self.facts.scheduler.seconds - reached
        if held + _DATE_SECONDS < portion.hold_seconds and self.facts.meddled_at is None:
            self.broken(f"a step of the ramp was held for {held:.0f} s of {portion.hold_seconds} s")
        for gate in portion.gates:
            judgement = judgements.get(gate.name)
            if judgement is None or judgement.verdict is not Verdict.PASS:
                self.broken(f"a step of the ramp is over though {gate.name} does not pass")
            self._of_its_users(claim, judgement, reached)

    def _of_its_users(self, claim: ClaimMade, judgement: Judgement, reached: float) -> None:
        oldest = min(sample.at for sample in judgement.samples)
        age = (claim.at - oldest).total_seconds()
        if age > self.facts.scheduler.seconds - reached + _DATE_SECONDS and self.facts.meddled_at is None:
            self.broken(f"a step of the ramp is over on a sample of {oldest}, from before its users came")

    def _reached_at(self, claim: ClaimMade, portion: Portion) -> float:
        rollout, plan = claim.before, claim.row.plan
        assert rollout is not None, "asked of a claim of the ramp"
        assert plan is not None, "a rollout has a plan"
        if isinstance(portion, MatchStep):
            return max(_matched_at(self.facts, balancer, rollout.candidate) for balancer in plan.balancers)
        wanted = weights_of(rollout, portion)
        return max(reached_at(self.facts, balancer, wanted) for balancer in plan.balancers)


def reached_at(facts: Facts, balancer: Balancer, wanted: dict[str, int]) -> float:
    """When everybody had followed a balancer to those shares, in seconds; never, where it has others."""
    found = _NEVER_SECONDS
    for change in reversed(facts.world.balancers.history(balancer)):
        states = {member.slot: change.members[member.name] for member in balancer.members}
        weights = {slot: state.weight for slot, state in states.items() if state.enabled}
        total = sum(weights.values())
        if {str(slot): round(100 * weight / total) for slot, weight in weights.items()} != wanted:
            break
        found = (change.ends_at - facts.world.estate.started_at).total_seconds()
    return found


def _matched_at(facts: Facts, balancer: Balancer, slot: str) -> float:
    found = _NEVER_SECONDS
    for change in reversed(facts.world.balancers.history(balancer)):
        if change.matched != slot:
            break
        found = (change.ends_at - facts.world.estate.started_at).total_seconds()
    return found
