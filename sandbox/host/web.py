"""The host's HTTP face: function routes, the Event Grid webhook and the admin endpoints.

Decides status codes and keys as Azure's host does, and translates between aiohttp and the runtime's messages.
It keeps no state; which function runs is the route table's decision, how it ends the worker's.
"""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from email.utils import formatdate
from http.cookies import SimpleCookie
from urllib.parse import unquote

from aiohttp import web

from sandbox.host.easy_auth import LOGIN, EasyAuth
from sandbox.host.eventgrid import Events, Malformed, Unsubscribed, Validation, read_delivery
from sandbox.host.inventory import Function
from sandbox.host.messages import RpcHttp, RpcHttpCookie, TypedData
from sandbox.host.routes import RouteTable
from sandbox.host.worker import Outcome, Worker

BODY_BYTES_MAX = 100 * 1024 * 1024
_OURS = ("content-length", "transfer-encoding", "connection")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Manual = Callable[[Function, str], Awaitable[Outcome]]


def application(
    functions: tuple[Function, ...],
    routes: RouteTable,
    worker: Worker,
    manual: Manual,
    key: str | None,
    easy_auth: EasyAuth | None = None,
    *,
    body_bytes_max: int = BODY_BYTES_MAX,
) -> web.Application:
    """The web application. `manual` starts a function by hand; `key`, if any, opens what isn't anonymous.

    `easy_auth`, if any, stands before all of it. Longer bodies are refused by their declared length, before
    they are read, and otherwise once more than that has come.
    """
    face = _Face(functions, routes, worker, manual, key, easy_auth)
    app = web.Application(client_max_size=body_bytes_max, middlewares=[_within_limit])
    app.router.add_route("*", "/{path:.*}", face.handle, expect_handler=_go_on)
    return app


@web.middleware
async def _within_limit(request: web.Request, handler: Handler) -> web.StreamResponse:
    return web.Response(status=413) if _too_long(request) else await handler(request)


async def _go_on(request: web.Request) -> None:
    """The answer to `Expect: 100-continue`; none to what is too long: its sender gets the refusal instead."""
    if not _too_long(request) and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _too_long(request: web.Request) -> bool:
    return (request.content_length or 0) > request.client_max_size


