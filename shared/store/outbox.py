"""What a claim owes to the fleet's topic: one CloudEvent for a transition, nothing for a mere poll.

Pure. Decides what counts as a transition and how it is told; refuses to know who sends it and when.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shared.decision import Decision, Seen
from shared.model import Rollout
from shared.ports import OutboxEntry, Row
from shared.store.rows import outbox_key

ADVANCED = "Switchyard.RolloutAdvanced"
HELD = "Switchyard.RolloutHeld"
ENDED = "Switchyard.RolloutEnded"


def announcement(row: Row, decision: Decision, seen: Seen) -> OutboxEntry | None:
    """The event of this claim, if it moved the rollout and its plan names a topic."""
    rollout = decision.state.rollout
    topic = (decision.plan or row.plan or row.fleet).notification_topic
    if rollout is None or topic is None:
        return None
    kind = _kind(row.state.rollout, rollout)
    if kind is None:
        return None
    epoch = decision.state.epoch
    return OutboxEntry(
        key=outbox_key(epoch),
        fleet=row.fleet.name,
        topic=topic,
        at=seen.now,
        event=_cloud_event(kind, row.fleet.name, rollout, decision, seen),
    )


def _kind(before: Rollout | None, after: Rollout) -> str | None:
    if before is None or before.id != after.id:
        return ADVANCED
    if before.outcome != after.outcome:
        return ENDED
    if _hold(before) != _hold(after):
        return ADVANCED if after.held is None else HELD
    return ADVANCED if (before.stage, before.step) != (after.stage, after.step) else None


def _hold(rollout: Rollout) -> tuple[object, ...] | None:
    # The sentence of a hold may change with every poll; its kind and its start do not.
    return (rollout.held.kind, rollout.held.since) if rollout.held else None


def _cloud_event(kind: str, fleet: str, rollout: Rollout, decision: Decision, seen: Seen) -> dict[str, Any]:
    """A structured CloudEvent (github.com/cloudevents/spec, v1.0.2, cloudevents/formats/json-format.md)."""
    epoch = decision.state.epoch
    event: dict[str, Any] = msgspec.to_builtins(
        {
            "specversion": "1.0",
            "id": f"{fleet}/{rollout.id}/{epoch}",
            "source": f"/switchyard/fleets/{fleet}",
            "type": kind,
            "time": seen.now,
            "subject": rollout.id,
            "datacontenttype": "application/json",
            "data": {
                "fleet": fleet,
                "rollout": rollout.id,
                "version": rollout.version,
                "stage": rollout.stage,
                "step": rollout.step,
                "live": rollout.live,
                "candidate": rollout.candidate,
                "safe": rollout.safe,
                "held": rollout.held,
                "outcome": rollout.outcome,
                "shadow": rollout.shadow,
                "because": decision.because,
                "who": decision.who,
                "epoch": epoch,
            },
        }
    )
    return event
