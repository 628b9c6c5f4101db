"""The error budget: may a rollout begin, and how many users may its switch put at risk at once?

Decides by the objectives (`slo`) among the gates that judge users. Each is asked once more on the live slot,
over its whole period. Refuses to know how a budget is reckoned (`shared.gates.budget`).
Source: the SRE workbook, "Implementing SLOs" (what to do when the budget is spent) and "Canarying Releases".
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from shared.decision import Seen
from shared.fleet import Fleet, Gate
from shared.gate_rules import Objective
from shared.gates.budget import Budget, budget, exposure_max
from shared.levers import SlotName
from shared.model import Judgement, Rollout, Verdict
from shared.probes import GateReading, Probe, Reading
from stages.levers import bound_seconds
from stages.looking import seen_as, unavailable
from stages.step import Move, fail, hold, judged, wait
from stages.verdicts import unseen

_ROUNDING = 1e-9
"""A budget that is spent to the last request leaves such a rest in binary fractions."""


def budget_needs(fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    """The live slot's share of bad events over the period of each objective."""
    return frozenset(GateReading(_whole(gate), rollout.live) for gate, _ in _objectives(fleet))


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


def exposed(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move | None:
    """Why the switch's first step would put more users at risk than the budgets allow."""
    looked = _looked(fleet, rollout, seen)
    if isinstance(looked, Move):
        return looked
    share = fleet.shift.steps[0].weight / 100 if fleet.shift.steps else 1.0
    for gate, rule, found in looked:
        most = exposure_max(rule, found, _detection_seconds(fleet, rollout, gate))
        if share > most.share_max:
            because = f"{gate.name}: the switch would put {share:.0%} of the users at risk at once"
            return hold(rollout, f"{because}, and {most.because}")
    return None


def _looked(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move | list[tuple[Gate, Objective, Budget]]:
    unread = unavailable(seen, budget_needs(fleet, rollout))
    if unread is not None:
        return unseen(rollout, f"the error budget could not be read: {unread}")
    looked = []
    for gate, rule in _objectives(fleet):
        reading = seen_as(seen, GateReading(_whole(gate), rollout.live), Reading)
        found = budget(rule, reading.samples, reading.until) if reading is not None else None
        if found is None:
            because = f"{gate.name}: nothing is known of the error budget, and silence is no evidence"
            return wait(rollout, because, failures=0)
        looked.append((gate, rule, found))
    return looked


def _objectives(fleet: Fleet) -> list[tuple[Gate, Objective]]:
    """The gates with an objective, each once: what is asked in the switch may be asked in the bake again."""
    gates = {gate.name: gate for gate in (*fleet.gates.switch, *fleet.gates.bake) if not gate.dry_run}
    return [(gate, gate.slo) for gate in gates.values() if gate.slo is not None]


def _whole(gate: Gate) -> Gate:
    """The gate over its objective's whole period."""
    assert gate.slo is not None, "the caller has chosen those with an objective"
    return msgspec.structs.replace(gate, window_seconds=gate.slo.period_seconds)


def _judgement(gate: Gate, slot: SlotName, found: Budget, at: datetime) -> Judgement:
    # A period has tens of thousands of samples: the sentence tells what they came to.
    return Judgement(
        gate=f"{gate.name} budget",
        slot=slot,
        verdict=Verdict.FAIL if found.left <= _ROUNDING else Verdict.PASS,
        because=f"{gate.name} on {slot}: {found.because}",
        at=at,
        value=found.spent,
        limit=1.0,
        source=gate.query,
    )


def _detection_seconds(fleet: Fleet, rollout: Rollout, gate: Gate) -> float:
    """From the first bad request until everybody is back: a full window, its delay, a look and the move."""
    back = max(bound_seconds(fleet, rollout, lever) for lever in fleet.levers)
    return gate.window_seconds + gate.ingestion_seconds + fleet.policy.poll_seconds + back
