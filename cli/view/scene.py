"""What a view shows, gathered from the API's answers: one rollout at one moment. Fetches nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from cli.view.history import Measured, Passage, Place, measured, passages
from shared.fleet import Fleet
from shared.levers import SlotName
from shared.model import FleetState, Judgement, Role, Rollout, Stage
from shared.ports import AuditEntry
from stages import RUNBOOK
from stages.runbook import step_of
from stages.step import Step
from stages.way_back import WayBack

FAILED_SHARE_MAX = 0.002
"""Above this share, failed requests are more than the noise that every service has."""


class Served(Struct, frozen=True):
    """Requests that a slot's gateway served to users, and how many of them failed."""

    requests: int
    failed: int

    @property
    def suffers(self) -> bool:
        """Whether more of them failed than always do."""
        return self.failed > self.requests * FAILED_SHARE_MAX


class Scene(Struct, frozen=True, kw_only=True):
    """One rollout at one moment. `served` and `share` (0 to 1 a slot) are there where they were measured.

    `flow` is the share per slot in each of the past moments, oldest first, evenly spaced.
    """

    fleet: Fleet
    state: FleetState
    rollout: Rollout
    now: datetime
    judgements: tuple[Judgement, ...] = ()
    story: tuple[Passage, ...] = ()
    share: Mapping[str, float] | None = None
    flow: tuple[Mapping[str, float], ...] = ()
    served: Mapping[str, Served] | None = None
    way_back: WayBack | None = None

    def steps(self, stage: Stage) -> tuple[Step, ...]:
        """The runbook's steps of a stage that this rollout went through or is to go through.

        A present step that only a newer version's runbook has comes last.
        """
        been = {place for passage in self.story for place in (passage.before, passage.after)}
        expected = self.rollout if stage is Stage.ROLLBACK else self._expected()
        known = RUNBOOK[stage]
        present = step_of(self.rollout) if stage is self.rollout.stage else None
        foreign = (present,) if present is not None and present not in known else ()
        return (
            *(
                step
                for step in known
                if Place(stage, step.name) in been or step.applies(self.fleet, expected)
            ),
            *foreign,
        )

    def _expected(self) -> Rollout:
        """The rollout as its later steps will find it, so that no line appears all of a sudden."""
        lowers = next(step for step in RUNBOOK[Stage.SYNC] if step.name == "lower_ttl")
        start = self.rollout.started_at
        return replace(
            self.rollout,
            frozen_until=start if self.fleet.freeze is not None else None,
            ttl_lowered_at=start if lowers.applies(self.fleet, self.rollout) else None,
        )

    def role(self, slot: SlotName) -> str:
        """The part of a slot: in the rollout, and after its end in the fleet."""
        if self.rollout.outcome is None:
            return self.rollout.role_of(slot).value
        return Role.LIVE.value if slot == self.state.live else ""

    @property
    def pointed(self) -> str | None:
        """The slot that the live records name; None while they are being moved. A shadow moves none."""
        rollout = self.rollout
        if rollout.shadow:
            return rollout.live
        if rollout.diverted_at is not None:
            return rollout.safe
        if rollout.moved_at is not None and rollout.stage is not Stage.ROLLBACK:
            return rollout.candidate
        return None if rollout.shifted else rollout.live


def read_scene(
    fleet: Mapping[str, Any], rollout: Mapping[str, Any], audit: Mapping[str, Any], now: datetime
) -> Scene:
    """The scene in the API's three answers: a fleet's, a rollout's and its audit trail's."""
    entries = msgspec.convert(audit["audit"], tuple[AuditEntry, ...])
    told = msgspec.convert(rollout["rollout"], Rollout)
    return Scene(
        fleet=msgspec.convert(fleet["fleet"], Fleet),
        state=msgspec.convert(fleet["state"], FleetState),
        rollout=told,
        judgements=msgspec.convert(rollout["judgements"], tuple[Judgement, ...]),
        story=passages(entries),
        share=_fresh(measured(entries), told),
        way_back=msgspec.convert(rollout.get("way_back"), WayBack | None),
        now=now,
    )


def _fresh(found: Measured | None, rollout: Rollout) -> dict[str, float] | None:
    """A measurement counts only if it is younger than the last time that the live records were moved."""
    moved_at = rollout.diverted_at or rollout.moved_at
    return found.share if found is not None and moved_at is not None and found.at > moved_at else None
