"""Plain requests to Azure Resource Manager, for services whose SDK is not worth its size.

azure-mgmt-network alone costs 0.6 s and 35 MB to import, for one field of one resource and one rule of
another. Decides that a change is asked for once and never waited for. Refuses to know any resource.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from shared.azure.answers import shaped
from shared.azure.connection import Connection

if TYPE_CHECKING:
    from azure.mgmt.core import AsyncARMPipelineClient


async def get[T](connection: Connection, url: str, shape: type[T], what: str, **query: str) -> T:
    """The JSON at `url`, a path below the ARM endpoint or an absolute URL of it.

    Raises azure.core's HttpResponseError for a status of 400 or more, Retry for another shape.
    """
    return await _sent(connection, "GET", url, shape, what, query)


async def put[T](
    connection: Connection, url: str, body: Any, if_match: str, shape: type[T], what: str, **query: str
) -> T:
    """The JSON that answers a PUT of `body` under the etag `if_match`, sent as it is. Raises like `get`.

    A long-running operation is begun, no more: what comes of it is for whoever looks at the resource.
    """
    return await _sent(connection, "PUT", url, shape, what, query, body, {"If-Match": if_match})


async def _sent[T](
    connection: Connection,
    method: str,
    url: str,
    shape: type[T],
    what: str,
    query: dict[str, str],
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> T:
    from azure.core.exceptions import HttpResponseError
    from azure.core.rest import HttpRequest

    client = _client(connection)
    # azure.core takes a query for quoted already.
    quoted = {name: quote(value, safe="") for name, value in query.items()}
    request = HttpRequest(
        method,
        client.format_url(url),
        params=quoted,
        headers={"Accept": "application/json", **(headers or {})},
        json=body,
    )
    response = await client.send_request(request)
    if response.status_code >= 400:
        raise HttpResponseError(response=response)
    return shaped(response.text(), shape, what)


def _client(connection: Connection) -> AsyncARMPipelineClient[Any, Any]:
    from azure.mgmt.core import AsyncARMPipelineClient

    return connection.client(
        AsyncARMPipelineClient,
        connection.arm_endpoint,
        lambda options: AsyncARMPipelineClient(
            base_url=connection.arm_endpoint,
            policies=connection.arm_policies(),
            transport=options["transport"],
        ),
    )
