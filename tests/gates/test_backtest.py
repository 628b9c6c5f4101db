"""What gates would have said of past rollouts, by what was kept; or it is said why nothing is known."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from shared.fleet import Gate, Gates, Source
from shared.gate_rules import Anomaly, Burn, Comparison, Objective, Schedule, Tolerance
from shared.gates.backtest import Said, backtest
from shared.gates.ends import Reason, end_of
from shared.model import Judgement, Verdict
from tests.cli.samples import BLUE, FLEET, ROLLOUT
from tests.gates.past_rollouts import (
    GATE,
    QUERY,
    bad,
    case,
    entry,
    good,
    look,
    minute,
    trial,
    why_not,
)


def test_each_gate_counts_what_it_would_have_done_to_good_and_bad_ones() -> None:
    found = trial(
        GATE,
        good(look(10, 200, 210)),
        good(look(10, 200, 400)),
        bad(look(10, 200, 210)),
        bad(look(10, 200, 400)),
        bad(look(10, None, 210)),
    )
    assert (found.judged, found.false_alarms, found.misses, found.caught, found.held) == (5, 1, 1, 1, 1)
    assert found.because == "would have stopped 1 of 2 good rollouts, and passed 1 of 3 bad ones"


def test_a_stricter_gate_would_have_stopped_a_bad_one_earlier() -> None:
    slow = bad(look(10, 90, 100), look(12, 100, 180), look(20, 300, 400), back=30)
    assert case(GATE, slow).earlier_seconds == 600
    found = case(replace(GATE, max_value=150.0), slow)
    assert (found.said, found.at, found.earlier_seconds) == (Said.STOP, minute(12), 1080)
    assert "180 is beyond the limit of 150" in found.because


def test_what_fails_after_the_way_back_began_would_have_come_later() -> None:
    assert case(GATE, bad(look(10, 90, 100), look(40, 300, 400), back=30)).earlier_seconds == -600


def test_a_looser_gate_would_have_let_the_bad_one_pass() -> None:
    found = trial(replace(GATE, max_value=500.0), bad(look(10, 300, 400), look(12, 400, 410)))
    assert (found.misses, found.caught) == (1, 0)


def test_one_inconclusive_look_holds_though_the_next_one_passes() -> None:
    gate = replace(GATE, pass_max=200.0)
    found = case(gate, good(look(10, 190, 220), look(20, 100, 100)))
    assert (found.said, found.at) == (Said.HOLD, minute(10))


def test_no_data_at_first_holds_nobody_and_at_last_it_does() -> None:
    assert case(GATE, good(look(10), look(20, 100, 100))).said is Said.PASS
    assert case(GATE, good(look(10, 100, 100), look(20))).said is Said.HOLD


def test_the_samples_of_the_live_slot_are_not_the_candidates() -> None:
    assert case(GATE, good(look(10, 900, 900, slot=BLUE), look(20, 100, 100))).said is Said.PASS


def test_what_is_counted_goes_on_from_look_to_look_and_begins_anew_with_a_step() -> None:
    tolerant = Tolerance(failures_max=1)
    counted = replace(GATE, schedule=Schedule(interval_seconds=60), tolerance=tolerant, min_samples=1)
    looks = look(10, 100, 300, window=1), look(12, 100, 300, window=1)
    assert case(counted, good(*looks)).said is Said.STOP
    steps = replace(good(*looks), entries=(entry(10, "bake", "T4"), entry(12, "drain", "T4")))
    assert trial(counted, steps, question="bake").cases[0].said is Said.PASS


def test_a_longer_window_is_joined_from_looks_that_follow_one_another() -> None:
    wide = replace(GATE, window_seconds=1200, min_samples=4)
    joined = good(look(10, 90, 100, 110), look(12, 120, 130, window=2))
    assert case(wide, joined).said is Said.PASS
    apart = good(look(10, 90, 100, 110), look(20, 120, 130))
    assert "2 of the 4 samples" in case(wide, apart).because


def test_of_what_two_looks_saw_the_newer_one_knows_better() -> None:
    wide = replace(GATE, window_seconds=1200)
    revised = good(look(10, 100, 110), look(11, 100, 110, 120))
    assert case(wide, revised).said is Said.PASS
    worse = good(look(10, 100, 110), look(11, 100, 900, 120))
    assert case(wide, worse).said is Said.STOP


def test_a_sample_that_two_looks_saw_is_counted_once() -> None:
    wide = replace(GATE, window_seconds=1200, max_value=250.0, breaches_max=1)
    once = good(look(10, 100, 900), look(11, 900, 120))
    assert case(wide, once).because.endswith("in 1 of 2 samples, 1 is tolerated")


def test_only_a_bad_rollout_is_stopped_earlier_or_later() -> None:
    assert case(GATE, good(look(10, 300, 400))).earlier_seconds is None


def test_a_shorter_window_leaves_out_what_is_too_old_for_it() -> None:
    short = replace(GATE, window_seconds=60)
    assert case(short, good(look(10, 900, 100, 110))).said is Said.PASS


def test_a_gate_is_held_against_the_recorded_baseline() -> None:
    gate = replace(GATE, max_value=None, max_over_baseline=1.5)
    assert case(gate, good(look(10, 200, 200), baseline={"latency": 100.0})).said is Said.STOP
    assert why_not(gate, good(look(10, 200, 200))) == "no baseline was recorded for it"


def test_a_gate_is_tried_on_the_steps_that_ask_its_question() -> None:
    platform = good(look(10, 900, 900), step="platform_gate", stage="T1")
    assert trial(GATE, platform, question="platform").false_alarms == 1
    assert why_not(GATE, platform) == "it was not asked, or under another name"


@pytest.mark.parametrize(
    ("rules", "because"),
    [
        ({"name": "errors"}, "it was not asked, or under another name"),
        ({"query": "requests | count"}, f"the evidence answers another question: {QUERY}"),
        ({"source": Source.HTTP, "path": "/healthz"}, f"the evidence answers another question: {QUERY}"),
        ({"max_over_live": 1.5}, "it is judged beside the live slot, of which nothing was kept"),
        ({"compare": Comparison()}, "it is judged beside the live slot, of which nothing was kept"),
        ({"anomaly": Anomaly()}, "it is judged by the weeks before, of which nothing was kept"),
    ],
)
def test_what_cannot_be_judged_again_is_said_and_not_guessed(rules: dict[str, Any], because: str) -> None:
    assert why_not(replace(GATE, **rules), bad(look(10, 900, 900))) == because


LIVE = replace(GATE, max_value=None, max_over_live=1.5)


def beside(n: int, mine: tuple[float, ...], live: tuple[float, ...], **facts: Any) -> Judgement:
    """A look at both slots, in that minute."""
    return look(n, *mine, beside=look(n, *live).samples, limits={"max_over_live": 1.5}, **facts)


@pytest.mark.parametrize("gate", [LIVE, replace(GATE, max_value=None, compare=Comparison(effect_max=0.2))])
def test_a_gate_beside_live_is_judged_by_what_was_kept_of_live(gate: Gate) -> None:
    gate = replace(gate, min_samples=20, window_seconds=1800)
    slow, well = (tuple(level + n % 7 for n in range(25)) for level in (300.0, 100.0))
    assert case(gate, good(beside(40, slow, well, window=30))).said is Said.STOP
    assert case(gate, good(beside(40, well, slow, window=30))).said is Said.PASS


def test_a_longer_window_beside_live_is_joined_on_both_sides() -> None:
    wide = replace(LIVE, window_seconds=1200, min_samples=3)
    first = beside(10, (200.0, 200.0), (100.0, 100.0))
    joined = good(first, beside(12, (200.0, 200.0), (180.0, 180.0), window=2))
    assert case(wide, joined).said is Said.PASS
    strict = case(replace(wide, max_over_live=1.3), joined)
    assert (strict.said, strict.at) == (Said.STOP, minute(12))
    assert "live's 153.3" in strict.because


def test_a_look_at_which_live_gave_no_answer_is_not_judged_beside_another() -> None:
    silent = replace(beside(12, (900.0, 900.0), ()), beside=())
    found = case(LIVE, good(beside(10, (100.0, 100.0), (100.0, 100.0)), silent))
    assert (found.said, found.at) == (Said.HOLD, minute(12))
    assert "the live slot's source gave no answer" in found.because
    assert "of which nothing was kept" in why_not(LIVE, good(silent))


def test_samples_beside_a_gate_that_are_not_lives_are_not_taken_for_them() -> None:
    weeks = replace(beside(10, (300.0, 310.0), (100.0, 100.0)), limits={"deviations_max": 3.0})
    assert "of which nothing was kept" in why_not(LIVE, good(weeks))


def test_what_was_judged_and_not_kept_is_not_judged_again() -> None:
    cut = look(10, 100, 100, 100, left_out=7)
    assert why_not(GATE, good(cut)) == "7 samples of one look were judged and not kept"
    assert case(replace(GATE, window_seconds=60), good(look(10, 100, 100, 100, left_out=7))).said is Said.PASS
    both = beside(10, (300.0, 310.0, 300.0), (100.0, 100.0), left_out=1)
    assert "not kept" in why_not(replace(LIVE, window_seconds=60), good(both))


def test_longer_windows_of_an_objective_are_put_together_from_all_looks() -> None:
    slow = Burn(rate=2.0, long_seconds=1200, short_seconds=600)
    gate = replace(GATE, max_value=None, slo=Objective(objective=0.9, burns=(slow,)), window_seconds=300)
    looks = [look(n, *[0.5] * 5) for n in range(5, 25, 5)]
    assert case(gate, good(*looks)).said is Said.STOP
    calm = [look(n, *[0.01] * 5) for n in range(5, 25, 5)]
    assert case(gate, good(*calm)).said is Said.PASS
    assert case(gate, good(*calm[:1])).said is Said.HOLD
    assert "not kept" in why_not(replace(gate, window_seconds=120), good(replace(calm[0], left_out=1)))


def test_a_source_that_never_answered_is_no_evidence_and_one_that_did_once_is() -> None:
    silent = look(10, source="logs", since=None, until=None, because="it was throttled")
    assert why_not(GATE, good(silent)) == "its source never answered"
    assert case(GATE, good(silent, look(20, 100, 100))).said is Said.PASS


def test_without_rollouts_nothing_is_known() -> None:
    assert trial(GATE).because == "no rollout has ended to try it on"


def test_a_rollout_under_way_is_left_out() -> None:
    running = replace(good(look(10, 900, 900)), rollout=ROLLOUT)
    assert backtest(replace(FLEET, gates=Gates(switch=(GATE,))), [running]).rollouts == ()


def test_what_only_advises_is_tried_as_if_it_decided_and_said_to_advise() -> None:
    found = trial(replace(GATE, dry_run=True), bad(look(10, 900, 900)))
    assert (found.advises, found.caught) == (True, 1)


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        ("alert", Reason.ALERT),
        ("ann@contoso.com", Reason.PERSON),
        ("rollback", Reason.PERSON),
        ("timer", Reason.OTHER),
        ("resource_changed", Reason.OTHER),
    ],
)
def test_who_turned_a_rollout_back_is_told(who: str, reason: Reason) -> None:
    end = end_of(bad(look(10, 900, 900, verdict=Verdict.FAIL), who=who))
    assert end is not None
    assert (end.reason, end.good, end.at, end.because) == (reason, False, minute(30), "it was slow")


@pytest.mark.parametrize(
    ("verdict", "dry_run", "reason"),
    [
        (Verdict.FAIL, False, Reason.GATE),
        (Verdict.NO_DATA, False, Reason.GATE),
        (Verdict.FAIL, True, Reason.OTHER),
        (Verdict.PASS, False, Reason.OTHER),
    ],
)
def test_a_gate_turned_it_back_where_its_verdict_led_to_that(
    verdict: Verdict, dry_run: bool, reason: Reason
) -> None:
    last = look(30, 900, 900, verdict=verdict, dry_run=dry_run, because="nothing came")
    end = end_of(bad(last, who="timer", because="nothing came, and two signals speak against it"))
    assert end is not None
    assert end.reason is reason
