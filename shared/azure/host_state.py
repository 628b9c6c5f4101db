"""One request to a slot's own host name, and how long its certificate is good for.

Decides what is an answer: any status, a redirect too, which is not followed. A host that gives none in time,
or whose certificate does not hold, has answered as well, with the status 0 and why: it could take nobody. A
name that does not resolve and a proxy that is down say nothing about the slot. Judges nothing.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

from shared.azure.connection import Connection
from shared.azure.http_probe import BODY_BYTES_MAX, ends_at
from shared.errors import Retry
from shared.fleet import Fleet
from shared.probes import HostSeen, HostState

if TYPE_CHECKING:
    from aiohttp import ClientResponse

NO_ANSWER = 0


class HostStates:
    """The slots' own host names. `request_seconds_max` limits the request, to its last byte."""

    def __init__(self, connection: Connection, *, request_seconds_max: float = 10) -> None:
        self._connection = connection
        self._request_seconds_max = request_seconds_max

    async def observe(self, fleet: Fleet, probe: HostState, _now: datetime) -> HostSeen:
        """One GET of the readiness path. Raises Retry where it did not get as far as the host."""
        from aiohttp import (
            ClientConnectorCertificateError,
            ClientConnectorDNSError,
            ClientError,
            ClientHttpProxyError,
            ClientProxyConnectionError,
        )

        host = fleet.slot(probe.slot).host.fqdn
        url = f"https://{host}/{fleet.readiness.path.lstrip('/')}"
        try:
            async with asyncio.timeout(self._request_seconds_max):
                return await self._asked(url)
        except (ClientConnectorDNSError, ClientHttpProxyError, ClientProxyConnectionError) as error:
            raise Retry(f"{url}: the way there is not open") from error
        except ClientConnectorCertificateError as error:
            because = f"the certificate of {host} does not hold: {_verdict(error.certificate_error)}"
        except TimeoutError:
            because = f"{host} gave no answer in {self._request_seconds_max:g} s"
        except (ClientError, OSError, ValueError):
            because = f"{host} could not be reached, or gave an answer that is not HTTP"
        return HostSeen(status=NO_ANSWER, because=because)

    async def _asked(self, url: str) -> HostSeen:
        from aiohttp import ClientSession

        from shared.azure.transport import CertifiedResponse

        loop = asyncio.get_running_loop()
        # A new connection every time: a kept one would show neither a new address nor a new certificate.
        connector = self._connection.connector(use_dns_cache=False)
        async with ClientSession(connector=connector, response_class=CertifiedResponse) as session:
            begun = loop.time()
            async with session.get(url, proxy=self._connection.probe_proxy, allow_redirects=False) as answer:
                await _read(answer)
                milliseconds = (loop.time() - begun) * 1000
                return HostSeen(answer.status, milliseconds, ends_at(answer))


async def _read(answer: ClientResponse) -> None:
    left = BODY_BYTES_MAX
    async for chunk in answer.content.iter_chunked(65_536):
        left -= len(chunk)
        if left <= 0:
            return


def _verdict(error: Exception) -> str:
    """OpenSSL's own words for what is wrong with a certificate."""
    return getattr(error, "verify_message", "") or "it is not for that name or not from a known authority"
