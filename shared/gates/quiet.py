"""Decides which slot users were on between rollouts, by the rollouts themselves.

Where two of them do not agree, or a way back failed, nobody knows, and that time is left out. Refuses to know
what was measured then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from shared.levers import SlotName
from shared.model import Outcome, Rollout


class Quiet(Struct, frozen=True, kw_only=True):
    """A time in which no rollout was under way and users were on `slot`, `until` excluded."""

    slot: SlotName
    since: datetime
    until: datetime

    @property
    def hours(self) -> float:
        """Its length."""
        return (self.until - self.since).total_seconds() / 3600


class LeftOut(Struct, frozen=True, kw_only=True):
    """A time that says nothing of gates, and why."""

    since: datetime
    until: datetime
    because: str


def between_rollouts(
    rollouts: Sequence[Rollout], live: SlotName, since: datetime, until: datetime
) -> tuple[tuple[Quiet, ...], tuple[LeftOut, ...]]:
    """The times from `since` until `until` in which nothing was being rolled out, and those left out.

    `live` is the slot that is live now. Users were on the slot that the next rollout found live, if the one
    before it ended there. A rollout in shadow changed nothing, and its time is as quiet as any.
    """
    found = [each for each in _parts(rollouts, live, since, until) if each.since < each.until]
    return (
        tuple(each for each in found if isinstance(each, Quiet)),
        tuple(each for each in found if isinstance(each, LeftOut)),
    )


def _parts(
    rollouts: Sequence[Rollout], live: SlotName, since: datetime, until: datetime
) -> Iterator[Quiet | LeftOut]:
    before: Rollout | None = None
    begins = since
    real = (each for each in rollouts if not each.shadow)
    for rollout in sorted(real, key=lambda each: each.started_at):
        yield _quiet(before, rollout.live, begins, min(rollout.started_at, until))
        ends = until if rollout.ended_at is None else min(rollout.ended_at, until)
        because = f"{rollout.id} was under way"
        yield LeftOut(since=max(begins, rollout.started_at), until=ends, because=because)
        before, begins = rollout, max(begins, ends)
    yield _quiet(before, live, begins, until)


def _quiet(before: Rollout | None, live: SlotName, since: datetime, until: datetime) -> Quiet | LeftOut:
    if before is not None and before.outcome is Outcome.ROLLBACK_FAILED:
        because = f"the way back of {before.id} failed, and nobody knows where users were then"
        return LeftOut(since=since, until=until, because=because)
    if before is not None and before.safe != live:
        because = f"{before.id} ended with users on {before.safe}, and {live} was found live after it"
        return LeftOut(since=since, until=until, because=because)
    return Quiet(slot=live, since=since, until=until)
