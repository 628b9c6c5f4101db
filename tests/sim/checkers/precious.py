"""Invariant 3: nothing precious is stopped or destroyed."""

from __future__ import annotations

from shared.actions import DestroyCluster, PointRecord, SetWeights, StopCluster
from shared.fleet import Fleet
from shared.levers import Balancer, Lever, Record
from tests.sim.checkers.base import Checker
from tests.sim.doors import TIMEOUT_SECONDS
from tests.sim.facts import ClaimMade, EffectMade


class NothingPreciousDestroyed(Checker):
    """No cluster is stopped or deleted that serves, that is the safe slot, or before the bake passed."""

    invariant = "3"

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._moved_at: dict[Lever, float] = {}
        self._waived: set[str] = set()

    def performed(self, effect: EffectMade) -> None:
        action = effect.action
        seconds = self.facts.scheduler.seconds
        above = self.facts.fleet.above
        if above is not None and isinstance(action, PointRecord | SetWeights):
            self._led(above, seconds)
        elif isinstance(action, PointRecord) and self.facts.state.rollout is not None:
            if action.slot == self.facts.state.rollout.candidate:
                self._moved_at.setdefault(action.record, seconds)
            else:
                self._moved_at.pop(action.record, None)
        if isinstance(action, PointRecord | SetWeights):
            self._weighed(action, seconds)
        if isinstance(action, DestroyCluster | StopCluster):
            self._is_worthless(effect, action)

    def _led(self, above: Balancer, seconds: float) -> None:
        """Note since when the Front Door above and its record lead everybody to the candidate."""
        rollout, (record,) = self.facts.state.rollout, self.facts.fleet.live_records
        if rollout is not None and self.facts.led(self.facts.told(above).weights) == {rollout.candidate}:
            self._moved_at.setdefault(record, seconds)
        else:
            self._moved_at.pop(record, None)

    def _weighed(self, action: PointRecord | SetWeights, seconds: float) -> None:
        """Note since when a balancer and what is beneath it send everybody to the candidate."""
        rollout = self.facts.state.rollout
        for balancer in self.facts.fleet.balancers:
            moves = action.record in balancer.beneath if isinstance(action, PointRecord) else True
            if not moves or rollout is None:
                continue
            if set(self._told(balancer)) == {rollout.candidate}:
                self._moved_at.setdefault(balancer, seconds)
            else:
                self._moved_at.pop(balancer, None)

    def _told(self, balancer: Balancer) -> set[str]:
        """Where a balancer and the records beneath it were told to send anybody."""
        members = [m for m in balancer.members if m.slot in self.facts.told(balancer).weights]
        return {m.slot if m.beneath is None else self.facts.points_at(m.beneath) or "" for m in members}

    def claimed(self, claim: ClaimMade) -> None:
        if claim.decision.plan is not None:
            self._moved_at.clear()
        if claim.before is not None and "a person promoted it" in claim.decision.because:
            self._waived.add(claim.before.id)  # a person may cut a bake short

    def _is_worthless(self, effect: EffectMade, action: DestroyCluster | StopCluster) -> None:
        facts, what = self.facts, type(action).__name__
        if self._meddled_just_now():
            return
        for lever in facts.fleet.levers:
            if action.slot in facts.sends(lever):
                self.broken(f"{what} of {action.slot}, where {lever.label} sends users")
        rollout = facts.rollout
        assert rollout is not None, "a cluster is stopped by a rollout"
        if rollout.safe == action.slot:
            self.broken(f"{what} of {action.slot}, which is the safe slot")
        share = facts.world.traffic.mix(effect.at).get(action.slot, 0.0)
        if share > 0.005 and facts.meddled_at is None:
            self.broken(f"{what} of {action.slot}, which serves {share:.0%} of the users")
        if action.slot == rollout.live:
            if rollout.id not in self._waived:
                self._baked(effect, what)
            return
        created_at = facts.world.clusters.created_at(facts.fleet.slot(action.slot).cluster_id, effect.at)
        if created_at is not None and created_at < rollout.started_at:
            self.broken(f"{what} of a cluster in {action.slot} that is older than the rollout")

    def _baked(self, effect: EffectMade, what: str) -> None:
        plan = self.facts.plan
        assert plan is not None, "a rollout has a plan"
        unmoved = [lever.label for lever in plan.levers if lever not in self._moved_at]
        if unmoved and self.facts.meddled_at is not None:
            return  # somebody else had moved it already
        if unmoved:
            self.broken(f"{what} of the old cluster, which {', '.join(unmoved)} never left")
        since = max(self._moved_at[lever] for lever in plan.levers)
        baked = self.facts.scheduler.seconds - since
        slowest = max(_propagation_seconds(plan, lever) for lever in plan.levers)
        wanted = plan.policy.bake_seconds + plan.policy.observe_seconds + slowest
        if baked < wanted:
            self.broken(f"{what} of the old cluster {baked:.0f} s after the switch, before {wanted} s")

    def _meddled_just_now(self) -> bool:
        at = self.facts.meddled_at
        return at is not None and (self.facts.scheduler.now() - at).total_seconds() < TIMEOUT_SECONDS


def _propagation_seconds(plan: Fleet, lever: Lever) -> int:
    if isinstance(lever, Record) or lever.beneath:
        return plan.policy.propagation_seconds
    return lever.propagation_seconds
