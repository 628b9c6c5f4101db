"""Whether kept samples answer what a gate asks: by the query as it was sent, and else they do not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from shared.azure.metric_answers import Part, Query
from shared.azure.window import Window
from shared.fleet import Gate, Measure, Source, Target
from shared.gates.asked import asked_alike
from shared.gateways import Split
from shared.model import Judgement, Sample, Verdict
from tests.cli.samples import GREEN, START


def answered(source: str, *values: float | None) -> Judgement:
    samples = tuple(Sample(at=START, value=value) for value in values)
    return Judgement(
        gate="errors",
        slot=GREEN,
        verdict=Verdict.PASS,
        because="it was well",
        at=START,
        source=source,
        samples=samples,
    )


METRIC = Gate(
    name="errors",
    source=Source.METRICS,
    target=Target.GATEWAY,
    namespace="Microsoft.Network/applicationGateways",
    metric="FailedRequests",
    aggregation="total",
    filter="Status eq '5xx'",
)
WINDOW = Window(START, START + timedelta(minutes=5))
SENT = str(Query(METRIC.namespace, METRIC.metric, "Total", METRIC.filter, WINDOW))
BOTH = "FailedRequests,TotalRequests"
OF_ALL = str(Query(METRIC.namespace, BOTH, "Total", METRIC.filter, WINDOW, share=True))
SHARED = Split("BackendPool", frozenset({"green-pool"}))
SPLIT = f"{Query(METRIC.namespace, METRIC.metric, 'Total', SHARED.within(METRIC.filter), WINDOW)}"
OF_POOL = str(Part("/subscriptions/1", SHARED))


@pytest.mark.parametrize(
    ("source", "rules", "alike"),
    [
        (SENT, {}, True),
        (f"{SENT} on agw-green", {}, True),
        (f"{SPLIT}{OF_POOL} on agw-both", {}, True),
        (f"{SENT.partition(' where')[0]} on agw-green", {"filter": ""}, True),
        (f"{SPLIT}{OF_POOL}", {}, True),
        (f"{SPLIT}{OF_POOL}", {"filter": ""}, False),
        ("total of FailedRequests where Status eq '5xx' on agw-green", {}, True),
        (f"{SENT} and Method eq 'GET'", {}, False),
        (SENT, {"filter": ""}, False),
        (SENT, {"metric": "TotalRequests"}, False),
        (OF_ALL, {"metric": "FailedRequests / TotalRequests"}, True),
        (OF_ALL, {}, False),
        (OF_ALL, {"metric": "TotalRequests / FailedRequests"}, False),
        (SENT, {"metric": "FailedRequests / TotalRequests"}, False),
        (SENT, {"aggregation": ""}, False),
        (SENT, {"namespace": "Microsoft.ContainerService/managedClusters"}, False),
        (SENT.partition(" where")[0], {"filter": ""}, True),
        (SENT.partition(" where")[0], {}, False),
    ],
)
def test_a_metric_is_the_same_by_its_query_as_sent(source: str, rules: dict[str, Any], alike: bool) -> None:
    assert asked_alike(replace(METRIC, **rules), answered(source)) is alike


@pytest.mark.parametrize(
    ("source", "values", "measure", "alike"),
    [
        ("GET https://aks-green.contoso.com/healthz", (0, 1), Measure.FAILED_SHARE, True),
        ("https://aks-green.contoso.com/healthz", (12, None), Measure.LATENCY_MS, True),
        ("GET https://aks-green.contoso.com/healthz", (0, 1), Measure.LATENCY_MS, False),
        ("GET https://aks-green.contoso.com/healthz", (12, 40), Measure.FAILED_SHARE, False),
        ("GET https://aks-green.contoso.com/healthz/deep", (0, 1), Measure.FAILED_SHARE, False),
        ("GET https://aks-green.contoso.com/healthz?deep=1", (0, 1), Measure.FAILED_SHARE, False),
    ],
)
def test_a_request_is_the_same_by_its_path_and_by_what_was_measured(
    source: str, values: tuple[float | None, ...], measure: Measure, alike: bool
) -> None:
    gate = Gate(name="up", source=Source.HTTP, target=Target.HOST, path="/healthz", measure=measure)
    assert asked_alike(gate, answered(source, *values)) is alike


@pytest.mark.parametrize(
    ("sent", "alike"),
    [
        ('up{cluster="aks-green"} and on() green', True),
        ('up{cluster="aks-green"} or on() green', False),
        ('down{cluster="aks-green"} and on() green', False),
    ],
)
def test_a_query_was_sent_with_the_slots_own_names(sent: str, alike: bool) -> None:
    query = 'up{cluster="{cluster}"} and on() {slot}'
    gate = replace(METRIC, source=Source.PROMETHEUS, query=query)
    assert asked_alike(gate, answered(sent, 1)) is alike


def test_what_answers_for_its_own_moment_cannot_be_tried_again() -> None:
    assert not asked_alike(
        replace(METRIC, source=Source.WEBHOOK), answered("POST https://hooks.contoso.com", 1)
    )
