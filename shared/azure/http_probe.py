"""The gates' own requests to a slot's host name, as a user would send them.

Decides what a failed request is: no answer in time, a certificate that does not hold, or an answer that is
not what the gate expects of it, which is at least a status below 400. A redirect is followed on the same
host; one that leads elsewhere says nothing about this slot. A name that does not resolve and a proxy that is
down are nobody's failure: there was no request. Judges nothing, and keeps nothing of a body.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin, urlsplit

from shared.azure.connection import Connection
from shared.check_rules import REQUEST_SECONDS_MAX, Expect
from shared.checks.expecting import Answered, unmet
from shared.errors import Retry
from shared.fleet import Fleet, Gate, Measure
from shared.model import Sample
from shared.probes import GateReading, Reading

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

BODY_BYTES_MAX = 1_048_576
REDIRECTS_MAX = 3


class Tried(NamedTuple):
    """What came of one request: its time in ms, None where it tells nothing, and why it failed, if it did.

    A failed one may have been fast. One that was not answered in time took that long at least.
    """

    milliseconds: float | None
    because: str = ""


Weigh = Callable[[Answered], Tried]


class HttpProbe:
    """Requests to the slots' host names.

    `request_seconds_max` limits one request; none is begun later than `start_seconds_max` after the first.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        request_seconds_max: float = REQUEST_SECONDS_MAX,
        start_seconds_max: float = 10,
        concurrent_max: int = 5,
    ) -> None:
        self._connection = connection
        self._request_seconds_max = request_seconds_max
        self._start_seconds_max = start_seconds_max
        self._concurrent_max = concurrent_max

    async def observe(self, fleet: Fleet, probe: GateReading, now: datetime) -> Reading:
        """One sample per request: 1 or 0 for a failed or a good one, or its time to the last byte in ms.

        A failed request has no time, and its sample no value, unless what failed is that it took too long.
        Each says why it failed.
        """
        from aiohttp import ClientSession

        from shared.azure.transport import CertifiedResponse

        gate = probe.gate
        url = f"https://{fleet.slot(probe.slot).host.fqdn}/{gate.path.lstrip('/')}"
        expect = gate.check if isinstance(gate.check, Expect) else Expect()
        # New connections for every reading: a kept one would miss a change of address or of certificate.
        connector = self._connection.connector(limit=self._concurrent_max, use_dns_cache=False)
        async with ClientSession(connector=connector, response_class=CertifiedResponse) as session:
            found = await self._requests(session, url, gate.requests, partial(_tried, expect, now))
        samples = tuple(_sample(gate, now, each) for each in found)
        return Reading(samples=samples, source=f"GET {url}", since=now, until=now)

    async def _requests(self, session: ClientSession, url: str, count: int, weigh: Weigh) -> list[Tried]:
        """What came of each request that was sent.

        Raises Retry where a request did not get as far as the host, or was sent to another.
        """
        loop = asyncio.get_running_loop()
        latest = loop.time() + self._start_seconds_max
        left = iter(range(count))
        found: list[Tried] = []
        unsent: list[Retry] = []

        async def sender() -> None:
            for _ in left:
                if (found or unsent) and loop.time() > latest:
                    return
                try:
                    found.append(await self._request(session, url, weigh))
                except Retry as error:
                    unsent.append(error)

        await asyncio.gather(*(sender() for _ in range(min(count, self._concurrent_max))))
        if unsent:
            raise unsent[0]
        return found

    async def _request(self, session: ClientSession, url: str, weigh: Weigh) -> Tried:
        from aiohttp import (
            ClientConnectorCertificateError,
            ClientConnectorDNSError,
            ClientError,
            ClientProxyConnectionError,
        )

        begun = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self._request_seconds_max):
                for _ in range(REDIRECTS_MAX + 1):
                    answered, target = await self._answer(session, url, begun)
                    if target is None:
                        return weigh(answered)
                    url = target
        except (ClientConnectorDNSError, ClientProxyConnectionError) as error:
            raise Retry(f"{url}: the way there is not open: {error}") from error
        except ClientConnectorCertificateError:
            return Tried(None, "a certificate that does not hold")
        except TimeoutError:
            waited = (asyncio.get_running_loop().time() - begun) * 1000
            return Tried(waited, f"no answer in {self._request_seconds_max:g} s")
        except (ClientError, OSError, ValueError):
            return Tried(None, "no answer that is HTTP")
        return Tried(None, f"more than {REDIRECTS_MAX} redirects")

    async def _answer(self, session: ClientSession, url: str, begun: float) -> tuple[Answered, str | None]:
        """An answer read to its end, and where it redirects to on the same host."""
        proxy = self._connection.probe_proxy
        async with session.get(url, proxy=proxy, allow_redirects=False) as response:
            body = await _read(response)
            milliseconds = (asyncio.get_running_loop().time() - begun) * 1000
            answered = Answered(response.status, milliseconds, body, ends_at(response))
            location = response.headers.get("Location")
            if location is None or not 300 <= response.status < 400:
                return answered, None
            target = urljoin(url, location)
            if urlsplit(target)[:2] != urlsplit(url)[:2]:
                elsewhere = urlsplit(target).hostname
                raise Retry(f"{url} leads to {elsewhere}: the gate needs a path that the slot answers itself")
            return answered, target


async def _read(response: ClientResponse) -> bytes | None:
    """The body, None where it is longer than `BODY_BYTES_MAX`."""
    chunks: list[bytes] = []
    left = BODY_BYTES_MAX
    async for chunk in response.content.iter_chunked(65_536):
        chunks.append(chunk)
        left -= len(chunk)
        if left <= 0:
            return None
    return b"".join(chunks)


def ends_at(response: ClientResponse) -> datetime | None:
    """The end of the certificate that an answer came under, None where there was none."""
    text = getattr(response, "certificate", {}).get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC) if text else None


def _tried(expect: Expect, now: datetime, answered: Answered) -> Tried:
    because = unmet(expect, answered, now)
    return Tried(None if because else answered.milliseconds, because)


def _sample(gate: Gate, now: datetime, tried: Tried) -> Sample:
    if gate.measure is Measure.LATENCY_MS:
        return Sample(at=now, value=tried.milliseconds, because=tried.because)
    return Sample(at=now, value=float(bool(tried.because)), because=tried.because)
