"""Websockets: the handshake and the frames. Refuses fragments and extensions, which nobody here offers.

Source: https://www.rfc-editor.org/rfc/rfc6455
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from enum import IntEnum
from typing import NamedTuple

from sandbox.traffic.messages import BadMessage, CutOff, Request, Response, Stream

CUT = "closed without a word"
"""How a client sees the end of a websocket that nobody announced, as of one that outlasts a drain timeout."""

GOING_AWAY = 1001
"""The status of a close by a server that stops; its client connects anew."""

NORMAL = 1000
PAYLOAD_BYTES_MAX = 4096
_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_LONG = 126


class Opcode(IntEnum):
    """What a frame is."""

    TEXT = 1
    CLOSE = 8
    PING = 9
    PONG = 10


class Frame(NamedTuple):
    """One whole message."""

    opcode: Opcode
    payload: bytes

    @property
    def status(self) -> int:
        """Why a close frame closes; 0 where it does not say."""
        return int.from_bytes(self.payload[:2])


def handshake(target: str, host: str, key: str) -> Request:
    """What a client asks to get a websocket."""
    headers = {
        "host": host,
        "upgrade": "websocket",
        "connection": "Upgrade",
        "sec-websocket-key": key,
        "sec-websocket-version": "13",
    }
    return Request("GET", target, headers)


def new_key() -> str:
    """A key for one handshake."""
    return base64.b64encode(secrets.token_bytes(16)).decode()


def accepted(request: Request) -> Response:
    """The answer to a handshake: 101, or a refusal of what is none."""
    key = request.headers.get("sec-websocket-key", "")
    if request.method != "GET" or not key:
        return Response(400, {}, b"this is no handshake\n")
    if request.headers.get("sec-websocket-version") != "13":
        return Response(426, {"sec-websocket-version": "13"})
    headers = {"upgrade": "websocket", "connection": "Upgrade", "sec-websocket-accept": accept_of(key)}
    return Response(101, headers)


def accept_of(key: str) -> str:
    """What proves that a server has read the key."""
    return base64.b64encode(hashlib.sha1(f"{key}{_MAGIC}".encode(), usedforsecurity=False).digest()).decode()


class Socket:
    """One end of a websocket; a client masks what it sends."""

    def __init__(self, stream: Stream, *, client: bool) -> None:
        self._stream = stream
        self._client = client
        self._closing = False

    async def receive(self) -> Frame:
        """The next message. Raises BadMessage, CutOff."""
        try:
            first, second = await self._stream.reader.readexactly(2)
            length = second & 0x7F
            if length == _LONG:
                length = int.from_bytes(await self._stream.reader.readexactly(2))
            if not first & 0x80 or first & 0x70 or length > PAYLOAD_BYTES_MAX:
                raise BadMessage("a fragment, an extension or a message that is too long")
            mask = await self._stream.reader.readexactly(4) if second & 0x80 else b""
            payload = await self._stream.reader.readexactly(length)
        except (asyncio.IncompleteReadError, OSError):
            raise CutOff(CUT) from None
        if bool(mask) == self._client or first & 0x0F not in set(Opcode):
            raise BadMessage("a frame that must not be sent in this direction")
        return Frame(Opcode(first & 0x0F), _masked(payload, mask) if mask else payload)

    async def send(self, opcode: Opcode, payload: bytes = b"") -> None:
        """Send one message. Raises CutOff."""
        mask = secrets.token_bytes(4) if self._client else b""
        size = bytes([len(payload)]) if len(payload) < _LONG else bytes([_LONG]) + len(payload).to_bytes(2)
        size = bytes([size[0] | (0x80 if mask else 0)]) + size[1:]
        try:
            self._stream.writer.write(
                bytes([0x80 | opcode]) + size + mask + (_masked(payload, mask) if mask else payload)
            )
            await self._stream.writer.drain()
        except OSError as error:
            raise CutOff(str(error)) from None

    async def close(self, status: int) -> None:
        """Say why it ends, unless that was said before. Raises CutOff."""
        if not self._closing:
            self._closing = True
            await self.send(Opcode.CLOSE, status.to_bytes(2))


def _masked(payload: bytes, mask: bytes) -> bytes:
    return bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
