"""Which HTTP function answers a method and a path.

Decides matching, precedence and conflicts of route templates as Azure's host does: segments compare without
case, a literal beats a parameter, and a known path with the wrong method is no match at all (Azure answers
404 there, never 405). Knows nothing of HTTP beyond method and path.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sandbox.host.errors import StartError
from sandbox.host.inventory import Function

_PARAMETER = re.compile(r"\{(\*{0,2})([A-Za-z_]\w*)((?::[^{}?]+)*)(\?)?\}")
_CONSTRAINTS = {
    "int": r"[+-]?\d+",
    "long": r"[+-]?\d+",
    "alpha": r"[A-Za-z]+",
    "bool": r"(?i:true|false)",
    "guid": r"\{?[0-9A-Fa-f]{8}(?:-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12}\}?",
}
_RESERVED = ("admin", "runtime")


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of a template: its pattern, and how specific it is (lower is more so)."""

    pattern: re.Pattern[str]
    rank: int
    optional: bool = False
    rest: str | None = None  # the parameter that takes all that follows


@dataclass(frozen=True, slots=True)
class Route:
    """A function's template and methods; no methods means any."""

    function: Function
    segments: tuple[Segment, ...]
    methods: frozenset[str]
    shape: tuple[str, ...]  # the template without the names of its parameters: equal shapes match equal paths

    def match(self, path: Sequence[str]) -> dict[str, str] | None:
        """The route parameters of `path`, given as decoded segments; None where it doesn't match."""
        found: dict[str, str] = {}
        for index, segment in enumerate(self.segments):
            if segment.rest is not None:
                rest = "/".join(path[index:])
                return found | {segment.rest: rest} if rest else found
            if index >= len(path):
                return found if segment.optional else None
            match = segment.pattern.fullmatch(path[index])
            if match is None:
                return None
            found |= match.groupdict()
        return found if len(path) <= len(self.segments) else None

    def takes(self, method: str) -> bool:
        """Whether it serves that method; without a list it serves all."""
        return not self.methods or method in self.methods


class RouteTable:
    """All HTTP routes of the app."""

    def __init__(self, functions: Iterable[Function], prefix: str) -> None:
        """Raises StartError for templates that can't be served and for two functions on one route."""
        problems: list[str] = []
        routes = []
        for function in functions:
            try:
                routes.append(compile_route(function, prefix))
            except ValueError as error:
                problems.append(f"function '{function.name}': {error}")
        problems += _conflicts(routes)
        if problems:
            raise StartError(problems)
        self.routes = tuple(sorted(routes, key=lambda route: [segment.rank for segment in route.segments]))

    def find(self, method: str, path: Sequence[str]) -> tuple[Function, dict[str, str]] | None:
        """The function for a request and the parameters in its path, None where no route fits."""
        for route in self.routes:
            if route.takes(method) and (parameters := route.match(path)) is not None:
                return route.function, parameters
        return None


def compile_route(function: Function, prefix: str) -> Route:
    """The route of an HTTP function. Raises ValueError where the template can't be served."""
    template = function.trigger.options.get("route")
    own = function.name if template is None else str(template)
    if own.startswith("/"):
        raise ValueError(f"route '{own}' begins with a slash")
    parts = [part for part in f"{prefix}/{own}".split("/") if part]
    if parts and parts[0].lower() in _RESERVED:
        raise ValueError(f"route '{own}' lies under /{parts[0]}, which the host keeps for itself")
    segments = tuple(_segment(part) for part in parts)
    if any(segment.rest or segment.optional for segment in segments[:-1]):
        raise ValueError(f"route '{own}': only the last segment may be optional or take the rest")
    methods = frozenset(str(method).upper() for method in function.trigger.options.get("methods") or ())
    return Route(
        function, segments, methods, tuple(_PARAMETER.sub(_anonymous, part).lower() for part in parts)
    )


def _anonymous(match: re.Match[str]) -> str:
    return f"{{{match[1]}{match[3]}{match[4] or ''}}}"


def _segment(part: str) -> Segment:
    whole = _PARAMETER.fullmatch(part)
    if whole is not None and whole[1]:
        return Segment(re.compile(""), 5, rest=whole[2])
    pattern, at, constrained = "", 0, False
    for match in _PARAMETER.finditer(part):
        if match[1] or (match[4] and whole is None):
            raise ValueError(f"segment '{part}' can't be served")
        pattern += re.escape(part[at : match.start()]) + f"(?P<{match[2]}>{_constraint(match[3])})"
        at, constrained = match.end(), constrained or bool(match[3])
    literal = part[at:]
    if "{" in literal or "}" in literal:
        raise ValueError(f"segment '{part}' is not a template that this host understands")
    rank = 1 if at == 0 else 2 if constrained or whole is None else 3
    return Segment(
        re.compile(pattern + re.escape(literal), re.IGNORECASE),
        rank,
        optional=whole is not None and bool(whole[4]),
    )


def _constraint(text: str) -> str:
    names = [name for name in text.split(":") if name]
    unknown = [name for name in names if name not in _CONSTRAINTS]
    if unknown or len(names) > 1:
        raise ValueError(f"constraint '{text}' is not one of {', '.join(sorted(_CONSTRAINTS))}")
    return _CONSTRAINTS[names[0]] if names else ".+"


def _conflicts(routes: Sequence[Route]) -> list[str]:
    problems = []
    for index, one in enumerate(routes):
        for other in routes[index + 1 :]:
            both = one.methods & other.methods
            if one.shape == other.shape and (both or not one.methods or not other.methods):
                problems.append(
                    f"functions '{one.function.name}' and '{other.function.name}' both take "
                    f"{', '.join(sorted(both)) or 'every method'} on /{'/'.join(one.shape)}"
                )
    return problems
