"""Plain GETs to Azure Resource Manager, for services whose SDK is not worth its size.

azure-mgmt-network alone costs 0.6 s and 35 MB to import, for one field of one resource. Refuses to know any
resource.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.azure.connection import Connection, arm_scope

if TYPE_CHECKING:
    from azure.mgmt.core import AsyncARMPipelineClient


async def get(connection: Connection, url: str, **query: str) -> dict[str, Any]:
    """The JSON object at `url`, a path below the ARM endpoint or an absolute URL of it.

    Raises azure.core's HttpResponseError for a status of 400 or more.
    """
    from azure.core.exceptions import HttpResponseError
    from azure.core.rest import HttpRequest

    client = _client(connection)
    request = HttpRequest("GET", client.format_url(url), params=query, headers={"Accept": "application/json"})
    response = await client.send_request(request)
    if response.status_code >= 400:
        raise HttpResponseError(response=response)
    body: dict[str, Any] = response.json()
    return body


def _client(connection: Connection) -> AsyncARMPipelineClient[Any, Any]:
    from azure.core.pipeline.policies import RequestIdPolicy, UserAgentPolicy
    from azure.mgmt.core import AsyncARMPipelineClient
    from azure.mgmt.core.policies import ARMHttpLoggingPolicy, AsyncARMChallengeAuthenticationPolicy

    def make(options: dict[str, Any]) -> AsyncARMPipelineClient[Any, Any]:
        scope = arm_scope(connection.arm_endpoint)
        policies = [
            RequestIdPolicy(),
            UserAgentPolicy(options["user_agent"]),
            connection.retry_policy(),
            AsyncARMChallengeAuthenticationPolicy(connection.credential(), scope),
            ARMHttpLoggingPolicy(),
        ]
        return AsyncARMPipelineClient(
            base_url=connection.arm_endpoint, policies=policies, transport=options["transport"]
        )

    return connection.client(AsyncARMPipelineClient, make)
