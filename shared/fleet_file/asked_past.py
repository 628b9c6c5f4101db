"""What may be asked of a time that is over: one gate's query, on one slot, a day at most; or all mistakes.

The gate is in the fleet file's own words, by the same checks, so that nothing is asked which a fleet file
could not ask. Its rules do not matter. What tells of the present alone, or would begin something, is refused.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, Any

import msgspec
from msgspec import Struct
from pydantic import BeforeValidator, Field, ValidationError

from shared.errors import Invalid
from shared.fleet import Gate, Source, Target
from shared.fleet_file import listed, mistakes
from shared.fleet_file.draft import Draft
from shared.fleet_file.gate_checks import check_asked
from shared.fleet_file.gate_models import GatePart
from shared.fleet_file.making import gate
from shared.fleet_file.tree import Tree, read_json
from shared.fleet_file.values import Part, refuse
from shared.levers import SlotName
from shared.queries import present_only

SPAN_MAX = timedelta(days=1)
A_MINUTE = "a whole minute in UTC such as 2026-11-21T09:00:00Z"


class AskedPast(Struct, frozen=True, kw_only=True):
    """A gate, whose window is the whole time from `since` until `until`, and the slot that is asked about."""

    gate: Gate
    slot: SlotName
    since: datetime
    until: datetime


def _minute(value: object) -> datetime:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.utcoffset() != timedelta(0) or found.second or found.microsecond:
        raise refuse(A_MINUTE)
    return found.astimezone(UTC)


Minute = Annotated[datetime, BeforeValidator(_minute)]


class _AskedPart(Part):
    """The body of a question about the past."""

    gate: GatePart = Field(description="a gate in the words of the fleet file, whose limits do not matter")
    slot: str = Field(description="the slot that is asked about")
    since: Minute = Field(description=A_MINUTE)
    until: Minute = Field(description=A_MINUTE)


def parse_asked(body: object, slots: Collection[SlotName], now: datetime) -> AskedPast:
    """The question that a JSON body asks, about one of `slots`, as of `now`. Raises Invalid."""
    tree = read_json(body if isinstance(body, dict) else {})
    part: _AskedPart | None = None
    try:
        part = _AskedPart.model_validate(tree.data)
    except ValidationError as error:
        mistakes.note(tree, error, _schema())
    draft = Draft(tree)
    if draft.keys("gate"):
        check_asked(draft, ("gate",))
    if part is not None:
        _check(tree, part, slots, now)
    if tree.mistakes or part is None:
        raise Invalid("the question", listed(tree.mistakes))
    seconds = int((part.until - part.since).total_seconds())
    asked = msgspec.structs.replace(gate(part.gate), window_seconds=seconds)
    return AskedPast(gate=asked, slot=SlotName(part.slot), since=part.since, until=part.until)


def asked_of(gate: Gate) -> dict[str, Any]:
    """What a gate asks, in the fleet file's words, without the rules by which it judges the answer."""
    resource = gate.target is Target.RESOURCE
    words: dict[str, Any] = {
        "name": gate.name,
        "source": gate.source.value,
        "target": gate.target.value if gate.source in (Source.METRICS, Source.LOGS) else None,
        "resource_id": gate.resource_id if resource else None,
        "endpoint": gate.endpoint,
        "namespace": gate.namespace,
        "metric": gate.metric,
        "aggregation": gate.aggregation,
        "filter": gate.filter,
        "query": gate.query,
    }
    return {**{key: word for key, word in words.items() if word}, "ingestion": gate.ingestion_seconds}


@cache
def _schema() -> dict[str, Any]:
    return _AskedPart.model_json_schema()


def _check(tree: Tree, part: _AskedPart, slots: Collection[SlotName], now: datetime) -> None:
    """Note what contradicts another part, or what is so."""
    if part.slot not in slots:
        tree.refuse(("slot",), part.slot, f"one of {', '.join(slots)}")
    if not part.since < part.until <= part.since + SPAN_MAX:
        tree.refuse(("until",), _shown(part.until), "a time after since, by a day at most")
    asked = gate(part.gate)
    arrived = now - timedelta(seconds=asked.ingestion_seconds)
    if part.until > arrived:
        because = f"{_shown(arrived)} at the latest: newer data has not arrived"
        tree.refuse(("until",), _shown(part.until), because)
    only = present_only(asked)
    if only is not None:
        tree.refuse(("gate",), asked.name, f"a gate that can be asked of the past: {only}")


def _shown(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
