"""What a fleet's gates would have said of its past rollouts, in lines. Decides how much of it is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from cli.view.words import OUTCOME_WORDS, span
from shared.gates.backtest import Backtest, Case, Said, Trial
from shared.gates.ends import End


def tried(fleet: str, since: str, found: Backtest) -> Iterator[str]:
    """How the rollouts ended, then each gate and each group."""
    count = len(found.rollouts)
    good = sum(end.good for end in found.rollouts)
    past = f"{count} rollout{'' if count == 1 else 's'} of {fleet} ended within {since}"
    yield f"{past}: {good} good, {count - good} bad{_reasons(found)}"
    yield from map(_end, found.rollouts)
    if not found.gates:
        yield "the fleet has no gates"
    for trial in (*found.gates, *found.groups):
        yield ""
        yield from _gate(trial)


def _reasons(found: Backtest) -> str:
    reasons = Counter(end.reason.value for end in found.rollouts if end.reason is not None)
    told = ", ".join(f"{reason} {count}" for reason, count in sorted(reasons.items()))
    return f" ({told})" if told else ""


def _end(end: End) -> str:
    by = f" by {end.reason}" if end.reason is not None else ""
    return f"  {end.rollout}  {OUTCOME_WORDS[end.outcome]}{by}: {end.because}"


def _gate(trial: Trial) -> Iterator[str]:
    advises = " (it only advises)" if trial.advises else ""
    name = f"group {trial.gate} of {', '.join(trial.gates)}" if trial.gates else trial.gate
    yield f"{trial.question}: {name}{advises}: {trial.because}"
    if trial.judged:
        yield (
            f"  judged {trial.judged}, false alarms {trial.false_alarms}, misses {trial.misses}, "
            f"caught {trial.caught}, held {trial.held}"
        )
    yield from (f"  {_case(case)}" for case in trial.cases if case.said is not Said.PASS or not case.good)
    yield from (f"  {each.rollout}  not judged: {each.because}" for each in trial.unjudged)


def _case(case: Case) -> str:
    kind = "good" if case.good else "bad"
    words = {Said.STOP: "stopped it", Said.HOLD: "held it", Said.PASS: "passed it"}[case.said]
    return f"{case.rollout}  {kind}, would have {words}{_when(case)}: {case.because}"


def _when(case: Case) -> str:
    if case.earlier_seconds is None:
        return ""
    if case.earlier_seconds == 0:
        return " at the same time"
    word = "earlier" if case.earlier_seconds > 0 else "later"
    return f" {span(timedelta(seconds=abs(case.earlier_seconds)))} {word}"
