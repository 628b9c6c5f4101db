"""The gates' own requests to a slot's host name, as a user would send them.

Decides what a failed request is: no answer in time, a certificate that does not hold, or a status of 400 or
more. A redirect is followed on the same host; one that leads elsewhere says nothing about this slot. A name
that does not resolve and a proxy that is down are nobody's failure: there was no request. Judges nothing.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from shared.azure.connection import Connection
from shared.errors import Retry
from shared.fleet import Fleet, Gate, Measure
from shared.model import Sample
from shared.probes import GateReading, Reading

if TYPE_CHECKING:
    from aiohttp import ClientSession

BODY_BYTES_MAX = 1_048_576
REDIRECTS_MAX = 3


class HttpProbe:
    """Requests to the slots' host names.

    `request_seconds_max` limits one request; none is begun later than `start_seconds_max` after the first.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        request_seconds_max: float = 10,
        start_seconds_max: float = 10,
        concurrent_max: int = 5,
    ) -> None:
        self._connection = connection
        self._request_seconds_max = request_seconds_max
        self._start_seconds_max = start_seconds_max
        self._concurrent_max = concurrent_max

    async def observe(self, fleet: Fleet, probe: GateReading, now: datetime) -> Reading:
        """One sample per request: 1 or 0 for a failed or a good one, or its time to the last byte in ms.

        A failed request has no time: its sample has no value.
        """
        from aiohttp import ClientSession

        gate = probe.gate
        url = f"https://{fleet.slot(probe.slot).host.fqdn}/{gate.path.lstrip('/')}"
        # New connections for every reading: a kept one would miss a change of address or of certificate.
        connector = self._connection.connector(limit=self._concurrent_max, use_dns_cache=False)
        async with ClientSession(connector=connector) as session:
            times = await self._requests(session, url, gate.requests)
        samples = tuple(Sample(at=now, value=_measured(gate, each)) for each in times)
        return Reading(samples=samples, source=f"GET {url}", since=now, until=now)

    async def _requests(self, session: ClientSession, url: str, count: int) -> list[float | None]:
        """The milliseconds of each request that was sent, None for a failed one.

        Raises Retry where a request did not get as far as the host, or was sent to another.
        """
        loop = asyncio.get_running_loop()
        latest = loop.time() + self._start_seconds_max
        left = iter(range(count))
        times: list[float | None] = []
        unsent: list[Retry] = []

        async def sender() -> None:
            for _ in left:
                if (times or unsent) and loop.time() > latest:
                    return
                try:
                    times.append(await self._request(session, url))
                except Retry as error:
                    unsent.append(error)

        await asyncio.gather(*(sender() for _ in range(min(count, self._concurrent_max))))
        if unsent:
            raise unsent[0]
        return times

    async def _request(self, session: ClientSession, url: str) -> float | None:
        from aiohttp import ClientConnectorDNSError, ClientError, ClientProxyConnectionError

        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            async with asyncio.timeout(self._request_seconds_max):
                for _ in range(REDIRECTS_MAX + 1):
                    status, target = await self._answer(session, url)
                    if target is None:
                        return None if status >= 400 else (loop.time() - begun) * 1000
                    url = target
        except (ClientConnectorDNSError, ClientProxyConnectionError) as error:
            raise Retry(f"{url}: the way there is not open: {error}") from error
        except (ClientError, OSError, TimeoutError, ValueError):
            return None
        return None

    async def _answer(self, session: ClientSession, url: str) -> tuple[int, str | None]:
        """The status of an answer read to its end, and where it redirects to on the same host."""
        proxy = self._connection.probe_proxy
        async with session.get(url, proxy=proxy, allow_redirects=False) as response:
            left = BODY_BYTES_MAX
            async for chunk in response.content.iter_chunked(65_536):
                left -= len(chunk)
                if left <= 0:
                    break
            location = response.headers.get("Location")
            if location is None or not 300 <= response.status < 400:
                return response.status, None
            target = urljoin(url, location)
            if urlsplit(target)[:2] != urlsplit(url)[:2]:
                elsewhere = urlsplit(target).hostname
                raise Retry(f"{url} leads to {elsewhere}: the gate needs a path that the slot answers itself")
            return response.status, target


def _measured(gate: Gate, milliseconds: float | None) -> float | None:
    if gate.measure is Measure.LATENCY_MS:
        return milliseconds
    return 1.0 if milliseconds is None else 0.0
