"""Talks to Switchyard's HTTP API. Decides what counts as an answer; refuses to know what is printed.

An answer below 400 is a yes, a problem document (RFC 9457) below 500 is a no, and everything else means
that Switchyard could not be reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import requests

TIMEOUT_SECONDS = 60.0
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Problem(Exception):
    """Switchyard said no. `body` is its problem document as it came."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(str(body.get("detail") or body.get("title") or f"status {status}"))
        self.status = status
        self.body = body

    @property
    def mistakes(self) -> list[dict[str, Any]]:
        """What is wrong with the input, each `{"path", "value", "expected", "line"}`; often empty."""
        return list(self.body.get("mistakes") or ())


class Unreachable(Exception):
    """No answer, or one that Switchyard did not give."""


class Answer(NamedTuple):
    """A yes: the body as JSON, and the ETag if there was one."""

    body: Any
    etag: str | None = None


class Api:
    """The HTTP API at `url`. `key` is sent as `x-functions-key`; close it, or use it in a `with`."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        # A proxy that is meant for the internet cannot know this machine's loopback.
        self._session.trust_env = urlsplit(url).hostname not in _LOOPBACK
        if key:
            self._session.headers["x-functions-key"] = key

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def get(self, *path: str) -> Answer:
        """GET `/api/<path>`. Raises Problem, Unreachable."""
        return self._ask("GET", path)

    def post(self, *path: str, body: Mapping[str, Any]) -> Answer:
        """POST JSON to `/api/<path>`. Raises Problem, Unreachable."""
        return self._ask("POST", path, json=body)

    def put(self, *path: str, text: bytes, content_type: str, if_match: str | None = None) -> Answer:
        """PUT a document to `/api/<path>`. Raises Problem, Unreachable."""
        headers = {"Content-Type": content_type}
        if if_match is not None:
            headers["If-Match"] = if_match
        return self._ask("PUT", path, data=text, headers=headers)

    def _ask(self, method: str, path: tuple[str, ...], **request: Any) -> Answer:
        url = "/".join((self.url, "api", *(quote(part, safe="") for part in path)))
        try:
            response = self._session.request(method, url, timeout=TIMEOUT_SECONDS, **request)
        except requests.RequestException as error:
            raise Unreachable(f"cannot reach {self.url}: {_reason(error)}") from error
        body = _json(response)
        if response.status_code < 400 and body is not None:
            return Answer(body, response.headers.get("ETag"))
        if 400 <= response.status_code < 500 and isinstance(body, dict):
            raise Problem(response.status_code, body)
        if response.status_code in (401, 403):
            raise Problem(
                response.status_code, {"detail": "the key was not accepted: give --key or SWITCHYARD_KEY"}
            )
        raise Unreachable(
            f"{self.url} did not answer as Switchyard would: {response.status_code} {response.reason}"
        )


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except requests.JSONDecodeError:
        return None


def _reason(error: requests.RequestException) -> str:
    """The innermost cause, without the pool's own wrapping."""
    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
