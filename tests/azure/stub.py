"""A server of a few scripted answers, for what the stand-in never says."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from aiohttp import web

from sandbox.wire.tls import Authority
from shared.azure.connection import Connection
from tests.azure.credential import FixedCredential, context


class Said(NamedTuple):
    """One scripted answer; None is no body at all."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = {}


class Stub:
    """Answers a method and the end of a path from `script`, the last answer for ever; keeps every request.

    `queries` are those of the requests, decoded.
    """

    def __init__(self, script: Mapping[tuple[str, str], list[Said]]) -> None:
        self._script = {key: list(answers) for key, answers in script.items()}
        self.requests: list[tuple[str, str, Any]] = []
        self.queries: list[dict[str, str]] = []
        self.base = ""

    async def handle(self, request: web.Request) -> web.Response:
        """The next answer for the request."""
        text = await request.text()
        form = request.content_type == "application/x-www-form-urlencoded"
        body = dict(parse_qsl(text)) if form else json.loads(text) if text else None
        self.requests.append((request.method, request.path, body))
        self.queries.append(dict(request.query))
        for (method, end), answers in self._script.items():
            if request.method == method and request.path.endswith(end):
                said = answers.pop(0) if len(answers) > 1 else answers[0]
                headers = {name: value.replace("{base}", self.base) for name, value in said.headers.items()}
                if said.body is None:
                    return web.Response(status=said.status, headers=headers)
                return web.json_response(said.body, status=said.status, headers=headers)
        return web.json_response({"error": {"code": "NotScripted", "message": request.path}}, status=400)


@asynccontextmanager
async def stub(
    directory: Path, script: Mapping[tuple[str, str], list[Said]]
) -> AsyncIterator[tuple[Stub, Connection]]:
    """A stub over HTTPS and a connection to it."""
    authority = Authority(directory)
    server = Stub(script)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=authority.server_context("localhost"))
    await site.start()
    server.base = f"https://localhost:{runner.addresses[0][1]}"
    connection = Connection(
        arm_endpoint=server.base,
        logs_endpoint=server.base,
        metrics_endpoint=server.base,
        credential=FixedCredential(),
        tls=context(authority),
    )
    try:
        yield server, connection
    finally:
        await connection.aclose()
        await runner.cleanup()
