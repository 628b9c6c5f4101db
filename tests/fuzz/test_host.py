"""The same requests over HTTP, to the whole app on its host, with a table service behind it.

What Microsoft's own library cannot read of an event fails the delivery, here as on Azure, before the app is
asked: those are the only 500.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random

import msgspec
import pytest
from azure.data.tables import TableServiceClient

from sandbox.azurite import Azurite
from sandbox.demo.people import People, people
from sandbox.host.process import HostProcess
from shared.api.http import Response
from shared.store.rows import STATE_TABLE, inbox_key
from tests.fleet_file.examples import TEXTS
from tests.fuzz import wire
from tests.fuzz.cases import TRIGGER, Case, draw
from tests.fuzz.checks import documented

REQUESTS = 500


@pytest.fixture(scope="module")
def them() -> People:
    return people()


@pytest.fixture(scope="module")
def host(azurite: Azurite, them: People, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """The app with one fleet that starts no rollout by itself: nothing here is about what follows."""
    with wire.host(azurite, them, tmp_path_factory.mktemp("people")) as running:
        text = TEXTS["contoso-public"].replace("start: automatic", "start: manual")
        case = Case(
            method="PUT",
            route="/fleets/{fleet}",
            path={"fleet": "contoso-public"},
            body=text.encode(),
        )
        applied = wire.send(running.url, them, case)
        assert applied.status in (200, 201), applied
        yield running


def inbox(azurite: Azurite) -> set[str]:
    """The row keys of all signals that were ever stored for the fleet."""
    with TableServiceClient.from_connection_string(azurite.connection_string) as service:
        where = "PartitionKey eq 'contoso-public' and RowKey ge 'i-' and RowKey lt 'i.'"
        found = service.get_table_client(STATE_TABLE).query_entities(where)
        return {str(entity["RowKey"]) for entity in found}


def drawn(count: int) -> list[Case]:
    """Cases for every door but those that would start a rollout."""
    random = Random("host")
    found: list[Case] = []
    while len(found) < count:
        case = draw(random)
        if not case.route.endswith("/rollouts") or case.method == "GET":
            found.append(case)
    return found


def test_whatever_is_sent_over_http_is_answered_as_documented_and_stored_as_said(
    host: HostProcess, them: People, azurite: Azurite
) -> None:
    said: set[str] = set()
    statuses: Counter[int] = Counter()
    before = inbox(azurite)
    for case in drawn(REQUESTS):
        if case.method == TRIGGER:
            continue
        answer = wire.send(host.url, them, case)
        statuses[answer.status] += 1
        assert answer.status < 500, f"{answer}\n{case.told()}"
        if answer.content_type == "text/plain":
            assert answer.status in (400, 413), f"the host itself refused with {answer}\n{case.told()}"
        elif answer.content_type:
            response = Response(status=answer.status, body=answer.body, content_type=answer.content_type)
            documented(case, response)
        if case.route in ("/events", "/alerts") and answer.status == 200 and answer.body:
            said |= _said(answer.body)

    assert inbox(azurite) - before == said - before
    assert {200, 400, 404} <= set(statuses)
    assert len(said) > 20


def _said(body: bytes) -> set[str]:
    accepted = msgspec.json.decode(body).get("accepted", [])
    return {inbox_key(each["signal"]) for each in accepted if each["fleet"] == "contoso-public"}


def test_whatever_event_grid_delivers_the_app_takes_it_or_the_library_never_asks_it(
    host: HostProcess, them: People
) -> None:
    statuses: Counter[int] = Counter()
    for case in (case for case in drawn(4 * REQUESTS) if case.method == TRIGGER):
        answer = wire.send(host.url, them, case)
        statuses[answer.status] += 1
        assert answer.status in (202, 400, 413, 500), f"{answer}\n{case.told()}"

    assert statuses[202] > 50
    assert "shared/api/intake.py" not in host.child.output, "the app itself raised"


def test_what_is_too_long_is_refused_before_it_is_sent(host: HostProcess, them: People) -> None:
    case = Case(method="POST", route="/events", body=b" " * (2 * 1024 * 1024))

    assert wire.send(host.url, them, case).status == 413
