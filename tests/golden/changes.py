"""The table of deliberate changes: where today's code decides otherwise than a golden history, and why.

A history is never written anew. A sentence that was reworded is entered once for all histories, and so are a
field that decisions remember since and a probe that they need; anything else only for one history and the
epochs in which it is so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from tests.golden.history import History, Json
from tests.golden.replay import Decided, Difference, pairs


class Sentence(Struct, frozen=True):
    """A sentence said otherwise since: `old` is a regular expression, `new` what replaces it today."""

    old: str
    new: str
    why: str


class Field(Struct, frozen=True):
    """A field of the state that decisions set today and did not know then, as `rollout.name`."""

    path: str
    why: str


class Look(Struct, frozen=True):
    """A probe, by its tag, that decisions need today and that nobody made then.

    Rows that lack its answer are not decided again: what a step does without it says nothing.
    """

    probe: str
    why: str


class Behaviour(Struct, frozen=True):
    """A history that is decided otherwise from here on: in these epochs, in these fields of `Decided`."""

    history: str
    epochs: tuple[int, ...]
    what: tuple[str, ...]
    why: str


SENTENCES: tuple[Sentence, ...] = (
    Sentence(r"\b1 gates passed\b", "1 gate passed", "one of a thing is told from several"),
    Sentence(r"\b1 ((?:functional |load )?)gates pass\b", r"1 \1gate passes", "the same"),
    Sentence(r"\b1 (of the \d+ samples it needs) are there", r"1 \1 is there", "the same"),
)
FIELDS: tuple[Field, ...] = (
    Field("firing", "a rollout names the alerts that fired when it began, whenever these were heard of"),
    Field("rollout.etags", "a rollback writes a live record that it cannot read under the etag that it had"),
    Field("rollout.held.fired", "the end of an earlier firing does not lift the hold of a later one"),
    Field(
        "rollout.over_alerts", "an alert that held is remembered once it is over, for a firing heard of later"
    ),
    Field(
        "rollout.ordered_at",
        "nothing queues behind a change of which Front Door does not say whether it is deployed",
    ),
)
LOOKS: tuple[Look, ...] = ()
BEHAVIOURS: tuple[Behaviour, ...] = (
    Behaviour(
        "alert-in-bake",
        (60,),
        ("because", "state", "actions", "asks"),
        "a candidate that users have left is removed once its gateway says that it is drained",
    ),
    Behaviour("alert-in-bake", (61, 62, 63), ("asks",), "the same"),
    Behaviour(
        "observe-deadline",
        (42,),
        ("state",),
        "what a step has learnt by its deadline is kept: a provider's failure, and that a clean run is over",
    ),
    Behaviour(
        "alert-too-late",
        (56,),
        ("because", "who", "dispositions"),
        "an alert that comes while the old cluster is being destroyed is refused; the trail says why",
    ),
    Behaviour(
        "back-beneath", (62,), ("state",), "caches forget the candidate that users were taken back from"
    ),
    Behaviour("back-in-ramp", (40,), ("state",), "the same"),
    Behaviour(
        "way-back-gone",
        (51,),
        ("because", "state", "actions", "asks"),
        "a rollback that had nowhere to go sends nobody there after its end, and looks whether it is back",
    ),
    Behaviour("way-back-gone", (52,), ("asks",), "the same"),
)


class Table(Struct, frozen=True):
    """The changes that are meant."""

    sentences: tuple[Sentence, ...] = SENTENCES
    fields: tuple[Field, ...] = FIELDS
    looks: tuple[Look, ...] = LOOKS
    behaviours: tuple[Behaviour, ...] = BEHAVIOURS


def differences(history: History, table: Table) -> Iterator[Difference]:
    """Where today's code decides otherwise than a history, apart from what the table says is meant."""
    known = {each.probe for each in table.looks}
    for epoch, recorded, today in pairs(history):
        if known.intersection(today.asks):
            continue
        was, now = _read(recorded, table), _without(_read(today, table), recorded, table)
        unlike = tuple(name for name in Decided.__struct_fields__ if getattr(was, name) != getattr(now, name))
        meant = {
            name
            for each in table.behaviours
            if each.history == history.name and epoch in each.epochs
            for name in each.what
        }
        if left := tuple(name for name in unlike if name not in meant):
            rollout = recorded.state.get("rollout", {}).get("id", "")
            yield Difference(history.name, rollout, epoch, left, was, now)


def _read(decided: Decided, table: Table) -> Decided:
    """A decision in today's words. A state keeps sentences of before: today's decisions are read so too."""
    values = {name: getattr(decided, name) for name in Decided.__struct_fields__}
    return Decided(**_reworded(values, table.sentences)) if table.sentences else decided


def _reworded(value: Any, sentences: tuple[Sentence, ...]) -> Any:
    if isinstance(value, str):
        for each in sentences:
            value = re.sub(each.old, each.new, value)
        return value
    if isinstance(value, list):
        return [_reworded(inner, sentences) for inner in value]
    if isinstance(value, dict):
        return {name: _reworded(inner, sentences) for name, inner in value.items()}
    return value


def _without(today: Decided, recorded: Decided, table: Table) -> Decided:
    state = today.state
    for each in table.fields:
        state = _dropped(state, recorded.state, each.path.split("."))
    return Decided(**{n: getattr(today, n) for n in Decided.__struct_fields__ if n != "state"}, state=state)


def _dropped(state: Json, recorded: Json, path: list[str]) -> Json:
    name, *rest = path
    if name not in state or (not rest and name in recorded):
        return state
    if not rest:
        return {key: value for key, value in state.items() if key != name}
    return {**state, name: _dropped(state[name], recorded.get(name, {}), rest)}
