"""The wire door as one thing to start and stop: servers, certificates, and the settings that point at them.

Decides ports and the environment of a controller process. Refuses to know any operation: `operations` lists
the modules that do.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from ssl import SSLContext
from typing import Any, Self

from aiohttp import web
from aiohttp.typedefs import Middleware

from sandbox.wire import (
    arm_aks,
    arm_alerts,
    arm_application_gateway,
    arm_cdn,
    arm_deployments,
    arm_dns,
    arm_flux,
    arm_front_door,
    arm_network,
    arm_private_dns,
    arm_traffic_manager,
    identity,
    load_testing,
    monitor_activity,
    monitor_logs,
    monitor_metrics,
    monitor_prometheus,
)
from sandbox.wire.dns_server import DnsServer
from sandbox.wire.door import Door
from sandbox.wire.event_grid import PATH, Topic
from sandbox.wire.gateway import ConnectProxy, gateway_application, gateway_context
from sandbox.wire.identity import Identity
from sandbox.wire.recorder import Recorder
from sandbox.wire.throttling import Throttle
from sandbox.wire.tls import Authority
from sandbox.world.model import World
from shared.clock import RehearsalClock
from shared.ports import Clock

LOOPBACK = "127.0.0.1"
SERVICES = (
    arm_dns,
    arm_private_dns,
    arm_cdn,
    arm_front_door,
    arm_aks,
    arm_deployments,
    arm_flux,
    arm_network,
    arm_traffic_manager,
    arm_application_gateway,
    monitor_metrics,
    monitor_logs,
    monitor_prometheus,
    monitor_activity,
    arm_alerts,
    load_testing,
)


class Wire:
    """The stand-in over HTTPS; an async context manager. `throttled` False lets everything through.

    `middlewares` (aiohttp's) stand before every listener, to spoil answers (`spoiling.spoiling`) or to count.

    Attributes, once started (every endpoint is `https://localhost:PORT` without a final slash):
        arm_endpoint, metrics_endpoint, logs_endpoint, load_tests_endpoint: the base URLs of the SDK clients.
        prometheus_endpoint: the query endpoint that a gate names, for any workspace.
        topic_endpoint: where CloudEvents are published; `topic_key` opens it without a token.
        identity_endpoint, identity_header: the managed identity endpoint of App Service, over plain HTTP.
        probe_proxy: the HTTP CONNECT proxy to the fleet's host names.
        dns_server: `host:port` of the zones' name servers, over UDP and TCP.
        ca_file: the certificate that all of it is issued under.
    """

    def __init__(
        self,
        world: World,
        clock: Clock,
        *,
        record: Path | None = None,
        directory: Path,
        throttled: bool = True,
        middlewares: Sequence[Middleware] = (),
    ) -> None:
        self._world = world
        self._clock = clock
        self._record = record
        self._middlewares = middlewares
        self._throttle = Throttle(world, on=throttled)
        self._authority = Authority(directory)
        self._identity = Identity()
        self._topic = Topic()
        self._stack = AsyncExitStack()
        self.ca_file = self._authority.file
        self.identity_header = self._identity.header
        self.topic_key = secrets.token_urlsafe(32)
        self.arm_endpoint = ""
        self.metrics_endpoint = ""
        self.logs_endpoint = ""
        self.prometheus_endpoint = ""
        self.load_tests_endpoint = ""
        self.topic_endpoint = ""
        self.identity_endpoint = ""
        self.probe_proxy = ""
        self.dns_server = ""

    @property
    def published(self) -> list[dict[str, Any]]:
        """Every CloudEvent that the topic took, in the order in which they came."""
        return self._topic.published

    def token(self, resource: str) -> tuple[str, int]:
        """A token of the managed identity for an audience, and when it expires in seconds since 1970."""
        return self._identity.issue(resource)

    def secrets(self) -> tuple[str, ...]:
        """What nobody may read in a log: keys, and the part of each token that makes it one."""
        signatures = (token.rpartition(".")[2] for token in self._identity.issued)
        return (self.topic_key, self.identity_header, *signatures)

    async def start(self) -> None:
        """Listen on free loopback ports."""
        recorder = Recorder(self._record, self._world.fleet.location)
        self._stack.callback(recorder.close)
        operations = [each for service in SERVICES for each in service.operations(self._world)]
        door = Door(
            self._world,
            self._identity,
            recorder,
            operations + self._topic.operations(),
            self.topic_key,
            self._throttle,
        )
        context = self._authority.server_context("localhost", LOOPBACK)
        base = f"https://localhost:{await self._serve(door.application(), context)}"
        self.arm_endpoint = self.metrics_endpoint = self.logs_endpoint = self.prometheus_endpoint = base
        self.load_tests_endpoint = base
        self.topic_endpoint = base + PATH
        port = await self._serve(self._identity.application())
        self.identity_endpoint = f"http://{LOOPBACK}:{port}{identity.PATH}"
        gateways = gateway_application(self._world)
        proxy = ConnectProxy(
            self._world, await self._serve(gateways, gateway_context(self._world, self._authority))
        )
        self._stack.push_async_callback(proxy.stop)
        self.probe_proxy = f"http://{LOOPBACK}:{await proxy.start()}"
        name_servers = DnsServer(self._world)
        self._stack.push_async_callback(name_servers.stop)
        self.dns_server = await name_servers.start()

    async def stop(self) -> None:
        """Close every listener and the record."""
        await self._stack.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def environment(self) -> dict[str, str]:
        """The settings of a controller process that is to live on this stand-in."""
        settings = {
            "SWITCHYARD_ARM_ENDPOINT": self.arm_endpoint,
            "SWITCHYARD_METRICS_ENDPOINT": self.metrics_endpoint,
            "SWITCHYARD_LOGS_ENDPOINT": self.logs_endpoint,
            "SWITCHYARD_LOAD_TESTS_ENDPOINT": self.load_tests_endpoint,
            "SWITCHYARD_PROBE_PROXY": self.probe_proxy,
            "SWITCHYARD_DNS_SERVER": self.dns_server,
            "IDENTITY_ENDPOINT": self.identity_endpoint,
            "IDENTITY_HEADER": self.identity_header,
            "SSL_CERT_FILE": str(self.ca_file),
            "REQUESTS_CA_BUNDLE": str(self.ca_file),
        }
        if isinstance(self._clock, RehearsalClock):
            settings |= {
                "SWITCHYARD_CLOCK_ORIGIN": self._clock.origin.isoformat(),
                "SWITCHYARD_CLOCK_START": self._clock.start.isoformat(),
                "SWITCHYARD_CLOCK_RATE": repr(self._clock.rate),
            }
        return settings

    async def _serve(self, application: web.Application, context: SSLContext | None = None) -> int:
        """Listen for an application and return the port."""
        application.middlewares.extend(self._middlewares)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, LOOPBACK, 0, ssl_context=context)
        await site.start()
        port: int = runner.addresses[0][1]
        return port
