"""A gate is asked about a time that is over, by whoever may apply a fleet file, and nothing comes of it."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

import jsonschema
import pytest

from shared.api import openapi
from shared.api.pasts import SAMPLES_MAX
from shared.fleet import Fleet
from shared.fleet_file.asked_past import asked_of
from shared.model import Sample
from shared.probes import Answer, GateReading, Probe, Reading, Unavailable
from tests.api.conftest import Client, content
from tests.fleets import ERRORS, FLEET

METRIC = {
    "name": "failed-requests",
    "source": "metrics",
    "target": "gateway",
    "namespace": "Microsoft.Network/applicationGateways",
    "metric": "FailedRequests",
    "aggregation": "Total",
}


def minute(client: Client, ago: int) -> str:
    """The start of the minute so many ago."""
    return (
        (client.rig.clock.at - timedelta(minutes=ago)).isoformat(timespec="minutes").replace("+00:00", ":00Z")
    )


async def asked(client: Client, gate: Any = METRIC, **more: Any) -> Any:
    body = {"gate": gate, "slot": "blue", "since": minute(client, 20), "until": minute(client, 5), **more}
    return await client.call(client.api.read_past, body, fleet="contoso")


async def test_the_samples_of_that_time_are_told_with_the_query_as_it_was_sent(client: Client) -> None:
    body = content(got := await asked(client))
    assert got.status == 200
    jsonschema.validate(body, openapi.document("0")["components"]["schemas"]["PastReading"] | _COMPONENTS)
    times = [sample["at"] for sample in body["samples"]]
    assert (len(times), times[0]) == (15, body["since"])
    assert body["until"] == minute(client, 5)
    assert (body["unavailable"], "FailedRequests" in body["source"]) == (None, True)


async def test_a_gates_rules_do_not_matter_and_may_be_there(client: Client) -> None:
    got = await asked(client, {**METRIC, "max": 3, "window": "10m", "min_samples": 5})
    assert content(got)["samples"] == content(await asked(client))["samples"]


async def test_a_day_ago_is_told_like_the_last_minutes(client: Client) -> None:
    body = content(await asked(client, since=minute(client, 2880), until=minute(client, 1440)))
    assert (body["unavailable"], len(body["samples"])) == (None, 1440)
    assert body["samples"][-1]["at"] == minute(client, 1441)


async def test_every_mistake_is_told_at_once(client: Client) -> None:
    gate = {**METRIC, "target": "cluster", "colour": "red"}
    del gate["aggregation"]
    got = await asked(client, gate, slot="red", since="today", until="2026-11-21T09:00:30Z", weight=1)
    assert got.status == 400
    wrong = {each["path"]: each["expected"] for each in content(got)["mistakes"]}
    assert set(wrong) == {"gate.target", "gate.colour", "gate.aggregation", "since", "until", "weight"}
    assert wrong["since"] == "a whole minute in UTC such as 2026-11-21T09:00:00Z"


@pytest.mark.parametrize(
    ("more", "path", "expected"),
    [
        ({"slot": "red"}, "slot", "one of blue, green"),
        ({"since": "2026-11-19T09:00:00Z"}, "until", "a time after since, by a day at most"),
        ({"since": "2026-11-21T09:25:00Z"}, "until", "a time after since, by a day at most"),
        (
            {"until": "2026-11-21T09:29:00Z"},
            "until",
            "2026-11-21T09:28:00Z at the latest: newer data has not",
        ),
        (
            {"until": "2026-11-21T19:29:00Z"},
            "until",
            "2026-11-21T09:28:00Z at the latest: newer data has not",
        ),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    client: Client, more: dict[str, Any], path: str, expected: str
) -> None:
    found = content(await asked(client, **more))["mistakes"]
    assert [(each["path"], expected in each["expected"]) for each in found] == [(path, True)], found


class Watched:
    """A world that answers, and remembers what it was asked."""

    def __init__(self, answer: Answer | None) -> None:
        self.answer = answer
        self.seen: list[tuple[Probe, datetime]] = []

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> dict[Probe, Answer]:
        """The one answer to everything."""
        self.seen += [(probe, now) for probe in probes]
        return {} if self.answer is None else dict.fromkeys(probes, self.answer)

    async def perform(self, *_: object, **__: object) -> str | None:
        """Nothing may come to this."""
        raise AssertionError("a question about the past changes nothing")


def over(client: Client, answer: Answer | None) -> Watched:
    client.api._world = world = Watched(answer)
    return world


QUERY = "Requests | summarize value = count() by bin(TimeGenerated, 1m)"
LOAD_TESTS = "https://a.westeurope.cnt-prod.loadtesting.azure.com"
PRESENT = [
    ({"name": "g", "source": "http", "path": "/healthz"}, "answers for the present alone"),
    ({"name": "g", "source": "webhook", "webhook": {"url": "https://a.contoso.com/x"}}, "a hook answers"),
    (
        {"name": "g", "source": "kubernetes", "kubernetes": {"check": "deployments_available"}},
        "a check in the cluster",
    ),
    ({"name": "g", "source": "alerts", "target": "cluster"}, "which alerts fired"),
    ({"name": "g", "source": "resource_health", "target": "cluster"}, "Resource Health"),
    (
        {
            "name": "g",
            "source": "load_test",
            "load_test": {"endpoint": LOAD_TESTS, "test": "peak", "baseline_run": "live"},
        },
        "a load test is begun",
    ),
    (
        {
            "name": "g",
            "source": "logs",
            "target": "cluster",
            "query": f"{QUERY} | where TimeGenerated > ago(5m)",
        },
        "counts back from the present, by ago()",
    ),
]


@pytest.mark.parametrize(("gate", "because"), PRESENT, ids=lambda each: str(each)[:40])
async def test_what_tells_of_the_present_alone_or_begins_something_is_never_asked(
    client: Client, gate: dict[str, Any], because: str
) -> None:
    world = over(client, None)
    found = content(await asked(client, gate))["mistakes"]
    assert [each["path"] for each in found] == ["gate"], found
    assert because in found[0]["expected"]
    assert world.seen == []


async def test_only_the_gates_own_data_of_that_time_is_asked_for(client: Client) -> None:
    world = over(client, Unavailable("it is busy"))
    await asked(client, {**METRIC, "ingestion": "4m"})
    ((probe, now),) = world.seen
    assert isinstance(probe, GateReading)
    assert (probe.gate.window_seconds, probe.since, probe.asking) == (900, None, None)
    assert now - timedelta(minutes=4) == client.rig.clock.at - timedelta(minutes=5)


@pytest.mark.parametrize(
    ("answer", "because"),
    [
        (Unavailable("Azure Monitor is busy", after_seconds=60), "Azure Monitor is busy"),
        (None, "it was not observed"),
    ],
)
async def test_what_the_source_cannot_say_is_told_and_is_no_silence(
    client: Client, answer: Answer | None, because: str
) -> None:
    over(client, answer)
    body = content(got := await asked(client))
    assert (got.status, body["samples"], body["unavailable"]) == (200, [], because)


async def test_more_samples_than_a_day_has_minutes_are_not_told(client: Client) -> None:
    at = client.rig.clock.at
    over(client, Reading((Sample(at=at, value=1.0),) * (SAMPLES_MAX + 1), "T", at, at))
    body = content(await asked(client))
    assert body["samples"] == []
    assert body["unavailable"] == (
        "it gives 20001 samples, and 20000 are as many as are told at once: sum them up"
    )


async def test_the_log_says_who_asked(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "switchyard.api"):
        await asked(client)
    assert "olivia@contoso.com reads failed-requests on blue of contoso" in caplog.text


async def test_a_fleet_that_is_not_applied_is_not_asked_about(client: Client) -> None:
    got = await client.call(client.api.read_past, {}, fleet="another")
    assert got.status == 404


@pytest.mark.parametrize("gate", [*FLEET.gates.platform, ERRORS], ids=lambda gate: gate.name)
async def test_a_gate_of_an_applied_fleet_is_asked_in_the_files_words(client: Client, gate: Any) -> None:
    name = gate.name.replace("_", "-")
    assert content(await asked(client, {**asked_of(gate), "name": name}))["unavailable"] is None


_COMPONENTS = {"components": openapi.document("0")["components"]}
