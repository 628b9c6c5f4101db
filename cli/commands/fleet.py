"""`switchyard fleet`: check a fleet file, apply it, and look at what is applied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.text import Text

from cli.context import Desk, shared_options
from cli.files import FILE, address_of, declared_by
from cli.view.fleet import fleet_text, with_notices
from cli.view.rings import applied_text
from shared.clock import SystemClock
from shared.notices import notices


@click.group()
def fleet() -> None:
    """Declare fleets, and look at them."""


@fleet.command()
@click.argument("file", type=FILE)
@shared_options
def validate(desk: Desk, file: Path) -> None:
    """Check FILE here, without sending it anywhere. Every mistake is listed at once."""
    declared = declared_by(file)
    today = SystemClock().now().date()
    names = [fleet.name for fleet in declared.fleets]
    told = [
        f"{fleet.name}: {each}" if declared.rings else each
        for fleet in declared.fleets
        for each in notices(fleet, today)
    ]
    body = {"valid": True, "file": str(file), "name": declared.name, "notices": told}
    body |= {"fleets": names} if declared.rings else {}
    what = f"the rings {', '.join(names)}" if declared.rings else f"the fleet {declared.name}"
    desk.output.show(body, lambda _: with_notices(f"{file} declares {what}, without a mistake", told))


@fleet.command()
@click.argument("file", type=FILE)
@click.option("--if-match", metavar="ETAG", help="Apply only over the file that has this etag.")
@shared_options
def apply(desk: Desk, file: Path, if_match: str | None) -> None:
    """Store FILE as the fleet or the rings that it names. A rollout in flight keeps the plan it started with.

    Of a file with rings all fleets are applied, or none where one is wrong. A ring that is in it no more is
    named and left as it is.
    """
    content_type = "application/json" if file.suffix == ".json" else "application/yaml"
    text = file.read_bytes()
    kind, name = address_of(file)
    body = desk.api.put(kind, name, text=text, content_type=content_type, if_match=if_match).body
    desk.output.show(body, applied_text if kind == "rings" else _applied)


@fleet.command("list")
@shared_options
def list_(desk: Desk) -> None:
    """List the applied fleets and say which of them have something under way."""
    desk.output.show(desk.api.get("fleets").body, _names)


@fleet.command()
@click.argument("name", metavar="FLEET")
@shared_options
def show(desk: Desk, name: str) -> None:
    """Show a fleet: where users are sent, what may move them, and what is remembered."""
    desk.output.show(desk.api.get("fleets", name).body, fleet_text)


def _applied(body: dict[str, Any]) -> Text:
    return with_notices(f"{body['name']} is applied, etag {body['etag']}", body["notices"])


def _names(body: dict[str, Any]) -> str:
    lines = [f"{entry['name']:<32}{'active' if entry['active'] else 'idle'}" for entry in body["fleets"]]
    return "\n".join(lines) if lines else "no fleet is applied yet"
