"""Says in a person's words what pydantic found: where, what was there, and what belongs there.

Decides wording alone. The words about a key come from the JSON Schema, so the file's mistakes and an editor's
hints agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.fleet_file.tree import VALUE_CHARACTERS_MAX, Path, Tree, dotted, shown

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "finite_number": "a finite number",
}
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
    "too_short": ("at least", "min_length"),
    "too_long": ("at most", "max_length"),
    "string_too_long": ("at most", "max_length"),
}


def note(tree: Tree, error: ValidationError, schema: dict[str, Any]) -> None:
    """Add every mistake of shape to the tree's."""
    unread = {mistake.path for mistake in tree.mistakes}
    for detail in error.errors(include_url=False):
        path = _path(detail)
        kind = detail["type"]
        if detail["input"] is None and dotted(path) in unread:
            continue
        if kind == "extra_forbidden":
            known = _known_keys(schema, path[:-1])
            tree.refuse(path, "an unknown key", one_of(known, str(path[-1])))
        elif kind == "missing":
            expected = _description(schema, path)
            around = tree.line_of(path[:-1])
            tree.refuse(path, "nothing", expected, around)
        else:
            tree.refuse(path, shown(detail["input"]), _expected(detail, schema, path))


def one_of(known: Iterable[str], got: str) -> str:
    """`one of a, b, c`, and the nearest of them where there is one."""
    names = sorted(known)
    close = get_close_matches(got, names, n=1, cutoff=0.6) if len(got) <= VALUE_CHARACTERS_MAX else []
    listed = f"one of {', '.join(names)}"
    return f"{listed} (did you mean {close[0]}?)" if close else listed


def _path(detail: ErrorDetails) -> Path:
    # pydantic marks the key of a mapping, as opposed to its value, with a segment of its own.
    return tuple(key for key in detail["loc"] if key != "[key]")


def _expected(detail: ErrorDetails, schema: dict[str, Any], path: Path) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    described = _description(schema, path)
    if kind == "expected":
        return (
            _and(str(context["expected"]), described)
            if context["expected"] == "text"
            else str(context["expected"])
        )
    if kind in _BOUNDS:
        word, key = _BOUNDS[kind]
        if _is_duration(schema, path):
            return f"{word} {_duration(context[key])}"
        unit = "" if "length" not in key else " characters" if kind.startswith("string") else " entries"
        return f"{word} {context[key]}{unit}"
    if kind == "literal_error":
        return one_of(_choices(schema, path), str(detail["input"]))
    return _and(_KINDS[kind], described) if kind in _KINDS else described or str(detail["msg"])


def _and(kind: str, described: str) -> str:
    """The kind of value that is wanted, and what it is for."""
    if described.startswith(kind) and kind != "text":
        return described
    quotes = ", in quotes" if kind == "text" else ""
    return f"{kind}{quotes}: {described}" if described not in ("", kind) else f"{kind}{quotes}"


def _duration(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g}{unit}"
    return f"{seconds:.0f}s"


def _at(schema: dict[str, Any], path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of the value at `path`: as written there, and with its reference followed."""
    here = written = schema
    for key in path:
        if isinstance(key, int):
            written = here.get("items", {})
        else:
            written = here.get("properties", {}).get(key) or here.get("additionalProperties") or {}
        written = written if isinstance(written, dict) else {}
        here = _resolved(schema, written)
    return written, here


def _resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    options = [option for option in part.get("anyOf", ()) if option.get("type") != "null"]
    if len(options) == 1:
        part = options[0]
    name = part.get("$ref", "").rsplit("/", 1)[-1]
    return schema["$defs"][name] if name else part


def _description(schema: dict[str, Any], path: Path) -> str:
    return str(_at(schema, path)[0].get("description", ""))


def _known_keys(schema: dict[str, Any], path: Path) -> list[str]:
    return list(_at(schema, path)[1].get("properties", {}))


def _choices(schema: dict[str, Any], path: Path) -> list[str]:
    part = _at(schema, path)[1]
    return [str(each) for each in part.get("enum", [part.get("const", "")])]


def _is_duration(schema: dict[str, Any], path: Path) -> bool:
    kinds = _at(schema, path)[1].get("anyOf", ())
    return any("(s|m|h|d)" in option.get("pattern", "") for option in kinds)
