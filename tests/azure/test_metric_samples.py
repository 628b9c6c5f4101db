"""How an answer of Azure Monitor becomes samples."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from shared.azure.metric_answers import Batch, Part, Query, samples_of
from shared.azure.metrics import batches
from shared.azure.window import Window
from shared.errors import Retry
from shared.gateways import Split
from shared.model import Sample

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CLUSTER = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-Blue"
READY = "condition eq 'Ready' and status eq 'false' or status eq 'unknown'"


def result(*series: list[tuple[int, float | None]], aggregation: str = "Total") -> dict[str, Any]:
    """What is said of the cluster: each series as minutes after noon and values."""
    points = [
        [{"timeStamp": NOON + at * MINUTE, aggregation.lower(): value} for at, value in each]
        for each in series
    ]
    metric = {
        "id": f"{CLUSTER}/providers/Microsoft.Insights/metrics/m",
        "name": {"value": "m"},
        "timeseries": [{"data": each} for each in points],
        "errorCode": "Success",
    }
    return {"resourceid": CLUSTER, "interval": "PT1M", "value": [metric]}


def read(
    *results: dict[str, Any], aggregation: str = "Total", where: str = "", split: Split | None = None
) -> tuple[Sample, ...]:
    """The samples of the cluster, or of a part of what is said of it, between 12:00 and 12:03."""
    query = Query("n", "m", aggregation, where, Window(NOON, NOON + 3 * MINUTE))
    batch = msgspec.convert({"values": list(results)}, Batch)
    part = Part(CLUSTER, split)
    return samples_of(batch, query, [part])[part]


def test_a_minute_without_data_is_a_sample_without_a_value() -> None:
    assert read(result([(0, 1.0), (1, None), (2, 0.0)])) == (
        Sample(at=NOON, value=1.0),
        Sample(at=NOON + MINUTE, value=None),
        Sample(at=NOON + 2 * MINUTE, value=0.0),
    )


def shared(
    failed: list[tuple[int, float | None]], every: list[tuple[int, float | None]], *, turned: bool = False
) -> tuple[Sample, ...]:
    """The share that failed of every request, as Azure Monitor tells both in either order."""
    answered = result(failed)
    whole = result(every)["value"][0]
    answered["value"][0]["name"]["value"], whole["name"]["value"] = "Failed", "every"
    answered["value"] = [whole, *answered["value"]] if turned else [*answered["value"], whole]
    query = Query("n", "Failed,Every", "Total", "", Window(NOON, NOON + 3 * MINUTE), share=True)
    part = Part(CLUSTER)
    return samples_of(msgspec.convert({"values": [answered]}, Batch), query, [part])[part]


@pytest.mark.parametrize(
    ("failed", "every", "share", "requests"),
    [
        (1.0, 100.0, 0.01, 100.0),
        (0.0, 100.0, 0.0, 100.0),
        (None, 100.0, 0.0, 100.0),
        (100.0, 100.0, 1.0, 100.0),
        # What is said to count what succeeded alone: never less than it was, and never above 1.
        (60.0, 40.0, 1.0, 60.0),
        (5.0, None, 1.0, 5.0),
        (5.0, 0.0, 1.0, 5.0),
        (0.0, 0.0, None, None),
        (None, 0.0, None, None),
        (None, None, None, None),
        (0.0, None, None, None),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_share_is_of_the_requests_that_were_counted_and_of_nothing_it_is_none(
    failed: float | None, every: float | None, share: float | None, requests: float | None, turned: bool
) -> None:
    expected = (Sample(at=NOON, value=share, requests=requests),)
    assert shared([(0, failed)], [(0, every)], turned=turned) == expected


def test_a_minute_that_only_one_of_two_metrics_tells_counts_as_it_is() -> None:
    assert shared([(1, 1.0)], [(0, 10.0), (1, 10.0), (3, 10.0)]) == (
        Sample(at=NOON, value=0.0, requests=10.0),
        Sample(at=NOON + MINUTE, value=0.1, requests=10.0),
    )


def test_a_share_is_asked_for_and_told_by_both_its_metrics() -> None:
    query = Query("n", "Failed,Every", "Total", "", Window(NOON, NOON), share=True)
    assert (query.metrics, str(query)) == (["failed", "every"], "n Failed / Every Total PT1M")


@pytest.mark.parametrize(
    ("gates", "azures", "fits"),
    [
        ("ms", "MilliSeconds", True),
        (" ms", "MilliSeconds", True),
        ("%", "Percent", True),
        ("s", "MilliSeconds", False),
        ("ms", "Seconds", False),
        ("%", "Seconds", False),
        ("ms", "Percent", False),
        ("ms", "Unspecified", True),
        ("", "MilliSeconds", True),
        ("requests", "Count", True),
    ],
)
def test_a_number_in_another_unit_than_the_gates_limits_is_no_answer(
    gates: str, azures: str, fits: bool
) -> None:
    answered = result([(0, 500.0)])
    answered["value"][0]["unit"] = azures
    query = Query("n", "m", "Total", "", Window(NOON, NOON + MINUTE), unit=gates)
    batch = msgspec.convert({"values": [answered]}, Batch)
    if fits:
        assert samples_of(batch, query, [Part(CLUSTER)])[Part(CLUSTER)] == (Sample(at=NOON, value=500.0),)
        return
    with pytest.raises(Retry, match=f"m is measured in {azures}, and the gate's limits are in {gates}"):
        samples_of(batch, query, [Part(CLUSTER)])


def test_a_minute_outside_of_the_window_is_no_evidence() -> None:
    assert [each.at for each in read(result([(-1, 1.0), (0, 1.0), (2, 1.0), (3, 1.0)]))] == [
        NOON,
        NOON + 2 * MINUTE,
    ]


@pytest.mark.parametrize(
    ("aggregation", "value"), [("Total", 8), ("Count", 8), ("Average", 4), ("Maximum", 6), ("Minimum", 2)]
)
def test_series_that_a_filter_splits_are_one_sample_a_minute(aggregation: str, value: float) -> None:
    answered = result([(0, 2.0)], [(0, 6.0)], [(0, None)], aggregation=aggregation)
    assert read(answered, aggregation=aggregation) == (Sample(at=NOON, value=value),)


def test_a_resource_without_series_has_no_samples() -> None:
    assert read(result()) == ()


def about(dimension: str, value: str) -> dict[str, Any]:
    """The cluster's series of one value of a dimension."""
    answered = result([(0, 1.0)])
    answered["value"][0]["timeseries"][0]["metadatavalues"] = [{"name": {"value": dimension}, "value": value}]
    return answered


