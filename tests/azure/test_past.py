"""Spans of the past through the real SDK clients: each is one request, and is what crosses the wire."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from shared.azure.world import AzureWorld
from shared.fleet import Gate
from shared.gate_rules import Anomaly, Objective
from shared.model import Rollout, Stage
from shared.probes import GatePast, GateReading, Reading, Unavailable
from stages.beyond import beyond_needs
from tests.azure.rig import Rig, rig
from tests.azure.stub import Said, stub
from tests.fleets import BLUE, ERRORS, FLEET, GREEN, NODES
from tests.sources import APP, KUBELET, ORIGIN, PODS, SHARE, WORLDWIDE, at
from tests.world.manual_clock import START

MINUTE, WEEK = timedelta(minutes=1), timedelta(weeks=1)
NOW = START + timedelta(minutes=30)


def of(it: Rig, gate: Gate) -> GatePast:
    """What a rollout asks for a gate of a candidate that users have come to."""
    rollout = Rollout(
        id="contoso-0001", version="1.32.6", live=BLUE, candidate=GREEN, safe=BLUE, stage=Stage.SWITCH,
        step="observe", entered_at=NOW, started_at=NOW, started_by="test", because="",
    )  # fmt: skip
    reading = GateReading(at(gate, it.wire.prometheus_endpoint), GREEN, NOW - 20 * MINUTE)
    (probe,) = beyond_needs([reading], rollout, it.estate.clock.now())
    assert isinstance(probe, GatePast)
    return probe


def span(exchange: dict[str, Any]) -> tuple[str, str]:
    """The span of time that a request asks for, to the minute."""
    body = exchange["request"] if isinstance(exchange["request"], dict) else {}
    query = {name: values[0] for name, values in parse_qs(urlsplit(exchange["url"]).query).items()}
    told = body | query
    if "timespan" in told:
        since, until = told["timespan"].split("/")
    elif "starttime" in told:
        since, until = told["starttime"], told["endtime"]
    else:
        # PromQL's end is the last moment that is told, and not the first that is not.
        since, until = told["start"], (datetime.fromisoformat(told["end"]) + MINUTE).isoformat()
    return since[:16], until[:16]


def written(since: datetime, until: datetime) -> tuple[str, str]:
    return since.isoformat()[:16], until.isoformat()[:16]


@pytest.mark.parametrize("gate", [ERRORS, NODES, APP, PODS, SHARE, ORIGIN], ids=lambda gate: gate.name)
async def test_the_same_hour_of_each_week_is_what_is_sent(tmp_path: Path, gate: Gate) -> None:
    async with rig(tmp_path, WORLDWIDE) as it:
        it.estate.clock.at = NOW
        found = await it.see(of(it, msgspec.structs.replace(gate, max_value=None, anomaly=Anomaly(weeks=3))))
        sent = it.exchanges()
    hour = NOW.replace(minute=0)
    weeks = [(hour - n * WEEK, hour - n * WEEK + timedelta(hours=1)) for n in (3, 2, 1)]
    assert sorted(map(span, sent)) == [written(*each) for each in weeks]
    assert all(BLUE in json.dumps(each) and GREEN not in json.dumps(each) for each in sent)
    assert isinstance(found, Reading)
    assert len(found.samples) == 3 * 60
    assert all(any(since <= sample.at < until for since, until in weeks) for sample in found.samples)


@pytest.mark.parametrize("gate", [ERRORS, APP, SHARE], ids=lambda gate: gate.name)
async def test_a_longer_window_begins_when_users_came(tmp_path: Path, gate: Gate) -> None:
    slow = msgspec.structs.replace(
        gate, max_value=None, slo=Objective(objective=0.999), window_seconds=3_600, ingestion_seconds=120
    )
    async with rig(tmp_path, WORLDWIDE) as it:
        it.estate.clock.at = NOW
        await it.see(of(it, slow))
        (sent,) = it.exchanges()
    assert span(sent) == written(NOW - 20 * MINUTE, NOW - 2 * MINUTE)
    assert GREEN in json.dumps(sent)


async def test_one_week_that_nobody_tells_is_no_answer(tmp_path: Path) -> None:
    matrix = {"status": "success", "data": {"resultType": "matrix", "result": []}}
    said = [
        Said(200, matrix),
        Said(429, {"error": {"code": "Throttled", "message": "slow"}}, {"Retry-After": "9"}),
    ]
    spans = tuple((NOW - n * WEEK, NOW - n * WEEK + MINUTE) for n in (2, 1))
    async with stub(tmp_path, {("POST", "/query_range"): said}) as (server, connection):
        probe = GatePast(at(KUBELET, server.base), BLUE, spans)
        found = (await AzureWorld(connection).observe(FLEET, frozenset({probe}), NOW))[probe]
    assert isinstance(found, Unavailable)
    assert "slow" in found.because
    assert found.after_seconds == 9
