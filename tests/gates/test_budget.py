"""How fast an error budget burns, what is left of it, and what a switch may put at risk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.gate_rules import BURNS, Burn, Objective
from shared.gates.budget import Budget, budget, exposure_max
from shared.gates.burning import burn
from shared.model import Sample, Verdict

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
OBJECTIVE = Objective(objective=0.999)
HOUR, DAY = 3_600, 86_400
FAST = msgspec.structs.replace(OBJECTIVE, burns=BURNS[:1])
NAN, INF = float("nan"), float("inf")

values = st.one_of(
    st.sampled_from([None, NAN, INF, -1.0, 2.0, 0.0, 1.0]), st.floats(min_value=0, max_value=1)
)
counts = st.one_of(st.sampled_from([None, -1.0, NAN, INF, 0.0, 1.0]), st.floats(min_value=0, max_value=1e6))
samples_of = st.lists(
    st.builds(
        lambda minute, value, requests: Sample(
            at=NOW + timedelta(minutes=minute), value=value, requests=requests
        ),
        st.integers(min_value=-400, max_value=30),
        values,
        counts,
    ),
    max_size=60,
)


def series(
    *stretches: tuple[float, float], step: int = 60, requests: float | None = 10_000.0
) -> tuple[Sample, ...]:
    """Samples up to now, from stretches of (seconds, share of bad), oldest stretch first."""
    shares = [share for seconds, share in stretches for _ in range(int(seconds / step))]
    first = NOW - timedelta(seconds=step * len(shares))
    return tuple(
        Sample(at=first + timedelta(seconds=step * n), value=share, requests=requests)
        for n, share in enumerate(shares)
    )


@pytest.mark.parametrize("share", [0.0005, 0.001, 0.00101, 0.0059, 0.0061, 0.0143, 0.0144, 0.0145, 1.0])
@pytest.mark.parametrize("alert", BURNS)
def test_an_alert_of_the_workbook_fires_strictly_above_its_burn_rate(alert: Burn, share: float) -> None:
    rule = msgspec.structs.replace(OBJECTIVE, burns=(alert,))
    found = burn(rule, series((alert.long_seconds, share)), NOW)
    assert found.verdict is (Verdict.FAIL if share > alert.rate * 0.001 + 1e-12 else Verdict.PASS)
    assert found.rate == pytest.approx(share / 0.001)
    assert found.limit == alert.rate


@pytest.mark.parametrize(
    ("stretches", "verdict"),
    [
        # The workbook's example: 15 % of errors for ten minutes fire, and stop five minutes after their end.
        (((50 * 60, 0.0), (10 * 60, 0.15)), Verdict.FAIL),
        (((45 * 60, 0.0), (10 * 60, 0.15), (5 * 60, 0.0)), Verdict.PASS),
        (((55 * 60, 0.0), (5 * 60, 0.15)), Verdict.PASS),
        (((59 * 60, 0.0), (60, 1.0)), Verdict.FAIL),
    ],
)
def test_both_windows_must_burn(stretches: tuple[tuple[float, float], ...], verdict: Verdict) -> None:
    assert burn(FAST, series(*stretches), NOW).verdict is verdict


@pytest.mark.parametrize(
    ("spent", "alert"), [(0.02, BURNS[0]), (0.05, BURNS[1]), (0.10, BURNS[2])], ids=["1h", "6h", "3d"]
)
def test_at_its_rate_an_alert_has_spent_the_budget_that_the_workbook_names(spent: float, alert: Burn) -> None:
    good = OBJECTIVE.period_seconds - alert.long_seconds
    found = budget(OBJECTIVE, series((good, 0.0), (alert.long_seconds, alert.rate * 0.001), step=600), NOW)
    assert found is not None
    assert found.spent == pytest.approx(spent)


def test_the_worst_alert_is_said_with_both_of_its_windows() -> None:
    found = burn(FAST, series((HOUR, 0.02)), NOW)
    assert found.because == (
        "the error budget burns 20 times as fast as it may over the last hour and over the last 5 minutes, "
        "beyond the limit of 14.4 times"
    )


def test_requests_weigh_where_they_are_known() -> None:
    quiet = tuple(msgspec.structs.replace(s, requests=1.0) for s in series((30 * 60, 1.0)))
    quiet = tuple(msgspec.structs.replace(s, at=s.at - timedelta(minutes=30)) for s in quiet)
    busy = series((30 * 60, 0.0))
    assert burn(FAST, (*quiet, *busy), NOW).rate == 0.0
    unknown = tuple(msgspec.structs.replace(s, requests=None) for s in (*quiet, *busy))
    assert budget(OBJECTIVE, (*quiet, *busy), NOW).spent == pytest.approx(30 / 300_030 / 0.001)  # type: ignore[union-attr]
    assert budget(OBJECTIVE, unknown, NOW).spent == pytest.approx(500)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("samples", "verdict", "words"),
    [
        (
            (),
            Verdict.NO_DATA,
            "there are no samples in the last hour; there are no samples in the last 5 min",
        ),
        (series((20 * 60, 0.0))[:15], Verdict.NO_DATA, "samples cover 25 % of the last hour"),
        (series((HOUR, 0.0), requests=0.0), Verdict.NO_DATA, "there are no requests in the last hour"),
        (series((HOUR, 0.0), requests=1.0), Verdict.NO_DATA, "60 requests in the last hour are too few"),
        (
            series((HOUR, 5.0)),
            Verdict.NO_DATA,
            "60 samples are no shares between 0 and 1; there are no samples",
        ),
        (series((HOUR, NAN)), Verdict.NO_DATA, "60 samples are no shares"),
        (series((HOUR, -0.1)), Verdict.NO_DATA, "60 samples are no shares"),
        (series((HOUR, 0.0), requests=-1.0), Verdict.NO_DATA, "60 samples are no shares"),
        (
            series((10 * 60, 0.03)),
            Verdict.INCONCLUSIVE,
            "may be burning: samples cover 16.7 % of the last hour",
        ),
        (series((10 * 60, 0.0)), Verdict.PASS, "within the limit of 14.4"),
        (series((60, 0.02)), Verdict.INCONCLUSIVE, "may be burning: samples cover 1.67 % of the last hour"),
        (series((10 * 60, 1.0)), Verdict.FAIL, "1000 times as fast"),
    ],
)
def test_a_window_without_enough_in_it_is_named(
    samples: tuple[Sample, ...], verdict: Verdict, words: str
) -> None:
    found = burn(FAST, samples, NOW)
    assert found.verdict is verdict
    assert words in found.because


def test_a_single_bad_request_among_few_does_not_burn_and_two_do() -> None:
    quiet = list(series((HOUR, 0.0), requests=1.0))
    for bad, verdict in ((1, Verdict.NO_DATA), (2, Verdict.FAIL)):
        quiet[-bad] = msgspec.structs.replace(quiet[-bad], value=1.0)
        assert burn(FAST, quiet, NOW).verdict is verdict


def test_an_alert_that_nothing_could_fire_is_no_evidence() -> None:
    rule = Objective(objective=0.9, burns=(Burn(rate=14.4, long_seconds=HOUR, short_seconds=300),))
    found = burn(rule, series((HOUR, 1.0)), NOW)
    assert found.verdict is Verdict.NO_DATA
    assert "nothing can burn it" in found.because


def test_an_objective_of_one_tolerates_no_bad_request() -> None:
    rule = Objective(objective=1.0, burns=BURNS[:1])
    assert burn(rule, series((HOUR, 0.0)), NOW).verdict is Verdict.PASS
    spoilt = (*series((HOUR, 0.0), requests=5.0)[:-1], Sample(at=NOW, value=0.2, requests=5.0))
    found = burn(rule, spoilt, NOW)
    assert (found.verdict, found.rate) == (Verdict.FAIL, None)
    assert "the objective tolerates none" in found.because
    left = budget(rule, series((HOUR, 0.0)), NOW)
    assert left is not None
    assert left.left == 0
    assert exposure_max(rule, left, 600).share_max == 0


@pytest.mark.parametrize("objective", [-0.1, 1.1, NAN])
def test_an_objective_that_is_no_share_is_refused(objective: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        burn(Objective(objective=objective), (), NOW)


def test_what_lies_in_the_future_is_left_out() -> None:
    ahead = tuple(Sample(at=NOW + timedelta(minutes=n), value=1.0, requests=1e6) for n in range(1, 60))
    assert burn(FAST, (*series((HOUR, 0.0)), *ahead), NOW) == burn(FAST, series((HOUR, 0.0)), NOW)
    assert burn(FAST, ahead, NOW).verdict is Verdict.NO_DATA


def test_stamps_may_be_beginnings_or_ends_of_buckets() -> None:
    begins = series((HOUR, 0.02), step=300)
    ends = tuple(msgspec.structs.replace(s, at=s.at + timedelta(seconds=300)) for s in begins)
    assert burn(FAST, begins, NOW) == burn(FAST, ends, NOW)
    assert burn(FAST, begins, NOW).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("share", "days", "spent", "covered"),
    [(0.0005, 30, 0.5, 1), (0.0, 30, 0, 1), (0.003, 30, 3, 1), (0.0005, 6, 0.5, 0.2)],
)
def test_a_budget_says_what_is_spent_and_how_much_of_the_period_was_seen(
    share: float, days: int, spent: float, covered: float
) -> None:
    found = budget(OBJECTIVE, series((days * DAY, share), step=HOUR), NOW)
    assert found is not None
    assert (found.spent, found.covered) == pytest.approx((spent, covered))
    assert found.left == pytest.approx(max(0, 1 - spent))
    assert ("as far as 20 % of that time can tell" in found.because) == (days == 6)


@pytest.mark.parametrize("samples", [(), series((DAY, 0.0), requests=0.0), series((DAY, NAN))])
def test_without_requests_nothing_is_known_of_the_budget_and_nobody_is_put_at_risk(
    samples: tuple[Sample, ...],
) -> None:
    assert budget(OBJECTIVE, samples, NOW) is None
    found = exposure_max(OBJECTIVE, None, 600)
    assert (found.share_max, found.full_seconds) == (0, 0)
    assert "nothing is known" in found.because


def left(part: float) -> Budget:
    return Budget(spent=1 - part, left=part, covered=1.0, because="")


@pytest.mark.parametrize(
    ("part", "detection", "share", "seconds"),
    [
        # 99.9 % over 30 days allow 43.2 minutes of complete failure (the SRE workbook, "Alerting on SLOs").
        (1.0, 43.2 * 60, 1.0, 43.2 * 60),
        (1.0, 86.4 * 60, 0.5, 43.2 * 60),
        (0.5, 43.2 * 60, 0.5, 21.6 * 60),
        (0.02, 600, 0.0864, 51.84),
        (0.0, 600, 0.0, 0.0),
    ],
)
def test_what_may_be_put_at_risk_is_what_is_left_until_users_are_back(
    part: float, detection: float, share: float, seconds: float
) -> None:
    found = exposure_max(OBJECTIVE, left(part), detection)
    assert (found.share_max, found.full_seconds) == pytest.approx((share, seconds))


@given(st.floats(min_value=0.001, max_value=1), st.floats(min_value=1, max_value=DAY))
def test_a_candidate_that_fails_everything_never_spends_more_than_what_is_left(
    part: float, detection: float
) -> None:
    exposed = exposure_max(OBJECTIVE, left(part), detection)
    spent = exposed.share_max * detection / (OBJECTIVE.period_seconds * 0.001)
    assert spent <= part * (1 + 1e-9)


@pytest.mark.parametrize("seconds", [0, -1, INF, NAN])
def test_a_detection_that_takes_no_time_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="positive number of seconds"):
        exposure_max(OBJECTIVE, left(1.0), seconds)


@settings(max_examples=200)
@given(samples_of)
def test_a_pass_has_good_samples_in_every_short_window(samples: list[Sample]) -> None:
    if burn(OBJECTIVE, samples, NOW).verdict is not Verdict.PASS:
        return
    for alert in BURNS:
        inside = [s for s in samples if NOW - timedelta(seconds=alert.long_seconds) <= s.at <= NOW]
        assert any(s.value is not None and 0 <= s.value <= alert.rate * 0.001 * 1.01 for s in inside)


@settings(max_examples=200)
@given(samples_of, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(samples: list[Sample], random: object) -> None:
    shuffled = samples.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert burn(OBJECTIVE, shuffled, NOW) == burn(OBJECTIVE, samples, NOW)
    assert budget(OBJECTIVE, shuffled, NOW) == budget(OBJECTIVE, samples, NOW)


@settings(max_examples=60)
@given(st.lists(st.floats(min_value=0, max_value=0.05), min_size=60, max_size=60), st.integers(0, 59))
def test_a_worse_sample_never_improves_a_verdict(shares: list[float], place: int) -> None:
    badness = {Verdict.PASS: 0, Verdict.NO_DATA: 1, Verdict.INCONCLUSIVE: 2, Verdict.FAIL: 3}
    before = [
        Sample(at=NOW - timedelta(minutes=60 - n), value=share, requests=500.0)
        for n, share in enumerate(shares)
    ]
    after = before.copy()
    after[place] = msgspec.structs.replace(before[place], value=1.0)
    more = [*before, msgspec.structs.replace(before[place], value=1.0)]
    verdicts = [burn(FAST, one, NOW).verdict for one in (before, after)]
    assert badness[verdicts[1]] >= badness[verdicts[0]]
    assert badness[burn(FAST, more, NOW).verdict] >= badness[verdicts[0]]


def test_more_errors_burn_faster() -> None:
    rates = [burn(FAST, series((HOUR, share)), NOW).rate for share in (0.0, 0.001, 0.01, 0.1, 1.0)]
    assert all(one is not None and other is not None and one < other for one, other in pairwise(rates))


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.integers(0, 3_700), st.sampled_from([0.0, 0.01, 0.02, 0.2, 1.0])), max_size=25),
    st.integers(0, 3_599),
)
def test_failing_once_more_at_any_time_never_takes_a_failure_back(
    rows: list[tuple[int, float]], age: int
) -> None:
    before = [Sample(at=NOW - timedelta(seconds=s), value=share, requests=900.0) for s, share in rows]
    after = [*before, Sample(at=NOW - timedelta(seconds=age), value=1.0, requests=900.0)]
    if burn(FAST, before, NOW).verdict is Verdict.FAIL:
        assert burn(FAST, after, NOW).verdict is Verdict.FAIL
