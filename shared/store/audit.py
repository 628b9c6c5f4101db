"""The audit trail: what a claim changed, chained by hash to the claim before it, and the proof of the whole.

Pure. Decides what an entry holds, how it is hashed and what makes a trail wrong; refuses to know where it is
kept. A merge patch cannot say null, so states are compared without their nulls: absent and null are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Any, cast

import msgspec
from msgspec import Raw, Struct

from shared.decision import Decision, Seen
from shared.model import FleetState, Judgement
from shared.ports import AuditEntry
from shared.store.fitting import fitted
from shared.store.rows import canonical

SEEN_BYTES_MAX = 200_000
"""Above this an entry says `{"truncated": true}` instead of what was seen."""

VERDICTS = "verdicts"
"""What an entry's `more` calls the digest of its claim's verdicts."""

Json = dict[str, Any]
_verdict = msgspec.json.Decoder(Judgement)
_MISSING = object()
# What is added to an entry goes into `more`: a field of its own would give every older entry another hash.
_HASHED = tuple(name for name in AuditEntry.__struct_fields__ if name not in ("hash", "more"))
_KNOWN = frozenset(_HASHED)


class Sealed(Struct, frozen=True, kw_only=True):
    """An entry as it is stored: `body` is canonical JSON of all but the hash, `hash` is that of the body."""

    epoch: int
    rollout: str
    body: bytes
    hash: str


def sealed(
    before: FleetState | None,
    decision: Decision,
    seen: Seen,
    previous: str,
    documents: tuple[Json, Json] | None = None,
    verdicts: Sequence[bytes] = (),
) -> Sealed:
    """The entry of a claim. `before` is None for the first claim; `previous` is the newest entry's hash.

    `documents` are the states before and after where they say more than this version reads. `verdicts` are
    the claim's in JSON, as they are kept: the entry holds their digest, so that the chain proves them too.
    """
    after = decision.state
    rollout = after.rollout.id if after.rollout else ""
    body = canonical(
        {
            **({VERDICTS: digest_of(map(_verdict.decode, verdicts))} if verdicts else {}),
            "epoch": after.epoch,
            "at": seen.now,
            "who": decision.who,
            "because": decision.because,
            "rollout": rollout,
            "stage": decision.stage,
            "step": decision.step,
            "actions": decision.actions,
            "signals": [disposition.id for disposition in decision.dispositions],
            "change": difference(*(documents or _documents(before, after))),
            "seen": _witnessed(seen),
            "previous": previous,
        }
    )
    return Sealed(epoch=after.epoch, rollout=rollout, body=body, hash=sha256(body).hexdigest())


def entry(before: FleetState | None, decision: Decision, seen: Seen, previous: str) -> AuditEntry:
    """The entry of a claim, as whoever reads the trail gets it."""
    found = sealed(before, decision, seen, previous, verdicts=fitted(decision.judgements))
    return read(found.body, found.hash)


def body(entry: AuditEntry) -> bytes:
    """Canonical JSON of all fields but the hash: what is hashed, and what is stored."""
    return canonical({**{name: getattr(entry, name) for name in _HASHED}, **entry.more})


def read(body: str | bytes, digest: str) -> AuditEntry:
    """The entry of which that is the body, with its hash. What only a newer version says is in `more`."""
    fields = msgspec.json.decode(body)
    fields["more"] = {name: fields.pop(name) for name in tuple(fields) if name not in _KNOWN}
    fields["hash"] = digest
    return msgspec.convert(fields, AuditEntry)


def digest(entry: AuditEntry) -> str:
    """SHA-256 of the entry's body, in hexadecimal."""
    return sha256(body(entry)).hexdigest()


def digest_of(verdicts: Iterable[Any]) -> str:
    """SHA-256 of the verdicts of one claim, in their order, in hexadecimal. Equal JSON has equal digests."""
    return sha256(canonical(tuple(verdicts))).hexdigest()


def proven(entries: Sequence[AuditEntry], verdicts: Iterable[tuple[int, Any]]) -> tuple[str, ...]:
    """What is wrong with a rollout's verdicts, by its trail. Each is its epoch, and itself as it is told.

    An entry of a version that kept no digest proves none.
    """
    kept: dict[int, list[Any]] = {}
    for epoch, verdict in verdicts:
        kept.setdefault(epoch, []).append(verdict)
    claimed = {found.epoch: found.more.get(VERDICTS) for found in entries}
    problems = [
        f"the verdicts of epoch {epoch} were altered: the trail has another digest of them"
        for epoch, found in claimed.items()
        if found is not None and epoch in kept and found != digest_of(kept[epoch])
    ]
    gone = [epoch for epoch, found in claimed.items() if found is not None and epoch not in kept]
    if gone:
        problems.append(
            f"the verdicts of {len(gone)} epochs, from {gone[0]} on, are not there: they are kept no longer, "
            "or were taken out"
        )
    problems += [f"epoch {epoch} has verdicts and no entry in the trail" for epoch in kept.keys() - claimed]
    return tuple(problems)


