"""Reads values out of bodies that others wrote, or refuses them in one sentence: field, value, expectation.

Decides what a text, an object and an instant are. Refuses to know events and alerts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from shared.errors import Refused

TEXT_CHARACTERS_MAX = 2048
SENTENCE_CHARACTERS_MAX = 400
VALUES_MAX = 5000
_SHOWN_CHARACTERS_MAX = 80
# Controls, line breaks, turns of the writing direction, half characters: in a name they forge log lines.
_NO_NAME = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_NO_PROSE = re.compile("[\x00\ud800-\udfff]")


def shown(value: object) -> str:
    """A value as a refusal shows it, short and on one line."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return "an array"
    if isinstance(value, str):
        return json.dumps(clean(value, _SHOWN_CHARACTERS_MAX), ensure_ascii=False)
    return clean(str(value), _SHOWN_CHARACTERS_MAX) if isinstance(value, int | float) else "no JSON"


def refused(field: str, value: object, expected: str) -> Refused:
    """The refusal of one field."""
    return Refused(f"{field}: got {shown(value)}, expected {expected}")


def clean(text: str, characters_max: int = SENTENCE_CHARACTERS_MAX) -> str:
    """The text on one line, fit to be stored and shown, with an ellipsis where it was cut."""
    text = text[: 4 * characters_max]
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    text = " ".join(text.split())
    return text if len(text) <= characters_max else text[: characters_max - 1].rstrip() + "…"


def thing(value: object, field: str) -> dict[str, Any]:
    """An object. Raises Refused."""
    if not isinstance(value, dict):
        raise refused(field, value, "an object")
    return value


def text(value: object, field: str, expected: str = "text") -> str:
    """A text on one line that says something: an id, a name. Raises Refused."""
    return _fit(value, field, expected, _NO_NAME, "without control characters")


def text_or_none(value: object, field: str, expected: str = "text") -> str | None:
    """A text, or None where there is none or an empty one. Raises Refused for anything else."""
    return None if value is None or value == "" else text(value, field, expected)


def prose_or_none(value: object, field: str) -> str | None:
    """A person's text of any number of lines, or None where there is none. Raises Refused."""
    return None if value is None or value == "" else _fit(value, field, "text", _NO_PROSE, "in Unicode")


def word(value: object) -> str:
    """A value of somebody else's as part of a sentence; empty where it has nothing to say."""
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return clean(str(value), 120)


def instant(value: object, field: str) -> datetime:
    """An ISO 8601 instant in UTC; without an offset it is UTC already. Raises Refused."""
    try:
        found = datetime.fromisoformat(text(value, field, "an ISO 8601 instant"))
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise refused(field, value, "an ISO 8601 instant") from None


def texts_within(value: object, *, skip: frozenset[str] = frozenset()) -> Iterator[str]:
    """Every text inside a value in its order, the values of the `skip` keys left out; a bounded number."""
    waiting = [value]
    for _ in range(VALUES_MAX):
        if not waiting:
            return
        here = waiting.pop()
        if isinstance(here, str):
            yield here
        elif isinstance(here, dict):
            waiting += [item for key, item in reversed(here.items()) if str(key).lower() not in skip]
        elif isinstance(here, list | tuple):
            waiting += reversed(here)


def _fit(value: object, field: str, expected: str, unfit: re.Pattern[str], fit: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise refused(field, value, expected)
    if len(value) > TEXT_CHARACTERS_MAX:
        raise refused(field, value, f"{expected} of at most {TEXT_CHARACTERS_MAX} characters")
    if unfit.search(value):
        raise refused(field, value, f"{expected} {fit}")
    return value


def _number(value: float) -> str:
    """Six digits, and large numbers such as bytes in full: nobody reads 1.50324e+10 at night."""
    if not isfinite(value):
        return ""
    return f"{value:.0f}" if 1e6 <= abs(value) < 1e15 else f"{value:g}"
