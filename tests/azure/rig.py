"""The Azure adapters on the stand-in's wire door, through the real SDK clients."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from azure.core.credentials import AccessToken

from sandbox.wire.server import Wire
from sandbox.world import Faults
from shared.azure.connection import Connection
from shared.azure.world import AzureWorld
from shared.fleet import Fleet
from shared.probes import Answer, Probe
from tests.azure.credential import FixedCredential
from tests.fleets import FLEET
from tests.world.manual_clock import Estate


class WireCredential(FixedCredential):
    """Tokens of the stand-in's managed identity, without its endpoint."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """A token for one scope."""
        return AccessToken(*self._wire.token(scopes[0].removesuffix("/.default")))


def connected(wire: Wire, kind: type[Connection] = Connection) -> Connection:
    """A connection to everything that the stand-in serves; the caller closes it."""
    return kind(
        arm_endpoint=wire.arm_endpoint,
        metrics_endpoint=wire.metrics_endpoint,
        logs_endpoint=wire.logs_endpoint,
        probe_proxy=wire.probe_proxy,
        dns_server=wire.dns_server,
        load_tests_endpoint=wire.load_tests_endpoint,
        credential=WireCredential(wire),
        tls=trust(wire),
    )


class Rig:
    """A world, the wire before it and the adapters on that wire, with a record of what crossed it."""

    def __init__(self, estate: Estate, wire: Wire, connection: Connection, record: Path) -> None:
        self.estate = estate
        self.wire = wire
        self.connection = connection
        self.azure = AzureWorld(connection)
        self._record = record
        self._read = 0

    async def see(self, probe: Probe) -> Answer:
        """The answer to one probe now."""
        now = self.estate.clock.now()
        return (await self.azure.observe(self.estate.fleet, frozenset({probe}), now))[probe]

    def exchanges(self) -> list[dict[str, Any]]:
        """What crossed the wire since this was last asked."""
        lines = self._record.read_text().splitlines()
        fresh, self._read = lines[self._read :], len(lines)
        return [json.loads(line) for line in fresh]


def trust(wire: Wire) -> ssl.SSLContext:
    """Trust in the stand-in's authority alone."""
    return ssl.create_default_context(cafile=str(wire.ca_file))


@asynccontextmanager
async def rig(directory: Path, fleet: Fleet = FLEET, faults: Faults | None = None) -> AsyncIterator[Rig]:
    """Start the wire door in this process and connect the adapters to it."""
    estate = Estate(fleet, faults)
    record = directory / "exchanges.jsonl"
    started = time.monotonic()
    async with Wire(estate.world, estate.clock, record=record, directory=directory / "tls") as wire:
        connection = connected(wire)
        try:
            yield Rig(estate, wire, connection, record)
        finally:
            await connection.aclose()
    assert time.monotonic() - started < 60, "an adapter slept"
