"""Decides how rollouts did by the ten measures of the guide. Refuses to know where their facts are kept.

Source: "What is Blue green deployment?" (2026 guide), section "How to Measure Blue green deployment (Metrics,
SLIs, SLOs)", the table M1 to M10 with its starting targets.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from shared.gates.figures import exactly
from shared.gates.score_words import Words, beside_baseline, of_all, took, truly
from shared.model import Outcome


class Met(StrEnum):
    """Whether a target was met. What was not measured was not met; what no rollout had to do is `not_due`."""

    MET = "met"
    MISSED = "missed"
    NOT_MEASURED = "not_measured"
    NOT_DUE = "not_due"


class Beside(Struct, frozen=True, kw_only=True):
    """A value beside what it was before: both in the same unit, neither negative."""

    value: float
    baseline: float


class Told(Struct, frozen=True, kw_only=True):
    """What is known of a finished rollout; None is: nobody measured it. `telling.told` makes it.

    `shifted`: users were sent to the candidate. `ordered_at` is when its last portion of them was, `moved_at`
    when all were seen there. `failed_at` is when it was known that they have to go back, `restored_at` when
    they were. `errors` and `latency` are the highest mean of a gate's window after the order, beside the
    recorded baseline; `database_errors` and `cost` the mean of the whole time after it. `checks` that decide
    were asked of the candidate before any user was on it, and `checks_passed` at the last. Of `signals`, the
    gates that were asked of it, `signals_seen` had a value at all: a metric without values is not there.

    What the controller cannot know by itself comes from a gate that the fleet names for it, or is given:
    `sessions_lost` (a share of users, 0 to 1, as `errors`), `database_errors` and `cost`.
    """

    id: str
    outcome: Outcome
    ended_at: datetime
    shifted: bool
    ordered_at: datetime | None = None
    moved_at: datetime | None = None
    failed_at: datetime | None = None
    restored_at: datetime | None = None
    errors: Beside | None = None
    latency: Beside | None = None
    checks: int = 0
    checks_passed: int = 0
    signals: int = 0
    signals_seen: int = 0
    sessions_lost: float | None = None
    database_errors: Beside | None = None
    cost: Beside | None = None


class Line(Struct, frozen=True, kw_only=True):
    """One measure: its value (None: unknown) and target in words and numbers, and what came of it.

    `value` is a share for M1 and M6 to M8, seconds for M2 and M3, and a multiple of the baseline for the
    others. `measured` of the `due` rollouts had it.
    """

    id: str
    name: str
    target: str
    met: Met
    value: float | None
    measured: int
    due: int
    because: str


class Scorecard(Struct, frozen=True, kw_only=True):
    """The ten measures, M1 to M10, of those rollouts."""

    rollouts: tuple[str, ...]
    lines: tuple[Line, ...]


class _Measure(Struct, frozen=True, kw_only=True):
    """How a measure is read: `of` gives a rollout's value, `due` says whether it ought to have one.

    `joined` makes one value of several, which `of_several` says, `within` holds it against the target, `said`
    puts it into words.
    """

    id: str
    name: str
    target: str
    due: Callable[[Told], bool]
    of: Callable[[Told], float | None]
    joined: Callable[[Sequence[float]], float]
    within: Callable[[float], bool]
    said: Words
    of_several: str = " at worst"


def of_rollout(told: Told, cost_max: float | None = None) -> Scorecard:
    """The scorecard of one rollout. `cost_max` is the tolerated multiple of the usual cost; None: not set."""
    return _card((told,), cost_max)


def of_period(
    tolds: Sequence[Told], until: datetime, days: int = 30, cost_max: float | None = None
) -> Scorecard:
    """The scorecard of the rollouts that ended in the last `days` until then."""
    since = until - timedelta(days=days)
    return _card(tuple(told for told in tolds if since < told.ended_at <= until), cost_max)


def _card(tolds: tuple[Told, ...], cost_max: float | None) -> Scorecard:
    measures = (*_TABLE, _beside("M10", "cost of two clusters", cost_max, lambda told: told.cost))
    return Scorecard(
        rollouts=tuple(told.id for told in tolds), lines=tuple(_line(m, tolds) for m in measures)
    )


def _line(measure: _Measure, tolds: tuple[Told, ...]) -> Line:
    due = [told for told in tolds if measure.due(told)]
    values = [(told.id, measure.of(told)) for told in due]
    known = [value for _, value in values if value is not None and not math.isnan(value)]
    missing = [name for name, value in values if value is None or math.isnan(value)]
    value = measure.joined(known) if known else None
    met, because = _outcome(measure, value, missing, (len(known), len(due)))
    return Line(
        id=measure.id,
        name=measure.name,
        target=measure.target,
        met=met,
        # JSON knows no infinity; the sentence says it.
        value=value if value is None or math.isfinite(value) else None,
        measured=len(known),
        due=len(due),
        because=because,
    )


def _outcome(
    measure: _Measure, value: float | None, missing: list[str], counts: tuple[int, int]
) -> tuple[Met, str]:
    known, due = counts
    if not due:
        return Met.NOT_DUE, "no rollout came so far"
    if value is None:
        target = f"the target is {measure.target}" if measure.target else "no target is set"
        return Met.NOT_MEASURED, f"nobody measured it; {target}"
    told = truly(measure.said, measure.within, value) + (measure.of_several if known > 1 else "")
    said = f"{told}; the target is {measure.target}"
    if not measure.target:
        return Met.NOT_MEASURED, f"{told}; no target is set"
    if not measure.within(value):
        return Met.MISSED, said
    if missing:
        return Met.NOT_MEASURED, f"{said}, but nobody measured it in {', '.join(missing)}"
    return Met.MET, said


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _seconds(since: datetime | None, until: datetime | None) -> float | None:
    if since is None or until is None or until < since:
        return None
    return (until - since).total_seconds()


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


def _multiple(found: Beside | None) -> float | None:
    if found is None or not (found.value >= 0 and found.baseline >= 0):
        return None
    if found.baseline == 0:
        return 0.0 if found.value == 0 else math.inf
    return found.value / found.baseline


def _shifted(told: Told) -> bool:
    return told.shifted


def _arrived(told: Told) -> bool:
    return told.shifted and (told.moved_at is not None or told.outcome is Outcome.COMPLETED)


def _went_back(told: Told) -> bool:
    return told.shifted and told.outcome in (Outcome.ROLLED_BACK, Outcome.ROLLBACK_FAILED)


def _always(_told: Told) -> bool:
    return True


def _beside(measure: str, name: str, times: float | None, of: Callable[[Told], Beside | None]) -> _Measure:
    multiple = "" if times == 1 else f"{exactly(times or 0.0)} times "
    target = "" if times is None else f"at most {multiple}the baseline"
    return _Measure(
        id=measure,
        name=name,
        target=target,
        due=_shifted,
        of=lambda told: _multiple(of(told)),
        joined=max,
        within=lambda value: times is not None and value <= times,
        said=beside_baseline,
    )


# The table of the guide. Several rollouts count by the worst of them where it names no other way.
_TABLE = (
    _Measure(
        id="M1",
        name="cut-over success rate",
        target="at least 99 %",
        due=_shifted,
        of=lambda told: float(told.outcome is Outcome.COMPLETED),
        joined=_mean,
        within=lambda value: value >= 0.99,
        said=of_all("of the cut-overs needed no way back"),
        of_several="",
    ),
    _Measure(
        id="M2",
        name="time to cut over",
        target="less than 2 minutes",
        due=_arrived,
        of=lambda told: _seconds(told.ordered_at, told.moved_at),
        joined=max,
        within=lambda value: value < 120,
        said=took,
    ),
    _Measure(
        id="M3",
        name="mean time to roll back",
        target="less than 5 minutes",
        due=_went_back,
        of=lambda told: _seconds(told.failed_at, told.restored_at),
        joined=_mean,
        within=lambda value: value < 300,
        said=took,
        of_several=" on average",
    ),
    _beside("M4", "error rate after the cut-over", 2.0, lambda told: told.errors),
    _beside("M5", "95th percentile latency during the cut-over", 1.5, lambda told: told.latency),
    _Measure(
        id="M6",
        name="verification pass rate",
        target="100 %",
        due=_always,
        of=lambda told: _share(told.checks_passed, told.checks),
        joined=min,
        within=lambda value: value >= 1,
        said=of_all("of the critical checks passed"),
    ),
    _Measure(
        id="M7",
        name="observability coverage",
        target="100 %",
        due=_always,
        of=lambda told: _share(told.signals_seen, told.signals),
        joined=min,
        within=lambda value: value >= 1,
        said=of_all("of the required signals had values"),
    ),
    _Measure(
        id="M8",
        name="session loss rate",
        target="less than 0.1 %",
        due=_shifted,
        of=lambda told: told.sessions_lost,
        joined=max,
        within=lambda value: 0 <= value < 0.001,
        said=of_all("of the users lost their session"),
    ),
    _beside("M9", "database errors after the cut-over", 1.0, lambda told: told.database_errors),
)
