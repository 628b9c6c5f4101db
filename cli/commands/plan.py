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
from cli.view.words import PAST, WAITS, span, stage_label
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
    declared = _fleet(desk, fleet)
    writes = plan_of(declared, version, SystemClock().now())
    body = {"fleet": fleet, "version": version, "shadow": declared.shadow}
    desk.output.show(
        {**body, "writes": msgspec.to_builtins(writes)}, lambda _: _lines(writes, declared.shadow)
    )


def _fleet(desk: Desk, word: str) -> Fleet:
    if looks_like_file(word):
        if not Path(word).is_file():
            raise click.BadParameter(f"there is no file {word}", param_hint="FLEET")
        return fleet_from(Path(word))
    body: dict[str, Any] = desk.api.get("fleets", word).body
    # The file says which slot was live at first; the next rollout starts from the one that is live now.
    live = msgspec.convert(body["state"], FleetState).live
    return msgspec.structs.replace(msgspec.convert(body["fleet"], Fleet), live=live)


def _lines(writes: tuple[PlannedWrite, ...], shadow: bool) -> Text:
    told = [Text("the fleet is in shadow: a rollout decides all of this and writes none of it", WAITS)]
    lines = (_line(number, write) for number, write in enumerate(writes, start=1))
    return Text("\n").join([*(told if shadow else ()), *lines])


def _line(number: int, write: PlannedWrite) -> Text:
    after = span(timedelta(seconds=write.after_seconds))
    return Text.assemble(
        (f"{number:>3}  +{after:<8}{stage_label(write.stage):<12}{write.step:<16}", PAST),
        sentence(write.action),
    )
