"""Reads what a gate asks over a time that is over. Decides what is told of it; refuses to judge it."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from shared.fleet import Fleet
from shared.ports import World
from shared.probes import Answer, GateReading, Reading, Unavailable

SAMPLES_MAX = 20_000
"""In one answer: a day has 1,440 minutes. A query that gives a row for each request is none for a gate."""

log = logging.getLogger("switchyard.api")


async def read(world: World, fleet: Fleet, body: object, now: datetime, who: str) -> dict[str, Any]:
    """The samples, or why there are none. Raises Invalid with every mistake of the body."""
    from shared.fleet_file.asked_past import parse_asked  # pydantic costs a cold start

    asked = parse_asked(body, [slot.name for slot in fleet.slots], now)
    # Who asked what under the product's identity is not in the audit trail, for nothing changes by it.
    log.info("%s reads %s on %s of %s from %s", who, asked.gate.name, asked.slot, fleet.name, asked.since)
    probe = GateReading(asked.gate, asked.slot)
    then = asked.until + timedelta(seconds=asked.gate.ingestion_seconds)
    answer = (await world.observe(fleet, frozenset({probe}), then)).get(probe)
    because = _unavailable(answer)
    known = isinstance(answer, Reading) and because is None
    return {
        "gate": asked.gate.name,
        "slot": asked.slot,
        "since": asked.since,
        "until": asked.until,
        "source": answer.source if isinstance(answer, Reading) else "",
        "samples": answer.samples if isinstance(answer, Reading) and known else (),
        "unavailable": because,
    }


def _unavailable(answer: Answer | None) -> str | None:
    if isinstance(answer, Reading):
        count = len(answer.samples)
        many = f"it gives {count} samples, and {SAMPLES_MAX} are as many as are told at once: sum them up"
        return many if count > SAMPLES_MAX else None
    return answer.because if isinstance(answer, Unavailable) else "it was not observed"
