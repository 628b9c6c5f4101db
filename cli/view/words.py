"""The words and marks that every view uses: stages, durations, numbers, styles. Decides nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.model import Outcome, Stage, Verdict

NOW = "bold"
PAST = "dim"
WAITS = "#d29922"
WRONG = "bold #f85149"

IN_SHADOW = "in shadow"

SLOT_STYLES = {"blue": "#4493f8", "green": "#3fb950"}

OUTCOME_WORDS = {
    Outcome.COMPLETED: "completed",
    Outcome.ROLLED_BACK: "rolled back",
    Outcome.STOPPED: "stopped",
    Outcome.ROLLBACK_FAILED: "rollback failed",
}
OUTCOME_STYLES = {
    Outcome.COMPLETED: NOW,
    Outcome.ROLLED_BACK: WRONG,
    Outcome.STOPPED: WRONG,
    Outcome.ROLLBACK_FAILED: WRONG,
}
VERDICT_MARKS = {
    Verdict.PASS: "✓",
    Verdict.FAIL: "✗",
    Verdict.INCONCLUSIVE: "?",
    Verdict.NO_DATA: "…",
    Verdict.PROVIDER_ERROR: "!",
}
VERDICT_STYLES = {
    Verdict.PASS: "",
    Verdict.FAIL: WRONG,
    Verdict.INCONCLUSIVE: WAITS,
    Verdict.NO_DATA: WAITS,
    Verdict.PROVIDER_ERROR: WAITS,
}


def stage_label(stage: Stage) -> str:
    """`T2 sync`, and plain `rollback` for the way back."""
    return "rollback" if stage is Stage.ROLLBACK else f"{stage.value} {stage.name.lower()}"


def slot_style(slot: str) -> str:
    """The colour of a slot, which never changes meaning."""
    return SLOT_STYLES.get(slot, "magenta")


def span(duration: timedelta) -> str:
    """A duration in its two largest units: `42s`, `3m 05s`, `1h 12m`, `2d 03h`."""
    seconds = max(0, int(duration.total_seconds()))
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m {seconds % 60:02}s"
    if seconds < 86400:
        return f"{seconds // 3600}h {seconds % 3600 // 60:02}m"
    return f"{seconds // 86400}d {seconds % 86400 // 3600:02}h"


def clock(at: datetime) -> str:
    """The time of day in UTC, to the second."""
    return f"{at:%H:%M:%S}"


def number(value: float) -> str:
    """A number as short as four digits allow: `0`, `0.0125`, `12.4`, `1234`, `12,480`."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:.4g}"


def quantity(value: float | None, unit: str) -> str:
    """A number with its unit; `–` where there is none."""
    if value is None:
        return "–"
    return f"{number(value)}{unit if unit == '%' else f' {unit}' if unit else ''}"
