"""The host processes of a run: killed with SIGKILL, stalled with SIGSTOP, started again; every line is kept.

Decides what a kill leaves behind. Refuses to know when and why one is killed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from sandbox.demo.people import People
from sandbox.demo.rehearsal import REPOSITORY
from sandbox.host.host import Options
from sandbox.host.process import HostProcess
from tests.soak.front import Front

CLAIMED = ", epoch "
"""What the engine's line about a claim contains."""


class Blow(Struct, frozen=True):
    """A kill or a stall of a worker: when it began and, if it was a stall, ended, on the monotonic clock.

    `moment` is what was waited for.
    """

    at: float
    until: float
    worker: int
    moment: str
    stalled: bool = False


class Hosts:
    """Up to `count` workers on the same storage. Worker numbers start at 0."""

    def __init__(
        self,
        count: int,
        environment: Mapping[str, str],
        front: Front,
        directory: Path,
        lease_seconds: int,
        people: People,
    ) -> None:
        self.count = count
        self.blows: list[Blow] = []
        self.exit_codes: list[int] = []
        self._environment = environment
        self._front = front
        self._directory = directory
        self._lease_seconds = lease_seconds
        self._key = people.key
        self._sign_in = people.write(directory)
        self._running: dict[int, HostProcess] = {}
        self._starts = 0

    @property
    def running(self) -> list[int]:
        """The workers that run."""
        return sorted(self._running)

    async def start(self, worker: int) -> None:
        """Start a worker and let it take connections. Raises ChildFailed."""
        options = Options(
            app=REPOSITORY,
            port=0,
            lease_seconds=self._lease_seconds,
            key=self._key,
            sign_in=self._sign_in,
        )
        host = HostProcess(options, self._environment)
        await asyncio.to_thread(host.start)
        self._running[worker] = host
        self._front.ports.append(_port(host))

    async def kill(self, worker: int, moment: str) -> None:
        """SIGKILL, at once."""
        host = self._running.pop(worker)
        # Noted first: a publication that is seen from here on may be a repeat of one that this host made.
        at = time.monotonic()
        self.blows.append(Blow(at, at, worker, moment))
        await asyncio.to_thread(host.kill)
        self._forget(worker, host)

    async def stall(self, worker: int, moment: str, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after `seconds`: it goes on as if no time had passed."""
        at = time.monotonic()
        pid = self._running[worker].child.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)
            self.blows.append(Blow(at, time.monotonic(), worker, moment, stalled=True))

    async def stop(self) -> None:
        """Ask every worker that runs to end. What they say from then on is kept apart."""
        for worker, host in list(self._running.items()):
            del self._running[worker]
            before = host.child.output
            self.exit_codes.append(await asyncio.to_thread(host.stop))
            self._forget(worker, host, before)
            last = self._directory / f"end-{worker}.log"
            last.write_text(host.child.output.removeprefix(before), encoding="utf-8")

    def claims(self, worker: int) -> int:
        """How many claims the worker has logged since its start."""
        return self._running[worker].child.output.count(CLAIMED)

    def _forget(self, worker: int, host: HostProcess, said: str | None = None) -> None:
        self._front.ports.remove(_port(host))
        self._starts += 1
        path = self._directory / f"host-{worker}-{self._starts:03d}.log"
        path.write_text(said if said is not None else host.child.output, encoding="utf-8")


def _port(host: HostProcess) -> int:
    return int(host.url.rsplit(":", 1)[1])
