"""The four things the engine talks to. Whatever stands behind them keeps these promises and no others.

`Store` is Table Storage or a fake with memory; `World` is Azure or the stand-in. The store port is narrow on
purpose: one read and one atomic write make a transition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from shared.actions import Action
from shared.chain import Chain
from shared.decision import Decision, Seen
from shared.fleet import Fleet
from shared.model import Disposition, FleetState, Judgement, Rollout, Signal
from shared.probes import Answer, Probe

PENDING_MAX = 40
"""Signals that one claim may consume: two rows each leave room in a batch for the rest."""


class Row(Struct, frozen=True, kw_only=True):
    """A fleet as a tick reads it: the applied fleet, the plan of its rollout, its state and pending signals.

    No more than `PENDING_MAX` signals are told, and what happened first goes first.
    `etag` is the state row's; None before the first claim. `fleet_etag` is the applied file's.
    `audit_head` is the hash of the newest audit row, empty before the first. `state_document` and
    `fleet_document` are what the state and the fleet were read from: a newer version may have said more in
    them than this one reads. `unreadable` signals wait for such a version.
    """

    fleet: Fleet
    state: FleetState
    plan: Fleet | None = None
    pending: tuple[Signal, ...] = ()
    etag: str | None = None
    fleet_etag: str = ""
    audit_head: str = ""
    state_document: str = ""
    fleet_document: str = ""
    unreadable: int = 0

    def with_accepted(self, signals: Iterable[Signal]) -> Row:
        """The row as it would be read now that these were accepted, if nobody has claimed anything since."""
        known = {signal.id for signal in self.pending}
        new = (signal for signal in signals if signal.id not in known)
        waiting = sorted((*self.pending, *new), key=lambda signal: signal.at)
        return replace(self, pending=tuple(waiting[:PENDING_MAX]))


class ChainRow(Struct, frozen=True, kw_only=True):
    """A file with rings as it was applied last, and the etag of its row."""

    chain: Chain
    etag: str


class FleetEntry(Struct, frozen=True, kw_only=True):
    """A fleet in the directory: enough to match a signal to it. `resources` are lower-case ARM ids.

    `pinned` are the slots' by the plan that a rollout follows, whatever was applied since; none between
    rollouts. `active` fleets are swept; `marked_at` is when that was last set. `etag` is the entry's own.
    """

    name: str
    resources: dict[str, str]
    platform: bool
    active: bool
    marked_at: datetime
    pinned: dict[str, str] = {}
    etag: str = ""


class AuditEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One audit row. `change` is the RFC 7396 merge patch from the state before to the state after.

    `hash` is SHA-256 over all other fields, `previous` among them. `more` is what is said beside them: the
    digest of the claim's `verdicts`, and what a newer version says in fields of its own.
    """

    epoch: int
    at: datetime
    who: str
    because: str
    rollout: str
    stage: str
    step: str
    actions: list[dict[str, Any]]
    signals: list[str]
    change: dict[str, Any]
    seen: dict[str, Any]
    previous: str
    hash: str
    more: dict[str, Any] = {}


class OutboxEntry(Struct, frozen=True, kw_only=True):
    """A CloudEvent that is owed to a topic. `id` is the same for ever, so a receiver can tell a repeat."""

    key: str
    fleet: str
    topic: str
    at: datetime
    event: dict[str, Any]


class Claimed(Struct, frozen=True, kw_only=True):
    """A claim that won: its epoch, and what it owes to the outbox."""

    epoch: int
    outbox: tuple[OutboxEntry, ...] = ()


class Clock(Protocol):
    """Time, injected."""

    def now(self) -> datetime:
        """The present moment in UTC."""


class SharedClock(Clock, Protocol):
    """The time that all workers share: the store's, as closely as one of them can know it."""

    def now(self) -> datetime:
        """The present moment in UTC: never later than it is, so that what has to last is not cut short."""

    def latest(self) -> datetime:
        """The present moment in UTC: never earlier than it is, so that what begins now begins no earlier."""


