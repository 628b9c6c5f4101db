"""One request to one door, drawn from a random source: mostly almost right, sometimes all wrong.

Decides what is sent; what must come of it is decided in `checks`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import msgspec
from msgspec import Struct

from tests.fuzz import odd, samples, storms
from tests.fuzz.damage import changed, damaged

TRIGGER = "TRIGGER"
"""In the place of a method: an event that the Event Grid extension hands over."""


class Case(Struct, frozen=True, kw_only=True):
    """One request. `route` is the path's template in the API's document, `path` holds its parameters."""

    method: str
    route: str
    body: bytes = b""
    path: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}

    def told(self) -> str:
        """The request in a few lines, for whoever has to find out why."""
        shown = self.body if len(self.body) <= 2000 else self.body[:1000] + b" ... " + self.body[-200:]
        about = f"{self.path or ''} {self.headers or ''} {self.query or ''}".strip()
        return f"{self.method} {self.route} {about}\n{len(self.body)} bytes: {shown!r}"


def draw(random: Random, *, published: bool = False) -> Case:
    """One case; with `published` on Microsoft's own payloads where there are some."""
    (door,) = random.choices(_DOORS, _WEIGHTS)
    return door(random, published)


def _events(random: Random, published: bool) -> Case:
    pick = random.random()
    if pick < 0.03:
        return Case(method="OPTIONS", route="/events", headers=_headers(random, "webhook-request-origin"))
    if pick < 0.12:
        return Case(method="POST", route="/events", body=storms.batch(random))
    body = _made(random, _pool("eventgrid_", samples.events(), published))
    if random.random() < 0.3:
        body = b"[" + body + b"]"
    return Case(method="POST", route="/events", body=body)


def _alerts(random: Random, published: bool) -> Case:
    pool = _pool("alert_", samples.alerts(), published)
    # Each to the other's door as well: an action group that was given the wrong address.
    pool = samples.events() if random.random() < 0.05 else pool
    named = {"fleet": random.choice(("contoso", "small", odd.text(random)))}
    query = named if random.random() < 0.5 else {}
    return Case(method="POST", route="/alerts", body=_made(random, pool), query=query)


def _trigger(random: Random, published: bool) -> Case:
    return Case(
        method=TRIGGER, route="", body=_made(random, _pool("eventgrid_", samples.events(), published))
    )


def _command(random: Random, _published: bool) -> Case:
    name = random.choice(("promote", "pause", "resume", "rollback", "retry", "pause", "resume"))
    path = {"fleet": "contoso", "rollout": random.choice(("current", "current", "contoso-0001"))}
    name, path = _odd_path(random, name, path)
    return Case(
        method="POST",
        route=f"/fleets/{{fleet}}/rollouts/{{rollout}}/{name}",
        path={**path, "command": name},
        headers=_headers(random, "if-match", "idempotency-key"),
        body=_made(random, samples.commands()),
    )


def _start(random: Random, _published: bool) -> Case:
    _, path = _odd_path(random, "", {"fleet": random.choice(("contoso", "contoso", "small"))})
    headers = _headers(random, "idempotency-key")
    body = _made(random, samples.starts())
    return Case(method="POST", route="/fleets/{fleet}/rollouts", path=path, headers=headers, body=body)


def _apply(random: Random, _published: bool) -> Case:
    _, path = _odd_path(random, "", {"fleet": "small"})
    headers = _headers(random, "if-match") if random.random() < 0.2 else {}
    body = _made(random, (samples.fleet(),)) if random.random() < 0.8 else _with_parameters(random)
    return Case(method="PUT", route="/fleets/{fleet}", path=path, headers=headers, body=body)


def _with_parameters(random: Random) -> bytes:
    """A good fleet with odd things where anything may stand: parameters, and text of a person's own."""
    fleet = msgspec.json.decode(samples.fleet())
    fleet["provision"]["template_version"] = odd.text(random)
    if random.random() < 0.7:
        fleet["provision"]["parameters"] = {odd.key(random): odd.value(random, 2)}
    return odd.encode(fleet, random)


def _past(random: Random, _published: bool) -> Case:
    _, path = _odd_path(random, "", {"fleet": "contoso"})
    body = _made(random, samples.pasts())
    return Case(method="POST", route="/fleets/{fleet}/readings", path=path, body=body)


def _look(random: Random, _published: bool) -> Case:
    route = random.choice(_LOOKS)
    _, path = _odd_path(random, "", {"fleet": "contoso", "rings": "contoso", "rollout": "current"})
    named = {name: value for name, value in path.items() if f"{{{name}}}" in route}
    query = {
        random.choice(("judgements", "after", "days", odd.key(random))): random.choice(
            ("all", odd.text(random))
        )
    }
    return Case(method="GET", route=route, path=named, query=query if random.random() < 0.3 else {})


_LOOKS = (
    "/health",
    "/page",
    "/fleets",
    "/fleets/{fleet}",
    "/rings/{rings}",
    "/fleets/{fleet}/audit",
    "/fleets/{fleet}/scorecard",
    "/fleets/{fleet}/rollouts",
    "/fleets/{fleet}/rollouts/{rollout}",
    "/fleets/{fleet}/rollouts/{rollout}/audit",
    "/fleets/{fleet}/rollouts/{rollout}/scorecard",
    "/fleets/{fleet}/rollouts/{rollout}/evidence",
)
_DOORS: tuple[Callable[[Random, bool], Case], ...] = (
    _events,
    _alerts,
    _trigger,
    _command,
    _start,
    _apply,
    _past,
    _look,
)
_WEIGHTS = (34, 32, 12, 9, 5, 5, 3, 3)


def _pool(prefix: str, own: tuple[bytes, ...], published: bool) -> tuple[bytes, ...]:
    return samples.published(prefix) or own if published else own


def _made(random: Random, pool: tuple[bytes, ...]) -> bytes:
    """A body from a good one: as it is, changed, damaged, or something else altogether."""
    pick = random.random()
    good = random.choice(pool)
    if pick < 0.06:
        return _renamed(good, random)
    if pick < 0.72:
        return odd.encode(changed(msgspec.json.decode(good), random), random)
    if pick < 0.92:
        return damaged(good, random)
    if pick < 0.996:
        return odd.encode(odd.value(random), random)
    return random.choice(storms.MONSTERS)()


def _renamed(good: bytes, random: Random) -> bytes:
    """The good body under a name of its own, so that it is not the same news for the second time."""
    body: Any = msgspec.json.decode(good)
    if isinstance(body, dict) and "id" in body:
        body["id"] = f"e-{random.randrange(10**6)}"
    return msgspec.json.encode(body)


def _headers(random: Random, *names: str) -> dict[str, str]:
    return {name: _header(random) for name in names if random.random() < 0.15}


def _header(random: Random) -> str:
    return random.choice(("*", '"1"', 'W/"2"', '"', "k-1", "eventgrid.azure.net", odd.text(random)))


def _odd_path(random: Random, name: str, path: dict[str, str]) -> tuple[str, dict[str, str]]:
    """The path with something in it that is no name, now and then."""
    if random.random() > 0.1:
        return name, path
    here = random.choice([*path, "command"])
    if here == "command":
        return (odd.text(random)[:100] or "x", path) if name else (name, path)
    # A host decodes paths with replacement, so half a character never gets here.
    text = odd.text(random)[:300].encode("utf-8", "replace").decode()
    return name, {**path, here: text or "x"}