def facts(state: FleetState) -> Json:
    """A state as JSON values, without nulls."""
    return cast("Json", _without_nulls(msgspec.to_builtins(state)))


def difference(before: Json, after: Json) -> Json:
    """The RFC 7396 merge patch that turns `before` into `after`; a null in either is as good as absent."""
    patch: Json = {name: None for name, old in before.items() if name not in after and old is not None}
    for name, new in after.items():
        old = before.get(name)
        # A number and a truth value may compare equal and are not the same.
        if old is new or (old == new and type(old) is type(new)):
            continue
        if new is None:
            patch[name] = None
        elif isinstance(old, dict) and isinstance(new, dict):
            if inner := difference(old, new):
                patch[name] = inner
        else:
            patch[name] = _without_nulls(new)
    return patch


def patched(before: Json, patch: Mapping[str, Any]) -> Json:
    """`before` with an RFC 7396 merge patch applied (datatracker.ietf.org/doc/html/rfc7396)."""
    after = dict(before)
    for name, value in patch.items():
        if value is None:
            after.pop(name, None)
        elif isinstance(value, dict):
            old = after.get(name)
            after[name] = patched(old if isinstance(old, dict) else {}, value)
        else:
            after[name] = value
    return after


def verify(entries: Sequence[AuditEntry], stored: FleetState | None) -> tuple[str, ...]:
    """What is wrong with a fleet's whole trail, oldest entry first; empty when it proves the stored state.

    `stored` is None for a fleet without a claim.
    """
    problems: list[str] = []
    previous, state = "", cast("Json", {})
    for epoch, found in enumerate(entries, start=1):
        if found.epoch != epoch:
            return (*problems, f"epoch {epoch} is missing: epoch {found.epoch} stands in its place")
        if found.hash != digest(found):
            problems.append(f"epoch {epoch} was altered: its hash does not match what it says")
        if found.previous != previous:
            problems.append(f"epoch {epoch} is not chained to epoch {epoch - 1}: it names another hash")
        previous, state = found.hash, patched(state, found.change)
    expected = facts(stored) if stored else {}
    if (found_at := _first_difference(_as_read(state), expected)) is not None:
        path, replayed, kept = found_at
        problems.append(
            f"the trail does not replay to the stored state: {path} is {_said(replayed)} by the trail "
            f"and {_said(kept)} as stored"
        )
    return tuple(problems)


def unbroken(entries: Sequence[AuditEntry]) -> tuple[str, ...]:
    """What is wrong with a part of a trail, oldest entry first: it proves nothing of what came before it."""
    problems = [
        f"epoch {found.epoch} was altered: its hash does not match what it says"
        for found in entries
        if found.hash != digest(found)
    ]
    problems += [
        f"epoch {found.epoch} does not follow epoch {before.epoch}: it names another hash"
        for before, found in pairwise(entries)
        if found.previous != before.hash
    ]
    return tuple(problems)


def _documents(before: FleetState | None, after: FleetState) -> tuple[Json, Json]:
    return msgspec.to_builtins(before) if before else {}, msgspec.to_builtins(after)


def _as_read(state: Json) -> Json:
    """A replayed state as this version reads it, and as it has read the stored one."""
    try:
        return facts(msgspec.convert(state, FleetState))
    except msgspec.ValidationError:
        return state


def _witnessed(seen: Seen) -> Raw | Json:
    # A set of probes has no order of its own, and the same claim must have the same hash in every process.
    answers = sorted((canonical(probe), canonical(answer)) for probe, answer in seen.answers.items())
    witnessed: Json = {
        "answers": [(Raw(probe), Raw(answer)) for probe, answer in answers],
        "signals": seen.signals,
        "results": seen.results,
    }
    if seen.answered_at is not None:
        witnessed["answered_at"] = seen.answered_at
    text = canonical(witnessed)
    return Raw(text) if len(text) <= SEEN_BYTES_MAX else {"truncated": True}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_without_nulls(inner) for inner in value]
    return value


def _first_difference(left: Json, right: Json, path: str = "") -> tuple[str, Any, Any] | None:
    for name in sorted(left.keys() | right.keys()):
        one, other = left.get(name, _MISSING), right.get(name, _MISSING)
        here = f"{path}.{name}" if path else name
        if isinstance(one, dict) and isinstance(other, dict):
            if (inner := _first_difference(one, other, here)) is not None:
                return inner
        elif one != other:
            return here, one, other
    return None


def _said(value: Any) -> str:
    return "absent" if value is _MISSING else canonical(value).decode()
