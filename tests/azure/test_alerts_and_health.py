"""Alerts that fire and what Resource Health says: nothing that cannot be read is an all-clear."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.azure.alerts import Alerts
from shared.azure.resource_health import ResourceHealth
from shared.check_rules import AlertFilter
from shared.errors import Retry
from shared.fleet import Gate, Source, Target
from shared.gates import judge
from shared.model import Verdict
from shared.probes import GateReading, Reading
from tests.azure.asking import ASKING
from tests.azure.stub import Said, stub
from tests.fleets import FLEET, GREEN
from tests.world.manual_clock import START

CLUSTER = FLEET.slot(GREEN).cluster_id
ALERTS = Gate(
    name="alerts",
    source=Source.ALERTS,
    target=Target.CLUSTER,
    max_value=0,
    min_samples=1,
    ingestion_seconds=0,
)
HEALTH = msgspec.structs.replace(ALERTS, name="health", source=Source.RESOURCE_HEALTH)


def alert(name: str, minutes: float, **more: str) -> dict[str, Any]:
    """An alert that fired so many minutes after the rollout began, as the service tells it."""
    at = (ASKING.started_at + timedelta(minutes=minutes)).isoformat()
    essentials = {
        "severity": "Sev1",
        "monitorCondition": "Fired",
        "alertState": "New",
        "startDateTime": at,
        "alertRule": f"/subscriptions/s/resourceGroups/g/providers/microsoft.insights/metricAlerts/{name}",
        "targetResource": CLUSTER,
        **more,
    }
    return {"name": name, "id": "/a", "properties": {"essentials": essentials, "context": {"x": None}}}


async def alerts(directory: Path, pages: list[Any], check: AlertFilter | None = None) -> Reading:
    """The reading of alerts on the candidate's cluster."""
    script = {("GET", "/alerts"): [Said(200, page) for page in pages]}
    async with stub(directory, script) as (server, connection):
        for page in pages:
            if isinstance(page, dict) and page.get("nextLink"):
                page["nextLink"] = server.base + page["nextLink"]
        asked = msgspec.structs.replace(ALERTS, check=check)
        reading = await Alerts(connection).observe(FLEET, GateReading(asked, GREEN, START, ASKING), START)
        assert server.queries[0]["monitorCondition"] == "Fired"
        assert server.queries[0]["targetResource"] == CLUSTER
        return reading


async def test_alerts_that_fire_are_counted_and_named_over_all_pages(tmp_path: Path) -> None:
    link = f"{CLUSTER}/providers/Microsoft.AlertsManagement/alerts?ctoken=%2bRID"
    pages = [{"value": [alert("cpu", 1)], "nextLink": link}, {"value": [alert("memory", 2)]}]
    reading = await alerts(tmp_path, pages)
    judged = judge(ALERTS, GREEN, reading, START)
    assert (judged.verdict, judged.value) == (Verdict.FAIL, 2)
    assert "cpu (Sev1" in judged.because
    assert "memory (Sev1" in judged.because


async def test_an_alert_of_before_the_rollout_and_one_that_was_closed_are_left_out_and_named(
    tmp_path: Path,
) -> None:
    value = [alert("old", -30), alert("handled", 5, alertState="Closed")]
    value.append(alert("over", 5, monitorCondition="Resolved"))
    judged = judge(ALERTS, GREEN, await alerts(tmp_path, [{"value": value}]), START)
    assert (judged.verdict, judged.value) == (Verdict.PASS, 0)
    assert "they fired before the rollout began: old" in judged.because
    assert "somebody closed them: handled" in judged.because
    assert "over" not in judged.because


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(0, Verdict.NO_DATA), (299, Verdict.NO_DATA), (300, Verdict.PASS)]
)
async def test_that_none_fires_says_nothing_before_one_could(
    tmp_path: Path, seconds: float, verdict: Verdict
) -> None:
    late = msgspec.structs.replace(ALERTS, ingestion_seconds=300)
    now = START + timedelta(seconds=seconds)
    async with stub(tmp_path, {("GET", "/alerts"): [Said(200, {"value": [alert("old", -30)]})]}) as (_, on):
        reading = await Alerts(on).observe(FLEET, GateReading(late, GREEN, START, ASKING), now)
    judged = judge(late, GREEN, reading, now)
    assert judged.verdict is verdict
    assert [sample.at for sample in reading.samples] == ([START] if verdict is Verdict.PASS else [])
    assert "they fired before the rollout began: old" in judged.because
    assert verdict is Verdict.PASS or "none fires yet, and one may take 5 min to" in judged.because


async def test_a_question_about_the_present_is_answered_as_of_when_an_alert_could_have_come(
    tmp_path: Path,
) -> None:
    late = msgspec.structs.replace(ALERTS, ingestion_seconds=300)
    just_begun = msgspec.structs.replace(ASKING, started_at=START)
    async with stub(tmp_path, {("GET", "/alerts"): [Said(200, {"value": []})]}) as (_, on):
        reading = await Alerts(on).observe(FLEET, GateReading(late, GREEN, None, just_begun), START)
    assert judge(late, GREEN, reading, START).verdict is Verdict.PASS
    assert (reading.since, reading.until) == (START - timedelta(minutes=5), START - timedelta(minutes=5))


async def test_one_that_fires_counts_at_once(tmp_path: Path) -> None:
    late = msgspec.structs.replace(ALERTS, ingestion_seconds=300)
    async with stub(tmp_path, {("GET", "/alerts"): [Said(200, {"value": [alert("cpu", 1)]})]}) as (_, on):
        reading = await Alerts(on).observe(FLEET, GateReading(late, GREEN, START, ASKING), START)
    judged = judge(late, GREEN, reading, START)
    assert (judged.verdict, judged.value) == (Verdict.FAIL, 1)


