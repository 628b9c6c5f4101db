"""Decides what a gate's measurements come to when they are counted one by one, all at once or tick by tick.

A pure fold: the engine sees samples in pieces, `gates judge` sees all of them, and both come to the same
verdict. Limits are the largest tolerated number. What a bad measurement does can only make a verdict worse:
it ends no run of failures and fills no place that a later failure would have had.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from shared.fleet import Gate
from shared.gate_rules import Schedule
from shared.gates.figures import missing
from shared.gates.reckoning import (
    counts_to_an_end,
    decided,
    ended,
    missed,
    passes_told,
    too_unclear,
    unended,
)
from shared.measured import Counts, Measurement, Phase, Tally
from shared.model import Doubt, Verdict

_SCHEDULE = Schedule()
# Of several samples of one interval the worst counts; where one is good, silence beside it says nothing.
_WORSE = {Phase.NO_DATA: 0, Phase.PASS: 1, Phase.INCONCLUSIVE: 2, Phase.FAIL: 3}


class Standing(Struct, frozen=True):
    """How a tally stands. `verdict` None: it has not ended, so it has none.

    `complete` means that it cannot pass any more, or has. `next_due_seconds` is None then, and 0 where each
    sample is a measurement. `doubt` is what is known of one that is inconclusive. `short`: it lacks passes
    and nothing else, of a gate that its step ends.
    """

    verdict: Verdict | None
    because: str
    complete: bool
    next_due_seconds: float | None = None
    doubt: Doubt | None = None
    short: bool = False


def fold(gate: Gate, tally: Tally, measurements: Iterable[Measurement]) -> tuple[Tally, list[Measurement]]:
    """The tally with these measurements, which are sorted by time, and those of them that were due.

    What was counted before is not counted again: the newest instant may come twice, and what is older than it
    belongs to a reading of before, which `newer` leaves out.
    """
    schedule = gate.schedule or _SCHEDULE
    start = tally.since + timedelta(seconds=schedule.initial_delay_seconds)
    taken = []
    counts = _with_newest(gate, tally)
    over = ended(gate, counts)
    for each in measurements:
        if each.at < start:
            continue
        number = _number(schedule, tally, start, each.at)
        # What ended it may still be revised by the rest of its interval.
        if over and number != tally.number:
            continue
        taken.append(each)
        tally = _taken(tally, counts, each, number)
        counts = _with_newest(gate, tally)
        over = ended(gate, counts)
    return tally, taken


def endless(gate: Gate) -> bool:
    """Whether no number of passes ends it."""
    return not counts_to_an_end(gate)


def passed(gate: Gate, tally: Tally, passes: Sequence[Measurement]) -> Tally:
    """`fold` of passes alone, each newer than the one before and than the tally, without a step for each.

    For a tally that has passed something and has not ended, of a gate that is `endless`.
    """
    number, place = tally.number, 0
    while place < len(passes) and tally.number == number:
        tally, _ = fold(gate, tally, passes[place : place + 1])
        place += 1
    rest = passes[place:]
    if not rest:
        return tally
    # What is open now is a pass, and each that follows closes the one before it.
    schedule = gate.schedule or _SCHEDULE
    start = tally.since + timedelta(seconds=schedule.initial_delay_seconds)
    numbers = {_number(schedule, tally, start, each.at) for each in rest} if schedule.interval_seconds else ()
    closed = len({*numbers, tally.number}) - 1 if numbers else len(rest)
    known, newest = tally.counts, rest[-1].at
    counts = Counts(
        known.passes + closed,
        known.failures,
        known.inconclusives,
        known.errors,
        known.passes_run + closed,
        0 if closed else known.failures_run,
        0 if closed else known.inconclusives_run,
        0 if closed else known.errors_run,
        _recent(gate, known.recent, "p" * closed),
    )
    number = max(numbers, default=tally.number + closed)
    return Tally(tally.since, counts, number, Phase.PASS, newest_at=newest, passed_at=newest)


def newer(tally: Tally, measurements: Iterable[Measurement]) -> list[Measurement]:
    """What a reading has that was not counted yet, or may still be revised."""
    newest_at = tally.newest_at
    return [each for each in measurements if newest_at is None or each.at >= newest_at]


def standing(gate: Gate, tally: Tally, at: datetime) -> Standing:
    """How it stands at that time."""
    counts = _with_newest(gate, tally)
    verdict, because, complete = decided(gate, counts)
    if verdict is Verdict.FAIL or complete:
        doubt = _doubt(gate, tally, counts, at) if verdict is Verdict.INCONCLUSIVE else None
        return Standing(verdict, because, True, doubt=doubt)
    due = _next_due(gate, tally, at)
    short = False
    if verdict is None and counts_to_an_end(gate):
        because = unended(gate, counts)
    elif verdict is None:
        short = counts.passes < gate.min_samples
        verdict, because = _so_far(gate, tally, counts, at)
    return Standing(verdict, because, False, due, short=short)


def _number(schedule: Schedule, tally: Tally, start: datetime, at: datetime) -> int:
    """Which measurement a sample belongs to: that of its interval, or of its instant."""
    if tally.newest_at is not None and at <= tally.newest_at:
        return tally.number
    if schedule.interval_seconds == 0:
        return tally.number + 1
    return int((at - start).total_seconds() // schedule.interval_seconds)


def _taken(tally: Tally, with_newest: Counts, measurement: Measurement, number: int) -> Tally:
    counts, phase, errored, unclear = tally.counts, tally.phase, tally.errored, tally.unclear
    if number > tally.number:
        counts, phase, errored, unclear = with_newest, Phase.NO_DATA, False, False
    # A failure beside it may be tolerated where it is not.
    unclear = unclear or measurement.phase is Phase.INCONCLUSIVE
    if measurement.phase is Phase.ERROR:
        errored = True
    elif _WORSE[measurement.phase] > _WORSE[phase]:
        phase = measurement.phase
    at = measurement.at
    newest_at = at if tally.newest_at is None or at > tally.newest_at else tally.newest_at
    passed_at = at if measurement.phase is Phase.PASS else tally.passed_at
    return Tally(tally.since, counts, number, phase, errored, newest_at, passed_at, unclear)


def _with_newest(gate: Gate, tally: Tally) -> Counts:
    """The counts with the newest measurement, which is still open."""
    counts, phase = tally.counts, tally.phase
    if tally.number < 0:
        return counts
    passed = phase is Phase.PASS
    clean = passed and not tally.errored
    failed, unclear = phase is Phase.FAIL, tally.unclear or phase is Phase.INCONCLUSIVE
    recent = counts.recent
    if passed or failed:
        recent = _recent(gate, recent, "p" if passed else "f")
    found = Counts(
        counts.passes + passed,
        counts.failures + failed,
        counts.inconclusives + unclear,
        counts.errors + tally.errored,
        counts.passes_run + 1 if clean else 0,
        0 if passed else counts.failures_run + failed,
        0 if passed else counts.inconclusives_run + unclear,
        0 if clean else counts.errors_run + tally.errored,
        recent,
        counts.missed,
    )
    return replace(found, missed=True) if missed(gate, found) else found


def _recent(gate: Gate, recent: str, more: str) -> str:
    of = gate.tolerance.of if gate.tolerance is not None else 0
    return (recent + more)[-of:] if of else recent


def _so_far(gate: Gate, tally: Tally, counts: Counts, at: datetime) -> tuple[Verdict, str]:
    """The verdict of a gate that only the step ends: it passes on fresh and sufficient evidence."""
    without = Verdict.PROVIDER_ERROR if tally.errored else Verdict.NO_DATA
    if counts.passes < gate.min_samples:
        return without, missing(counts.passes, gate.min_samples, "pass", "passes")
    assert tally.passed_at is not None, "a tally with passes knows when the newest was"
    if tally.passed_at < at - timedelta(seconds=gate.window_seconds):
        return without, f"nothing has passed since {tally.passed_at:%H:%M:%S}"
    return Verdict.PASS, passes_told(counts)


def _doubt(gate: Gate, tally: Tally, counts: Counts, at: datetime) -> Doubt | None:
    """What is known where it is unclear for good: half of it may be well, if none of it has failed."""
    schedule = gate.schedule or _SCHEDULE
    # With a delay it depends on the very first sample which of the others were measured.
    if not too_unclear(gate, counts) or schedule.initial_delay_seconds:
        return None
    speaks = counts_to_an_end(gate) or _so_far(gate, tally, counts, at)[0] is Verdict.PASS
    warns = speaks and not counts.failures and not counts.missed
    return Doubt.WARNING if warns else Doubt.AT_MOST_WARNING


def _next_due(gate: Gate, tally: Tally, at: datetime) -> float:
    schedule = gate.schedule or _SCHEDULE
    start = tally.since + timedelta(seconds=schedule.initial_delay_seconds)
    number = tally.number + 1 if schedule.interval_seconds else 0
    due = start + timedelta(seconds=schedule.interval_seconds * number)
    return max(0.0, (due - at).total_seconds())


def begun(since: datetime) -> Tally:
    """A tally of nothing."""
    return Tally(since=since)
