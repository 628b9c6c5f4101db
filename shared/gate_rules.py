"""How samples become a verdict beyond a fixed limit: schedules, tolerances, comparisons, objectives.

Frozen values that a gate declares. They import nothing of ours and refuse to know who measures and judges.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Schedule(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When a gate measures: after `initial_delay_seconds`, then every `interval_seconds` (0: each sample).

    `count` passes and failures complete it; 0 leaves its end to the step that asks. So many passes in a row
    as `consecutive_passes` complete it at once, and without them it does not pass; 0 asks for none.
    """

    initial_delay_seconds: int = 0
    interval_seconds: int = 0
    count: int = 0
    consecutive_passes: int = 0


class Tolerance(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many measurements may go wrong. Each is the largest tolerated number; None is no limit.

    `failures_max` counts within the newest `of` passes and failures, within all of them where `of` is 0. The
    defaults of inconclusives and errors are those of Argo Rollouts.
    """

    failures_max: int = 0
    of: int = 0
    consecutive_failures_max: int | None = None
    inconclusives_max: int | None = 0
    consecutive_inconclusives_max: int | None = None
    errors_max: int | None = None
    consecutive_errors_max: int | None = 4


class Direction(StrEnum):
    """Which difference from the live slot counts against the candidate."""

    INCREASE = "increase"
    DECREASE = "decrease"
    EITHER = "either"


class Comparison(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A statistical comparison with the live slot's samples of the same window.

    The candidate fails where the difference in `direction` is significant at `confidence` (0 to 1) and its
    effect (Cliff's delta, 0 to 1) is greater than `effect_max`. Each side needs `samples_min`.
    """

    direction: Direction = Direction.INCREASE
    confidence: float = 0.95
    effect_max: float = 0.33
    samples_min: int = 20


class Burn(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An alert on the error budget: burnt at more than `rate` times the sustainable speed in both windows."""

    rate: float
    long_seconds: int
    short_seconds: int


# Source: the SRE workbook, "Alerting on SLOs", 2 % of a 30-day budget in 1 h, 5 % in 6 h, 10 % in 3 d.
BURNS = (
    Burn(rate=14.4, long_seconds=3_600, short_seconds=300),
    Burn(rate=6.0, long_seconds=21_600, short_seconds=1_800),
    Burn(rate=1.0, long_seconds=259_200, short_seconds=21_600),
)


class Objective(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A service level objective over `period_seconds`: the share of good events wanted, such as 0.999.

    The gate's samples are the share of bad ones, each with its `requests` where the source gives them.
    """

    objective: float
    period_seconds: int = 2_592_000
    burns: tuple[Burn, ...] = BURNS


class Anomaly(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A limit learnt from the past: the same hour of the week in `weeks` weeks, by median and MAD.

    A value further than `deviations_max` robust deviations away is anomalous. It advises, unless `decides`.
    """

    weeks: int = 4
    weeks_min: int = 2
    deviations_max: float = 3.5
    direction: Direction = Direction.EITHER
    decides: bool = False


class Scores(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The score, 0 to 100, from which on grouped gates pass together, and from which on it is marginal."""

    passing: float = 95.0
    marginal: float = 75.0


class Named(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The gates that measure for the scorecard what only they can, by name; empty: none does.

    `errors`, `latency`, `database_errors` and `cost` are held against the baseline that the rollout recorded
    for that gate. `sessions` gives the share of users (0 to 1) who lost their session. `cost_max` is the
    tolerated multiple of the usual cost; None: no target is set.
    """

    errors: str = ""
    latency: str = ""
    sessions: str = ""
    database_errors: str = ""
    cost: str = ""
    cost_max: float | None = None
