"""Invariants 1 to 4: the way back comes first, records point well, nothing precious goes, all agree."""

from __future__ import annotations

from shared.actions import DestroyCluster, PointRecord, StopCluster
from shared.fleet import DriftPolicy
from shared.levers import Record
from shared.model import AlertState, Outcome, Rollout, Signal, SignalKind, Stage
from shared.probes import RecordSeen, RecordState
from tests.sim.checkers.base import Checker
from tests.sim.doors import TIMEOUT_SECONDS
from tests.sim.facts import ClaimMade, EffectMade, Ending

_WITH_TRAFFIC = (Stage.SWITCH, Stage.RETIRE)
_STOPPABLE = (Stage.DEPLOY, Stage.SYNC, *_WITH_TRAFFIC)


class RollbackPreempts(Checker):
    """Whatever holds a rollout, a signal that sends it back does so in the claim that takes it in."""

    invariant = "1"

    def claimed(self, claim: ClaimMade) -> None:
        before, after = claim.before, claim.after
        if before is None or after is None or before.outcome is not None or before.id != after.id:
            return
        if before.stage is Stage.ROLLBACK:
            self._stays_back(claim, before, after)
            return
        if any(self._sends_back(before, signal) for signal in claim.seen.signals):
            self._turned(claim, before, after)

    def _sends_back(self, rollout: Rollout, signal: Signal) -> bool:
        if rollout.destroying:
            return False
        if signal.kind is SignalKind.ROLLBACK:
            return signal.rollout in (None, rollout.id)
        severities = self.facts.plan.policy.alert_severities if self.facts.plan else ()
        fired = signal.kind is SignalKind.ALERT and signal.state == AlertState.FIRED
        on_candidate = signal.slot == rollout.candidate and signal.severity in severities
        return fired and on_candidate and rollout.stage in _STOPPABLE

    def _turned(self, claim: ClaimMade, before: Rollout, after: Rollout) -> None:
        if after.stage is not Stage.ROLLBACK and after.outcome is None:
            self.broken(f"a signal sends {before.stage} {before.step} back, but it is at {after.step}")
        if not before.shifted or claim.decision.step != "divert" or self.facts.is_lost(before.safe):
            return
        written = {each.record.fqdn for each in claim.decision.actions if isinstance(each, PointRecord)}
        readable = {
            probe.record.fqdn
            for probe, answer in claim.seen.answers.items()
            if isinstance(probe, RecordState) and isinstance(answer, RecordSeen)
        }
        # What cannot be read may be written all the same, under an etag that is remembered.
        if not readable <= written <= readable | before.etags.keys():
            self.broken(
                f"the rollback of {before.step} was claimed with {len(written)} of {len(readable)} writes"
            )

    def _stays_back(self, claim: ClaimMade, before: Rollout, after: Rollout) -> None:
        if after.stage is not Stage.ROLLBACK:
            self.broken(f"a rollback went forward again, to {after.stage} {after.step}")
        if after.outcome is None and after.held is not None:
            self.broken(f"a rollback is held: {after.held.because}")
        if after.outcome in (Outcome.COMPLETED,):
            self.broken("a rollback ended completed")


class RecordsPointWell(Checker):
    """A live record is only ever pointed at the safe slot, or at one that was seen healthy."""

    invariant = "2"

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._proved: set[tuple[str, str]] = set()
        self._newest: dict[str, int] = {}

    def claimed(self, claim: ClaimMade) -> None:
        before, after = claim.before, claim.after
        if claim.stays and before is not None and after is not None:
            if before.step == "sync_gate" and after.step != "sync_gate" and after.stage is not Stage.ROLLBACK:
                self._proved.add((before.id, before.candidate))
            if after.stage in _WITH_TRAFFIC and (after.id, after.candidate) not in self._proved:
                self.broken(f"{after.step} was reached though {after.candidate} never passed sync_gate")

    def performed(self, effect: EffectMade) -> None:
        action = effect.action
        if not isinstance(action, PointRecord) or action.record not in self.facts.fleet.live_records:
            return
        slot = self.facts.fleet.slot(action.slot)
        if action.address != slot.address:
            self.broken(f"{action.record.fqdn} was pointed at {action.address}, which is not {slot.name}")
        newest = self._newest.get(action.record.fqdn, 0)
        if effect.epoch < newest:
            self.broken(f"a write of epoch {effect.epoch} landed after one of epoch {newest}")
        self._newest[action.record.fqdn] = effect.epoch
        self._good_target(action, effect)

    def _good_target(self, action: PointRecord, effect: EffectMade) -> None:
        if effect.epoch not in self.facts.states:
            self.broken(f"a write of epoch {effect.epoch} was made, which nobody has claimed")
        rollout = self.facts.states[effect.epoch].rollout
        assert rollout is not None, "a live record is written by a rollout"
        if action.slot == rollout.safe:
            self._can_take_it(action, rollout)
            return
        if (rollout.id, action.slot) not in self._proved:
            self.broken(f"{action.slot} was given traffic without having been seen healthy")
        if rollout.stage is Stage.ROLLBACK or rollout.outcome is not None:
            self.broken(f"a rollback points at {action.slot}, the safe slot is {rollout.safe}")
        if not self.facts.world.clusters.runs(self.facts.fleet.slot(action.slot).cluster_id, effect.at):
            self.broken(f"{action.slot} was given traffic while its cluster does not run")

    def _can_take_it(self, action: PointRecord, rollout: Rollout) -> None:
        """Nobody is sent from a cluster that runs to one that was seen to be gone."""
        lost_at = self.facts.lost_slots.get(action.slot)
        if lost_at is None or self.facts.points_at(action.record) != rollout.candidate:
            return
        known = (self.facts.scheduler.now() - lost_at).total_seconds() > TIMEOUT_SECONDS
        candidate = self.facts.fleet.slot(rollout.candidate).cluster_id
        if known and self.facts.is_lost(action.slot) and self.facts.runs(candidate):
            self.broken(f"users of {rollout.candidate} were sent to {action.slot}, which has been lost")


