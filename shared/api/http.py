"""A request, a response, and errors as RFC 9457 problem details. Knows HTTP and nothing of fleets."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from shared.api.access import Forbidden, Unauthenticated
from shared.api.identity import Caller, Nobody
from shared.errors import Conflict, Invalid, NotFound, Refused, Retry, Superseded, SwitchyardError
from shared.signals.body import refused

log = logging.getLogger("switchyard.api")

BODY_BYTES_MAX = 1024 * 1024
_RETRY_SECONDS = 5


class TooLarge(Refused):
    """The body is larger than any that makes sense."""


class Request(Struct, frozen=True, kw_only=True):
    """An HTTP request. Header names are lower-case; `path` holds the route's parameters.

    `caller` is who the platform says sent it; a request that says nothing about that is nobody's.
    """

    method: str
    path: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    body: bytes = b""
    caller: Caller = Nobody()

    def text(self) -> str:
        """The body as text. Raises TooLarge and Refused."""
        if len(self.body) > BODY_BYTES_MAX:
            raise TooLarge(f"body: got {len(self.body)} bytes, expected at most {BODY_BYTES_MAX}")
        try:
            return self.body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Refused(f"body: got bytes that are not UTF-8 (at {error.start}), expected text") from None

    def json(self) -> Any:
        """The body as JSON, None where it is empty. Raises TooLarge and Refused."""
        text = self.text()
        if not text.strip():
            return None
        try:
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Refused(f"body: got text that is not JSON ({error}), expected a JSON document") from None

    def header(self, name: str) -> str | None:
        """One header's value. Raises Refused for one that could not be told or sent back."""
        value = self.headers.get(name.lower())
        if value is not None and not (value.isascii() and value.isprintable()):
            raise refused(name.lower(), value, "printable ASCII")
        return value

    def if_match(self) -> str | None:
        """The etag that the client wants to change, without its quotes."""
        value = self.header("if-match")
        return value.removeprefix("W/").strip('"') if value and value != "*" else None


class Response(Struct, frozen=True, kw_only=True):
    """An HTTP response with its body as bytes."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}
    content_type: str = "application/json"


def reply(value: Any, status: int = 200, *, etag: str | None = None) -> Response:
    """`value` as JSON; `etag` without quotes."""
    headers = {"ETag": f'"{etag}"'} if etag is not None else {}
    return Response(status=status, body=msgspec.json.encode(value), headers=headers)


Handler = Callable[[Request], Awaitable[Response]]


async def respond(handler: Handler, request: Request) -> Response:
    """The handler's response, or its error as a problem. A bug is logged here and never shown."""
    try:
        return await handler(request)
    except SwitchyardError as error:
        return problem(error)
    except Exception:
        log.exception("%s failed", getattr(handler, "__name__", "a handler"))
        return _problem(500, "internal-error", "Switchyard made a mistake; its log says which.")


def problem(error: SwitchyardError) -> Response:
    """An error of ours as `application/problem+json`. Source: RFC 9457."""
    status, kind = next((status, kind) for cause, status, kind in _STATUSES if isinstance(error, cause))
    extra: dict[str, Any] = {}
    headers: dict[str, str] = {}
    if isinstance(error, Invalid):
        extra["mistakes"] = [mistake._asdict() for mistake in error.mistakes]
    if isinstance(error, Retry):
        headers["Retry-After"] = str(int(error.after_seconds or _RETRY_SECONDS))
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return _problem(status, kind, str(error), headers, **extra)


_STATUSES: tuple[tuple[type[SwitchyardError], int, str], ...] = (
    (TooLarge, 413, "too-large"),
    (Unauthenticated, 401, "unauthenticated"),
    (Forbidden, 403, "forbidden"),
    (NotFound, 404, "not-found"),
    (Conflict, 409, "conflict"),
    (Refused, 400, "refused"),
    (Superseded, 412, "superseded"),
    (Retry, 503, "retry"),
    (SwitchyardError, 500, "internal-error"),
)


def _problem(
    status: int, kind: str, detail: str, headers: Mapping[str, str] | None = None, **extra: Any
) -> Response:
    title = kind.replace("-", " ")
    body = {"type": f"urn:switchyard:{kind}", "title": title, "status": status, "detail": detail, **extra}
    return Response(
        status=status,
        body=msgspec.json.encode(body),
        headers=headers or {},
        content_type="application/problem+json",
    )
