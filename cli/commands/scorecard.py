"""`switchyard scorecard`: how rollouts did by the ten measures of the blue-green guide."""

from __future__ import annotations

from typing import Any

import click

from cli.context import Desk, shared_options

_MARKS = {"met": "✓", "missed": "✗", "not_measured": "?", "not_due": "·"}


@click.command()
@click.argument("fleet")
@click.argument("rollout_id", metavar="[ID]", required=False)
@click.option("--days", type=click.IntRange(1, 366), help="How many days to look back; 30 if not given.")
@shared_options
def scorecard(desk: Desk, fleet: str, rollout_id: str | None, days: int | None) -> None:
    """Show the ten measures of FLEET's rollouts of the last days, or of one of them, with their targets."""
    if rollout_id is not None and days is not None:
        raise click.UsageError("name a rollout, or say --days: a rollout is told as a whole")
    path = ("rollouts", rollout_id, "scorecard") if rollout_id is not None else ("scorecard",)
    query = {"days": str(days)} if days is not None else {}
    desk.output.show(desk.api.get("fleets", fleet, *path, **query).body, _text)


def _text(body: dict[str, Any]) -> str:
    rollouts, days = body["rollouts"], body["days"]
    counted = f"{len(rollouts)} rollout{'' if len(rollouts) == 1 else 's'} that ended in the last {days} days"
    head = rollouts[0] if days is None else counted
    return "\n".join([f"{body['fleet']}: {head}", *map(_line, body["measures"])])


def _line(measure: dict[str, Any]) -> str:
    mark = _MARKS.get(measure["met"], "?")
    state = measure["met"].replace("_", " ")
    return f"{mark} {measure['id']:<4}{measure['name']:<44}{state:<14}{measure['because']}"
