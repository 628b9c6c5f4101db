"""How this process reaches Azure: endpoints, one credential, one connection pool, and every client once.

Decides audiences and time limits. Refuses to know any service: an adapter brings its SDK's client class.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable
from ssl import SSLContext
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from aiohttp import ClientSession, TCPConnector
    from azure.core.credentials_async import AsyncTokenCredential

    from shared.azure.identity import Identity
    from shared.azure.transport import OneHost

C = TypeVar("C")

ARM_ENDPOINT = "https://management.azure.com"
METRICS_ENDPOINT = "https://{location}.metrics.monitor.azure.com"
LOGS_ENDPOINT = "https://api.loganalytics.io"

# Where a cloud's tokens for Azure Resource Manager are not for the host that they are sent to.
_ARM_AUDIENCES = {"management.usgovcloudapi.net": "https://management.core.usgovcloudapi.net"}


class Connection:
    """Endpoints, credential and clients. Make one per process and close it with `aclose`.

    `metrics_endpoint` may contain `{location}`. `probe_proxy` is the URL of an HTTP proxy for the gates' own
    requests, `load_tests_endpoint` stands in for those that gates declare, `dns_server` is the address and
    port that a rehearsal's questions of the DNS go to. `credential` is made from the environment where none
    is given; `tls` None trusts what the system trusts. The limits are of one attempt: seconds to connect, and
    seconds without a byte of the answer.
    """

    def __init__(
        self,
        *,
        arm_endpoint: str = ARM_ENDPOINT,
        metrics_endpoint: str = METRICS_ENDPOINT,
        logs_endpoint: str = LOGS_ENDPOINT,
        probe_proxy: str | None = None,
        dns_server: str | None = None,
        load_tests_endpoint: str | None = None,
        credential: AsyncTokenCredential | None = None,
        tls: SSLContext | None = None,
        connect_seconds_max: float = 3,
        read_seconds_max: float = 10,
    ) -> None:
        self.arm_endpoint = arm_endpoint.rstrip("/")
        self.metrics_endpoint = metrics_endpoint.rstrip("/")
        self.logs_endpoint = logs_endpoint.rstrip("/")
        self.probe_proxy = probe_proxy
        self.dns_server = dns_server
        self.load_tests_endpoint = load_tests_endpoint
        self._given = credential
        self._tls = tls
        self._made: Identity | None = None
        self._connect_seconds_max = connect_seconds_max
        self._read_seconds_max = read_seconds_max
        self._pools: dict[bool, ClientSession] = {}
        self._clients: dict[Hashable, object] = {}

    def credential(self) -> AsyncTokenCredential:
        """The one credential of this process."""
        if self._made is None:
            from shared.azure.identity import Identity

            self._made = Identity(self._given or _from_environment(self), owned=self._given is None)
        return self._made

    def arm_client(self, kind: Callable[..., C], subscription_id: str) -> C:
        """The client of an azure-mgmt package for a subscription, made on first use."""
        return self.client(
            (kind, subscription_id.lower()),
            self.arm_endpoint,
            lambda options: kind(
                self.credential(),
                subscription_id,
                base_url=self.arm_endpoint,
                policies=self.arm_policies(),
                **options,
            ),
        )

    def client(self, key: Hashable, endpoint: str, make: Callable[[dict[str, Any]], C]) -> C:
        """The client of that key, made on first use by `make(options)`; it reaches that endpoint alone."""
        if key not in self._clients:
            self._clients[key] = make({"transport": self.transport(endpoint), "user_agent": "switchyard"})
        return cast("C", self._clients[key])

    def arm_policies(self) -> list[Any]:
        """What a request to Azure Resource Manager passes through."""
        from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy

        scope = arm_scope(self.arm_endpoint)
        return self.policies(AsyncARMChallengeAuthenticationPolicy(self.credential(), scope))

    def policies(self, authentication: object) -> list[Any]:
        """What a request passes through that no SDK's own client sends. `authentication` brings the token.

        Not the SDK's own list: that one follows redirects, and registers a resource provider that it finds
        missing, which takes minutes and is nothing that anybody asked of us.
        """
        from azure.core.pipeline import policies
        from azure.mgmt.core.policies import ARMHttpLoggingPolicy

        return [
            policies.RequestIdPolicy(),
            policies.HeadersPolicy(),
            policies.UserAgentPolicy("switchyard"),
            policies.ContentDecodePolicy(),
            self.retry_policy(),
            authentication,
            policies.CustomHookPolicy(),
            ARMHttpLoggingPolicy(),
        ]

    def retry_policy(self) -> Any:
        """The retry policy of every client that takes one."""
        from shared.azure.retries import BriefRetryPolicy

        return BriefRetryPolicy()

    def transport(self, endpoint: str, *, json: bool = True) -> OneHost:
        """The way to one endpoint; all share one connection pool, but for those of tables.

        `json` False is for a table service: its answers are longer, and a batch's is not JSON.
        Call it in the event loop that the clients live in.
        """
        from shared.azure.transport import OneHost

        return OneHost(
            endpoint,
            self._pool(json=json),
            json=json,
            connection_timeout=self._connect_seconds_max,
            read_timeout=self._read_seconds_max,
        )

    def _pool(self, *, json: bool) -> ClientSession:
        if json not in self._pools:
            from aiohttp import ClientSession, DummyCookieJar

            from shared.azure.transport import BoundedResponse, BoundedRows, once

            # As azure-core makes its own session, but for the connector, the bound, and aiohttp's unpacking,
            # which stops at the bound.
            self._pools[json] = ClientSession(
                connector=self.connector(),
                cookie_jar=DummyCookieJar(),
                response_class=BoundedResponse if json else BoundedRows,
                middlewares=(once,),
                trust_env=True,
            )
        return self._pools[json]

    def connector(self, **options: Any) -> TCPConnector:
        """New connections with this process's trust. `options` are aiohttp's."""
        from aiohttp import TCPConnector

        return TCPConnector(ssl=self._tls or True, **options)

    async def aclose(self) -> None:
        """Close the connections, and the credential if it was made here."""
        self._clients.clear()
        for pool in self._pools.values():
            await pool.close()
        if self._made is not None:
            await self._made.close()


def arm_scope(endpoint: str) -> str:
    """The token scope of an Azure Resource Manager endpoint, in any cloud.

    Source: https://learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure
    """
    audience = _ARM_AUDIENCES.get(urlsplit(endpoint).hostname or "", endpoint.rstrip("/"))
    return f"{audience}/.default"


def metrics_audience(endpoint: str) -> str:
    """The audience of a metrics endpoint: its host without the region, one for all of a cloud."""
    host = urlsplit(endpoint).hostname or ""
    _, marker, rest = host.partition("metrics.monitor.")
    return f"https://{marker}{rest}" if marker else endpoint.rstrip("/")


def _from_environment(connection: Connection) -> AsyncTokenCredential:
    """Managed identity where the platform offers one, else whoever the developer is signed in as.

    Source: https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
    """
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

    endpoint = os.environ.get("IDENTITY_ENDPOINT") or os.environ.get("MSI_ENDPOINT")
    if not endpoint:
        return DefaultAzureCredential()
    return ManagedIdentityCredential(
        client_id=os.environ.get("AZURE_CLIENT_ID"),
        transport=connection.transport(endpoint),
        retry_policy_class=lambda **_: connection.retry_policy(),
    )
