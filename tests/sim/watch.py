"""Who is told what really happens behind the doors, at the moment it does. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from shared.actions import Action
from shared.decision import Decision, Seen
from shared.fleet import Fleet
from shared.ports import OutboxEntry, Row
from shared.store.tables import Write


class Claiming(NamedTuple):
    """What an invocation is about to claim; `looked_at` is the second at which it really saw the world."""

    row: Row
    decision: Decision
    seen: Seen
    looked_at: float


class Watch(Protocol):
    """Who is told what really happened, at the moment it does."""

    def committed(self, claim: Claiming | None, writes: Sequence[Write]) -> None:
        """A batch is in the tables."""

    def performed(self, fleet: Fleet, action: Action, epoch: int) -> None:
        """The world has changed."""

    def published(self, entry: OutboxEntry) -> None:
        """A topic took an event."""

    def told(self, who: str, what: str) -> None:
        """A line of the story."""

    def place(self) -> str:
        """The step that the rollout is in."""
