"""`switchyard rollout`: start one, list them, look at one, and watch it to its end."""

from __future__ import annotations

from typing import Any

import click
import msgspec
from rich.text import Text

from cli.commands.people import said
from cli.context import Desk, shared_options
from cli.output import No, console
from cli.view.board import Board
from cli.view.fleet import rollout_line
from cli.watch import Look, watch
from shared.model import Outcome, Rollout


@click.group()
def rollout() -> None:
    """Move a fleet to a version, and watch it."""


@rollout.command()
@click.argument("fleet")
@click.option("--version", required=True, help="The Kubernetes version to move to, for example 1.32.6.")
@click.option("--template-version", help="The version of the template spec; the fleet's own if not given.")
@click.option("--note", help="Why, for the audit trail.")
@click.option("--lift-hold", is_flag=True, help="Try the version again although a rollback holds it.")
@click.option("--rings", is_flag=True, help="FLEET is a file with rings: start each, to wait for its turn.")
@shared_options
def start(
    desk: Desk,
    fleet: str,
    version: str,
    template_version: str | None,
    note: str | None,
    lift_hold: bool,
    rings: bool,
) -> None:
    """Start a rollout of FLEET to a version."""
    body: dict[str, Any] = {"version": version}
    body |= {"template_version": template_version} if template_version else {}
    body |= {"note": note} if note else {}
    body |= {"lift_hold": True} if lift_hold else {}
    if rings:
        _start_rings(desk, fleet, body)
    else:
        desk.output.show(desk.api.post("fleets", fleet, "rollouts", body=body).body, said)


def _start_rings(desk: Desk, name: str, body: dict[str, Any]) -> None:
    """One after the other, so that none is started where the ring before it was refused."""
    for ring in desk.api.get("rings", name).body["rings"]:
        before, fleet = ring.get("rollout") or {}, ring["fleet"]
        if before.get("version") == body["version"] and before.get("outcome") is None:
            answer = {"applied": True, "rollout": before, "because": "it was started before"}
        else:
            answer = desk.api.post("fleets", fleet, "rollouts", body=body).body
        if desk.output.as_json:
            desk.output.json_line({"fleet": fleet, **answer})
        else:
            desk.output.text(said(answer))


@rollout.command("list")
@click.argument("fleet")
@shared_options
def list_(desk: Desk, fleet: str) -> None:
    """List all rollouts of FLEET, newest first."""
    desk.output.show(desk.api.get("fleets", fleet, "rollouts").body, _lines)


@rollout.command()
@click.argument("fleet")
@click.argument("rollout_id", metavar="[ID]", default="current")
@click.option("--watch", "watching", is_flag=True, help="Stay until it ends; exit 1 unless it completed.")
@click.option("--plain", is_flag=True, help="With --watch: a line for each transition, also on a terminal.")
@click.option(
    "--every",
    "every_seconds",
    type=click.FloatRange(min=0.01),
    default=1.0,
    show_default=True,
    help="With --watch: seconds between two looks.",
)
@shared_options
def show(desk: Desk, fleet: str, rollout_id: str, watching: bool, plain: bool, every_seconds: float) -> None:
    """Show a rollout: its runbook, its gates, and where the traffic is. ID defaults to the newest."""
    if watching:
        outcome = watch(desk, fleet, rollout_id, plain=plain, every_seconds=every_seconds)
        if outcome is not Outcome.COMPLETED:
            raise No
    elif desk.output.as_json:
        desk.output.json(desk.api.get("fleets", fleet, "rollouts", rollout_id).body)
    else:
        console().print(Board(Look(desk.api, fleet, rollout_id).again()))


def _lines(body: dict[str, Any]) -> Text:
    rollouts = msgspec.convert(body["rollouts"], list[Rollout])
    return Text("\n").join(map(rollout_line, rollouts)) if rollouts else Text("no rollout yet")
