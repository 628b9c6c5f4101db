"""What happened in a world, in order, for a report at the end. Decides nothing; refuses to know why."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Happening(StrEnum):
    """The kinds of entries in a ledger."""

    RECORD_WRITTEN = "record_written"
    RECORD_DELETED = "record_deleted"
    WEIGHTS_WRITTEN = "weights_written"
    CACHE_PURGED = "cache_purged"
    DEPLOYMENT_STARTED = "deployment_started"
    CLUSTER_CREATED = "cluster_created"
    CLUSTER_STARTED = "cluster_started"
    CLUSTER_STOPPED = "cluster_stopped"
    CLUSTER_DESTROYED = "cluster_destroyed"
    SYNC_STARTED = "sync_started"
    FROZEN = "frozen"
    THAWED = "thawed"


class Entry(Struct, frozen=True, kw_only=True):
    """One thing that happened, or, with `at` in the future, that is bound to happen.

    `subject` is a record's FQDN, a cluster's or a deployment's name; `details` are plain strings.
    """

    at: datetime
    kind: Happening
    subject: str
    details: dict[str, str] = {}


class Ledger:
    """Entries in the order in which they were noted."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def note(self, at: datetime, kind: Happening, subject: str, **details: str) -> None:
        """Add an entry."""
        self._entries.append(Entry(at=at, kind=kind, subject=subject, details=details))

    def until(self, now: datetime) -> tuple[Entry, ...]:
        """What has happened up to `now`, oldest first."""
        return _in_order([e for e in self._entries if e.at <= now])

    def between(self, since: datetime, now: datetime) -> tuple[Entry, ...]:
        """What has happened after `since` and up to `now`, oldest first."""
        return _in_order([e for e in self._entries if since < e.at <= now])


def _in_order(entries: list[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=lambda e: e.at)) if entries else ()


class Report(Struct, frozen=True, kw_only=True):
    """A world's story: requests by slot since its start (`failed` among `served`), and the ledger.

    `stray_requests` went to an address of no slot or to a name without a record. `cutover_seconds` runs from
    the first lever's last move until no user is left behind; None where it never moved.
    """

    served: dict[str, float]
    failed: dict[str, float]
    stray_requests: float
    entries: tuple[Entry, ...]
    cutover_seconds: float | None
