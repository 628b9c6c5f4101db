"""Says in a person's words what pydantic found: where, what was there, and what belongs there.

Decides wording alone. The words about a key come from the JSON Schema, so the file's mistakes and an editor's
hints agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.fleet_file.tree import VALUE_CHARACTERS_MAX, Path, Tree, shown

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
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


class _Place(NamedTuple):
    """A path in the file, and the schema there: as written, and with its reference followed."""

    path: Path
    written: dict[str, Any]
    here: dict[str, Any]

    @property
    def described(self) -> str:
        return str(self.written.get("description", ""))


def note(tree: Tree, error: ValidationError, schema: dict[str, Any]) -> None:
    """Add every mistake of shape to the tree's."""
    unread = {mistake.path for mistake in tree.mistakes}
    for detail in error.errors(include_url=False):
        *_, around, place = _walk(schema, detail)
        kind = detail["type"]
        if detail["input"] is None and tree.place(place.path) in unread:
            continue
        if kind == "extra_forbidden":
            known = list(around.here.get("properties", {}))
            tree.refuse(place.path, "an unknown key", one_of(known, str(place.path[-1])))
        elif kind == "missing":
            tree.refuse(place.path, "nothing", place.described, tree.line_of(place.path))
        else:
            tree.refuse(place.path, shown(detail["input"]), _expected(detail, place))


def one_of(known: Iterable[str], got: str) -> str:
    """`one of a, b, c`, and the nearest of them where there is one."""
    names = sorted(known)
    close = get_close_matches(got, names, n=1, cutoff=0.6) if len(got) <= VALUE_CHARACTERS_MAX else []
    listed = f"one of {', '.join(names)}"
    return f"{listed} (did you mean {close[0]}?)" if close else listed


def _expected(detail: ErrorDetails, place: _Place) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "expected":
        expected = str(context["expected"])
        return _and(expected, place.described) if expected == "text" else expected
    if kind in _BOUNDS:
        word, key = _BOUNDS[kind]
        if _is_duration(place):
            return f"{word} {_duration(context[key])}"
        one, several = ("character", "characters") if kind.startswith("string") else ("entry", "entries")
        unit = "" if "length" not in key else f" {one if context[key] == 1 else several}"
        # Who writes a share in percent reads its bound in percent.
        percent = isinstance(detail["input"], str) and detail["input"].endswith("%") and context[key]
        return f"{word} {context[key] * 100:g}%" if percent else f"{word} {context[key]}{unit}"
    if kind == "literal_error":
        return one_of(_choices(place), str(detail["input"]))
    return _and(_KINDS[kind], place.described) if kind in _KINDS else place.described or str(detail["msg"])


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


def _walk(schema: dict[str, Any], detail: ErrorDetails) -> list[_Place]:
    """The places from the file as a whole to the mistake, the place of the file before it at least."""
    places = [_Place((), schema, schema)] * 2
    for key in detail["loc"]:
        path, _, here = places[-1]
        if "discriminator" in here:
            # pydantic names the branch of what is told apart by a key, which the file does not.
            branch = here["discriminator"]["mapping"].get(str(key), "")
            places[-1] = _Place(path, *[_resolved(schema, {"$ref": branch})] * 2)
        elif key != "[key]":
            # pydantic marks the key of a mapping, as opposed to its value, with a segment of its own.
            places.append(_beside(schema, places[-1], key))
    return places


def _beside(schema: dict[str, Any], place: _Place, key: str | int) -> _Place:
    here = place.here
    if isinstance(key, int):
        written = here.get("items", {})
    else:
        written = here.get("properties", {}).get(key) or here.get("additionalProperties") or {}
    written = written if isinstance(written, dict) else {}
    return _Place((*place.path, key), written, _resolved(schema, written))


def _resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    options = [option for option in part.get("anyOf", ()) if option.get("type") != "null"]
    plans = [option for option in options if "$ref" in option or "discriminator" in option]
    if len(options) == 1 or len(plans) == 1:
        part = (plans or options)[0]
    name = part.get("$ref", "").rsplit("/", 1)[-1]
    return schema["$defs"].get(name, {}) if name else part


def _choices(place: _Place) -> list[str]:
    return [str(each) for each in place.here.get("enum", [place.here.get("const", "")])]


def _is_duration(place: _Place) -> bool:
    kinds = place.here.get("anyOf", ())
    return any("(s|m|h|d)" in option.get("pattern", "") for option in kinds)
