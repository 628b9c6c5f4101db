"""A fleet as text: what it is, where users are sent, and what is remembered of it."""

from __future__ import annotations

from typing import Any

import msgspec
from rich.text import Text

from cli.view.words import (
    NOW,
    OUTCOME_STYLES,
    OUTCOME_WORDS,
    PAST,
    WAITS,
    WRONG,
    clock,
    slot_style,
    span,
    stage_label,
)
from shared.fleet import Fleet
from shared.model import FleetState, Rollout

_LABEL_WIDTH = 10


def fleet_text(body: dict[str, Any]) -> Text:
    """`GET /api/fleets/{fleet}` in a few lines."""
    fleet = msgspec.convert(body["fleet"], Fleet)
    state = msgspec.convert(body["state"], FleetState)
    lines = [
        Text.assemble((fleet.name, NOW), (f"  {fleet.exposure.value}, {fleet.location}", PAST)),
        _line("users", Text(f"{fleet.hosts.official} → {fleet.hosts.cluster}")),
        *(
            _line("record", Text(f"{r.fqdn} {r.type.value}, TTL {r.ttl_seconds} s"))
            for r in fleet.live_records
        ),
        *(_slot(fleet, state, slot.name) for slot in fleet.slots),
        _line(
            "follows", Text(f"the {fleet.versions.channel.value} channel, {fleet.versions.start.value} start")
        ),
        _line("rollout", rollout_line(state.rollout) if state.rollout else Text("none yet", PAST)),
        *(_line("held", Text(f"{h.version}: {h.because}", WAITS)) for h in state.held_versions),
    ]
    if body["pending"]:
        lines.append(_line("pending", Text(f"{body['pending']} signals")))
    return Text("\n").join(lines)


def rollout_line(rollout: Rollout) -> Text:
    """A rollout in one line: its id, version, direction, where it is or how it ended, and why."""
    line = Text.assemble(
        f"{rollout.id}  {rollout.version}  ",
        (rollout.live, slot_style(rollout.live)),
        " → ",
        (rollout.candidate, slot_style(rollout.candidate)),
        "  ",
    )
    if rollout.outcome is not None and rollout.ended_at is not None:
        line.append(OUTCOME_WORDS[rollout.outcome], OUTCOME_STYLES[rollout.outcome])
        line.append(f" in {span(rollout.ended_at - rollout.started_at)}", PAST)
    else:
        style = WAITS if rollout.held else WRONG if rollout.rollback_because else NOW
        line.append(f"{stage_label(rollout.stage)} {rollout.step}{' (held)' if rollout.held else ''}", style)
        line.append(f" since {clock(rollout.entered_at)}", PAST)
    because = rollout.rollback_because or (rollout.held.because if rollout.held else rollout.because)
    line.append(f"  {because}")
    return line


def _slot(fleet: Fleet, state: FleetState, name: str) -> Text:
    slot = next(slot for slot in fleet.slots if slot.name == name)
    style = slot_style(name)
    words = Text.assemble(slot.host.fqdn, (f"  {slot.cluster_id.rsplit('/', 1)[-1]}", PAST))
    if state.live == name:
        words.append("  live", f"bold {style}")
    return Text.assemble((f"  {name:<{_LABEL_WIDTH}}", style), words)


def _line(label: str, words: Text) -> Text:
    return Text.assemble((f"  {label:<{_LABEL_WIDTH}}", PAST), words)
