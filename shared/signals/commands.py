"""A person's word as a signal: start, promote, pause, resume, rollback, retry.

Decides what a command's body may hold. What a command does where is `stages.table`'s.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shared.errors import Refused
from shared.model import COMMANDS, Signal, SignalKind
from shared.signals.body import clean, prose_or_none, refused, text, thing
from shared.signals.events import kubernetes_version, signal_id, template_version

_COMMON = frozenset({"by", "note"})
_START = _COMMON | {"version", "template_version", "lift_hold"}
_TOLD = {
    SignalKind.PROMOTE: "promotes it",
    SignalKind.PAUSE: "pauses it",
    SignalKind.RESUME: "resumes it",
    SignalKind.ROLLBACK: "rolls it back",
    SignalKind.RETRY: "retries the step",
}


def command_signal(
    kind: SignalKind,
    fleet: str,
    rollout: str | None,
    body: object,
    by: str | None,
    received_at: datetime,
    key: str | None = None,
    step: str | None = None,
) -> Signal:
    """A command to `fleet` as a signal. Raises Refused.

    `by` is the person, as whoever received the command knows them. With the same `key` (the caller's own,
    from `Idempotency-Key`) a command said twice is said once. `step` is the step that it is meant for.
    """
    if kind not in COMMANDS:
        raise Refused(f"command: got {kind}, expected one of {', '.join(sorted(COMMANDS))}")
    starts = kind is SignalKind.START
    found = thing({} if body is None else body, "body")
    known = _START if starts else _COMMON
    for name in found:
        if name not in known:
            raise Refused(
                f"{clean(str(name), 80)}: got an unknown field, expected {', '.join(sorted(known))}"
            )
    person = text(by, "by", "the person behind the command")
    note = prose_or_none(found.get("note"), "note")
    version = kubernetes_version(found.get("version"), "version") if starts else None
    told = f"starts a rollout to {version}" if starts else _TOLD[kind]
    because = f"{clean(person, 120)} {told}"
    own = (key,) if key else (rollout or "", person, received_at.isoformat())
    return Signal(
        kind=kind,
        id=signal_id(fleet, kind.value, *(text(part, "key") if key else part for part in own)),
        fleet=fleet,
        at=received_at,
        because=f"{because}: {clean(note, 200)}" if note else because,
        version=version,
        template_version=template_version(found.get("template_version"), "template_version"),
        rollout=rollout,
        by=person,
        note=note,
        lift_hold=_flag(found),
        step=step,
    )


def _flag(found: dict[str, Any]) -> bool:
    value = found.get("lift_hold", False)
    if not isinstance(value, bool):
        raise refused("lift_hold", value, "true or false")
    return value
