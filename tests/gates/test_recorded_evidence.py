"""What a recorded window must have to pass, and what a bad sample more does not take from what it found."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from shared.fleet import Gate
from shared.gates import Beyond, judge, rank
from shared.gates.anomaly import hours, usual
from shared.gates.recorded import Beneath, recorded
from shared.levers import SlotName
from shared.model import Sample, Verdict
from shared.probes import Reading
from tests.gates.kinds import LOGS
from tests.gates.peers import MINUTE, START, declared, samples

WEEK = timedelta(weeks=1)


def test_requests_that_a_bad_end_leaves_behind_do_not_count_towards_min_requests() -> None:
    gate = declared(window="2m", min_samples=1, min_requests=100).gates[0]
    many = Sample(at=START, value=0.01, requests=1000.0)
    few = Sample(at=START + MINUTE, value=0.01, requests=1.0)
    silent = Sample(at=START + 2.5 * MINUTE)
    assert recorded(gate, [many, few]).verdict is Verdict.PASS
    found = recorded(gate, [many, few, silent])
    assert found.verdict is Verdict.NO_DATA
    assert found.because == "1 of the 100 requests it needs are behind the samples"


def test_samples_that_a_bad_end_leaves_behind_are_not_enough_to_compare() -> None:
    gate = declared(**LOGS, window="5m", compare={"min_samples": 5}).gates[0]
    five, live = samples(1, 2, 3, 2, 1), Beneath(live=samples(1, 2, 3, 2, 1))
    silent = Sample(at=START + 7 * MINUTE)
    assert recorded(gate, five, beneath=live).verdict is Verdict.PASS
    found = recorded(gate, [*five, silent], beneath=live)
    assert (found.verdict, found.because) == (Verdict.NO_DATA, "3 of the 5 samples it needs are there")


def test_live_samples_that_a_later_candidate_leaves_behind_are_not_enough_to_compare() -> None:
    gate = declared(**LOGS, window="5m", compare={"min_samples": 5}).gates[0]
    beneath = Beneath(live=samples(1, 2, 3, 2, 1))
    found = recorded(gate, samples(1, 2, 3, 2, 1, 2, 1, 3), beneath=beneath)
    assert found.verdict is Verdict.NO_DATA
    assert found.because == "3 of the 5 samples it needs of the live slot are there"


@pytest.mark.parametrize("extra", [(), (Sample(at=START + MINUTE, value=40.0),)])
def test_no_sample_decides_which_hours_an_anomaly_is_held_against(extra: tuple[Sample, ...]) -> None:
    """As in a rollout these are the hours of the window, which lies across nine o'clock."""
    gate = declared(**LOGS, anomaly={}, window="15m", min_samples=2).gates[0]
    before = samples(0.04, 0.044, start=START - 5 * MINUTE)
    nine = [samples(0.04, 0.05, 0.06, start=START - back * WEEK) for back in (1, 2)]
    weeks = (*samples(0.04, start=START - 2 * WEEK - 5 * MINUTE), *nine[0], *nine[1])
    found = recorded(gate, (*before, *extra), START + 7 * MINUTE, Beneath(past=weeks))
    assert (found.verdict, found.because) == _in_a_rollout(gate, (*before, *extra), weeks)
    assert found.verdict is Verdict.PASS


def test_silence_of_another_hour_makes_nothing_usual_that_was_not_before() -> None:
    rule = {"weeks": 1, "weeks_min": 1, "direction": "decrease"}
    gate = declared(anomaly=rule, window="5m", min_samples=1).gates[0]
    seen = samples(1e6, 1.0, 1.0, start=START - MINUTE, apart=timedelta(seconds=20))
    weeks = samples(3.7, 1.0, start=START - WEEK - 10 * MINUTE, apart=15 * MINUTE)
    silent = Sample(at=START + 3 * MINUTE)
    for each in (seen, (*seen, silent)):
        found = recorded(gate, each, beneath=Beneath(past=weeks))
        assert found.verdict is Verdict.INCONCLUSIVE
        assert "too few to say that it never varies" in found.because


