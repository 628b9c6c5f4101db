"""Metrics of what lies in no region, through Azure Resource Manager."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest

from shared.azure.world import AzureWorld
from shared.probes import GateReading, Probe, Reading, Unavailable
from tests.azure.rig import Rig, rig
from tests.azure.stub import Said, stub
from tests.fleets import BLUE, GREEN, NODES
from tests.sources import EDGE, FRONT_DOOR, ORIGIN, WORLDWIDE
from tests.world.manual_clock import START


@pytest.fixture
async def it(tmp_path: Path) -> AsyncIterator[Rig]:
    """The adapters on a world with levers that lie in no region."""
    async with rig(tmp_path, WORLDWIDE) as started:
        started.estate.clock.pass_seconds(20 * 60)
        yield started


async def test_a_resource_without_a_region_is_asked_for_by_itself(it: Rig) -> None:
    reading = await it.see(GateReading(ORIGIN, GREEN))
    (get,) = it.exchanges()
    url = urlsplit(get["url"])
    assert (get["method"], url.netloc) == ("GET", "management.azure.com")
    assert url.path == f"{FRONT_DOOR}/providers/Microsoft.Insights/metrics"
    assert dict(parse_qsl(url.query)) == {
        "api-version": "2024-02-01",
        "timespan": "2026-11-21T09:12:00Z/2026-11-21T09:17:00Z",
        "interval": "PT1M",
        "metricnames": "OriginRequestCount",
        "metricnamespace": "Microsoft.Cdn/profiles",
        "aggregation": "Total",
        "$filter": "Origin eq 'aks-green' and HttpStatusGroup eq '5XX'",
        "top": "100",
    }
    assert isinstance(reading, Reading)
    assert "Origin eq 'aks-green'" in reading.source


async def test_what_a_profile_says_of_both_slots_is_one_request(it: Rig) -> None:
    both: frozenset[Probe] = frozenset({GateReading(EDGE, BLUE), GateReading(EDGE, GREEN)})
    await it.azure.observe(WORLDWIDE, both, it.estate.clock.now())
    assert len(it.exchanges()) == 1


async def test_one_that_is_refused_is_unavailable_alone(it: Rig) -> None:
    wrong = msgspec.structs.replace(ORIGIN, metric="NoSuchMetric")
    probes: frozenset[Probe] = frozenset(
        {GateReading(wrong, BLUE), GateReading(ORIGIN, BLUE), GateReading(NODES, BLUE)}
    )
    answers = await it.azure.observe(WORLDWIDE, probes, it.estate.clock.now())
    refused = answers[GateReading(wrong, BLUE)]
    assert isinstance(refused, Unavailable)
    assert "NoSuchMetric" in refused.because
    assert isinstance(answers[GateReading(ORIGIN, BLUE)], Reading)
    assert isinstance(answers[GateReading(NODES, BLUE)], Reading)


def said(**changes: Any) -> dict[str, Any]:
    """An answer about the gate's metric, with some parts changed."""
    metric = {"name": {"value": "OriginRequestCount"}, "timeseries": [], "errorCode": "Success"}
    return {"timespan": "…", "interval": "PT1M", "value": [metric], **changes}


@pytest.mark.parametrize(
    ("body", "because"),
    [
        (said(interval="PT5M"), "one every PT5M"),
        (said(value=[]), "holds nothing"),
        (said(value=None), "not of the form"),
        ({}, "not of the form"),
    ],
    ids=["grain", "nothing", "null", "empty"],
)
async def test_an_answer_to_another_question_is_none(
    tmp_path: Path, body: dict[str, Any], because: str
) -> None:
    async with stub(tmp_path, {("GET", "/metrics"): [Said(200, body)]}) as (_, connection):
        probe = GateReading(ORIGIN, BLUE)
        answer = (await AzureWorld(connection).observe(WORLDWIDE, frozenset({probe}), START))[probe]
    assert isinstance(answer, Unavailable)
    assert because in answer.because
