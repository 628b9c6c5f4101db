"""`switchyard plan`: the ordered writes that a rollout would make. Changes nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.text import Text

from cli.context import Desk, shared_options
from cli.files import fleet_from, looks_like_file
from cli.view.actions import sentence
from cli.view.words import PAST, span, stage_label
from shared.clock import SystemClock
from shared.fleet import Fleet
from shared.model import FleetState
from stages.plan import PlannedWrite
from stages.plan import plan as plan_of


@click.command()
@click.argument("fleet")
@click.argument("version")
@shared_options
def plan(desk: Desk, fleet: str, version: str) -> None:
    """Show what a rollout to VERSION would write, in order. FLEET is a fleet file or an applied fleet."""
    writes = plan_of(_fleet(desk, fleet), version, SystemClock().now())
    body = {"fleet": fleet, "version": version, "writes": msgspec.to_builtins(writes)}
    desk.output.show(body, lambda _: _lines(writes))


def _fleet(desk: Desk, word: str) -> Fleet:
    if looks_like_file(word):
        if not Path(word).is_file():
            raise click.BadParameter(f"there is no file {word}", param_hint="FLEET")
        return fleet_from(Path(word))
    body: dict[str, Any] = desk.api.get("fleets", word).body
    # The file says which slot was live at first; the next rollout starts from the one that is live now.
    live = msgspec.convert(body["state"], FleetState).live
    return msgspec.structs.replace(msgspec.convert(body["fleet"], Fleet), live=live)


def _lines(writes: tuple[PlannedWrite, ...]) -> Text:
    return Text("\n").join(_line(number, write) for number, write in enumerate(writes, start=1))


def _line(number: int, write: PlannedWrite) -> Text:
    after = span(timedelta(seconds=write.after_seconds))
    return Text.assemble(
        (f"{number:>3}  +{after:<8}{stage_label(write.stage):<12}{write.step:<16}", PAST),
        sentence(write.action),
    )
