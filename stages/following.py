"""T0, follow: a ring waits for the one before, which gets the version first.

Decides when the ring before has kept a version for long enough. Each ring is a fleet with slots, levers and a
way back of its own: one that goes back keeps those after it from beginning, and moves nobody else.
Source: the AKS blue-green guide, "Alternatives": ring-based deployments.
"""

from __future__ import annotations

from datetime import timedelta

from shared.decision import Seen
from shared.fleet import Fleet, Ring
from shared.gates import combine, judge
from shared.model import Judgement, Outcome, Rollout, Verdict
from shared.probes import Probe
from shared.ring_probes import RingReading, RingSeen, RingState
from stages.looking import seen_as, unavailable
from stages.shadow import not_asked
from stages.step import Move, Step, Verb, advance, fail, judged, wait
from stages.verdicts import before_switch, unseen
from stages.versions import newer

_WAKE_SECONDS = 300


def _ring(fleet: Fleet) -> Ring:
    assert fleet.ring is not None, "the step applies only where the fleet declares a ring before it"
    return fleet.ring


def _needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    ring = _ring(fleet)
    state: frozenset[Probe] = frozenset({RingState(ring.after, rollout.shadow)})
    if rollout.ring_since is None:
        return state
    return state | frozenset(RingReading(ring.after, gate, rollout.ring_since) for gate in ring.gates)


def _follow(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    ring = _ring(fleet)
    before = RingState(ring.after, rollout.shadow)
    found = seen_as(seen, before, RingSeen)
    if found is None:
        because = unavailable(seen, [before])
        return unseen(rollout, f"the ring before could not be read: {because}")
    refused = _refused(ring, rollout, found)
    if refused is not None:
        return fail(rollout, refused)
    if not _kept(rollout, found) or found.ended_at is None:
        doing = found.because or "it has not begun with anything yet"
        because = f"{ring.after} comes first with {rollout.version}: {doing}"
        return wait(rollout, because, wake_seconds=_WAKE_SECONDS, failures=0, ring_since=None)
    if rollout.ring_since != found.ended_at:
        because = f"{ring.after} has completed {found.version}: it is watched there"
        return wait(rollout, because, wake_seconds=0, failures=0, ring_since=found.ended_at)
    return _held(rollout, ring, found, seen)


def _refused(ring: Ring, rollout: Rollout, found: RingSeen) -> str | None:
    """Why the version is not for this ring either, None where nothing speaks against it."""
    held = found.held.get(rollout.version)
    if held is not None:
        return f"{ring.after}, which comes first, did not keep {rollout.version}: {held}"
    return None


def _kept(rollout: Rollout, found: RingSeen) -> bool:
    """Whether the newest thing that the ring before completed is that version, or one after it."""
    completed = found.outcome is Outcome.COMPLETED and bool(found.version)
    return completed and not newer(rollout.version, found.version)


def _held(rollout: Rollout, ring: Ring, found: RingSeen, seen: Seen) -> Move:
    """Hold until the ring before has been well for as long as the plan asks."""
    assert found.ended_at is not None, "the caller has checked that it ended"
    judgements = _judged(ring, rollout, found, seen)
    verdict = combine(judgements)
    worst = next((each.because for each in judgements if each.verdict is verdict), "")
    if judgements and verdict is not Verdict.PASS:
        return judged(before_switch(rollout, verdict, f"on {ring.after}: {worst}", ""), judgements)
    left = (found.ended_at + timedelta(seconds=ring.hold_seconds) - seen.now).total_seconds()
    if left > 0:
        because = f"{ring.after} has been well on {found.version} so far: {left / 60:.0f} minutes to go"
        wake = min(left, _WAKE_SECONDS)
        return judged(wait(rollout, because, wake_seconds=wake, failures=0), judgements)
    passed = f"{ring.after} has been well on {found.version} for {ring.hold_seconds / 60:.0f} minutes"
    return judged(advance(rollout, passed, ring_since=None), judgements)


def _judged(ring: Ring, rollout: Rollout, found: RingSeen, seen: Seen) -> tuple[Judgement, ...]:
    since = rollout.ring_since
    assert since is not None, "the caller has noted since when the ring before is watched"
    return tuple(
        judge(gate, found.live, seen.answers.get(RingReading(ring.after, gate, since)), seen.now, None)
        for gate in ring.gates
        if not not_asked(rollout, gate)
    )


STEP = Step(
    "follow",
    _follow,
    _needs,
    applies=lambda fleet, _: fleet.ring is not None,
    deadline_seconds=30 * 24 * 3600,
    at_deadline=Verb.HOLD,
    promotable=True,
)
