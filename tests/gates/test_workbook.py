"""The numbers of Google's SRE workbook, through the gate that a fleet file declares.

Sources: "Alerting on SLOs" (sre.google/workbook/alerting-on-slos: tables 5-3 to 5-8, figures 5-3 and 5-6,
"Low-Traffic Services and Error Budget Alerting", "Extreme Availability Goals") and "Canarying Releases"
(sre.google/workbook/canarying-releases: "Minimizing Risk to SLOs and the Error Budget", "Choosing a Canary
Population and Duration", "Dependencies and Isolation", "Requirements on Monitoring Data").
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Invalid
from shared.gate_rules import BURNS, Burn, Objective
from shared.gates.budget import Budget, budget, exposure_max
from shared.gates.burning import burn
from shared.gates.recorded import Beneath, Recorded, recorded
from shared.model import Sample, Verdict
from tests.gates.peers import FAIL, INCONCLUSIVE, NO_DATA, PASS, START, declared

# Its rows of the table in docs/gates.md; each has a test here.
DIFFERENCES = (
    "an alert is silent without data",
    "one failed request of a few pages, if the share is large enough",
    "an alert may be declared that no outage could fire",
    "the alert over three days is always looked at",
    "the alert over three days is a ticket, and wakes nobody",
    "a window that is seen in part is judged by what is there",
    "rates follow the period: 13.44 where that is 28 days",
)
MONTH, DAY, HOUR = 2_592_000, 86_400, 3_600
OBJECTIVE = Objective(objective=0.999)
FIRST = {"rate": 14.4, "long": "1h", "short": "5m"}
SECOND = {"rate": 6, "long": "6h", "short": "30m"}
TICKET = {"rate": 3, "long": "1d", "short": "2h"}
STEEP = {"rate": 36, "long": "1h", "short": "5m"}
ONE_HOUR = {"slo": {"objective": "99.9%", "burns": [FIRST]}, "window": "1h"}


def minutes(*stretches: tuple[int, float], requests: float = 10_000.0) -> list[Sample]:
    """A sample a minute, stamped with its end, from stretches of (minutes, share of bad), oldest first."""
    shares = [share for length, share in stretches for _ in range(length)]
    return [
        Sample(at=START + timedelta(minutes=n), value=share, requests=requests)
        for n, share in enumerate(shares, 1)
    ]


def judged(samples: Sequence[Sample], **rules: Any) -> Recorded:
    return recorded(declared(**(rules or ONE_HOUR)).gates[0], samples)


def test_an_alert_fails_whether_a_person_would_have_had_a_ticket_or_a_page() -> None:
    month = declared(slo={"objective": "99.9%"}, window="1d").gates[0]
    assert recorded(month, minutes((3 * 24 * 60, 0.0012))).verdict is FAIL
    pages = {"objective": "99.9%", "burns": [FIRST, SECOND]}
    assert recorded(declared(slo=pages, window="1d").gates[0], minutes((3 * 24 * 60, 0.0012))).verdict is PASS


def test_what_burns_by_an_hour_of_six_is_not_known_to() -> None:
    """In Prometheus `rate(…[6h])` of a service that is an hour old is that of the hour."""
    six = {"slo": {"objective": "99.9%", "burns": [SECOND]}, "window": "6h"}
    assert judged(minutes((60, 0.01)), **six).verdict is INCONCLUSIVE
    assert judged(minutes((60, 0.05)), **six).verdict is FAIL, "no rest could save it"


def test_a_rate_means_the_same_speed_whatever_the_period_is() -> None:
    """As in Sloth's `TestGenerate…`, 2 % of the budget of 28 days in an hour are 13.44 times the speed."""
    four_weeks = declared(slo={"objective": "99.9%", "period": "28d"}, window="1d").gates[0]
    assert four_weeks.slo is not None
    assert four_weeks.slo.burns == BURNS


