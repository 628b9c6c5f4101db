"""`switchyard gates backtest`: what a fleet's gates would have said of its past rollouts and between them.

Changes nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import msgspec

from cli.context import Desk, shared_options
from cli.evidence import verdicts_of
from cli.files import fleet_from, looks_like_file
from cli.past import Reader
from cli.view.alarms import alarms
from cli.view.tried import tried
from shared.fleet import Fleet
from shared.gates.backtest import backtest as tried_on
from shared.gates.ends import Ended
from shared.gates.history import History, gates_of, history
from shared.gates.quiet import Quiet, between_rollouts
from shared.levers import SlotName
from shared.model import Rollout
from shared.ports import AuditEntry, Judged

_MINUTE = timedelta(minutes=1)
_SECONDS_MIN = 60
_DAYS_MAX = 3650
"""For so long evidence may be kept (`policy.evidence`)."""


@click.command()
@click.argument("fleet")
@click.option(
    "--since", default="30d", show_default=True, metavar="AGE", help="How far to look back, 1m to 3650d."
)
@shared_options
def backtest(desk: Desk, fleet: str, since: str) -> None:
    """Try the gates of FLEET, a fleet file or an applied fleet, on past rollouts and past metrics."""
    seconds = _seconds(since)
    declared, applied = _declared(desk, fleet)
    until = msgspec.convert(applied["now"], datetime)
    rollouts = _rollouts(desk, declared.name)
    past = [each for each in rollouts if _is_since(each, until, seconds)]
    found = tried_on(declared, [_ended(desk, declared.name, rollout) for rollout in past])
    live = SlotName(applied["state"]["live"])
    between = _between(desk, declared, rollouts, live, until, seconds)
    body = {
        "fleet": declared.name,
        "since_seconds": seconds,
        **msgspec.to_builtins(found),
        "history": msgspec.to_builtins(between),
    }
    lines = (*tried(declared.name, since, found), "", *alarms(between))
    desk.output.show(body, lambda _: "\n".join(lines))


def _between(
    desk: Desk, fleet: Fleet, rollouts: tuple[Rollout, ...], live: SlotName, now: datetime, seconds: int
) -> History:
    """What was measured between rollouts, as far as it has arrived, in whole minutes."""
    late = max((gate.ingestion_seconds for gate in gates_of(fleet)), default=0)
    until = _floor(now - timedelta(seconds=late))
    since = _floor(now - timedelta(seconds=seconds))
    found, left_out = between_rollouts(rollouts, live, since, until)
    whole = (_whole(each) for each in found)
    quiet = tuple(each for each in whole if each.since < each.until)
    pasts = Reader(desk.api, fleet, desk.output.progress).pasts(quiet)
    return history(fleet, (since, until), quiet, left_out, pasts)


def _whole(quiet: Quiet) -> Quiet:
    ceiling = -(-(quiet.since - _floor(quiet.since)) // _MINUTE) * _MINUTE
    since = _floor(quiet.since) + ceiling
    return msgspec.structs.replace(quiet, since=since, until=_floor(quiet.until))


def _floor(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _seconds(age: str) -> int:
    from pydantic_core import PydanticCustomError

    from shared.fleet_file.values import DAY_SECONDS, duration_seconds  # pydantic is slow to load

    try:
        seconds = duration_seconds(age)
    except PydanticCustomError:
        seconds = 0
    if not _SECONDS_MIN <= seconds <= _DAYS_MAX * DAY_SECONDS:
        expected = f"a duration such as 12h or 30d, 1m to {_DAYS_MAX}d"
        raise click.BadParameter(f"got {age}, expected {expected}", param_hint="--since")
    return seconds


def _declared(desk: Desk, word: str) -> tuple[Fleet, dict[str, Any]]:
    """The fleet whose gates are tried, and the one of that name as it is applied."""
    if not looks_like_file(word):
        applied = desk.api.get("fleets", word).body
        return msgspec.convert(applied["fleet"], Fleet), applied
    if not Path(word).is_file():
        raise click.BadParameter(f"there is no file {word}", param_hint="FLEET")
    declared = fleet_from(Path(word))
    return declared, desk.api.get("fleets", declared.name).body


def _rollouts(desk: Desk, fleet: str) -> tuple[Rollout, ...]:
    return msgspec.convert(desk.api.get("fleets", fleet, "rollouts").body["rollouts"], tuple[Rollout, ...])


def _is_since(rollout: Rollout, until: datetime, seconds: int) -> bool:
    return rollout.ended_at is not None and (until - rollout.ended_at).total_seconds() <= seconds


def _ended(desk: Desk, fleet: str, rollout: Rollout) -> Ended:
    path = ("fleets", fleet, "rollouts", rollout.id)
    entries = msgspec.convert(desk.api.get(*path, "audit").body["audit"], tuple[AuditEntry, ...])
    verdicts = msgspec.convert(verdicts_of(desk.api, path), tuple[Judged, ...])
    return Ended(rollout=rollout, entries=entries, verdicts=verdicts)
