"""Judges recorded samples: all of them at once, with no cloud, no store and no clock.

Comes to what the engine would have come to at the same time. Refuses to read files.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from shared.fleet import Gate
from shared.gate_rules import Anomaly, Direction, Schedule
from shared.gates.against_live import live_seen
from shared.gates.anomaly import hours, unusual, usual
from shared.gates.beginning import counted_from
from shared.gates.burn_windows import worst_alone
from shared.gates.burning import WHOLE, Watch, beyond
from shared.gates.events import kept
from shared.gates.freshness import of_now
from shared.gates.measuring import (
    SOUND,
    Limits,
    beside_live,
    counted,
    direction_of,
    failure_told,
    known,
    limits_of,
    measured,
    newest_failure,
    newest_value,
)
from shared.gates.scoring import rank
from shared.gates.shares import as_shares
from shared.gates.weighed import Beside, Weighed
from shared.gates.window import lacking, limit_shown, weigh
from shared.measured import Measurement, Phase, Usual
from shared.model import Doubt, Sample, Verdict


class Recorded(Struct, frozen=True, kw_only=True):
    """What became of recorded samples. `verdict` None: the gate has not ended, so that it has none.

    `next_due_seconds` is None once it is complete. `value` was held against `limit`. `score` is 0 to 100.
    `doubt` is what is known of one that is inconclusive.
    """

    verdict: Verdict | None
    because: str
    measurements: tuple[Measurement, ...] = ()
    complete: bool = True
    next_due_seconds: float | None = None
    score: float | None = None
    value: float | None = None
    limit: float | None = None
    doubt: Doubt | None = None


class Beneath(Struct, frozen=True, kw_only=True):
    """What else was recorded: the live slot's samples, the baseline's mean, the weeks before."""

    live: tuple[Sample, ...] | None = None
    baseline: float | None = None
    past: tuple[Sample, ...] = ()


_NOTHING = Beneath()
_MOMENT = timedelta(microseconds=1)
_GOOD = frozenset({Phase.PASS, Phase.MEASURED})


def recorded(
    gate: Gate, samples: Sequence[Sample], at: datetime | None = None, beneath: Beneath = _NOTHING
) -> Recorded:
    """Judge `samples`, in the order in which they came, as of `at`, else as of the newest of them.

    What comes late, after samples of a later time, speaks for nothing. Taken by its time it may still speak
    against the candidate: where any does, the worse of both counts.
    """
    found = _as_they_came(gate, samples, at, beneath)
    by_time = sorted(samples, key=lambda each: each.at)
    if all(one.at == other.at for one, other in zip(samples, by_time, strict=True)):
        return found
    others = [_as_they_came(gate, by_time, at, beneath)]
    if direction_of(gate) is Direction.EITHER:
        others.append(_as_they_came(gate, samples, at, beneath, falls=True))
    for other in others:
        found = replace(other, measurements=found.measurements) if _is_worse(other, found) else found
    return found


def _is_worse(one: Recorded, other: Recorded) -> bool:
    """What has not ended is not as good as a pass; of two that decide nothing, what is unclear tells more."""
    ranks = [1.5 if each.verdict is None else rank(each.verdict) for each in (one, other)]
    return ranks[0] < ranks[1] or (ranks[0] == ranks[1] and one.verdict is Verdict.INCONCLUSIVE)


def _as_they_came(
    gate: Gate, samples: Sequence[Sample], at: datetime | None, beneath: Beneath, *, falls: bool = False
) -> Recorded:
    # Beside live its samples say of when: the candidate's must not choose which of them they stand beside.
    newest = _newest_of_live(gate, beneath, at)
    now = at or max((*(sample.at for sample in samples), *newest), default=None)
    if now is None or not samples:
        return _nothing(gate)
    limits = limits_of(gate, beneath.baseline)
    limits = limits._replace(falls=falls or limits.falls)
    samples = as_shares(gate, samples, limits)
    if counted(gate):
        return _counted(gate, samples, now, limits)
    return _window(gate, samples, now, limits, beneath, newest, still=at is not None)


def _nothing(gate: Gate) -> Recorded:
    """Without samples nobody knows when the counting began, so that it begins."""
    because = "there are no samples"
    if not counted(gate):
        return Recorded(verdict=Verdict.NO_DATA, because=because)
    due = float((gate.schedule or Schedule()).initial_delay_seconds)
    return Recorded(verdict=Verdict.NO_DATA, because=because, complete=False, next_due_seconds=due)


def _newest_of_live(gate: Gate, beneath: Beneath, at: datetime | None) -> list[datetime]:
    """When live's newest sound sample was, where that matters: none or one moment."""
    if at is not None or not beside_live(gate) or beneath.live is None:
        return []
    told = measured(beneath.live, limits_of(gate))
    return sorted(each.at for each in told if each.phase in SOUND)[-1:]


def _counted(gate: Gate, samples: Sequence[Sample], now: datetime, limits: Limits) -> Recorded:
    if not limits.alone:
        return Recorded(verdict=Verdict.INCONCLUSIVE, because="there is no baseline to compare with")
    stands, taken = counted_from(gate, samples, limits, now)
    worst = newest_failure(taken)
    failed = failure_told(gate, limits, worst) if stands.verdict is Verdict.FAIL else ""
    return Recorded(
        verdict=stands.verdict,
        because=stands.because + failed,
        measurements=tuple(taken),
        complete=stands.complete,
        next_due_seconds=stands.next_due_seconds,
        value=newest_value(taken) if worst is None else worst,
        limit=limit_shown(limits),
        doubt=stands.doubt,
    )


