"""Decides when the counting of recorded samples began, which nobody wrote down.

No bad sample may make more of the good ones by when it came, and no good one hide a bad one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from shared.fleet import Gate
from shared.gate_rules import Schedule
from shared.gates.measuring import AGAINST, SOUND, Limits, measured
from shared.gates.tally import begun, fold
from shared.measured import Measurement, Phase, Tally
from shared.model import Sample


def counted_from(
    gate: Gate, samples: Sequence[Sample], limits: Limits, now: datetime
) -> tuple[Tally, list[Measurement]]:
    """What was counted of `samples`, of which there is at least one, by then; and which of them were due.

    It began with what came first: for a pass that is a number, for what speaks against it also an older one.
    """
    told = [each for each in measured(samples, limits) if each.at <= now]
    first = min(now, samples[0].at)
    number = _first(samples, limits, now, SOUND) or first
    begin = min([first, *(each.at for each in told if each.phase in AGAINST)])
    schedule = gate.schedule or Schedule()
    delay = timedelta(seconds=schedule.initial_delay_seconds)
    since = {Phase.PASS: number, **dict.fromkeys(AGAINST, begin)}
    due = [each for each in told if each.at >= since.get(each.phase, first) + delay]
    passed, failed = (_first(samples, limits, now, {each}) for each in (Phase.PASS, Phase.FAIL))
    anchor = passed or failed or begin
    start = _aligned(begin, anchor, schedule.interval_seconds)
    tally, taken = fold(gate, begun(start), due)
    return (tally if taken else begun(number)), taken


def _first(
    samples: Sequence[Sample], limits: Limits, now: datetime, phases: Collection[Phase]
) -> datetime | None:
    """When the first sample to come was that has such a phase by itself."""
    known = (each for each in samples if each.at <= now)
    return next((each.at for each in known if measured((each,), limits)[0].phase in phases), None)


def _aligned(begin: datetime, anchor: datetime, interval_seconds: int) -> datetime:
    """The newest time that is not after `begin`, and whole intervals before `anchor`.

    A bad sample must not decide which good ones lie in one interval, nor a lesser one which failures.
    """
    if not interval_seconds:
        return begin
    interval = timedelta(seconds=interval_seconds)
    return anchor + (begin - anchor) // interval * interval
