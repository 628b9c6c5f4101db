"""`gate evaluation`: a typical gate judged from its samples, against a bare loop over the same samples.

The bare loop compares each value with the limit and knows nothing of silence, order, time and sentences.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from shared.fleet import Gate, Source, Target
from shared.gate_rules import Schedule, Tolerance
from shared.gates import judge
from shared.levers import SlotName
from shared.model import Sample, Verdict
from shared.probes import Reading
from tests.bench.pairs import Figure, figure

PAIRS = 20
WARM_UP = 2
TIMES = 300
SAMPLES = 10
RATE_MIN = 10_000
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
GREEN = SlotName("green")
WINDOW = Gate(name="errors", source=Source.METRICS, target=Target.GATEWAY, max_value=5.0, window_seconds=600)
COUNTED = Gate(
    name="errors",
    source=Source.METRICS,
    target=Target.GATEWAY,
    max_value=5.0,
    schedule=Schedule(interval_seconds=60),
    tolerance=Tolerance(failures_max=1, of=5),
)


def measure() -> list[Figure]:
    """CPU of judging a window of ten samples, and of counting them one by one."""
    return [_figure("gate evaluation", WINDOW), _figure("gate evaluation, counted", COUNTED)]


def _figure(name: str, gate: Gate) -> Figure:
    samples = tuple(Sample(at=NOW + timedelta(minutes=n), value=n / 3) for n in range(SAMPLES))
    reading = Reading(samples, "query", NOW, NOW + timedelta(minutes=SAMPLES))

    def ours() -> bool:
        return judge(gate, GREEN, reading, reading.until).verdict is Verdict.PASS

    def bare() -> bool:
        return all(each.value is not None and each.value <= 5.0 for each in samples)

    pairs = [(_seconds(ours), _seconds(bare)) for _ in range(WARM_UP + PAIRS)][WARM_UP:]
    rate = TIMES / statistics.median(seconds for seconds, _ in pairs)
    against = f"a bare loop over {SAMPLES} samples, {TIMES} times; {RATE_MIN:,} a second are promised"
    return figure(f"{name} at {rate:,.0f} a second", pairs, against=against)


def _seconds(work: Callable[[], bool]) -> float:
    start = time.process_time()
    for _ in range(TIMES):
        assert work(), "the gate passes"
    return time.process_time() - start
