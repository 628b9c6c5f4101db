"""Decides what a finished rollout has to tell the scorecard. Refuses to know where its rows are kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from shared.gate_rules import Named
from shared.gates.judge import mean
from shared.gates.scorecard import Beside, Told
from shared.model import Judgement, Rollout, Stage, Verdict
from shared.ports import AuditEntry


def told(
    rollout: Rollout, entries: Sequence[AuditEntry], judgements: Sequence[Judgement], named: Named
) -> Told | None:
    """What a rollout tells, from its row, its audit rows and its verdicts. None: it is not over.

    The first users are ordered over by the claim whose change sets `rollout.shifted`. Verdicts until then
    are checks, for one turn may judge and order at the same instant; the others are measures. The last
    are by that claim too, or by the last one that sets `rollout.portion`: what a ramp holds before is the
    plan's time and not the switch's. That they have to go back is known by the first verdict `fail` on
    the candidate after the first order, at the latest by the claim whose change sets `rollout.stage` to
    `rollback`.
    """
    if rollout.outcome is None or rollout.ended_at is None:
        return None
    moved_at = _moved_at(rollout, entries)
    orders = _orders(entries, moved_at) if rollout.shifted else ()
    first = min(orders, default=None)
    ours = [judgement for judgement in judgements if judgement.slot == rollout.candidate]
    checked = [judgement for judgement in ours if first is None or judgement.at <= first]
    after = [judgement for judgement in ours if first is not None and judgement.at > first]
    last = {judgement.gate: judgement.verdict for judgement in checked if not judgement.dry_run}
    return Told(
        id=rollout.id,
        outcome=rollout.outcome,
        ended_at=rollout.ended_at,
        shifted=rollout.shifted,
        ordered_at=max(orders, default=None),
        moved_at=moved_at,
        failed_at=_failed_at(entries, after),
        restored_at=rollout.diverted_at,
        errors=_beside(rollout, named.errors, _highest(after, named.errors)),
        latency=_beside(rollout, named.latency, _highest(after, named.latency)),
        checks=len(last),
        checks_passed=sum(verdict is Verdict.PASS for verdict in last.values()),
        signals=len({judgement.gate for judgement in ours}),
        signals_seen=len({judgement.gate for judgement in ours if _has_value(judgement)}),
        sessions_lost=_highest(after, named.sessions),
        database_errors=_beside(rollout, named.database_errors, _overall(after, named.database_errors)),
        cost=_beside(rollout, named.cost, _overall(after, named.cost)),
    )


def _moved_at(rollout: Rollout, entries: Iterable[AuditEntry]) -> datetime | None:
    """When every live record was first seen at the candidate; a row forgets that where others moved one."""
    changes = (entry.change.get("rollout") for entry in entries)
    said = (change.get("moved_at") for change in changes if isinstance(change, dict))
    first = next((each for each in said if isinstance(each, str)), None)
    return rollout.moved_at if first is None else datetime.fromisoformat(first)


def _orders(entries: Iterable[AuditEntry], moved_at: datetime | None) -> tuple[datetime, ...]:
    # A null takes away what the rollout before had said.
    found = _changing(entries, lambda change: change.get("shifted") is True or bool(change.get("portion")))
    return tuple(at for at in found if moved_at is None or at <= moved_at)


def _failed_at(entries: Iterable[AuditEntry], after: Iterable[Judgement]) -> datetime | None:
    begun = min(_changing(entries, lambda change: change.get("stage") == Stage.ROLLBACK.value), default=None)
    if begun is None:
        return None
    failed = (judgement.at for judgement in after if judgement.verdict is Verdict.FAIL)
    return min((at for at in failed if at < begun), default=begun)


def _changing(
    entries: Iterable[AuditEntry], wanted: Callable[[dict[str, object]], bool]
) -> tuple[datetime, ...]:
    changes = ((entry.at, entry.change.get("rollout")) for entry in entries)
    return tuple(at for at, change in changes if isinstance(change, dict) and wanted(change))


def _has_value(judgement: Judgement) -> bool:
    return any(sample.value is not None and math.isfinite(sample.value) for sample in judgement.samples)


def _highest(judgements: Iterable[Judgement], gate: str) -> float | None:
    """The highest mean of a window, in the source's own unit: what a gate's rule weighs may be in another."""
    means = (mean(judgement.samples) for judgement in judgements if gate and judgement.gate == gate)
    return max((each for each in means if each is not None), default=None)


def _overall(judgements: Iterable[Judgement], gate: str) -> float | None:
    """The mean of all samples; several looks may have told the same one."""
    told = {s.at: s for judgement in judgements if gate and judgement.gate == gate for s in judgement.samples}
    return mean(told.values())


def _beside(rollout: Rollout, gate: str, value: float | None) -> Beside | None:
    baseline = rollout.baseline.get(gate)
    return None if value is None or baseline is None else Beside(value=value, baseline=baseline)
