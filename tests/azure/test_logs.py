"""Log queries by resource and by workspace: whom they ask, over which window, and what is no whole answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.azure.world import AzureWorld
from shared.fleet import Gate, Source, Target
from shared.gates import judge
from shared.model import Verdict
from shared.probes import Answer, GateReading, Reading, Unavailable
from tests.azure.stub import Said, stub
from tests.fleets import ERRORS, FLEET, GREEN
from tests.sources import APP, COMPONENT, PODS, PODS_BY_ID, WORKSPACE, WORKSPACE_ID
from tests.wire_faults.sentences import faults_of
from tests.world.manual_clock import START

PATHS = {
    "failed-share": FLEET.slot(GREEN).cluster_id,
    "pods": WORKSPACE,
    "pods-by-id": f"/workspaces/{WORKSPACE_ID}",
    "app-failures": COMPONENT,
}
FORMS = [ERRORS, PODS, PODS_BY_ID, APP]
NOW = START + timedelta(minutes=30, seconds=40)
forms = pytest.mark.parametrize("gate", FORMS, ids=lambda gate: gate.name)


def table(*minutes: int, values: Sequence[float] = (), error: Any = None) -> dict[str, Any]:
    """Rows that say these values, or 0, so many minutes after the start."""
    said = zip(minutes, values or [0.0] * len(minutes), strict=True)
    rows = [[(START + timedelta(minutes=minute)).isoformat(), value] for minute, value in said]
    columns = [{"name": "TimeGenerated", "type": "datetime"}, {"name": "value", "type": "real"}]
    body: dict[str, Any] = {"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]}
    return body if error is None else body | {"error": error}


async def ask(
    directory: Path, gate: Gate, said: Said, since: datetime | None = None
) -> tuple[Answer, list[tuple[str, str, Any]]]:
    """What a query on the candidate gives, and the requests behind it."""
    async with stub(directory, {("POST", "/query"): [said]}) as (server, connection):
        probe = GateReading(gate, GREEN, since)
        return (await AzureWorld(connection).observe(FLEET, frozenset({probe}), NOW))[probe], server.requests


@forms
async def test_a_query_is_asked_of_what_the_gate_names_and_ends_as_long_ago_as_its_data_is_late(
    tmp_path: Path, gate: Gate
) -> None:
    answer, ((method, path, body),) = await ask(tmp_path, gate, Said(200, table(22)))
    assert (method, path) == ("POST", f"/v1{PATHS[gate.name]}/query")
    ends = START + timedelta(minutes=30, seconds=-gate.ingestion_seconds)
    assert body["timespan"].endswith(f"/{ends:%Y-%m-%dT%H:%M:%S}.000Z")
    assert body.keys() == {"query", "timespan"}
    assert isinstance(answer, Reading)
    assert answer.until == ends


@forms
async def test_a_row_that_is_newer_than_what_can_be_complete_is_not_judged(
    tmp_path: Path, gate: Gate
) -> None:
    answer, _ = await ask(tmp_path, gate, Said(200, table(29, 30, 31)))
    assert judge(gate, GREEN, answer, NOW).verdict is Verdict.NO_DATA


@pytest.mark.parametrize("since", [None, START + timedelta(minutes=14)], ids=["window", "since"])
async def test_a_bin_of_which_a_part_is_outside_of_the_window_is_not_judged(
    tmp_path: Path, since: datetime | None
) -> None:
    """20 rows a minute, and always the same: of the bins of 10 and of 25 past the window has a part each."""
    gate = Gate(
        name="steady",
        source=Source.LOGS,
        target=Target.CLUSTER,
        query="T | summarize value = count() by bin(TimeGenerated, 5m)",
        min_value=100,
        min_samples=2,
        window_seconds=900,
    )
    begins = 14 if since else 13
    counts = {10: 20 * (15 - begins), 15: 100, 20: 100, 25: 60}
    answer, _ = await ask(tmp_path, gate, Said(200, table(*counts, values=[*counts.values()])), since)
    assert isinstance(answer, Reading)
    assert (answer.since.minute, answer.until.minute) == (begins, 28)
    assert [each.at.minute for each in answer.samples] == [15, 20]
    assert judge(gate, GREEN, answer, NOW).verdict is Verdict.PASS


@forms
@pytest.mark.parametrize(
    "error",
    [
        {"code": "PartialError", "message": "There were some errors when processing your query."},
        {"code": "PartialError", "message": "No.", "details": [{"code": "E_LOW_MEMORY", "message": "Full."}]},
        {"code": "PartialError", "message": "No.", "innererror": {"code": "E_TOO_LARGE", "message": "Many."}},
        {"message": "Something went wrong."},
        {},
        [],
        "PartialFailure",
    ],
    ids=str,
)
async def test_rows_with_an_error_beside_them_are_no_answer(tmp_path: Path, gate: Gate, error: Any) -> None:
    answer, _ = await ask(tmp_path, gate, Said(200, table(22, 23, 24, error=error)))
    assert isinstance(answer, Unavailable)
    assert "the query gave a partial result" in answer.because
    assert not faults_of(answer.because)
    assert judge(gate, GREEN, answer, NOW).verdict is Verdict.PROVIDER_ERROR


@forms
async def test_a_count_without_a_time_is_no_answer_though_it_is_within_the_limit(
    tmp_path: Path, gate: Gate
) -> None:
    columns = [{"name": "value", "type": "long"}]
    body = {"tables": [{"name": "PrimaryResult", "columns": columns, "rows": [[0]]}]}
    answer, _ = await ask(tmp_path, gate, Said(200, body))
    judgement = judge(msgspec.structs.replace(gate, min_samples=1), GREEN, answer, NOW)
    assert judgement.verdict is Verdict.PROVIDER_ERROR
    assert "must give a column 'TimeGenerated', it gives value" in judgement.because


@forms
async def test_a_workspace_that_is_not_there_or_may_not_be_asked_is_nobodys_fault(
    tmp_path: Path, gate: Gate
) -> None:
    for status, code in ((404, "WorkspaceNotFoundError"), (403, "InsufficientAccessError")):
        answer, _ = await ask(tmp_path, gate, Said(status, {"error": {"code": code, "message": "No."}}))
        assert isinstance(answer, Unavailable)
        assert f"{code}: No" in answer.because


@forms
async def test_a_table_that_is_not_there_yet_has_no_data(tmp_path: Path, gate: Gate) -> None:
    inner = {"code": "SEM0100", "message": "'where' operator: Failed to resolve table 'AppRequests'"}
    error = {"code": "BadArgumentError", "message": "No.", "innererror": {"code": "X", "innererror": inner}}
    answer, _ = await ask(tmp_path, gate, Said(400, {"error": error}))
    assert isinstance(answer, Reading)
    assert answer.samples == ()
