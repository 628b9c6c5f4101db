"""Decides how a rollout ended, well or badly, and who turned it back: by its row, its trail and its verdicts.

Refuses to know who asks.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from shared.model import COMMANDS, Outcome, Rollout, SignalKind, Stage, Verdict
from shared.ports import AuditEntry, Judged

_EVENTS = frozenset(kind.value for kind in SignalKind if kind not in COMMANDS)
_TIMER = "timer"


class Reason(StrEnum):
    """Who turned a rollout back. `other`: a step failed or a deadline passed, without a gate."""

    GATE = "gate"
    ALERT = "alert"
    PERSON = "person"
    OTHER = "other"


class Ended(Struct, frozen=True, kw_only=True):
    """A rollout with its audit trail and its verdicts, both oldest first."""

    rollout: Rollout
    entries: tuple[AuditEntry, ...]
    verdicts: tuple[Judged, ...]


class End(Struct, frozen=True, kw_only=True):
    """How a rollout ended. `good`: it completed. `at` is when the way back began, or when it was completed.

    `reason` is None for a good one.
    """

    rollout: str
    version: str
    outcome: Outcome
    good: bool
    at: datetime
    because: str
    reason: Reason | None = None


def end_of(ended: Ended) -> End | None:
    """How it ended; None while it is under way, and of one in shadow, which was good and bad for nobody."""
    rollout = ended.rollout
    if rollout.outcome is None or rollout.ended_at is None or rollout.shadow:
        return None
    if rollout.outcome is Outcome.COMPLETED:
        return _end(rollout, rollout.outcome, rollout.ended_at)
    begun = next((entry for entry in ended.entries if _begins_way_back(entry)), None)
    if begun is None:
        return _end(rollout, rollout.outcome, rollout.ended_at, Reason.OTHER)
    return _end(rollout, rollout.outcome, begun.at, _reason(ended, begun))


def _end(rollout: Rollout, outcome: Outcome, at: datetime, reason: Reason | None = None) -> End:
    return End(
        rollout=rollout.id,
        version=rollout.version,
        outcome=outcome,
        good=outcome is Outcome.COMPLETED,
        at=at,
        because=rollout.rollback_because or rollout.because,
        reason=reason,
    )


def _begins_way_back(entry: AuditEntry) -> bool:
    change = entry.change.get("rollout")
    return isinstance(change, dict) and change.get("stage") == Stage.ROLLBACK.value


def _reason(ended: Ended, begun: AuditEntry) -> Reason:
    if _is_by_gate(ended, begun):
        return Reason.GATE
    if begun.who == SignalKind.ALERT.value:
        return Reason.ALERT
    return Reason.OTHER if begun.who == _TIMER or begun.who in _EVENTS else Reason.PERSON


def _is_by_gate(ended: Ended, begun: AuditEntry) -> bool:
    """Whether the verdicts of that claim speak against it: one failed, or two signals did together."""
    said = [each.judgement for each in ended.verdicts if each.epoch == begun.epoch]
    deciding = [each for each in said if not each.dry_run and each.verdict is not Verdict.PASS]
    return any(each.verdict is Verdict.FAIL or each.because in begun.because for each in deciding)
