"""Plain GETs to Azure Resource Manager, for services whose SDK is not worth its size.

azure-mgmt-network alone costs 0.6 s and 35 MB to import, for one field of one resource. Refuses to know any
resource.
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
    from azure.core.exceptions import HttpResponseError
    from azure.core.rest import HttpRequest

    client = _client(connection)
    # azure.core takes a query for quoted already.
    quoted = {name: quote(value, safe="") for name, value in query.items()}
    accept = {"Accept": "application/json"}
    request = HttpRequest("GET", client.format_url(url), params=quoted, headers=accept)
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
