"""A reverse proxy before Azurite that loses requests and answers, or makes them up, on real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from enum import Enum, auto

from aiohttp import ClientSession, web
from aiohttp.typedefs import Middleware
from yarl import URL

from sandbox.azurite import Azurite


class Fault(Enum):
    """What becomes of one exchange."""

    NONE = auto()
    REQUEST_LOST = auto()
    ANSWER_LOST = auto()
    ANSWER_BUSY = auto()
    """The service did it, and a balancer in between says 503."""
    ANSWER_CUT = auto()
    ANSWER_SHORT = auto()
    """The answer ends before the first part of a batch."""
    ANSWER_GARBLED = auto()
    ANSWER_PARTIAL = auto()
    """The last part of a batch is missing."""
    REFUSED_BY_A_STRANGER = auto()
    """The service did it, and a page says 409."""


class Proxy:
    """Passes every request on and keeps its line; `batches` and `others` plan the faults of the next ones.

    `date_shift` is how far the service's clock seems to be ahead.
    """

    def __init__(self, azurite: Azurite, *middlewares: Middleware) -> None:
        self.batches: list[Fault] = []
        self.others: list[Fault] = []
        self.requests: list[str] = []
        self.connection_string = ""
        self.date_shift = timedelta()
        self._azurite = azurite
        self._middlewares = middlewares
        self._session: ClientSession | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One exchange."""
        self.requests.append(f"{request.method} {request.path.rsplit('/', 1)[-1]}")
        plan = self.batches if request.path.endswith("$batch") else self.others
        fault = plan.pop(0) if plan else Fault.NONE
        if fault is Fault.REQUEST_LOST:
            return _hang_up(request)
        status, headers, body = await self._pass_on(request)
        match fault:
            case Fault.ANSWER_LOST:
                return _hang_up(request)
            case Fault.ANSWER_BUSY:
                return web.Response(status=503, headers={"Retry-After": "1"}, text="busy")
            case Fault.ANSWER_CUT:
                return web.Response(status=status, headers=headers, body=body[: len(body) // 2])
            case Fault.ANSWER_SHORT:
                body = body[: body.index(b"--changeset")]
                return web.Response(status=status, headers=headers, body=body)
            case Fault.ANSWER_PARTIAL:
                body = body[: body.rindex(b"--changeset", 0, body.rindex(b"--changeset"))] + b"--"
                return web.Response(status=status, headers=headers, body=body)
            case Fault.REFUSED_BY_A_STRANGER:
                return web.Response(status=409, text="<html>Conflict</html>", content_type="text/html")
            case Fault.ANSWER_GARBLED:
                return web.Response(status=status, headers=headers, body=b"<html>welcome to the hotel</html>")
            case _:
                return web.Response(status=status, headers=headers, body=body)

    async def _pass_on(self, request: web.Request) -> tuple[int, dict[str, str], bytes]:
        kept = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        # The signature covers the path and the content type, so both go on exactly as they came.
        url = URL(f"http://127.0.0.1:{self._azurite.table_port}{request.raw_path}", encoded=True)
        data = await request.read() or None
        assert self._session is not None
        async with self._session.request(request.method, url, headers=kept, data=data) as answer:
            dropped = {"content-length", "transfer-encoding", "connection", "keep-alive", "server"}
            headers = {name: value for name, value in answer.headers.items() if name.lower() not in dropped}
            headers["Date"] = format_datetime(
                parsedate_to_datetime(answer.headers["Date"]) + self.date_shift, usegmt=True
            )
            return answer.status, headers, await answer.read()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Serve on a free port of 127.0.0.1; `connection_string` leads there."""
        app = web.Application(client_max_size=8 * 1024**2, middlewares=self._middlewares)
        app.router.add_route("*", "/{tail:.*}", self.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        async with ClientSession(skip_auto_headers=["Content-Type"]) as self._session:
            port = int(runner.addresses[0][1])
            mine, theirs = f":{port}/", f":{self._azurite.table_port}/"
            self.connection_string = self._azurite.connection_string.replace(theirs, mine)
            yield
        await runner.cleanup()


def _hang_up(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()
