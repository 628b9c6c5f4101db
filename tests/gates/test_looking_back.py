"""A long time is judged by sums, and comes at every look to what a rollout's own look would have come to."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from shared.azure.window import window
from shared.fleet import Gate, Source, Target
from shared.gate_rules import BURNS, Anomaly, Burn, Objective, Schedule, Tolerance
from shared.gates import Beyond, judge, mean
from shared.gates.anomaly import hours, usual
from shared.gates.burning import beyond
from shared.gates.events import kept
from shared.gates.looking_back import LookingBack, Stretch
from shared.gates.quiet import LeftOut, Quiet
from shared.gates.scoring import Finding
from shared.levers import SlotName
from shared.measured import Tally
from shared.model import Sample, Verdict
from shared.probes import Reading

BLUE = SlotName("blue")
BEGIN = datetime(2026, 11, 2, 7, 13, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MINUTES = 400
LENGTH = 45
WATCHED = 1500
"""For how many seconds a step watches users: two of the longer windows below can be known by then."""

KINDS = ["sound", "no requests", "outages", "odd", "odder"]

PLAIN = Gate(
    name="failures", source=Source.LOGS, target=Target.GATEWAY, query="requests", max_value=0.2, min_samples=2
)
SLO = Objective(
    objective=0.9,
    burns=(
        Burn(rate=1.4, long_seconds=1800, short_seconds=300),
        Burn(rate=1.1, long_seconds=7200, short_seconds=600),
    ),
)
RULES: dict[str, dict[str, Any]] = {
    "max": {},
    "a wide window": {"window_seconds": 3600, "min_samples": 30, "breaches_max": 9},
    "breaches_max": {"breaches_max": 2, "window_seconds": 600},
    "min": {"max_value": None, "min_value": 0.02},
    "pass_max": {"pass_max": 0.1},
    "min_requests": {"requests_min": 400},
    "no delay": {"ingestion_seconds": 0},
    "a long delay": {"ingestion_seconds": 900},
    "baseline": {"max_value": None, "max_over_baseline": 1.2},
    "baseline over an hour": {"max_value": None, "max_over_baseline": 1.05, "window_seconds": 3600},
    "slo": {"max_value": None, "slo": SLO, "window_seconds": 7200},
    "slo of a short window": {
        "max_value": None,
        "slo": replace(SLO, burns=SLO.burns[:1]),
        "window_seconds": 1800,
    },
    "slo with longer windows": {"max_value": None, "slo": SLO, "window_seconds": 600},
    "slo with windows that are too long": {
        "max_value": None,
        "slo": replace(SLO, burns=(*SLO.burns, Burn(rate=1.0, long_seconds=21_600, short_seconds=7200))),
        "window_seconds": 1800,
        "min_samples": 4,
    },
    "slo of many requests": {"max_value": None, "slo": SLO, "window_seconds": 300, "requests_min": 300},
    "baseline of many requests": {
        "max_value": None,
        "max_over_baseline": 1.1,
        "window_seconds": 900,
        "requests_min": 900,
        "min_samples": 8,
    },
    "breaches in a wide window": {"window_seconds": 3600, "breaches_max": 5, "pass_max": 0.15},
    "below nothing": {"max_value": None, "min_value": -0.5},
    "counted": {"schedule": Schedule(interval_seconds=120), "tolerance": Tolerance(failures_max=3)},
    "counted late": {
        "schedule": Schedule(interval_seconds=60, initial_delay_seconds=400),
        "tolerance": Tolerance(failures_max=1, of=6, inconclusives_max=None),
        "pass_max": 0.15,
    },
    "counted in a row": {"tolerance": Tolerance(failures_max=999, consecutive_failures_max=2)},
    "counted with many requests": {"tolerance": Tolerance(failures_max=3), "requests_min": 50},
    "counted over a baseline": {
        "max_value": None,
        "max_over_baseline": 2.0,
        "tolerance": Tolerance(failures_max=4),
    },
}


def noise(seed: int, kind: str) -> tuple[Sample, ...]:
    """Hours of a source with a bad spell, silence, and of the kind `odd` whatever else a source may say."""
    chance = random.Random(seed)
    found = []
    for number in range(MINUTES):
        at = BEGIN.replace(second=0) + number * MINUTE
        if 200 <= number < 230 or chance.random() < 0.03:
            continue
        level = 0.25 if 90 <= number < 120 else 0.05
        value: float | None = max(0.0, chance.gauss(level, 0.06))
        requests = None if kind == "no requests" else float(chance.randrange(1, 200))
        error = ""
        if kind == "outages" and (number % 50 < 7 or chance.random() < 0.2):
            value = 1.0
        if kind.startswith("odd"):
            value = chance.choice([value, value, value, None, math.nan, math.inf, -1.0, 1.0, 1.5])
            error = chance.choice(["", "", "", "", "it timed out"])
            requests = chance.choice([requests, None, 0.0, -5.0] if kind == "odd" else [requests, 0.0])
        found.append(Sample(at=at, value=value, requests=requests, error=error))
        if kind.startswith("odd") and chance.random() < 0.3:
            told = chance.choice([0.0, value, 0.3, 1.0])
            found.append(Sample(at=at, value=told, requests=5.0, error=chance.choice(["", "", "again"])))
        if kind == "odd" and chance.random() < 0.2:
            found.append(Sample(at=at + timedelta(seconds=20.5), value=0.3))
    return tuple(found)


def stretch(samples: tuple[Sample, ...], *unread: LeftOut) -> Stretch:
    quiet = Quiet(slot=BLUE, since=BEGIN, until=BEGIN + MINUTES * MINUTE)
    return Stretch(quiet=quiet, samples=samples, unread=unread)


def looking_back(gate: Gate, samples: tuple[Sample, ...]) -> LookingBack:
    return LookingBack(gate, stretch(samples), 60, LENGTH, watched_seconds=WATCHED)


def as_a_rollout(
    gate: Gate, samples: tuple[Sample, ...], begin: datetime, start: datetime, length: int, lookback: int = 0
) -> list[Finding]:
    """What the looks after a start come to, each by the window that the source would have been asked for."""

    def reading(now: datetime, since: datetime, lookback: int = lookback) -> Reading:
        span = window(now, since, gate.window_seconds, gate.ingestion_seconds, lookback)
        seen = tuple(each for each in samples if span.since <= each.at < span.until)
        return Reading(seen, "", span.since, span.until)

    baseline = mean(reading(start, begin).samples) if gate.max_over_baseline is not None else None
    longer = beyond(gate.slo, gate.window_seconds) if gate.slo is not None else ()
    tally: Tally | None = None
    found = []
    for number in range(1, length + 1):
        now = start + number * MINUTE
        answer = reading(now, start)
        whole = window(now, start, max(gate.window_seconds, *longer, 0), gate.ingestion_seconds, lookback)
        seen = [each for each in samples if whole.since <= each.at < whole.until]
        known = Beyond(kept=kept(seen, longer, start, answer.until), watched_seconds=WATCHED)
        said = judge(gate, BLUE, answer, now, baseline, tally=tally, beyond=known)
        tally = said.tally
        found.append(said.doubt or said.verdict)
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rule", RULES)
def test_every_look_after_every_start_comes_to_what_a_rollout_would_have_come_to(
    rule: str, kind: str
) -> None:
    gate, samples = replace(PLAIN, **RULES[rule]), noise(len(rule), kind)
    back = looking_back(gate, samples)
    begin = back.at(0)
    assert list(back.starts) == [0, 60, 120, 180, 240, 300]
    for start in back.starts:
        expected = as_a_rollout(gate, samples, begin, back.at(start), LENGTH)
        # Nothing was measured before the first start, so that there is no baseline to hold it against.
        unjudged = start == 0 and gate.max_over_baseline is not None
        assert list(back.walk(start)) == ([None] * LENGTH if unjudged else expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rule", RULES)
def test_looks_see_their_whole_window_or_count_from_the_newest_start(rule: str, kind: str) -> None:
    gate, samples = replace(PLAIN, **RULES[rule]), noise(len(rule), kind)
    back = looking_back(gate, samples)
    begin, count = back.at(0), back.count
    assert len(back.looks) == count == MINUTES - 1
    if not back.from_start:
        assert list(back.looks) == as_a_rollout(gate, samples, begin, begin, count)
        return
    for start in range(60, count, 60):
        expected = as_a_rollout(gate, samples, begin, back.at(start), min(60, count - start))
        assert list(back.looks[start : start + 60]) == expected


def test_a_value_over_a_range_is_not_seen_before_it_can_speak_of_what_came_after_the_start() -> None:
    samples = noise(1, "sound")
    back = LookingBack(PLAIN, stretch(samples), 60, LENGTH, lookback_seconds=600)
    for start in back.starts:
        expected = as_a_rollout(PLAIN, samples, back.at(0), back.at(start), LENGTH, lookback=600)
        assert list(back.walk(start)) == expected


@pytest.mark.parametrize("rule", ["max", "baseline", "slo", "counted"])
def test_a_look_whose_window_nobody_answered_for_is_never_a_pass(rule: str) -> None:
    gate, samples = replace(PLAIN, **RULES[rule]), noise(1, "sound")
    begins, ends = BEGIN + 250 * MINUTE, BEGIN + 260 * MINUTE
    gap = LeftOut(since=begins, until=ends, because="the source was busy")
    there = tuple(each for each in samples if not begins <= each.at < ends)
    whole = LookingBack(gate, stretch(samples), 60, LENGTH)
    cut = LookingBack(gate, stretch(there, gap), 60, LENGTH)
    for look in range(1, cut.count + 1):
        until = cut.at(look) - timedelta(seconds=gate.ingestion_seconds)
        if begins < until < ends:
            assert cut.looks[look - 1] is Verdict.PROVIDER_ERROR
        elif until <= begins:
            assert cut.looks[look - 1] == whole.looks[look - 1]


ODD = replace(PLAIN, max_value=None, anomaly=Anomaly(weeks=3, weeks_min=2))


def test_an_anomaly_is_held_against_the_same_hours_of_the_weeks_before() -> None:
    week = timedelta(weeks=1)
    worse = BEGIN + 300 * MINUTE
    samples = tuple(s if s.at < worse else replace(s, value=0.9) for s in noise(3, "sound"))
    before = [replace(s, at=s.at - back * week) for back in (3, 2, 1) for s in noise(back, "sound")]
    back = LookingBack(ODD, stretch(samples), 60, LENGTH, past=[*before, *samples])
    said = []
    for look in range(1, back.count + 1):
        span = window(back.at(look), back.at(0), ODD.window_seconds, ODD.ingestion_seconds)
        seen = tuple(each for each in samples if span.since <= each.at < span.until)
        assert ODD.anomaly is not None
        known = usual(ODD.anomaly, *hours(span.until - 5 * MINUTE, span.until), before)
        answer = Reading(seen, "", span.since, span.until)
        expected = judge(ODD, BLUE, answer, back.at(look), beyond=Beyond(usual=known)).verdict
        assert back.looks[look - 1] == expected
        said.append(expected)
    assert set(said) == {Verdict.PASS, Verdict.FAIL, Verdict.NO_DATA}
    failed = said.index(Verdict.FAIL) + 1
    assert "is usual at this hour in 3 weeks" in back.told(failed).because


def test_without_enough_weeks_an_anomaly_is_not_judged() -> None:
    samples = noise(3, "sound")
    before = [replace(each, at=each.at - timedelta(weeks=1)) for each in samples]
    back = LookingBack(ODD, stretch(samples), 60, LENGTH, past=[*before, *samples])
    assert set(back.looks) == {None, Verdict.NO_DATA}


def test_a_budget_of_days_is_judged_by_the_workbooks_alerts() -> None:
    slo = Objective(objective=0.95, burns=BURNS[:2])
    gate = replace(PLAIN, max_value=None, slo=slo, window_seconds=21_600)
    samples = noise(5, "sound")
    back = looking_back(gate, samples)
    assert list(back.looks) == as_a_rollout(gate, samples, back.at(0), back.at(0), back.count)


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule not in ("slo of a short window", "below nothing")]
)
def test_a_failed_look_is_told_in_the_words_of_a_rollout(rule: str) -> None:
    gate, samples = replace(PLAIN, **RULES[rule]), noise(len(rule), "sound")
    back = LookingBack(gate, stretch(samples), 60, LENGTH)
    failed = [look for look in range(1, back.count + 1) if back.looks[look - 1] is Verdict.FAIL]
    assert failed
    for look in (failed[0], failed[-1]):
        told = back.told(look)
        assert told.because.startswith("failures on blue: ")
        assert any(word in told.because for word in ("beyond", "tolerated", "burns")), told