def _in_a_rollout(gate: Gate, seen: tuple[Sample, ...], weeks: tuple[Sample, ...]) -> tuple[Verdict, str]:
    assert gate.anomaly is not None
    since, until = START - 8 * MINUTE, START + 7 * MINUTE
    reading = Reading(seen, "query", since, until)
    known = Beyond(usual=usual(gate.anomaly, *hours(since, until), weeks))
    found = judge(gate, SlotName("green"), reading, until, beyond=known)
    return found.verdict, found.because.removeprefix("errors on green: ")


def test_what_is_shown_of_a_count_does_not_depend_on_the_order_of_arrival() -> None:
    gate = declared(**LOGS, max=0.05, consecutive_passes=3).gates[0]
    one, other = Sample(at=START, value=0.01), Sample(at=START, value=0.02)
    assert recorded(gate, [one, other]).value == recorded(gate, [other, one]).value == 0.02
    for seen in ((one, other), (other, one)):
        assert judge(gate, SlotName("green"), Reading(seen, "q", START, START), START).value == 0.02


@pytest.mark.parametrize("keys", [{"direction": "either"}, {"direction": "decrease"}])
def test_a_value_far_out_hides_no_lower_one_of_the_same_instant(keys: dict[str, Any]) -> None:
    rule = {"min_samples": 5, "confidence": "99%", **keys}
    gate = declared(**LOGS, window="30m", compare=rule).gates[0]
    lower, live = samples(0, 0, 0, 0, 0), Beneath(live=samples(10, 11, 12, 13, 14))
    far = Sample(at=START + 4 * MINUTE, value=1e6)
    assert recorded(gate, lower, beneath=live).verdict is Verdict.FAIL
    assert recorded(gate, [*lower, far], beneath=live).verdict is Verdict.FAIL


def test_a_value_far_out_is_one_more_beside_the_good_one_of_its_instant() -> None:
    gate = declared(**LOGS, window="30m", compare={"min_samples": 5}).gates[0]
    good, live = samples(10, 11, 12, 13, 14), Beneath(live=samples(10, 11, 12, 13, 14))
    assert recorded(gate, good, beneath=live).verdict is Verdict.PASS
    far = [Sample(at=each.at, value=1e6) for each in good]
    assert recorded(gate, [far[0], *good], beneath=live).verdict is Verdict.PASS
    assert recorded(gate, sorted([*good, *far], key=lambda each: each.at), beneath=live).verdict is (
        Verdict.INCONCLUSIVE
    )
    assert recorded(gate, far, beneath=live).verdict is Verdict.FAIL


TIMEOUT = Sample(at=START + 4 * MINUTE, error="timeout")


@pytest.mark.parametrize(
    ("rules", "good", "bad"),
    [
        ({"max_over_live": 1.5}, 1.0, 100.0),
        ({"max": 5}, 1.0, 100.0),
        ({"compare": {"min_samples": 5}}, 1.0, 2.0),
        ({"max": 5, "count": 4, "consecutive_passes": 3, "tolerance": {"failures": 1}}, 1.0, 100.0),
    ],
)
def test_a_bad_sample_of_a_later_time_takes_no_place_of_those_that_come_after_it(
    rules: dict[str, Any], good: float, bad: float
) -> None:
    gate = declared(**LOGS, min_samples=3, window="10m", **rules).gates[0]
    live = Beneath(live=samples(*[1.0] * 9))
    found = list(samples(good, bad, bad, good, bad, bad, bad, good))
    before = recorded(gate, found, beneath=live)
    for place in range(len(found)):
        late = [*found[:place], replace(TIMEOUT, at=found[-1].at), *found[place:]]
        after = recorded(gate, late, beneath=live)
        assert rank(after.verdict or Verdict.PASS) <= rank(before.verdict or Verdict.PASS), after.because


def test_what_comes_late_is_told_as_an_error_and_speaks_against_a_pass_all_the_same() -> None:
    gate = declared(**LOGS, min_samples=3, window="10m", max_over_live=1.5).gates[0]
    live, found = Beneath(live=samples(*[1.0] * 6)), samples(1.0, 1.0, 1.0, 100.0)
    assert recorded(gate, found, beneath=live).verdict is Verdict.FAIL
    after = recorded(gate, [*found[:3], TIMEOUT, found[3]], beneath=live)
    assert after.verdict is Verdict.FAIL
    assert [each.phase.value for each in after.measurements] == [*["measured"] * 3, "error", "error"]


