"""Which entry of the activity log says who changed a lever last."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from shared.azure.activity_log import CALLER_CHARACTERS_MAX
from shared.azure.world import AzureWorld
from shared.probes import Answer, LastWriter, Unavailable, WriterSeen
from tests.azure.stub import Said, stub
from tests.fleets import FLEET
from tests.fleets_balanced import PROFILE
from tests.world.manual_clock import START

LIVE = FLEET.live_records[0].resource_id
LEVER = PROFILE.shares_id
SOMEBODY = "somebody@contoso.com"
MINUTE = timedelta(minutes=1)


def entry(
    minute: int, caller: str | None = SOMEBODY, status: str = "Succeeded", operation: str = "A/write"
) -> dict[str, Any]:
    """An entry as the activity log has it."""
    found = {
        "caller": caller,
        "eventTimestamp": (START + minute * MINUTE).isoformat().replace("+00:00", ".1234560Z"),
        "operationName": {"value": f"Microsoft.Network/dnszones/{operation}", "localizedValue": "Write"},
        "status": {"value": status, "localizedValue": status},
    }
    return found if caller is not None else {name: value for name, value in found.items() if name != "caller"}


def at(minute: int) -> datetime:
    """When an entry of that minute was made: Azure writes ten millionths of a second."""
    return START + minute * MINUTE + timedelta(microseconds=123456)


async def asked(directory: Path, *pages: Any, lever: str = LIVE) -> Answer:
    """The answer where the log has these pages, each a list of entries."""
    script: dict[tuple[str, str], list[Said]] = {}
    for number, page in enumerate(pages):
        link = {"nextLink": f"{{base}}/page/{number + 1}"} if number + 1 < len(pages) else {}
        end = f"/page/{number}" if number else "/eventtypes/management/values"
        script["GET", end] = [Said(200, {"value": page, **link})]
    async with stub(directory, script) as (server, connection):
        for said in script.values():
            if "nextLink" in said[0].body:
                said[0].body["nextLink"] = said[0].body["nextLink"].replace("{base}", server.base)
        probe = LastWriter(lever, START, START + 60 * MINUTE)
        return (await AzureWorld(connection).observe(FLEET, frozenset({probe}), START + 60 * MINUTE))[probe]


@pytest.mark.parametrize(
    ("entries", "who", "minute"),
    [
        ([entry(5)], SOMEBODY, 5),
        ([entry(5, "first"), entry(9, "last"), entry(7, "middle")], "last", 9),
        ([entry(5, "wrote"), entry(9, "tried", "Failed")], "wrote", 5),
        ([entry(5, "wrote"), entry(9, "began", "Started")], "wrote", 5),
        ([entry(5, "wrote"), entry(9, "looked", operation="listKeys/action")], "wrote", 5),
        ([entry(5, "deleted", operation="A/delete")], "deleted", 5),
        ([entry(5, "wrote", "succeeded", "A/WRITE")], "wrote", 5),
        ([entry(5, "wrote"), entry(9, None)], "", 9),
        ([entry(5, "a\nb\tc")], "a b c", 5),
    ],
)
async def test_the_newest_change_that_succeeded_counts(
    tmp_path: Path, entries: list[Any], who: str, minute: int
) -> None:
    assert await asked(tmp_path, entries) == WriterSeen(who, at(minute))


@pytest.mark.parametrize("entries", [[], [entry(5, status="Failed")]])
async def test_a_log_without_a_change_names_nobody(tmp_path: Path, entries: list[Any]) -> None:
    assert await asked(tmp_path, entries) == WriterSeen()


async def test_the_newest_change_is_looked_for_on_every_page(tmp_path: Path) -> None:
    assert await asked(tmp_path, [entry(5, "first")], [entry(9, "last")], [entry(7)]) == WriterSeen(
        "last", at(9)
    )


async def test_more_pages_than_anybody_would_read_are_no_answer(tmp_path: Path) -> None:
    answer = await asked(tmp_path, *([entry(5)] for _ in range(12)))
    assert isinstance(answer, Unavailable)
    assert "more than 10 pages" in answer.because


async def test_a_query_arrives_as_it_was_meant(tmp_path: Path) -> None:
    lever = f"{LIVE}+&#'%20ä"
    async with stub(tmp_path, {("GET", "/values"): [Said(200, {"value": []})]}) as (server, connection):
        here = START.astimezone(timezone(timedelta(hours=1)))
        probe = LastWriter(lever, here, here + MINUTE)
        await AzureWorld(connection).observe(FLEET, frozenset({probe}), START)
    assert server.queries == [
        {
            "api-version": "2015-04-01",
            "$filter": "eventTimestamp ge '2026-11-21T09:00:00Z' and eventTimestamp le '2026-11-21T09:01:00Z'"
            f" and resourceUri eq '{lever}'",
            "$select": "caller,eventTimestamp,operationName,status",
        }
    ]


async def test_a_resource_with_parts_is_looked_for_in_the_log_of_its_group(tmp_path: Path) -> None:
    lever = LEVER.replace("rg-front", "RG_front-(1)")
    async with stub(tmp_path, {("GET", "/values"): [Said(200, {"value": []})]}) as (server, connection):
        probe = LastWriter(lever, START, START + MINUTE)
        assert (await AzureWorld(connection).observe(FLEET, frozenset({probe}), START))[probe] == WriterSeen()
    assert server.queries == [
        {
            "api-version": "2015-04-01",
            "$filter": "eventTimestamp ge '2026-11-21T09:00:00Z' and eventTimestamp le '2026-11-21T09:01:00Z'"
            " and resourceGroupName eq 'RG_front-(1)'",
            "$select": "caller,eventTimestamp,operationName,status,resourceId",
        }
    ]


def part(minute: int, caller: str, resource_id: str | None) -> dict[str, Any]:
    """An entry of a group's log."""
    return {**entry(minute, caller), "resourceId": resource_id}


