"""Which function answers which address."""

from typing import Any

import pytest

from sandbox.host.errors import StartError
from sandbox.host.inventory import Binding, Function
from sandbox.host.routes import RouteTable


def http(name: str, route: str | None = None, *methods: str) -> Function:
    options: dict[str, Any] = {"methods": list(methods)} if methods else {}
    return Function(
        name, name, Binding("httpTrigger", "req", options | ({"route": route} if route is not None else {}))
    )


TABLE = RouteTable(
    [
        http("health"),
        http("root", ""),
        http("rollout", "fleets/{fleet}/rollouts/{id}", "GET"),
        http("start", "fleets/{fleet}/rollouts", "POST"),
        http("latest", "fleets/{fleet}/rollouts/latest", "GET"),
        http("numbered", "fleets/{fleet}/rollouts/{id:int}", "GET"),
        http("page", "ui/{*path}"),
        http("maybe", "maybe/{what?}"),
        http("file", "files/{name}.{ext}"),
    ],
    "api",
)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "api/health", ("health", {})),
        ("PUT", "API/Health", ("health", {})),
        ("GET", "api", ("root", {})),
        ("GET", "api/fleets/Shop/rollouts/r1", ("rollout", {"fleet": "Shop", "id": "r1"})),
        ("GET", "api/fleets/shop/rollouts/12", ("numbered", {"fleet": "shop", "id": "12"})),
        ("GET", "api/fleets/shop/rollouts/latest", ("latest", {"fleet": "shop"})),
        ("POST", "api/fleets/shop/rollouts", ("start", {"fleet": "shop"})),
        ("GET", "api/ui", ("page", {})),
        ("GET", "api/ui/a/b.js", ("page", {"path": "a/b.js"})),
        ("GET", "api/maybe", ("maybe", {})),
        ("GET", "api/maybe/yes", ("maybe", {"what": "yes"})),
        ("GET", "api/files/a.b.txt", ("file", {"name": "a.b", "ext": "txt"})),
        ("DELETE", "api/fleets/shop/rollouts/r1", None),
        ("GET", "api/fleets/shop/rollouts", None),
        ("GET", "api/fleets/shop/rollouts/r1/more", None),
        ("GET", "fleets/shop/rollouts/r1", None),
        ("GET", "api/files/plain", None),
    ],
)
def test_finds_the_most_specific_route(
    method: str, path: str, expected: tuple[str, dict[str, str]] | None
) -> None:
    found = TABLE.find(method, path.split("/"))
    assert (found and (found[0].name, found[1])) == expected


@pytest.mark.parametrize(
    ("functions", "complaint"),
    [
        ((http("a", "x/{one}", "GET"), http("b", "X/{two}", "GET", "POST")), "both take GET on /api/x/{}"),
        ((http("a", "x"), http("b", "x", "GET")), "both take every method on /api/x"),
        ((http("a", "/x"),), "begins with a slash"),
        ((http("a", "x/{*rest}/y"),), "only the last segment"),
        ((http("a", "x/{id:prime}"),), "constraint ':prime'"),
        ((http("a", "x/{open"),), "not a template"),
    ],
)
def test_refuses_what_it_cannot_serve(functions: tuple[Function, ...], complaint: str) -> None:
    with pytest.raises(StartError) as refusal:
        RouteTable(functions, "api")
    assert complaint in str(refusal.value)


def test_keeps_the_hosts_own_paths() -> None:
    with pytest.raises(StartError, match="keeps for itself"):
        RouteTable([http("a", "admin/x")], "")


def test_two_methods_may_share_a_template() -> None:
    table = RouteTable([http("read", "x", "GET"), http("write", "x", "POST")], "")
    assert [table.find(method, ["x"]) is not None for method in ("GET", "POST", "PUT")] == [True, True, False]