@pytest.mark.parametrize(
    ("rate", "share", "exhausted_seconds"),
    [(1, 0.001, 30 * DAY), (2, 0.002, 15 * DAY), (10, 0.01, 3 * DAY), (1000, 1.0, 43.2 * 60)],
)
def test_a_burn_rate_exhausts_the_budget_in_the_time_of_table_5_4(
    rate: float, share: float, exhausted_seconds: float
) -> None:
    found = burn(OBJECTIVE, minutes((60, share)), START + timedelta(hours=1))
    assert found.rate == pytest.approx(rate)
    assert exhausted_seconds == pytest.approx(MONTH / rate)
    left = exposure_max(OBJECTIVE, Budget(0.0, 1.0, 1.0, ""), 1.0)
    assert left.full_seconds == pytest.approx(exhausted_seconds * share)


@pytest.mark.parametrize(("place", "consumed"), [(0, 0.02), (1, 0.05), (2, 0.1)])
def test_an_alert_fires_when_the_share_of_table_5_8_is_consumed(place: int, consumed: float) -> None:
    alert = BURNS[place]
    assert alert.rate * alert.long_seconds / MONTH == pytest.approx(consumed)
    # A good guideline: the short window is a twelfth of the long one.
    assert alert.short_seconds * 12 == alert.long_seconds


@pytest.mark.parametrize(("share", "seconds"), [(1.0, 51.84), (0.15, 345.6), (0.0288, 1800.0), (0.01, None)])
def test_an_alert_is_as_late_as_the_workbooks_formula_says(share: float, seconds: float | None) -> None:
    # (1 - objective) / error ratio * window * burn rate, for 14.4 in an hour; below 1.44 % it never fires.
    fired = next(
        (n for n in range(1, 61) if judged(minutes((60 - n, 0.0), (n, share))).verdict is FAIL), None
    )
    if seconds is None:
        assert fired is None
    else:
        assert fired is not None
        assert (fired - 1) * 60 <= seconds < fired * 60 + 60
        assert seconds == pytest.approx(0.001 / share * HOUR * 14.4)


