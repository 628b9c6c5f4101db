"""Turns the checked rules of a gate into frozen values. Decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fleet_file.rule_models import AnomalyPart, ComparePart, ScoresPart, SloPart, TolerancePart
from shared.gate_rules import (
    BURNS,
    Anomaly,
    Burn,
    Comparison,
    Direction,
    Named,
    Objective,
    Schedule,
    Scores,
    Tolerance,
)

if TYPE_CHECKING:
    from shared.fleet_file.gate_models import GatePart, ScorecardPart


def schedule(part: GatePart) -> Schedule | None:
    """When the gate measures, None where it has no key for it."""
    made = Schedule(
        initial_delay_seconds=part.initial_delay or 0,
        interval_seconds=part.interval or 0,
        count=part.count or 0,
        consecutive_passes=part.consecutive_passes or 0,
    )
    return made if made != Schedule() else None


def tolerance(part: TolerancePart | None) -> Tolerance | None:
    """How many measurements may go wrong."""
    if part is None:
        return None
    return Tolerance(
        failures_max=part.failures,
        of=part.of or 0,
        consecutive_failures_max=part.consecutive_failures,
        inconclusives_max=part.inconclusives,
        consecutive_inconclusives_max=part.consecutive_inconclusives,
        errors_max=part.errors,
        consecutive_errors_max=part.consecutive_errors,
    )


def comparison(part: ComparePart | None) -> Comparison | None:
    """The comparison with the live slot."""
    if part is None:
        return None
    return Comparison(
        direction=Direction(part.direction),
        confidence=part.confidence,
        effect_max=part.effect_max,
        samples_min=part.min_samples,
    )


def objective(part: SloPart | None) -> Objective | None:
    """The objective, by default with the workbook's alerts that its period is long enough for."""
    if part is None:
        return None
    burns = (
        tuple(Burn(rate=b.rate, long_seconds=b.long, short_seconds=b.short) for b in part.burns)
        if part.burns is not None
        else tuple(burn for burn in BURNS if burn.long_seconds <= part.period)
    )
    return Objective(objective=part.objective, period_seconds=part.period, burns=burns)


def anomaly(part: AnomalyPart | None) -> Anomaly | None:
    """The limit that is learnt from the past."""
    if part is None:
        return None
    return Anomaly(
        weeks=part.weeks,
        weeks_min=part.weeks_min,
        deviations_max=part.deviations_max,
        direction=Direction(part.direction),
        decides=part.decides,
    )


def scores(part: ScoresPart) -> Scores:
    """The scores of groups."""
    return Scores(passing=part.passing, marginal=part.marginal)


def named(part: ScorecardPart) -> Named:
    """The gates that measure for the scorecard."""
    return Named(
        errors=part.errors or "",
        latency=part.latency or "",
        sessions=part.sessions or "",
        database_errors=part.database_errors or "",
        cost=part.cost or "",
        cost_max=part.cost_max,
    )
