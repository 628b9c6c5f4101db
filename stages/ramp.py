"""T3, ramp: users come to the candidate step by step, by header or cookie first and then by weight.

Decides when a step of the shift's plan is over and which comes next; 100 % is `shift`'s. A step's window of
observation starts when its order was seen and has reached everybody: before that, metrics describe
the weight before it. Source: the AKS blue-green guide, "Alternatives": partial switches by percentage,
headers and cookies.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from shared.actions import LeverAction, SetMatch
from shared.decision import Seen
from shared.fleet import Fleet, MatchStep, WeightStep
from shared.levers import Lever, SlotName
from shared.model import Rollout
from shared.policy import DriftPolicy
from shared.probes import Probe, TrafficSeen, TrafficShare
from stages.budgeting import bounded, exposed, exposure_needs
from stages.levers import apart, first_elsewhere, levers, unsettled, weights_propagated_at
from stages.looking import readings, seen_as, unavailable
from stages.observing import watch
from stages.step import Move, Step, Verb, act, advance, judged, wait
from stages.verdicts import unseen
from stages.watching import moved_by_others
from stages.weighing import balancer_seen, holds, keeps_waiting, weigh

Portion = MatchStep | WeightStep

# Until a portion is in force again, nobody knows how many users are on the candidate.
_UNKNOWN: Any = {"weighed_at": None, "clean_since": None, "passed": False}


def portions(fleet: Fleet) -> tuple[Portion, ...]:
    """The plan of the shift before its last step: a canary by header or cookie first, weights after."""
    match = (fleet.shift.match,) if fleet.shift.match is not None else ()
    return (*match, *fleet.shift.steps)


def weights_of(rollout: Rollout, portion: Portion) -> dict[str, int]:
    """Percent by slot while that portion is in force."""
    share = portion.weight if isinstance(portion, WeightStep) else 0
    return {str(rollout.live): 100 - share, str(rollout.candidate): share}


def _present(fleet: Fleet, rollout: Rollout) -> Portion | None:
    plan = portions(fleet)
    return plan[rollout.portion] if rollout.portion < len(plan) else None


def _users_since(fleet: Fleet, rollout: Rollout) -> datetime | None:
    weighed = rollout.weighed_at
    return weights_propagated_at(fleet, weighed) if weighed is not None else None


def _needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    portion, since = _present(fleet, rollout), _users_since(fleet, rollout)
    if portion is None or since is None:
        return frozenset()
    share: frozenset[Probe] = frozenset({TrafficShare(since)} if isinstance(portion, WeightStep) else ())
    budgets = exposure_needs(fleet, rollout) if rollout.passed else frozenset()
    return readings(portion.gates, rollout.candidate, since, rollout) | share | budgets


def _ramp(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    portion = _present(fleet, rollout)
    if portion is None:
        return advance(rollout, "every step of the shift's plan is over")
    if rollout.promoted:
        return _next(rollout, f"a person promoted it: {_label(rollout, portion)}")
    drifted = first_elsewhere(fleet, rollout, rollout.live, seen) if not rollout.shifted else None
    if drifted is not None and fleet.policy.drift is DriftPolicy.HOLD:
        return moved_by_others(fleet, rollout, drifted, seen)
    if rollout.weighed_at is None:
        return _order(fleet, rollout, portion, seen)
    failed = _failed(fleet, seen)
    if failed is not None:
        return wait(rollout, f"{failed}: it is ordered again", wake_seconds=0, **_UNKNOWN)
    found = apart(fleet, rollout, weights_of(rollout, portion), seen)
    if found is not None:
        return _moved_away(fleet, rollout, found, seen)
    return _watch(fleet, rollout, portion, seen)


def _order(fleet: Fleet, rollout: Rollout, portion: Portion, seen: Seen) -> Move:
    """Order the portion until every balancer is seen to have it."""
    unread = unavailable(seen, levers(fleet, rollout))
    if unread is not None:
        return unseen(rollout, f"a lever could not be read: {unread}")
    if rollout.shifted and _told(fleet, rollout, portion, seen):
        sentence = f"{_label(rollout, portion)}: every balancer was told"
        return wait(rollout, sentence, wake_seconds=0, weighed_at=seen.since, failures=0)
    ordered: list[LeverAction] = []
    weights = weights_of(rollout, portion)
    by_weight = isinstance(portion, WeightStep) or apart(fleet, rollout, weights, seen) is not None
    for balancer in fleet.balancers:
        if by_weight:
            ordered += weigh(rollout, balancer, weights, seen)
        elif isinstance(portion, MatchStep) and not keeps_waiting(rollout, balancer, seen):
            ordered.append(SetMatch(balancer, portion.match, rollout.candidate))
    if not ordered:
        return wait(rollout, unsettled(fleet, rollout, seen) or _label(rollout, portion), failures=0)
    pace = 0 if _failed(fleet, seen) is None else fleet.policy.poll_seconds
    came_at = rollout.came_at or (seen.now if bounded(fleet) else None)
    return act(rollout, _label(rollout, portion), *ordered, wake_seconds=pace, shifted=True, came_at=came_at)


def _failed(fleet: Fleet, seen: Seen) -> str | None:
    """The sentence about a balancer whose last change failed, None if there is none."""
    found = (balancer_seen(seen, balancer) for balancer in fleet.balancers)
    return next((each.unsettled for each in found if each is not None and each.failed), None)


def _told(fleet: Fleet, rollout: Rollout, portion: Portion, seen: Seen) -> bool:
    weights = weights_of(rollout, portion)
    if isinstance(portion, WeightStep):
        return all(holds(rollout, balancer, weights, seen) for balancer in fleet.balancers)
    found = [balancer_seen(seen, balancer) for balancer in fleet.balancers]
    matched = all(
        each is not None and each.matched == rollout.candidate and not each.unsettled for each in found
    )
    return matched and apart(fleet, rollout, weights, seen) is None


def _moved_away(fleet: Fleet, rollout: Rollout, found: tuple[Lever, str], seen: Seen) -> Move:
    rollout = msgspec.structs.replace(rollout, **_UNKNOWN)
    if fleet.policy.drift is DriftPolicy.REPAIR:
        because = f"{found[1]}: somebody else moved it, it is put back"
        return wait(rollout, because, wake_seconds=0)
    return moved_by_others(fleet, rollout, found, seen)


def _watch(fleet: Fleet, rollout: Rollout, portion: Portion, seen: Seen) -> Move:
    since = _users_since(fleet, rollout)
    assert since is not None, "the portion was seen in force"
    if seen.now < since:
        left = (since - seen.now).total_seconds()
        return wait(rollout, f"{_label(rollout, portion)}: it is reaching everybody", wake_seconds=left)
    under_way = unsettled(fleet, rollout, seen)
    if under_way is not None:
        return wait(rollout, under_way, failures=0)
    measured = _measured(rollout, portion, since, seen)
    if isinstance(measured, Move):
        return measured
    move = watch(fleet, rollout, seen, portion.gates, portion.hold_seconds, since)
    if move.verb is not Verb.ADVANCE:
        return msgspec.structs.replace(move, rollout=msgspec.structs.replace(move.rollout, passed=False))
    on = _onward(fleet, move.rollout, f"{measured}: {move.because}", seen)
    return judged(on, (*move.judgements, *on.judgements))


def _onward(fleet: Fleet, rollout: Rollout, because: str, seen: Seen) -> Move:
    """On to the next step of the plan, if the error budgets bear it: each is asked before its order."""
    if not bounded(fleet):
        return _next(rollout, because)
    if not rollout.passed:
        return wait(rollout, f"{because}; asks what is left to bear more", wake_seconds=0, passed=True)
    found = exposed(fleet, rollout, seen, _percent(fleet, rollout.portion + 1))
    return found if isinstance(found, Move) else judged(_next(rollout, because), found)


def _percent(fleet: Fleet, place: int) -> int:
    """The candidate's share at that portion; how many users a match sends, nobody knows."""
    weights = (each.weight for each in portions(fleet)[place:] if isinstance(each, WeightStep))
    return next(weights, 100)


