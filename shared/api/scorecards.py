"""The ten measures of a rollout, or of those that ended in the last days: reads what is kept of them.

Decides which rows are read: those of the rollouts asked about and no others. Refuses to judge (`gates`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.errors import Conflict, Refused
from shared.gates.scorecard import Scorecard, Told, of_period, of_rollout
from shared.gates.telling import told
from shared.model import Rollout
from shared.ports import Row, Store
from shared.signals.body import shown

DAYS = 30
DAYS_MAX = 366


def days_of(text: str | None) -> int:
    """How many days a request asks about. Raises Refused."""
    if text is None:
        return DAYS
    # Eleven digits are no date any more, and int() takes digits of every script.
    if re.fullmatch(r"[1-9][0-9]{0,2}", text, re.ASCII) is None or int(text) > DAYS_MAX:
        raise Refused(f"days: got {shown(text)}, expected a whole number from 1 to {DAYS_MAX}")
    return int(text)


async def of_one(store: Store, row: Row, rollout: Rollout) -> dict[str, Any]:
    """The measures of a rollout that is over. Raises Conflict, Retry."""
    if rollout.shadow:
        raise Conflict(f"{rollout.id} is in shadow: it brought nothing to anybody that could be measured")
    found = await _told(store, row, (rollout,))
    if not found:
        raise Conflict(f"{rollout.id} is not over: its scorecard is told when it is")
    return _body(row, of_rollout(found[0], row.fleet.scorecard.cost_max), None)


async def of_days(store: Store, row: Row, days: int, now: datetime) -> dict[str, Any]:
    """The measures of the rollouts that ended in the last `days` until now, without shadows. Raises Retry."""
    since = now - timedelta(days=days)
    rollouts = await store.rollouts(row.fleet.name)
    ended = [each for each in rollouts if each.ended_at is not None and since < each.ended_at <= now]
    found = await _told(store, row, ended)
    return _body(row, of_period(found, now, days, row.fleet.scorecard.cost_max), days)


async def _told(store: Store, row: Row, rollouts: Sequence[Rollout]) -> list[Told]:
    found = []
    for rollout in rollouts:
        if rollout.outcome is None or rollout.shadow:
            continue
        entries = await store.audit(row.fleet.name, rollout.id)
        judgements = await store.judgements(row.fleet.name, rollout.id)
        each = told(rollout, entries, judgements, row.fleet.scorecard)
        if each is not None:
            found.append(each)
    return found


def _body(row: Row, card: Scorecard, days: int | None) -> dict[str, Any]:
    return {"fleet": row.fleet.name, "days": days, "rollouts": card.rollouts, "measures": card.lines}
