"""The error budget: may a rollout begin, and how many users may each step of its switch put at risk at once?

Decides by the objectives (`slo`) among the gates that judge users. Each is asked once more on the live slot,
over its whole period, and on the candidate since users are there. Refuses to know how a budget is reckoned
(`shared.gates.budget`).
Source: the SRE workbook, "Implementing SLOs" (what to do when the budget is spent) and "Canarying Releases".
"""

from __future__ import annotations

import math
from datetime import datetime

import msgspec

from shared.decision import Seen
from shared.fleet import Fleet, Gate, Target
from shared.gate_rules import Objective
from shared.gates.budget import Budget, budget, exposure_max
from shared.gates.burning import noticed_seconds
from shared.gates.measuring import declared
from shared.gates.steps import objectives
from shared.levers import SlotName
from shared.model import Judgement, Rollout, Verdict
from shared.probes import GateReading, Probe, Reading
from stages.levers import bound_seconds
from stages.looking import seen_as, unavailable
from stages.step import Move, fail, hold, judged, wait
from stages.verdicts import unseen


def budget_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    """The live slot's share of bad events over the period of each objective."""
    return frozenset(GateReading(_whole(gate), rollout.live) for gate, _ in objectives(fleet))


def spent(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move | tuple[Judgement, ...]:
    """Why the rollout may not begin yet, or not at all; else the evidence that something is left."""
    looked = _looked(fleet, rollout, seen)
    if isinstance(looked, Move):
        return looked
    judgements = tuple(_judgement(gate, rollout.live, found, seen.now) for gate, _, found in looked)
    empty = next((each for each in judgements if each.verdict is Verdict.FAIL), None)
    if empty is None:
        return judgements
    return judged(fail(rollout, f"users can bear no change now: {empty.because}"), judgements)


def exposure_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    """What users had to bear: on the live slot over the period, and on the candidate since they came."""
    if not rollout.shifted:
        return budget_needs(fleet, rollout)
    probes = (_on_candidate(gate, rollout) for gate, _ in objectives(fleet))
    return budget_needs(fleet, rollout) | frozenset(probes)


def bounded(fleet: Fleet) -> bool:
    """Whether the fleet has an error budget that bounds how many users may be put at risk."""
    return bool(objectives(fleet))


def exposed(fleet: Fleet, rollout: Rollout, seen: Seen, percent: int) -> Move | tuple[Judgement, ...]:
    """Why the candidate may not take so much of the traffic, else the evidence that the budgets bear it.

    Where both slots have served users, what either did to them counts: their samples are one history. By
    their requests, where the source knows them; else a minute of the candidate's weighs as much as one of
    live's, which is more than its users are.
    """
    looked = _looked(fleet, rollout, seen)
    if isinstance(looked, Move):
        return looked
    share = percent / 100
    judgements = []
    for gate, rule, found in looked:
        most = exposure_max(rule, found, _detection_seconds(fleet, rollout, gate))
        if share > most.share_max:
            because = f"{gate.name}: the switch would put {share:.0%} of the users at risk at once"
            return hold(rollout, f"{because}, and {most.because}")
        judgements.append(
            Judgement(
                gate=f"{gate.name} exposure",
                slot=rollout.candidate,
                verdict=Verdict.PASS,
                because=f"{gate.name}: {share:.0%} of the users may be at risk at once: {most.because}",
                at=seen.now,
                value=share,
                limit=most.share_max,
                limits=declared(gate),
                source=gate.query,
            )
        )
    return tuple(judgements)


def _looked(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move | list[tuple[Gate, Objective, Budget]]:
    unread = unavailable(seen, exposure_needs(fleet, rollout))
    if unread is not None:
        return unseen(rollout, f"the error budget could not be read: {unread}")
    looked = []
    for gate, rule in objectives(fleet):
        found = _left(gate, rule, rollout, seen)
        if found is None:
            because = f"{gate.name}: nothing is known of the error budget, and silence is no evidence"
            return wait(rollout, because, failures=0)
        looked.append((gate, rule, found))
    return looked


def _left(gate: Gate, rule: Objective, rollout: Rollout, seen: Seen) -> Budget | None:
    live = seen_as(seen, GateReading(_whole(gate), rollout.live), Reading)
    if live is None:
        return None
    candidate = seen_as(seen, _on_candidate(gate, rollout), Reading) if rollout.shifted else None
    # A query that names no slot has told of all users already.
    twice = candidate is not None and gate.target is Target.RESOURCE and candidate.source == live.source
    more = candidate.samples if candidate is not None and not twice else ()
    return budget(rule, (*live.samples, *more), live.until)


def _on_candidate(gate: Gate, rollout: Rollout) -> GateReading:
    return GateReading(_whole(gate), rollout.candidate, rollout.came_at or rollout.entered_at)


def _whole(gate: Gate) -> Gate:
    """The gate over its objective's whole period."""
    assert gate.slo is not None, "the caller has chosen those with an objective"
    return msgspec.structs.replace(gate, window_seconds=gate.slo.period_seconds)


def _judgement(gate: Gate, slot: SlotName, found: Budget, at: datetime) -> Judgement:
    # A period has tens of thousands of samples: the sentence tells what they came to.
    return Judgement(
        gate=f"{gate.name} budget",
        slot=slot,
        verdict=Verdict.FAIL if found.is_spent else Verdict.PASS,
        because=f"{gate.name} on {slot}: {found.because}",
        at=at,
        value=found.spent,
        limit=1.0,
        limits=declared(gate),
        source=gate.query,
    )


def _detection_seconds(fleet: Fleet, rollout: Rollout, gate: Gate) -> float:
    """From the first bad request until everybody is back: to be noticed, its delay, a look and the move."""
    back = max(bound_seconds(fleet, rollout, lever) for lever in fleet.levers)
    return _noticed_seconds(fleet, gate) + gate.ingestion_seconds + fleet.policy.poll_seconds + back


def _noticed_seconds(fleet: Fleet, gate: Gate) -> float:
    """How long the objective's alerts take on a candidate that fails everything, in whole minutes of samples.

    A full window where not each step that brings users asks for it: who notices then is not known here.
    """
    steps = (fleet.gates.switch, *(step.gates for step in fleet.shift.steps))
    if gate.slo is None or not all(any(each.name == gate.name for each in gates) for gates in steps):
        return gate.window_seconds
    minutes = math.ceil(noticed_seconds(gate.slo, gate.window_seconds) / 60) + 1
    return min(gate.window_seconds, 60 * max(gate.min_samples, minutes))
