"""One gate of every kind with what is good, bad and nonsense for it, and readings drawn from that."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st

from shared.fleet import Gate
from shared.gates.recorded import Beneath
from shared.model import Sample
from tests.gates.peers import START, declared

LIMIT = 0.05
LAST = START + timedelta(minutes=12)
LOGS = {"source": "logs", "target": "cluster", "query": "T | project TimeGenerated, value", "path": None}
# Silence, nonsense and errors: none of it speaks for a candidate, whatever the gate asks.
NONSENSE = [(None, ""), (math.nan, ""), (math.inf, ""), (-math.inf, ""), (-1.0, ""), (-1e308, "")]
NONSENSE += [(None, "an error"), (0.0, "an error"), (math.nan, "an error")]

Value = tuple[float | None, str]


class Kind(NamedTuple):
    """A rule with its numbers. What is neither good nor bad is left out: it depends on what is beside it."""

    name: str
    rules: dict[str, Any]
    good: tuple[float, ...]
    bad: tuple[float, ...]

    def evidence(self, sample: Sample) -> bool:
        """Whether a sample speaks for the candidate."""
        return not sample.error and sample.value is not None and 0 <= sample.value <= max(self.good)


BURNS = {"objective": "90%", "burns": [{"rate": 5, "long": "10m", "short": "2m"}]}
WINDOWS = (
    Kind("fixed", {}, (0.0, 0.01, LIMIT), (0.0501, 1.0, 1e308)),
    Kind("between", {"max": 0.1, "pass_max": LIMIT}, (0.0, LIMIT), (0.0501, 0.1, 0.2)),
    # Of requests that were sent together, it is the share that is held against a limit between 0 and 1.
    Kind("share", {"max": 0.5}, (0.0,), (1.0,)),
    Kind("floor", {"min": 0.5}, (0.5, 0.9), (0.0, 0.49)),
    Kind("breaches", {"breaches_max": 2}, (0.0, LIMIT), (0.06, 1.0)),
    Kind("told twice", {**LOGS, "max": LIMIT, "breaches_max": 1}, (0.0, LIMIT), (0.06, 1.0)),
    Kind("baseline", {"max_over_baseline": 1.5}, (0.0, 0.02, 0.06), (0.0601, 1.0, 1e308)),
    # Live's mean lies between 0.02 and 0.06, whatever of it is seen.
    Kind("live", {"max_over_live": 1.5}, (0.0, 0.03, 0.09), (0.0901, 1.0, 1e308)),
    Kind("live by logs", {**LOGS, "max_over_live": 1.5}, (0.0, 0.03, 0.09), (0.0901, 1.0, 1e308)),
    Kind("slo", {"slo": BURNS}, (0.0, 0.1, 0.5), (1.0,)),
    Kind("compare", {**LOGS, "compare": {"min_samples": 5}}, (0.0, 0.02, 0.04), (1e6,)),
    Kind(
        "compare either", {**LOGS, "compare": {"min_samples": 5, "direction": "either"}}, (0.02, 0.04), (1e6,)
    ),
    Kind("anomaly", {"anomaly": {"weeks_min": 1}}, (0.0, 0.02, 0.04), (1e6,)),
    # Too few equal values to say that it never varies: what was never seen is inconclusive by itself.
    Kind("anomaly of few", {"anomaly": {"weeks_min": 1}}, (0.0, 0.02, 0.04), (1e6,)),
    Kind("anomaly either", {"anomaly": {"weeks_min": 1, "direction": "either"}}, (0.04,), (1e6,)),
)
COUNTED = Kind("counted", {}, (0.0, 0.01, LIMIT), (0.06, 1.0, 1e308))
small = st.integers(0, 3)
# Minutes that no interval divides, some of them before the start.
SECONDS = st.integers(-120, 720).map(lambda seconds: seconds / 60)
windows = st.sampled_from(WINDOWS)
# Live has 0.04 on the whole, and nonsense beside it.
LIVE, BASELINE = (0.02, 0.04, 0.06), 0.04


def sample(minute: float, value: Value, requests: float | None = None) -> Sample:
    """A sample that many minutes after the start."""
    return Sample(at=START + timedelta(minutes=minute), value=value[0], error=value[1], requests=requests)


def bad_values(kind: Kind) -> st.SearchStrategy[Value]:
    """What never speaks for a candidate."""
    return st.sampled_from([(value, "") for value in kind.bad] + NONSENSE)


def values(kind: Kind) -> st.SearchStrategy[Value]:
    """Good and bad ones, as often the one as the other."""
    return st.one_of(st.sampled_from([(value, "") for value in kind.good]), bad_values(kind))


def streams(kind: Kind, *, in_order: bool = True, near: int = 12) -> st.SearchStrategy[tuple[Sample, ...]]:
    """Samples of a few minutes, many at one instant, a few from long ago and from the far future."""
    whole, odd = st.integers(0, near).map(float), st.sampled_from([-5e5, -30.0, 30.0, 5e5])
    minutes = st.one_of(whole, whole, odd, SECONDS)
    requests = st.sampled_from([None, 0.0, 1.0, 1_000.0])
    found = st.lists(st.builds(sample, minutes, values(kind), requests), max_size=20)
    return found.map(lambda drawn: tuple(sorted(drawn, key=_at) if in_order else drawn))


@st.composite
def window_gates(draw: st.DrawFn, kind: Kind) -> Gate:
    """A gate that is judged by window."""
    keys: dict[str, Any] = {"window": draw(st.sampled_from(["10m", "15m"]))}
    if kind.name != "slo" and "anomaly" not in kind.name:
        keys["window"] = draw(st.sampled_from(["2m", "5m", "30m"]))
    if draw(st.booleans()):
        keys["min_requests"] = draw(st.sampled_from([1, 500]))
    return declared(**kind.rules, **keys, min_samples=draw(st.integers(1, 4))).gates[0]


@st.composite
def counted_gates(draw: st.DrawFn, *, baseline: bool = True) -> Gate:
    """A gate that counts, with any schedule and tolerance."""
    keys: dict[str, Any] = {"window": draw(st.sampled_from(["2m", "5m", "30m"]))}
    limits: list[dict[str, Any]] = [{}, {"max": 0.1, "pass_max": LIMIT}]
    keys |= draw(st.sampled_from([*limits, {"max_over_baseline": 1.25}] if baseline else limits))
    if draw(st.booleans()):
        keys["interval"] = draw(st.sampled_from(["1m", "3m"]))
    if draw(st.booleans()):
        keys["initial_delay"] = draw(st.sampled_from(["1m", "4m"]))
    if draw(st.booleans()):
        keys |= {"count": draw(st.integers(1, 5)), "min_samples": 1}
    if draw(st.booleans()):
        keys["consecutive_passes"] = draw(st.integers(1, keys.get("count", 3)))
    if draw(st.booleans()):
        keys["min_requests"] = draw(st.sampled_from([1, 500]))
    of = draw(st.sampled_from([None, 2, 3, 5]))
    tolerance = {"failures": min(draw(small), (of or 9) - 1), "inconclusives": draw(small)}
    tolerance |= {"of": of} if of else {}
    for key in ("consecutive_failures", "errors", "consecutive_errors", "consecutive_inconclusives"):
        if draw(st.booleans()):
            tolerance[key] = draw(small)
    if not of and "consecutive_failures" not in tolerance:
        tolerance["failures"] = min(tolerance["failures"], keys.get("count", 9))
    return declared(**keys, tolerance=tolerance).gates[0]


@st.composite
def beneaths(draw: st.DrawFn, kind: Kind) -> Beneath:
    """What a gate is held against: there, not there, or nonsense."""
    if "live" in kind.name or "compare" in kind.name:
        beside = Kind("live", {}, LIVE, LIVE)
        known = st.one_of(st.none(), steady(LIVE), steady(LIVE[1:2]), streams(beside, in_order=False))
        return Beneath(live=draw(known))
    if "anomaly" in kind.name:
        few = steady(LIVE[1:2]).map(lambda found: found[::10])
        past = draw(st.one_of(st.just(()), few if "few" in kind.name else steady(LIVE)))
        return Beneath(past=tuple(earlier(each, 1) for each in past))
    return Beneath(baseline=draw(st.sampled_from([None, BASELINE, 0.0, math.nan, math.inf, -1.0])))


def steady(found: Sequence[float]) -> st.SearchStrategy[tuple[Sample, ...]]:
    """A sample a minute with those values in turn."""
    return st.just(tuple(sample(m, (found[m % len(found)], "")) for m in range(-30, 31)))


def earlier(each: Sample, weeks: int) -> Sample:
    """The same sample so many weeks before."""
    return Sample(at=each.at - timedelta(weeks=weeks), value=each.value, error=each.error)


def arrived(stream: Sequence[Sample], chance: Any) -> list[Sample]:
    """The same samples, those of one instant in another order, whatever came between them."""
    found = list(stream)
    for at in {each.at for each in stream}:
        places = [place for place, each in enumerate(stream) if each.at == at]
        others = [stream[place] for place in places]
        chance.shuffle(others)
        for place, each in zip(places, others, strict=True):
            found[place] = each
    return found


_at: Callable[[Sample], datetime] = lambda each: each.at  # noqa: E731
