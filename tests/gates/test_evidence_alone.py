"""What completes the evidence for a pass speaks for one by itself, and by no chance of its arrival."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.gate_rules import Scores
from shared.gates import judge
from shared.gates.recorded import Beneath, recorded
from shared.gates.scoring import score
from shared.levers import SlotName
from shared.model import Doubt, Sample, Verdict
from shared.probes import Reading
from tests.gates.kinds import LOGS
from tests.gates.peers import MINUTE, START, declared, samples

GREEN, WEEK = SlotName("green"), timedelta(weeks=1)
FAILED, ANSWERED = Sample(at=START, value=1.0), Sample(at=START, value=0.0)


def test_a_failed_request_is_no_evidence_that_others_do_not_fail() -> None:
    gate = declared(max=0.5, min_samples=3).gates[0]
    for few in ([ANSWERED] * 2, [ANSWERED] * 2 + [FAILED]):
        reading = Reading(tuple(few), "GET", START, START)
        assert recorded(gate, few).verdict is judge(gate, GREEN, reading, START).verdict is Verdict.NO_DATA
    found = recorded(gate, [*[ANSWERED] * 3, FAILED])
    assert (found.verdict, found.because) == (Verdict.PASS, "0.25 is within the limit of 0.5")


@pytest.mark.parametrize("rules", [{"min_samples": 1}, {"interval": "1m", "count": 1}])
def test_answers_to_nobody_make_no_share_smaller(rules: dict[str, Any]) -> None:
    gate = declared(max=0.5, **rules).gates[0]
    empty = Sample(at=START, value=0.0, requests=0.0)
    assert recorded(gate, [empty, empty, empty, FAILED]).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("usual", "odd", "direction"),
    [((5.0,), 1e9, "increase"), ((5.0,) * 30 + (1000.0,), 1000.0, "increase"), ((5.0,), 0.0, "either")],
)
def test_what_is_odd_by_itself_is_no_evidence_that_all_is_as_usual(
    usual: tuple[float, ...], odd: float, direction: str
) -> None:
    rule = {"weeks_min": 1, "direction": direction}
    gate = declared(**LOGS, window="10m", min_samples=3, anomaly=rule).gates[0]
    past = tuple(Sample(at=START - WEEK + n * MINUTE, value=value) for n, value in enumerate(usual))
    beneath = Beneath(past=past)
    assert recorded(gate, samples(odd), beneath=beneath).verdict is not Verdict.PASS
    assert recorded(gate, samples(5, 5), beneath=beneath).verdict is Verdict.NO_DATA
    assert recorded(gate, samples(5, odd, 5), beneath=beneath).verdict is Verdict.NO_DATA
    assert recorded(gate, samples(5, 5, 5), beneath=beneath).verdict is Verdict.PASS


def test_what_is_odd_on_one_side_makes_nothing_usual_on_the_other() -> None:
    gate = declared(**LOGS, window="10m", anomaly={"weeks_min": 1, "direction": "either"}).gates[0]
    beneath = Beneath(past=tuple(Sample(at=START - WEEK + n * MINUTE, value=5.0) for n in range(8)))
    assert recorded(gate, samples(4, 4, 5, 5), beneath=beneath).verdict is Verdict.INCONCLUSIVE
    assert recorded(gate, samples(4, 4, 5, 5, 1e300), beneath=beneath).verdict is Verdict.INCONCLUSIVE


def test_a_time_without_events_is_no_sample_of_an_objective() -> None:
    slo = {"objective": "99.9%", "burns": [{"rate": 14.4, "long": "1h", "short": "5m"}]}
    gate = declared(**LOGS, window="1h", min_samples=5, slo=slo).gates[0]
    four = [Sample(at=START + n * MINUTE, value=0.0, requests=10_000.0) for n in range(4)]
    empty = Sample(at=START + 4 * MINUTE, value=0.0, requests=0.0)
    fifth = Sample(at=START + 5 * MINUTE, value=0.0, requests=10_000.0)
    assert recorded(gate, [*four, empty]).verdict is Verdict.NO_DATA
    assert recorded(gate, [*four, empty, fifth]).verdict is Verdict.PASS
    for bad in (1.0, 1.5, -1.0):
        beside = Sample(at=empty.at, value=bad)
        assert recorded(gate, [*four, empty, beside]).verdict is not Verdict.PASS


def test_no_verdict_hangs_on_which_sample_of_an_instant_came_in_time() -> None:
    gate = declared(min_samples=2, min_requests=300).gates[0]
    few = Sample(at=START + MINUTE, value=0.01, requests=1.0)
    many = Sample(at=START + MINUTE, value=0.0, requests=500.0)
    late = Sample(at=START + 1.5 * MINUTE, value=0.0, requests=1.0)
    ours, theirs = recorded(gate, [few, late, many]), recorded(gate, [many, late, few])
    assert ours.verdict is theirs.verdict
    assert ours.because == theirs.because


@pytest.mark.parametrize("direction", ["increase", "decrease", "either"])
def test_a_bad_sample_makes_no_good_one_of_its_instant_come_in_time(direction: str) -> None:
    rule = {"weeks_min": 1, "direction": direction}
    gate = declared(**LOGS, window="10m", min_samples=2, anomaly=rule).gates[0]
    beneath = Beneath(past=tuple(Sample(at=START - WEEK + n * MINUTE, value=5.0) for n in range(30)))
    late, good = Sample(at=START, value=5.0), Sample(at=START + MINUTE, value=5.0)
    before = recorded(gate, [good, late], beneath=beneath).verdict
    for value in {"increase": (1e6,), "decrease": (0.0,), "either": (0.0, 1e6)}[direction]:
        bad = Sample(at=START, value=value)
        assert before is not Verdict.PASS
        assert recorded(gate, [bad, good, late], beneath=beneath).verdict is not Verdict.PASS


def test_a_tolerated_breach_and_a_narrower_limit_are_told() -> None:
    found = recorded(declared(breaches_max=1).gates[0], samples(0, 0, 0, 0, 0.2))
    assert found.because == "0.2 is beyond the limit of 0.05 in 1 of 5 samples, 1 is tolerated"
    floor = recorded(declared(min=15, pass_min=20).gates[0], samples(20, 21, 22))
    assert (floor.verdict, floor.because) == (Verdict.PASS, "20 is within the lower limit of 20")


def test_a_group_of_nothing_but_warnings_is_told_why_it_does_not_pass() -> None:
    found = score(Scores(passing=50, marginal=25), [(Doubt.WARNING, 1.0), (Doubt.WARNING, 1.0)])
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.because == (
        "the group has 50 of 100 points, which would be enough, but none of its gates passes"
    )


def test_what_burns_by_a_part_of_its_windows_is_told_as_that() -> None:
    slo = {"objective": "99.9%", "burns": [{"rate": 6, "long": "6h", "short": "30m"}]}
    gate = declared(**LOGS, window="6h", slo=slo).gates[0]
    part = recorded(gate, samples(*[0.05] * 60))
    assert part.verdict is Verdict.FAIL
    assert part.because.endswith("by what is known of them, which no rest could make up for")
    both = declared(**LOGS, window="6h", slo={"objective": "99.9%"}).gates[0]
    assert "over the last hour and over" in recorded(both, samples(*[0.05] * 60)).because
