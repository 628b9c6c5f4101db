"""A day that is over is asked for with its own time, through every adapter and the real SDK clients."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest

from shared.api import pasts
from shared.fleet import Gate
from shared.fleet_file.asked_past import asked_of
from shared.model import Sample
from tests.azure.rig import Rig, rig
from tests.fleets import BLUE, ERRORS, NODES
from tests.sources import APP, KUBELET, ORIGIN, PODS, WORLDWIDE, at
from tests.world.manual_clock import START

SINCE, UNTIL = "2026-11-19T09:00:00Z", "2026-11-20T09:00:00Z"
BATCH = {"starttime": "2026-11-19T09:00:00.000Z", "endtime": "2026-11-20T09:00:00.000Z", "interval": "PT1M"}
LOGS = {"timespan": "2026-11-19T09:00:00.000Z/2026-11-20T09:00:00.000Z"}
ARM = {"timespan": f"{SINCE}/{UNTIL}", "interval": "PT1M"}
PROMETHEUS = {"start": SINCE, "end": "2026-11-20T08:59:00Z", "step": "60"}


@pytest.fixture
async def it(tmp_path: Path) -> AsyncIterator[Rig]:
    """The adapters on a world with levers that lie in no region, a while after it began."""
    async with rig(tmp_path, WORLDWIDE) as started:
        started.estate.clock.pass_seconds(20 * 60)
        yield started


async def read(it: Rig, gate: Gate, since: str = SINCE, until: str = UNTIL) -> dict[str, Any]:
    """What the API tells of that time, with the requests that crossed the wire for it."""
    asked = asked_of(at(gate, it.wire.prometheus_endpoint) if gate.endpoint else gate)
    body = {"gate": asked, "slot": BLUE, "since": since, "until": until}
    now = it.estate.clock.now()
    told = await pasts.read(it.azure, WORLDWIDE, body, now, "olivia@contoso.com")
    return {**told, "exchanges": it.exchanges()}


def sent(exchange: dict[str, Any]) -> dict[str, Any]:
    """What a request said of its time, wherever it said it."""
    query = dict(parse_qsl(urlsplit(exchange["url"]).query))
    return {**query, **(exchange["request"] or {})}


@pytest.mark.parametrize(
    ("gate", "expected"),
    [(NODES, BATCH), (ERRORS, LOGS), (APP, LOGS), (PODS, LOGS), (ORIGIN, ARM), (KUBELET, PROMETHEUS)],
    ids=lambda each: getattr(each, "name", ""),
)
async def test_each_source_is_asked_for_the_whole_day_and_for_nothing_else(
    it: Rig, gate: Gate, expected: dict[str, str]
) -> None:
    told = await read(it, gate)
    assert told["unavailable"] is None
    (exchange,) = told["exchanges"]
    asked = sent(exchange)
    assert {key: asked.get(key) for key in expected} == expected
    assert exchange["method"] in ("GET", "POST")
    begin = START.replace(minute=0) - timedelta(days=2)
    times = [sample.at for sample in told["samples"]]
    assert times == sorted(times)
    assert all(begin <= each < begin + timedelta(days=1) for each in times)


async def test_the_stand_in_tells_of_a_day_before_it_began_as_of_the_present(it: Rig) -> None:
    """Its live cluster has run for a month, so that a rehearsal has a past."""
    told = await read(it, NODES)
    assert len(told["samples"]) == 1440
    assert {sample.value for sample in told["samples"]} == {0.0}


async def test_before_its_cluster_ran_there_are_no_values_and_no_error(it: Rig) -> None:
    told = await read(it, NODES, "2026-09-01T00:00:00Z", "2026-09-02T00:00:00Z")
    assert told["unavailable"] is None
    assert {sample.value for sample in told["samples"]} <= {None}


async def test_what_the_service_refuses_is_told_and_is_no_silence(it: Rig) -> None:
    wrong = msgspec.structs.replace(NODES, metric="NoSuchMetric")
    told = await read(it, wrong)
    assert told["samples"] == ()
    assert "NoSuchMetric" in (told["unavailable"] or "")


async def test_two_days_fit_together_without_a_gap_or_a_minute_twice(it: Rig) -> None:
    days: list[Sample] = []
    for since, until in ((SINCE, UNTIL), (UNTIL, "2026-11-21T09:00:00Z")):
        days += (await read(it, KUBELET, since, until))["samples"]
    gaps = {b.at - a.at for a, b in pairwise(days)}
    assert (len(days), gaps) == (2880, {timedelta(minutes=1)})
