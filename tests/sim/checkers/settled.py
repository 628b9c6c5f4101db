"""Invariant 4: when all has settled, the row and the world say the same."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.actions import SetMatch, SetWeights
from shared.levers import FENCED, THROUGH, Balancer, Record, SlotName
from shared.model import Outcome, Rollout, Stage
from shared.policy import DriftPolicy
from stages.levers import probe_of, unread
from stages.looking import unavailable
from tests.sim.checkers.base import Checker
from tests.sim.facts import ClaimMade, EffectMade, Ending

_LONG_AFTER = timedelta(days=1)


class SettledAgree(Checker):
    """When all has settled, the row and the world say the same."""

    invariant = "4"

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._turned_at_epoch = 0
        self._ttl_given_up = False
        self._unaligned = False
        self._late_at: datetime | None = None
        fleet = self.facts.fleet
        self._beneath = {m.beneath: m.slot for b in fleet.balancers for m in b.members if m.beneath}

    def performed(self, effect: EffectMade) -> None:
        late = effect.epoch < self._turned_at_epoch
        if isinstance(effect.action, SetWeights | SetMatch) and late:
            self._late_at = effect.at
            self._outwaited(effect.action.balancer, effect)

    def _outwaited(self, balancer: Balancer, effect: EffectMade) -> None:
        """A rollback is not over while an order of before may still reach what cannot refuse it."""
        rollout = self.facts.rollout
        over = rollout is not None and rollout.outcome is Outcome.ROLLED_BACK
        if over and balancer.kind not in FENCED and not self._unaligned:
            self.broken(f"an order of epoch {effect.epoch} reached {balancer.label} after the rollback's end")

    def claimed(self, claim: ClaimMade) -> None:
        before, after = claim.before, claim.after
        if after is not None and after.stage is Stage.ROLLBACK and after.outcome is None:
            turned = before is None or before.stage is not Stage.ROLLBACK or before.outcome is not None
            if turned:
                self._turned_at_epoch = claim.decision.state.epoch
        self._closed_with_open_eyes(claim)
        if not claim.stays or before is None or after is None:
            return
        if claim.decision.step in ("divert", "prove") and after.step != claim.decision.step:
            self._own_write(claim, after)
        if "restore_ttl ran into its deadline" in claim.decision.because:
            self._ttl_given_up = True
        if "realign ran into its deadline" in claim.decision.because:
            self._unaligned = True
        undisturbed = self.facts.meddled_at is None
        if after.outcome is Outcome.ROLLED_BACK and undisturbed:
            share = self.facts.world.traffic.mix(claim.at).get(after.safe, 0.0)
            if share < 0.95:
                self.broken(f"rolled_back while {after.safe}, the safe slot, serves {share:.0%} of the users")
        if after.outcome is Outcome.STOPPED and after.shifted:
            self.broken("a rollout that moved traffic ended stopped")

    def _closed_with_open_eyes(self, claim: ClaimMade) -> None:
        """The window after the end closes only in a look at everything that this rollout has moved."""
        before, after, plan = claim.before, claim.after, claim.row.plan
        if before is None or after is None or before.outcome is None or before.id != after.id or plan is None:
            return
        if before.wake_at is None or after.wake_at is not None or after.outcome is None or not after.shifted:
            return
        hidden = unavailable(claim.seen, map(probe_of, plan.levers))
        if after.above:
            hidden = unread(plan, after, claim.seen)
        if hidden is not None:
            self.broken(f"the settle window was closed without a look: {hidden}")

    def _own_write(self, claim: ClaimMade, after: Rollout) -> None:
        if self.facts.meddled_at is not None or after.outcome is not None:
            return
        above = self.facts.fleet.above
        if above is not None and after.above and not self._passes_on(claim, above, after):
            return
        for record in (*self.facts.fleet.live_records, *self._beneath):
            found = self.facts.record(record)
            epoch = int(found.metadata.get("switchyard_epoch", "0")) if found is not None else 0
            if self.facts.points_at(record) != after.safe or epoch < self._turned_at_epoch:
                self.broken(
                    f"the rollback of epoch {self._turned_at_epoch} goes on to {after.step}, "
                    f"but {record.fqdn} carries a write of epoch {epoch}"
                )
        for balancer in self.facts.fleet.balancers:
            if not balancer.beneath:
                self._own_weights(claim, balancer, after)

    def _passes_on(self, claim: ClaimMade, above: Balancer, after: Rollout) -> bool:
        """Whether the record still counts; what else the Front Door above sends is at the safe slot."""
        late = self._late_at is not None and self._late_at >= claim.looked_at
        told = self.facts.told(above)
        if not late and not told.weights.keys() <= {after.safe, THROUGH}:
            self.broken(f"the rollback goes on to {after.step}, but {above.label} was told {told.weights}")
        return not late and THROUGH in told.weights

    def _own_weights(self, claim: ClaimMade, balancer: Balancer, after: Rollout) -> None:
        """What cannot refuse a late order may be told one after the look; everything else is as seen."""
        late = self._late_at is not None and self._late_at >= claim.looked_at
        told = self.facts.told(balancer)
        if balancer.kind not in FENCED and late:
            return
        stale = told.epoch is not None and told.epoch < self._turned_at_epoch
        if told.weights != {after.safe: 100} or told.matched or stale:
            self.broken(
                f"the rollback of epoch {self._turned_at_epoch} goes on to {after.step}, "
                f"but {balancer.label} was told {told.weights} {told.matched} under epoch {told.epoch}"
            )

    def ended(self, ending: Ending) -> None:
        rollout = ending.state.rollout
        if rollout is None or rollout.outcome is None:
            return
        if rollout.outcome is Outcome.COMPLETED and ending.state.live != rollout.candidate:
            self.broken(f"completed, but {ending.state.live} is recorded as live")
        if rollout.outcome is not Outcome.COMPLETED and ending.state.live != rollout.live:
            self.broken(f"{rollout.outcome}, but {ending.state.live} is recorded as live")
        safe = self.facts.fleet.slot(rollout.safe)
        excused = self.facts.is_lost(rollout.safe)
        if not excused and not self.facts.world.clusters.runs(safe.cluster_id, self.facts.scheduler.now()):
            self.broken(f"the cluster of {rollout.safe}, the safe slot, does not run")
        if self.facts.meddled_at is not None and not self._repaired(rollout):
            return
        self._as_declared(rollout)
        stranded = rollout.outcome is Outcome.ROLLBACK_FAILED and excused
        share = self.facts.world.traffic.mix(self.facts.scheduler.now() + _LONG_AFTER).get(rollout.safe, 0.0)
        if share < 0.999 and not stranded:
            self.broken(f"{rollout.outcome}, and {rollout.safe}, the safe slot, has {share:.0%} of the users")

    def _as_declared(self, rollout: Rollout) -> None:
        stranded = rollout.outcome is Outcome.ROLLBACK_FAILED and self.facts.is_lost(rollout.safe)
        above = self.facts.fleet.above
        if above is not None and rollout.above:
            return  # users are where they should be, straight by the Front Door above: a person puts it right
        for record in self.facts.fleet.live_records:
            self._agrees(record, rollout.safe, rollout, stranded=stranded)
        if above is not None and self.facts.told(above).weights != {THROUGH: 100}:
            self.broken(f"{above.label} was told {self.facts.told(above).weights} and left so")
        if rollout.outcome is Outcome.ROLLBACK_FAILED or self._unaligned:
            return  # users are where they should be, by the records beneath: a person puts the rest right
        for record, slot in self._beneath.items():
            self._agrees(record, slot, rollout, stranded=False)
        for balancer in self.facts.fleet.balancers:
            told, safe = self.facts.told(balancer), rollout.safe
            if told.weights != {safe: 100} or told.matched:
                was = f"{told.weights} {told.matched}".strip()
                self.broken(f"{balancer.label} was told {was}, the safe slot is {safe}")

    def _agrees(self, record: Record, slot: SlotName, rollout: Rollout, *, stranded: bool) -> None:
        found = self.facts.record(record)
        assert found is not None, "nobody deletes a record here"
        if self.facts.points_at(record) != slot and not stranded:
            self.broken(f"{record.fqdn} points at {', '.join(found.targets)}, it belongs to {slot}")
        failed = rollout.outcome is Outcome.ROLLBACK_FAILED or self._ttl_given_up
        if found.ttl_seconds != record.ttl_seconds and not failed:
            self.broken(
                f"{record.fqdn} keeps a TTL of {found.ttl_seconds} s, declared are {record.ttl_seconds} s"
            )

    def _repaired(self, rollout: Rollout) -> bool:
        """Whether what somebody else did has to be undone by now."""
        plan, at = self.facts.plan, self.facts.meddled_at
        if plan is None or at is None or rollout.ended_at is None or not rollout.shifted:
            return False
        if rollout.outcome is Outcome.COMPLETED and plan.policy.drift is DriftPolicy.HOLD:
            return False
        return at < rollout.ended_at
