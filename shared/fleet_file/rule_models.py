"""The shape of a gate's rules beyond a fixed limit: tolerance, comparison, objective, anomaly, scores.

Decides keys and values one by one. Which rules go together is in `rule_checks`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.fleet_file.values import DAY_SECONDS, Part, Seconds, Share

Tolerated = Annotated[int, Field(ge=0, le=1000)]
Score = Annotated[float, Field(ge=0, le=100)]
Direction = Literal["increase", "decrease", "either"]


class TolerancePart(Part):
    """How many measurements may go wrong: each is the largest tolerated number."""

    failures: Tolerated = Field(default=0, description="how many measurements may fail")
    of: Annotated[int, Field(ge=1, le=100)] | None = Field(
        default=None, description="count failures among so many of the newest passes and failures only"
    )
    consecutive_failures: Tolerated | None = Field(default=None, description="how many may fail in a row")
    inconclusives: Tolerated = Field(default=0, description="how many measurements may be inconclusive")
    consecutive_inconclusives: Tolerated | None = Field(
        default=None, description="how many may be inconclusive in a row"
    )
    errors: Tolerated | None = Field(default=None, description="how many measurements may be errors")
    consecutive_errors: Tolerated = Field(default=4, description="how many may be errors in a row")


class ComparePart(Part):
    """A statistical comparison with the live slot's samples of the same window (Mann-Whitney U)."""

    direction: Direction = Field(
        default="increase", description="increase, decrease or either: the difference that counts against it"
    )
    confidence: Annotated[Share, Field(ge=0.5, le=0.9999)] = Field(
        default=0.95, description="how certain a difference must be, 50% to 99.99%"
    )
    effect_max: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.33, description="the largest tolerated effect (Cliff's delta, 0 to 1)"
    )
    min_samples: Annotated[int, Field(ge=5, le=1000)] = Field(
        default=20, description="how many samples each side needs"
    )


class BurnPart(Part):
    """An alert on the error budget: burnt faster than `rate` in both windows."""

    rate: Annotated[float, Field(gt=0, le=1000)] = Field(
        description="how many times as fast as the period allows, such as 14.4"
    )
    long: Annotated[Seconds, Field(ge=300, le=366 * DAY_SECONDS)] = Field(
        description="the long window, such as 1h"
    )
    short: Annotated[Seconds, Field(ge=60, le=DAY_SECONDS)] = Field(
        description="the short window, such as 5m"
    )


class SloPart(Part):
    """A service level objective. The gate's samples are shares of bad events, 0 to 1."""

    objective: Annotated[Share, Field(gt=0, lt=1)] = Field(
        description="the share of good events wanted, such as 99.9%"
    )
    period: Annotated[Seconds, Field(ge=DAY_SECONDS, le=366 * DAY_SECONDS)] = Field(
        default=30 * DAY_SECONDS, description="over how long, such as 30d"
    )
    burns: Annotated[list[BurnPart], Field(min_length=1, max_length=10)] | None = Field(
        default=None,
        description="alerts on the budget, else the SRE workbook's three that fit into the period",
    )


class AnomalyPart(Part):
    """A limit learnt from the same hour of the week in the weeks before. It advises, unless it decides."""

    weeks: Annotated[int, Field(ge=1, le=12)] = Field(default=4, description="how many weeks it looks back")
    weeks_min: Annotated[int, Field(ge=1, le=12)] = Field(
        default=2, description="how many weeks must have data"
    )
    deviations_max: Annotated[float, Field(gt=0, le=100)] = Field(
        default=3.5, description="the largest tolerated distance from the median, in robust deviations"
    )
    direction: Direction = Field(default="either", description="increase, decrease or either")
    decides: bool = Field(default=False, description="whether its verdict counts, or only advises")


class ScoresPart(Part):
    """From which score on, 0 to 100, a group of gates passes, and from which on it is marginal."""

    passing: Score = Field(default=95.0, description="from this score on a group passes")
    marginal: Score = Field(
        default=75.0, description="from this score on a group is inconclusive; below it fails"
    )