def _window(
    gate: Gate,
    samples: Sequence[Sample],
    now: datetime,
    limits: Limits,
    beneath: Beneath,
    live: list[datetime],
    *,
    still: bool,
) -> Recorded:
    length = timedelta(seconds=gate.window_seconds)
    told = measured(samples, limits, None, now)
    # Bad samples after the last good one lengthen the window: nothing falls out of it by getting worse.
    # Where it was said when to judge, no sample moves it.
    last = now if still or not told else (live or [_last_good(gate, told, beneath)])[0]
    since = last - length
    found = measured(samples, limits, since, now)
    look = _looking(gate, samples, told, beneath, still=still)
    weighed = look(since, now)
    if last < now and (gate.slo is not None or gate.anomaly is not None):
        moments = _looks_until(now, last, told)
        earlier = (look(begin, at) for at in moments for begin in dict.fromkeys((at - length, since)))
        weighed = _worst(weighed, earlier)
    weighed = of_now(gate, weighed, samples, told, beneath.live, (now - length, now))
    return Recorded(
        verdict=weighed.verdict,
        because=weighed.because,
        measurements=tuple(found),
        score=weighed.score,
        value=weighed.value,
        limit=weighed.limit,
        doubt=weighed.doubt,
    )


def _last_good(gate: Gate, told: Sequence[Measurement], beneath: Beneath) -> datetime:
    """When the newest sample was that is not bad by itself; the first of all where there is none."""
    bad = _bad_alone(gate, beneath)
    good = (each.at for each in reversed(told) if each.phase in _GOOD and not bad(each))
    return next(good, told[0].at)


def _bad_alone(gate: Gate, beneath: Beneath) -> Callable[[Measurement], bool]:
    """Which of the numbers without a limit of their own are bad by themselves, or not known to be good."""
    if gate.anomaly is not None:
        alone = _usual_alone(gate.anomaly, beneath)
        return lambda each: alone(each) is not Verdict.PASS
    worst = math.inf if gate.slo is None else worst_alone(gate.slo)
    return lambda each: each.value is not None and each.value > worst


def _usual_alone(rule: Anomaly, beneath: Beneath) -> Callable[[Measurement], Verdict]:
    """What one number comes to beside the weeks before."""
    known: dict[tuple[datetime, datetime], Usual] = {}

    def verdict(each: Measurement) -> Verdict:
        span = hours(each.at, each.at + _MOMENT)
        found = known[span] = known.get(span) or usual(rule, *span, beneath.past)
        return unusual(rule, (Sample(at=each.at, value=each.value),), found).verdict

    return verdict


def _looks_until(now: datetime, last: datetime, told: Sequence[Measurement]) -> list[datetime]:
    """The moments since the last good sample of which something was told, newest first.

    Windows that end later than what burns, or is unusual, see less and less of it.
    """
    return [*dict.fromkeys(each.at for each in reversed(told) if last < each.at <= now), last]


def _worst(weighed: Weighed, earlier: Iterable[Weighed]) -> Weighed:
    """The first that failed, else was inconclusive, else did not pass; `weighed` itself where all did.

    What was seen to be unclear is not taken back by the silence after it.
    """
    worst = weighed
    if worst.verdict is Verdict.FAIL:
        return worst
    for each in earlier:
        if each.verdict is Verdict.FAIL:
            return each
        unclear = each.verdict is Verdict.INCONCLUSIVE and worst.verdict is not Verdict.INCONCLUSIVE
        if unclear or (worst.verdict is Verdict.PASS and each.verdict is not Verdict.PASS):
            worst = each
    return worst


def _looking(
    gate: Gate, samples: Sequence[Sample], told: Sequence[Measurement], beneath: Beneath, *, still: bool
) -> Callable[[datetime, datetime], Weighed]:
    """What a window comes to, both of its ends included. `told` is what each sample is worth, by time."""
    ordered = sorted(samples, key=lambda each: each.at)
    moments = [each.at for each in ordered]

    def look(since: datetime, until: datetime) -> Weighed:
        window = slice(bisect_left(moments, since), bisect_right(moments, until))
        found, part = told[window], ordered[window]
        lack = lacking(gate, found, part)
        if lack is not None:
            return Weighed(*lack)
        live, odd = (None, "") if beneath.live is None else live_seen(gate, beneath.live, since, until)
        beside = Beside(
            baseline=known(beneath.baseline),
            live=live,
            odd=odd,
            # Where nobody said when to judge, a window ends with a sample, whose hour counts.
            usual=_usual(gate, since, until if still else until + _MOMENT, beneath),
            watch=_watch(gate, ordered[: window.stop], until),
            trouble="no samples of the live slot were given",
        )
        return weigh(gate, found, part, beside, until)

    return look


def _usual(gate: Gate, since: datetime, until: datetime, beneath: Beneath) -> Usual | None:
    """What was usual in the hours of a window, as a rollout asks: no sample decides which these are."""
    return None if gate.anomaly is None else usual(gate.anomaly, *hours(since, until), beneath.past)


def _watch(gate: Gate, samples: Sequence[Sample], now: datetime) -> Watch:
    """An objective's longer windows, and how much was recorded at all by then."""
    if gate.slo is None:
        return WHOLE
    known = [each for each in samples if not each.error]
    longer = beyond(gate.slo, gate.window_seconds)
    begun = min((each.at for each in known), default=now)
    return Watch(gate.window_seconds, (now - begun).total_seconds(), kept(known, longer, None, now))
