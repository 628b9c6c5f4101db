"""All that a rollout needs, started on this machine and ended with it: storage, stand-in, Functions host.

Decides how the parts are wired together and how fast time passes. Refuses to know what is rehearsed on them.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from sandbox.azurite import Azurite
from sandbox.demo.people import people
from sandbox.demo.real import front, users
from sandbox.host.host import Options
from sandbox.host.process import HostProcess
from sandbox.traffic.load import Load
from sandbox.wire.delivery import ActionGroup, EventGridDelivery
from sandbox.wire.server import Wire
from sandbox.world import Faults, World
from sandbox.world.outgoing import Outbound, Receiver
from shared.clock import RehearsalClock
from shared.fleet import Fleet

REPOSITORY = Path(__file__).resolve().parents[2]
RATE = 120.0
"""Seconds of the rehearsal in a real one."""
ORIGIN = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
"""A Wednesday morning, when most fleets' windows are open."""
HISTORY = timedelta(minutes=10)
"""Traffic that the stand-in must have seen before a rollout starts, or there is no baseline."""
LEASE_SECONDS = 5
PUMP_SECONDS = 0.05
COMPLAINTS_MAX = 5
SETTINGS = {
    "FUNCTIONS_WORKER_RUNTIME": "python",
    "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "1048576",
    "SWITCHYARD_QUEUE": "switchyard-advance",
    "SWITCHYARD_SWEEP_SCHEDULE": "* * * * * *",
    "SWITCHYARD_OUTBOX_SCHEDULE": "*/3 * * * * *",
    "SWITCHYARD_RETENTION_SCHEDULE": "*/20 * * * * *",
    "SWITCHYARD_TRUST_EASY_AUTH": "true",
}


class Rehearsal:
    """One fleet's world and a Switchyard that lives on it; an async context manager.

    Attributes, once entered: `url` (the Functions host), `people` who may sign in there, `world`, `clock`,
    `wire`, `users` (real ones), and `directory` (logs). With `debug` the host logs all that the SDKs have to
    say.
    """

    def __init__(
        self,
        fleet: Fleet,
        faults: Faults,
        record: Path | None,
        say: Callable[[str], None],
        *,
        debug: bool = False,
    ) -> None:
        self.clock = RehearsalClock(origin=ORIGIN, start=datetime.now(UTC), rate=RATE)
        self.directory = Path(tempfile.mkdtemp(prefix="switchyard-demo-"))
        self.world = World(fleet, self.clock, faults=faults)
        self.wire = Wire(self.world, self.clock, record=record, directory=self.directory)
        self._front = front(self.world)
        self.users: Load
        self.people = people()
        self.url = ""
        self.host_starts = 0
        self._say = say
        self._log_level = "DEBUG" if debug else "INFO"
        self._stack = AsyncExitStack()
        self._azurite = Azurite()
        self._host: HostProcess | None = None
        self._events: EventGridDelivery | None = None
        self._alerts: ActionGroup | None = None
        self._deliveries: set[asyncio.Task[object]] = set()

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()

    async def _start(self) -> None:
        began = time.monotonic()
        await asyncio.gather(
            self._stack.enter_async_context(self._azurite), self._stack.enter_async_context(self.wire)
        )
        self._say(
            f"storage (Azurite) and the stand-in for Azure listen after {time.monotonic() - began:.1f} s"
        )
        await self.start_host()
        self._say(f"the Functions host listens on {self.url} after {time.monotonic() - began:.1f} s")
        code = f"code={self.people.key}"
        hook = f"{self.url}/runtime/webhooks/eventgrid?functionName=events&{code}"
        self._events = await self._stack.enter_async_context(EventGridDelivery(hook, self.clock))
        self._alerts = await self._stack.enter_async_context(
            ActionGroup(f"{self.url}/api/alerts?fleet={self.world.fleet.name}&{code}", self.clock)
        )
        await self._stack.enter_async_context(self._front)
        self.users = await self._stack.enter_async_context(users(self._front))
        self._spawn(self._pump())

    async def _stop(self) -> None:
        for task in self._deliveries:
            task.cancel()
        await asyncio.gather(*self._deliveries, return_exceptions=True)
        if self._host is not None:
            host, self._host = self._host, None
            await asyncio.to_thread(host.stop)
            self._keep_log(host)
        await self._stack.aclose()

    async def start_host(self) -> None:
        """Start the Functions host, on the port that it had before if there was one."""
        port = int(self.url.rsplit(":", 1)[1]) if self.url else 0
        options = Options(
            app=REPOSITORY,
            port=port,
            lease_seconds=LEASE_SECONDS,
            key=self.people.key,
            sign_in=self.people.write(self.directory),
            log_level=self._log_level,
        )
        environment = {
            **SETTINGS,
            **self.wire.environment(),
            "AzureWebJobsStorage": self._azurite.connection_string,
        }
        host = HostProcess(options, environment)
        await asyncio.to_thread(host.start)
        self._host, self.url = host, host.url
        self.host_starts += 1

    async def kill_host(self) -> None:
        """End the Functions host as a power failure would."""
        if self._host is not None:
            host, self._host = self._host, None
            await asyncio.to_thread(host.kill)
            self._keep_log(host)

    async def subscribe(self) -> None:
        """The handshake of the event subscription. Raises HandshakeFailed."""
        assert self._events is not None, "use it as a context manager"
        await self._events.validate()

    async def has_history(self) -> None:
        """Return once the stand-in has seen enough traffic for a baseline."""
        passed = self.clock.now() - self.world.estate.started_at
        await asyncio.sleep(max(0.0, (HISTORY - passed).total_seconds() / RATE))

    async def deliver_event(self, body: dict[str, Any]) -> str:
        """Have Event Grid deliver one event; returns how that ended."""
        assert self._events is not None, "use it as a context manager"
        return (await self._events.deliver(body)).outcome.value

    @property
    def connection_string(self) -> str:
        """Of the storage account."""
        return self._azurite.connection_string

    def secrets(self) -> tuple[str, ...]:
        """Everything that this rehearsal has made and nobody may read in a log or an audit trail."""
        parts = dict(part.partition("=")[::2] for part in self.connection_string.split(";") if part)
        return (*self.people.secrets(), *self.wire.secrets(), parts["AccountKey"])

    def complaints(self) -> list[str]:
        """The last lines in which a host that has ended complained."""
        logs = sorted(self.directory.glob("host-*.log"))
        lines = [line for log in logs for line in log.read_text(encoding="utf-8").splitlines()]
        # asyncio's own are about what was still open when the host had to end.
        ours = (line for line in lines if " ERROR asyncio:" not in line)
        return [line for line in ours if " ERROR " in line or " CRITICAL " in line][-COMPLAINTS_MAX:]

    def forget(self) -> None:
        """Delete the logs and the certificates."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def _keep_log(self, host: HostProcess) -> None:
        path = self.directory / f"host-{self.host_starts}.log"
        path.write_text(host.child.output, encoding="utf-8")

    async def _pump(self) -> None:
        """Hand what the world sends by itself to its receivers, each delivery on its own."""
        while True:
            for outbound in self.world.take_due():
                self._spawn(self._deliver(outbound))
            await asyncio.sleep(PUMP_SECONDS)

    async def _deliver(self, outbound: Outbound) -> None:
        receiver = self._events if outbound.receiver is Receiver.EVENT_GRID else self._alerts
        assert receiver is not None, "the pump runs while it is entered"
        await receiver.deliver(outbound.body)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)
