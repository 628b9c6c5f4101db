"""A Switchyard API with a memory, on a loopback port: enough of it for the CLI to talk to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from tests.cli.samples import FLEET, Story, scorecard_body

PERSON = "ann@contoso.com"
"""Whom the fake takes every caller for."""


class Reply(NamedTuple):
    """What the fake answers."""

    status: int
    body: Any
    etag: str | None = None
    location: str | None = None


class Heard(NamedTuple):
    """A write as it arrived."""

    method: str
    path: str
    body: Any
    headers: dict[str, str]


class FakeApi:
    """One fleet and the story of its rollout. `turns` are told one by one, each before a look."""

    def __init__(self) -> None:
        self.story: Story | None = None
        self.turns: list[Callable[[Story], object]] = []
        self.heard: list[Heard] = []
        self.refusal: Reply | None = None
        self.notices: list[str] = []
        self.past: Callable[[dict[str, Any]], Reply] = silence
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, heard: Heard) -> Reply:
        """What the API would say."""
        if heard.method != "GET":
            self.heard.append(heard)
            return self.refusal or self._written(heard)
        return self._read(heard.path.removeprefix("/api/").split("/"))

    def _written(self, heard: Heard) -> Reply:
        if heard.method == "PUT":
            name = heard.path.rsplit("/", 1)[-1]
            return Reply(201, {"name": name, "etag": 'W/"1"', "notices": self.notices}, 'W/"1"')
        if heard.path.endswith("/readings"):
            return self.past(heard.body)
        because = f"{PERSON} said so"
        rollout = self.story.rollout_body()["rollout"] if self.story else None
        status = 202 if heard.path.endswith("/rollouts") else 200
        return Reply(status, {"signal": "s-1", "applied": True, "because": because, "rollout": rollout})

    def _read(self, path: list[str]) -> Reply:
        story = self.story
        match path:
            case ["health"]:
                return Reply(200, {"status": "ok", "version": "0.1.0"})
            case ["fleets"]:
                names = [{"name": FLEET.name, "active": True}] if story else []
                return Reply(200, {"fleets": names})
            case ["fleets", FLEET.name] if story:
                return Reply(200, story.fleet_body(), 'W/"7"')
            case ["fleets", FLEET.name, "rollouts"] if story:
                return Reply(200, {"rollouts": [story.rollout_body()["rollout"]]})
            case ["fleets", FLEET.name, "rollouts", "current" | "contoso-public-0001"] if story:
                if self.turns:
                    self.turns.pop(0)(story)
                return Reply(200, story.rollout_body(), 'W/"7"')
            case ["fleets", FLEET.name, "rollouts", "contoso-public-0001", asked] if (
                story and asked.startswith("evidence")
            ):
                return Reply(200, story.evidence_page(asked.partition("after=")[2]))
            case ["fleets", FLEET.name, *of_rollout, asked] if story and asked.startswith("scorecard"):
                return Reply(200, scorecard_body(asked.partition("days=")[2], of_rollout))
            case ["fleets", FLEET.name, *_, "audit"] if story:
                return Reply(200, story.audit_body())
        return problem(404, "there is no such thing")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                raw = self.rfile.read(length)
                is_json = self.headers.get("Content-Type") == "application/json"
                body = json.loads(raw) if raw and is_json else raw.decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                self._send(api.answer(Heard(self.command, self.path, body, headers)))

            def _send(self, reply: Reply) -> None:
                text = json.dumps(reply.body).encode() if reply.body is not None else b""
                kind = "application/problem+json" if reply.status >= 400 else "application/json"
                self.send_response(reply.status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text)))
                if reply.location:
                    self.send_header("Location", reply.location)
                if reply.etag:
                    self.send_header("ETag", reply.etag)
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = _answer  # noqa: N815 - the base class asks for these names

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler


def silence(asked: dict[str, Any]) -> Reply:
    """A source that has nothing to say of the past."""
    return told(asked, [])


def told(asked: dict[str, Any], samples: list[dict[str, Any]], unavailable: str | None = None) -> Reply:
    """The answer to a question about the past."""
    span = {"slot": asked["slot"], "since": asked["since"], "until": asked["until"]}
    body = {"gate": asked["gate"]["name"], **span, "source": "a query", "samples": samples}
    return Reply(200, {**body, "unavailable": unavailable})


def problem(status: int, detail: str, **more: Any) -> Reply:
    """A problem document."""
    return Reply(status, {"type": "about:blank", "title": "No", "status": status, "detail": detail, **more})
