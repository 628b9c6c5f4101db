"""Managed Prometheus: PromQL over HTTP, a value a minute, at an Azure Monitor workspace's query endpoint.

Decides where the identity's token may go (Azure's own hosts, or this machine in a rehearsal), whether an
objection is the gate's mistake or the provider's, and that an answer with warnings or of several series is
none. Judges nothing: NaN and infinities stay what they are, and a minute without a value is a sample without
one. A query over a range begins that range after `since`: nothing of before is in it.

Sources: https://learn.microsoft.com/azure/azure-monitor/metrics/prometheus-api-promql,
https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct, field

from shared.azure.answers import shaped
from shared.azure.connection import Connection
from shared.azure.errors import retry_after_seconds
from shared.azure.window import Window, window
from shared.errors import Refused, Retry
from shared.fleet import Fleet
from shared.model import Sample
from shared.probes import GateReading, Reading
from shared.queries import filled, grain, lookback_seconds

if TYPE_CHECKING:
    from azure.core import AsyncPipelineClient

PATH = "/api/v1/query_range"
_MINUTE = timedelta(minutes=1)
_HOST = re.compile(r"(?:[a-z0-9-]{1,63}\.)+(prometheus\.monitor\.azure\.(?:com|us|cn))", re.IGNORECASE)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_MISTAKES = frozenset({"bad_data", "execution"})

Point = tuple[float, str]
"""Seconds since 1970, and a number as text: `NaN`, `+Inf` and `-Inf` among them."""


class _Series(Struct, frozen=True):
    values: tuple[Point, ...]
    labels: dict[str, str] = field(name="metric", default_factory=dict)


class _One(Struct, frozen=True):
    value: Point
    labels: dict[str, str] = field(name="metric", default_factory=dict)


class Matrix(Struct, frozen=True, tag_field="resultType", tag="matrix"):
    """The values of each series over a span."""

    result: tuple[_Series, ...]


class Vector(Struct, frozen=True, tag_field="resultType", tag="vector"):
    """One value of each series."""

    result: tuple[_One, ...]


class Scalar(Struct, frozen=True, tag_field="resultType", tag="scalar"):
    """One value."""

    result: Point


class Answer(Struct, frozen=True):
    """An answer of success."""

    status: Literal["success"]
    data: Matrix | Vector | Scalar
    warnings: tuple[str, ...] = ()


class Objection(Struct, frozen=True):
    """An answer of failure, whatever its status."""

    status: Literal["error"]
    kind: str = field(name="errorType")
    error: str = ""


class Prometheus:
    """The workspaces that a fleet's gates ask."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def observe(self, fleet: Fleet, probe: GateReading, now: datetime) -> Reading:
        """The query's samples in the window, a `grain` apart. Raises Retry, Refused for a wrong query."""
        gate, slot = probe.gate, fleet.slot(probe.slot)
        query = filled(gate.query, fleet, slot)
        ranged = lookback_seconds(query)
        span = window(now, probe.since, gate.window_seconds, gate.ingestion_seconds, ranged)
        samples = () if span.empty else samples_of(await self._asked(gate.endpoint, query, span), span)
        return Reading(samples=samples, source=query, since=span.since, until=span.until)

    async def _asked(self, endpoint: str, query: str, span: Window) -> Answer:
        from azure.core.exceptions import HttpResponseError
        from azure.core.rest import HttpRequest

        # In the body, where no log of addresses has it and its length does not matter.
        form = {
            "query": query,
            "start": _wire(span.since),
            "end": _wire(span.until - _MINUTE),
            "step": f"{grain(span.until - span.since).total_seconds():.0f}",
        }
        client = self._client(endpoint)
        response = await client.send_request(
            HttpRequest("POST", endpoint + PATH, data=form, headers={"Accept": "application/json"})
        )
        objection = _objection(response.content)
        if objection is not None:
            raise _refusal(objection, response.headers)
        if response.status_code >= 400:
            raise HttpResponseError(response=response)
        return shaped(response.content, Answer, "the PromQL query")

    def _client(self, endpoint: str) -> AsyncPipelineClient[Any, Any]:
        from azure.core import AsyncPipelineClient
        from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy

        connection, scope = self._connection, f"{audience(endpoint)}/.default"
        return connection.client(
            (AsyncPipelineClient, endpoint),
            endpoint,
            lambda options: AsyncPipelineClient(
                base_url=endpoint,
                policies=connection.policies(
                    AsyncBearerTokenCredentialPolicy(connection.credential(), scope)
                ),
                transport=options["transport"],
            ),
        )


def audience(endpoint: str) -> str:
    """Whom a token for the endpoint is for: its cloud's Prometheus, or a rehearsal's own address.

    Raises Refused for any other host: whoever gets the token may read what the identity may.
    """
    parts = urlsplit(endpoint)
    found = _HOST.fullmatch(parts.hostname or "")
    if parts.scheme == "https" and found is not None:
        return f"https://{found[1].lower()}"
    if parts.scheme == "https" and parts.hostname in _LOOPBACK:
        return endpoint.rstrip("/")
    raise Refused(f"{endpoint} is no query endpoint of an Azure Monitor workspace: no token goes there")


def samples_of(answer: Answer, span: Window) -> tuple[Sample, ...]:
    """One sample for each minute of the window (of a long one: each `grain`), none where there is no series.

    Raises Retry for an answer that is not whole, Refused for one of several series.
    """
    if answer.warnings:
        raise Retry(f"managed Prometheus warns of its answer: {'; '.join(answer.warnings)}")
    found: dict[datetime, float] = {}
    for at, text in _points(answer.data):
        moment = datetime.fromtimestamp(at, UTC)
        if moment in found:
            raise Retry("the answer on the PromQL query tells a moment twice")
        found[moment] = _number(text)
    if not found:
        return ()
    length = span.until - span.since
    step = grain(length)
    moments = (span.since + place * step for place in range(-(-length // step)))
    return tuple(Sample(at=moment, value=found.get(moment)) for moment in moments)


def _points(data: Matrix | Vector | Scalar) -> tuple[Point, ...]:
    if isinstance(data, Scalar):
        return (data.result,)
    if len(data.result) > 1:
        told = " and ".join(_shown(each.labels) for each in data.result[:2])
        raise Refused(f"the query must give one series, it gives {len(data.result)}, of {told}: sum them up")
    if isinstance(data, Vector):
        return tuple(each.value for each in data.result)
    return tuple(point for each in data.result for point in each.values)


def _shown(labels: dict[str, str]) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Retry(f"the answer on the PromQL query holds {text!r} where a number belongs") from None


def _objection(body: bytes) -> Objection | None:
    """What Prometheus itself objects; None where it does not, or where somebody else speaks."""
    try:
        return msgspec.json.decode(body, type=Objection)
    except msgspec.DecodeError:
        return None


def _refusal(objection: Objection, headers: Any) -> Exception:
    because = f"managed Prometheus says {objection.kind}: {' '.join(objection.error.split())[:400]}"
    if objection.kind in _MISTAKES:
        return Refused(because)
    return Retry(because, retry_after_seconds(headers))


def _wire(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
