"""Alerts on a budget that look further back than their gate: kept, unknown, or burning all the same."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.gate_rules import BURNS, Burn, Objective
from shared.gates.burning import Watch, beyond, burn, noticed_seconds
from shared.gates.events import Events, hourly, kept
from shared.measured import Kept
from shared.model import Sample, Verdict
from tests.gates.test_budget import NOW, OBJECTIVE, series

HOUR, DAY = 3_600, 86_400
THREE_DAYS = 3 * DAY


def watched(
    stretches: tuple[tuple[float, float], ...],
    watched_seconds: float,
    *,
    rule: Objective = OBJECTIVE,
    requests: float | None = 10_000.0,
) -> tuple[Verdict, str]:
    """The verdict of a gate that looks back an hour, on users who have been there since the first stretch."""
    samples = series(*stretches, requests=requests)
    recent = [sample for sample in samples if sample.at >= NOW - timedelta(hours=1)]
    longer = kept(samples, beyond(rule, HOUR), None, NOW)
    found = burn(rule, recent, NOW, Watch(HOUR, watched_seconds, longer))
    return found.verdict, found.because


def test_the_windows_beyond_a_gate_are_those_that_are_longer() -> None:
    assert beyond(OBJECTIVE, HOUR) == (6 * HOUR, THREE_DAYS)
    assert beyond(OBJECTIVE, 6 * HOUR) == (THREE_DAYS,)
    assert beyond(OBJECTIVE, THREE_DAYS) == ()


def test_one_request_is_told_as_one() -> None:
    because = burn(OBJECTIVE, series((HOUR, 0.0), requests=1 / 60), NOW).because
    assert "1 request in the last hour is too few: one bad one would be too many" in because
    assert "0.08333 requests in the last 5 minutes are too few" in because


@pytest.mark.parametrize("share", [0.0005, 0.001, 0.00101, 0.0059, 0.0061, 0.0145])
def test_kept_counts_say_what_their_samples_would(share: float) -> None:
    samples = series((THREE_DAYS, share))
    whole = burn(OBJECTIVE, samples, NOW)
    verdict, because = watched(((THREE_DAYS, share),), THREE_DAYS)
    assert (verdict, because) == (whole.verdict, whole.because)


@pytest.mark.parametrize(
    ("stretches", "watched_seconds", "verdict", "words"),
    [
        # A short watch waits for no window that it cannot cover, and says so.
        (((20 * 60, 0.0),), 20 * 60, Verdict.PASS, "of 6 hours and 3 days nothing is known while"),
        # A window that is not covered is none of those that are said to be well.
        (((20 * 60, 0.0),), 20 * 60, Verdict.PASS, "as fast as it may over the last 5 minutes, within"),
        (((HOUR, 0.0),), HOUR, Verdict.PASS, "may over the last hour and over the last 5 minutes, within"),
        (
            ((30 * 60, 0.0),),
            HOUR,
            Verdict.PASS,
            "of 3 days nothing is known while users are watched for 1 hour",
        ),
        (((HOUR, 0.002),), HOUR, Verdict.PASS, "of 3 days nothing is known"),
        # One that can cover it waits until it is covered: silence is no pass.
        (((HOUR, 0.0),), DAY, Verdict.NO_DATA, "samples cover 16.7 % of the last 6 hours"),
        (((4 * HOUR, 0.0),), DAY, Verdict.NO_DATA, "samples cover 66.7 % of the last 6 hours"),
        (((5 * HOUR, 0.0),), DAY, Verdict.PASS, "within the limit"),
        (((HOUR, 0.002),), DAY, Verdict.INCONCLUSIVE, "may be burning"),
        # What its short window tells is no silence: a person is asked what nobody can know of the long one.
        (
            ((HOUR, 0.0143),),
            HOUR,
            Verdict.INCONCLUSIVE,
            "may be burning: samples cover 16.7 % of the last 6 hours",
        ),
        # What burns in however short a time is a failure, whether or not it could be covered.
        (((6 * 60, 1.0),), 20 * 60, Verdict.FAIL, "times as fast as it may"),
        (
            ((10 * 60, 0.9), (HOUR, 0.0)),
            20 * 60,
            Verdict.FAIL,
            "over the last 3 days and over the last 6 hours",
        ),
        (((10 * 60, 0.02), (HOUR, 0.0)), 20 * 60, Verdict.PASS, "nothing is known"),
        # A slow burn that no faster alert sees, over three days of users.
        (((THREE_DAYS, 0.0011),), THREE_DAYS, Verdict.FAIL, "beyond the limit of 1 time"),
        (((THREE_DAYS - 7 * HOUR, 0.0015), (7 * HOUR, 0.0)), THREE_DAYS, Verdict.PASS, "within"),
    ],
)
def test_an_alert_that_cannot_be_covered_blocks_nothing_and_may_still_burn(
    stretches: tuple[tuple[float, float], ...], watched_seconds: float, verdict: Verdict, words: str
) -> None:
    found = watched(stretches, watched_seconds)
    assert found[0] is verdict, found
    assert words in found[1]


def test_nothing_but_alerts_that_cannot_be_covered_is_no_evidence() -> None:
    rule = msgspec.structs.replace(OBJECTIVE, burns=BURNS[2:])
    verdict, because = watched(((HOUR, 0.0),), HOUR, rule=rule)
    assert verdict is Verdict.NO_DATA
    assert "samples cover 1.39 % of the last 3 days" in because
    assert watched(((HOUR, 1.0),), HOUR, rule=rule)[0] is Verdict.FAIL


@pytest.mark.parametrize("longer", [None, Kept(NOW)])
def test_counts_that_were_not_kept_are_silence(longer: Kept | None) -> None:
    found = burn(OBJECTIVE, series((HOUR, 0.0)), NOW, Watch(HOUR, DAY, longer))
    assert found.verdict is Verdict.NO_DATA
    assert "there are no samples in the last 3 days" in found.because


def test_what_is_no_share_is_counted_once_though_two_windows_have_it() -> None:
    assert watched(((HOUR, 5.0),), DAY)[1].startswith("60 samples are no shares between 0 and 1; ")
    one = burn(OBJECTIVE, series((60, 5.0)), NOW)
    assert one.because.startswith("1 sample is no share between 0 and 1; there are no samples in")


def test_an_alert_within_the_gates_window_is_never_left_out() -> None:
    burns = tuple(Burn(rate=14.4, long_seconds=HOUR, short_seconds=short) for short in (600, 60))
    rule = msgspec.structs.replace(OBJECTIVE, burns=burns)
    verdict, because = watched(((120, 0.0),), 120, rule=rule)
    assert verdict is Verdict.NO_DATA
    assert "samples cover 20 % of the last 10 minutes" in because


def test_few_requests_are_no_proof_over_days_either() -> None:
    one = msgspec.structs.replace(
        OBJECTIVE, burns=(Burn(rate=1, long_seconds=THREE_DAYS, short_seconds=DAY),)
    )
    assert watched(((THREE_DAYS, 0.0),), THREE_DAYS, rule=one, requests=0.1)[0] is Verdict.NO_DATA


def test_thousands_of_samples_are_shown_by_the_hour() -> None:
    samples = series((HOUR, 0.5), (HOUR, 0.0), requests=100.0)
    assert hourly(samples) == (
        Sample(at=NOW - timedelta(hours=2), value=0.5, requests=6_000.0),
        Sample(at=NOW - timedelta(hours=1), value=0.0, requests=6_000.0),
    )
    assert hourly(series((HOUR, 0.5), requests=None)) == (Sample(at=NOW - timedelta(hours=1), value=0.5),)
    assert hourly(series((HOUR, float("nan")))) == ()


@pytest.mark.parametrize(("objective", "seconds"), [(0.99, 518.4), (0.999, 51.84), (0.9999, 5.184)])
def test_failing_everything_is_noticed_in_the_workbooks_detection_time(
    objective: float, seconds: float
) -> None:
    rule = Objective(objective=objective)
    assert noticed_seconds(rule, HOUR) == pytest.approx(seconds)
    minutes = 60 * (int(seconds // 60) + 1)
    verdict, _ = watched(((HOUR - minutes, 0.0), (minutes, 1.0)), HOUR, rule=rule)
    assert verdict is Verdict.FAIL


@pytest.mark.parametrize(("objective", "window"), [(0.999, 300), (0.9, HOUR)])
def test_what_no_alert_of_the_gate_can_notice_takes_its_window(objective: float, window: int) -> None:
    rule = Objective(objective=objective, burns=BURNS[:1])
    assert noticed_seconds(rule, window) == window


def test_a_value_that_came_with_an_error_is_kept_as_nothing() -> None:
    odd = [
        Sample(at=NOW - timedelta(minutes=n), value=0.0, requests=10.0, error="away") for n in range(1, 60)
    ]
    (found,) = kept(odd, (HOUR,), None, NOW).spans
    assert (found.total, found.covered, found.well) == (0.0, 0.0, 0.0)


TENTH = Objective(objective=0.9, burns=(Burn(rate=5, long_seconds=600, short_seconds=600),))


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ([(0.0, 0.1)] * 10, Verdict.NO_DATA),  # so few that one bad request would be too many
        ([(0.0, 1.0)] * 9 + [(1.0, 10_000.0)], Verdict.FAIL),
        ([(0.0, 10_000.0)] * 10, Verdict.PASS),
    ],
)
def test_a_sample_that_does_not_know_its_requests_hides_nothing_of_those_that_do(
    told: list[tuple[float, float]], verdict: Verdict
) -> None:
    known = [
        Sample(at=NOW - timedelta(minutes=10 - n), value=share, requests=requests)
        for n, (share, requests) in enumerate(told)
    ]
    for stream in (known, [*known, Sample(at=known[-1].at, value=0.0)]):
        assert burn(TENTH, stream, NOW).verdict is verdict
        longer = Watch(60, DAY, kept(stream, (600,), None, NOW))
        assert burn(TENTH, (), NOW, longer).verdict is verdict


def test_bad_samples_that_do_not_know_their_requests_burn_beside_good_ones_that_do() -> None:
    bad = [Sample(at=NOW - timedelta(minutes=n), value=1.0) for n in range(10, 0, -1)]
    good = Sample(at=bad[-1].at, value=0.0, requests=10_000.0)
    assert burn(TENTH, [*bad, good], NOW).verdict is Verdict.FAIL


Row = tuple[int, float | None, float | None]
rows = st.tuples(
    st.integers(0, 12),
    st.sampled_from([0.0, 0.5, 1.0, None, -1.0]),
    st.sampled_from([None, 0.0, 1.0, 1_000.0]),
)
bad_rows = st.tuples(
    st.integers(0, 12), st.sampled_from([1.0, None, -1.0]), st.sampled_from([None, 0.0, 1.0, 1_000.0])
)


def minutely(found: Iterable[Row]) -> list[Sample]:
    """Samples of the last twelve minutes: the minute, the share, and the number of requests."""
    ordered = sorted(found, key=lambda row: row[0])
    return [Sample(at=NOW - timedelta(minutes=12 - n), value=share, requests=of) for n, share, of in ordered]


def well(*found: Row) -> float:
    """The part of the last ten minutes that has good events."""
    return Events(minutely(found), NOW).well(600)


@given(st.lists(rows, max_size=14), bad_rows, st.sampled_from([120, 300, 600]))
def test_no_bad_sample_makes_more_of_the_good_ones(found: list[Row], bad: Row, seconds: int) -> None:
    before, after = (Events(minutely(each), NOW) for each in (found, [*found, bad]))
    if before.counted == after.counted:
        assert after.well(seconds) <= before.well(seconds)


@pytest.mark.parametrize("bad", [(4, 1.0, 0.0), (5, None, None), (0, 1.0, 1.0), (12, -1.0, None)])
def test_few_good_samples_cover_as_little_beside_a_bad_one(bad: Row) -> None:
    few: list[Row] = [(2, 0.0, 1.0), (3, 0.0, 1_000.0), (10, 0.0, 0.0), (11, 0.1, 1.0)]
    assert well(*few) == pytest.approx(0.3)
    assert well(*few, bad) <= well(*few)


def test_good_samples_cover_what_samples_are_usually_apart() -> None:
    every_minute: list[Row] = [(n, 0.0, None) for n in range(2, 12)]
    assert well(*every_minute) == 1.0
    assert well(*every_minute[::2]) == 1.0, "a source that tells every two minutes"
    assert well(*((n, n % 2 * 1.0, None) for n in range(2, 12))) == 0.5
    assert well(*every_minute[:4]) == pytest.approx(0.4)
    assert well(*every_minute[:1]) == 0.0, "nobody knows how far apart they are"
