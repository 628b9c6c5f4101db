"""What is counted after every start is what a rollout counts look by look, however long its clean run is."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

import pytest
from msgspec.structs import replace

from shared.azure.window import window
from shared.fleet import Gate, Source, Target
from shared.gate_rules import Schedule, Tolerance
from shared.gates import judge, mean
from shared.gates.looking_back import LookingBack, Stretch
from shared.gates.quiet import LeftOut, Quiet
from shared.gates.sliding import Said
from shared.gates.tally import begun, fold, passed, standing
from shared.levers import SlotName
from shared.measured import Measurement, Phase, Tally
from shared.model import Sample, Verdict
from shared.probes import Reading

BLUE = SlotName("blue")
BEGIN = datetime(2026, 11, 2, 7, 13, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MINUTES = 700
SECONDS = 7200
GATE = Gate(
    name="failures", source=Source.LOGS, target=Target.GATEWAY, query="requests", max_value=0.2, min_samples=2
)
RULES: dict[str, dict[str, Any]] = {
    "each sample": {"tolerance": Tolerance(failures_max=4)},
    "of": {"tolerance": Tolerance(failures_max=2, of=9, inconclusives_max=1), "pass_max": 0.15},
    "in a row": {"tolerance": Tolerance(failures_max=99, consecutive_failures_max=1, inconclusives_max=5)},
    "errors": {"tolerance": Tolerance(failures_max=99, errors_max=3, consecutive_errors_max=1)},
    "interval": {"schedule": Schedule(interval_seconds=60), "tolerance": Tolerance(failures_max=3)},
    "long interval": {
        "schedule": Schedule(interval_seconds=420, initial_delay_seconds=200),
        "tolerance": Tolerance(failures_max=1, of=3, inconclusives_max=None),
        "pass_max": 0.15,
    },
    "to an end": {
        "schedule": Schedule(interval_seconds=60, count=12),
        "tolerance": Tolerance(failures_max=3),
    },
    "passes in a row": {"schedule": Schedule(consecutive_passes=8), "tolerance": Tolerance(failures_max=5)},
    "requests": {"tolerance": Tolerance(failures_max=3), "requests_min": 20},
    "baseline": {
        "max_value": None,
        "max_over_baseline": 3.0,
        "tolerance": Tolerance(failures_max=3, consecutive_failures_max=1),
    },
    "short window": {"tolerance": Tolerance(failures_max=3), "window_seconds": 60, "min_samples": 1},
}


def mostly_well(seed: int) -> tuple[Sample, ...]:
    """A source that is well for hours, and now and then bad, silent, out of order or told twice."""
    chance = random.Random(seed)
    rare = chance.choice([0.002, 0.01, 0.05])
    found = []
    for number in range(MINUTES):
        at = BEGIN + number * MINUTE + timedelta(seconds=chance.choice([0, 0, 0, 12.25]))
        if chance.random() < rare:
            continue
        value: float | None = 0.05
        error = ""
        if chance.random() < rare:
            value = chance.choice([0.5, 0.18, None, math.nan, -1.0])
            error = chance.choice(["", "", "it timed out"])
        found.append(Sample(at=at, value=value, requests=chance.choice([5.0, 900.0, 900.0]), error=error))
        if chance.random() < rare:
            found.append(Sample(at=at, value=chance.choice([0.05, 0.5]), requests=900.0))
    return tuple(found)


def counted(
    gate: Gate,
    samples: tuple[Sample, ...],
    gap: LeftOut,
    begin: datetime,
    start: datetime,
    poll: int,
) -> list[Said]:
    """Look by look, with all that a look sees, as a rollout counts."""
    length = SECONDS // poll
    baseline = None
    if gate.max_over_baseline is not None:
        before = window(start, begin, gate.window_seconds, gate.ingestion_seconds)
        baseline = mean([each for each in samples if before.since <= each.at < before.until])
        if baseline is None:
            return [None] * length
    tally: Tally | None = None
    found: list[Said] = []
    for number in range(1, length + 1):
        now = start + timedelta(seconds=number * poll)
        span = window(now, start, gate.window_seconds, gate.ingestion_seconds)
        if gap.since < span.until and span.since < gap.until:
            found.append(Verdict.PROVIDER_ERROR)
            continue
        seen = tuple(each for each in samples if span.since <= each.at < span.until)
        said = judge(gate, BLUE, Reading(seen, "", span.since, span.until), now, baseline, tally=tally)
        tally = said.tally
        found.append(said.doubt or said.verdict)
    return found


@pytest.mark.parametrize("poll", [60, 30, 420])
@pytest.mark.parametrize("rule", RULES)
def test_a_long_run_is_counted_as_look_by_look(rule: str, poll: int) -> None:
    gate = replace(GATE, **RULES[rule])
    for seed in range(4):
        told = mostly_well(seed * 31 + len(rule) + poll)
        # One ends just before a start, which sees nothing of it.
        begins, ends = ((300, 309), (289, 299))[seed % 2]
        gap = LeftOut(since=BEGIN + begins * MINUTE, until=BEGIN + ends * MINUTE, because="it was busy")
        there = tuple(each for each in told if not gap.since <= each.at < gap.until)
        quiet = Quiet(slot=BLUE, since=BEGIN, until=BEGIN + MINUTES * MINUTE)
        length = SECONDS // poll
        back = LookingBack(gate, Stretch(quiet=quiet, samples=there, unread=(gap,)), poll, length)
        assert len(back.starts) > 7
        for start in back.starts:
            expected = counted(gate, there, gap, back.at(0), back.at(start), poll)
            assert list(back.walk(start)) == expected, (seed, start)


@pytest.mark.parametrize("rule", [each for each in RULES if each not in ("to an end", "passes in a row")])
def test_a_run_of_passes_is_counted_at_once_as_one_by_one(rule: str) -> None:
    gate = replace(GATE, **RULES[rule])
    chance = random.Random(len(rule))
    phases = [Phase.PASS, Phase.PASS, Phase.FAIL, Phase.INCONCLUSIVE, Phase.ERROR, Phase.NO_DATA]
    for _ in range(200):
        before = [Measurement(BEGIN + n * MINUTE, 0.1, chance.choice(phases)) for n in range(3)]
        tally, _ = fold(gate, begun(BEGIN - 10 * MINUTE), before)
        if standing(gate, tally, BEGIN + 3 * MINUTE).complete:
            continue
        steps = chance.choices([20, 60, 61, 180, 900], k=chance.randrange(1, 12))
        moments = accumulate(steps, initial=181)
        run = [Measurement(BEGIN + timedelta(seconds=each), 0.1, Phase.PASS) for each in moments]
        assert passed(gate, tally, run) == fold(gate, tally, run)[0]
