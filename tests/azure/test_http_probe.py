"""What counts as a failed request of a gate, and what as no request at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from sandbox.wire.gateway import ConnectProxy, gateway_context
from sandbox.wire.tls import Authority
from shared.azure.connection import Connection
from shared.azure.http_probe import HttpProbe
from shared.errors import Retry
from shared.fleet import Gate, Measure
from shared.probes import GateReading, Reading
from tests.azure.credential import FixedCredential, context
from tests.fleets import FLEET, GREEN, HEALTH
from tests.world.manual_clock import START, Estate


async def _ok(_: web.Request) -> web.Response:
    return web.Response(text="ok")


async def _hangs(_: web.Request) -> web.Response:
    await asyncio.sleep(30)
    return web.Response(text="too late")


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(64):
        await response.write(b"x" * 65_536)
    return response


def _answers(status: int, location: str | None = None) -> web.Response:
    return web.Response(status=status, headers={"Location": location} if location else {})


def application() -> web.Application:
    """A slot's gateway with one path for everything that can go wrong."""

    async def broken(_: web.Request) -> web.Response:
        return _answers(503)

    async def moved(_: web.Request) -> web.Response:
        return _answers(302, "/broken")

    async def away(_: web.Request) -> web.Response:
        return _answers(302, "https://login.example.net/")

    async def loop(_: web.Request) -> web.Response:
        return _answers(302, "/loop")

    app = web.Application()
    for handler in (broken, moved, away, loop):
        app.router.add_get(f"/{handler.__name__}", handler)
    app.router.add_get("/ok", _ok)
    app.router.add_get("/hangs", _hangs)
    app.router.add_get("/endless", _endless)
    return app


@pytest.fixture
async def proxied(tmp_path: Path) -> AsyncIterator[Connection]:
    """A connection whose proxy leads every host of the fleet to the gateway above."""
    world, authority = Estate().world, Authority(tmp_path)
    runner = web.AppRunner(application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=gateway_context(world, authority))
    await site.start()
    proxy = ConnectProxy(world, runner.addresses[0][1])
    url = f"http://127.0.0.1:{await proxy.start()}"
    yield Connection(probe_proxy=url, credential=FixedCredential(), tls=context(authority))
    await proxy.stop()
    await runner.cleanup()


def gate(path: str, measure: Measure = Measure.FAILED_SHARE) -> Gate:
    """A gate of three requests."""
    return msgspec.structs.replace(HEALTH, path=path, measure=measure, requests=3)


async def read(connection: Connection, asked: Gate, limit: float = 5) -> Reading:
    """The gate's reading on the candidate."""
    return await HttpProbe(connection, request_seconds_max=limit).observe(
        FLEET, GateReading(asked, GREEN), START
    )


@pytest.mark.parametrize(
    ("path", "failed"),
    [
        ("/ok", 0),
        ("ok", 0),
        ("/broken", 1),
        ("/moved", 1),
        ("/loop", 1),
        ("/endless", 0),
        ("/x", 1),
    ],
)
async def test_a_request_fails_as_it_would_for_a_user(proxied: Connection, path: str, failed: float) -> None:
    reading = await read(proxied, gate(path))
    assert [sample.value for sample in reading.samples] == [failed] * 3
    assert reading.source == f"GET https://aks-green.contoso.com/{path.lstrip('/')}"


async def test_a_redirect_to_another_host_says_nothing_about_the_slot(proxied: Connection) -> None:
    with pytest.raises(Retry, match=r"leads to login\.example\.net"):
        await read(proxied, gate("/away"))


async def test_a_request_without_an_answer_in_time_has_failed(proxied: Connection) -> None:
    reading = await read(proxied, gate("/hangs"), limit=0.3)
    assert [sample.value for sample in reading.samples] == [1, 1, 1]


async def test_a_latency_is_in_milliseconds_and_a_failed_request_has_none(proxied: Connection) -> None:
    good = await read(proxied, gate("/ok", Measure.LATENCY_MS))
    assert all(sample.value is not None and 0 < sample.value < 5_000 for sample in good.samples)
    bad = await read(proxied, gate("/broken", Measure.LATENCY_MS))
    assert [sample.value for sample in bad.samples] == [None, None, None]


async def test_a_certificate_that_does_not_hold_is_a_failure(proxied: Connection) -> None:
    doubter = Connection(probe_proxy=proxied.probe_proxy, credential=FixedCredential())
    reading = await read(doubter, gate("/ok"))
    assert [sample.value for sample in reading.samples] == [1, 1, 1]


async def test_a_proxy_that_is_down_is_not_the_candidates_fault() -> None:
    nowhere = Connection(probe_proxy="http://127.0.0.1:9", credential=FixedCredential())
    with pytest.raises(Retry, match="the way there is not open"):
        await read(nowhere, gate("/ok"))
