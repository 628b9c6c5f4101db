"""The same cases over a socket: to a host that serves the whole app, with storage that is real."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from sandbox.azurite import Azurite
from sandbox.demo.people import People
from sandbox.host.host import Options
from sandbox.host.process import HostProcess
from shared.api.http import BODY_BYTES_MAX
from tests.fuzz.cases import TRIGGER, Case

ROOT = Path(__file__).parent.parent.parent
NOWHERE = "https://127.0.0.1:9"
SETTINGS = {
    "FUNCTIONS_WORKER_RUNTIME": "python",
    "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "1048576",
    "SWITCHYARD_QUEUE": "switchyard-fuzz",
    "SWITCHYARD_SWEEP_SCHEDULE": "0 0 5 1 1 *",
    "SWITCHYARD_OUTBOX_SCHEDULE": "0 0 5 1 1 *",
    "SWITCHYARD_RETENTION_SCHEDULE": "0 0 5 1 1 *",
    "SWITCHYARD_TRUST_EASY_AUTH": "true",
    "SWITCHYARD_ARM_ENDPOINT": NOWHERE,
    "SWITCHYARD_METRICS_ENDPOINT": NOWHERE,
    "SWITCHYARD_LOGS_ENDPOINT": NOWHERE,
}
WAIT_SECONDS_MAX = 60.0
_PLAIN = re.compile(rb"[\r\n -~]*")
_UNFIT = re.compile("[\r\n\0]")


class Answer(NamedTuple):
    """Status, type of content without its parameters, and body."""

    status: int
    content_type: str
    body: bytes


def host(azurite: Azurite, people: People, directory: Path) -> HostProcess:
    """The app's own host, whose sign-in knows these people."""
    options = Options(ROOT, port=0, key=people.key, sign_in=people.write(directory))
    return HostProcess(options, SETTINGS | {"AzureWebJobsStorage": azurite.connection_string})


def send(url: str, people: People, case: Case) -> Answer:
    """The case as a request of somebody who may do it, byte for byte."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname or "", address.port or 0), WAIT_SECONDS_MAX) as wire:
        asked = _head(people, case)
        wire.sendall(asked)
        # What is too long is refused by its head; sending it all the same may reset the connection.
        try:
            if len(case.body) <= BODY_BYTES_MAX:
                wire.sendall(case.body)
            with wire.makefile("rb") as stream:
                received = stream.read()
        except ConnectionError:
            # aiohttp hangs up on a head that it cannot parse, and does not wait for the body.
            if _PLAIN.fullmatch(asked):
                raise
            return Answer(400, "text/plain", b"")
    head, _, body = received.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    kind = re.search(rb"(?i)^content-type: ([^;\r\n]*)", head, re.MULTILINE)
    return Answer(status, kind[1].decode() if kind else "", body)


def _head(people: People, case: Case) -> bytes:
    method, target = case.method, _target(case)
    headers = dict(case.headers)
    if method == TRIGGER:
        method, target = "POST", "/runtime/webhooks/eventgrid?functionName=events"
        headers["aeg-event-type"] = "Notification"
    who = "approver" if case.path.get("command") == "promote" else "operator"
    headers |= {"x-functions-key": people.key, "authorization": f"Bearer {people.token(who)}"}
    lines = [
        f"{method} {target} HTTP/1.1",
        "Host: x",
        "Connection: close",
        f"Content-Length: {len(case.body)}",
    ]
    # A line break would end the header and begin a request of its own: no client can send one.
    lines += [f"{name}: {_UNFIT.sub(' ', value)}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogatepass")


def _target(case: Case) -> str:
    path = case.route
    for name in ("fleet", "rollout"):
        path = path.replace(f"{{{name}}}", quote(case.path.get(name, ""), safe="", errors="replace"))
    command = case.path.get("command")
    if command is not None:
        path = f"{path.rpartition('/rollouts/')[0]}/rollouts/" + "/".join(
            quote(part, safe="", errors="replace") for part in (case.path["rollout"], command)
        )
    query = f"?{urlencode(case.query, errors='replace')}" if case.query else ""
    return f"/api{path}{query}"
