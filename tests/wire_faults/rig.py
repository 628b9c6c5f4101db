"""A stand-in whose answers go bad on demand, and the adapters before it with short patience."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.wire.faults import Fault, Spoilt, Where
from sandbox.wire.server import Wire
from sandbox.wire.spoiling import spoiling
from sandbox.world import Faults
from sandbox.world.balancers import TYPES
from shared.azure.connection import Connection
from shared.azure.world import AzureWorld
from shared.fleet import Fleet
from shared.levers import MATCHING, Match, SwitchKind
from shared.safety import Drain
from tests.azure.rig import WireCredential, trust
from tests.fleets import ADDRESSES, BLUE, FLEET, GREEN, record
from tests.fleets_balanced import balancer
from tests.world.manual_clock import VERSION, Estate

_NETWORK = FLEET.live_records[0].zone_id.rpartition("/dnszones/")[0]
PUBLIC = record("aks")
PRIVATE = msgspec.structs.replace(
    PUBLIC, kind=SwitchKind.PRIVATE_DNS, zone_id=f"{_NETWORK}/privateDnsZones/priv.contoso.com", name="aks"
)

BALANCED = tuple(TYPES)
HOOK_URL = "https://hooks.contoso.com/shop"
NEVER_ENDING = (Fault.LATE, Fault.DRIPPING)


def estate_fleet() -> Fleet:
    """A fleet with every kind of thing that an adapter looks at."""
    slots = tuple(
        msgspec.structs.replace(
            each, address=None, public_ip_id=f"{_NETWORK}/publicIPAddresses/pip-agw-{each.name}"
        )
        for each in FLEET.slots
    )
    return msgspec.structs.replace(
        FLEET,
        live_records=(PUBLIC, PRIVATE),
        slots=slots,
        balancers=tuple(map(balancer, BALANCED)),
        drain=Drain(connections_metric="CurrentConnections"),
    )


class Patience(Connection):
    """A connection that repeats a read without waiting."""

    def retry_policy(self) -> Any:
        """The product's, without its pause."""
        policy = super().retry_policy()
        policy.backoff_factor = 0
        return policy


class Rig:
    """A healthy estate behind the wire; `spoilt` is what happens to exchanges of `methods` on a `path`.

    `path` is a part of theirs. `requests` are the methods and paths that came, `strayed` those for a host
    that is not the door's.
    """

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.fleet = estate.fleet
        self.spoilt: Spoilt | None = None
        self.methods = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
        self.requests: list[tuple[str, str]] = []
        self.strayed: list[str] = []
        self.path = ""
        self.change: Callable[[Any], Any] | None = None
        self.wire: Wire
        self.connection: Connection
        self.world: AzureWorld

    def plan(self, request: web.Request) -> Spoilt | None:
        """Note the request and say what becomes of it."""
        if request.secure and request.host.startswith("127.0.0.1"):
            self.strayed.append(request.path)
        self.requests.append((request.method, request.path))
        met = request.method in self.methods and self.path in request.path
        return self.spoilt if met else None

    @web.middleware
    async def changed(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """An answer's JSON as `change` makes it."""
        response = await handler(request)
        if self.change is None or not isinstance(response, web.Response) or not response.body:
            return response
        assert isinstance(response.body, bytes)
        body = self.change(json.loads(response.body))
        etag = response.headers.get("ETag")
        return web.json_response(body, status=response.status, headers={"ETag": etag} if etag else {})

    def stranger(self) -> str:
        """The door under another host name."""
        return self.wire.arm_endpoint.replace("localhost", "127.0.0.1")

    def spoil(self, fault: Fault | None, where: Where = Where.AFTER) -> None:
        """From now on."""
        self.spoilt = Spoilt(fault, where) if fault is not None else None
        self.requests.clear()
        self.strayed.clear()

    def limits_seconds(self, fault: Fault | None) -> Iterator[float]:
        """Limits for one question; a longer one follows only where nothing was asked within the last.

        Who never ends an answer is not waited for, and yet a busy machine gets round to asking.
        """
        if fault not in NEVER_ENDING:
            yield 60
            return
        for seconds in (0.15, 1, 10):
            yield seconds
            if self.requests:
                return

    def connect(self, **changes: Any) -> Connection:
        """A connection to the wire; `changes` go to its constructor."""
        return Patience(
            **{
                "arm_endpoint": self.wire.arm_endpoint,
                "metrics_endpoint": self.wire.metrics_endpoint,
                "logs_endpoint": self.wire.logs_endpoint,
                "probe_proxy": self.wire.probe_proxy,
                "dns_server": self.wire.dns_server,
                "load_tests_endpoint": self.wire.load_tests_endpoint,
                "credential": WireCredential(self.wire),
                "tls": trust(self.wire),
                **changes,
            }
        )

    def changes(self) -> list[str]:
        """The methods of the requests that change something. Queries and a hook's question do not."""
        return [method for method, path in self.requests if method != "GET" and not _asks(path)]


def _asks(path: str) -> bool:
    return path.endswith(("/validate", "/query", "/query_range", ":getBatch", urlsplit(HOOK_URL).path))


@asynccontextmanager
async def rig(directory: Path) -> AsyncIterator[Rig]:
    """An estate in which both slots are up, synchronised, and have had traffic."""
    it = Rig(Estate(estate_fleet(), Faults(external_dns_owner="team-a", alert_after_seconds=60)))
    estate = it.estate
    estate.deploy(GREEN)
    for slot in (BLUE, GREEN):
        estate.world.zones.put(
            estate.fleet.slot(slot).host.zone_id,
            f"aks-{slot}",
            PUBLIC.type,
            ttl_seconds=300,
            targets=(ADDRESSES[slot],),
        )
    for each in it.fleet.balancers:
        if each.kind in MATCHING:
            estate.world.balancers.match(each, Match(value="canary", cookie="switchyard"), GREEN)
        else:
            marks = {"switchyard_epoch": "7", "switchyard_fleet": FLEET.name}
            estate.world.balancers.write(each, {}, tags=marks)
    estate.clock.pass_seconds(1200)
    async with Wire(
        estate.world,
        estate.clock,
        directory=directory,
        throttled=False,
        middlewares=[spoiling(it.plan, it.stranger), it.changed],
    ) as wire:
        it.wire = wire
        it.connection = it.connect()
        it.world = AzureWorld(it.connection)
        try:
            yield it
        finally:
            await it.connection.aclose()


__all__ = ["BALANCED", "HOOK_URL", "NEVER_ENDING", "PRIVATE", "PUBLIC", "VERSION", "Rig", "rig"]
