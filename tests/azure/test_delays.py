"""How late each source is: what cannot be there yet is not asked for, and nothing tells more than it can."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from shared.fleet import Gate, Source, Target
from shared.gates import judge
from shared.model import Verdict
from shared.probes import Asking, GateReading, Reading
from tests.azure.asking import ASKING, gate
from tests.azure.rig import Rig, rig
from tests.fleets import BLUE, ERRORS, HEALTH, NODES
from tests.sources import APP, KUBELET, ORIGIN, PODS, PODS_BY_ID, WORLDWIDE, at
from tests.wire_faults.questions import HOOK, LOAD
from tests.wire_faults.questions import PODS as READY

MEASURED = [NODES, ORIGIN, ERRORS, PODS, PODS_BY_ID, APP, KUBELET]
"""Gates of the sources whose data comes late."""

PRESENT: dict[Source, Gate] = {
    Source.HTTP: HEALTH,
    Source.WEBHOOK: gate(Source.WEBHOOK, HOOK),
    Source.KUBERNETES: gate(Source.KUBERNETES, READY),
    Source.ALERTS: gate(Source.ALERTS, None, target=Target.GATEWAY),
    Source.RESOURCE_HEALTH: gate(Source.RESOURCE_HEALTH, None, target=Target.CLUSTER),
    Source.LOAD_TEST: gate(Source.LOAD_TEST, LOAD, max_value=1_000),
}
"""Gates of the sources that say how it is at present, or how it was when they looked."""


@pytest.fixture
async def it(tmp_path: Path) -> AsyncIterator[Rig]:
    """A world with levers that lie in no region, some time after its start and not at a whole minute."""
    async with rig(tmp_path, WORLDWIDE) as started:
        started.estate.clock.pass_seconds(45 * 60 + 25)
        yield started


def test_every_source_is_late_or_of_the_present() -> None:
    assert {each.source for each in MEASURED} | PRESENT.keys() == set(Source)


def ends(exchange: dict[str, Any]) -> datetime:
    """The end of the window that a request asks for."""
    query, body = parse_qs(urlsplit(exchange["url"]).query), exchange["request"] or {}
    if "end" in body:  # PromQL names the last minute that it wants, and not the one after
        return datetime.fromisoformat(body["end"]) + timedelta(minutes=1)
    span = body.get("timespan") or query.get("timespan", [""])[0]
    return datetime.fromisoformat(span.partition("/")[2] or query["endtime"][0])


@pytest.mark.parametrize("late", [0, 60, 120, 600])
@pytest.mark.parametrize("asked", MEASURED, ids=lambda asked: asked.name)
async def test_what_is_asked_for_ends_as_long_ago_as_the_data_is_late(
    it: Rig, asked: Gate, late: int
) -> None:
    tested = msgspec.structs.replace(at(asked, it.wire.prometheus_endpoint), ingestion_seconds=late)
    found = await it.see(GateReading(tested, BLUE))
    (exchange,) = it.exchanges()
    newest = it.estate.clock.now() - timedelta(seconds=late)
    assert ends(exchange) == newest.replace(second=0, microsecond=0)
    assert isinstance(found, Reading)
    assert found.until == ends(exchange)
    assert all(sample.at < found.until for sample in found.samples)


@pytest.mark.parametrize("asked", MEASURED, ids=lambda asked: asked.name)
async def test_a_question_asked_just_now_has_no_answer_yet(it: Rig, asked: Gate) -> None:
    tested = at(asked, it.wire.prometheus_endpoint)
    since = it.estate.clock.now() - timedelta(seconds=asked.ingestion_seconds)
    found = await it.see(GateReading(tested, BLUE, since))
    assert it.exchanges() == []
    assert judge(tested, BLUE, found, it.estate.clock.now()).verdict is Verdict.NO_DATA


def of_now(it: Rig, *receipts: str) -> Asking:
    """Who asks: a rollout whose candidate is the slot that runs."""
    began = it.estate.clock.now() - timedelta(hours=1)
    return msgspec.structs.replace(ASKING, candidate=BLUE, started_at=began, receipts=receipts)


@pytest.mark.parametrize("source", PRESENT)
async def test_what_is_told_of_the_present_is_never_of_before_the_question(it: Rig, source: Source) -> None:
    since, tested = it.estate.clock.now(), PRESENT[source]
    first = await it.see(GateReading(tested, BLUE, since, of_now(it)))
    assert isinstance(first, Reading), first
    it.estate.clock.pass_seconds(310)
    now = it.estate.clock.now()
    found = await it.see(GateReading(tested, BLUE, since, of_now(it, *(first.receipts or ()))))
    assert isinstance(found, Reading), found
    assert found.samples
    assert all(since <= sample.at <= now for sample in found.samples)
    assert judge(tested, BLUE, found, now).verdict is Verdict.PASS


@pytest.mark.parametrize("source", [Source.KUBERNETES, Source.LOAD_TEST])
async def test_what_has_to_be_begun_says_nothing_before_it_has_ended(it: Rig, source: Source) -> None:
    since, tested = it.estate.clock.now(), PRESENT[source]
    first = await it.see(GateReading(tested, BLUE, since, of_now(it)))
    assert isinstance(first, Reading)
    again = await it.see(GateReading(tested, BLUE, since, of_now(it, *(first.receipts or ()))))
    for found in (first, again):
        assert judge(tested, BLUE, found, since).verdict is Verdict.NO_DATA


async def test_an_all_clear_of_alerts_is_as_late_as_an_alert_may_be(it: Rig) -> None:
    late = msgspec.structs.replace(PRESENT[Source.ALERTS], ingestion_seconds=300)
    since = it.estate.clock.now()
    verdicts = []
    for seconds in (0, 299, 1):
        it.estate.clock.pass_seconds(seconds)
        found = await it.see(GateReading(late, BLUE, since, of_now(it)))
        verdicts.append(judge(late, BLUE, found, it.estate.clock.now()).verdict)
    assert verdicts == [Verdict.NO_DATA, Verdict.NO_DATA, Verdict.PASS]
