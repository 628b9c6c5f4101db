"""How long the bins of a log query are, and which of them a window holds whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.bins import bin_length, whole
from shared.model import Sample

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BY = "T | summarize value = count() by "


@pytest.mark.parametrize(
    ("literal", "seconds"),
    [
        ("1m", 60),
        ("5m", 300),
        ("5min", 300),
        ("1minute", 60),
        ("5minutes", 300),
        ("30s", 30),
        ("45sec", 45),
        ("1second", 1),
        ("90seconds", 90),
        ("1.5h", 5400),
        ("1hour", 3600),
        ("2hours", 7200),
        ("1hr", 3600),
        ("2hrs", 7200),
        ("0.5d", 43_200),
        ("1day", 86_400),
        ("2days", 172_800),
        ("500ms", 0.5),
        ("300000milliseconds", 300),
        ("time(5m)", 300),
        ("timespan( 15 seconds )", 15),
        ("time(2)", 172_800),
        ("timespan(00:05:00)", 300),
        ("time(0.12:34:56.7)", 45_296.7),
        ("time(1.00:00)", 86_400),
    ],
)
def test_a_length_is_one_of_kustos_literals(literal: str, seconds: float) -> None:
    length = timedelta(seconds=seconds)
    assert bin_length(f"{BY}bin(TimeGenerated, {literal})") == length
    assert bin_length(f"T | make-series value = count() on TimeGenerated step {literal}") == length
    assert bin_length(f"let each = {literal};\n{BY}bin(TimeGenerated, each)") == length


@pytest.mark.parametrize(
    "kql",
    [
        "T | summarize value = count() by TimeGenerated = bin(timestamp, 5m)",
        f"{BY}bin( TimeGenerated ,5m )",
        f"{BY}bin (TimeGenerated, 5m)",
        f"{BY}bin(\n  TimeGenerated,\n  5m)",
        f"{BY}floor(TimeGenerated, 5m)",
        f"{BY}bin_at(TimeGenerated, 5m, datetime(2026-01-01))",
        "T | extend Slice = bin(TimeGenerated, 5m) | summarize value = max(v) by TimeGenerated = Slice",
        "T | make-series value = avg(v) default = 0 on timestamp from ago(1h) to now() step 5m by Name",
        "T | make-series value = avg(v) on TimeGenerated to toscalar(T | summarize max(v)) step 5m",
        f"{BY}bin(TimeGenerated, 5m) | summarize value = max(value) by bin(TimeGenerated, 1m)",
        f"{BY}bin(TimeGenerated, 1m) // bin(TimeGenerated, 1h)\n| summarize by bin(TimeGenerated, 5m)",
        f"T | where u == 'https://x' | where v == \"it's\" {BY[2:]}bin(TimeGenerated, 5m)",
        f"T | where path startswith @'C:\\' {BY[2:]}bin(TimeGenerated, 5m)",
    ],
)
def test_the_longest_bin_of_time_is_found_however_it_is_written(kql: str) -> None:
    assert bin_length(kql) == 5 * MINUTE


@pytest.mark.parametrize(
    "kql",
    [
        "",
        "T | project TimeGenerated, value",
        "T | where TimeGenerated > ago(5m)",
        f"{BY}bin(Duration, 5m)",
        f"{BY}my_bin(TimeGenerated, 5m)",
        f"{BY}bin(TimeGenerated, grain)",
        f"{BY}bin(TimeGenerated, 5)",
        f"{BY}bin(TimeGenerated, 0m)",
        f"{BY}bin(TimeGenerated, 2 * 5m)",
        f"{BY}bin(TimeGenerated, 5mins)",
        f"{BY}bin(TimeGenerated, 99999999999999999999d)",
        f"{BY}bin(TimeGenerated, timespan(null))",
        "T | make-series value = avg(v) on Duration step 5m",
        "T | project TimeGenerated, value // by bin(TimeGenerated, 5m)",
        "T | where text == 'by bin(TimeGenerated, 5m)' | project TimeGenerated, value",
        'T | where text == "a \\" bin(TimeGenerated, 5m)" | project TimeGenerated, value',
        "T | where text == @'a '' bin(TimeGenerated, 5m)' | project TimeGenerated, value",
        "T | where text == ```a ' \n bin(TimeGenerated, 5m)``` | project TimeGenerated, value",
    ],
)
def test_what_is_no_bin_of_time_or_of_no_known_length_is_none(kql: str) -> None:
    assert bin_length(kql) is None


def kept(length: timedelta | None, *times: datetime, span: tuple[int, int] = (-10, 0)) -> list[datetime]:
    """The times of the samples that are left of these, in a window of minutes around noon."""
    samples = [Sample(at=at, value=1.0) for at in times]
    since, until = (NOON + minutes * MINUTE for minutes in span)
    return [each.at for each in whole(samples, length, since, until)]


def test_a_bin_is_left_out_where_it_begins_before_the_window_or_ends_after_it() -> None:
    bins = [NOON + minutes * MINUTE for minutes in (-15, -10, -5, 0)]
    assert kept(5 * MINUTE, *bins, span=(-13, -2)) == bins[1:2]
    assert kept(5 * MINUTE, *bins, span=(-15, 0)) == bins[:3]
    assert kept(5 * MINUTE, *bins, span=(-14, 4)) == bins[1:3]


def test_bins_that_divide_a_minute_are_whole_in_whole_minutes() -> None:
    for seconds in (1, 15, 30, 60):
        bins = [NOON - timedelta(seconds=back) for back in range(600, 0, -seconds)]
        assert kept(timedelta(seconds=seconds), *bins) == bins


def test_a_bin_that_does_not_divide_the_minute_is_cut_like_a_longer_one() -> None:
    """A bin of 45 s ends with a minute only every third one."""
    bins = [NOON + timedelta(seconds=seconds) for seconds in (-45, 0, 45, 90, 135)]
    assert kept(timedelta(seconds=45), *bins, span=(0, 2)) == bins[1:3]
    assert kept(timedelta(seconds=45), *bins, span=(0, 3)) == bins[1:]


def test_a_time_at_which_no_bin_begins_is_not_that_of_one() -> None:
    newest = [NOON - MINUTE + timedelta(microseconds=1), NOON - timedelta(seconds=1)]
    assert kept(5 * MINUTE, *newest) == newest


def test_without_bins_every_sample_stays() -> None:
    assert kept(None, NOON - 20 * MINUTE, NOON) == [NOON - 20 * MINUTE, NOON]


def test_days_and_weeks_begin_where_kustos_do() -> None:
    """With midnight in UTC, wherever the time was written, and weeks with the first of January of year 1."""
    midnight = NOON.replace(hour=0)
    elsewhere = midnight.astimezone(timezone(timedelta(hours=2)))
    assert kept(timedelta(days=1), elsewhere) == []
    assert kept(timedelta(days=1), elsewhere, span=(-720, 720)) == [midnight]
    monday = midnight - timedelta(days=midnight.weekday())
    assert kept(timedelta(days=7), monday, monday + timedelta(days=1)) == [monday + timedelta(days=1)]
