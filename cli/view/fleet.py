"""A fleet as text: what it is, where users are sent, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
from rich.text import Text

from cli.view.words import (
    IN_SHADOW,
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
from shared.fleet import Fleet, Shift
from shared.levers import THROUGH, Balancer, Lever, Record
from shared.model import FleetState, Rollout
from shared.notices import notices

_LABEL_WIDTH_MIN = 10

Lines = list[tuple[Text, Text]]


def fleet_text(body: dict[str, Any]) -> Text:
    """`GET /api/fleets/{fleet}` in a few lines."""
    fleet = msgspec.convert(body["fleet"], Fleet)
    state = msgspec.convert(body["state"], FleetState)
    now = msgspec.convert(body["now"], datetime)
    follows = f"the {fleet.versions.channel.value} channel, {fleet.versions.start.value} start"
    lines: Lines = [
        _line("users", f"{fleet.hosts.official} → {fleet.hosts.cluster}"),
        *(line for lever in fleet.levers for line in _lever(lever)),
        *([_above(fleet.above, fleet.live_records[0])] if fleet.above is not None else []),
        _line("shift", _plan(fleet.shift)),
        *(_slot(fleet, state, slot.name) for slot in fleet.slots),
        _line("follows", follows),
        *([_line("ring", _ring(fleet))] if fleet.ring or fleet.chain else []),
        _line("rollout", rollout_line(state.rollout) if state.rollout else Text("none yet", PAST)),
        *(_line("held", Text(f"{h.version}: {h.because}", WAITS)) for h in state.held_versions),
        *(_line("notice", Text(sentence, WAITS)) for sentence in notices(fleet, now.date())),
    ]
    if body["pending"]:
        lines.append(_line("pending", f"{body['pending']} signals"))
    title = Text.assemble((fleet.name, NOW), (f"  {fleet.exposure.value}, {fleet.location}", PAST))
    return Text("\n").join([title, *_aligned(lines)])


def with_notices(sentence: str, told: Iterable[str]) -> Text:
    """A sentence, and under it what else is worth knowing."""
    lines = [Text(sentence), *(Text(f"notice: {each}", WAITS) for each in told)]
    return Text("\n").join(lines)


def rollout_line(rollout: Rollout) -> Text:
    """A rollout in one line: its id, version, direction, where it is or how it ended, and why."""
    line = Text.assemble(
        f"{rollout.id}  {rollout.version}  ",
        (rollout.live, slot_style(rollout.live)),
        " → ",
        (rollout.candidate, slot_style(rollout.candidate)),
        (f"  {IN_SHADOW}" if rollout.shadow else "", WAITS),
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


def _lever(lever: Lever) -> Iterator[tuple[Text, Text]]:
    """`record  aks.contoso.com A, TTL 300 s`; a balancer with its members, and the records under it."""
    if isinstance(lever, Record):
        yield _line("record", _record(lever))
        return
    members = ", ".join(f"{each.slot} {each.name}" for each in lever.members)
    reaches = span(timedelta(seconds=lever.propagation_seconds + lever.ttl_seconds))
    yield _line(_kind(lever), f"{lever.label}: {members}; users follow within {reaches}")
    if lever.beneath:
        yield _line("beneath", "; ".join(map(_record, lever.beneath)))


def _above(balancer: Balancer, record: Record) -> tuple[Text, Text]:
    """The second lever, and what it sends users to when the record cannot be moved."""
    members = ", ".join(f"{each.slot} {each.name}" for each in balancer.members if each.slot != THROUGH)
    passes = f"{balancer.member(THROUGH).name} on {record.fqdn}"
    return _line("above", f"{_kind(balancer)} {balancer.label}: {passes}; in an emergency {members}")


def _kind(lever: Balancer) -> str:
    return lever.kind.value.replace("_", " ")


def _record(record: Record) -> str:
    alias = " alias" if record.alias else ""
    return f"{record.fqdn} {record.type.value}{alias}, TTL {record.ttl_seconds} s"


def _plan(shift: Shift) -> str:
    """`header X-Canary: always for 5m 00s, 10 % for 10m 00s, then 100 %`."""
    steps = [f"{each.weight} % for {span(timedelta(seconds=each.hold_seconds))}" for each in shift.steps]
    if shift.match is not None:
        hold = span(timedelta(seconds=shift.match.hold_seconds))
        steps.insert(0, f"{shift.match.match.label} for {hold}")
    return ", ".join([*steps, "then 100 %"]) if steps else "100 % at once"


def _ring(fleet: Fleet) -> str:
    """`of contoso, 1d 00h after contoso-ring0`."""
    told = [f"of {fleet.chain}"] if fleet.chain else []
    if fleet.ring is not None:
        told.append(f"{span(timedelta(seconds=fleet.ring.hold_seconds))} after {fleet.ring.after}")
    return ", ".join(told)


def _slot(fleet: Fleet, state: FleetState, name: str) -> tuple[Text, Text]:
    slot = next(slot for slot in fleet.slots if slot.name == name)
    style = slot_style(name)
    words = Text.assemble(slot.host.fqdn, (f"  {slot.cluster_id.rsplit('/', 1)[-1]}", PAST))
    if state.live == name:
        words.append("  live", f"bold {style}")
    return Text(name, style), words


def _line(label: str, words: str | Text) -> tuple[Text, Text]:
    return Text(label, PAST), Text(words) if isinstance(words, str) else words


def _aligned(lines: Lines) -> Iterator[Text]:
    """The words one below the other, behind the longest label."""
    width = max(_LABEL_WIDTH_MIN, *(label.cell_len + 2 for label, _ in lines))
    for label, words in lines:
        label.pad_right(width - label.cell_len)
        yield Text.assemble("  ", label, words)
