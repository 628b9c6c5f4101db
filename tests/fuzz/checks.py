"""What must hold of every request: no error of ours, nothing half accepted, nothing undocumented.

Asks the tables, never the code that wrote them.
"""

from __future__ import annotations

import json
import logging
from functools import cache
from typing import Any

import msgspec
from jsonschema import Draft202012Validator

from shared.api import openapi
from shared.api.http import BODY_BYTES_MAX, Response
from shared.errors import Refused
from shared.signals import EVENTS_MAX, parse_event
from shared.store.rows import FLEETS_TABLE, STATE_TABLE, inbox_key
from shared.store.tables import Range
from tests.fuzz.cases import TRIGGER, Case
from tests.fuzz.estate import Estate, Seen

PENDING_STORM = 900
"""One tick consumes up to 24 times 40 signals; the rest of a storm waits for the next."""
_DOCUMENT = json.loads(msgspec.json.encode(openapi.document("0")))


class Broken(AssertionError):
    """A promise was broken; the sentence says which."""


def require(holds: object, what: str) -> None:
    """Raise Broken unless it holds."""
    if not holds:
        raise Broken(what)


async def check(estate: Estate, case: Case, seen: Seen) -> None:
    """Everything. Raises Broken."""
    _quiet(seen)
    if seen.response is not None:
        documented(case, seen.response)
    if case.method == TRIGGER:
        require(len(seen.inserted("i-")) == 0 or seen.events, "something was stored of no event")
    elif case.route in ("/events", "/alerts"):
        await _delivery(estate, case, seen)
    elif case.route.endswith("/readings"):
        require(not seen.writes, "a question about the past wrote something")
    elif case.method == "POST":
        await _command(estate, seen)
    elif case.method == "PUT":
        await _applied(estate, case, seen)
    else:
        require(not seen.writes, "a look wrote something")
    await _acted_on(estate, seen)


def _quiet(seen: Seen) -> None:
    """No bug was logged, and each line is one line."""
    for record in seen.logs:
        line = record.getMessage()
        require(record.levelno != logging.ERROR and record.exc_info is None, f"an error was logged: {line}")
        require(line.isprintable(), f"a line of the log is not fit to be shown: {line!r}")
        require(len(line) < 5000, f"a line of the log has {len(line)} characters")


def documented(case: Case, response: Response) -> None:
    """The API's document allows this status, this type of content, and this body."""
    require(response.status < 500, f"status {response.status}: {response.body[:500]!r}")
    for name, value in response.headers.items():
        require(value.isascii() and value.isprintable(), f"header {name}: {value!r}")
    if len(case.body) > BODY_BYTES_MAX and case.method != "GET":
        require(response.status in (413, 404, 412), f"{len(case.body)} bytes, but {response.status}")
    if case.method == "OPTIONS":
        return
    operation = _DOCUMENT["paths"].get(case.route, {}).get(case.method.lower())
    if operation is None:
        require(response.status == 404, f"{response.status} where there is nothing: {case.route!r}")
        return
    documented = operation["responses"].get(str(response.status))
    require(documented, f"{case.method} {case.route} gave {response.status}, which is not documented")
    require(response.content_type in documented["content"], f"undocumented {response.content_type}")
    html = response.content_type == "text/html"
    body: Any = response.body.decode() if html else msgspec.json.decode(response.body)
    error = next(_validator(case.method, case.route, response.status).iter_errors(body), None)
    require(error is None, f"a body that is not as documented: {error.message if error else ''}"[:1000])
    if "detail" in body and response.status != 200:
        require(body["detail"].isprintable(), f"not fit to be shown: {body['detail'][:500]!r}")
        require(len(response.body) < 128 * 1024, f"{len(response.body)} bytes to say no")


@cache
def _validator(method: str, route: str, status: int) -> Draft202012Validator:
    content = _DOCUMENT["paths"][route][method.lower()]["responses"][str(status)]["content"]
    (media,) = content.values()
    return Draft202012Validator({**media["schema"], "components": _DOCUMENT["components"]})


