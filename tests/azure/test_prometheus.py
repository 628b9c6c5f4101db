"""Managed Prometheus: where a token may go, what is asked, and which answers are none."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.azure.prometheus import Answer, audience, samples_of
from shared.azure.window import Window
from shared.azure.world import AzureWorld
from shared.errors import Refused, Retry
from shared.model import Sample
from shared.probes import GateReading, Reading, Unavailable
from tests.azure.rig import rig
from tests.azure.stub import Said, stub
from tests.fleets import BLUE, FLEET
from tests.sources import ENDPOINT, KUBELET, at

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SPAN = Window(NOON, NOON + 3 * MINUTE)


def matrix(*points: tuple[int, str], **more: Any) -> Answer:
    """An answer of one series, each point as minutes after noon and a number as text."""
    values = [[(NOON + minutes * MINUTE).timestamp(), text] for minutes, text in points]
    result = [{"metric": {"cluster": "aks-blue"}, "values": values}]
    return answer({"resultType": "matrix", "result": result}, **more)


def answer(data: dict[str, Any], **more: Any) -> Answer:
    """An answer of success."""
    return msgspec.convert({"status": "success", "data": data, **more}, Answer)


def test_a_value_a_minute_and_none_where_there_is_none() -> None:
    assert samples_of(matrix((0, "1"), (2, "0.25")), SPAN) == (
        Sample(at=NOON, value=1.0),
        Sample(at=NOON + MINUTE, value=None),
        Sample(at=NOON + 2 * MINUTE, value=0.25),
    )


def test_odd_numbers_are_kept_for_the_judgement() -> None:
    found = [sample.value for sample in samples_of(matrix((0, "NaN"), (1, "+Inf"), (2, "-Inf")), SPAN)]
    assert found[0] is not None
    assert math.isnan(found[0])
    assert found[1:] == [math.inf, -math.inf]


def test_a_moment_outside_of_the_window_is_no_evidence() -> None:
    assert [each.value for each in samples_of(matrix((-1, "1"), (0, "2"), (3, "3")), SPAN)] == [2, None, None]


def test_one_value_is_a_sample_of_its_minute() -> None:
    point = [NOON.timestamp(), "7"]
    vector = {"resultType": "vector", "result": [{"metric": {}, "value": point}]}
    for data in (vector, {"resultType": "scalar", "result": point}):
        assert samples_of(answer(data), SPAN)[0] == Sample(at=NOON, value=7)


def test_no_series_is_no_data() -> None:
    assert samples_of(answer({"resultType": "matrix", "result": []}), SPAN) == ()


def test_several_series_are_refused_with_what_tells_them_apart() -> None:
    each = {"values": [[NOON.timestamp(), "1"]]}
    result = [{"metric": {"pod": "a"}, **each}, {"metric": {"pod": "b"}, **each}]
    with pytest.raises(Refused, match=r"one series, it gives 2, of {pod=.a.} and {pod=.b.}"):
        samples_of(answer({"resultType": "matrix", "result": result}), SPAN)


@pytest.mark.parametrize(
    ("found", "because"),
    [
        (matrix((0, "1"), warnings=["results may be partial"]), "may be partial"),
        (matrix((0, "1"), (0, "2")), "twice"),
        (matrix((0, "many")), "'many'"),
    ],
    ids=["warned", "twice", "words"],
)
def test_an_answer_that_is_not_whole_is_none(found: Answer, because: str) -> None:
    with pytest.raises(Retry, match=because):
        samples_of(found, SPAN)


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        (ENDPOINT, "https://prometheus.monitor.azure.com"),
        ("https://AMW.WestEurope.Prometheus.Monitor.Azure.com", "https://prometheus.monitor.azure.com"),
        ("https://amw.usgovvirginia.prometheus.monitor.azure.us", "https://prometheus.monitor.azure.us"),
        ("https://localhost:8443", "https://localhost:8443"),
    ],
)
def test_a_token_is_for_prometheus_of_the_endpoints_cloud(endpoint: str, expected: str) -> None:
    assert audience(endpoint) == expected


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://amw.westeurope.prometheus.monitor.azure.com",
        "https://prometheus.monitor.azure.com",
        "https://amw.westeurope.prometheus.monitor.azure.com.example.com",
        "https://amw-prometheus.monitor.azure.com.evil",
        "https://evilprometheus.monitor.azure.com",
        "https://example.com#.westeurope.prometheus.monitor.azure.com",
        "https://a.prometheus.monitor.azure.com@example.com",
        "http://localhost:9090",
        "",
    ],
)
def test_no_token_goes_anywhere_else(endpoint: str) -> None:
    with pytest.raises(Refused, match="no token goes there"):
        audience(endpoint)


async def test_a_query_is_sent_with_its_window_and_its_slots_name(tmp_path: Path) -> None:
    async with rig(tmp_path) as it:
        it.estate.clock.pass_seconds(20 * 60)
        reading = await it.see(GateReading(at(KUBELET, it.wire.prometheus_endpoint), BLUE))
        assert isinstance(reading, Reading)
        (post,) = it.exchanges()
    query = KUBELET.query.replace("{cluster}", "aks-blue")
    assert reading.source == query
    assert post["request"] == {
        "query": query,
        "start": "2026-11-21T09:13:00Z",
        "end": "2026-11-21T09:17:00Z",
        "step": "60",
    }


async def test_a_window_without_a_minute_asks_nobody(tmp_path: Path) -> None:
    async with rig(tmp_path) as it:
        await it.see(GateReading(at(KUBELET, it.wire.prometheus_endpoint), BLUE, it.estate.clock.now()))
        assert it.exchanges() == []


def objection(kind: str) -> dict[str, str]:
    return {"status": "error", "errorType": kind, "error": "so it is"}


@pytest.mark.parametrize(
    ("said", "because", "after_seconds"),
    [
        (Said(400, objection("bad_data")), "managed Prometheus says bad_data: so it is", None),
        (Said(200, objection("bad_data")), "managed Prometheus says bad_data: so it is", None),
        (Said(422, objection("execution")), "managed Prometheus says execution", None),
        (Said(503, objection("timeout"), {"Retry-After": "7"}), "managed Prometheus says timeout", 7),
        (Said(429, {"error": {"code": "Throttled", "message": "slow"}}, {"Retry-After": "9"}), "slow", 9),
        (Said(403, {"error": {"code": "Forbidden", "message": "no role"}}), "no role", None),
        (Said(502), "502", None),
        (
            Said(200, {"status": "success", "data": {"resultType": "string", "result": [1, "a"]}}),
            "form",
            None,
        ),
        (Said(200, {"status": "success", "data": {"resultType": "matrix", "result": None}}), "form", None),
        (Said(302, None, {"Location": "https://example.com/"}), "redirect", None),
    ],
)
async def test_a_failure_is_told_as_whose_it_is(
    tmp_path: Path, said: Said, because: str, after_seconds: float | None
) -> None:
    async with stub(tmp_path, {("POST", "/query_range"): [said]}) as (server, connection):
        probe = GateReading(at(KUBELET, server.base), BLUE)
        answered = (await AzureWorld(connection).observe(FLEET, frozenset({probe}), NOON))[probe]
    assert isinstance(answered, Unavailable)
    assert because in answered.because
    assert answered.after_seconds == after_seconds


async def test_a_month_is_told_in_as_many_values_as_prometheus_gives_at_once(tmp_path: Path) -> None:
    async with rig(tmp_path) as azure:
        month = msgspec.structs.replace(
            at(KUBELET, azure.wire.prometheus_endpoint), window_seconds=30 * 86_400
        )
        now = azure.estate.clock.now()
        probe = GateReading(month, BLUE)
        found = (await AzureWorld(azure.connection).observe(FLEET, frozenset({probe}), now))[probe]
    assert isinstance(found, Reading), found
    assert 1_000 < len(found.samples) <= 11_000
    assert any(sample.value is not None for sample in found.samples)
