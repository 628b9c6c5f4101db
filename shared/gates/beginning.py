"""Decides when the counting of recorded samples began, which nobody wrote down.

No bad sample may make more of the good ones by when it came, and no good one hide a bad one. So intervals are
those of the clock, which no sample moves, and of several beginnings the worst counts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from shared.fleet import Gate
from shared.gate_rules import Schedule
from shared.gates.measuring import SOUND, Limits, measured, phase_of
from shared.gates.scoring import rank
from shared.gates.tally import Standing, begun, fold, standing
from shared.measured import Measurement, Phase
from shared.model import Sample, Verdict

_1970 = datetime(1970, 1, 1, tzinfo=UTC)


def counted_from(
    gate: Gate, samples: Sequence[Sample], limits: Limits, now: datetime
) -> tuple[Standing, list[Measurement]]:
    """How what was counted of `samples` stands by then, of which there is at least one, and what was due.

    It began with the oldest sample, and for a pass with the first number that came. Any number before the
    first pass may have been that, had those before it not been recorded.
    """
    schedule = gate.schedule or Schedule()
    told = [each for each in measured(samples, limits) if each.at <= now]
    begin = min((each.at for each in told), default=now)
    delay, interval = (
        timedelta(seconds=each) for each in (schedule.initial_delay_seconds, schedule.interval_seconds)
    )
    since = begun(_on_the_clock(begin + delay, interval) - delay)
    found = []
    for number in _beginnings(samples, told, limits, now, delay) or [begin]:
        due = [each for each in told if each.at >= (number if each.phase is Phase.PASS else begin) + delay]
        tally, taken = fold(gate, since, due)
        stands = standing(gate, tally if taken else begun(number), now)
        found.append((_in_rhythm(stands, taken, interval, now), taken))
    stands, taken = min(found, key=lambda each: _badness(each[0].verdict))
    if stands.verdict is None or stands.short:
        silent = all(each.phase is Phase.NO_DATA for each in told)
        stands = replace(stands, verdict=Verdict.NO_DATA if silent else None)
    return stands, taken


def _badness(verdict: Verdict | None) -> int:
    """The less the worse. What has not ended says less than what has."""
    return rank(Verdict.PASS) + 1 if verdict is None else rank(verdict)


def _beginnings(
    samples: Sequence[Sample], told: Sequence[Measurement], limits: Limits, now: datetime, delay: timedelta
) -> list[datetime]:
    """When numbers were up to the first pass, in the order in which they came; once for the same passes."""
    passes = [each.at for each in told if each.phase is Phase.PASS]
    found: dict[int, datetime] = {}
    for at in _numbers(samples, limits, now):
        found.setdefault(bisect_left(passes, at + delay), at)
    return list(found.values())


def _numbers(samples: Sequence[Sample], limits: Limits, now: datetime) -> Iterator[datetime]:
    """Of one instant, which of its samples came first is nothing that a verdict may hang on."""
    together: dict[datetime, list[Sample]] = {}
    for each in samples:
        together.setdefault(each.at, []).append(each)
    for each in samples:
        if each.at > now:
            continue
        phases = {phase_of(one, limits) for one in together[each.at]}
        if phases.isdisjoint(SOUND):
            continue
        yield each.at
        if Phase.PASS in phases and each is together[each.at][-1]:
            return


def _on_the_clock(at: datetime, interval: timedelta) -> datetime:
    """When the interval began that a time lies in, as intervals follow on one another since 1970."""
    return at - (at - _1970) % interval if interval else at


def _in_rhythm(
    stands: Standing, taken: Sequence[Measurement], interval: timedelta, now: datetime
) -> Standing:
    """The next one is due in the rhythm in which they came, and not when the clock's next interval begins."""
    if stands.next_due_seconds is None or not interval or not taken:
        return stands
    first, newest = taken[0].at, taken[-1].at
    due = first + ((newest - first) // interval + 1) * interval
    return replace(stands, next_due_seconds=max(stands.next_due_seconds, (due - now).total_seconds()))
