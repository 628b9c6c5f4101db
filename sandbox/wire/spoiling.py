"""Bad answers on real sockets: late, cut, garbled, foreign, too large, or JSON of another form.

Decides how an answer is spoilt. Refuses to decide when: a `Plan` says which exchange has which fault.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from msgspec import Struct

from sandbox.wire.faults import Fault, Spoilt, Where
from sandbox.wire.garble import Change, another_type, leaves, renamed, with_nan

LATE_SECONDS = 30
"""How long a late answer takes; whoever waits for it has another limit."""

FOREIGN = "https://stranger.example.net"
"""Where redirects and links lead to. Nobody answers there."""

HUGE_BYTES = 10 * 1024 * 1024
ENDLESS_BYTES = 32 * HUGE_BYTES

_PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


Plan = Callable[[web.Request], Spoilt | None]
"""Which fault an exchange has, None for none. It is asked once for each request, as they come."""


def spoiling(plan: Plan, foreign: Callable[[], str] = lambda: FOREIGN) -> Middleware:
    """A middleware of aiohttp that spoils answers as planned; the door's, or any other application's.

    `foreign` is asked where the links of an answer lead to that should lead back here.
    """

    @web.middleware
    async def spoil(request: web.Request, handler: Handler) -> web.StreamResponse:
        spoilt = plan(request)
        if spoilt is None:
            return await handler(request)
        await request.read()
        answer = _Answer(200, {}, b"{}")
        if spoilt.where is Where.AFTER:
            answer = _kept(await handler(request))
        said = await FAULTS[spoilt.fault](request, answer)
        if not said.prepared:
            for name in _LINKS.keys() & said.headers.keys():
                said.headers[name] = said.headers[name].replace(FOREIGN, foreign())
        return said

    return spoil


class _Answer(Struct, frozen=True):
    """An answer before it is spoilt."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON, None where there is none."""
        return json.loads(self.body) if self.body else None


Spoil = Callable[[web.Request, _Answer], Awaitable[web.StreamResponse]]


def _kept(response: web.StreamResponse) -> _Answer:
    assert isinstance(response, web.Response)
    body = response.body if isinstance(response.body, bytes) else b""
    dropped = ("content-length", "content-type", "transfer-encoding")
    headers = {name: value for name, value in response.headers.items() if name.lower() not in dropped}
    return _Answer(response.status, headers, body)


