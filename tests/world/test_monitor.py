"""What Azure Monitor and the host names say of healthy and of sick clusters."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from sandbox.world import ArmError, Faults, HostUnknown
from sandbox.world.metrics import Bucket
from tests.fleets import BLUE, FLEET, GREEN
from tests.world.manual_clock import START, Estate

MINUTE = timedelta(minutes=1)
CLUSTER = {slot.name: slot.cluster_id for slot in FLEET.slots}
GATEWAY = {slot.name: slot.gateway_id for slot in FLEET.slots}
NOT_READY = "condition eq 'Ready' and status eq 'false'"


def buckets(it: Estate, resource_id: str, name: str, filter_text: str = "") -> tuple[Bucket, ...]:
    """The last five minutes that have been ingested."""
    until = it.clock.now() - timedelta(minutes=2)
    (series,) = it.world.metrics.query(resource_id, name, until - 5 * MINUTE, until, filter_text).series
    return series.buckets


def rows(it: Estate, resource_id: str, kql: str) -> list[float]:
    until = it.clock.now() - timedelta(minutes=2)
    return [row.value for row in it.world.logs.query(resource_id, kql, until - 5 * MINUTE, until).rows]


def test_a_minute_has_no_value_until_it_is_over_and_ingested() -> None:
    it = Estate()
    it.clock.pass_seconds(179)
    (series,) = it.world.metrics.query(
        CLUSTER[BLUE], "apiserver_cpu_usage_percentage", START, it.clock.at
    ).series
    assert [each.at for each in series.buckets] == [START, START + MINUTE, START + 2 * MINUTE]
    assert [each.average is not None for each in series.buckets] == [True, False, False]


def test_a_cluster_has_metrics_only_while_it_runs() -> None:
    it = Estate()
    it.clock.pass_seconds(600)
    it.world.clusters.stop(CLUSTER[BLUE])
    it.clock.pass_seconds(600)
    (series,) = it.world.metrics.query(
        CLUSTER[BLUE], "node_cpu_usage_percentage", START, START + 20 * MINUTE
    ).series
    assert [each.average is not None for each in series.buckets] == [True] * 10 + [False] * 10
    assert rows(it, CLUSTER[BLUE], "KubePodInventory | count") == []


def test_a_healthy_cluster_is_healthy_in_every_question() -> None:
    it = Estate()
    it.deploy(GREEN)
    it.clock.pass_seconds(600)
    for slot in (BLUE, GREEN):
        nodes = buckets(it, CLUSTER[slot], "kube_node_status_condition", NOT_READY)
        assert [each.total for each in nodes] == [0.0] * 5
        ready = buckets(it, CLUSTER[slot], "kube_node_status_condition", "status2 eq 'Ready'")
        assert [each.total for each in ready] == [3.0] * 5
        assert [each.average for each in buckets(it, GATEWAY[slot], "UnhealthyHostCount")] == [0.0] * 5
        assert rows(it, CLUSTER[slot], "KubePodInventory\n| where Namespace == 'kube-system'") == [0.0] * 5
        assert max(rows(it, CLUSTER[slot], "InsightsMetrics | where Name == 'x'")) <= 1
        assert it.world.respond(f"aks-{slot}.contoso.com", "/healthz").status == 200


def test_a_bad_green_never_looks_healthy() -> None:
    it = Estate(faults=Faults(bad_nodes=True))
    it.deploy(GREEN)
    for _ in range(6):
        it.clock.pass_seconds(600)
        nodes = buckets(it, CLUSTER[GREEN], "kube_node_status_condition", NOT_READY)
        assert [each.total for each in nodes] == [2.0] * 5
        failed = buckets(it, CLUSTER[GREEN], "kube_pod_status_phase", "phase eq 'Failed'")
        assert min(each.total or 0.0 for each in failed) > 0
        assert min(rows(it, CLUSTER[GREEN], "KubePodInventory")) > 0
        assert min(rows(it, CLUSTER[GREEN], "InsightsMetrics")) > 10
        answers = [it.world.respond("aks-green.contoso.com", "/healthz").status for _ in range(20)]
        assert 503 in answers
    assert it.world.respond("aks-blue.contoso.com", "/healthz").status == 200


def test_a_slow_burn_starts_with_the_users_and_climbs_to_its_share() -> None:
    it = Estate(faults=Faults(slow_burn=True))
    it.deploy(GREEN)
    it.clock.pass_seconds(1200)
    assert it.world.respond("aks-green.contoso.com", "/healthz").status == 200
    it.point(GREEN)
    it.clock.pass_seconds(20 * 60)
    shares = [
        row.value
        for row in it.world.logs.query(CLUSTER[GREEN], "AppRequests | summarize", START, it.clock.now()).rows
    ]
    users = [share for share in shares if share]
    assert users[0] < 0.01
    assert shares[-1] == pytest.approx(0.04, abs=0.005)
    assert max(shares) < 0.05


def test_gateway_metrics_follow_the_users() -> None:
    it = Estate()
    it.deploy(GREEN)
    it.point(GREEN)
    it.clock.pass_seconds(1200)
    assert [each.total for each in buckets(it, GATEWAY[BLUE], "TotalRequests")] == [0.0] * 5
    totals = [each.total or 0.0 for each in buckets(it, GATEWAY[GREEN].upper(), "totalrequests")]
    good = [
        each.total or 0.0
        for each in buckets(it, GATEWAY[GREEN], "ResponseStatus", "HttpStatusGroup eq '2xx'")
    ]
    failed = [each.total or 0.0 for each in buckets(it, GATEWAY[GREEN], "FailedRequests")]
    assert totals == [a + b for a, b in zip(good, failed, strict=True)]
    assert min(totals) > 1000
    assert [each.average for each in buckets(it, GATEWAY[BLUE], "BackendLastByteResponseTime")] == [None] * 5


def test_a_filter_splits_by_the_dimensions_that_it_names() -> None:
    it = Estate()
    it.clock.pass_seconds(600)
    answer = it.world.metrics.query(
        GATEWAY[BLUE],
        "ResponseStatus",
        START,
        START + MINUTE,
        "HttpStatusGroup eq '2xx' or HttpStatusGroup eq '5xx'",
    )
    assert [series.dimensions for series in answer.series] == [
        {"HttpStatusGroup": "2xx"},
        {"HttpStatusGroup": "5xx"},
    ]
    split = it.world.metrics.query(
        CLUSTER[BLUE], "kube_node_status_condition", START, START + MINUTE, f"{NOT_READY} and node eq '*'"
    )
    assert len(split.series) == 3


@pytest.mark.parametrize(
    ("name", "filter_text", "word"),
    [
        ("NoSuchMetric", "", "Valid metrics"),
        ("TotalRequests", "Colour eq 'blue'", "dimension combination"),
        ("TotalRequests", "BackendSettingsPool is 'x'", "Invalid filter"),
    ],
)
def test_a_question_that_azure_would_refuse_is_refused(name: str, filter_text: str, word: str) -> None:
    it = Estate()
    with pytest.raises(ArmError, match=word) as error:
        it.world.metrics.query(GATEWAY[BLUE], name, START, START + MINUTE, filter_text)
    assert error.value.status == 400


def test_a_table_that_is_not_there_is_a_semantic_error() -> None:
    with pytest.raises(ArmError, match="NoSuchTable") as error:
        Estate().world.logs.query(CLUSTER[BLUE], "NoSuchTable | take 1", START, START + MINUTE)
    assert error.value.code == "SEM0100"


def test_a_query_may_open_with_a_let() -> None:
    it = Estate()
    it.clock.pass_seconds(600)
    found = it.world.logs.query(CLUSTER[BLUE], "let limit = 3;\nKubeNodeInventory", START, START + 3 * MINUTE)
    assert [row.value for row in found.rows] == [0.0] * 3


def test_a_host_name_answers_as_its_cluster_is() -> None:
    it = Estate()
    assert it.world.respond("aks-green.contoso.com", "/").status == 502
    assert it.world.respond("aks.contoso.com:443", "/").status == 200
    assert it.world.respond("official-aks.contoso.com", "/").body.startswith("blue")
    with pytest.raises(HostUnknown):
        it.world.respond("elsewhere.contoso.com", "/")


def test_the_clusters_host_name_follows_the_live_record() -> None:
    it = Estate()
    it.deploy(GREEN)
    it.point(GREEN)
    it.clock.pass_seconds(180)
    mixed = {it.world.respond("aks.contoso.com", "/").body.split()[0] for _ in range(60)}
    it.clock.pass_seconds(600)
    settled = {it.world.respond("aks.contoso.com", "/").body.split()[0] for _ in range(60)}
    assert (mixed, settled) == ({"blue", "green"}, {"green"})


def test_a_doors_own_requests_are_counted_at_the_gateway() -> None:
    it = Estate()
    it.deploy(GREEN)
    at: datetime = it.clock.now()
    for _ in range(7):
        it.world.respond("aks-green.contoso.com", "/healthz")
    it.clock.pass_seconds(600)
    (series,) = it.world.metrics.query(GATEWAY[GREEN], "TotalRequests", at, at + MINUTE).series
    assert series.buckets[0].total == 7
