"""What is believed of an answer before anybody reads it: one host, a bounded size, whole, and JSON.

Decides when an answer is none, and says so in one sentence that names the host and what was expected of it.
A request leaves for the client's own endpoint and for no other, whatever a redirect, a link to a next page or
the address of a long-running operation says: with it would go a token. Refuses to know any service.

Import it from inside a function: it loads azure.core and aiohttp.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import msgspec
from aiohttp import (
    ClientConnectionError,
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientError,
    ClientHandlerType,
    ClientOSError,
    ClientPayloadError,
    ClientRequest,
    ClientResponse,
    ClientSession,
    ServerDisconnectedError,
)
from azure.core.exceptions import (
    AzureError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.core.pipeline.transport import AioHttpTransport

from shared.errors import Retry

ANSWER_BYTES_MAX = 8 * 1024 * 1024
"""Of any answer, decompressed. What is asked for here is a few hundred kilobytes at the most."""

_BROKEN_OFF = "broke off in the middle of its answer, or garbled it"
_BOM = b"\xef\xbb\xbf"


class TooLarge(ClientPayloadError):
    """The answer has more bytes than anybody here would read."""


class BoundedResponse(ClientResponse):
    """An answer that is read up to `bytes_max` and not a chunk further, and can be read again."""

    bytes_max = ANSWER_BYTES_MAX
    content_read: bytes | None = None

    async def read(self) -> bytes:
        """The whole body. Raises TooLarge, and aiohttp's errors for a body that is not whole."""
        if self.content_read is None:
            self.content_read = await self._read_to_the_end()
        return self.content_read

    async def _read_to_the_end(self) -> bytes:
        chunks: list[bytes] = []
        left = self.bytes_max
        try:
            async for chunk in self.content.iter_any():
                chunks.append(chunk)
                left -= len(chunk)
                if left < 0:
                    raise TooLarge(f"more than {self.bytes_max} bytes")
        except BaseException:
            self.close()
            raise
        return b"".join(chunks).removeprefix(_BOM)


class BoundedRows(BoundedResponse):
    """A page of a table: a thousand rows, each of up to a megabyte, and rarely more than ten kilobytes."""

    bytes_max = 64 * 1024 * 1024


class CertifiedResponse(ClientResponse):
    """An answer that keeps the certificate it came under: its connection is given back before it is read."""

    certificate: Mapping[str, Any] = MappingProxyType({})

    async def start(self, connection: Any) -> ClientResponse:
        """Begin to read."""
        tls = connection.transport.get_extra_info("ssl_object") if connection.transport is not None else None
        if tls is not None:
            self.certificate = tls.getpeercert() or {}
        return await super().start(connection)


async def once(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """A middleware of aiohttp: what changes something is sent once.

    aiohttp sends a PUT or DELETE again where a kept connection closed without an answer. The first may have
    done its work, and then the second is refused as if somebody else had been there.
    """
    try:
        return await handler(request)
    except ClientConnectorError:
        raise
    except (ClientOSError, ServerDisconnectedError) as error:
        if request.method in ("GET", "HEAD"):
            raise
        raise ClientConnectionError(f"the connection closed without an answer: {error}") from error


class OneHost(AioHttpTransport):  # type: ignore[misc]  # azure.core loads it late, so mypy sees no class
    """The way to one endpoint, over the session of a process.

    Raises Retry for a host that is not the endpoint's and for an answer that is none; azure.core's
    ServiceRequestError and ServiceResponseError where there was no answer at all, in our words.
    `json` says that every answer of the service is JSON or empty.
    """

    def __init__(self, endpoint: str, session: ClientSession, *, json: bool = True, **limits: float) -> None:
        super().__init__(session=session, session_owner=False, **limits)
        self._origin = _origin(endpoint)
        self._host = urlsplit(endpoint).hostname or endpoint
        self._json = json

    async def send(self, request: Any, **config: Any) -> Any:
        """Send the request and read the whole answer."""
        if _origin(request.url) != self._origin:
            stranger = urlsplit(request.url).hostname
            raise Retry(f"{self._host} sent us on to {stranger}, and nothing of ours goes to another host")
        with _in_plain_words(self._host):
            answer = await super().send(request, **config)
            # A long-running operation is begun as a stream: it is read here too, before anybody believes it.
            body = await answer.internal_response.read()
        status = answer.status_code
        if 300 <= status < 400 and status != 304:
            raise Retry(f"{self._host} answered with a redirect (status {status}), and none is followed")
        if self._json and status < 300:
            self._expect_json(answer, body)
        return answer

    def _expect_json(self, answer: Any, body: bytes) -> None:
        if not body.strip():
            return
        kind = str(answer.headers.get("Content-Type") or "no content type").partition(";")[0]
        if "json" not in kind.lower():
            raise Retry(f"{self._host} answered with {kind} (status {answer.status_code}) instead of JSON")
        try:
            msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Retry(
                f"{self._host} answered with something that is not JSON (status {answer.status_code})"
            ) from None


@contextmanager
def _in_plain_words(host: str) -> Iterator[None]:
    """The kinds of errors that decide about a repeat, with a sentence instead of a library's words."""
    try:
        yield
    except AzureError as error:
        if isinstance(error.inner_exception, TooLarge):
            raise _too_large(host, error.inner_exception) from error
        raise type(error)(_words(host, error)) from error
    except TooLarge as error:
        raise _too_large(host, error) from error
    except ClientPayloadError as error:
        raise IncompleteReadError(f"{host} {_BROKEN_OFF}") from error
    except TimeoutError as error:
        raise ServiceResponseTimeoutError(f"{host} gave no answer in time") from error
    except ClientError as error:
        raise ServiceResponseError(f"{host} hung up in the middle of its answer") from error


def _words(host: str, error: AzureError) -> str:
    cause = error.inner_exception
    if isinstance(cause, ClientConnectorCertificateError):
        return f"{host} could not prove that it is {host}: {cause.certificate_error}"
    if isinstance(error, IncompleteReadError):
        return f"{host} {_BROKEN_OFF}"
    if isinstance(error, ServiceRequestTimeoutError):
        return f"{host} could not be reached in time"
    if isinstance(error, ServiceResponseTimeoutError):
        return f"{host} gave no answer in time"
    if isinstance(error, ServiceResponseError):
        return f"{host} gave an answer that is not HTTP"
    if isinstance(error, ServiceRequestError):
        return f"{host} could not be reached, or hung up without an answer"
    return f"{host} gave no answer that could be read"


def _too_large(host: str, error: TooLarge) -> Retry:
    """Not for the SDK to repeat: the next answer would be as long."""
    return Retry(f"{host} answered with {error}, and no answer is that long")


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    ports = {"https": 443, "http": 80}
    return parts.scheme, (parts.hostname or "").lower(), parts.port or ports.get(parts.scheme)
