"""Decides every row of a history again, with today's code, and says where it comes out differently.

Judges nothing: which differences are meant is said in `changes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

import stages
from shared.actions import Result
from shared.decision import Decision, Seen
from shared.fleet import Fleet
from shared.model import FleetState, Signal
from shared.probes import Answer, Probe
from shared.store.audit import difference, facts, patched
from shared.store.rows import inbox_key
from tests.golden.history import History, Json, plain


class Decided(Struct, frozen=True):
    """A decision as JSON, as it was recorded or as it is made today.

    `asks` are the kinds of probes that it would have needed and that nobody made.
    """

    because: str
    who: str
    place: str
    state: Json
    actions: list[Json]
    dispositions: Json
    plan: Json | None
    asks: list[str] = []


class Difference(Struct, frozen=True):
    """One row that is decided otherwise today. `what` names the fields of `Decided` in which it differs."""

    history: str
    rollout: str
    epoch: int
    what: tuple[str, ...]
    recorded: Decided
    today: Decided

    def __str__(self) -> str:
        where = f"{self.history}: {self.rollout} epoch {self.epoch}, {self.recorded.place}"
        lines = [
            f"{where}: {', '.join(self.what)}",
            f"  recorded: {self.recorded.because}",
            f"  today:    {self.today.because}",
        ]
        for name in self.what:
            if name != "because":
                one, other = (msgspec.structs.asdict(side)[name] for side in (self.recorded, self.today))
                lines.append(f"  {name}: {_unlike(one, other)}")
        return "\n".join(lines)


def pairs(history: History) -> Iterator[tuple[int, Decided, Decided]]:
    """Each row that only this history has: its epoch, the decision as recorded, and as made today."""
    shared = history.begins_like[1] if history.begins_like is not None else 0
    before: Json = {}
    for entity in history.trail:
        entry = entity["json"]
        after = patched(before, entry["change"])
        if entry["epoch"] > shared:
            yield entry["epoch"], _recorded(history, entry, after), _today(history, entry, before)
        before = after


def kept(history: History, key: str, epoch: int) -> Fleet | None:
    """The fleet in that row when `epoch` was claimed, by today's reading; None before there was one."""
    found = [each for each in history.kept if each["RowKey"] == key and each["since"] <= epoch]
    return fleet_in(found[-1]["json"]) if found else None


def fleet_in(document: Json) -> Fleet:
    """The fleet in a document; one in shadow lies one level deeper."""
    return msgspec.convert(document.get("in_shadow", document), Fleet)


def _recorded(history: History, entry: Json, after: Json) -> Decided:
    epoch = entry["epoch"]
    planned = next((r for r in history.kept if r["RowKey"] == "s-plan" and r["since"] == epoch), None)
    return Decided(
        because=entry["because"],
        who=entry["who"],
        place=f"{entry['stage']} {entry['step']}".strip(),
        state=after,
        actions=entry["actions"],
        dispositions={
            each["RowKey"]: [each["applied"], each["because"]]
            for each in history.dispositions
            if each.get("epoch") == epoch
        },
        plan=plain(fleet_in(planned["json"])) if planned is not None else None,
    )


def _today(history: History, entry: Json, before: Json) -> Decided:
    epoch = entry["epoch"] - 1
    fleet, plan = kept(history, "s-fleet", epoch), kept(history, "s-plan", epoch)
    assert fleet is not None, "every history begins with a fleet that was applied"
    state = msgspec.convert(before, FleetState) if before else FleetState(live=fleet.live)
    seen = witnessed(entry, epoch)
    needs = stages.needs(fleet, plan, state, seen.signals, seen.now)
    decision = stages.decide(fleet, plan, state, seen)
    return _as_json(decision, needs - seen.answers.keys())


def witnessed(entry: Json, epoch: int) -> Seen:
    """What was seen, from an audit entry."""
    seen = entry["seen"]
    return Seen(
        now=msgspec.convert(entry["at"], datetime),
        answers={
            msgspec.convert(probe, Probe): msgspec.convert(told, Answer) for probe, told in seen["answers"]
        },
        signals=msgspec.convert(seen["signals"], tuple[Signal, ...]),
        results=msgspec.convert(seen["results"], tuple[Result, ...]),
        epoch=epoch,
        answered_at=msgspec.convert(seen.get("answered_at"), datetime | None),
    )


def _as_json(decision: Decision, unseen: frozenset[Probe]) -> Decided:
    return Decided(
        because=decision.because,
        who=decision.who,
        place=f"{decision.stage} {decision.step}".strip(),
        state=facts(decision.state),
        actions=[plain(action) for action in decision.actions],
        dispositions={inbox_key(each.id): [each.applied, each.because] for each in decision.dispositions},
        plan=plain(decision.plan),
        asks=sorted({str(type(probe).__struct_config__.tag) for probe in unseen}),
    )


def _unlike(one: Any, other: Any) -> str:
    if isinstance(one, dict) and isinstance(other, dict):
        return f"{_text(difference(other, one))} was {_text(difference(one, other))} today"
    return f"{_text(one)} was, {_text(other)} is today"


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()