def each_minute(found: tuple[Any, ...]) -> list[tuple[Sample, ...]]:
    """The samples of each minute; several where there are several of one instant."""
    minutes = [each if isinstance(each, tuple) else (each,) for each in found]
    at = [START + n * MINUTE for n in range(len(minutes))]
    return [
        tuple(replace(one, at=when) for one in samples(*each)) for when, each in zip(at, minutes, strict=True)
    ]


@pytest.mark.parametrize(
    ("rules", "found", "live"),
    [
        # The comparison asks for more than the gate itself.
        ({"compare": {"min_samples": 5}}, (1, 1, 1, 1, "away", "away"), (1,) * 6),
        ({"compare": {"min_samples": 5}}, (1,) * 6, (1, 1, "away", "away")),
        ({"compare": {"min_samples": 5}}, ((1, 1, 1), 1, 1, 1, "away"), (1,) * 6),
        ({"max_over_live": 1.5}, (1, 1, 1), ("away",) * 3),
        # What passed is left behind by errors.
        ({"max": 5}, (1, 1, 1, *["away"] * 20), ()),
    ],
)
def test_too_little_evidence_is_the_providers_trouble_where_errors_are_among_it(
    rules: dict[str, Any], found: tuple[Any, ...], live: tuple[Any, ...]
) -> None:
    gate = declared(**LOGS, min_samples=3, window="10m", **rules).gates[0]
    beneath = Beneath(live=samples(*live) if live else None)
    after = recorded(gate, [each for one in each_minute(found) for each in one], beneath=beneath)
    assert (after.verdict, after.because.rpartition(": ")[2]) == (Verdict.PROVIDER_ERROR, "away")


def test_a_count_that_errors_leave_behind_is_the_providers_trouble() -> None:
    gate = declared(**LOGS, max=5, min_samples=3, window="3m", interval="1m").gates[0]
    found = recorded(gate, samples(1, 1, 1, *["away"] * 4))
    assert (found.verdict, found.because) == (Verdict.PROVIDER_ERROR, "nothing has passed since 09:02:00")
    silent = recorded(gate, samples(1, 1, 1, *[None] * 4))
    assert silent.verdict is Verdict.NO_DATA


def test_a_pass_is_told_of_now() -> None:
    """Minutes of errors that burn nothing yet are said, and not what was known before them."""
    rule = {"objective": "99.9%", "burns": [{"rate": 14.4, "long": "1h", "short": "5m"}]}
    gate = declared(**LOGS, slo=rule, window="1h", min_samples=1).gates[0]
    each = [*[0.0] * 55, *[0.01] * 5]
    found = recorded(gate, [replace(one, requests=1000.0) for one in samples(*each)])
    assert found.verdict is Verdict.PASS
    rates = "burns 0.8333 times as fast as it may over the last hour and over the last 5 minutes"
    assert rates in found.because


def test_errors_do_not_take_back_that_a_count_was_inconclusive() -> None:
    tolerance = {"failures": 1, "inconclusives": 0, "errors": 0, "consecutive_errors": 0}
    gate = declared(max=0.1, pass_max=0.05, count=5, tolerance=tolerance).gates[0]
    for later in ((), ("away",), ("away", "away")):
        assert recorded(gate, samples(0, 0.07, *later)).verdict is Verdict.INCONCLUSIVE
    assert recorded(gate, samples(0, 0.07, "away", 1, 1)).verdict is Verdict.FAIL


@pytest.mark.parametrize("later", [2, 5, 30])
def test_silence_does_not_take_back_that_a_budget_may_be_burning(later: int) -> None:
    rule = {"objective": "90%", "burns": [{"rate": 5, "long": "10m", "short": "2m"}]}
    gate = declared(**LOGS, slo=rule, window="10m", min_samples=1).gates[0]
    burning = samples(1.0, 1.0)
    assert recorded(gate, burning).verdict is Verdict.INCONCLUSIVE
    silent = Sample(at=burning[-1].at + later * MINUTE)
    assert recorded(gate, [*burning, silent]).verdict is Verdict.INCONCLUSIVE
