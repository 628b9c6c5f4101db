"""Judges users on the candidate over a clean run of passing gates: the ramp, the observation and the bake.

Decides what each verdict does while users may be on the candidate. Refuses to know which of the three asks.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from shared.decision import Seen
from shared.fleet import Fleet, Gate
from shared.gates import advises
from shared.gates.figures import many, span
from shared.model import HoldKind, Judgement, Rollout, Stage, Verdict
from stages.looking import deciding, judged_on, passing
from stages.step import Move, advance, fail, hold, judged, wait

_SHORT_SECONDS = 120


def watch(
    fleet: Fleet,
    rollout: Rollout,
    seen: Seen,
    gates: tuple[Gate, ...],
    clean_seconds: int,
    since: datetime,
) -> Move:
    """Judge users on the candidate until the gates passed for `clean_seconds` on end; all else resets it.

    `since` is from when on metrics describe users on the candidate.
    """
    judgements, verdict, because = judged_on(
        fleet, gates, rollout.candidate, since, rollout, seen, clean_seconds
    )
    if verdict is Verdict.FAIL:
        return judged(fail(rollout, because), judgements)
    if verdict is not Verdict.PASS:
        bad = _second(rollout, gates, judgements, verdict)
        if bad is not None and seen.now >= _full(gates, since):
            return judged(fail(rollout, f"{because}, and {bad}: two signals speak against it"), judgements)
        return judged(_not_passing(rollout, seen, gates, verdict, because, since), judgements)
    clean_since = rollout.clean_since or seen.since
    clean = max(0.0, (seen.now - clean_since).total_seconds())
    if clean < clean_seconds:
        because = f"{passing(judgements)} for {_part(clean, clean_seconds)}"
        left = min(float(fleet.policy.poll_seconds), clean_seconds - clean)
        move = wait(rollout, because, wake_seconds=left, clean_since=clean_since, failures=0)
    else:
        passed = many(deciding(judgements), "gate", "gates")
        because = f"{passed} passed for {_length(clean_seconds)} with users on it"
        move = advance(rollout, because)
    return judged(move, judgements)


def _length(seconds: float) -> str:
    """In minutes, as they are told while they pass; what is shorter than two of them exactly."""
    return f"{seconds / 60:.0f} minutes" if seconds >= _SHORT_SECONDS else span(seconds)


def _part(clean: float, whole: int) -> str:
    if whole < _SHORT_SECONDS:
        return f"{clean:.0f} of {many(whole, 'second', 'seconds')}"
    return f"{clean / 60:.0f} of {_length(whole)}"


def _not_passing(
    rollout: Rollout, seen: Seen, gates: tuple[Gate, ...], verdict: Verdict, because: str, since: datetime
) -> Move:
    begun = msgspec.structs.replace(rollout, clean_since=None)
    if verdict is Verdict.INCONCLUSIVE:
        return hold(begun, because, HoldKind.GATE)
    failures = rollout.failures + 1 if verdict is Verdict.PROVIDER_ERROR else 0
    if seen.now < _full(gates, since):
        return wait(begun, f"the first full window is not over: {because}", failures=failures)
    return hold(begun, because, HoldKind.GATE, failures=failures)


def _first_seconds(gate: Gate) -> int:
    """How long a gate takes until it can have its first verdict."""
    delay = gate.schedule.initial_delay_seconds if gate.schedule is not None else 0
    interval = gate.schedule.interval_seconds * gate.min_samples if gate.schedule is not None else 0
    return delay + max(interval, gate.window_seconds) + gate.ingestion_seconds


def _full(gates: tuple[Gate, ...], since: datetime) -> datetime:
    """When every gate that decides has had its first full window."""
    deciding = (gate for gate in gates if not advises(gate))
    return since + timedelta(seconds=max(map(_first_seconds, deciding), default=0))


def _second(
    rollout: Rollout, gates: tuple[Gate, ...], judgements: tuple[Judgement, ...], verdict: Verdict
) -> str | None:
    """What a signal says that is bad beside one that has fallen silent, while traffic is switched.

    Either alone is no proof. It must be of another source or of another resource: one outage may well silence
    a gate and disturb its neighbour.
    """
    if rollout.stage is not Stage.SWITCH or verdict is not Verdict.NO_DATA:
        return None
    asked = {gate.name: (gate.source, gate.target) for gate in gates}
    said = [judgement for judgement in judgements if not judgement.dry_run]
    silent = {asked[each.gate] for each in said if each.verdict is Verdict.NO_DATA}
    return next((each.because for each in said if _bad(each) and asked[each.gate] not in silent), None)


def _bad(judgement: Judgement) -> bool:
    """Whether a value was seen beyond its limit, though not so often that it is a failure."""
    seen = judgement.value is not None and judgement.limit is not None
    return seen and judgement.verdict is Verdict.INCONCLUSIVE
