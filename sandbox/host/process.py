"""The host as a process of its own, for tests and rehearsals that start, kill and restart it."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from sandbox.child import Child
from sandbox.host.host import Options

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 10.0
_REPOSITORY = Path(__file__).resolve().parents[2]


class HostProcess:
    """A host in a child process, which ends with this one at the latest.

    Use it with `with` or `async with`. `url` is known once it is entered. `environment` is added to this
    process's own. Entering raises `ChildFailed` with the host's last lines where it doesn't start.
    """

    def __init__(self, options: Options, environment: Mapping[str, str] | None = None) -> None:
        self.options = options
        self.url = ""
        self.environment = dict(environment or {})
        self._child: Child | None = None

    def start(self) -> Self:
        """Start it and wait until it listens."""
        environment = os.environ | self.environment
        environment["PYTHONPATH"] = os.pathsep.join(
            filter(None, [str(_REPOSITORY), environment.get("PYTHONPATH", "")])
        )
        environment["PYTHONUNBUFFERED"] = "1"
        self._child = Child([sys.executable, "-m", "sandbox.host", *self._arguments()], environment)
        try:
            ready = self._child.wait_for(r"host: listening on (http://\S+)", START_SECONDS_MAX)
        except BaseException:
            self._child.kill()
            raise
        self.url = ready[1]
        return self

    def _arguments(self) -> list[str]:
        options = self.options
        optional = {
            "--settings": options.settings,
            "--key": options.key,
            "--timer-status": options.timer_status,
            "--sign-in": options.sign_in,
        }
        return [
            "--app",
            str(options.app),
            "--port",
            str(options.port),
            "--lease-seconds",
            str(options.lease_seconds),
            "--log-level",
            options.log_level,
            "--exit-with-stdin",
            # In one word: a random key may begin with a hyphen.
            *(f"{flag}={value}" for flag, value in optional.items() if value is not None),
        ]

    @property
    def child(self) -> Child:
        """The process: its output, and `wait_for` to await a line of it."""
        if self._child is None:
            raise RuntimeError("the host was not started")
        return self._child

    def stop(self) -> int:
        """Stop gracefully; the exit code."""
        return self.child.stop(STOP_SECONDS_MAX)

    def kill(self) -> None:
        """End it as a crash would."""
        self.child.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)
