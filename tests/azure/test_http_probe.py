"""What counts as a failed request of a gate, and what as no request at all."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import trustme
from aiohttp import web

from sandbox.wire.gateway import ConnectProxy, gateway_context
from sandbox.wire.tls import Authority
from shared.azure.connection import Connection
from shared.azure.http_probe import HttpProbe
from shared.check_rules import Expect
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

    async def status(_: web.Request) -> web.Response:
        return web.json_response({"checks": {"db": "up"}, "lag": 3, "token": "s3cret"})

    app = web.Application()
    for handler in (broken, moved, away, loop):
        app.router.add_get(f"/{handler.__name__}", handler)
    app.router.add_get("/ok", _ok)
    app.router.add_get("/status", status)
    app.router.add_get("/hangs", _hangs)
    app.router.add_get("/endless", _endless)
    return app


@asynccontextmanager
async def serving(server: ssl.SSLContext) -> AsyncIterator[str]:
    """The gateway above under a certificate: the proxy that leads every host of the fleet there."""
    runner = web.AppRunner(application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server).start()
    proxy = ConnectProxy(Estate().world, runner.addresses[0][1])
    yield f"http://127.0.0.1:{await proxy.start()}"
    await proxy.stop()
    await runner.cleanup()


@pytest.fixture
async def proxied(tmp_path: Path) -> AsyncIterator[Connection]:
    """A connection through that proxy."""
    authority = Authority(tmp_path)
    async with serving(gateway_context(Estate().world, authority)) as url:
        yield Connection(probe_proxy=url, credential=FixedCredential(), tls=context(authority))


def gate(path: str, measure: Measure = Measure.FAILED_SHARE) -> Gate:
    """A gate of three requests."""
    return msgspec.structs.replace(HEALTH, path=path, measure=measure, requests=3)


async def read(connection: Connection, asked: Gate, limit: float = 60) -> Reading:
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


async def test_a_latency_of_a_request_without_an_answer_is_as_long_as_was_waited(proxied: Connection) -> None:
    found = await read(proxied, gate("/hangs", Measure.LATENCY_MS), limit=0.3)
    assert all(sample.value is not None and 300 <= sample.value < 5_000 for sample in found.samples)
    assert {sample.because for sample in found.samples} == {"no answer in 0.3 s"}


@pytest.mark.parametrize(
    ("path", "met", "unmet", "words"),
    [
        ("/status", Expect(statuses=(200,)), Expect(statuses=(204,)), "status 200, expected 204"),
        ("/broken", Expect(statuses=(503,)), Expect(), "status 503, expected less than 400"),
        ("/ok", Expect(latency_ms=9_000), Expect(latency_ms=0.001), "ms, expected 0.001 ms at most"),
        ("/status", Expect(body='"db": "up"'), Expect(body='"db": "down"'), "bytes without"),
        ("/status", Expect(pattern='"lag": [0-9],'), Expect(pattern='"lag": [0-9][0-9],'), "no line matches"),
        (
            "/status",
            Expect(fields=(("checks.db", "up"), ("lag", 3))),
            Expect(fields=(("checks.db", "up"), ("lag", 4))),
            "JSON in which lag is not 4",
        ),
        ("/ok", Expect(body="ok"), Expect(fields=(("lag", 3),)), "a body of 2 bytes that is not JSON"),
        ("/endless", Expect(statuses=(200,)), Expect(body="y"), "a body that is longer than is read"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_an_answer_is_held_against_each_thing_that_a_gate_expects(
    proxied: Connection, path: str, met: Expect, unmet: Expect, words: str
) -> None:
    for expect, value in ((met, 0), (unmet, 1)):
        reading = await read(proxied, msgspec.structs.replace(gate(path), check=expect))
        assert [sample.value for sample in reading.samples] == [value] * 3
        assert all((words in sample.because) is bool(value) for sample in reading.samples)
        assert "s3cret" not in repr(reading)


async def test_all_that_is_not_met_is_said_at_once(proxied: Connection) -> None:
    expect = Expect(statuses=(204,), latency_ms=0.001, body="nothing")
    reading = await read(proxied, msgspec.structs.replace(gate("/status"), check=expect))
    for sample in reading.samples:
        assert sample.because.startswith("status 200, expected 204, ")
        assert sample.because.endswith(" ms, expected 0.001 ms at most, a body of 53 bytes without nothing")


@pytest.mark.parametrize(("days", "value"), [(2, 0), (4, 1)])
async def test_a_certificate_that_ends_too_soon_is_a_failure(days: int, value: float) -> None:
    now, authority = datetime.now(UTC), trustme.CA()
    server, trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    host = FLEET.slot(GREEN).host.fqdn
    authority.issue_cert(host, not_after=now + timedelta(days=3)).configure_cert(server)
    authority.configure_trust(trust)
    expecting = msgspec.structs.replace(gate("/ok"), check=Expect(certificate_seconds=days * 86_400))
    async with serving(server) as url:
        connection = Connection(probe_proxy=url, credential=FixedCredential(), tls=trust)
        found = await HttpProbe(connection).observe(FLEET, GateReading(expecting, GREEN), now)
    assert [sample.value for sample in found.samples] == [value] * 3
    said = f"a certificate until {now + timedelta(days=3):%Y-%m-%d %H:%M}, expected one for another 4 days"
    assert {sample.because for sample in found.samples} == {said if value else ""}


async def test_a_certificate_that_does_not_hold_is_a_failure(proxied: Connection) -> None:
    doubter = Connection(probe_proxy=proxied.probe_proxy, credential=FixedCredential())
    reading = await read(doubter, gate("/ok"))
    assert [sample.value for sample in reading.samples] == [1, 1, 1]


async def test_a_proxy_that_is_down_is_not_the_candidates_fault() -> None:
    nowhere = Connection(probe_proxy="http://127.0.0.1:9", credential=FixedCredential())
    with pytest.raises(Retry, match="the way there is not open"):
        await read(nowhere, gate("/ok"))
