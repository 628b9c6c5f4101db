"""What holds for every input: no pass without evidence, no better verdict by a bad sample, no luck."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from shared.fleet import Gate, Source
from shared.gates import combine, judge, rank
from shared.gates.measuring import beside_live, limits_of, measured
from shared.gates.recorded import Beneath, recorded
from shared.gates.tally import begun, fold, standing
from shared.levers import SlotName
from shared.measured import Tally
from shared.model import Judgement, Sample, Verdict
from shared.probes import Reading
from tests.gates.kinds import (
    COUNTED,
    LAST,
    NONSENSE,
    SECONDS,
    Kind,
    arrived,
    bad_values,
    beneaths,
    counted_gates,
    sample,
    streams,
    window_gates,
    windows,
)
from tests.gates.peers import START
from tests.gates.worse import no_better, warns

GREEN = SlotName("green")
minutes = st.one_of(st.integers(0, 12).map(float), SECONDS)
# More where a profile asks for more: `--hypothesis-profile`.
many = settings(
    max_examples=max(200, settings.default.max_examples if settings.default else 0),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
shuffles = st.randoms(use_true_random=False)


def distinct(gate: Gate, samples: list[Sample]) -> int:
    return len(samples) if gate.source is Source.HTTP else len({each.at for each in samples})


@many
@given(st.data(), windows)
def test_nothing_but_nonsense_never_passes(data: st.DataObject, kind: Kind) -> None:
    nonsense = st.lists(st.builds(sample, minutes, st.sampled_from(NONSENSE)), max_size=12)
    stream = sorted(data.draw(nonsense), key=lambda each: each.at)
    window, counts = data.draw(window_gates(kind)), data.draw(counted_gates())
    for gate, beneath in ((window, data.draw(beneaths(kind))), (counts, Beneath(baseline=0.04))):
        assert recorded(gate, stream, None, beneath).verdict is not Verdict.PASS
        assert recorded(gate, stream, LAST, beneath).verdict is not Verdict.PASS


@many
@given(st.data(), windows, st.integers(0, 20))
def test_no_window_passes_without_good_samples_inside_it(data: st.DataObject, kind: Kind, later: int) -> None:
    gate, beneath = data.draw(window_gates(kind)), data.draw(beneaths(kind))
    stream = data.draw(streams(kind, in_order=data.draw(st.booleans())))
    now = START + timedelta(minutes=later)
    found = recorded(gate, stream, now, beneath)
    if found.verdict is not Verdict.PASS:
        return
    since = now - timedelta(seconds=gate.window_seconds)
    inside = [each for each in stream if kind.evidence(each) and since <= each.at <= now]
    if gate.anomaly is None:
        inside = [each for each in inside if each.requests != 0]
    assert distinct(gate, inside) >= gate.min_samples
    assert sum(each.requests or 0 for each in inside) >= gate.requests_min
    if gate.max_over_baseline is not None:
        assert beneath.baseline in (0.0, 0.04)
    if beside_live(gate):
        assert any(since <= each.at <= now for each in beneath.live or () if not each.error)
    if gate.anomaly is not None:
        assert beneath.past


@many
@given(st.data(), counted_gates(), st.integers(0, 20))
def test_nothing_counted_passes_without_a_good_sample(data: st.DataObject, gate: Gate, later: int) -> None:
    stream = data.draw(streams(COUNTED, in_order=data.draw(st.booleans())))
    now = START + timedelta(minutes=later)
    if recorded(gate, stream, now, Beneath(baseline=0.04)).verdict is not Verdict.PASS:
        return
    ends = gate.schedule is not None and (gate.schedule.count or gate.schedule.consecutive_passes)
    since = datetime.min.replace(tzinfo=now.tzinfo)
    since = since if ends else now - timedelta(seconds=gate.window_seconds)
    assert any(COUNTED.evidence(each) and since <= each.at <= now for each in stream)
    assert recorded(gate, stream, now).verdict is Verdict.PASS or gate.max_over_baseline is not None


@many
@given(st.data(), windows, shuffles)
def test_the_order_of_arrival_at_one_instant_changes_nothing(
    data: st.DataObject, kind: Kind, chance: Any
) -> None:
    gate, beneath = data.draw(window_gates(kind)), data.draw(beneaths(kind))
    stream = data.draw(streams(kind, in_order=data.draw(st.booleans())))
    live = None if beneath.live is None else tuple(arrived(beneath.live, chance))
    other = Beneath(live=live, baseline=beneath.baseline, past=tuple(arrived(beneath.past, chance)))
    now = data.draw(st.sampled_from([None, LAST]))
    ours, theirs = recorded(gate, stream, now, beneath), recorded(gate, arrived(stream, chance), now, other)
    assert (ours.verdict, ours.because, ours.value) == (theirs.verdict, theirs.because, theirs.value)


@many
@given(st.data(), counted_gates(), shuffles)
def test_the_order_of_arrival_at_one_instant_counts_nothing_else(
    data: st.DataObject, gate: Gate, chance: Any
) -> None:
    stream = data.draw(streams(COUNTED, in_order=data.draw(st.booleans())))
    beneath = Beneath(baseline=0.04)
    ours, theirs = (
        recorded(gate, stream, None, beneath),
        recorded(gate, arrived(stream, chance), None, beneath),
    )
    assert (ours.verdict, ours.complete, ours.because) == (theirs.verdict, theirs.complete, theirs.because)


def put(stream: tuple[Sample, ...], bad: Sample) -> list[Sample]:
    """The stream with one more, that comes at its time."""
    return sorted([*stream, bad], key=lambda each: each.at)


def put_anywhere(data: st.DataObject, stream: tuple[Sample, ...], bad: Sample) -> list[Sample]:
    """The stream with one more, that comes whenever it does."""
    place = data.draw(st.integers(0, len(stream)))
    return [*stream[:place], bad, *stream[place:]]


@many
@given(st.data(), windows, minutes)
def test_a_bad_sample_more_never_improves_the_verdict_of_a_window(
    data: st.DataObject, kind: Kind, minute: float
) -> None:
    gate, beneath = data.draw(window_gates(kind)), data.draw(beneaths(kind))
    stream = data.draw(streams(kind))
    requests = data.draw(st.sampled_from([None, 0.0, 1.0, 1_000.0]))
    bad = sample(minute, data.draw(bad_values(kind)), requests)
    now = data.draw(st.sampled_from([None, LAST]))
    before = recorded(gate, stream, now, beneath)
    for found in (put(stream, bad), put_anywhere(data, stream, bad)):
        after = recorded(gate, found, now, beneath)
        assert no_better(after, before, warning=warns(gate, bad)), (before.because, after.because)


@many
@given(st.data(), windows, minutes, st.sampled_from(NONSENSE))
def test_nonsense_of_live_or_out_of_order_never_improves_a_verdict(
    data: st.DataObject, kind: Kind, minute: float, value: tuple[float | None, str]
) -> None:
    gate, beneath = data.draw(window_gates(kind)), data.draw(beneaths(kind))
    stream = data.draw(streams(kind))
    before = recorded(gate, stream, LAST, beneath)
    live = None if beneath.live is None else (*beneath.live, sample(minute, value))
    other = Beneath(live=live, baseline=beneath.baseline, past=(*beneath.past, sample(minute, value)))
    after = recorded(gate, [*stream, sample(minute, value)], LAST, other)
    assert no_better(after, before), (before.because, after.because)


@many
@given(st.data(), counted_gates(baseline=False), minutes)
def test_a_bad_sample_more_never_improves_what_is_counted(
    data: st.DataObject, gate: Gate, minute: float
) -> None:
    stream = data.draw(streams(COUNTED))
    bad = sample(minute, data.draw(bad_values(COUNTED)), data.draw(st.sampled_from([None, 1_000.0])))
    before = recorded(gate, stream)
    # What has not ended has no verdict.
    for more in (put(stream, bad), put_anywhere(data, stream, bad)):
        found = recorded(gate, more)
        if before.verdict is not None and found.verdict is not None:
            assert no_better(found, before, warning=warns(gate, bad)), (before.because, found.because)
        assert not (before.verdict is Verdict.FAIL and found.verdict is None)


@many
@given(counted_gates(baseline=False), streams(COUNTED), st.lists(st.integers(0, 20)))
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
    assert pieces == whole
    assert standing(gate, pieces, LAST) == standing(gate, whole, LAST)


one_a_minute = st.lists(
    st.sampled_from([(0.0, ""), (0.0, ""), (0.07, ""), (1.0, ""), *NONSENSE]), max_size=12
)


@many
@given(counted_gates(baseline=False), one_a_minute)
def test_what_is_complete_and_has_not_passed_never_passes(gate: Gate, values: list[Any]) -> None:
    stream = [sample(float(minute), value, 1_000.0) for minute, value in enumerate(values)]
    tally, never = begun(START), False
    for each in measured(stream, limits_of(gate)):
        tally, _ = fold(gate, tally, [each])
        stands = standing(gate, tally, each.at)
        assert not never or stands.verdict is not Verdict.PASS
        never = never or (stands.complete and stands.verdict is not Verdict.PASS)


def looked(gate: Gate, stream: list[Sample], every: int) -> list[Judgement]:
    """What the engine says at each look, with readings that overlap and hold whatever came."""
    tally: Tally | None = None
    found = []
    for minute in range(every, 13, every):
        since, until = START + timedelta(minutes=minute - every - 1), START + timedelta(minutes=minute)
        seen = tuple(each for each in stream if since <= each.at <= until or each.at > LAST)
        found.append(judge(gate, GREEN, Reading(seen, "query", since, until), until, tally=tally))
        tally = found[-1].tally
    return found


@many
@given(st.data(), counted_gates(baseline=False), minutes, st.integers(1, 5))
def test_look_by_look_a_bad_sample_more_never_improves_a_verdict(
    data: st.DataObject, gate: Gate, minute: float, every: int
) -> None:
    stream = [each for each in data.draw(streams(COUNTED)) if each.at >= START]
    far = data.draw(st.booleans())
    bad = sample(5e5 if far else max(minute, 0.0), data.draw(bad_values(COUNTED)))
    ends = gate.schedule is not None and (gate.schedule.count or gate.schedule.consecutive_passes)
    warning = warns(gate, bad)
    looks = zip(looked(gate, stream, every), looked(gate, put(tuple(stream), bad), every), strict=True)
    for before, after in looks:
        # What has not ended has no verdict, which a step takes for silence.
        if not ends or before.verdict is not Verdict.NO_DATA:
            assert no_better(after, before, warning=warning), (before.because, after.because)
        if after.verdict is Verdict.PASS:
            assert any(COUNTED.evidence(each) for each in stream)


verdicts = st.sampled_from(list(Verdict))
members = st.lists(
    st.builds(
        lambda verdict, group, weight, critical, dry: Judgement(
            gate="g", slot=GREEN, verdict=verdict, because="", at=START, group=group,
            weight=weight, critical=critical and bool(group), dry_run=dry,
        ),
        verdicts, st.sampled_from(["", "a", "b"]), st.sampled_from([0.5, 1.0, 19.0]), st.booleans(),
        st.booleans(),
    ),
    max_size=8,
)  # fmt: skip


@many
@given(members, shuffles)
def test_gates_together_pass_only_on_a_pass_in_any_order(found: list[Judgement], chance: Any) -> None:
    together = combine(found)
    shuffled = list(found)
    chance.shuffle(shuffled)
    assert combine(shuffled) is together
    deciding = [each for each in found if not each.dry_run]
    if together is Verdict.PASS:
        assert all(each.verdict is Verdict.PASS for each in deciding if not each.group or each.critical)
        for group in {each.group for each in deciding if each.group}:
            assert any(each.verdict is Verdict.PASS for each in deciding if each.group == group)
        assert deciding


@many
@given(members, st.integers(0, 7), st.sampled_from([Verdict.FAIL, Verdict.NO_DATA, Verdict.PROVIDER_ERROR]))
def test_gates_together_never_get_better_by_one_that_gets_worse(
    found: list[Judgement], place: int, verdict: Verdict
) -> None:
    # What is known to be half well may count for more than what nobody knows.
    assume(place < len(found) and (verdict is Verdict.FAIL or found[place].verdict is Verdict.PASS))
    worse = list(found)
    worse[place] = msgspec.structs.replace(found[place], verdict=verdict)
    assert rank(combine(worse)) <= rank(combine(found)) or found[place].dry_run
