"""How an answer of Azure Monitor becomes samples."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from shared.azure.metrics import Query, samples_of
from shared.azure.window import Window
from shared.model import Sample

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CLUSTER = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-Blue"


def answered(*series: list[tuple[int, float | None]], aggregation: str) -> Any:
    """A result of one metric: each series as minutes after noon and values."""
    data = [
        SimpleNamespace(
            data=[
                SimpleNamespace(timestamp=NOON + at * MINUTE, **{aggregation.lower(): value})
                for at, value in each
            ]
        )
        for each in series
    ]
    metric = SimpleNamespace(id=f"{CLUSTER}/providers/Microsoft.Insights/metrics/m", timeseries=data)
    return SimpleNamespace(metrics=[metric])


def samples(*series: list[tuple[int, float | None]], aggregation: str = "Total") -> tuple[Sample, ...]:
    """The samples of the cluster between 12:00 and 12:03."""
    query = Query("n", "m", aggregation, "", Window(NOON, NOON + 3 * MINUTE))
    return samples_of(answered(*series, aggregation=aggregation), query)[CLUSTER.lower()]


def test_a_minute_without_data_is_a_sample_without_a_value() -> None:
    assert samples([(0, 1.0), (1, None), (2, 0.0)]) == (
        Sample(at=NOON, value=1.0),
        Sample(at=NOON + MINUTE, value=None),
        Sample(at=NOON + 2 * MINUTE, value=0.0),
    )


def test_a_minute_outside_of_the_window_is_no_evidence() -> None:
    assert [each.at for each in samples([(-1, 1.0), (0, 1.0), (2, 1.0), (3, 1.0)])] == [
        NOON,
        NOON + 2 * MINUTE,
    ]


@pytest.mark.parametrize(
    ("aggregation", "value"), [("Total", 8), ("Count", 8), ("Average", 4), ("Maximum", 6), ("Minimum", 2)]
)
def test_series_that_a_filter_splits_are_one_sample_a_minute(aggregation: str, value: float) -> None:
    assert samples([(0, 2.0)], [(0, 6.0)], [(0, None)], aggregation=aggregation) == (
        Sample(at=NOON, value=value),
    )


def test_a_resource_without_series_has_no_samples() -> None:
    assert samples() == ()
