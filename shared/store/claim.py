"""What a claim writes: the state under its etag, and with it all that must be true from then on.

Pure. Decides the rows of the one atomic batch; refuses to know how it is sent and what a lost answer means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from shared.decision import Decision, Seen
from shared.model import Disposition, FleetState
from shared.ports import Claimed, OutboxEntry, Row
from shared.store import audit, carrying, outbox, rows
from shared.store.audit import Sealed
from shared.store.fitting import fitted
from shared.store.fleets import document_of
from shared.store.tables import WRITES_MAX, Entity, Verb, Write

CLAIM = "claim"
"""The property of an audit row that says which claim wrote it; no part of what the trail says."""

_decoder = msgspec.json.Decoder(FleetState)


class Claim(Struct, frozen=True, kw_only=True):
    """A claim that is ready to be written, and what it amounts to once it was."""

    writes: list[Write]
    entry: Sealed
    claimed: Claimed


def claim(row: Row, decision: Decision, seen: Seen, identity: str) -> Claim:
    """The batch that claims `decision` for the fleet as `row` showed it. The state comes first.

    `identity` is this claim's alone: another worker's may be the same in all else.
    """
    epoch = decision.state.epoch
    assert epoch == row.state.epoch + 1, f"epoch {epoch} cannot follow {row.state.epoch}"
    fleet = row.fleet.name
    both = carrying.documents(row.state_document, row.state, decision.state)
    verdicts = fitted(decision.judgements) if decision.state.rollout is not None else []
    before = row.state if row.etag else None
    entry = audit.sealed(before, decision, seen, row.audit_head, both, verdicts)
    document = msgspec.json.encode(both[1] if both is not None else decision.state)
    owed = outbox.announcement(row, decision, seen)
    writes = [
        _state(row, decision.state, document, entry),
        Write(Verb.INSERT, _audit(fleet, entry, identity)),
        *_rollout(row, decision, both[1] if both is not None else None),
        *_judgements(fleet, decision, verdicts),
        *_consumed(row, decision),
    ]
    if decision.plan is not None:
        # The plan is the fleet as it lies there: a newer version may have said more than this one reads.
        pinned = row.fleet_document.encode() if decision.plan == row.fleet else b""
        plan = rows.row(fleet, rows.PLAN_KEY, pinned or document_of(decision.plan))
        writes.append(Write(Verb.UPSERT, plan))
    if owed is not None:
        writes.append(Write(Verb.INSERT, outbox_row(owed)))
    assert len(writes) <= WRITES_MAX, f"a claim of {len(writes)} rows cannot be atomic"
    return Claim(writes=writes, entry=entry, claimed=Claimed(epoch=epoch, outbox=(owed,) if owed else ()))


def outbox_row(entry: OutboxEntry) -> Entity:
    """The row of an announcement that is owed."""
    return rows.row(entry.fleet, entry.key, msgspec.json.encode(entry))


def _state(row: Row, state: FleetState, document: bytes, entry: Sealed) -> Write:
    # A state that cannot be read back would stop its fleet for ever: better to stop before it is stored.
    assert _decoder.decode(document) == state, "the state does not survive its encoding"
    entity = rows.row(row.fleet.name, rows.STATE_KEY, document, epoch=state.epoch, head=entry.hash)
    return Write(Verb.UPDATE, entity, row.etag) if row.etag else Write(Verb.INSERT, entity)


def _audit(fleet: str, entry: Sealed, identity: str) -> Entity:
    key, more = rows.audit_key(entry.epoch), {"rollout": entry.rollout, CLAIM: identity}
    return rows.row(fleet, key, entry.body, hash=entry.hash, **more)


def _rollout(row: Row, decision: Decision, document: dict[str, Any] | None) -> list[Write]:
    rollout = decision.state.rollout
    if rollout is None or rollout == row.state.rollout:
        return []
    told = msgspec.json.encode(document["rollout"] if document is not None else rollout)
    entity = rows.row(row.fleet.name, rows.rollout_key(rollout.id), told)
    return [Write(Verb.UPSERT, entity)]


def _judgements(fleet: str, decision: Decision, verdicts: Sequence[bytes]) -> list[Write]:
    rollout = decision.state.rollout
    if rollout is None:
        return []
    entities = rows.judgement_rows(fleet, rollout.id, decision.state.epoch, verdicts)
    return [Write(Verb.INSERT, entity) for entity in entities]


def _consumed(row: Row, decision: Decision) -> list[Write]:
    fleet, pending = row.fleet.name, {signal.id: signal for signal in row.pending}
    writes: list[Write] = []
    for disposition in decision.dispositions:
        waiting = rows.row(fleet, rows.pending_key(pending[disposition.id]))
        writes.append(Write(Verb.DELETE, waiting))
        writes.append(Write(Verb.MERGE, _disposed(fleet, disposition, decision.state.epoch)))
    return writes


def _disposed(fleet: str, disposition: Disposition, epoch: int) -> Entity:
    key = rows.inbox_key(disposition.id)
    return rows.row(fleet, key, applied=disposition.applied, because=disposition.because, epoch=epoch)