class _Face:
    def __init__(
        self,
        functions: tuple[Function, ...],
        routes: RouteTable,
        worker: Worker,
        manual: Manual,
        key: str | None,
        easy_auth: EasyAuth | None,
    ) -> None:
        self._functions = {function.name.lower(): function for function in functions}
        self._event_grid = {
            f.name: f for f in functions if f.trigger.kind == "eventGridTrigger" and not f.disabled
        }
        self._routes = routes
        self._worker = worker
        self._manual = manual
        self._key = key
        self._easy_auth = easy_auth
        self._background: set[asyncio.Task[Outcome]] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request: the host's own addresses first, then the app's routes."""
        # Split before decoding, so that an encoded slash stays inside its segment.
        path = [unquote(part) for part in request.rel_url.raw_path.split("/") if part]
        if request.path == LOGIN and self._easy_auth is not None:
            return _sign_in(request, self._easy_auth)
        headers = self._admitted(request, path)
        if headers is None:
            return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        match [part.lower() for part in path]:
            case ["runtime", "webhooks", "eventgrid"]:
                return await self._deliver(request)
            case ["admin", "host", "status"] if request.method == "GET":
                return web.json_response({"state": "Running"})
            case ["admin", "functions", name] if request.method == "POST":
                return await self._start(request, name)
        found = self._routes.find(request.method, path)
        if found is None:
            return web.Response(status=404)
        function, parameters = found
        level = str(function.trigger.options.get("authLevel") or "FUNCTION").upper()
        if level != "ANONYMOUS" and not self._may_enter(request):
            return web.Response(status=401)
        return await self._call(request, function, parameters, headers)

    def _admitted(self, request: web.Request, path: Sequence[str]) -> Mapping[str, str] | None:
        headers = {name: ",".join(request.headers.getall(name)) for name in request.headers}
        if self._easy_auth is None:
            return headers
        return self._easy_auth.admit("/" + "/".join(path), headers)

    def _may_enter(self, request: web.Request) -> bool:
        given = request.headers.get("x-functions-key") or request.query.get("code", "")
        expected = self._key
        return expected is None or hmac.compare_digest(_bytes(given), _bytes(expected))

    async def _call(
        self,
        request: web.Request,
        function: Function,
        parameters: Mapping[str, str],
        headers: Mapping[str, str],
    ) -> web.Response:
        body = await request.read()
        data = TypedData(
            http=RpcHttp(
                method=request.method,
                url=str(request.url),
                params=dict(parameters),
                headers={name.lower(): value for name, value in headers.items()},
                query={name: ",".join(request.query.getall(name)) for name in request.query},
                body=TypedData(bytes=body) if body else TypedData(),
            )
        )
        outcome = await self._worker.invoke(
            function, data, trace_parent=request.headers.get("traceparent", "")
        )
        if outcome.error is not None:
            return web.Response(status=500)
        return to_response(outcome.returned)

    async def _deliver(self, request: web.Request) -> web.Response:
        name = request.query.get("functionName", "")
        if name not in self._event_grid:
            return web.Response(status=404, text=f"cannot find function: '{name}'")
        if not self._may_enter(request):
            return web.Response(status=401)
        if request.method == "OPTIONS":
            return _abuse_protection(request)
        if request.method != "POST":
            return web.Response(status=404)
        match read_delivery(request.headers.get("aeg-event-type", ""), await request.read()):
            case Malformed(why):
                return web.Response(status=400, text=why)
            case Validation(code):
                return web.json_response({"validationResponse": code})
            case Events(bodies):
                return await self._run_all(self._event_grid[name], bodies)
            case Unsubscribed():
                return web.Response(status=202)

    async def _run_all(self, function: Function, bodies: tuple[str, ...]) -> web.Response:
        outcomes = await asyncio.gather(
            *(self._worker.invoke(function, TypedData(json=body)) for body in bodies)
        )
        failed = [outcome.error for outcome in outcomes if outcome.error is not None]
        # One failed event makes the sender repeat them all: Azure promises at least once, never exactly once.
        return (
            web.Response(status=500, text=failed[0].splitlines()[0]) if failed else web.Response(status=202)
        )

    async def _start(self, request: web.Request, name: str) -> web.Response:
        function = self._functions.get(name)
        if not self._may_enter(request):
            return web.Response(status=401)
        if function is None:
            return web.Response(status=404)
        if function.trigger.kind == "httpTrigger":
            return web.Response(status=400, text="an HTTP function is called by its route")
        body = await request.read()
        try:
            content = json.loads(body) if body.strip() else {}
        except (ValueError, RecursionError):
            return web.Response(status=400, text="the body is not JSON")
        given = content.get("input", "") if isinstance(content, dict) else ""
        # Azure answers before the function has run; holding the task keeps it from being collected.
        task = asyncio.ensure_future(self._manual(function, str(given)))
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return web.Response(status=202)


def _bytes(text: str) -> bytes:
    """What was on the wire: a header may be anything, and aiohttp keeps it so."""
    return text.encode("utf-8", "surrogateescape")


def _sign_in(request: web.Request, easy_auth: EasyAuth) -> web.Response:
    """A session for whoever knows a token, and the way to a path of this host."""
    cookie = easy_auth.session(request.query.get("token", ""))
    target = request.query.get("post_login_redirect_uri", "/")
    inside = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    if cookie is None or not inside:
        return web.Response(
            status=401, text="sign in with ?token=TOKEN, one of the file that the host was given"
        )
    return web.Response(status=302, headers={"Location": target, "Set-Cookie": cookie})


def _abuse_protection(request: web.Request) -> web.Response:
    """The handshake by which CloudEvents asks whether deliveries are wanted."""
    origin = request.headers.get("WebHook-Request-Origin")
    if origin is None or not origin.isprintable():  # half a character cannot be sent back
        return web.Response(status=400, text="header WebHook-Request-Origin is missing or no text")
    return web.Response(
        status=200,
        headers={"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*", "Allow": "POST, OPTIONS"},
    )


def to_response(returned: TypedData | None) -> web.Response:
    """What an HTTP function returned, as a response."""
    kind = returned.WhichOneof("data") if returned is not None else None
    if returned is None or kind is None:
        return web.Response(status=204)
    if kind != "http":
        return web.Response(text=str(getattr(returned, kind)))
    http: RpcHttp = returned.http
    headers = {name: value for name, value in http.headers.items() if name.lower() not in _OURS}
    body = http.body.bytes if http.body is not None else b""
    response = web.Response(status=int(http.status_code), headers=headers, body=body)
    for cookie in http.cookies or ():
        response.headers.add("Set-Cookie", _cookie_text(cookie))
    return response


def _cookie_text(cookie: RpcHttpCookie) -> str:
    jar: SimpleCookie = SimpleCookie()
    jar[cookie.name] = cookie.value
    morsel = jar[cookie.name]
    for name, field in (
        ("domain", cookie.domain),
        ("path", cookie.path),
        ("max-age", cookie.max_age),
        ("secure", cookie.secure),
        ("httponly", cookie.http_only),
    ):
        if field is not None and field.value not in ("", False, None):
            morsel[name] = int(field.value) if name == "max-age" else field.value
    if cookie.expires is not None:
        morsel["expires"] = formatdate(cookie.expires.value.seconds, usegmt=True)
    if cookie.same_site is not None:
        morsel["samesite"] = cookie.same_site
    return morsel.OutputString()
