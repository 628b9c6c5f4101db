"""What holds for every input: no pass without evidence, no better verdict by a bad sample, no luck."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.fleet import Gate
from shared.gates import rank
from shared.gates.measuring import limits_of, measured
from shared.gates.recorded import recorded
from shared.gates.tally import begun, fold, standing
from shared.model import Sample, Verdict
from tests.gates.peers import START, declared

LIMIT = 0.05
GOOD, BAD, SILENT = (0.0, 0.01, LIMIT), (0.06, 1.0), (None, math.nan, math.inf, -math.inf)

# Beyond a limit, between two limits, nothing, nonsense, an error: none of it can speak for a candidate.
bad_values = st.sampled_from([(value, "") for value in (*BAD, *SILENT, -1.0)] + [(None, "an error")])
values = st.one_of(st.sampled_from([(value, "") for value in GOOD]), bad_values)


def sample(minute: float, value: tuple[float | None, str]) -> Sample:
    return Sample(at=START + timedelta(minutes=minute), value=value[0], error=value[1])


minutes = st.integers(0, 12).map(float)
streams = st.lists(st.builds(sample, minutes, values), max_size=14).map(
    lambda found: tuple(sorted(found, key=lambda each: each.at))
)
small = st.integers(0, 3)


@st.composite
def rules(draw: st.DrawFn) -> Gate:
    """A gate with a limit of 5 %, of one kind or the other, with any tolerance."""
    keys: dict[str, Any] = {"window": draw(st.sampled_from(["2m", "5m", "30m"]))}
    if draw(st.booleans()):
        return declared(**keys, min_samples=draw(st.integers(1, 4)), breaches_max=draw(small)).gates[0]
    if draw(st.booleans()):
        keys["interval"] = draw(st.sampled_from(["1m", "3m"]))
    if draw(st.booleans()):
        keys["count"] = draw(st.integers(1, 5))
        keys["min_samples"] = 1
    of = draw(st.sampled_from([None, 2, 3, 5]))
    tolerance = {"failures": min(draw(small), (of or 9) - 1), "inconclusives": draw(small)}
    tolerance |= {"of": of} if of else {}
    for key in ("consecutive_failures", "errors", "consecutive_errors", "consecutive_inconclusives"):
        if draw(st.booleans()):
            tolerance[key] = draw(small)
    return declared(**keys, tolerance=tolerance).gates[0]


def is_good(each: Sample) -> bool:
    return not each.error and each.value is not None and 0 <= each.value <= LIMIT


@settings(max_examples=300, deadline=None)
@given(rules(), streams, st.integers(0, 60))
def test_nothing_passes_without_a_good_sample_in_its_window(
    gate: Gate, stream: tuple[Sample, ...], later: int
) -> None:
    now = START + timedelta(minutes=later)
    found = recorded(gate, stream, now)
    if found.verdict is not Verdict.PASS:
        return
    ends = gate.schedule is not None and gate.schedule.count > 0
    since = START if ends else now - timedelta(seconds=gate.window_seconds)
    assert any(is_good(each) and since <= each.at <= now for each in stream)


@settings(max_examples=300, deadline=None)
@given(rules(), streams, st.randoms(use_true_random=False))
def test_the_order_of_arrival_at_one_instant_changes_nothing(
    gate: Gate, stream: tuple[Sample, ...], chance: Any
) -> None:
    shuffled = list(stream)
    chance.shuffle(shuffled)
    shuffled.sort(key=lambda each: each.at)
    ours, theirs = recorded(gate, stream), recorded(gate, shuffled)
    assert (ours.verdict, ours.complete, ours.because) == (theirs.verdict, theirs.complete, theirs.because)


@settings(max_examples=500, deadline=None)
@given(rules(), streams, minutes, bad_values)
def test_a_bad_sample_more_never_improves_a_verdict(
    gate: Gate, stream: tuple[Sample, ...], minute: float, value: tuple[float | None, str]
) -> None:
    first = stream[0].at if stream else START
    bad = msgspec.structs.replace(sample(minute, value), at=max(first, sample(minute, value).at))
    worse = sorted([*stream, bad], key=lambda each: each.at)
    before, after = recorded(gate, stream), recorded(gate, worse)
    # What has not ended has no verdict, and what a failure ends by filling the last place has one.
    if before.verdict is not None and after.verdict is not None:
        assert rank(after.verdict) <= rank(before.verdict), (before.because, after.because)
    assert not (before.verdict is Verdict.FAIL and after.verdict is None)


@settings(max_examples=300, deadline=None)
@given(rules().filter(lambda gate: gate.tolerance is not None), streams, st.lists(st.integers(0, 14)))
def test_measurements_in_pieces_come_to_the_same_as_all_at_once(
    gate: Gate, stream: tuple[Sample, ...], cuts: list[int]
) -> None:
    found = measured(stream, limits_of(gate))
    whole, _ = fold(gate, begun(START), found)
    pieces = begun(START)
    edges = [0, *sorted(cuts), len(found)]
    for left, right in pairwise(edges):
        stored = msgspec.json.decode(msgspec.json.encode(pieces), type=type(pieces))
        pieces, _ = fold(gate, stored, found[left:right])
    at: datetime = START + timedelta(minutes=12)
    assert pieces == whole
    assert standing(gate, pieces, at) == standing(gate, whole, at)
