"""`switchyard audit`: who did what because of what, and the proof that nobody changed the trail."""

from __future__ import annotations

from typing import Any

import click
import msgspec
from rich.text import Text

from cli.client import Unreachable
from cli.context import Desk, shared_options
from cli.output import No
from cli.view.words import PAST, clock
from shared.model import FleetState
from shared.ports import AuditEntry
from shared.store.audit import verify as problems_of

_READS_MAX = 5


@click.group()
def audit() -> None:
    """Read and prove the audit trail."""


@audit.command()
@click.argument("fleet")
@click.argument("rollout_id", metavar="[ID]", required=False)
@shared_options
def show(desk: Desk, fleet: str, rollout_id: str | None) -> None:
    """Show the trail of FLEET, or of one of its rollouts, oldest first."""
    path = ("rollouts", rollout_id, "audit") if rollout_id else ("audit",)
    desk.output.show(desk.api.get("fleets", fleet, *path).body, _lines)


@audit.command()
@click.argument("fleet")
@shared_options
def verify(desk: Desk, fleet: str) -> None:
    """Prove that FLEET's trail is unbroken and replays to the stored state."""
    entries, state = read_trail(desk, fleet)
    problems = problems_of(entries, state)
    body = {"fleet": fleet, "verified": not problems, "entries": len(entries), "problems": list(problems)}
    said = f"{len(entries)} entries, chained by hash without a gap; they replay to the stored state"
    desk.output.show(body, lambda _: "\n".join(problems) if problems else said)
    if problems:
        raise No


def read_trail(desk: Desk, fleet: str) -> tuple[tuple[AuditEntry, ...], FleetState]:
    """A fleet's trail and state of one moment: asked again where a claim came in between. Raises Problem."""
    for _ in range(_READS_MAX):
        about = desk.api.get("fleets", fleet).body
        trail = desk.api.get("fleets", fleet, "audit").body
        state = msgspec.convert(about["state"], FleetState)
        entries = msgspec.convert(trail["audit"], tuple[AuditEntry, ...])
        if not entries or entries[-1].epoch <= state.epoch:
            return entries, state
    raise Unreachable(f"{fleet} changes faster than it can be read: pause it, or try again")


def _lines(body: dict[str, Any]) -> Text:
    entries = msgspec.convert(body["audit"], list[AuditEntry])
    if not entries:
        return Text("nothing has happened yet")
    return Text("\n").join(map(_line, entries))


def _line(entry: AuditEntry) -> Text:
    line = Text.assemble((f"{entry.epoch:>5}  {entry.at:%Y-%m-%d} {clock(entry.at)}  ", PAST))
    line.append(f"{entry.stage} {entry.step}".strip().ljust(26))
    line.append(f"  {entry.who:<20}", PAST)
    line.append(f"  {entry.because}")
    if entry.actions:
        line.append(f"  [{', '.join(action['type'] for action in entry.actions)}]", PAST)
    return line