@pytest.mark.parametrize(
    ("dimension", "value"), [("condition", "ready"), ("STATUS", "Unknown"), ("node", "n")]
)
def test_a_series_of_what_was_asked_for_counts(dimension: str, value: str) -> None:
    assert read(about(dimension, value), where=READY) == (Sample(at=NOON, value=1.0),)


POOLS = Split("BackendSettingsPool", frozenset({"blue", "blue.api"}))
OF_POOLS = "BackendSettingsPool eq '*'"


def pooled(*pools: str) -> dict[str, Any]:
    """The cluster's series of some pools: 1 of the first, 2 of the second, 4 of the third."""
    series: list[list[tuple[int, float | None]]] = [[(0, 2.0**place)] for place, _ in enumerate(pools)]
    answered = result(*series)
    for each, pool in zip(answered["value"][0]["timeseries"], pools, strict=True):
        each["metadatavalues"] = [{"name": {"value": "backendsettingspool"}, "value": pool}]
    return answered


@pytest.mark.parametrize(
    ("pools", "value"),
    [
        (("blue~https", "green~https"), 1),
        (("green~https", "Blue~https"), 2),
        (("blue~https", "blue~http", "green~https"), 3),
        (("blue", "green"), 1),
        (("blue-2~https", "blue_2~https", "blue~https"), 4),
        (("blue.api~https", "blue.web~https"), 1),
        (("", "blue~https"), 2),
    ],
)
def test_a_slot_has_the_series_of_its_own_pools(pools: tuple[str, ...], value: float) -> None:
    assert read(pooled(*pools), where=OF_POOLS, split=POOLS) == (Sample(at=NOON, value=value),)


