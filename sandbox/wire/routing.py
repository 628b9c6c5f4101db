"""Requests and answers as plain values, and the table that finds the operation for a request.

Decides which operation a method and path mean and which of its api-versions a request may name. Refuses to
know aiohttp, TLS and any service: an operation is a template, its versions and a function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct, ValidationError, convert

from sandbox.wire.errors import BadRequest
from sandbox.world.settings import Family

_PLACEHOLDER = re.compile(r"\{(\w+)(\*?)\}")


class Service(StrEnum):
    """The services behind the door. They share one port; a path tells them apart."""

    ARM = "arm"
    METRICS = "metrics"
    LOGS = "logs"
    PROMETHEUS = "prometheus"
    EVENT_GRID = "event_grid"
    LOAD_TESTS = "load_tests"


class Call(Struct, frozen=True, kw_only=True):
    """A request: `parameters` from the path, `base` the scheme and host that the client used.

    `headers` compare without case; `body` is parsed JSON, None where there was none.
    """

    method: str
    path: str
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    base: str

    @property
    def version(self) -> str:
        """The api-version that was asked for."""
        return self.query.get("api-version", "")

    @property
    def group_id(self) -> str:
        """The ARM id of the resource group in the path."""
        return f"/subscriptions/{self.parameters['subscription']}/resourceGroups/{self.parameters['group']}"

    def payload(self) -> dict[str, Any]:
        """The body as an object. Raises BadRequest for anything else."""
        return shaped(self.body, dict[str, Any])

    def link(self, path: str, version: str | None = None) -> str:
        """An absolute URL on the host that the client used, as long-running operations hand out."""
        return f"{self.base}{path}?api-version={version or self.version}"


class Reply(Struct, frozen=True):
    """An answer. `body` is JSON; None is no body at all."""

    status: int
    body: Any = None
    headers: dict[str, str] = {}


Handler = Callable[[Call], Reply]


class Operation(Struct, frozen=True, kw_only=True):
    """One operation of a service. Empty `versions` means that it takes no api-version.

    `template` holds `{name}` for a segment and `{name*}` for the rest, slashes included. `families` are those
    whose outages it shares.
    """

    method: str
    template: str
    handler: Handler
    versions: frozenset[str] = frozenset()
    service: Service = Service.ARM
    families: tuple[Family, ...] = (Family.ARM,)


def shaped[T](value: object, shape: type[T]) -> T:
    """A part of a body as what it must be. Raises BadRequest, with where it is not."""
    try:
        return convert(value, shape)
    except ValidationError as error:
        message = f"The request content was invalid and could not be deserialized: {error}"
        raise BadRequest("InvalidRequestContent", message) from None


class Match(Struct, frozen=True):
    """An operation with the parameters that its template found in a path."""

    operation: Operation
    parameters: dict[str, str]


class Table:
    """All operations. Paths compare without case, as in ARM."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._operations = [(_pattern(each.template), each) for each in operations]

    def find(self, method: str, path: str) -> tuple[Match | None, tuple[Operation, ...]]:
        """The match for a request, and every operation that knows the path under any method."""
        known = [(found, each) for pattern, each in self._operations if (found := pattern.fullmatch(path))]
        match = next((Match(each, found.groupdict()) for found, each in known if each.method == method), None)
        return match, tuple(each for _, each in known)


def _pattern(template: str) -> re.Pattern[str]:
    parts, position = [], 0
    for placeholder in _PLACEHOLDER.finditer(template):
        segment = ".+" if placeholder[2] else "[^/]+"
        parts.append(re.escape(template[position : placeholder.start()]) + f"(?P<{placeholder[1]}>{segment})")
        position = placeholder.end()
    return re.compile("".join(parts) + re.escape(template[position:]) + "/?", re.IGNORECASE)
