"""Invariant 10: no gate passes in silence, and none that passes is wrong about the world."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from sandbox.world.balancers import Change
from sandbox.world.zones import Written
from shared.actions import DestroyCluster
from shared.fleet import Fleet, Gate
from shared.levers import THROUGH, Balancer, Lever, Record
from shared.model import Judgement, Outcome, Rollout, Stage, Verdict
from stages.converging import users_since
from tests.sim.checkers.base import Checker
from tests.sim.checkers.ramping import reached_at
from tests.sim.facts import ClaimMade

_GATES = {
    "platform_gate": "platform",
    "sync_gate": "platform",
    "functional_tests": "functional",
    "load_test": "load",
    "recheck": "functional",
    "observe": "switch",
    "bake": "bake",
}
_WITH_USERS = ("observe", "bake", "destroy")
_POLLS_SECONDS = 180
_DATE = timedelta(seconds=2)
"""The store's whole seconds, by which a worker may think it earlier than it is."""


class NoPassWithoutEvidence(Checker):
    """A step with gates ends well only on samples, enough of them, of the right slot and time."""

    invariant = "10"

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._waived: set[str] = set()
        self._entered_at: dict[datetime, datetime] = {}

    def claimed(self, claim: ClaimMade) -> None:
        before, after = claim.before, claim.after
        if after is not None:
            # A step is entered by what was seen, or anew by a command, which was there before the look.
            again = before is not None and (before.stage, before.step) == (after.stage, after.step)
            self._entered_at.setdefault(after.entered_at, after.entered_at if again else claim.looked_at)
        self._judged(claim)

    def _judged(self, claim: ClaimMade) -> None:
        before, after, plan = claim.before, claim.after, claim.row.plan
        if not claim.stays or before is None or after is None or plan is None:
            return
        promoted = before.promoted or "promoted it" in claim.decision.because
        if promoted:
            self._waived.add(before.id)
        self._true_to_the_world(before, after, plan)
        onward = after.stage is not Stage.ROLLBACK and after.outcome is None and not promoted
        passed = onward and claim.decision.step in _GATES and after.step != claim.decision.step
        actions = claim.decision.actions
        destroys = actions and any(isinstance(a, DestroyCluster) and a.slot == before.live for a in actions)
        if passed:
            self._evident(claim, before, plan, getattr(plan.gates, _GATES[claim.decision.step]))
        elif destroys and not before.destroying and not before.promoted:
            self._evident(claim, before, plan, plan.gates.bake)

    def _evident(self, claim: ClaimMade, before: Rollout, plan: Fleet, gates: tuple[Gate, ...]) -> None:
        step = claim.decision.step
        asked = before.live if before.shadow else before.candidate
        found = [j for j in claim.decision.judgements if j.slot == asked]
        for gate in gates:
            of_gate = [judgement for judgement in found if judgement.gate == gate.name]
            if not of_gate:
                self.broken(f"{step} passed without a verdict of {gate.name}")
            self._sound(claim, before, plan, gate, of_gate[-1])

    def _sound(
        self, claim: ClaimMade, before: Rollout, plan: Fleet, gate: Gate, judgement: Judgement
    ) -> None:
        step = claim.decision.step
        if judgement.verdict is not Verdict.PASS:
            self.broken(f"{step} passed though {gate.name} says {judgement.verdict}")
        values = [s.value for s in judgement.samples if s.value is not None and math.isfinite(s.value)]
        if len(values) < gate.min_samples:
            self.broken(f"{step} passed on {len(values)} samples of {gate.name}")
        if gate.max_value is not None and max(values) > gate.max_value:
            self.broken(f"{step} passed on {max(values)} of {gate.name}")
        with_users = step in _WITH_USERS
        since = users_since(plan, before) if with_users else self._entered_at[before.entered_at] - _DATE
        oldest = min(sample.at for sample in judgement.samples)
        if oldest < since:
            self.broken(f"{step} passed on a sample of {oldest}, from before {since}")
        if before.shadow:
            return  # no lever has moved
        propagated = max(self._propagated_at(claim, plan, lever) for lever in plan.levers)
        age = (claim.at - oldest).total_seconds()
        if self._meddled_within(claim, age):
            return  # whoever moves a record there and back between two polls is seen by nobody
        # A record that came back from somebody else's hands is back since the poll before, at the latest.
        slack = _POLLS_SECONDS if self.facts.meddled_at is not None else 0
        if with_users and age > self.facts.scheduler.seconds - propagated + slack:
            self.broken(f"{step} passed on a sample of {oldest}, when users were not yet on the candidate")

    def _meddled_within(self, claim: ClaimMade, age_seconds: float) -> bool:
        at = self.facts.meddled_at
        return at is not None and (claim.at - at).total_seconds() < age_seconds + _POLLS_SECONDS

    def _propagated_at(self, claim: ClaimMade, plan: Fleet, lever: Lever) -> float:
        """When a lever's move to the candidate had reached its service, in seconds of the simulation."""
        rollout = claim.before
        assert rollout is not None, "asked of claims with a rollout only"
        if plan.above is not None:
            return self._led_at(claim, plan.above, plan)
        records = (lever,) if isinstance(lever, Record) else lever.beneath if rollout.beneath else ()
        if records:
            moved = max(self._moved_at(claim, record) for record in records)
            return moved + plan.policy.propagation_seconds
        assert isinstance(lever, Balancer), "a lever without records is a balancer"
        return reached_at(self.facts, lever, {rollout.candidate: 100})

    def _led_at(self, claim: ClaimMade, above: Balancer, plan: Fleet) -> float:
        """Since when the Front Door above and its record lead everybody to the candidate."""
        rollout, world = claim.before, self.facts.world
        assert rollout is not None, "asked of claims with a rollout only"
        follows = timedelta(seconds=plan.policy.propagation_seconds)
        pointed, weighed = world.zones.history(plan.live_records[0]), world.balancers.history(above)
        written: list[Written | Change] = sorted([*pointed, *weighed], key=lambda each: each.at)
        record, change = pointed[0], weighed[0]
        since: datetime | None = None
        for each in written:
            if isinstance(each, Change):
                change, reached = each, each.ends_at
            else:
                record, reached = each, each.at + follows
            taking = {m.slot for m in above.members if change.members[m.name].enabled}
            targets = record.now.targets if record.now is not None else ()
            there = targets == (rollout.addresses[rollout.candidate],)
            led = taking == {rollout.candidate} or (taking <= {rollout.candidate, THROUGH} and there)
            since = (since or reached) if led else None
        return (since - world.estate.started_at).total_seconds() if since is not None else math.inf

    def _moved_at(self, claim: ClaimMade, record: object) -> float:
        """When the record came to point at the candidate, in seconds of the simulation."""
        history = self.facts.world.zones.history(record)  # type: ignore[arg-type]
        before = claim.before
        assert before is not None, "asked of claims with a rollout only"
        address = before.addresses[before.candidate]
        at = claim.at
        for written in reversed(history):
            if written.now is None or address not in written.now.targets:
                break
            at = written.at
        return self.facts.scheduler.seconds - (claim.at - at).total_seconds()

    def _true_to_the_world(self, before: Rollout, after: Rollout, plan: Fleet) -> None:
        faults = self.facts.scenario.faults
        if before.shadow:
            return
        if before.candidate != self.facts.world.estate.candidate or before.id in self._waived:
            return
        if faults.bad_nodes and plan.gates.platform and after.stage in (Stage.SYNC, Stage.SWITCH):
            self.broken(f"{after.step} was reached with a candidate whose nodes are not ready")
        if faults.slow_burn and plan.gates.bake and after.outcome is Outcome.COMPLETED:
            self.broken("completed with a candidate that breaches its objectives")
