"""Reads recorded samples for `switchyard gates`: what is odd about a value is kept, what is no file is told.

Decides which entries are samples at all. What a sample is worth is judged in `shared.gates`.
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.errors import Invalid, Mistake
from shared.model import Sample

_SHAPE = 'a list of {"at": time, "value": number, null, "NaN" or "Infinity"} and {"at": time, "error": text}'
_A_TIME = "a time such as 2026-11-21T09:00:00Z, in the years 1970 to 2999"
_A_BASELINE = f"a number that is not negative, or {_SHAPE}"
# As JSON libraries spell them, and as Prometheus does.
_WORDS = {
    "NaN": math.nan,
    "Infinity": math.inf,
    "-Infinity": -math.inf,
    "+Inf": math.inf,
    "-Inf": -math.inf,
}
_KEYS = {"at", "value", "error", "requests"}
_YEARS = range(1970, 3000)
_REQUESTS_MAX = 1e15
_DIGITS_MAX = 308

Recordings = dict[str, tuple[Sample, ...]]
Baselines = dict[str, tuple[Sample, ...] | float]


class _Mapping(dict[str, Any]):
    """A JSON object that remembers which of its keys came `twice`."""

    twice: tuple[str, ...] = ()


def recordings(file: Path, names: tuple[str, ...] | None, single: bool) -> Recordings:
    """The samples of each gate by its name: a list for one gate, a mapping of lists for several.

    `names` None: nobody knows them, because the gates are wrong themselves. Raises Invalid with all mistakes.
    """
    mistakes: list[Mistake] = []
    found = {
        name: _samples(body, where, mistakes)
        for name, where, body in _each(_body(file, _SHAPE), names, single, mistakes)
    }
    if mistakes:
        raise Invalid(str(file), tuple(mistakes))
    return found


def baselines(file: Path, names: tuple[str, ...] | None, single: bool) -> Baselines:
    """The baseline of each gate by its name: samples as in `recordings`, or the number itself."""
    mistakes: list[Mistake] = []
    found: Baselines = {}
    for name, where, body in _each(_body(file, _A_BASELINE), names, single, mistakes):
        if isinstance(body, list):
            found[name] = _samples(body, where, mistakes)
        elif _is_number(body) and 0 <= body <= sys.float_info.max:
            found[name] = float(body)
        else:
            mistakes.append(Mistake(where or "(file)", _shown(body), _A_BASELINE))
    if mistakes:
        raise Invalid(str(file), tuple(mistakes))
    return found


def moment(text: str) -> datetime:
    """A time in ISO 8601; without a zone it is UTC. Raises ValueError."""
    # RFC 3339 allows a small one, and Python does not.
    found = datetime.fromisoformat(f"{text[:-1]}Z" if text.endswith("z") else text)
    if found.year not in _YEARS:
        raise ValueError(f"the year {found.year} is not between {_YEARS[0]} and {_YEARS[-1]}")
    return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _body(file: Path, expected: str) -> Any:
    """The JSON of a file. Python writes NaN and Infinity bare, and they are meant all the same."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(str(file), (Mistake("(file)", "other bytes", "UTF-8 text"),)) from error
    try:
        return json.loads(text, object_pairs_hook=_mapping, parse_int=_integer)
    except json.JSONDecodeError as error:
        wrong = Mistake("(file)", f"no JSON ({error.msg})", expected, error.lineno)
        raise Invalid(str(file), (wrong,)) from error
    except RecursionError as error:
        raise Invalid(str(file), (Mistake("(file)", "lists in lists without end", expected),)) from error


def _mapping(pairs: list[tuple[str, Any]]) -> _Mapping:
    found = _Mapping(pairs)
    if len(found) < len(pairs):
        found.twice = tuple(key for key, told in Counter(key for key, _ in pairs).items() if told > 1)
    return found


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _DIGITS_MAX else float(digits)


def _each(
    body: Any, names: tuple[str, ...] | None, single: bool, mistakes: list[Mistake]
) -> Iterator[tuple[str, str, Any]]:
    """What a file has for each gate: its name, where that is in the file, and what is there."""
    if single or (names is None and not isinstance(body, dict)):
        yield (names or ("",))[0], "", body
        return
    known = names if names is not None else tuple(body)
    if not isinstance(body, dict):
        expected = f"a mapping of {', '.join(known)} to lists of samples"
        mistakes.append(Mistake("(file)", _shown(body), expected))
        return
    unknown = map(_printable, sorted(set(body) - set(known)))
    mistakes += [Mistake(name, "an unknown gate", f"one of {', '.join(known)}") for name in unknown]
    mistakes += _twice(body, "")
    for name in known:
        yield name, _printable(name), body.get(name, [])


def _twice(body: Any, where: str) -> list[Mistake]:
    keys = body.twice if isinstance(body, _Mapping) else ()
    return [Mistake(f"{where}{_printable(key)}", "the key a second time", "it once") for key in keys]


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
    unknown = map(_printable, sorted(set(entry) - _KEYS))
    mistakes += [Mistake(f"{where}.{key}", "an unknown key", known) for key in unknown]
    mistakes += _twice(entry, f"{where}.")
    at = _at(entry.get("at"), where, mistakes)
    requests = entry.get("requests")
    if requests is not None and not (_is_number(requests) and 0 <= requests <= _REQUESTS_MAX):
        mistakes.append(Mistake(f"{where}.requests", _shown(requests), "a number of requests, 0 to 1e15"))
    if "value" not in entry and "error" not in entry:
        mistakes.append(Mistake(f"{where}.value", "nothing", "a number, null, or error in its place"))
    error = entry.get("error", "")
    if not isinstance(error, str) or ("error" in entry and not error):
        mistakes.append(Mistake(f"{where}.error", _shown(error), "text that says what went wrong"))
    if at is None or len(mistakes) > before:
        return None
    value, odd = _value(entry.get("value"))
    return Sample(at=at, value=value, requests=requests, error=_printable(error) or odd)


def _at(value: Any, where: str, mistakes: list[Mistake]) -> datetime | None:
    try:
        return moment(value if isinstance(value, str) else "")
    except ValueError:
        got = "nothing" if value is None else _shown(value)
        mistakes.append(Mistake(f"{where}.at", got, _A_TIME))
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
    from shared.fleet_file.tree import shown  # loads YAML, which only a mistake needs

    return shown(value)


def _printable(text: str) -> str:
    """Text of somebody else's that may end up on a terminal: on one line, and made of whole characters."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
