"""HTTP/1.1 messages on a stream: how they are read and written, and what is refused.

Decides framing: a body has a `Content-Length` or is none, so that a connection can go on being used. Refuses
to know who asks and what an answer means.

Source: https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

HEAD_BYTES_MAX = 16 * 1024
BODY_BYTES_MAX = 64 * 1024
REASONS = {
    101: "Switching Protocols",
    200: "OK",
    400: "Bad Request",
    426: "Upgrade Required",
    502: "Bad Gateway",
    503: "Service Unavailable",
}


class Stream(NamedTuple):
    """The two directions of one connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class Request(NamedTuple):
    """What is asked. Names of headers are in lower case; two of one name are joined by a comma."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def upgrades(self) -> bool:
        """Whether it wants to become a websocket."""
        return self.headers.get("upgrade", "").lower() == "websocket"


class Response(NamedTuple):
    """What is answered. It needs no `content-length` of its own."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class BadMessage(Exception):
    """What came is no message that is understood here."""


class CutOff(Exception):
    """The other side is gone, in the middle of a message or before one was due."""


def closes(headers: Mapping[str, str]) -> bool:
    """Whether a message is the last one on its connection."""
    return "close" in headers.get("connection", "").lower()


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request; None where the client has ended. Raises BadMessage, CutOff."""
    head = await _read_head(reader)
    if head is None:
        return None
    start, headers = head
    words = start.split(" ")
    if len(words) != 3 or words[2] != "HTTP/1.1" or "host" not in headers:
        raise BadMessage(f"no request of HTTP/1.1 begins with {start[:80]!r}")
    return Request(words[0], words[1], headers, await _read_body(reader, headers))


async def read_response(reader: asyncio.StreamReader) -> Response:
    """The answer that is due. Raises BadMessage, CutOff."""
    head = await _read_head(reader)
    if head is None:
        raise CutOff("closed before the answer")
    start, headers = head
    version, _, rest = start.partition(" ")
    status = rest.partition(" ")[0]
    if version != "HTTP/1.1" or not status.isdecimal():
        raise BadMessage(f"no answer of HTTP/1.1 begins with {start[:80]!r}")
    return Response(int(status), headers, await _read_body(reader, headers))


def request_bytes(request: Request) -> bytes:
    """A request as it is sent."""
    return _bytes(f"{request.method} {request.target} HTTP/1.1", request.headers, request.body)


def response_bytes(response: Response) -> bytes:
    """An answer as it is sent, its length among its headers."""
    start = f"HTTP/1.1 {response.status} {REASONS.get(response.status, 'Other')}"
    headers = dict(response.headers)
    if response.status >= 200:
        headers["content-length"] = str(len(response.body))
    return _bytes(start, headers, response.body)


def _bytes(start: str, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return f"{start}\r\n{lines}\r\n".encode("latin-1") + body


async def _read_head(reader: asyncio.StreamReader) -> tuple[str, dict[str, str]] | None:
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise CutOff("cut off in a head") from None
        return None
    except asyncio.LimitOverrunError:
        raise BadMessage(f"a head has more than {HEAD_BYTES_MAX} bytes") from None
    except OSError as error:
        raise CutOff(str(error)) from None
    start, *lines = raw[:-4].decode("latin-1").split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise BadMessage(f"{line[:80]!r} is no header")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return start, headers


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if "transfer-encoding" in headers:
        raise BadMessage("a body in chunks is not taken here")
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
        raise BadMessage(f"a body of {length[:20]} bytes is not taken here")
    if length == "0":
        return b""
    try:
        return await reader.readexactly(int(length))
    except (asyncio.IncompleteReadError, OSError):
        raise CutOff("cut off in a body") from None
