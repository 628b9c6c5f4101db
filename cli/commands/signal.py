"""`switchyard signal`: what an event or an alert would mean, before anybody sends it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec

from cli.context import Desk, shared_options
from cli.files import FILE, fleet_from, json_from
from cli.output import No
from shared.fleet import Channel, Fleet
from shared.levers import SlotName
from shared.model import FleetState
from shared.signals import explain as explained
from shared.signals import resources_of

_STDIN = "-"


class _Known(NamedTuple):
    """A fleet as signals are matched to it."""

    name: str
    resources: dict[str, str]
    platform: bool
    pinned: Mapping[str, str] = {}


@click.group()
def signal() -> None:
    """Understand what arrives."""


@signal.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--fleet", "fleet_file", type=FILE, help="Match it to this fleet file alone; nothing is asked.")
@shared_options
def explain(desk: Desk, file: Path, fleet_file: Path | None) -> None:
    """Print as JSON what the event or alert in FILE would mean; exit 1 if it would be refused.

    FILE may be - for stdin. Without --fleet it is matched to the fleets that are applied.
    """
    try:
        body = json_from(None if str(file) == _STDIN else file)
    except ValueError as error:
        answer: Any = {"refused": f"body: got no JSON ({error}), expected an event or an alert"}
    else:
        if fleet_file is not None:
            fleet = fleet_from(fleet_file)
            answer = explained(body, fleet, (), fleet.live)
        else:
            answer = _among_applied(desk, body)
    desk.output.json(answer)
    if any("refused" in one for one in (answer if isinstance(answer, list) else [answer])):
        raise No


def _among_applied(desk: Desk, body: object) -> Any:
    """Each applied fleet is asked with its own live slot; a refusal is that of all of them together."""
    fleets = [_applied(desk, entry["name"]) for entry in desk.api.get("fleets").body["fleets"]]
    found: list[Any] = []
    for fleet, live in fleets:
        answer = explained(body, fleet, (), live)
        for one in answer if isinstance(answer, list) else [answer]:
            if "refused" not in one and one not in found:
                found.append(one)
    if not found:
        return explained(body, None, [_known(fleet) for fleet, _ in fleets], SlotName(""))
    return found[0] if len(found) == 1 else found


def _applied(desk: Desk, name: str) -> tuple[Fleet, SlotName]:
    body = desk.api.get("fleets", name).body
    return msgspec.convert(body["fleet"], Fleet), msgspec.convert(body["state"], FleetState).live


def _known(fleet: Fleet) -> _Known:
    return _Known(fleet.name, resources_of(fleet), fleet.versions.channel is Channel.PLATFORM)
