"""Decides what counts come to by a gate's schedule and tolerance, and when nothing can change that any more.

Refuses to know when a measurement is one, and which sample of an interval counts (`tally`).
"""

from __future__ import annotations

from shared.fleet import Gate
from shared.gate_rules import Schedule, Tolerance
from shared.gates.figures import are, many
from shared.measured import Counts, Phase
from shared.model import Verdict

_SCHEDULE, _TOLERANCE = Schedule(), Tolerance()


def ended(gate: Gate, counts: Counts) -> bool:
    """Whether nothing that comes can change it: it failed, or passed.

    Where a tolerated failure filled a place of `count`, what comes until there are as many passes still
    counts against it: a failure more must not end the measuring before the one that decides.
    """
    verdict, _, complete = decided(gate, counts)
    if verdict is not Verdict.PASS:
        return complete and verdict is Verdict.FAIL
    schedule = gate.schedule or _SCHEDULE
    return complete and (bool(schedule.consecutive_passes) or counts.passes >= schedule.count)


def decided(gate: Gate, counts: Counts) -> tuple[Verdict | None, str, bool]:
    """The verdict by the limits, its sentence, and whether it can still become a pass (False) or not."""
    allowed = gate.tolerance or _TOLERANCE
    failures = counts.recent.count("f") if allowed.of else counts.failures
    failed = f" of the newest {allowed.of} failed" if allowed.of else " failed"
    if _beyond(failures, allowed.failures_max):
        return Verdict.FAIL, _tolerated(failures, failed, failed, allowed.failures_max), True
    if _beyond(counts.failures_run, allowed.consecutive_failures_max):
        run = " in a row failed"
        because = _tolerated(counts.failures_run, run, run, allowed.consecutive_failures_max)
        return Verdict.FAIL, because, True
    # What is known to be unclear is not taken back because a provider is in trouble besides.
    if too_unclear(gate, counts):
        because = _tolerated(
            counts.inconclusives, " was inconclusive", " were inconclusive", allowed.inconclusives_max
        )
        return Verdict.INCONCLUSIVE, because, True
    if counts.missed:
        return Verdict.INCONCLUSIVE, _in_vain(gate), True
    if _beyond(counts.errors, allowed.errors_max):
        because = _tolerated(counts.errors, " was an error", " were errors", allowed.errors_max)
        return Verdict.PROVIDER_ERROR, because, True
    if _beyond(counts.inconclusives_run, allowed.consecutive_inconclusives_max):
        one, run = " in a row was inconclusive", " in a row were inconclusive"
        because = _tolerated(counts.inconclusives_run, one, run, allowed.consecutive_inconclusives_max)
        return Verdict.INCONCLUSIVE, because, False
    if _beyond(counts.errors_run, allowed.consecutive_errors_max):
        one, run = " in a row was an error", " in a row were errors"
        because = _tolerated(counts.errors_run, one, run, allowed.consecutive_errors_max)
        return Verdict.PROVIDER_ERROR, because, False
    return _counted(gate, counts)


def too_unclear(gate: Gate, counts: Counts) -> bool:
    """Whether more measurements were inconclusive than are tolerated at all, which stays so."""
    return _beyond(counts.inconclusives, (gate.tolerance or _TOLERANCE).inconclusives_max)


def _counted(gate: Gate, counts: Counts) -> tuple[Verdict | None, str, bool]:
    """Whether what the schedule asks for is there, where no limit speaks against it."""
    schedule = gate.schedule or _SCHEDULE
    wanted = schedule.consecutive_passes
    if wanted and counts.passes_run >= wanted:
        return (
            Verdict.PASS,
            f"{many(counts.passes_run, 'measurement', 'measurements')} in a row passed, of {wanted} wanted",
            True,
        )
    if not wanted and schedule.count and _places(gate, counts) >= schedule.count:
        return Verdict.PASS, passes_told(counts), True
    return None, "", False


def passes_told(counts: Counts) -> str:
    """How many passed, of all that say anything, and what came besides."""
    told = f"{counts.passes} of {counts.passes + counts.failures} measurements passed"
    besides = []
    if counts.inconclusives:
        besides.append(
            f"{counts.inconclusives} {'was' if counts.inconclusives == 1 else 'were'} inconclusive"
        )
    if counts.errors:
        besides.append(many(counts.errors, "was an error", "were errors"))
    return f"{told}, {' and '.join(besides)}" if besides else told


def missed(gate: Gate, counts: Counts) -> bool:
    """Whether `count` is over without what it asks for. Then no pass that comes later brings it back."""
    schedule = gate.schedule or _SCHEDULE
    if counts.missed or not schedule.count or _places(gate, counts) < schedule.count:
        return counts.missed
    wanted = schedule.consecutive_passes
    return counts.passes_run < wanted if wanted else counts.passes == 0


def _in_vain(gate: Gate) -> str:
    schedule = gate.schedule or _SCHEDULE
    over = f"{many(schedule.count, 'measurement is', 'measurements are')} over"
    wanted = schedule.consecutive_passes
    return f"{over}, and never did {wanted} in a row pass" if wanted else f"{over}, and none of them passed"


def counts_to_an_end(gate: Gate) -> bool:
    """Whether its own measurements end it, and not the step that asks."""
    schedule = gate.schedule or _SCHEDULE
    return bool(schedule.count or schedule.consecutive_passes)


def unended(gate: Gate, counts: Counts) -> str:
    """What is there of what it asks for, of a gate that has not ended."""
    schedule = gate.schedule or _SCHEDULE
    if schedule.consecutive_passes:
        taken, needed = counts.passes_run, many(schedule.consecutive_passes, "pass", "passes in a row")
    else:
        taken, needed = _places(gate, counts), many(schedule.count, "measurement", "measurements")
    verb = "is" if needed.startswith("1 ") else are(taken)
    return f"it has not ended: {taken} of {needed} {verb} there"


def filling(gate: Gate) -> tuple[Phase, ...]:
    """What fills a place of `count`.

    Failures do, as with Argo, unless the order of failures matters to a limit. Then a failure more would end
    the measuring before the one that decides. Of a gate that asks for passes in a row inconclusive ones do as
    well: `count` ends it with no pass, so that this hides nothing, and what gets worse must not put it off.
    """
    allowed = gate.tolerance or _TOLERANCE
    if gate.schedule is not None and gate.schedule.consecutive_passes:
        return Phase.PASS, Phase.FAIL, Phase.INCONCLUSIVE
    if allowed.of or allowed.consecutive_failures_max is not None:
        return (Phase.PASS,)
    return Phase.PASS, Phase.FAIL


def _places(gate: Gate, counts: Counts) -> int:
    found = (counts.passes, counts.failures, counts.inconclusives)
    return sum(found[: len(filling(gate))])


def _beyond(found: int, limit: int | None) -> bool:
    return limit is not None and found > limit


def _tolerated(found: int, one: str, several: str, limit: int | None) -> str:
    what = many(found, f"measurement{one}", f"measurements{several}")
    return f"{what}, {many(limit or 0, 'is', 'are')} tolerated"