def first_percent(fleet: Fleet) -> int:
    """The candidate's share of the traffic in the switch's first step."""
    return _percent(fleet, 0)


def _measured(rollout: Rollout, portion: Portion, since: datetime, seen: Seen) -> Move | str:
    """What the gateways say of the share, or the move where they say that nobody came."""
    if isinstance(portion, MatchStep):
        return f"{rollout.candidate} serves {portion.match.label}"
    probe = TrafficShare(since)
    found = seen_as(seen, probe, TrafficSeen)
    if found is None:
        return unseen(rollout, f"the share could not be measured: {unavailable(seen, [probe])}")
    total, here = sum(found.requests.values()), found.requests.get(rollout.candidate, 0.0)
    if not here:
        return wait(rollout, f"no request has been measured on {rollout.candidate} yet", failures=0)
    return f"{rollout.candidate} serves {here / total:.1%} of the requests at {portion.weight} %"


def _next(rollout: Rollout, because: str) -> Move:
    # Not a wait: a promoted step that waits is left, and what is left here is this portion alone.
    return act(
        rollout,
        because,
        portion=rollout.portion + 1,
        weighed_at=None,
        clean_since=None,
        promoted=False,
        passed=False,
        held=None,
        failures=0,
    )


def _label(rollout: Rollout, portion: Portion) -> str:
    slot: SlotName = rollout.candidate
    if isinstance(portion, MatchStep):
        return f"sends {portion.match.label} to {slot}"
    return f"sends {portion.weight} % to {slot}"


def _lasts(fleet: Fleet) -> int:
    changes = sum(balancer.propagation_seconds + balancer.ttl_seconds for balancer in fleet.balancers)
    # A service that deploys one change at a time is told of each member by itself.
    return sum(portion.hold_seconds + 3 * changes for portion in portions(fleet))


STEP = Step(
    "ramp",
    _ramp,
    _needs,
    applies=lambda fleet, _: bool(portions(fleet)),
    deadline_seconds=6 * 3600,
    at_deadline=Verb.HOLD,
    lasts=_lasts,
    promotable=True,
)
