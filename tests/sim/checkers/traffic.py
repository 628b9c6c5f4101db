"""Invariants 1 and 2: the way back comes first, and nobody is sent where nobody should be."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from shared.actions import Action, PointRecord, SetMatch, SetWeights
from shared.levers import SERIAL, THROUGH, Balancer, Member, Record, SlotName, SwitchKind
from shared.model import Outcome, Rollout, Signal, SignalKind, Stage
from shared.probes import BalancerSeen, BalancerState, ClusterSeen, ClusterState, RecordSeen, RecordState
from tests.sim.checkers.alarms import sends_back
from tests.sim.checkers.base import Checker
from tests.sim.facts import ClaimMade, EffectMade

_WITH_TRAFFIC = (Stage.SWITCH, Stage.RETIRE)
_TAGGED = (SwitchKind.FRONT_DOOR_CLASSIC, SwitchKind.APPLICATION_GATEWAY)
"""Balancers that can carry an epoch."""


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
        plan = self.facts.plan
        return plan is not None and sends_back(plan, rollout, signal)

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
        self._weighed(claim, before)

    def _weighed(self, claim: ClaimMade, before: Rollout) -> None:
        """Every balancer that may be told something is told it, whatever it looks like."""
        told = [each.balancer for each in claim.decision.actions if isinstance(each, SetWeights | SetMatch)]
        for probe, found in claim.seen.answers.items():
            if not isinstance(probe, BalancerState) or not isinstance(found, BalancerSeen):
                continue
            waits = _queues(probe.balancer, found, before, claim.seen.now)
            if probe.balancer not in told and not waits:
                self.broken(f"the rollback of {before.step} has no order for {probe.balancer.label}")

    def _stays_back(self, claim: ClaimMade, before: Rollout, after: Rollout) -> None:
        if after.stage is not Stage.ROLLBACK:
            self.broken(f"a rollback went forward again, to {after.stage} {after.step}")
        if after.outcome is None and after.held is not None:
            self.broken(f"a rollback is held: {after.held.because}")
        if after.outcome in (Outcome.COMPLETED,):
            self.broken("a rollback ended completed")


class LeversSendWell(Checker):
    """A lever only ever sends users to the safe slot, or to one that was seen healthy."""

    invariant = "2"

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._proved: set[tuple[str, str]] = set()
        self._newest: dict[str, int] = {}
        fleet = self.facts.fleet
        self._records = {*fleet.live_records, *(r for balancer in fleet.balancers for r in balancer.beneath)}

    def claimed(self, claim: ClaimMade) -> None:
        before, after = claim.before, claim.after
        if claim.stays and before is not None and after is not None:
            if before.step == "sync_gate" and after.step != "sync_gate" and after.stage is not Stage.ROLLBACK:
                self._proved.add((before.id, before.candidate))
            if after.stage in _WITH_TRAFFIC and (after.id, after.candidate) not in self._proved:
                self.broken(f"{after.step} was reached though {after.candidate} never passed sync_gate")
        self._into_nothing(claim)

    def _into_nothing(self, claim: ClaimMade) -> None:
        """Nobody is ordered from a cluster that runs to one that was seen to be gone, and is.

        It is judged by where users are before the order is carried out. Whom somebody else has sent to the
        candidate, before this rollout moved anybody, nobody has looked for.
        """
        rollout, facts = claim.after, self.facts
        if rollout is None or rollout.safe_lost is None or not rollout.shifted:
            return
        candidate = facts.fleet.slot(rollout.candidate).cluster_id
        if not facts.is_lost(rollout.safe) or not facts.runs(candidate):
            return
        # A rollback's write waits for no read: what cannot be looked at just then may well be back.
        looked = isinstance(claim.seen.answers.get(ClusterState(rollout.safe)), ClusterSeen)
        if rollout.outcome is None and not looked:
            return
        told = (_all_to(action, rollout.safe) for action in claim.decision.actions)
        levers = (
            lever for lever in told if lever in (*facts.fleet.live_records, *facts.fleet.every_balancer)
        )
        if any(facts.sends(lever) == {rollout.candidate} for lever in levers):
            lost = f"{rollout.safe}, which {rollout.safe_lost}"
            self.broken(f"users of {rollout.candidate} are ordered to {lost}")

    def performed(self, effect: EffectMade) -> None:
        action = effect.action
        if isinstance(action, PointRecord) and action.record in self._records:
            self._pointed(action, effect)
        elif isinstance(action, SetWeights):
            if action.balancer.kind in _TAGGED:
                self._in_turn(action.balancer.label, effect)
            for slot in self.facts.fleet.slots:
                if action.weights.get(slot.name):
                    self._good_target(slot.name, effect)
            if action.weights.get(THROUGH):
                self._good_passage(action.balancer, effect)
        elif isinstance(action, SetMatch) and action.slot is not None:
            self._good_target(action.slot, effect)

    def _pointed(self, action: PointRecord, effect: EffectMade) -> None:
        slot = self.facts.fleet.slot(action.slot)
        if action.address != slot.address:
            self.broken(f"{action.record.fqdn} was pointed at {action.address}, which is not {slot.name}")
        self._in_turn(action.record.fqdn, effect)
        above = _above(self.facts.fleet.balancers, action.record)
        rollout = self._claimed(effect)
        users = rollout.safe if rollout.rollback_because else rollout.candidate
        if above is None or action.slot == users:
            self._good_target(action.slot, effect)
        else:
            self._put_back(*above, action, users)

    def _put_back(self, balancer: Balancer, member: Member, action: PointRecord, users: SlotName) -> None:
        """A record beneath goes back to its own slot once nobody comes by it any more."""
        if action.slot != member.slot:
            self.broken(f"{action.record.fqdn}, beneath {member.name}, was pointed at {action.slot}")
        if member.slot in self.facts.meets(balancer) and self.facts.meddled_at is None:
            self.broken(f"{action.record.fqdn} left {users} while {balancer.label} sends users by it")

    def _good_passage(self, balancer: Balancer, effect: EffectMade) -> None:
        """Nobody is passed on to the record before it leads where users are."""
        rollout = self._claimed(effect)
        users = rollout.safe if rollout.rollback_because else rollout.candidate
        now = self.facts.rollout
        led = self.facts.led({THROUGH})
        if not led <= {users, now.safe if now is not None else users}:
            self.broken(f"{balancer.label} passes users of {users} on to {', '.join(sorted(led))}")

    def _in_turn(self, label: str, effect: EffectMade) -> None:
        newest = self._newest.get(label, 0)
        if effect.epoch < newest:
            self.broken(f"a write of epoch {effect.epoch} landed after one of epoch {newest}")
        self._newest[label] = effect.epoch

    def _claimed(self, effect: EffectMade) -> Rollout:
        """The rollout as it was when the order was claimed."""
        if effect.epoch not in self.facts.states:
            self.broken(f"a write of epoch {effect.epoch} was made, which nobody has claimed")
        rollout = self.facts.states[effect.epoch].rollout
        assert rollout is not None, "a lever is moved by a rollout"
        return rollout

    def _good_target(self, slot: SlotName, effect: EffectMade) -> None:
        rollout = self._claimed(effect)
        if slot == rollout.safe:
            return
        if (rollout.id, slot) not in self._proved:
            self.broken(f"{slot} was given traffic without having been seen healthy")
        if rollout.stage is Stage.ROLLBACK or rollout.outcome is not None:
            self.broken(f"a rollback points at {slot}, the safe slot is {rollout.safe}")
        if not self.facts.world.clusters.runs(self.facts.fleet.slot(slot).cluster_id, effect.at):
            self.broken(f"{slot} was given traffic while its cluster does not run")


class OneChangeAtATime(Checker):
    """A service that deploys one change at a time is given no second one: it would queue behind the first."""

    invariant = "2"

    def claimed(self, claim: ClaimMade) -> None:
        told = Counter(
            each.balancer
            for each in claim.decision.actions
            if isinstance(each, SetWeights | SetMatch) and each.balancer.kind in SERIAL
        )
        for balancer, times in told.items():
            found = claim.seen.answers.get(BalancerState(balancer))
            queues = isinstance(found, BalancerSeen) and _queues(
                balancer, found, claim.before, claim.seen.now
            )
            if queues or times > 1:
                self.broken(f"{balancer.label} was given a change while another is under way")


def _queues(balancer: Balancer, found: BalancerSeen, before: Rollout | None, now: datetime) -> bool:
    """Whether another change would queue behind the last one, by its word or by the time that it takes."""
    if balancer.kind not in SERIAL or found.unsettled:
        return bool(found.unsettled) and balancer.kind in SERIAL
    last = before.ordered_at.get(balancer.label) if before is not None and found.untold else None
    return last is not None and now < last + timedelta(seconds=balancer.propagation_seconds)


def _all_to(action: Action, slot: SlotName) -> Record | Balancer | None:
    """The lever that this action has send everybody to a slot, None where it has none do so."""
    if isinstance(action, PointRecord) and action.slot == slot:
        return action.record
    return action.balancer if isinstance(action, SetWeights) and action.weights.get(slot) == 100 else None


def _above(balancers: tuple[Balancer, ...], record: Record) -> tuple[Balancer, Member] | None:
    """The balancer and its member that a record is beneath of."""
    found = ((b, member) for b in balancers for member in b.members if member.beneath == record)
    return next(found, None)
