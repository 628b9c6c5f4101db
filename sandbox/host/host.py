"""The host: it brings an app's functions and their triggers together, and takes them apart again.

Decides the order of start and stop, and what a function that is started by hand is given. How a trigger
works is its own module's business.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web
from azure.core.exceptions import AzureError

from sandbox.host.easy_auth import ENABLED, EasyAuth, read
from sandbox.host.errors import StartError
from sandbox.host.host_json import HostJson, read_host_json
from sandbox.host.inventory import Function, read_functions
from sandbox.host.messages import TypedData
from sandbox.host.queues import LEASE_SECONDS, QueueListener
from sandbox.host.routes import RouteTable
from sandbox.host.settings import Settings, enter, read_values
from sandbox.host.storage import Queues
from sandbox.host.timers import StatusFile, Timer
from sandbox.host.web import BODY_BYTES_MAX, application
from sandbox.host.worker import Attempt, Outcome, Worker, index, stop_runtime

log = logging.getLogger("host")

STOP_SECONDS_MAX = 5.0
_BODY_LIMIT = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"
ANSWER_SECONDS_MAX = 1.0  # for writing the responses of what has ended


@dataclass(frozen=True, slots=True)
class Options:
    """What to serve, and where.

    `port` 0 takes a free one. `key` opens function-level and admin-level routes; None leaves them open, as
    the Core Tools do. `timer_status` remembers ticks across restarts. `lease_seconds` is how long a message
    stays hidden from others while its function runs (Azure: 600); a shorter one makes crashes heal sooner.
    `sign_in` is the file of tokens that App Service Authentication knows here; None: it is off. With the
    `log_level` DEBUG the SDKs and the runtime say all that they have to say.
    """

    app: Path
    port: int = 7071
    settings: Path | None = None
    key: str | None = None
    timer_status: Path | None = None
    lease_seconds: int = LEASE_SECONDS
    sign_in: Path | None = None
    log_level: str = "INFO"


class SystemClock:
    """Real time, for the timers."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Let that much real time pass."""
        await asyncio.sleep(seconds)


