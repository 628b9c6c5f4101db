"""Invariants 5, 11 and 12, and the outbox: what one batch may hold, and what all of them add up to."""

from __future__ import annotations

from collections import Counter

import stages
from shared.model import Rollout
from shared.ports import OutboxEntry
from shared.store import rows
from shared.store.audit import verify
from tests.sim.checkers.base import Checker
from tests.sim.facts import ClaimMade, Ending


class OneAtATime(Checker):
    """One rollout per fleet, and one decision per epoch."""

    invariant = "5"

    def claimed(self, claim: ClaimMade) -> None:
        known, state = self.facts.state, claim.decision.state
        if state.epoch != known.epoch + 1:
            self.broken(f"epoch {state.epoch} was claimed after epoch {known.epoch}")
        if claim.row.state != known:
            self.broken(f"epoch {state.epoch} was decided on a state that is not the stored one")
        old, new = known.rollout, state.rollout
        if old is not None and (new is None or new.id != old.id) and old.outcome is None:
            self.broken(f"a rollout started while {old.id} was in flight")
        if state.rollouts - known.rollouts != int(old is None or new is None or new.id != old.id) and new:
            self.broken(f"{new.id} is rollout number {state.rollouts}")

    def ended(self, ending: Ending) -> None:
        ids = Counter(rollout.id for rollout in ending.rollouts)
        flying = [rollout.id for rollout in ending.rollouts if rollout.outcome is None]
        if ids and max(ids.values()) > 1:
            self.broken(f"two rollouts share an id: {ids}")
        if len(flying) > 1:
            self.broken(f"more than one rollout is in flight: {', '.join(flying)}")


class AuditReplays(Checker):
    """The trail alone gives the stored state, and nobody can change it unseen."""

    invariant = "11"

    def ended(self, ending: Ending) -> None:
        stored = ending.state if ending.state.epoch else None
        problems = verify(ending.audit, stored)
        if problems:
            self.broken("; ".join(problems))
        for entry in ending.audit:
            if not entry.because or not entry.who:
                self.broken(f"epoch {entry.epoch} does not say who moved it, or because of what")


class PlanPinned(Checker):
    """A rollout in flight is decided by the plan that it started with, whatever the file says now."""

    invariant = "12"

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._alike: tuple[object, object, object] = None, None, None

    def claimed(self, claim: ClaimMade) -> None:
        before = claim.before
        pins = rows.PLAN_KEY in claim.keys
        in_flight = before is not None and before.outcome is None
        if pins and in_flight:
            self.broken("a plan was pinned while a rollout was in flight")
        if not in_flight:
            return
        if claim.row.plan is None:
            self.broken("a rollout is in flight without a plan")
        compared = claim.row.plan, self.facts.plan, claim.row.fleet
        known = self._alike
        if compared[0] is known[0] and compared[1] is known[1] and compared[2] is known[2]:
            return
        if claim.row.plan != self.facts.plan:
            self.broken("the plan of a rollout in flight has changed")
        if claim.row.fleet == claim.row.plan:
            self._alike = compared
        else:
            pinned = stages.decide(claim.row.plan, claim.row.plan, claim.row.state, claim.seen)
            if pinned != claim.decision:
                self.broken("an edit of the fleet's file changed what was decided")


class OneEvent(Checker):
    """Every transition is announced under an id of its own, once, and the topic gets it in the end."""

    invariant = "13 (outbox)"

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._owed: set[str] = set()
        self._taken: Counter[str] = Counter()

    def claimed(self, claim: ClaimMade) -> None:
        state = claim.decision.state
        owed = [key for key in claim.keys if key.startswith("o-")]
        moved = _place(claim.before) != _place(claim.after)
        if len(owed) != int(moved):
            self.broken(f"epoch {state.epoch} announces {len(owed)} events, it is {int(moved)} transitions")
        if state.rollout is not None and moved:
            self._owed.add(f"{claim.row.fleet.name}/{state.rollout.id}/{state.epoch}")

    def published(self, entry: OutboxEntry) -> None:
        name = str(entry.event["id"])
        self._taken[name] += 1
        if name not in self._owed:
            self.broken(f"{name} was published and never claimed")

    def ended(self, ending: Ending) -> None:
        missing = sorted(self._owed - set(self._taken))
        if missing or ending.owed:
            self.broken(f"never published: {', '.join(missing or [e.key for e in ending.owed])}")
        scenario, swarm = self.facts.scenario, self.facts.scenario.swarm
        slow = swarm.stall or swarm.zombie or swarm.doze
        stops = scenario.store_stops or scenario.blackout
        weather = self.facts.crashes or slow or stops or swarm.crash or swarm.lost or swarm.refused
        weather = weather or swarm.topic
        repeats = [name for name, times in self._taken.items() if times > 1]
        if repeats and not weather:
            self.broken(f"published more than once in fair weather: {', '.join(sorted(repeats))}")


def _place(rollout: Rollout | None) -> tuple[object, ...] | None:
    if rollout is None:
        return None
    held = (rollout.held.kind, rollout.held.since) if rollout.held else None
    return rollout.id, rollout.stage, rollout.step, rollout.outcome, held
