"""The way of every request through the door: who asks, what is asked, is the service there, what it says.

Decides the order of the checks and their refusals: token, api-version, operation, throttling, outage,
subscription and resource group. Refuses to know any service's operations and the world behind them.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from aiohttp import web

from sandbox.wire.errors import BadRequest, Unauthorized, error_body, refusal
from sandbox.wire.identity import Identity
from sandbox.wire.recorder import Recorder
from sandbox.wire.routing import Call, Match, Operation, Reply, Service, Table
from sandbox.wire.throttling import Throttle
from sandbox.world.errors import ArmError
from sandbox.world.model import World

AUDIENCES = {
    Service.ARM: ("https://management.azure.com/", "https://management.core.windows.net/"),
    Service.METRICS: ("https://metrics.monitor.azure.com/",),
    Service.LOGS: ("https://api.loganalytics.io/",),
    Service.PROMETHEUS: ("https://prometheus.monitor.azure.com/",),
    Service.EVENT_GRID: ("https://eventgrid.azure.net/",),
    Service.LOAD_TESTS: ("https://cnt-prod.loadtesting.azure.com/",),
}
BODY_BYTES_MAX = 4 * 1024 * 1024
"""Azure Resource Manager's limit for a request."""

_WITHOUT_VERSION = frozenset({Service.LOGS, Service.PROMETHEUS})
NO_ANSWER = 0
"""The status by which a fault asks for a dropped connection; its exchange is not recorded."""

_METRICS = re.compile(r"/subscriptions/[^/]+/metrics:getBatch", re.IGNORECASE)
_LOGS = re.compile(r"/v1/.+/query", re.IGNORECASE)
_PROMQL = re.compile(r"/api/v1/query_range")
_EVENTS = re.compile(r"(/topics/[^/]+)?/api/events", re.IGNORECASE)
_TEST_RUNS = re.compile(r"/test-runs/[^/]+", re.IGNORECASE)
_PROVIDER = re.compile(r".*/providers/([^/]+)/(.+)", re.IGNORECASE)


class Door:
    """One handler for all services. `topic_key` opens the topic instead of a token."""

    def __init__(
        self,
        world: World,
        identity: Identity,
        recorder: Recorder,
        operations: Iterable[Operation],
        topic_key: str,
        throttle: Throttle,
    ) -> None:
        self._world = world
        self._identity = identity
        self._recorder = recorder
        self._table = Table(operations)
        self._topic_key = topic_key
        self._throttle = throttle

    def application(self) -> web.Application:
        """The web application of the door."""
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.Response:
        service = _service(request.path)
        base = f"{request.scheme}://{request.host}"
        body, readable = await _body(request)
        reply = self._answer(service, request, base, body, readable)
        if reply.status == NO_ANSWER and request.transport is not None:
            request.transport.abort()
            return web.Response()
        headers = {
            "x-ms-request-id": str(uuid4()),
            "x-ms-correlation-request-id": request.headers.get("x-ms-correlation-request-id") or str(uuid4()),
            **self._throttle.headers(service, request.method, request.path),
            **reply.headers,
        }
        reply = Reply(reply.status, reply.body, headers)
        version = request.query.get("api-version")
        self._recorder.note(service, request.method, base, request.raw_path, version, body, reply)
        return _response(request, reply)

    def _answer(self, service: Service, request: web.Request, base: str, body: Any, readable: bool) -> Reply:
        match: Match | None = None
        try:
            self._authenticate(service, request, base)
            match = self._match(service, request)
            if not readable:
                raise BadRequest(
                    "InvalidRequestContent", "The request content was invalid and could not be read."
                )
            call = Call(
                method=request.method,
                path=request.path,
                parameters=match.parameters,
                query=request.query,
                headers=request.headers,
                body=body,
                base=base,
            )
            throttled = self._throttle.refuse(service, call)
            if throttled is not None:
                return throttled
            self._world.admit(*match.operation.families)
            self._check_scope(match)
            return match.operation.handler(call)
        except Unauthorized as error:
            return Reply(401, error_body(error.code, str(error)), {"WWW-Authenticate": error.challenge})
        except ArmError as error:
            content, headers = refusal(error, match.operation.families if match else ())
            return Reply(error.status, None if request.method == "HEAD" else content, headers)

    def _authenticate(self, service: Service, request: web.Request, base: str) -> None:
        key = request.headers.get("aeg-sas-key")
        if service is Service.EVENT_GRID and key is not None:
            if not hmac.compare_digest(key.encode(), self._topic_key.encode()):
                raise Unauthorized("Unauthorized", "The request authorization key is not authorized.")
            return
        # A client that is given another endpoint than Azure's asks for a token for that endpoint.
        self._identity.check(request.headers, (*AUDIENCES[service], base))

    def _match(self, service: Service, request: web.Request) -> Match:
        version = request.query.get("api-version", "")
        match, known = self._table.find(request.method, request.path)
        if service not in _WITHOUT_VERSION and not version:
            message = "The api-version query parameter (?api-version=) is required for all requests."
            raise BadRequest("MissingApiVersionParameter", message)
        if match is None and known:
            message = f"The http method '{request.method}' is not supported for a resource of this type."
            raise ArmError(405, "HttpMethodNotAllowed", message)
        if match is None:
            raise ArmError(404, "InvalidResourceType", f"The stand-in serves nothing at '{request.path}'.")
        if match.operation.versions and version not in match.operation.versions:
            raise _unknown_version(request.path, version, match.operation.versions)
        return match

    def _check_scope(self, match: Match) -> None:
        subscription = match.parameters.get("subscription")
        if subscription and subscription.lower() != self._world.fleet.subscription_id.lower():
            message = f"The subscription '{subscription}' could not be found."
            raise ArmError(404, "SubscriptionNotFound", message)
        group = match.parameters.get("group")
        if group and not self._world.clusters.group_exists(group):
            raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")


def _service(path: str) -> Service:
    for pattern, service in (
        (_METRICS, Service.METRICS),
        (_LOGS, Service.LOGS),
        (_PROMQL, Service.PROMETHEUS),
        (_EVENTS, Service.EVENT_GRID),
        (_TEST_RUNS, Service.LOAD_TESTS),
    ):
        if pattern.fullmatch(path):
            return service
    return Service.ARM


async def _body(request: web.Request) -> tuple[Any, bool]:
    """The parsed body and whether it could be parsed; no body is None and fine."""
    raw = await request.read()
    if not raw:
        return None, True
    if request.content_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(raw.decode("utf-8", "replace"))), True
    try:
        return json.loads(raw), True
    except ValueError:
        return None, False


def _response(request: web.Request, reply: Reply) -> web.Response:
    if reply.body is None or request.method == "HEAD":
        return web.Response(status=reply.status, headers=reply.headers)
    return web.json_response(reply.body, status=reply.status, headers=reply.headers)


def _unknown_version(path: str, version: str, versions: frozenset[str]) -> BadRequest:
    """The two ways in which ARM says that it does not know an api-version: its own, and a provider's."""
    supported = ", ".join(sorted(versions))
    provider = _PROVIDER.fullmatch(path)
    if provider is None or provider[1].lower() == "microsoft.resources":
        message = f"The api-version '{version}' is invalid. The supported versions are '{supported}'."
        return BadRequest("InvalidApiVersionParameter", message)
    kind = "/".join(provider[2].split("/")[::2])
    return BadRequest(
        "NoRegisteredProviderFound",
        f"No registered resource provider found for API version '{version}' for type '{kind}'. "
        f"The supported api-versions are '{supported}'.",
    )
