"""What a slot's own host name answers, and what a person reads where it does not."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import trustme
from aiohttp import web

from sandbox.wire.gateway import ConnectProxy
from shared.azure.connection import Connection
from shared.azure.host_state import HostStates
from shared.errors import Retry
from shared.probes import HostSeen, HostState
from shared.safety import Readiness
from tests.azure.credential import FixedCredential
from tests.fleets import FLEET, GREEN
from tests.world.manual_clock import START, Estate

HOST = "aks-green.contoso.com"
NOW = datetime.now(UTC).replace(microsecond=0)
ENDS_AT = NOW + timedelta(days=9)


def application() -> web.Application:
    """A gateway with one path for everything that it may answer."""

    async def status(request: web.Request) -> web.Response:
        code = int(request.match_info["code"])
        return web.Response(status=code, headers={"Location": "/status/200"} if code == 302 else {})

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(64):
            await response.write(b"x" * 65_536)
        return response

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        await asyncio.sleep(0.1)
        await response.write(b"last")
        return response

    async def hangs(_: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    app = web.Application()
    app.router.add_get("/status/{code}", status)
    app.router.add_get("/endless", endless)
    app.router.add_get("/slow", slow)
    app.router.add_get("/hangs", hangs)
    return app


class Gateway:
    """A gateway behind the proxy. `authority` issues what clients trust; `connection` is such a client."""

    def __init__(self) -> None:
        self.authority = trustme.CA()
        self.url = ""

    @property
    def connection(self) -> Connection:
        """A client that trusts the authority, through the proxy."""
        trust = ssl.create_default_context()
        self.authority.configure_trust(trust)
        return Connection(probe_proxy=self.url, credential=FixedCredential(), tls=trust)


@asynccontextmanager
async def gateway(issue: Callable[[trustme.CA], trustme.LeafCert]) -> AsyncIterator[Gateway]:
    """A gateway under the certificate that `issue` makes."""
    made = Gateway()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    issue(made.authority).configure_cert(context)
    async with AsyncExitStack() as stack:
        runner = web.AppRunner(application(), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        proxy = ConnectProxy(Estate().world, runner.addresses[0][1])
        made.url = f"http://127.0.0.1:{await proxy.start()}"
        stack.push_async_callback(proxy.stop)
        yield made


def good(authority: trustme.CA) -> trustme.LeafCert:
    """A certificate that is good for nine days."""
    return authority.issue_cert(HOST, not_after=ENDS_AT)


@pytest.fixture
async def green() -> AsyncIterator[Gateway]:
    """A gateway under a good certificate."""
    async with gateway(good) as made:
        yield made


async def seen(connection: Connection, path: str, limit: float = 60) -> HostSeen:
    """What the candidate answers on a path."""
    fleet = msgspec.structs.replace(FLEET, readiness=Readiness(path=path))
    return await HostStates(connection, request_seconds_max=limit).observe(fleet, HostState(GREEN), START)


@pytest.mark.parametrize("status", [200, 204, 302, 404, 503])
async def test_any_status_is_an_answer_under_its_certificate(green: Gateway, status: int) -> None:
    answer = await seen(green.connection, f"/status/{status}")
    assert (answer.status, answer.certificate_ends_at, answer.because) == (status, ENDS_AT, "")


async def test_the_time_is_that_of_the_last_byte(green: Gateway) -> None:
    assert 100 <= (await seen(green.connection, "slow")).latency_ms < 5000


async def test_an_answer_without_end_is_not_read_to_it(green: Gateway) -> None:
    assert (await seen(green.connection, "/endless")).status == 200


async def test_an_answer_that_does_not_come_is_said_so(green: Gateway) -> None:
    answer = await seen(green.connection, "/hangs", limit=0.2)
    assert answer == HostSeen(0, because=f"{HOST} gave no answer in 0.2 s")


def expired(authority: trustme.CA) -> trustme.LeafCert:
    """A certificate that ended yesterday."""
    day = timedelta(days=1)
    return authority.issue_cert(HOST, not_before=NOW - 9 * day, not_after=NOW - day)


def of_another(authority: trustme.CA) -> trustme.LeafCert:
    """A certificate of another host."""
    return authority.issue_cert("www.example.net")


def unknown(_: trustme.CA) -> trustme.LeafCert:
    """A certificate of an authority that nobody trusts."""
    return trustme.CA().issue_cert(HOST)


@pytest.mark.parametrize(
    ("issue", "because"),
    [
        (expired, "certificate has expired"),
        (of_another, f"Hostname mismatch, certificate is not valid for '{HOST}'."),
        (unknown, "unable to get local issuer certificate"),
    ],
)
async def test_a_certificate_that_does_not_hold_is_no_answer_and_says_why(
    issue: Callable[[trustme.CA], trustme.LeafCert], because: str
) -> None:
    async with gateway(issue) as made:
        answer = await seen(made.connection, "/status/200")
    assert answer == HostSeen(0, because=f"the certificate of {HOST} does not hold: {because}")


async def test_a_host_that_hangs_up_is_no_answer() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        proxy = ConnectProxy(Estate().world, server.sockets[0].getsockname()[1])
        connection = Connection(
            probe_proxy=f"http://127.0.0.1:{await proxy.start()}", credential=FixedCredential()
        )
        answer = await seen(connection, "/status/200")
        await proxy.stop()
    assert answer == HostSeen(0, because=f"{HOST} could not be reached, or gave an answer that is not HTTP")


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", None], ids=["no proxy there", "no such name"])
async def test_a_way_that_is_not_open_says_nothing_about_the_slot(proxy: str | None) -> None:
    host = msgspec.structs.replace(FLEET.slot(GREEN).host, name="aks-green", zone_id="/dnszones/invalid")
    slots = (FLEET.slots[0], msgspec.structs.replace(FLEET.slot(GREEN), host=host))
    fleet = msgspec.structs.replace(FLEET, slots=slots)
    states = HostStates(Connection(probe_proxy=proxy, credential=FixedCredential()), request_seconds_max=5)
    with pytest.raises(Retry, match="the way there is not open"):
        await states.observe(fleet, HostState(GREEN), START)