def test_a_slot_whose_pools_were_not_used_has_no_samples() -> None:
    assert read(pooled("green~https"), where=OF_POOLS, split=POOLS) == ()


def test_a_number_that_is_nobodys_is_no_answer() -> None:
    for answered in (result([(0, 1.0)]), about("listener", "https")):
        with pytest.raises(Retry, match="does not say which BackendSettingsPool"):
            read(answered, where=OF_POOLS, split=POOLS)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("", OF_POOLS),
        ("Listener eq 'https'", f"Listener eq 'https' and {OF_POOLS}"),
        ("backendsettingspool eq '*'", "backendsettingspool eq '*'"),
    ],
)
def test_a_gates_own_filter_stays_where_its_answer_is_split(given: str, sent: str) -> None:
    assert POOLS.within(given) == sent


def other(**changes: Any) -> dict[str, Any]:
    """What is said of the cluster, with some parts changed."""
    return result([(0, 1.0)]) | changes


def other_metric(**changes: Any) -> dict[str, Any]:
    """What is said of the cluster, with some parts of the metric changed."""
    return other(value=[result([(0, 1.0)])["value"][0] | changes])


@pytest.mark.parametrize(
    ("results", "because"),
    [
        ([], "about others"),
        ([other(resourceid="/subscriptions/s/another")], "about others"),
        ([other(), other(resourceid="/subscriptions/s/another")], "about others"),
        ([other(), other()], "about others"),
        ([other(interval="PT5M")], "every PT5M"),
        ([other(value=[])], "holds nothing"),
        ([other_metric(name={"value": "another"})], "holds another"),
        ([other_metric(errorCode="Throttled")], "Throttled"),
        ([about("status", "true")], "status true, which was not asked for"),
        ([result([(0, 1.0), (0, 1.0)])], "twice"),
    ],
)
def test_an_answer_to_another_question_is_none(results: list[dict[str, Any]], because: str) -> None:
    with pytest.raises(Retry, match=because):
        read(*results, where=READY)


@pytest.mark.parametrize(("count", "where", "told"), [(99, READY, 99), (100, READY, None), (101, "", 101)])
def test_an_answer_that_may_lack_series_is_none(count: int, where: str, told: int | None) -> None:
    one: list[tuple[int, float | None]] = [(0, 1.0)]
    answered = result(*[one] * count)
    if told is not None:
        assert read(answered, where=where) == (Sample(at=NOON, value=told),)
        return
    with pytest.raises(Retry, match="told in 100 series, and Azure Monitor leaves out what is more"):
        read(answered, where=where)


def part(subscription: str, kind: str, name: str, split: Split | None = None) -> Part:
    """A part of what is said of one resource."""
    return Part(f"/subscriptions/{subscription}/resourceGroups/rg/providers/{kind}/{name}", split)


def test_a_batch_is_of_one_subscription_and_type_and_never_too_long() -> None:
    clusters = [part("s-1", "Microsoft.ContainerService/managedClusters", f"aks-{i}") for i in range(101)]
    elsewhere = part("s-2", "Microsoft.ContainerService/managedClusters", "aks-0")
    gateway = part("S-1", "Microsoft.Network/applicationGateways", "agw")
    found = batches([*clusters, elsewhere, gateway])
    assert [len(each) for each in found] == [50, 50, 1, 1, 1]
    assert found[3:] == [[elsewhere], [gateway]]
    assert [each for batch in found[:3] for each in batch] == clusters


def test_parts_of_one_resource_share_a_batch() -> None:
    gateways = [
        part("s-1", "Microsoft.Network/applicationGateways", name, POOLS if own else None)
        for name in ("agw", "AGW", *(f"agw-{i}" for i in range(49)))
        for own in (False, True)
    ]
    (found,) = batches(gateways)
    assert len(found) == 102
    assert len({each.resource_id.lower() for each in found}) == 50
