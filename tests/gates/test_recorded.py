"""What is odd about a sample has a name, a tally is bounded, and what is cut short has no verdict."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from shared.fleet_file.gate_file import parse_gates
from shared.gates import combine, judge, mean
from shared.gates.explaining import explained
from shared.gates.recorded import Beneath, Recorded, recorded
from shared.levers import SlotName
from shared.measured import Phase
from shared.model import Judgement, Sample, Verdict
from shared.probes import Reading, Unavailable
from tests.gates.kinds import LOGS
from tests.gates.peers import INCONCLUSIVE, MINUTE, START, counted, declared, samples

GREEN = SlotName("green")


@pytest.mark.parametrize(
    ("odd", "phase"),
    [
        (Sample(at=START, value=None), Phase.NO_DATA),
        (Sample(at=START, value=math.nan), Phase.NO_DATA),
        (Sample(at=START, value=math.inf), Phase.NO_DATA),
        (Sample(at=START, value=-math.inf), Phase.NO_DATA),
        (Sample(at=START, value=-0.01), Phase.ERROR),
        (Sample(at=START, error="the query timed out"), Phase.ERROR),
        (Sample(at=START - MINUTE * 60, value=0.0), Phase.ERROR),
    ],
)
def test_an_odd_sample_has_a_phase_that_is_no_pass(odd: Sample, phase: Phase) -> None:
    good = Sample(at=START - MINUTE, value=0.0)
    found = recorded(declared(window="2h", min_samples=2).gates[0], [good, odd], START)
    assert phase in {each.phase for each in found.measurements if each.at == odd.at}
    assert found.verdict in (Verdict.NO_DATA, Verdict.PROVIDER_ERROR)


def test_a_value_may_be_negative_where_a_limit_is() -> None:
    assert recorded(declared(min=-5).gates[0], samples(-1, -2, -5)).verdict is Verdict.PASS


def test_what_lies_outside_the_window_is_no_evidence() -> None:
    gate = declared(window="5m").gates[0]
    early = recorded(gate, samples(0, 0, 0), START + MINUTE * 30)
    late = recorded(gate, samples(0, 0, 0, start=START + MINUTE), START)
    assert {early.verdict, late.verdict} == {Verdict.NO_DATA}


def test_one_sample_told_three_times_is_one_sample() -> None:
    gate = declared(**LOGS, max=0.05).gates[0]
    assert recorded(gate, samples(0, 0, 0, apart=timedelta())).verdict is Verdict.NO_DATA


def test_a_sample_of_an_earlier_time_still_counts_against_the_candidate() -> None:
    found = recorded(declared().gates[0], [*samples(0, 0, 0), Sample(at=START - MINUTE, value=1.0)])
    assert found.verdict is Verdict.FAIL


def test_too_few_requests_are_no_data() -> None:
    gate = declared(min_requests=100).gates[0]
    few = tuple(Sample(at=START + n * MINUTE, value=0.0, requests=33.0) for n in range(3))
    enough = tuple(Sample(at=START + n * MINUTE, value=0.0, requests=34.0) for n in range(3))
    assert recorded(gate, few).verdict is Verdict.NO_DATA
    assert recorded(gate, samples(0, 0, 0)).verdict is Verdict.NO_DATA
    assert recorded(gate, enough).verdict is Verdict.PASS


def test_what_is_cut_short_has_no_verdict_and_says_when_the_next_is_due() -> None:
    found = recorded(declared(**counted(3)).gates[0], samples(0, 0), START + timedelta(seconds=90))
    assert (found.verdict, found.complete, found.next_due_seconds) == (None, False, 30)


def test_a_failure_ends_it_at_once_and_nothing_is_due_any_more() -> None:
    found = recorded(declared(**counted(9)).gates[0], samples(1.0))
    assert (found.verdict, found.complete, found.next_due_seconds) == (Verdict.FAIL, True, None)


@pytest.mark.parametrize(
    ("tolerance", "values", "verdict"),
    [
        ({"failures": 1, "of": 3}, (1, 0, 0, 1, 0, 0, 1), Verdict.PASS),
        ({"failures": 1, "of": 3}, (1, 0, 1, 0, 0), Verdict.FAIL),
        ({"failures": 9, "consecutive_failures": 1}, (1, 0, 1, 0, 1, 0, 0), Verdict.PASS),
        ({"failures": 9, "consecutive_failures": 1}, (0, 0, 0, 1, 1), Verdict.FAIL),
        # Silence between two failures does not make them two runs.
        ({"failures": 9, "consecutive_failures": 1}, (0, 0, 0, 1, None, 1), Verdict.FAIL),
        ({"errors": 1}, ("away", 0, "away", 0, 0, 0), Verdict.PROVIDER_ERROR),
    ],
)
def test_limits_are_the_largest_tolerated_number(
    tolerance: dict[str, int], values: tuple[float | str | None, ...], verdict: Verdict
) -> None:
    gate = declared(**counted(tolerance=tolerance)).gates[0]
    assert recorded(gate, samples(*values)).verdict is verdict


def test_the_worst_sample_of_an_interval_is_its_measurement() -> None:
    gate = declared(interval="5m", tolerance={"failures": 1}, count=2).gates[0]
    assert recorded(gate, samples(0, 1, 0, 0, 1, 0)).verdict is Verdict.PASS
    assert recorded(gate, samples(0, 1, 0, 0, 0, 1)).verdict is Verdict.FAIL


def tick(gate_rules: dict[str, object], pieces: list[tuple[Sample, ...]]) -> Judgement:
    """Judge readings one after the other, as the engine does."""
    gate = declared(**gate_rules).gates[0]
    tally, found = None, None
    for piece in pieces:
        reading = Reading(piece, "query", piece[0].at, piece[-1].at)
        found = judge(gate, GREEN, reading, piece[-1].at, tally=tally)
        tally = found.tally
    assert found is not None, "a test gives a reading at least"
    return found


def test_overlapping_readings_count_each_measurement_once() -> None:
    known = samples(0, 0.5, 0, 0, 0)
    overlapping = [known[:3], known[1:4], known[2:5]]
    rules = counted(5, tolerance={"failures": 1})
    assert tick(rules, overlapping).verdict is Verdict.PASS
    assert tick(rules, overlapping[:2]).verdict is Verdict.NO_DATA
    assert recorded(declared(**rules).gates[0], known).verdict is Verdict.PASS


def test_a_reading_that_is_missing_keeps_the_tally() -> None:
    gate = declared(**counted(2)).gates[0]
    first = samples(0)
    begun = judge(gate, GREEN, Reading(first, "query", START, START), START)
    blind = judge(gate, GREEN, Unavailable("throttled"), START, tally=begun.tally)
    assert (blind.verdict, blind.tally) == (Verdict.PROVIDER_ERROR, begun.tally)


def test_a_dry_run_is_recorded_and_decides_nothing() -> None:
    found = judge(
        declared(dry_run=True).gates[0],
        GREEN,
        Reading(samples(1, 1, 1), "q", START, START + MINUTE * 2),
        START,
    )
    good = judge(declared().gates[0], GREEN, Reading(samples(0, 0, 0), "q", START, START + MINUTE * 2), START)
    assert found.verdict is Verdict.FAIL
    assert combine([found]) is Verdict.NO_DATA
    assert combine([found, good]) is Verdict.PASS


def test_an_anomaly_advises_unless_it_decides() -> None:
    reading = Reading(samples(1, 1, 1), "q", START, START + MINUTE * 2)
    advice = judge(declared(anomaly={}).gates[0], GREEN, reading, START)
    decisive = judge(declared(anomaly={"decides": True}).gates[0], GREEN, reading, START)
    assert (advice.dry_run, decisive.dry_run) == (True, False)
    assert decisive.verdict is not Verdict.PASS


def test_a_gate_says_every_rule_of_it() -> None:
    rules = counted(5, max=0.1, pass_max=0.05, initial_delay="2m", min_requests=10, group="users", weight=2)
    told = " ".join(explained(declared(**rules, tolerance={"failures": 1, "of": 3}).gates[0]))
    for words in ("above 0.1 fails", "above 0.05", "after 2 minutes", "every minute", "5 measurements",
                  "1 failure among the newest 3", "10 requests", "group users", "weight of 2"):  # fmt: skip
        assert words in told


def test_a_file_may_hold_several_gates() -> None:
    text = "gates:\n- {name: a, source: http, path: /, max: 1%, group: g, weight: 3}\nscores: {passing: 80}\n"
    found = parse_gates(text)
    assert (found.single, found.gates[0].weight, found.scores.passing) == (False, 3.0, 80.0)


def test_an_empty_recording_is_no_data() -> None:
    assert isinstance(found := recorded(declared().gates[0], ()), Recorded)
    assert (found.verdict, found.complete, found.next_due_seconds) == (Verdict.NO_DATA, True, None)


@pytest.mark.parametrize(("rules", "due"), [(counted(3), 0), (counted(initial_delay="2m"), 120)])
def test_of_an_empty_recording_the_first_measurement_is_due(rules: dict[str, object], due: int) -> None:
    for at in (None, START):
        found = recorded(declared(**rules).gates[0], (), at)
        assert (found.verdict, found.complete, found.next_due_seconds) == (Verdict.NO_DATA, False, due)


@pytest.mark.parametrize("baseline", [math.nan, math.inf, -math.inf, -1.0])
@pytest.mark.parametrize("rules", [{}, counted(3)])
def test_a_baseline_that_is_no_number_lets_nothing_pass(baseline: float, rules: dict[str, object]) -> None:
    gate = declared(max_over_baseline=1.5, **rules).gates[0]
    found = recorded(gate, samples(9, 9, 9), beneath=Beneath(baseline=baseline))
    engine = judge(gate, GREEN, Reading(samples(9, 9, 9), "q", START, START + MINUTE * 2), START, baseline)
    assert (found.verdict, engine.verdict) == (Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE)


def test_the_mean_of_live_counts_no_errors_and_is_no_overflow() -> None:
    odd = (Sample(at=START, value=9.0, error="half of it is missing"), Sample(at=START, value=1.0))
    assert mean(odd) == 1.0
    assert mean(samples(1e308, 1e308, math.nan)) == 1e308


@pytest.mark.parametrize(
    ("factor", "base", "value"), [(1, 0.1, 0.1), (1, 0.05, 0.05), (1.4, 0.1, 0.14), (1.1, 0.3, 0.33)]
)
def test_a_mean_at_a_relative_limit_is_within_it(factor: float, base: float, value: float) -> None:
    before, live = {"max_over_baseline": factor}, {"max_over_live": factor}
    beneath = Beneath(baseline=base, live=samples(*[base] * 3))
    for rules in (before, live, {**before, **counted(3)}):
        found = recorded(declared(**LOGS, **rules).gates[0], samples(value, value, value), beneath=beneath)
        assert found.verdict is Verdict.PASS, found.because
        found = recorded(declared(**LOGS, **rules).gates[0], samples(*[value * 1.0001] * 3), beneath=beneath)
        assert found.verdict is Verdict.FAIL, found.because


@pytest.mark.parametrize("rules", [{"max_over_baseline": 1.5}, {"max_over_live": 1.5}])
def test_a_sample_beyond_a_limit_is_no_evidence_for_a_mean_within_it(rules: dict[str, float]) -> None:
    gate = declared(**rules).gates[0]
    beneath = Beneath(baseline=1.0, live=samples(1, 1, 1))
    assert recorded(gate, samples(0, 0, 1.6), beneath=beneath).verdict is Verdict.NO_DATA
    assert recorded(gate, samples(0, 0, 0, 1.6), beneath=beneath).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("rules", "verdict"),
    # Beside live the window begins by live's newest sample, and the old good one is no part of it.
    [({"max_over_baseline": 1.5}, Verdict.NO_DATA), ({"max_over_live": 1.5}, Verdict.FAIL)],
)
def test_a_sample_beyond_a_limit_does_not_make_an_old_one_fresh(
    rules: dict[str, float], verdict: Verdict
) -> None:
    gate = declared(**rules, window="2m", min_samples=1).gates[0]
    beneath = Beneath(baseline=1.0, live=samples(1, 1, 1, 1))
    silent = Sample(at=START + MINUTE * 3)
    assert recorded(gate, [*samples(0), silent], beneath=beneath).verdict is Verdict.NO_DATA
    assert recorded(gate, [*samples(0, 1.6), silent], beneath=beneath).verdict is verdict


def test_a_sample_of_the_future_does_not_hide_what_comes_before_it() -> None:
    rules = counted(tolerance={"failures": 0})
    gate = declared(**rules).gates[0]
    odd = (*samples(0, 0), Sample(at=START + MINUTE * 600))
    first = judge(gate, GREEN, Reading(odd, "q", START, START + MINUTE), START + MINUTE)
    bad = Reading(samples(1, 1, start=START + MINUTE * 2), "q", START, START + MINUTE * 3)
    assert judge(gate, GREEN, bad, START, tally=first.tally).verdict is Verdict.FAIL


def test_a_breach_that_is_told_twice_is_one_breach() -> None:
    twice = (Sample(at=START, value=1.0), *samples(1, 0, 0, 0))
    assert recorded(declared(**LOGS, max=0.05, breaches_max=1).gates[0], twice).verdict is INCONCLUSIVE
    assert recorded(declared(breaches_max=1).gates[0], twice).verdict is Verdict.FAIL


def test_samples_that_are_told_twice_are_not_twice_as_many_to_compare() -> None:
    gate = declared(**LOGS, window="1h", compare={}).gates[0]
    ten = samples(*[1.0 + n % 3 for n in range(10)])
    doubled = tuple(each for each in ten for _ in range(2))
    assert recorded(gate, doubled, beneath=Beneath(live=doubled)).verdict is Verdict.NO_DATA


def test_requests_of_an_error_are_not_behind_the_samples() -> None:
    gate = declared(min_requests=100).gates[0]
    error = Sample(at=START, error="the query timed out", requests=1000.0)
    assert recorded(gate, [error, *samples(0, 0, 0)]).verdict is Verdict.NO_DATA


def test_beside_live_no_sample_of_the_candidate_moves_the_time_that_is_judged() -> None:
    gate = declared(**LOGS, max_over_live=1.5, window="2m", min_samples=1).gates[0]
    good, live = samples(0.0), (Sample(at=START + MINUTE, value=0.04),)
    worse = [*good, Sample(at=START + MINUTE, value=0.0901)]
    found = [recorded(gate, each, beneath=Beneath(live=live)).verdict for each in (good, worse)]
    assert found == [Verdict.PASS, Verdict.PASS], "what lies between the two is judged either way"
    late = [*good, Sample(at=START + 4 * MINUTE, value=0.0901)]
    assert recorded(gate, late, beneath=Beneath(live=live)).verdict is Verdict.NO_DATA, (
        "live is silent by then"
    )


def test_a_sample_that_is_an_anomaly_alone_is_no_evidence_for_a_usual_median() -> None:
    gate = declared(**LOGS, anomaly={"weeks_min": 1}, window="10m", min_samples=3).gates[0]
    past = tuple(Sample(at=START - 7 * 24 * 60 * MINUTE + n * MINUTE, value=n % 3 / 50) for n in range(30))
    weeks = Beneath(past=past)
    assert recorded(gate, samples(0.02, 0.02), beneath=weeks).verdict is Verdict.NO_DATA
    assert recorded(gate, samples(0.02, 0.02, 1e6), beneath=weeks).verdict is Verdict.NO_DATA
    assert recorded(gate, samples(0.02, 0.02, 0.02, 1e6), beneath=weeks).verdict is Verdict.PASS
