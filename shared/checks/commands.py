"""When a check in a cluster is begun, and which of those that were begun speaks.

A run command cannot be asked for twice without running twice, and looking must not change a thing. So what
was begun is a receipt of the rollout, its result is fetched by later looks, and another one is begun only
when the newest result grows old. While that one runs, the one before it speaks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from shared.check_rules import ClusterCheck
from shared.checks.workloads import POLL_SECONDS, command, measured
from shared.errors import Retry
from shared.fleet import Gate
from shared.probes import Reading

EVERY_SECONDS_MIN = 60.0
"""No check of a gate on a slot is begun more often."""

_OUTPUT_CHARACTERS_MAX = 200


class Ran(Struct, frozen=True, kw_only=True):
    """A run command that has ended, with all of its output. One that never ran may not say when."""

    exit_code: int
    output: str
    started_at: datetime | None
    ended_at: datetime | None


class Next(Struct, frozen=True, kw_only=True):
    """What the look says, whether it begins another command, and which of those before are kept."""

    reading: Reading
    begins: bool
    kept: tuple[str, ...]


def every_seconds(gate: Gate) -> float:
    """How old a result may grow before another command is begun: two are in a window."""
    return max(EVERY_SECONDS_MIN, gate.window_seconds / 2)


def following(
    gate: Gate, check: ClusterCheck, known: Sequence[tuple[str, Ran | None]], since: datetime, now: datetime
) -> Next:
    """What comes of the commands that are known, oldest first, None for one that runs.

    Nothing that was begun before `since` is evidence. Raises Retry where the newest could not do its work, as
    long as it is too early for another.
    """
    if not known:
        return Next(reading=_nothing(check, since, now), begins=True, kept=())
    name, newest = known[-1]
    if newest is None:
        before = known[-2][1] if len(known) > 1 else None
        fresh = before is not None and _age(before, now) <= gate.window_seconds
        spoken = _read(check, before, since) if before is not None and fresh else None
        kept = tuple(each for each, _ in known[-2:])
        return Next(reading=spoken or _nothing(check, since, now), begins=False, kept=kept)
    try:
        reading = _read(check, newest, since)
    except Retry as failed:
        if _age(newest, now) < EVERY_SECONDS_MIN:
            raise
        return Next(reading=_nothing(check, since, now, f"{failed}; another one"), begins=True, kept=())
    if reading is None:
        return Next(reading=_nothing(check, since, now), begins=True, kept=())
    lasts = every_seconds(gate) if reading.samples else EVERY_SECONDS_MIN
    return Next(reading=reading, begins=_age(newest, now) >= lasts, kept=(name,))


def _age(ran: Ran, now: datetime) -> float:
    return (now - ran.ended_at).total_seconds() if ran.ended_at is not None else math.inf


def _nothing(check: ClusterCheck, since: datetime, now: datetime, what: str = "the check") -> Reading:
    because = f"{what} runs in the cluster"
    return Reading((), command(check), since, now, because=because, again_seconds=POLL_SECONDS)


def _read(check: ClusterCheck, ran: Ran, since: datetime) -> Reading | None:
    """What a command says, None where it is no evidence any more. Raises Retry where it failed."""
    if ran.exit_code != 0:
        said = " ".join(ran.output.split())[-_OUTPUT_CHARACTERS_MAX:]
        raise Retry(f"the check in the cluster ended with {ran.exit_code}: {said}")
    if ran.started_at is None or ran.ended_at is None:
        raise Retry("the check in the cluster does not say when it ran")
    if ran.started_at < since:
        return None
    reading = measured(check, ran.output, command(check), since, ran.ended_at)
    if reading is None:
        raise Retry("the check in the cluster gave output that was cut, or that is of another form")
    return reading
