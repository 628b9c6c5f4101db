"""Azure Monitor through azure-monitor-querymetrics and azure-monitor-query."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.monitor.query import LogsQueryPartialResult

from sandbox.world import Family, Faults, Outage
from tests.fleets import BLUE, GREEN
from tests.wire.rig import CLUSTERS, GATEWAYS, Rig, refusal

GATEWAY_TYPE = "Microsoft.Network/applicationGateways"
CLUSTER_TYPE = "Microsoft.ContainerService/managedClusters"
MINUTE = timedelta(minutes=1)


async def _requests(rig: Rig, **options: Any) -> Any:
    """TotalRequests of the blue gateway, unless the options say otherwise."""
    now = rig.clock.now()
    asked: dict[str, Any] = {
        "resource_ids": [GATEWAYS[BLUE]],
        "metric_namespace": GATEWAY_TYPE,
        "metric_names": ["TotalRequests"],
        "timespan": (now - timedelta(minutes=10), now),
        "granularity": MINUTE,
        "aggregations": ["Total"],
    }
    return await (await rig.metrics()).query_resources(**(asked | options))


async def test_the_live_gateway_serves_and_the_other_does_not(rig: Rig) -> None:
    rig.clock.pass_seconds(900)
    live, other = await _requests(rig, resource_ids=[GATEWAYS[BLUE], GATEWAYS[GREEN]])
    served = [each.total for each in live.metrics["TotalRequests"].timeseries[0].data]
    idle = [
        each.total for each in other.metrics["TotalRequests"].timeseries[0].data if each.total is not None
    ]
    assert len(served) == 10
    assert all(each > 1000 for each in served[:8])
    assert set(idle) == {0.0}


async def test_the_newest_minutes_have_no_value_yet(rig: Rig) -> None:
    rig.clock.pass_seconds(900)
    (answer,) = await _requests(rig)
    newest = answer.metrics["TotalRequests"].timeseries[0].data[-1]
    assert (newest.total, newest.average, newest.count) == (None, None, None)


async def test_only_the_aggregations_that_were_asked_for_come_back(rig: Rig) -> None:
    rig.clock.pass_seconds(900)
    (answer,) = await _requests(rig, aggregations=["Average", "Maximum"])
    first = answer.metrics["TotalRequests"].timeseries[0].data[0]
    assert first.average is not None
    assert first.maximum is not None
    assert first.total is None


async def test_a_coarser_grain_adds_up(rig: Rig) -> None:
    rig.clock.pass_seconds(3600)
    end = rig.clock.now() - timedelta(minutes=10)
    span = {"timespan": (end - timedelta(minutes=10), end)}
    (fine,), (coarse,) = await _requests(rig, **span), await _requests(rig, **span, granularity=5 * MINUTE)
    minutes = [each.total for each in fine.metrics["TotalRequests"].timeseries[0].data]
    fives = [each.total for each in coarse.metrics["TotalRequests"].timeseries[0].data]
    assert fives == [pytest.approx(sum(minutes[:5])), pytest.approx(sum(minutes[5:]))]
    assert coarse.granularity == 5 * MINUTE


async def test_a_filter_splits_by_the_dimensions_that_it_names(rig: Rig) -> None:
    rig.clock.pass_seconds(900)
    (answer,) = await _requests(
        rig,
        resource_ids=[CLUSTERS[BLUE]],
        metric_namespace=CLUSTER_TYPE,
        metric_names=["kube_node_status_condition"],
        filter="condition eq 'Ready' and status eq 'true' and node eq '*'",
    )
    series = answer.metrics["kube_node_status_condition"].timeseries
    assert len(series) == 3
    assert {each.metadata_values["status"] for each in series} == {"true"}
    assert {each.data[0].total for each in series} == {1.0}


@pytest.mark.parametrize(
    "options",
    [
        {"resource_ids": [GATEWAYS[BLUE]] * 51},
        {"resource_ids": [GATEWAYS[BLUE], CLUSTERS[BLUE]]},
        {"metric_namespace": CLUSTER_TYPE},
        {"metric_names": ["NoSuchMetric"]},
        {"aggregations": ["Median"]},
        {"granularity": timedelta(minutes=7)},
        {"filter": "Listener eq 'a'"},
    ],
)
async def test_a_batch_that_azure_would_not_take_is_refused(rig: Rig, options: dict[str, Any]) -> None:
    with pytest.raises(HttpResponseError) as refused:
        await _requests(rig, **options)
    assert refusal(refused.value) == (400, "BadRequest")


async def test_fifty_resources_are_not_too_many(rig: Rig) -> None:
    assert len(await _requests(rig, resource_ids=[GATEWAYS[BLUE]] * 50)) == 50


async def test_throttled_metrics_say_when_to_come_back(start: Callable[..., Awaitable[Rig]]) -> None:
    outage = Outage(family=Family.METRICS, from_seconds=0, until_seconds=9, status=429, retry_after_seconds=5)
    rig = await start(faults=Faults(outages=(outage,)))
    with pytest.raises(HttpResponseError) as throttled:
        await _requests(rig, retry_total=0)
    assert refusal(throttled.value) == (429, "TooManyRequests")
    rig.clock.pass_seconds(9)
    assert await _requests(rig)


async def _query(rig: Rig, kql: str, **options: Any) -> Any:
    now = rig.clock.now()
    asked: dict[str, Any] = {"timespan": (now - timedelta(minutes=10), now)}
    return await (await rig.logs()).query_resource(CLUSTERS[BLUE], kql, **(asked | options))


async def test_a_query_gives_typed_rows(rig: Rig) -> None:
    rig.clock.pass_seconds(900)
    result = await _query(rig, "KubeNodeInventory | summarize value = count() by bin(TimeGenerated, 1m)")
    (table,) = result.tables
    assert table.columns == ["TimeGenerated", "value"]
    assert {row["value"] for row in table.rows} == {0.0}
    assert rig.clock.now() - timedelta(minutes=10) <= table.rows[0]["TimeGenerated"] < rig.clock.now()


@pytest.mark.parametrize("timespan", [timedelta(minutes=10), None])
async def test_a_query_without_an_end_reaches_up_to_now(rig: Rig, timespan: timedelta | None) -> None:
    rig.clock.pass_seconds(900)
    assert (await _query(rig, "KubeNodeInventory", timespan=timespan)).tables[0].rows


async def test_a_missing_table_is_a_semantic_error(rig: Rig) -> None:
    with pytest.raises(HttpResponseError) as refused:
        await _query(rig, "NoSuchTable | count")
    assert refusal(refused.value) == (400, "BadArgumentError")
    assert "NoSuchTable" in str(refused.value.model)


async def test_a_result_that_does_not_fit_is_partial(rig: Rig) -> None:
    rig.clock.pass_seconds(900)
    result = await _query(rig, "set truncationmaxrecords=3; KubeNodeInventory")
    assert isinstance(result, LogsQueryPartialResult)
    assert len(result.partial_data[0].rows) == 3
    assert result.partial_error is not None
    assert result.partial_error.code == "PartialError"