@pytest.mark.parametrize(
    ("alert", "window", "share", "seconds"),
    [
        (SECOND, "6h", 1.0, 129.6),
        (SECOND, "6h", 0.05, 2_592.0),
        (TICKET, "1d", 1.0, 259.2),
        (STEEP, "1h", 1.0, 129.6),
    ],
)
def test_every_alert_is_as_late_as_the_formula_says(
    alert: dict[str, Any], window: str, share: float, seconds: float
) -> None:
    # Table 5-6 and the ticket over a day of the text; 36 times in an hour is table 5-5's.
    rules: dict[str, Any] = {"slo": {"objective": "99.9%", "burns": [alert]}, "window": window}
    long_seconds = {"1h": HOUR, "6h": 6 * HOUR, "1d": DAY}[window]
    assert seconds == pytest.approx(0.001 / share * long_seconds * alert["rate"])
    last = int(seconds // 60)
    calm = long_seconds // 60 - last - 1
    assert judged(minutes((calm + 1, 0.0), (last, share)), **rules).verdict is PASS
    assert judged(minutes((calm, 0.0), (last + 1, share)), **rules).verdict is FAIL


def test_a_share_at_the_alerts_limit_burns_nothing() -> None:
    # The workbook's rules are written with ">": 1.44 % for 14.4 times, and not a bit more.
    assert judged(minutes((60, 0.0144))).verdict is PASS
    assert judged(minutes((60, 0.01441))).verdict is FAIL


def test_spikes_that_a_duration_never_sees_burn_the_budget() -> None:
    # Table 5-3 and figure 5-3: five minutes of an outage are almost 12 % of a month, and their end begins a
    # duration anew.
    spike = exposure_max(OBJECTIVE, Budget(0.0, 1.0, 1.0, ""), 300.0).full_seconds
    assert 300 / spike == pytest.approx(0.116, abs=0.001)
    spikes = minutes(*((10, 0.0), (5, 1.0)) * 4)
    assert judged(spikes).verdict is FAIL
    assert judged(spikes[:-1]).verdict is FAIL


def test_fifteen_percent_for_ten_minutes_fire_after_five_and_reset_five_after_the_end() -> None:
    # Figure 5-6. The short window is over the limit at once, the long one after 5.76 minutes.
    def at(minute: int) -> Verdict | None:
        known = minutes((60, 0.0), (10, 0.15), (60, 0.0))
        return judged(known[: 60 + minute]).verdict

    assert [at(minute) for minute in (1, 5, 6, 10)] == [PASS, PASS, FAIL, FAIL]
    # An hour-long window alone would go on for an hour; with the short one it is over within five minutes.
    assert [at(minute) for minute in (11, 14, 15, 16, 40)] == [FAIL, FAIL, PASS, PASS, PASS]


def test_a_rate_below_one_alert_is_caught_by_the_next() -> None:
    # Table 5-5: an alert of 36 alone never fires at 35, which spends all of it in 20.5 hours.
    alone = {"objective": "99.9%", "burns": [STEEP]}
    thirty_five = minutes((360, 0.035))
    assert pytest.approx(20.57, abs=0.01) == MONTH / 35 / HOUR
    assert judged(thirty_five, slo=alone, window="1h").verdict is PASS
    assert judged(thirty_five, slo={"objective": "99.9%"}, window="6h").verdict is FAIL


def test_six_hours_at_six_times_fire_where_the_hour_is_calm() -> None:
    slow = minutes((360, 0.0061))
    assert judged(slow).verdict is PASS
    found = judged(slow, slo={"objective": "99.9%"}, window="6h")
    assert found.verdict is FAIL
    assert "over the last 6 hours and over the last 30 minutes" in found.because
    # It has stopped half an hour ago: the pages are over, and the ticket of three days is not.
    over, pages = minutes((330, 0.02), (30, 0.0)), {"objective": "99.9%", "burns": [FIRST, SECOND]}
    assert judged(over, slo=pages, window="6h").verdict is PASS
    assert judged(over, slo={"objective": "99.9%"}, window="6h").verdict is FAIL


def test_one_failed_request_of_ten_an_hour_is_no_alert_and_no_pass() -> None:
    # The workbook's low-traffic service: one of ten spends 13.9 % of the month, and would page at once.
    hour = [Sample(at=START + timedelta(minutes=6 * n), value=0.0, requests=1.0) for n in range(1, 11)]
    bad = [*hour[:-1], Sample(at=hour[-1].at, value=1.0, requests=1.0)]
    assert pytest.approx(0.139, abs=0.001) == 1 / (10 * MONTH / HOUR * 0.001)
    assert judged(hour).verdict is NO_DATA
    assert judged(bad).verdict is NO_DATA
    # Two of them may be more than an ephemeral and uninteresting reason: that is for a person.
    two = [*bad[:-2], Sample(at=bad[-2].at, value=1.0, requests=1.0), bad[-1]]
    assert judged(two).verdict is INCONCLUSIVE


def test_an_objective_that_no_outage_could_burn_is_refused() -> None:
    # "Extreme Availability Goals": at 90 % a full outage spends 1.4 % in an hour, so that 2 % never fires.
    assert pytest.approx(0.014, abs=0.001) == HOUR / (MONTH * 0.1)
    with pytest.raises(Invalid, match="burns of rates below 10"):
        declared(slo={"objective": "90%"}, window="1h")


def test_an_objective_of_five_nines_has_26_seconds_and_more_for_fewer_users() -> None:
    # "Extreme Availability Goals": 1 % of the users have 43 minutes.
    strict = Objective(objective=0.99999)
    whole = Budget(0.0, 1.0, 1.0, "")
    assert exposure_max(strict, whole, 60.0).full_seconds == pytest.approx(25.92)
    assert exposure_max(strict, whole, 43.2 * 60).share_max == pytest.approx(0.01)


def test_a_full_outage_is_found_before_the_budget_of_an_hour_is_gone() -> None:
    assert judged(minutes((60, 0.0), (1, 1.0))).verdict is FAIL
    # Also of a candidate that has no hour behind it.
    assert judged(minutes((3, 1.0))).verdict is FAIL
    assert judged(minutes((3, 0.0))).verdict is NO_DATA
    assert judged(minutes((3, 0.02))).verdict is INCONCLUSIVE


def test_a_calm_hour_passes_where_three_days_cannot_be_watched() -> None:
    found = judged(minutes((60, 0.0)), slo={"objective": "99.9%"}, window="1h")
    assert found.verdict is PASS
    assert "of 3 days nothing is known" in found.because


def test_five_percent_of_the_users_spend_a_twentieth_of_the_budget() -> None:
    # "Canarying Releases": a canary's errors count by its share of the population, 20 % of 5 % are 1 %.
    whole = budget(OBJECTIVE, minutes((60, 0.20 * 0.05)), START + timedelta(hours=1))
    assert whole is not None
    assert whole.spent == pytest.approx(10.0)
    full = exposure_max(OBJECTIVE, Budget(0.0, 1.0, 1.0, ""), 0.05 * MONTH)
    assert full.share_max * 0.05 * MONTH == pytest.approx(full.full_seconds)


def test_a_canary_of_twenty_percent_errors_is_bad_beside_its_control() -> None:
    # "Requirements on Monitoring Data": told apart by version it is plain, over both it is one percent.
    control, canary = minutes((60, 0.0005)), minutes((60, 0.20))
    rules: list[dict[str, Any]] = [{"max_over_live": 2.0}, {"compare": {}}]
    for rule in rules:
        gate = declared(**rule, window="1h").gates[0]
        assert recorded(gate, canary, beneath=Beneath(live=tuple(control))).verdict is FAIL
        assert recorded(gate, control, beneath=Beneath(live=tuple(control))).verdict is PASS
    assert judged(minutes((60, 0.20 * 0.05))).verdict is PASS


def test_a_control_that_goes_bad_in_tandem_hides_nothing_from_an_absolute_limit() -> None:
    # "Dependencies and Isolation": an A/B comparison sees no difference, so a defined SLO stands beside it.
    both = minutes((60, 0.20))
    gate = declared(compare={}, window="1h").gates[0]
    assert recorded(gate, both, beneath=Beneath(live=tuple(both))).verdict is PASS
    assert judged(both).verdict is FAIL
    assert judged(both, max=0.05, window="1h").verdict is FAIL


def test_a_handful_of_queries_is_no_signal() -> None:
    # "Choosing a Canary Population and Duration": traffic must be enough to be representative.
    few, rules = minutes((3, 0.0), requests=3.0), {"max": 0.05, "min_requests": 1_000}
    assert judged(few, **rules).verdict is NO_DATA
    assert judged(minutes((3, 0.0), requests=400.0), **rules).verdict is PASS


def test_minutes_in_which_nothing_went_well_do_not_cover_the_rest_of_the_hour() -> None:
    good = [Sample(at=START + timedelta(minutes=m), value=0.0, requests=10_000.0) for m in (58, 59, 60)]
    bad = [Sample(at=START + timedelta(minutes=m), value=1.0, requests=1.0) for m in (0, 20, 40)]
    fast = Objective(objective=0.999, burns=(Burn(rate=14.4, long_seconds=3_600, short_seconds=180),))
    until = START + timedelta(minutes=60)
    assert burn(fast, good, until).verdict is PASS, "the short window is covered, and calm"
    hour = Objective(objective=0.999, burns=(Burn(rate=14.4, long_seconds=3_600, short_seconds=3_000),))
    assert burn(hour, good, until).verdict is NO_DATA
    assert burn(hour, [*bad, *good], until).verdict is NO_DATA


def test_a_bad_request_more_does_not_make_few_requests_enough() -> None:
    quiet = minutes((60, 0.0), requests=69 / 60)
    assert judged(quiet).verdict is NO_DATA
    assert judged([*quiet, Sample(at=quiet[-1].at, value=1.0, requests=1.0)]).verdict is NO_DATA
