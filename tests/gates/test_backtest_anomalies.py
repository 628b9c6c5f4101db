"""An anomaly on past rollouts: held against the weeks before as the rollout read them, or said not to be."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from shared.gate_rules import Anomaly, Direction
from shared.gates.anomaly import usual
from shared.gates.backtest import Said
from shared.gates.ends import Ended
from shared.measured import Usual
from shared.model import Judgement, Sample, Verdict
from tests.cli.samples import BLUE, START
from tests.gates.past_rollouts import GATE, bad, case, entry, good, look, minute, why_not

HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
RULE = Anomaly(decides=True)
ODD = replace(GATE, max_value=None, anomaly=RULE)
LIMITS = {"deviations_max": 3.5, "min_samples": 2.0}
AS_USUAL = (100.0, 101.0, 99.0, 102.0)


def before(*values: float, weeks: int = 4, since: datetime = START, hours: int = 1) -> tuple[Sample, ...]:
    """A sample a minute in each of the weeks before, with these values in turn."""
    return tuple(
        Sample(at=since - back * WEEK + n * timedelta(minutes=1), value=values[n % len(values)])
        for back in range(weeks, 0, -1)
        for n in range(60 * hours)
    )


def odd(n: int, *values: float | None, **facts: Any) -> Judgement:
    """A look of an anomaly in that minute."""
    return look(n, *values, **{"limits": LIMITS, **facts})


def learnt(rollout: Ended, reads: dict[int, Usual]) -> Ended:
    """The same, whose trail says which numbers the claims kept."""
    known: dict[str, Any] = {}
    entries = []
    for each in rollout.entries:
        if each.epoch in reads:
            now = told(reads[each.epoch])
            patch = {name: value for name, value in now.items() if known.get(name) != value}
            patch |= {name: None for name in known if name not in now}
            known = now
            change = {**each.change.get("rollout", {}), "usual": {"latency": patch}}
            each = replace(each, change={**each.change, "rollout": change})
        entries.append(each)
    return replace(rollout, entries=tuple(entries))


def told(known: Usual) -> dict[str, Any]:
    """As a state says it: moments in words, and nothing that is 0."""
    facts = {name: getattr(known, name) for name in known.__struct_fields__}
    facts |= {name: facts[name].isoformat() for name in ("since", "until")}
    return {name: value for name, value in facts.items() if value}


def numbers(past: tuple[Sample, ...], since: datetime = START, hours: int = 1) -> Usual:
    return usual(RULE, since, since + hours * HOUR, past)


PAST = before(*AS_USUAL)
KNOWN = numbers(PAST)


def test_a_candidate_unlike_the_weeks_before_would_have_been_stopped() -> None:
    looks = odd(12, 100, 101, beside=PAST), odd(14, 400, 410)
    found = case(ODD, learnt(bad(*looks), {12: KNOWN}))
    assert (found.said, found.at) == (Said.STOP, minute(14))
    assert "is usual at this hour in 4 weeks" in found.because
    assert found.earlier_seconds == (30 - 14) * 60
    alike = learnt(good(odd(12, 100, 101, beside=PAST), odd(14, 101, 100)), {12: KNOWN})
    assert case(ODD, alike).said is Said.PASS


def test_another_limit_another_side_and_fewer_weeks_are_tried_on_the_same_samples() -> None:
    older = before(300.0, 310.0, 305.0)[:120]
    past = (*older, *before(*AS_USUAL, weeks=2))
    rollout = learnt(good(odd(12, 104, 104, beside=past)), {12: numbers(past)})
    assert case(ODD, rollout).said is Said.PASS
    two = replace(RULE, weeks=2, deviations_max=2.0)
    of_two = replace(ODD, anomaly=two)
    assert case(of_two, rollout).said is Said.STOP
    falls = replace(ODD, anomaly=replace(two, direction=Direction.DECREASE))
    assert case(falls, rollout).said is Said.PASS


def test_the_hour_that_the_baseline_read_on_the_live_slot_counts_for_the_candidate() -> None:
    of_live = odd(10, 100, 100, slot=BLUE, beside=PAST)
    rollout = learnt(bad(of_live, odd(14, 400, 410)), {10: KNOWN})
    assert case(ODD, rollout).said is Said.STOP


def test_what_was_read_later_is_not_known_before() -> None:
    rollout = learnt(good(odd(12, 400, 410), odd(14, 100, 100, beside=PAST)), {14: KNOWN})
    assert "nothing of them is known" in why_not(ODD, rollout)


def test_a_window_across_two_hours_is_held_against_both() -> None:
    """The first hour is as ever, and in the second there is always ten times as much."""
    next_hour = 60
    both = (*PAST, *before(1000.0, 1010.0, 990.0, since=START + HOUR))
    both = tuple(sorted(both, key=lambda each: each.at))
    reads = {12: KNOWN, next_hour + 2: numbers(both, hours=2)}
    looks = odd(12, 100, 101, beside=PAST), odd(next_hour + 2, 990, 1000, beside=both)
    assert case(ODD, learnt(good(*looks), reads)).said is Said.PASS
    # A shorter window lies in the second hour alone, whose samples were read with those of both.
    short = replace(ODD, window_seconds=120)
    late = odd(12, 100, 101, beside=PAST), odd(next_hour + 4, 100, 100, beside=both)
    found = case(short, learnt(good(*late), {12: KNOWN, next_hour + 4: numbers(both, hours=2)}))
    assert found.said is Said.STOP
    # A longer one reaches back into an hour that nobody read.
    only = learnt(
        good(odd(next_hour + 4, 990, 1000, beside=both)), {next_hour + 4: numbers(both, START + HOUR)}
    )
    assert "nothing of them is known" in why_not(ODD, only)


@pytest.mark.parametrize("facts", [{}, {"beside": PAST[100:], "left_out": 100}])
def test_where_their_samples_are_not_kept_the_numbers_of_them_are_held_against(facts: dict[str, Any]) -> None:
    """The verdict that read them had too few samples of its own, or was too long."""
    short = replace(ODD, window_seconds=60, min_samples=1)
    rollout = learnt(bad(odd(12, 100, 100, 100, **facts), odd(14, 400, 410)), {12: KNOWN})
    assert case(short, rollout).said is Said.STOP
    assert "nothing of them" in why_not(replace(short, anomaly=replace(RULE, weeks=3)), rollout)


def test_numbers_that_changed_to_none_are_none() -> None:
    constant = numbers(before(100.0, since=START + HOUR), START + HOUR)
    later = 70
    looks = odd(12, 100), odd(later, 100), odd(later + 2, 101, 101)
    found = case(ODD, learnt(good(*looks), {12: KNOWN, later: constant}))
    assert found.said is Said.STOP
    assert "it was never anything else" in found.because


def test_a_source_that_gave_no_answer_on_the_weeks_before_gives_none_now() -> None:
    silent = odd(14, 400, 410, verdict=Verdict.PROVIDER_ERROR)
    first = odd(-40, 100, 100, at=minute(-40), slot=BLUE, beside=before(*AS_USUAL, since=START - HOUR))
    known = numbers(before(*AS_USUAL, since=START - HOUR), START - HOUR)
    found = case(ODD, learnt(good(first, silent), {-40: known}))
    assert found.said is Said.HOLD
    assert "its source gave no answer on the time before" in found.because
    assert why_not(ODD, good(silent)) == "it is judged by the weeks before, of which nothing was kept"


def test_a_gate_that_needs_more_weeks_than_were_kept_is_not_judged() -> None:
    past = before(*AS_USUAL, weeks=2)
    rollout = learnt(good(odd(12, 100, 101, beside=past)), {12: numbers(past)})
    assert case(ODD, rollout).said is Said.PASS
    strict = replace(ODD, anomaly=replace(RULE, weeks_min=3))
    assert why_not(strict, rollout) == "it needs 3 of the weeks before, and 2 were kept"
    young = learnt(good(odd(12, 100, 101, beside=past, verdict=Verdict.INCONCLUSIVE)), {12: numbers(past)})
    assert case(strict, young).said is Said.HOLD


def test_what_another_query_read_of_them_is_not_the_gates() -> None:
    other = odd(10, 100, 100, slot=BLUE, beside=PAST, source="another")
    rollout = learnt(good(other, odd(14, 400, 410)), {10: KNOWN})
    assert "of which nothing was kept" in why_not(ODD, rollout)


def test_a_gate_of_the_time_that_was_none_kept_nothing_of_the_weeks() -> None:
    plain = good(look(2, 100, 101), look(4, 400, 410))
    assert "of which nothing was kept" in why_not(ODD, plain)


def test_the_trail_of_another_gate_is_not_its_own() -> None:
    rollout = learnt(good(odd(12, 100, 101, beside=PAST)), {12: KNOWN})
    other = entry(1)
    entries = (replace(other, change={"rollout": {"usual": {"errors": told(KNOWN)}}}), *rollout.entries)
    assert case(ODD, replace(rollout, entries=entries)).said is Said.PASS
