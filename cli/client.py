"""Talks to Switchyard's HTTP API. Decides what counts as an answer; refuses to know what is printed.

An answer below 300 is a yes, a problem document (RFC 9457) below 500 is a no, and everything else means
that Switchyard could not be reached.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import requests
from requests.auth import AuthBase

TIMEOUT_SECONDS = 60.0
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_UNSIGNED = (
    "you are not signed in, or your token is not for this Switchyard: "
    "set SWITCHYARD_AUDIENCE to sign in with the Azure CLI, or SWITCHYARD_TOKEN"
)


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


class _Bearer(AuthBase):
    """Signs a request. As an `auth`, because a header would lose to a password in somebody's .netrc."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token()}"
        return request


class Api:
    """The HTTP API at `url`. `token` gives each request's bearer token; close it, or use it in a `with`."""

    def __init__(self, url: str, token: Callable[[], str] | None = None) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        # A proxy that is meant for the internet cannot know this machine's loopback.
        self._session.trust_env = urlsplit(url).hostname not in _LOOPBACK
        if token is not None:
            self._session.auth = _Bearer(token)

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def get(self, *path: str, **query: str) -> Answer:
        """GET `/api/<path>?<query>`. Raises Problem, Unreachable."""
        return self._ask("GET", path, params=query)

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
        # An HTTP client takes these for a way through the address, and not for a name.
        odd = next((part for part in path if part in ("", ".", "..")), None)
        if odd is not None:
            raise Problem(404, {"detail": f"name: got {odd!r}, expected the name of a fleet or a rollout"})
        url = "/".join((self.url, "api", *(quote(part, safe="") for part in path)))
        try:
            # A redirect leads to a page for signing in, or to somebody who must not get the token.
            response = self._session.request(
                method, url, timeout=TIMEOUT_SECONDS, allow_redirects=False, **request
            )
        except requests.RequestException as error:
            raise Unreachable(f"cannot reach {self.url}: {_reason(error)}") from error
        body = _json(response)
        if response.status_code < 300 and body is not None:
            return Answer(body, response.headers.get("ETag"))
        if 400 <= response.status_code < 500 and isinstance(body, dict):
            raise Problem(response.status_code, body)
        if response.status_code in (401, 403):
            raise Problem(response.status_code, {"detail": _UNSIGNED})
        raise Unreachable(
            f"{self.url} did not answer as Switchyard would: {response.status_code} {response.reason}"
        )


def is_private(url: str) -> bool:
    """Whether nobody on the way can read what is sent there."""
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in _LOOPBACK


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