class NothingPreciousDestroyed(Checker):
    """No cluster is stopped or deleted that serves, that is the safe slot, or before the bake passed."""

    invariant = "3"

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._moved_at: dict[Record, float] = {}
        self._waived: set[str] = set()

    def performed(self, effect: EffectMade) -> None:
        action = effect.action
        seconds = self.facts.scheduler.seconds
        if isinstance(action, PointRecord) and self.facts.state.rollout is not None:
            if action.slot == self.facts.state.rollout.candidate:
                self._moved_at.setdefault(action.record, seconds)
            else:
                self._moved_at.pop(action.record, None)
        if isinstance(action, DestroyCluster | StopCluster):
            self._is_worthless(effect, action)

    def claimed(self, claim: ClaimMade) -> None:
        if claim.decision.plan is not None:
            self._moved_at.clear()
        if claim.before is not None and "a person promoted it" in claim.decision.because:
            self._waived.add(claim.before.id)  # a person may cut a bake short

    def _is_worthless(self, effect: EffectMade, action: DestroyCluster | StopCluster) -> None:
        facts, what = self.facts, type(action).__name__
        if self._meddled_just_now():
            return
        for record in facts.fleet.live_records:
            if facts.points_at(record) == action.slot:
                self.broken(f"{what} of {action.slot}, where {record.fqdn} points")
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
        since = max(self._moved_at.get(record, 1e12) for record in plan.live_records)
        baked = self.facts.scheduler.seconds - since
        wanted = plan.policy.bake_seconds + plan.policy.observe_seconds + plan.policy.propagation_seconds
        if baked < wanted:
            self.broken(f"{what} of the old cluster {baked:.0f} s after the switch, before {wanted} s")

    def _meddled_just_now(self) -> bool:
        at = self.facts.meddled_at
        return at is not None and (self.facts.scheduler.now() - at).total_seconds() < TIMEOUT_SECONDS


class SettledAgree(Checker):
    """When all has settled, the row and the world say the same."""

    invariant = "4"

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._turned_at_epoch = 0
        self._ttl_given_up = False

    def claimed(self, claim: ClaimMade) -> None:
        before, after = claim.before, claim.after
        if after is not None and after.stage is Stage.ROLLBACK and after.outcome is None:
            turned = before is None or before.stage is not Stage.ROLLBACK or before.outcome is not None
            if turned:
                self._turned_at_epoch = claim.decision.state.epoch
        if not claim.stays or before is None or after is None:
            return
        if claim.decision.step in ("divert", "prove") and after.step != claim.decision.step:
            self._own_write(after)
        if "restore_ttl ran into its deadline" in claim.decision.because:
            self._ttl_given_up = True
        undisturbed = self.facts.meddled_at is None
        if after.outcome is Outcome.ROLLED_BACK and undisturbed:
            share = self.facts.world.traffic.mix(claim.at).get(after.safe, 0.0)
            if share < 0.95:
                self.broken(f"rolled_back while {after.safe}, the safe slot, serves {share:.0%} of the users")
        if after.outcome is Outcome.STOPPED and after.shifted:
            self.broken("a rollout that moved traffic ended stopped")

    def _own_write(self, after: Rollout) -> None:
        if self.facts.meddled_at is not None or after.outcome is not None:
            return
        for record in self.facts.fleet.live_records:
            found = self.facts.record(record)
            epoch = int(found.metadata.get("switchyard_epoch", "0")) if found is not None else 0
            if self.facts.points_at(record) != after.safe or epoch < self._turned_at_epoch:
                self.broken(
                    f"the rollback of epoch {self._turned_at_epoch} goes on to {after.step}, "
                    f"but {record.fqdn} carries a write of epoch {epoch}"
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
        for record in self.facts.fleet.live_records:
            self._agrees(record, rollout)

    def _agrees(self, record: Record, rollout: Rollout) -> None:
        found = self.facts.record(record)
        assert found is not None, "nobody deletes a record here"
        if self.facts.meddled_at is not None and not self._repaired(rollout):
            return
        stranded = rollout.outcome is Outcome.ROLLBACK_FAILED and self.facts.is_lost(rollout.safe)
        if self.facts.points_at(record) != rollout.safe and not stranded:
            self.broken(
                f"{record.fqdn} points at {', '.join(found.targets)}, the safe slot is {rollout.safe}"
            )
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