class Store(Protocol):
    """Where a fleet's state lives. Errors: NotFound, Superseded, Retry."""

    async def load(self, fleet: str) -> Row:
        """One request: everything a tick needs, however long the fleet's history is. Raises NotFound."""

    async def claim(self, row: Row, decision: Decision, seen: Seen) -> Claimed:
        """One atomic write under the row's etag: state, consumed signals, audit, judgements and outbox.

        Raises Superseded when somebody else claimed first; then nothing of it was written.
        """

    async def accept(self, signal: Signal) -> bool:
        """Put a signal into the inbox, one request. False: it was there already."""

    async def disposition(self, fleet: str, signal_id: str) -> Disposition | None:
        """What became of an accepted signal; None while it is pending or unknown."""

    async def apply(self, fleet: Fleet, *, if_match: str | None, now: datetime) -> str:
        """Store a fleet; returns its new etag.

        `if_match`: None makes it new or replaces whatever is there; otherwise Superseded on another etag,
        unless that very fleet is there already.
        """

    async def chain(self, name: str) -> ChainRow:
        """What is remembered of a file with rings. Raises NotFound."""

    async def declare(self, chain: Chain, *, if_match: str | None) -> str:
        """Remember a file with rings; returns the new etag.

        `if_match`: None makes it new, and Superseded where there is another already; otherwise as in `apply`.
        """

    async def directory(self, *, active_only: bool = False) -> tuple[FleetEntry, ...]:
        """All fleets, or the active ones, by name."""

    async def mark(self, fleet: str, *, active: bool, now: datetime, plan: Fleet | None = None) -> None:
        """Say whether a fleet is to be swept, and by which plan its rollout is about to go."""

    async def rest(self, entry: FleetEntry) -> bool:
        """Stop sweeping a fleet, unless it was marked again since `entry` was read. False: it was."""

    async def audit(self, fleet: str, rollout: str | None = None) -> tuple[AuditEntry, ...]:
        """The audit trail, oldest first. `rollout` narrows it."""

    async def rollouts(self, fleet: str) -> tuple[Rollout, ...]:
        """All rollouts of a fleet as they stand, newest first."""

    async def judgements(self, fleet: str, rollout: str) -> tuple[Judgement, ...]:
        """Every verdict of a rollout with its samples, oldest first."""

    async def owed(self, fleet: str, *, before: datetime) -> tuple[OutboxEntry, ...]:
        """Outbox entries that are older than `before`."""

    async def settle(self, entry: OutboxEntry) -> None:
        """Forget an outbox entry that its topic has taken."""


class Judged(Struct, frozen=True, kw_only=True):
    """A verdict, and the epoch of the claim that it led to."""

    epoch: int
    judgement: Judgement


class EvidencePage(Struct, frozen=True, kw_only=True):
    """Some verdicts of a rollout, oldest first, and where the next page begins; None after the last."""

    verdicts: tuple[Judged, ...]
    next: str | None


class Evidence(Protocol):
    """Every verdict with its samples, for as long as they are kept. Errors: Retry."""

    async def page(self, fleet: str, rollout: str, after: str = "") -> EvidencePage:
        """The verdicts that follow `after`, which is the `next` of the page before. Raises Refused."""

    async def oldest(self, fleet: str) -> str | None:
        """The id of the rollout with the oldest verdicts of a fleet."""

    async def forget(self, fleet: str, rollout: str) -> bool:
        """Delete some of a rollout's verdicts, in two requests. True: there may be more."""


class Performer(Protocol):
    """Who takes orders."""

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """Carry out one action and return its receipt.

        It does not wait for long-running work: it starts it, and a probe tells how far it is.

        Raises:
            Superseded: the target carries a higher epoch, or changed since it was observed.
            Retry: the service could not take it now.
            Refused: the service says that it will never take it as it is.
        """


class World(Performer, Protocol):
    """The world outside: Azure, or the stand-in."""

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> Mapping[Probe, Answer]:
        """Answer every probe, all at once. What cannot be said is `Unavailable`; it raises nothing."""


class Publisher(Protocol):
    """Where transitions are announced."""

    async def publish(self, entry: OutboxEntry) -> None:
        """Hand one CloudEvent to its topic. Raises Retry or Refused."""
