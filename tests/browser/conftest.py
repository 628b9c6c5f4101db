"""A browser, the page in it, and a Switchyard in memory that answers it over HTTP.

The browser is Debian's own Chromium: `apt-get install chromium`. Without it these tests are skipped and say
so; none is ever downloaded.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from playwright.async_api import Page, async_playwright, expect

from shared.api.http import Request, Response, respond
from shared.api.identity import Caller
from shared.safety import Readiness
from tests.api.conftest import OLIVIA, Client
from tests.fleets import FLEET

CHROMIUM = Path("/usr/bin/chromium")
HERE = CHROMIUM.exists()
READY = msgspec.structs.replace(FLEET, readiness=Readiness(every_seconds=180))
# The page looks every five seconds, and every ten once it got no answer.
expect.set_options(timeout=40_000)


class Site:
    """The page's routes on a port of this machine. `caller` is who is signed in."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.caller: Caller = OLIVIA
        self.asked: list[tuple[str, str]] = []
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self._port}/api/page"

    async def open(self) -> None:
        """Answer, on the same port as before."""
        app = web.Application()
        api = self.client.api
        for path, handler in (
            ("/api/page", api.page),
            ("/api/fleets", api.list_fleets),
            ("/api/fleets/{fleet}", api.get_fleet),
            ("/api/fleets/{fleet}/rollouts/{rollout}", api.get_rollout),
        ):
            app.router.add_route("*", path, self._answering(handler))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Go away, in the middle of whatever is asked."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _answering(
        self, handler: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            self.asked.append((request.method, request.path))
            asked = Request(method=request.method, path=dict(request.match_info), caller=self.caller)
            said = await respond(handler, asked)
            headers = {**said.headers, "Content-Type": f"{said.content_type}; charset=utf-8"}
            return web.Response(status=said.status, headers=headers, body=said.body)

        return answer


@asynccontextmanager
async def browsing(site: Site) -> AsyncIterator[Page]:
    """A page in a browser; whatever its console complains of fails the test."""
    complaints: list[str] = []
    async with async_playwright() as player:
        browser = await player.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        context = await browser.new_context()
        page = await context.new_page()
        page.set_default_timeout(40_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        await page.route("**/favicon.ico", lambda route: route.abort())
        yield page
        await browser.close()
    assert complaints == []
    assert {method for method, _ in site.asked} == {"GET"}


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """An open site that knows the fleet `contoso`."""
    client = Client()
    await client.rig.store.apply(READY, if_match=None, now=client.rig.clock.now())
    site = Site(client)
    await site.open()
    yield site
    await site.close()


@pytest.fixture
async def page(site: Site) -> AsyncIterator[Page]:
    """The browser's page, not yet anywhere."""
    if not HERE:
        pytest.skip(f"there is no browser at {CHROMIUM}: apt-get install chromium")
    async with browsing(site) as found:
        yield found
