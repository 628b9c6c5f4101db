"""`switchyard gates backtest`: what a fleet's gates would have said of its past rollouts. Changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import click
import msgspec

from cli.context import Desk, shared_options
from cli.evidence import verdicts_of
from cli.files import fleet_from, looks_like_file
from cli.view.words import OUTCOME_WORDS, span
from shared.clock import SystemClock
from shared.fleet import Fleet
from shared.gates.backtest import Backtest, Case, Said, Trial
from shared.gates.backtest import backtest as tried
from shared.gates.ends import End, Ended
from shared.model import Rollout
from shared.ports import AuditEntry, Judged


@click.command()
@click.argument("fleet")
@click.option("--since", default="30d", show_default=True, metavar="AGE", help="Rollouts that ended since.")
@shared_options
def backtest(desk: Desk, fleet: str, since: str) -> None:
    """Try the gates of FLEET, a fleet file or an applied fleet, on the evidence of past rollouts."""
    seconds = _seconds(since)
    declared = _declared(desk, fleet)
    until = SystemClock().now()
    past = [each for each in _rollouts(desk, declared.name) if _is_since(each, until, seconds)]
    found = tried(declared, [_ended(desk, declared.name, rollout) for rollout in past])
    body = {"fleet": declared.name, "since_seconds": seconds, **msgspec.to_builtins(found)}
    desk.output.show(body, lambda _: "\n".join(_lines(declared.name, since, found)))


def _seconds(age: str) -> int:
    from pydantic_core import PydanticCustomError

    from shared.fleet_file.values import A_DURATION, duration_seconds  # pydantic is slow to load

    try:
        return duration_seconds(age)
    except PydanticCustomError as error:
        raise click.BadParameter(f"got {age}, expected {A_DURATION}", param_hint="--since") from error


def _declared(desk: Desk, word: str) -> Fleet:
    if not looks_like_file(word):
        return msgspec.convert(desk.api.get("fleets", word).body["fleet"], Fleet)
    if not Path(word).is_file():
        raise click.BadParameter(f"there is no file {word}", param_hint="FLEET")
    return fleet_from(Path(word))


def _rollouts(desk: Desk, fleet: str) -> tuple[Rollout, ...]:
    return msgspec.convert(desk.api.get("fleets", fleet, "rollouts").body["rollouts"], tuple[Rollout, ...])


def _is_since(rollout: Rollout, until: datetime, seconds: int) -> bool:
    return rollout.ended_at is not None and (until - rollout.ended_at).total_seconds() <= seconds


def _ended(desk: Desk, fleet: str, rollout: Rollout) -> Ended:
    path = ("fleets", fleet, "rollouts", rollout.id)
    entries = msgspec.convert(desk.api.get(*path, "audit").body["audit"], tuple[AuditEntry, ...])
    verdicts = msgspec.convert(verdicts_of(desk.api, path), tuple[Judged, ...])
    return Ended(rollout=rollout, entries=entries, verdicts=verdicts)


def _lines(fleet: str, since: str, found: Backtest) -> Iterator[str]:
    count = len(found.rollouts)
    good = sum(end.good for end in found.rollouts)
    past = f"{count} rollout{'' if count == 1 else 's'} of {fleet} ended within {since}"
    yield f"{past}: {good} good, {count - good} bad{_reasons(found)}"
    yield from map(_end, found.rollouts)
    if not found.gates:
        yield "the fleet has no gates"
    for trial in found.gates:
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
    yield f"{trial.question}: {trial.gate}{advises}: {trial.because}"
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
