"""Reads recorded samples for `switchyard gates`: what is odd about a value is kept, what is no file is told.

Decides which entries are samples at all. What a sample is worth is judged in `shared.gates`.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from cli.files import json_from
from shared.errors import Invalid, Mistake
from shared.model import Sample

_SHAPE = 'a list of {"at": time, "value": number, null, "NaN" or "Infinity"} and {"at": time, "error": text}'
_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_KEYS = {"at", "value", "error", "requests"}
_CHARACTERS_MAX = 60

Recordings = dict[str, tuple[Sample, ...]]


def recordings(file: Path, names: tuple[str, ...], single: bool) -> Recordings:
    """The samples of each gate by its name: a list for one gate, a mapping of lists for several.

    Raises Invalid with every mistake.
    """
    mistakes: list[Mistake] = []
    found: Recordings = {}
    body = _body(file)
    if single:
        found = {names[0]: _samples(body, "", mistakes)}
    elif isinstance(body, dict):
        unknown = sorted(set(body) - set(names))
        expected = f"one of {', '.join(names)}"
        mistakes += [Mistake(_shown(name).strip('"'), "an unknown gate", expected) for name in unknown]
        found = {name: _samples(body.get(name, []), name, mistakes) for name in names}
    else:
        mistakes.append(
            Mistake("(file)", _shown(body), f"a mapping of {', '.join(names)} to lists of samples")
        )
    if mistakes:
        raise Invalid(str(file), tuple(mistakes))
    return found


def number_or_samples(file: Path, names: tuple[str, ...], single: bool) -> Recordings | dict[str, float]:
    """A baseline: samples as in `recordings`, or its number itself, or numbers by gate."""
    body = _body(file)
    if single and _is_number(body):
        return {names[0]: float(body)}
    if not single and isinstance(body, dict) and body and all(map(_is_number, body.values())):
        return {str(name): float(value) for name, value in body.items()}
    return recordings(file, names, single)


def moment(text: str) -> datetime:
    """A time in ISO 8601; without a zone it is UTC. Raises ValueError."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _body(file: Path) -> Any:
    try:
        return json_from(file)
    except ValueError as error:
        # Python writes NaN and Infinity bare, which JSON does not know: they are meant all the same.
        try:
            return json.loads(file.read_text(encoding="utf-8-sig"))
        except (ValueError, RecursionError):
            raise Invalid(str(file), (Mistake("(file)", f"no JSON ({error})", _SHAPE),)) from error


def _samples(body: Any, where: str, mistakes: list[Mistake]) -> tuple[Sample, ...]:
    if not isinstance(body, list):
        mistakes.append(Mistake(where or "(file)", _shown(body), _SHAPE))
        return ()
    found = (_sample(entry, f"{where}[{place}]", mistakes) for place, entry in enumerate(body))
    return tuple(sample for sample in found if sample is not None)


def _sample(entry: Any, where: str, mistakes: list[Mistake]) -> Sample | None:
    if not isinstance(entry, dict):
        mistakes.append(Mistake(where, _shown(entry), '{"at": time, "value": number} or {"at", "error"}'))
        return None
    before = len(mistakes)
    known = f"one of {', '.join(sorted(_KEYS))}"
    mistakes += [Mistake(f"{where}.{key}", "an unknown key", known) for key in sorted(set(entry) - _KEYS)]
    at = _at(entry.get("at"), where, mistakes)
    requests = entry.get("requests")
    if requests is not None and not (_is_number(requests) and math.isfinite(requests) and requests >= 0):
        mistakes.append(Mistake(f"{where}.requests", _shown(requests), "a number of requests, 0 or more"))
    if "value" not in entry and "error" not in entry:
        mistakes.append(Mistake(f"{where}.value", "nothing", "a number, null, or error in its place"))
    error = entry.get("error", "")
    if not isinstance(error, str) or ("error" in entry and not error):
        mistakes.append(Mistake(f"{where}.error", _shown(error), "text that says what went wrong"))
    if at is None or len(mistakes) > before:
        return None
    value, odd = _value(entry.get("value"))
    return Sample(at=at, value=value, requests=requests, error=error or odd)


def _at(value: Any, where: str, mistakes: list[Mistake]) -> datetime | None:
    try:
        return moment(value)
    except (TypeError, ValueError):
        got = "nothing" if value is None else _shown(value)
        mistakes.append(Mistake(f"{where}.at", got, "a time such as 2026-11-21T09:00:00Z"))
        return None


def _value(value: Any) -> tuple[float | None, str]:
    """The number, and what is odd about it: text where a number belongs is no number, whatever it reads."""
    if value is None:
        return None, ""
    if isinstance(value, str) and value in _WORDS:
        return _WORDS[value], ""
    if _is_number(value):
        try:
            return float(value), ""
        except OverflowError:
            return math.inf, ""
    return None, f"{_shown(value)} stands where a number belongs"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = msgspec.json.encode(value).decode() if not isinstance(value, float) else repr(value)
    return text if len(text) <= _CHARACTERS_MAX else f"{text[: _CHARACTERS_MAX - 1]}…"
