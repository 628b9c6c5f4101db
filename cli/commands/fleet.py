"""`switchyard fleet`: check a fleet file, apply it, and look at what is applied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.text import Text

from cli.context import Desk, shared_options
from cli.files import FILE, fleet_from, fleet_name
from cli.view.fleet import fleet_text, with_notices
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
    declared = fleet_from(file)
    told = notices(declared, SystemClock().now().date())
    body = {"valid": True, "file": str(file), "name": declared.name, "notices": list(told)}
    sentence = f"{file} declares the fleet {declared.name}, without a mistake"
    desk.output.show(body, lambda _: with_notices(sentence, told))


@fleet.command()
@click.argument("file", type=FILE)
@click.option("--if-match", metavar="ETAG", help="Apply only over the file that has this etag.")
@shared_options
def apply(desk: Desk, file: Path, if_match: str | None) -> None:
    """Store FILE as the fleet that it names. A rollout in flight keeps the plan that it started with."""
    content_type = "application/json" if file.suffix == ".json" else "application/yaml"
    text = file.read_bytes()
    body = desk.api.put(
        "fleets", fleet_name(file), text=text, content_type=content_type, if_match=if_match
    ).body
    desk.output.show(body, _applied)


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