def _says(
    status: int | None = None,
    body: str | bytes | None = None,
    kind: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Spoil:
    """Another status, body, type or more headers than the answer has."""

    async def say(_: web.Request, answer: _Answer) -> web.StreamResponse:
        content = answer.body if body is None else body.encode() if isinstance(body, str) else body
        return web.Response(
            status=answer.status if status is None else status,
            body=content,
            headers={**answer.headers, **(headers or {}), "Content-Type": kind},
        )

    return say


def _page(status: int, words: str) -> Spoil:
    return _says(status, _PAGE.format(words), "text/html; charset=utf-8")


def _refuses(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Spoil:
    return _says(status, json.dumps({"error": {"code": code, "message": message}}), headers=headers)


def _changes(change: Change) -> Spoil:
    """The answer's own JSON, changed; NaN is written as Python and many others write it."""

    async def say(_: web.Request, answer: _Answer) -> web.StreamResponse:
        body = json.dumps(change(answer.json())).encode()
        status = answer.status if answer.status != 204 else 200
        headers = {**answer.headers, "Content-Type": "application/json"}
        return web.Response(status=status, body=body, headers=headers)

    return say


def _raw(content: Callable[[_Answer], bytes]) -> Spoil:
    """Bytes as they are, and the connection closed after them."""

    async def say(request: web.Request, answer: _Answer) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(content(answer))
        request.transport.close()
        return web.Response()

    return say


async def _late(request: web.Request, answer: _Answer) -> web.StreamResponse:
    await asyncio.sleep(LATE_SECONDS)
    return await _says()(request, answer)


async def _lost(request: web.Request, _: _Answer) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def _dripping(request: web.Request, answer: _Answer) -> web.StreamResponse:
    response = await _begun(request, answer)
    for _ in range(LATE_SECONDS * 100):
        await response.write(b" ")
        await asyncio.sleep(0.01)
    return response


async def _endless(request: web.Request, answer: _Answer) -> web.StreamResponse:
    response = await _begun(request, answer)
    for _ in range(ENDLESS_BYTES // 65_536):
        await response.write(b" " * 65_536)
        # A write to a closed connection may neither wait nor fail.
        await asyncio.sleep(0)
    return response


async def _begun(request: web.Request, answer: _Answer) -> web.StreamResponse:
    response = web.StreamResponse(status=_with_a_body(answer.status))
    response.content_type = "application/json"
    response.enable_chunked_encoding()
    await response.prepare(request)
    return response


async def _huge(request: web.Request, answer: _Answer) -> web.StreamResponse:
    body = b" " * HUGE_BYTES + (answer.body or b"{}")
    return await _says(_with_a_body(answer.status), body)(request, answer)


async def _gzip_bomb(request: web.Request, answer: _Answer) -> web.StreamResponse:
    return await _says(200, _bomb(), headers={"Content-Encoding": "gzip"})(request, answer)


@cache
def _bomb() -> bytes:
    """Ten times as many blanks as `HUGE_BYTES`, in a hundredth of their size."""
    return gzip.compress(b" " * (10 * HUGE_BYTES), 1)


def _with_a_body(status: int) -> int:
    return status if status != 204 else 200


def _head(answer: _Answer, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {_with_a_body(answer.status)} OK", "Content-Type: application/json", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _cut(answer: _Answer) -> bytes:
    body = answer.body or b"{}"
    return _head(answer, f"Content-Length: {len(body) + 10}") + body


def _chunk_cut(answer: _Answer) -> bytes:
    body = answer.body or b"{}"
    return _head(answer, "Transfer-Encoding: chunked") + f"{len(body):x}\r\n".encode() + body[:-1]


def _chunk_bad(answer: _Answer) -> bytes:
    body = answer.body or b"{}"
    return _head(answer, "Transfer-Encoding: chunked") + b"no number\r\n" + body + b"\r\n0\r\n\r\n"


def _half(answer: _Answer) -> bytes:
    body = answer.body if len(answer.body) > 2 else b'{"a": 1}'
    half = body[: len(body) // 2]
    return _head(answer, f"Content-Length: {len(half)}") + half


_LINKS = {
    "Location": f"{FOREIGN}/operationresults/1?api-version=1",
    "Azure-AsyncOperation": f"{FOREIGN}/operations/1?api-version=1",
    "Retry-After": "0",
}
_MINUTE = {"Retry-After": "60"}

FAULTS: Mapping[Fault, Spoil] = {
    Fault.LATE: _late,
    Fault.DRIPPING: _dripping,
    Fault.LOST: _lost,
    Fault.CUT: _raw(_cut),
    Fault.CHUNK_CUT: _raw(_chunk_cut),
    Fault.CHUNK_BAD: _raw(_chunk_bad),
    Fault.NOT_HTTP: _raw(lambda _: b"220 mail.example.net ESMTP\r\n\r\n"),
    Fault.ENDLESS: _endless,
    Fault.HUGE: _huge,
    Fault.GZIP_BOMB: _gzip_bomb,
    Fault.GZIP_GARBAGE: _says(200, b"\x1f\x8b no gzip", headers={"Content-Encoding": "gzip"}),
    Fault.ENCODING_UNKNOWN: _says(200, b"\x00\x01\x02", headers={"Content-Encoding": "lzma-of-ours"}),
    Fault.HTML_200: _page(200, "Please sign in"),
    Fault.HTML_AS_JSON: _says(200, _PAGE.format("Please sign in")),
    Fault.HTML_403: _page(403, "Blocked by policy"),
    Fault.HTML_404: _page(404, "Not Found"),
    Fault.HTML_409: _page(409, "Conflict"),
    Fault.HTML_412: _page(412, "Precondition Failed"),
    Fault.HTML_502: _page(502, "Bad Gateway"),
    Fault.EMPTY_200: _says(200, b""),
    Fault.EMPTY_404: _says(404, b""),
    Fault.EMPTY_503: _says(503, b""),
    Fault.WRONG_TYPE: _says(kind="application/octet-stream"),
    Fault.LATIN_1: _says(200, '{"name": "Zürich"}'.encode("latin-1")),
    Fault.HALF_JSON: _raw(_half),
    Fault.LIST: _says(200, "[]"),
    Fault.STRING: _says(200, '"yes"'),
    Fault.NUMBER: _says(200, "1"),
    Fault.NULL: _says(200, "null"),
    Fault.OBJECT: _says(200, "{}"),
    Fault.NAN: _changes(with_nan),
    Fault.NULLS: _changes(leaves(lambda _: None)),
    Fault.STRINGS: _changes(leaves(another_type)),
    Fault.RENAMED: _changes(renamed),
    Fault.NESTED: _changes(lambda value: {"result": value}),
    Fault.ERROR_IN_200: _refuses(200, "InternalServerError", "Something went wrong."),
    Fault.VERSION_INVALID: _refuses(
        400, "InvalidApiVersionParameter", "The api-version '1' is invalid. The supported versions are '2'."
    ),
    Fault.VERSION_UNKNOWN: _refuses(
        400, "NoRegisteredProviderFound", "No registered resource provider found for API version '1'."
    ),
    Fault.PROVIDER_MISSING: _refuses(
        409, "MissingSubscriptionRegistration", "The subscription is not registered to use namespace 'X.Y'."
    ),
    Fault.SUBSCRIPTION_HIDDEN: _refuses(404, "SubscriptionNotFound", "The subscription could not be found."),
    Fault.ERROR_IS_A_LIST: _says(400, json.dumps({"error": [{"code": 7, "message": None}]})),
    Fault.THROTTLED: _refuses(429, "TooManyRequests", "Too many requests.", _MINUTE),
    Fault.BUSY: _refuses(503, "ServiceUnavailable", "The service is busy.", _MINUTE),
    Fault.ERROR_500: _refuses(500, "InternalServerError", "Something went wrong."),
    Fault.ERROR_504: _refuses(504, "GatewayTimeout", "The gateway did not get an answer in time."),
    Fault.MOVED_301: _says(301, b"", headers={"Location": f"{FOREIGN}/?sig=secret"}),
    Fault.MOVED_307: _says(307, b"", headers={"Location": f"{FOREIGN}/?sig=secret"}),
    Fault.LINKS_FOREIGN: _says(202, b"", headers=_LINKS),
    Fault.LINKS_MISSING: _says(202, b""),
}