class Host:
    """A running host; `running` makes one."""

    def __init__(self, url: str, functions: tuple[Function, ...], queues: Queues, worker: Worker) -> None:
        self.url = url
        self.functions = functions
        self._queues = queues
        self._worker = worker
        self._timers: dict[str, Timer] = {}
        self._listeners: list[QueueListener] = []
        self._loops: dict[str, asyncio.Task[None]] = {}
        self._runner: web.AppRunner | None = None
        self._site: web.SockSite | None = None
        self.abandoned = False

    async def open(
        self,
        options: Options,
        host_json: HostJson,
        door: socket.socket,
        easy_auth: EasyAuth | None,
        body_bytes_max: int,
    ) -> None:
        """Start serving. Raises StartError with every trigger that can't be served."""
        enabled = [function for function in self.functions if not function.disabled]
        self._make_timers(enabled, options)
        await self._make_listeners(enabled, options, host_json)
        http = [function for function in enabled if function.trigger.kind == "httpTrigger"]
        self._runner = web.AppRunner(
            application(
                self.functions,
                RouteTable(http, host_json.route_prefix),
                self._worker,
                self._run_by_hand,
                options.key,
                easy_auth,
                body_bytes_max=body_bytes_max,
            ),
            access_log=None,
            auto_decompress=False,  # as on Azure: a compressed body is the app's business, and stays small
            shutdown_timeout=ANSWER_SECONDS_MAX,
        )
        await self._runner.setup()
        self._site = web.SockSite(self._runner, door)
        await self._site.start()
        for name, timer in self._timers.items():
            self._loops[name] = asyncio.create_task(timer.run())
        for listener in self._listeners:
            self._loops[listener.function.name] = asyncio.create_task(listener.run())

    def _make_timers(self, enabled: list[Function], options: Options) -> None:
        try:
            statuses = StatusFile(options.timer_status)
        except ValueError as error:
            raise StartError([f"{options.timer_status}: {error}"]) from error
        problems = []
        for function in enabled:
            if function.retry is not None and function.trigger.kind != "timerTrigger":
                log.warning("%s: a retry policy has no effect on a %s", function.name, function.trigger.kind)
            if function.trigger.kind == "timerTrigger":
                try:
                    self._timers[function.name] = self._timer(function, statuses)
                except ValueError as error:
                    problems.append(f"function '{function.name}': {error}")
        if problems:
            raise StartError(problems)

    def _timer(self, function: Function, statuses: StatusFile) -> Timer:
        async def fire(data: TypedData, attempt: Attempt) -> Outcome:
            return await self._worker.invoke(function, data, attempt=attempt)

        return Timer(function, fire, SystemClock(), statuses)

    async def _make_listeners(self, enabled: list[Function], options: Options, host_json: HostJson) -> None:
        self._listeners = [
            QueueListener(
                function, self._queues, self._worker, host_json.queues, lease_seconds=options.lease_seconds
            )
            for function in enabled
            if function.trigger.kind == "queueTrigger"
        ]
        problems = []
        for listener in self._listeners:
            try:
                await listener.prepare()
            except (AzureError, ValueError) as error:
                problems.append(
                    f"function '{listener.function.name}': queue '{listener.queue}' can't be reached: "
                    f"{type(error).__name__}"
                )
        if problems:
            raise StartError(problems)

    async def _run_by_hand(self, function: Function, given: str) -> Outcome:
        if function.trigger.kind == "timerTrigger":
            timer = self._timers.get(function.name) or self._timer(function, StatusFile(None))
            return await timer.run_by_hand()
        data = (
            TypedData(json=given) if function.trigger.kind == "eventGridTrigger" else TypedData(string=given)
        )
        return await self._worker.invoke(function, data)

    async def close(self) -> None:
        """Take nothing new and let what runs end, for up to five seconds; `abandoned` if not all did."""
        if self._site is not None:
            await self._site.stop()
        for name in self._timers.keys() & self._loops.keys():
            self._timers[name].stop(self._loops[name])
        await asyncio.gather(
            *(
                listener.stop(self._loops[listener.function.name])
                for listener in self._listeners
                if listener.function.name in self._loops
            )
        )
        self.abandoned = not await self._worker.drained(STOP_SECONDS_MAX)
        for loop in self._loops.values():
            loop.cancel()
        if self._runner is not None:
            await self._runner.cleanup()
        for listener in self._listeners:
            await listener.abandon()
        await asyncio.gather(*self._loops.values(), return_exceptions=True)
        await self._queues.close()
        if not self.abandoned:
            stop_runtime()


@contextlib.asynccontextmanager
async def running(options: Options) -> AsyncIterator[Host]:
    """Serve the app while the context lasts. Raises StartError where it can't be served.

    The runtime allows one app in a process, once: a test that needs two uses `HostProcess`.
    """
    with contextlib.closing(_door(options.port)) as door:
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
        easy_auth = read(options.sign_in) if options.sign_in else None
        # The platform's own word: no local setting may say otherwise.
        os.environ[ENABLED] = str(easy_auth is not None)
        settings = enter(read_values(options.settings) if options.settings else {})
        os.environ.setdefault("AZURE_FUNCTIONS_ENVIRONMENT", "Development")
        os.environ.setdefault("WEBSITE_HOSTNAME", url.removeprefix("http://"))
        host_json = read_host_json(options.app / "host.json")
        functions = read_functions(await index(options.app.resolve()), settings)
        queues = Queues(in_base64=host_json.queues.base64)
        host = Host(url, functions, queues, Worker(queues.emit))
        try:
            await host.open(options, host_json, door, easy_auth, _body_bytes_max(settings))
            yield host
        finally:
            await host.close()


def _body_bytes_max(settings: Settings) -> int:
    """Source: https://learn.microsoft.com/azure/azure-functions/functions-app-settings"""
    given = settings.get(_BODY_LIMIT) or str(BODY_BYTES_MAX)
    if not given.isdecimal():
        raise StartError([f"{_BODY_LIMIT}: got {given!r}, expected a number of bytes"])
    return int(given)


def _door(port: int) -> socket.socket:
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind(("127.0.0.1", port))
    except OSError as error:
        door.close()
        raise StartError([f"port {port} of 127.0.0.1 can't be had: {error.strerror}"]) from error
    return door
