"""The way back in one line: where it leads, how long it takes by each lever, and when it was proven last."""

from __future__ import annotations

from datetime import timedelta

from rich.text import Text

from cli.view.words import PAST, WRONG, clock, slot_style, span
from stages.way_back import LeverBack, WayBack


def back(found: WayBack) -> Text | None:
    """` way back  blue in 1m 30s by aks.contoso.com  proven 10:05:00`; None where nothing has moved."""
    if not found.levers:
        return None
    line = Text.assemble((" way back ", PAST), (found.safe, f"bold {slot_style(found.safe)}"))
    line.append(f" {', '.join(map(_lever, found.levers))}")
    if found.unready is not None:
        line.append(f"  {found.unready}", WRONG)
    elif found.ready_at is not None:
        line.append(f"  proven {clock(found.ready_at)}", PAST)
    if found.unproven is not None:
        line.append(f"  not proven since: {found.unproven}", WRONG)
    return line


def _lever(lever: LeverBack) -> str:
    took = "" if lever.measured else "at most "
    return f"in {took}{span(timedelta(seconds=lever.seconds))} by {lever.lever}"