@pytest.mark.parametrize(
    "resource_id",
    [
        LEVER,
        LEVER.upper(),
        f"{LEVER}/",
        f"{LEVER}/externalEndpoints/blue",
        f"{LEVER.lower()}/ExternalEndpoints/blue",
    ],
)
async def test_a_change_of_a_part_is_the_levers(tmp_path: Path, resource_id: str) -> None:
    answer = await asked(tmp_path, [part(5, SOMEBODY, resource_id)], lever=LEVER)
    assert answer == WriterSeen(SOMEBODY, at(5))


@pytest.mark.parametrize(
    "resource_id",
    [
        None,
        f"{LEVER}-2",
        f"{LEVER}-2/externalEndpoints/blue",
        LEVER.rpartition("/")[0],
        LIVE,
        f"{LEVER}/providers/Microsoft.Insights/diagnosticSettings/all",
        f"{LEVER}/externalEndpoints/blue/Providers/Microsoft.Authorization/locks/keep",
    ],
)
async def test_a_change_of_anything_else_in_the_group_is_not(tmp_path: Path, resource_id: str | None) -> None:
    before = part(5, SOMEBODY, f"{LEVER}/externalEndpoints/blue")
    answer = await asked(tmp_path, [part(9, "other", resource_id), before], lever=LEVER)
    assert answer == WriterSeen(SOMEBODY, at(5))


async def test_what_lies_in_no_group_is_asked_for_nowhere(tmp_path: Path) -> None:
    answer = await asked(tmp_path, [entry(5)], lever="contoso")
    assert isinstance(answer, Unavailable)
    assert "not the id of an Azure resource" in answer.because


async def test_a_long_caller_is_cut(tmp_path: Path) -> None:
    answer = await asked(tmp_path, [entry(5, "x" * 5000)])
    assert isinstance(answer, WriterSeen)
    assert len(answer.who) == CALLER_CHARACTERS_MAX


@pytest.mark.parametrize(
    "bad",
    [{"caller": 7}, {"eventTimestamp": "soon"}, {"operationName": None}, {"status": "Succeeded"}],
)
async def test_an_entry_that_cannot_be_read_is_not_no_entry(tmp_path: Path, bad: dict[str, Any]) -> None:
    answer = await asked(tmp_path, [{**entry(5), **bad}])
    assert isinstance(answer, Unavailable)
