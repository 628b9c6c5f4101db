"""How often a fleet's gates would have stopped a good rollout, by what was measured between rollouts."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import process_time
from typing import Any

import pytest
from msgspec.structs import replace

from shared.fleet import Fleet, Gate, Gates, Shift, Source, Target, WeightStep
from shared.gate_rules import Anomaly, Comparison, Objective, Tolerance
from shared.gates.alarms import Alarms, Starts
from shared.gates.history import History, Past, gates_of, history, untriable
from shared.gates.looking_back import Stretch
from shared.gates.quiet import LeftOut, Quiet
from shared.model import Sample
from shared.policy import Policy
from tests.cli.samples import BLUE, FLEET, GREEN

BEGIN = datetime(2026, 11, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = 1440
LATENCY = Gate(
    name="latency", source=Source.LOGS, target=Target.GATEWAY, query="waits", max_value=250.0, unit=" ms"
)
ERRORS = replace(LATENCY, name="errors", query="errors", max_value=0.01, unit="")

Values = Callable[[int], float | None]


def minute(n: int) -> datetime:
    return BEGIN + n * MINUTE


def well(_: int) -> float:
    return 100.0


def slow(*minutes: int) -> Values:
    """400 ms for ten minutes from each of these on."""
    return lambda n: 400.0 if any(begin <= n < begin + 10 for begin in minutes) else 100.0


def stretch(values: Values, begin: int = 0, end: int = DAY, slot: Any = BLUE, *unread: LeftOut) -> Stretch:
    samples = tuple(Sample(at=minute(n), value=values(n)) for n in range(begin, end))
    quiet = Quiet(slot=slot, since=minute(begin), until=minute(end))
    return Stretch(quiet=quiet, samples=samples, unread=unread)


def fleet(*gates: Gate, **facts: Any) -> Fleet:
    policy = Policy(observe_seconds=600, bake_seconds=1800)
    return replace(FLEET, gates=Gates(switch=gates), policy=policy, shift=Shift(), **facts)


def tried(declared: Fleet, pasts: dict[Gate, Past]) -> History:
    return history(declared, (minute(0), minute(DAY)), (), (), pasts)


def alarms(gate: Gate, *stretches: Stretch, **facts: Any) -> Alarms:
    found = tried(fleet(gate), {gate: Past(stretches=stretches, **facts)})
    return found.gates[0]


def test_a_quiet_day_stops_nothing() -> None:
    found = alarms(LATENCY, stretch(well))
    assert found.because == "would have stopped a good one at 0 of 24 starts"
    assert (found.looks.passed, found.looks.no_data, found.looks.failed) == (1436, 4, 0)
    assert (found.hours.covered, found.hours.silent, found.hours.unread) == (24.0, 0.0, 0.0)
    assert found.episodes == ()


def test_a_bad_ten_minutes_stops_whoever_began_before_it_and_was_not_done() -> None:
    found = alarms(LATENCY, stretch(slow(610)))
    # A start at 10:00 is followed for its 40 minutes and the delay of 2; the one at 9:00 was done by then.
    assert found.starts == Starts(judged=24, stopped=1, held=0, blind=0)
    assert alarms(LATENCY, stretch(slow(640))).starts.stopped == 0
    assert alarms(LATENCY, stretch(slow(600, 1200))).starts.stopped == 2


def test_an_episode_is_told_from_its_first_look_to_its_last_by_its_worst_sentence() -> None:
    def rising(n: int) -> float:
        return 300.0 + n if 600 <= n < 620 else 100.0

    (found,) = alarms(LATENCY, stretch(rising)).episodes
    # Data is two minutes late and stays in sight for five.
    assert (found.slot, found.since, found.until, found.looks) == (BLUE, minute(603), minute(626), 24)
    assert found.because == "latency on blue: 919 ms is beyond the limit of 250 ms in 5 of 5 samples"


def test_silence_is_no_good_health() -> None:
    def gone(n: int) -> float | None:
        return None if 600 <= n < 900 else 100.0

    found = alarms(LATENCY, stretch(gone))
    assert found.hours.silent == 5.0
    assert found.starts == Starts(judged=19, stopped=0, held=0, blind=5)
    assert found.because == "would have stopped a good one at 0 of 19 starts; of 5 more nobody can tell"


def test_a_source_that_says_nothing_at_all_is_told_so() -> None:
    for nothing in (lambda _: None, lambda _: math.nan):
        found = alarms(LATENCY, stretch(nothing))
        assert (found.hours.covered, found.hours.silent) == (0.0, 24.0)
        assert found.because == "nothing is known of it: of 24 starts nobody can tell"


def test_what_nobody_answered_for_is_not_covered_and_no_start_in_it_counts() -> None:
    gap = LeftOut(since=minute(600), until=minute(720), because="Azure Monitor is busy")
    found = alarms(LATENCY, stretch(well, 0, DAY, BLUE, gap))
    assert (found.hours.covered, found.hours.unread) == (22.0, 2.0)
    assert found.starts == Starts(judged=22, stopped=0, held=0, blind=2)
    assert found.looks.provider_error == 124
    assert found.unread == (gap,)


def test_a_start_that_lost_sight_for_a_while_is_not_known_to_have_passed() -> None:
    gap = LeftOut(since=minute(610), until=minute(615), because="Azure Monitor is busy")
    assert alarms(LATENCY, stretch(well, 0, DAY, BLUE, gap)).starts == Starts(judged=23, blind=1)
    # What failed before or after it has failed.
    assert alarms(LATENCY, stretch(slow(625), 0, DAY, BLUE, gap)).starts == Starts(judged=24, stopped=1)


def test_what_warns_would_have_held() -> None:
    found = alarms(replace(LATENCY, max_value=500.0, pass_max=250.0), stretch(slow(610)))
    assert found.starts == Starts(judged=24, stopped=0, held=1, blind=0)
    assert found.because == "would have stopped a good one at 0 of 24 starts, and held 1"


def test_a_start_whose_clean_run_a_rollout_cut_short_is_none() -> None:
    short = alarms(LATENCY, stretch(slow(10), 0, 41), stretch(well, 100, 130, GREEN))
    assert short.starts == Starts()
    assert short.because == "nothing is known of it: no start has its whole run"
    assert [each.slot for each in short.episodes] == [BLUE]


def test_each_start_counts_anew() -> None:
    counted = replace(LATENCY, tolerance=Tolerance(failures_max=12))
    # Ten failures at 10:10 and ten at 11:10 are too many together, and no rollout sees both.
    assert alarms(counted, stretch(slow(610, 670))).starts.stopped == 0
    strict = replace(counted, tolerance=Tolerance(failures_max=9))
    assert alarms(strict, stretch(slow(610, 670))).starts.stopped == 2


def test_a_multiple_is_one_of_what_was_just_before_the_start() -> None:
    def climbing(n: int) -> float:
        return 100.0 + n // 60 * 100.0

    gate = replace(LATENCY, max_value=None, max_over_baseline=1.5)
    found = alarms(gate, stretch(climbing))
    # The first start has nothing before it; from 200 to 300 it is 1.5 times as much, which is tolerated.
    assert found.starts == Starts(judged=23, stopped=1, held=0, blind=1)
    assert found.looks.unjudged == 60


def test_what_is_judged_beside_live_says_nothing_of_live() -> None:
    because = "it is judged beside the live slot, and live beside itself says nothing"
    assert untriable(replace(LATENCY, max_over_live=1.2)) == because
    assert untriable(replace(LATENCY, compare=Comparison())) == because
    assert untriable(LATENCY) == ""
    found = alarms(LATENCY, untried=because)
    assert found.because == f"it cannot be tried on the past: {because}"
    assert (found.untried, found.starts, found.looks.passed) == (because, Starts(), 0)


def test_what_only_advises_is_tried_and_said_to_advise() -> None:
    assert alarms(replace(LATENCY, dry_run=True), stretch(slow(610))).advises
    odd = alarms(replace(LATENCY, max_value=None, anomaly=Anomaly()), stretch(well))
    assert odd.advises
    assert (odd.looks.unjudged, odd.starts.blind) == (1436, 24)


def test_a_gate_that_several_questions_ask_is_tried_once() -> None:
    ramp = Shift(steps=(WeightStep(weight=10, hold_seconds=600, gates=(LATENCY, ERRORS)),))
    declared = replace(fleet(LATENCY), shift=ramp)
    declared = replace(declared, gates=replace(declared.gates, bake=(LATENCY,), platform=(ERRORS,)))
    assert gates_of(declared) == {ERRORS: ("platform", "ramp"), LATENCY: ("ramp", "switch", "bake")}
    found = tried(declared, {LATENCY: Past(stretches=(stretch(well),))})
    assert [(each.gate, each.untried) for each in found.gates] == [
        ("errors", "it was not read"),
        ("latency", ""),
    ]


def together(first: Gate, second: Gate, *values: Values, **facts: Any) -> Alarms:
    """The group of two gates of those values."""
    first, second = replace(first, group="users"), replace(second, group="users")
    pasts = {
        gate: Past(stretches=(stretch(each),)) for gate, each in zip((first, second), values, strict=False)
    }
    found = tried(fleet(first, second), pasts)
    (group,) = found.groups
    assert (group.gate, group.gates, group.questions) == ("users", ("latency", "errors"), ("switch",))
    return group


def no_errors(_: int) -> float:
    return 0.0


def test_a_group_is_stopped_by_its_score_and_not_by_one_gate() -> None:
    alone = together(replace(LATENCY, weight=1.0), replace(ERRORS, weight=4.0), slow(610), no_errors)
    assert alone.starts == Starts(judged=24, stopped=0, held=1, blind=0)
    heavy = together(replace(LATENCY, weight=4.0), replace(ERRORS, weight=1.0), slow(610), no_errors)
    assert heavy.starts == Starts(judged=24, stopped=1, held=0, blind=0)
    assert heavy.episodes[0].because == "users: the group has 20 of 100 points; below 75 it fails"
    critical = together(replace(LATENCY, critical=True), replace(ERRORS, weight=9.0), slow(610), no_errors)
    assert critical.starts.stopped == 1


def test_a_member_that_cannot_be_tried_keeps_its_weight_in_the_group() -> None:
    group = together(LATENCY, replace(ERRORS, weight=9.0), slow(610))
    assert group.starts == Starts(judged=0, stopped=0, held=0, blind=24)
    assert group.untried == "without evidence of errors, which cannot be tried on the past"
    light = together(replace(LATENCY, weight=99.0), ERRORS, slow(610))
    assert light.starts == Starts(judged=24, stopped=1, held=0, blind=0)
    assert light.because == f"would have stopped a good one at 1 of 24 starts; {group.untried}"


def test_what_only_advises_is_left_out_of_its_group() -> None:
    latency, errors = replace(LATENCY, group="users", dry_run=True), replace(ERRORS, group="users")
    pasts = {gate: Past(stretches=(stretch(slow(610)),)) for gate in (latency, errors)}
    (group,) = tried(fleet(latency, errors), pasts).groups
    assert group.gates == ("errors",)


def test_longer_windows_are_waited_for_where_users_are_watched_for_long_enough() -> None:
    slo = replace(ERRORS, max_value=None, slo=Objective(objective=0.999), window_seconds=3600)
    calm, policy = Past(stretches=(stretch(lambda _: 0.0),)), Policy(observe_seconds=600, bake_seconds=1800)
    declared = replace(fleet(), policy=policy)
    switch = tried(replace(declared, gates=Gates(switch=(slo,))), {slo: calm}).gates[0]
    bake = tried(replace(declared, gates=Gates(bake=(slo,))), {slo: calm}).gates[0]
    both = tried(replace(declared, gates=Gates(switch=(slo,), bake=(slo,))), {slo: calm}).gates[0]
    # Three quarters of five minutes, or of the half hour that a bake of one can know, and two of delay.
    assert (switch.looks.no_data, bake.looks.no_data, both.looks.no_data) == (5, 24, 24)
    assert {each.starts.stopped for each in (switch, bake, both)} == {0}
    slow = Past(stretches=(stretch(lambda n: 0.007 if n >= 600 else 0.0),))
    (episode,) = tried(replace(declared, gates=Gates(bake=(slo,))), {slo: slow}).gates[0].episodes
    assert "over the last 6 hours and over the last 30 minutes" in episode.because


def test_a_month_is_judged_in_seconds_however_long_a_window_is() -> None:
    day = replace(LATENCY, window_seconds=86_400, min_samples=100, breaches_max=500)
    begun = process_time()
    found = alarms(day, stretch(slow(610), 0, 30 * DAY))
    assert found.looks.inconclusive == DAY + 9
    slo = replace(ERRORS, max_value=None, slo=Objective(objective=0.999), window_seconds=3600)
    found = alarms(slo, stretch(lambda n: 0.2 if 15_000 <= n < 15_010 else 0.0, 0, 30 * DAY))
    assert [each.looks for each in found.episodes] == [10]
    # One look at a day's samples after the other takes more than a minute.
    assert process_time() - begun < 20


def test_a_bake_of_a_day_is_counted_in_seconds() -> None:
    counting = replace(ERRORS, tolerance=Tolerance(failures_max=20, of=100))
    declared = replace(fleet(counting), policy=Policy(observe_seconds=600, bake_seconds=86_400))
    month = stretch(lambda n: 0.2 if n % 4000 < 3 else 0.0, 0, 30 * DAY)
    begun = process_time()
    found = tried(declared, {counting: Past(stretches=(month,))}).gates[0]
    assert found.starts == Starts(judged=696)
    # A step for each of a million looks takes more than ten.
    assert process_time() - begun < 6


@pytest.mark.parametrize("poll_seconds", [30, 60, 420])
def test_a_fleet_that_looks_more_or_less_often_is_followed_at_its_own_pace(poll_seconds: int) -> None:
    declared = fleet(LATENCY)
    declared = replace(declared, policy=replace(declared.policy, poll_seconds=poll_seconds))
    found = tried(declared, {LATENCY: Past(stretches=(stretch(slow(603)),))}).gates[0]
    looks = found.looks
    count = looks.passed + looks.failed + looks.no_data
    assert count == DAY * 60 // poll_seconds
    assert found.starts.stopped == 1
