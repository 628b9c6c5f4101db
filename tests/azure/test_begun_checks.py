"""Checks in a cluster and load tests: begun once, read later, and never a pass without evidence."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.azure.kubernetes import ClusterChecks
from shared.azure.load_test import LoadTests
from shared.azure.world import AzureWorld
from shared.check_rules import LIVE_RUN, ClusterCheck, LoadMeasure, LoadTest, Objects
from shared.errors import Refused, Retry
from shared.fleet import Gate, Source, Target
from shared.gates import judge
from shared.model import Verdict
from shared.probes import GateReading, Reading, Unavailable
from tests.azure.asking import ASKING, gate
from tests.azure.stub import Said, stub
from tests.fleets import BLUE, FLEET, GREEN
from tests.world.manual_clock import START

CLUSTER = FLEET.slot(GREEN).cluster_id
ALERTS = Gate(name="alerts", source=Source.ALERTS, target=Target.CLUSTER, max_value=0, min_samples=1)
HEALTH = msgspec.structs.replace(ALERTS, name="health", source=Source.RESOURCE_HEALTH)


PODS = ClusterCheck(objects=Objects.PODS_READY, namespace="shop", selector="app=shop")
TAKEN = Said(202, None, {"Location": f"{{base}}{CLUSTER}/commandResults/c-2?api-version=2026-08-01"})
PLAIN = Said(200, {"properties": {"provisioningState": "Succeeded", "aadProfile": None}})


def ran(logs: str, minutes: float = 1, exit_code: int = 0) -> Said:
    """A command that ended so long after the question."""
    began, ended = (START + timedelta(minutes=minutes), START + timedelta(minutes=minutes, seconds=9))
    properties = {
        "provisioningState": "Succeeded",
        "exitCode": exit_code,
        "startedAt": began.isoformat(),
        "finishedAt": ended.isoformat(),
        "logs": logs,
    }
    return Said(200, {"id": "c", "properties": properties})


async def check(
    directory: Path, result: Said | None, *receipts: str, minutes: float = 1.5
) -> tuple[Reading, list[Any]]:
    """The reading of pods on the candidate, and the commands that were sent for it."""
    script = {("POST", "/runCommand"): [TAKEN], ("GET", "/aks-green"): [PLAIN]}
    if result is not None:
        script["GET", "/commandResults/c-1"] = [result]
    async with stub(directory, script) as (server, connection):
        asking = msgspec.structs.replace(ASKING, receipts=receipts)
        probe = GateReading(gate(Source.KUBERNETES, PODS), GREEN, START, asking)
        now = START + timedelta(minutes=minutes)
        reading = await ClusterChecks(connection).observe(FLEET, probe, now)
        return reading, [body["command"] for method, _, body in server.requests if method == "POST"]


async def test_a_check_in_a_cluster_is_begun_once_and_read_later(tmp_path: Path) -> None:
    begun, commands = await check(tmp_path, None)
    assert (begun.samples, begun.receipts, begun.again_seconds) == ((), ("c-2",), 10)
    assert len(commands) == 1
    asked = "kubectl get pods --namespace=shop --selector='app=shop' --output=jsonpath="
    assert commands[0].startswith(asked)
    running, none = await check(tmp_path, Said(202, None, {"Location": "https://localhost/x"}), "c-1")
    assert (running.samples, running.receipts, none) == ((), ("c-1",), [])
    ended, none = await check(tmp_path, ran("a\tRunning\tTrue\nb\tSucceeded\tFalse\nswitchyard-end\n"), "c-1")
    assert [sample.value for sample in ended.samples] == [0]
    assert (ended.receipts, none) == (("c-1",), [])


async def test_pods_that_are_not_ready_are_counted_and_named(tmp_path: Path) -> None:
    reading, _ = await check(
        tmp_path, ran("a\tRunning\tTrue\nb\tRunning\tFalse\nc\tPending\t\nswitchyard-end\n"), "c-1"
    )
    judged = judge(gate(Source.KUBERNETES, PODS), GREEN, reading, START)
    assert (judged.verdict, judged.value) == (Verdict.FAIL, 1)
    assert judged.because.endswith("not ready: b")


@pytest.mark.parametrize("logs", ["switchyard-end\n", "a\tPending\t\nswitchyard-end\n"])
async def test_no_pod_and_a_pod_on_its_way_are_no_evidence(tmp_path: Path, logs: str) -> None:
    reading, _ = await check(tmp_path, ran(logs), "c-1")
    assert judge(gate(Source.KUBERNETES, PODS), GREEN, reading, START).verdict is Verdict.NO_DATA


@pytest.mark.parametrize(
    "result",
    [
        ran("a\tRunning\tTrue\n"),
        ran("a\tRunning\nswitchyard-end\n"),
        ran("", exit_code=0),
        ran("a\tRunning\tTrue\nswitchyard-end\n", exit_code=1),
    ],
)
async def test_output_that_was_cut_and_a_command_that_failed_are_no_pass(
    tmp_path: Path, result: Said
) -> None:
    with pytest.raises(Retry):
        await check(tmp_path, result, "c-1")


async def test_a_command_that_never_ran_is_given_again_and_the_sentence_says_why(tmp_path: Path) -> None:
    never = Said(200, {"properties": {"provisioningState": "Failed", "reason": "no node took the pod"}})
    reading, commands = await check(tmp_path, never, "c-1")
    assert (reading.samples, reading.receipts, len(commands)) == ((), ("c-2",), 1)
    assert "no node took the pod; another one runs" in reading.because


async def test_a_result_that_is_older_than_the_window_does_not_speak_for_one_that_hangs(
    tmp_path: Path,
) -> None:
    script = {
        ("GET", "/commandResults/c-1"): [ran("a\tRunning\tTrue\nswitchyard-end\n")],
        ("GET", "/commandResults/c-2"): [Said(202, None, {"Location": "https://localhost/x"})],
    }
    asking = msgspec.structs.replace(ASKING, receipts=("c-1", "c-2"))
    probe = GateReading(gate(Source.KUBERNETES, PODS), GREEN, START, asking)
    async with stub(tmp_path, script) as (_, connection):
        checks = ClusterChecks(connection)
        soon = await checks.observe(FLEET, probe, START + timedelta(minutes=4))
        late = await checks.observe(FLEET, probe, START + timedelta(minutes=10))
    assert [sample.value for sample in soon.samples] == [0]
    assert (late.samples, late.receipts) == ((), ("c-1", "c-2"))


async def test_a_result_of_before_the_question_is_asked_anew(tmp_path: Path) -> None:
    reading, commands = await check(
        tmp_path, ran("a\tRunning\tTrue\nswitchyard-end\n", minutes=-1), "c-1", minutes=0.5
    )
    assert (reading.samples, reading.receipts, len(commands)) == ((), ("c-2",), 1)


async def test_an_old_result_speaks_until_the_next_command_has_ended(tmp_path: Path) -> None:
    logs = "a\tRunning\tTrue\nswitchyard-end\n"
    reading, commands = await check(tmp_path, ran(logs), "c-1", minutes=4)
    assert [sample.value for sample in reading.samples] == [0]
    assert (reading.receipts, len(commands)) == (("c-1", "c-2"), 1)


async def test_a_command_that_the_cluster_has_forgotten_is_given_again(tmp_path: Path) -> None:
    gone = Said(404, {"error": {"code": "NotFound", "message": "the command could not be found"}})
    reading, commands = await check(tmp_path, gone, "c-1")
    assert (reading.receipts, len(commands)) == (("c-2",), 1)


LOAD = LoadTest(endpoint="https://unused.example", test_id="shop", baseline_run="stored-1")
NO_RUN = Said(404, {"error": {"code": "TestRunNotFound", "message": "no such run"}})


def run(status: str, **more: Any) -> Said:
    """A run as the service tells it."""
    total = {"transaction": "Total", "sampleCount": 900, "errorPct": 2.5, "pct2ResTime": 180.0}
    end = (START + timedelta(minutes=4)).isoformat()
    body = {
        "testRunId": "r",
        "testId": "shop",
        "status": status,
        "endDateTime": end,
        "testRunStatistics": {"Total": total},
    }
    return Said(200, {**body, **more})


async def load(
    directory: Path, answers: dict[str, list[Said]], test: LoadTest = LOAD, slot: Any = GREEN
) -> tuple[Reading, list[tuple[str, str, Any]]]:
    """The reading of a load test, and the requests behind it."""
    script: dict[tuple[str, str], list[Said]] = {(method, ""): said for method, said in answers.items()}
    async with stub(directory, script) as (server, connection):
        connection.load_tests_endpoint = server.base
        probe = GateReading(gate(Source.LOAD_TEST, test), slot, START, ASKING)
        return await LoadTests(connection).observe(FLEET, probe, START), server.requests


async def test_a_load_test_is_started_under_an_id_of_ours_and_found_again(tmp_path: Path) -> None:
    started = {"GET": [NO_RUN], "PATCH": [run("ACCEPTED", testRunStatistics=None)]}
    first, requests = await load(tmp_path, started)
    (_, asked, _), (_, ordered, body) = requests
    assert (asked, first.samples, first.again_seconds) == (ordered, (), 30)
    assert body["testId"] == "shop"
    assert body["environmentVariables"] == {"SWITCHYARD_HOST": "aks-green.contoso.com"}
    _, again = await load(tmp_path, {"GET": [run("EXECUTING")]})
    assert [(method, path) for method, path, _ in again] == [("GET", asked)]


async def test_a_run_that_is_done_gives_what_it_measured(tmp_path: Path) -> None:
    p95, _ = await load(tmp_path, {"GET": [run("DONE", testResult="PASSED")]})
    assert [(sample.value, sample.requests) for sample in p95.samples] == [(180, 900)]
    share = msgspec.structs.replace(LOAD, measure=LoadMeasure.ERROR_SHARE)
    errors, _ = await load(tmp_path, {"GET": [run("DONE", testResult="NOT_APPLICABLE")]}, share)
    assert [sample.value for sample in errors.samples] == [0.025]


async def test_the_end_of_a_run_without_a_zone_is_in_utc(tmp_path: Path) -> None:
    end = (START + timedelta(minutes=4)).replace(tzinfo=None).isoformat()
    reading, _ = await load(tmp_path, {"GET": [run("DONE", endDateTime=end)]})
    assert [sample.at for sample in reading.samples] == [START + timedelta(minutes=4)]


async def test_a_run_that_fails_by_its_own_criteria_fails_whatever_it_measured(tmp_path: Path) -> None:
    reading, _ = await load(tmp_path, {"GET": [run("DONE", testResult="FAILED")]})
    generous = msgspec.structs.replace(gate(Source.LOAD_TEST, LOAD), max_value=1e9)
    judged = judge(generous, GREEN, reading, START)
    assert judged.verdict is Verdict.FAIL
    assert "its own criteria" in judged.because


async def test_the_live_slot_is_spoken_for_by_a_stored_run_and_no_load_is_put_on_it(tmp_path: Path) -> None:
    reading, requests = await load(tmp_path, {"GET": [run("DONE")]}, slot=BLUE)
    assert [(method, path) for method, path, _ in requests] == [("GET", "/test-runs/stored-1")]
    assert [sample.value for sample in reading.samples] == [180]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (run("DONE", testResult="FAILED"), "stored-1 did not meet the test's own criteria"),
        (run("DONE", testId="checkout"), "stored-1 is of the test 'checkout', not of shop"),
        (run("DONE", testId=None), "stored-1 is of the test '', not of shop"),
        (NO_RUN, "there is no load test run stored-1"),
    ],
)
async def test_a_stored_run_that_cannot_speak_for_live_is_no_baseline(
    tmp_path: Path, said: Said, words: str
) -> None:
    with pytest.raises(Refused, match=words):
        await load(tmp_path, {"GET": [said]}, slot=BLUE)


async def test_a_stored_run_that_is_still_under_way_gives_no_baseline_yet(tmp_path: Path) -> None:
    reading, requests = await load(tmp_path, {"GET": [run("EXECUTING")]}, slot=BLUE)
    assert (reading.samples, len(requests)) == ((), 1)


async def test_a_run_of_live_itself_is_started_once_and_speaks_for_it(tmp_path: Path) -> None:
    live = msgspec.structs.replace(LOAD, baseline_run=LIVE_RUN)
    started = {"GET": [NO_RUN], "PATCH": [run("ACCEPTED", testRunStatistics=None)]}
    _, requests = await load(tmp_path, started, live, BLUE)
    (_, asked, _), (_, ordered, body) = requests
    assert asked == ordered
    assert body["environmentVariables"] == {"SWITCHYARD_HOST": "aks-blue.contoso.com"}
    done, _ = await load(tmp_path, {"GET": [run("DONE")]}, live, BLUE)
    assert [sample.value for sample in done.samples] == [180]


@pytest.mark.parametrize(
    "said",
    [
        run("FAILED", errorDetails=[{"message": "no engine"}]),
        run("CANCELLED"),
        run("VALIDATION_FAILURE"),
        run("SLEEPING"),
        Said(200, {"testRunId": "r"}),
        Said(404, {"error": {"code": "ResourceGone"}}),
        Said(500, {"error": {"code": "InternalServerError", "message": "x"}}),
    ],
)
async def test_a_run_that_came_to_nothing_is_the_providers_trouble(tmp_path: Path, said: Said) -> None:
    async with stub(tmp_path, {("GET", ""): [said]}) as (server, connection):
        connection.load_tests_endpoint = server.base
        probe = GateReading(gate(Source.LOAD_TEST, LOAD), GREEN, START, ASKING)
        seen = (await AzureWorld(connection).observe(FLEET, frozenset({probe}), START))[probe]
    assert isinstance(seen, Unavailable), seen


async def test_a_run_without_measurements_has_no_data(tmp_path: Path) -> None:
    reading, _ = await load(tmp_path, {"GET": [run("DONE", testRunStatistics={})]})
    assert judge(gate(Source.LOAD_TEST, LOAD), GREEN, reading, START).verdict is Verdict.NO_DATA
