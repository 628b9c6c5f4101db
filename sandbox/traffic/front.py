"""All that stands between users and a fleet's clusters, on loopback: gateways, balancers, and their names.

Decides who listens where and by which name users come for each lever. Public addresses are entries of a table
that leads to loopback ports, so that nothing needs an address of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Self

from sandbox.traffic.application_gateway import DRAIN_SECONDS, ApplicationGateway
from sandbox.traffic.front_door import FrontDoor
from sandbox.traffic.gateway import KEEPALIVE_SECONDS, Gateway
from sandbox.traffic.listener import Address
from sandbox.traffic.names import Names
from sandbox.traffic.proxy import Origins, Proxy
from sandbox.traffic.sessions import Sessions
from sandbox.traffic.traffic_manager import TrafficManager
from sandbox.traffic.udp_names import UdpNames
from sandbox.wire.dns_answers import Named
from sandbox.wire.dns_server import DnsServer
from sandbox.world.model import World
from shared.levers import Balancer, Lever, Record, SlotName, SwitchKind

BALANCER_ADDRESS = "198.51.100.{number}"
"""Of a balancer that users connect to: addresses for documentation (RFC 5737), like those of the slots."""

BALANCER_TTL_SECONDS = 300.0
DOMAINS = {
    SwitchKind.FRONT_DOOR: "azurefd.net",
    SwitchKind.FRONT_DOOR_CLASSIC: "azurefd.net",
    SwitchKind.TRAFFIC_MANAGER: "trafficmanager.net",
    SwitchKind.APPLICATION_GATEWAY: "cloudapp.azure.com",
}


class Front:
    """The front of one world; an async context manager.

    Attributes: `names` (once entered) can be asked for all names, those of balancers among them; `places`
    maps addresses to loopback ports; `gateways` are by slot, `proxies` by their lever's label; `hosts` are
    the names that users come by, one for each lever in its order; above a record it is the Front Door's.
    """

    def __init__(
        self,
        world: World,
        *,
        shared_sessions: bool = True,
        keepalive_seconds: float = KEEPALIVE_SECONDS,
        drain_seconds: float = DRAIN_SECONDS,
    ) -> None:
        self.world = world
        self.places: dict[str, Address] = {}
        self.names: Names
        fleet = world.fleet
        decide: tuple[Lever, ...] = (fleet.above,) if fleet.above is not None else fleet.levers
        self.hosts = tuple(map(host_of, decide))
        self.gateways: dict[SlotName, Gateway] = {}
        self.proxies: dict[str, Proxy] = {}
        self._others: dict[str, Callable[[], Named]] = {}
        self._drain_seconds = drain_seconds
        self._stack = AsyncExitStack()
        everybodys = Sessions()
        for slot in world.fleet.slots:
            sessions = everybodys if shared_sessions else Sessions()
            self.gateways[slot.name] = Gateway(world, slot, sessions, keepalive_seconds=keepalive_seconds)

    async def __aenter__(self) -> Self:
        world = self.world
        server = DnsServer(world, names=self._named)
        self.names = UdpNames(await self._started(server.start, server.stop))
        for slot in world.fleet.slots:
            gateway = self.gateways[slot.name]
            place = await self._started(gateway.start, gateway.stop)
            self.places[world.estate.address_of(slot.name)] = place
        for balancer in world.fleet.every_balancer:
            await self._open(balancer, host_of(balancer))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def _named(self, name: str) -> Named | None:
        """What the name of a balancer leads to now."""
        named = self._others.get(name)
        return named() if named is not None else None

    async def _open(self, lever: Balancer, host: str) -> None:
        if lever.kind is SwitchKind.TRAFFIC_MANAGER:
            self._others[host] = TrafficManager(self.world, lever).say
            return
        proxy = self._proxy(lever)
        self.proxies[lever.label] = proxy
        address = BALANCER_ADDRESS.format(number=len(self.proxies))
        self.places[address] = await self._started(proxy.start, proxy.stop)
        self._others[host] = partial(Named, (address,), BALANCER_TTL_SECONDS)

    def _proxy(self, lever: Balancer) -> Proxy:
        origins = Origins(self.world, lever, self.names, self.places)
        if lever.kind is SwitchKind.APPLICATION_GATEWAY:
            return ApplicationGateway(self.world, lever, origins, drain_seconds=self._drain_seconds)
        return FrontDoor(self.world, lever, origins)

    async def _started[T](self, start: Callable[[], Awaitable[T]], stop: Callable[[], Awaitable[None]]) -> T:
        self._stack.push_async_callback(stop)
        return await start()


def host_of(lever: Lever) -> str:
    """The name by which users come whose slot this lever decides."""
    if isinstance(lever, Record):
        return lever.fqdn
    named = f"{lever.group}-{lever.name}" if lever.group else lever.name
    return f"{named}.{DOMAINS[lever.kind]}".lower()