@pytest.mark.parametrize(
    "more", [{"severity": "Critical"}, {"monitorCondition": "Unheard-Of"}, {"severity": "sev1"}], ids=str
)
async def test_an_alert_in_words_that_nobody_knows_is_not_left_out(
    tmp_path: Path, more: dict[str, str]
) -> None:
    with pytest.raises(Retry, match="not of the form"):
        await alerts(tmp_path, [{"value": [alert("cpu", 1, **more)]}], AlertFilter(severities=("Sev1",)))


async def test_an_alert_that_does_not_say_its_rule_may_be_of_any(tmp_path: Path) -> None:
    check = AlertFilter(rules=("memory",))
    reading = await alerts(tmp_path, [{"value": [alert("cpu", 1), alert("x", 1, alertRule="")]}], check)
    assert [sample.value for sample in reading.samples] == [1]


async def test_only_the_severities_and_rules_that_are_asked_for_count(tmp_path: Path) -> None:
    value = [alert("cpu", 1), alert("disk", 1, severity="Sev4"), alert("memory", 1)]
    check = AlertFilter(severities=("Sev0", "Sev1"), rules=("CPU", "disk"))
    reading = await alerts(tmp_path, [{"value": value}], check)
    assert [sample.value for sample in reading.samples] == [1]


@pytest.mark.parametrize(
    "rule",
    [
        "cpu-*",
        "*-HIGH",
        "*",
        "/SUBSCRIPTIONS/s/resourceGroups/g/providers/microsoft.insights/metricAlerts/cpu-high",
        "/subscriptions/s/resourceGroups/g/providers/microsoft.insights/metricAlerts/cpu-high/",
    ],
)
async def test_a_rule_is_named_as_in_the_fleets_own_alerts(tmp_path: Path, rule: str) -> None:
    check = AlertFilter(rules=("disk", rule))
    reading = await alerts(tmp_path, [{"value": [alert("cpu-high", 1)]}], check)
    assert [sample.value for sample in reading.samples] == [1]


async def test_a_pattern_takes_no_other_rule_along(tmp_path: Path) -> None:
    found = await alerts(tmp_path, [{"value": [alert("disk-high", 1)]}], AlertFilter(rules=("cpu-*", "disk")))
    assert [sample.value for sample in found.samples] == [0]


@pytest.mark.parametrize(
    "page",
    [
        {},
        {"value": None},
        {"value": [{"properties": {}}]},
        {"value": [alert("cpu", 1, startDateTime="soon")]},
        {"value": [alert("cpu", 1, startDateTime="2026-11-21T09:00:00")]},
        {"value": [], "nextLink": "/forever/alerts"},
    ],
)
async def test_a_list_of_alerts_that_cannot_be_read_is_no_all_clear(tmp_path: Path, page: Any) -> None:
    with pytest.raises(Retry):
        await alerts(tmp_path, [page] if "nextLink" not in page else [dict(page) for _ in range(5)])


def health(state: Any, **more: Any) -> dict[str, Any]:
    """Resource Health's answer."""
    return {"id": "/x", "properties": {"availabilityState": state, "title": state, **more}}


async def measure(directory: Path, body: Any) -> Reading:
    """The reading of the candidate's cluster's health."""
    async with stub(directory, {("GET", "/current"): [Said(200, body)]}) as (_, connection):
        probe = GateReading(HEALTH, GREEN, START)
        return await ResourceHealth(connection).observe(FLEET, probe, START + timedelta(minutes=5))


@pytest.mark.parametrize(
    ("state", "cause", "verdict", "words"),
    [
        ("Available", "", Verdict.PASS, ""),
        ("Degraded", "Platform Initiated", Verdict.FAIL, "Degraded, by Azure itself: slow"),
        ("Unavailable", "Customer Initiated", Verdict.FAIL, "by an order that somebody gave"),
        ("Unavailable", "", Verdict.FAIL, "for a reason that is not told"),
        ("Unknown", "", Verdict.NO_DATA, "Resource Health does not know how it is"),
    ],
)
async def test_what_is_out_counts_whoever_caused_it(
    tmp_path: Path, state: str, cause: str, verdict: Verdict, words: str
) -> None:
    at = (START + timedelta(minutes=4)).isoformat()
    reading = await measure(tmp_path, health(state, summary="slow", context=cause, reportedTime=at))
    judged = judge(HEALTH, GREEN, reading, START)
    assert judged.verdict is verdict
    assert words in judged.because


async def test_health_that_was_reported_before_the_question_is_no_evidence(tmp_path: Path) -> None:
    old = (START - timedelta(minutes=1)).isoformat()
    reading = await measure(tmp_path, health("Available", reportedTime=old))
    assert reading.samples == ()
    assert "before the gate was asked" in reading.because


@pytest.mark.parametrize("state", ["Available", "Degraded", "Unavailable"])
async def test_health_that_does_not_say_when_it_was_looked_at_is_no_evidence(
    tmp_path: Path, state: str
) -> None:
    for body in (health(state), health(state, reportedTime=None)):
        reading = await measure(tmp_path, body)
        assert reading.samples == ()
        assert "does not say when it last looked" in reading.because


@pytest.mark.parametrize("body", [health("Fine"), health(None), {}, {"properties": None}])
async def test_a_health_that_nobody_knows_is_no_health(tmp_path: Path, body: Any) -> None:
    with pytest.raises(Retry):
        await measure(tmp_path, body)