async def _delivery(estate: Estate, case: Case, seen: Seen) -> None:
    """What is said to be accepted is in the inbox, and nothing else is; every event is answered for."""
    response = seen.response
    assert response is not None
    if response.status != 200:
        require(not seen.writes, f"refused with {response.status}, but something was written")
        await _none_is_good(estate, case, response.status)
        return
    answer = msgspec.json.decode(response.body) if response.body else {}
    if "accepted" not in answer:
        require(not seen.writes, "a handshake wrote something")
        return
    said = {(each["fleet"], inbox_key(each["signal"])) for each in answer["accepted"]}
    for fleet, key in said:
        require(
            await estate.tables.get(STATE_TABLE, fleet, key), f"accepted, but not stored: {answer}"[:2000]
        )
    unsaid = seen.inserted("i-") - said
    require(not unsaid, f"stored, but not said to be accepted: {unsaid}")
    body = msgspec.json.decode(case.body)
    events = len(body) if isinstance(body, list) and case.route == "/events" else 1
    refused = [each["event"] for each in answer["refused"]]
    require(refused == sorted(set(refused) & set(range(events))), f"refused {refused} of {events} events")
    require(all(each["because"] for each in answer["refused"]), "refused without a reason")
    answered = events - len(refused)
    require(answered > 0 and len(answer["accepted"]) >= answered, f"{answered} events, but {answer}"[:2000])


async def _none_is_good(estate: Estate, case: Case, status: int) -> None:
    """A batch is refused whole only where each of its events alone would be."""
    if status != 400 or case.route != "/events":
        return
    try:
        body = msgspec.json.decode(case.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    directory = await estate.store.directory()
    for event in body if isinstance(body, list) and len(body) <= EVENTS_MAX else ():
        try:
            parse_event(event, estate.rig.clock.now(), directory)
        except Refused:
            continue
        raise Broken(f"a good event was refused with its batch: {event}"[:2000])


async def _command(estate: Estate, seen: Seen) -> None:
    """A command is in the inbox with what became of it, or nothing of it is."""
    response = seen.response
    assert response is not None
    stored = seen.inserted("i-")
    if response.status in (200, 202):
        answer = msgspec.json.decode(response.body)
        fleet = answer["signal"].partition("/")[0]
        row = await estate.tables.get(STATE_TABLE, fleet, inbox_key(answer["signal"]))
        require(
            row and stored <= {(fleet, inbox_key(answer["signal"]))}, f"accepted, but not stored: {answer}"
        )
    elif response.status == 409:
        for fleet, key in stored:
            row = await estate.tables.get(STATE_TABLE, fleet, key)
            require(row and row.entity.get("applied") is False, "refused, but its row does not say why")
    else:
        require(not stored, f"refused with {response.status}, but stored")


async def _applied(estate: Estate, case: Case, seen: Seen) -> None:
    """A fleet is stored with its entry in the directory, or nothing of it is."""
    response = seen.response
    assert response is not None
    if response.status not in (200, 201):
        require(not seen.writes, f"refused with {response.status}, but something was written")
        return
    name = case.path["fleet"]
    row = await estate.store.load(name)
    require(row.fleet.name == name, "another fleet was stored")
    found = await estate.tables.scan(FLEETS_TABLE, Range(partition="fleets", low=name, high=f"{name}\x00"))
    require(len(found) == 1 and "json" in found[0].entity, "a fleet that the directory does not know")


async def _acted_on(estate: Estate, seen: Seen) -> None:
    """What was stored can be acted on, at the latest by the next tick; of a storm its first part can."""
    stored = seen.inserted("i-")
    for fleet in {partition for partition, _ in stored}:
        if estate.tables.holds(STATE_TABLE, fleet, "p-", "p."):
            await estate.engine.tick(fleet)
            waits = estate.tables.holds(STATE_TABLE, fleet, "p-", "p.")
            require(not waits or len(stored) > PENDING_STORM, f"a signal of {fleet} cannot be acted on")
