"""Reads the audit trail as a story: which step was passed when, by whom and why. Shows nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import msgspec
from msgspec import Struct

from shared.model import Outcome, Stage
from shared.ports import AuditEntry


class Place(NamedTuple):
    """A line of the runbook."""

    stage: Stage
    step: str


class Passage(Struct, frozen=True, kw_only=True):
    """One audit row that changed where a rollout stands. `before` is None where the rollout began.

    `held` is true where a hold began or took another cause, `freed` where one ended; `outcome` is there where
    the rollout ended.
    """

    epoch: int
    at: datetime
    who: str
    because: str
    rollout: str
    before: Place | None
    after: Place
    held: bool = False
    freed: bool = False
    outcome: Outcome | None = None

    @property
    def moved(self) -> bool:
        """Whether another step began here."""
        return self.before != self.after


class Measured(NamedTuple):
    """The newest share of the requests (0 to 1) that each slot was seen to serve, and when it was seen."""

    at: datetime
    share: dict[str, float]


def passages(audit: Iterable[AuditEntry]) -> tuple[Passage, ...]:
    """The rows of a trail (oldest first) that moved, held, freed or ended a rollout."""
    told: list[Passage] = []
    places: dict[str, Place] = {}
    held: set[str] = set()
    for entry in audit:
        if not entry.rollout:
            continue
        passage = _passage(entry, places.get(entry.rollout), entry.rollout in held)
        places[entry.rollout] = passage.after
        if passage.held:
            held.add(entry.rollout)
        elif passage.freed:
            held.discard(entry.rollout)
        if passage.moved or passage.held or passage.freed or passage.outcome:
            told.append(passage)
    return tuple(told)


def measured(audit: Iterable[AuditEntry]) -> Measured | None:
    """The newest answer about traffic that any row of a trail (oldest first) has kept."""
    newest = None
    for entry in audit:
        for _, answer in entry.seen.get("answers", ()):
            if answer.get("type") == "traffic" and (total := sum(answer["requests"].values())) > 0:
                newest = Measured(entry.at, {slot: n / total for slot, n in answer["requests"].items()})
    return newest


def _passage(entry: AuditEntry, before: Place | None, was_held: bool) -> Passage:
    change = entry.change.get("rollout") or {}
    outcome = change.get("outcome")
    # A row names the step that decided; where that led to is in what it changed.
    stood = before or Place(_stage(entry.stage), entry.step)
    return Passage(
        epoch=entry.epoch,
        at=entry.at,
        who=entry.who,
        because=entry.because,
        rollout=entry.rollout,
        before=before,
        after=Place(_stage(change.get("stage", stood.stage)), change.get("step", stood.step)),
        # The sentence of a hold may change with every look; its kind and its start do not.
        held=bool({"kind", "since"} & (change.get("held") or {}).keys()),
        freed=was_held and "held" in change and change["held"] is None,
        outcome=msgspec.convert(outcome, Outcome) if outcome else None,
    )


def _stage(told: str) -> Stage:
    """The stage of that name. Raises msgspec.ValidationError for one that only a newer version has."""
    return msgspec.convert(told, Stage)
