"""Plain requests to one endpoint that is not Azure Resource Manager, with a token for an audience or without.

Decides that a token goes to the endpoint that it is for, over HTTPS, and to no other. Refuses to know any
service: what a status means is its adapter's to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from shared.azure.connection import Connection

if TYPE_CHECKING:
    from azure.core import AsyncPipelineClient


async def send(
    connection: Connection,
    method: str,
    url: str,
    *,
    scope: str = "",
    body: Any = None,
    kind: str = "application/json",
    proxy: str | None = None,
    **query: str,
) -> Any:
    """The answer, whatever its status: azure.core's, read to its end. No token where `scope` is empty.

    Raises Retry for a redirect, for an answer of success that is not JSON, and for one that is too long;
    azure.core's errors where there was none.
    """
    from azure.core.rest import HttpRequest

    quoted = {name: quote(value, safe="") for name, value in query.items()}
    headers = {"Accept": "application/json", **({"Content-Type": kind} if body is not None else {})}
    request = HttpRequest(method, url, params=quoted, headers=headers, json=body)
    client = _client(connection, f"{urlsplit(url).scheme}://{urlsplit(url).netloc}", scope)
    options: dict[str, Any] = {"proxies": {"https": proxy}} if proxy is not None else {}
    return await client.send_request(request, **options)


def _client(connection: Connection, endpoint: str, scope: str) -> AsyncPipelineClient[Any, Any]:
    from azure.core import AsyncPipelineClient
    from azure.core.pipeline import policies

    def make(options: dict[str, Any]) -> AsyncPipelineClient[Any, Any]:
        chain: list[Any] = [
            policies.HeadersPolicy(),
            policies.UserAgentPolicy("switchyard"),
            policies.ContentDecodePolicy(),
            connection.retry_policy(),
        ]
        if scope:
            chain.append(policies.AsyncBearerTokenCredentialPolicy(connection.credential(), scope))
        return AsyncPipelineClient(endpoint, policies=chain, transport=options["transport"])

    return connection.client(("rest", endpoint, scope), endpoint, make)
