"""Reads values out of bodies that others wrote, or refuses them in one sentence: field, value, expectation.

Decides what a text, an object and an instant are. Refuses to know events and alerts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from shared.errors import Refused

TEXT_CHARACTERS_MAX = 2048
SENTENCE_CHARACTERS_MAX = 400
VALUES_MAX = 5000
_SHOWN_CHARACTERS_MAX = 80


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
    text = "".join(c if c.isprintable() else " " for c in text[: 4 * characters_max])
    text = " ".join(text.split())
    return text if len(text) <= characters_max else text[: characters_max - 1].rstrip() + "…"


def thing(value: object, field: str) -> dict[str, Any]:
    """An object. Raises Refused."""
    if not isinstance(value, dict):
        raise refused(field, value, "an object")
    return value


def text(value: object, field: str, expected: str = "text") -> str:
    """A text that says something and can be stored. Raises Refused."""
    if not isinstance(value, str) or not value.strip() or len(value) > TEXT_CHARACTERS_MAX:
        raise refused(field, value, expected)
    if any("\ud800" <= c <= "\udfff" or c == "\0" for c in value):
        raise refused(field, value, f"{expected} in Unicode")
    return value


def text_or_none(value: object, field: str, expected: str = "text") -> str | None:
    """A text, or None where there is none or an empty one. Raises Refused for anything else."""
    return None if value is None or value == "" else text(value, field, expected)


def word(value: object) -> str:
    """A value of somebody else's as part of a sentence; empty where it has nothing to say."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return f"{value:g}" if isinstance(value, float) else clean(str(value), 120)


def instant(value: object, field: str) -> datetime:
    """An ISO 8601 instant in UTC; without an offset it is UTC already. Raises Refused."""
    try:
        found = datetime.fromisoformat(text(value, field, "an ISO 8601 instant"))
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise refused(field, value, "an ISO 8601 instant") from None


def texts_within(value: object, *, skip: frozenset[str] = frozenset()) -> Iterator[str]:
    """Every text inside a value, the values of the `skip` keys left out; a bounded number of them."""
    waiting = [value]
    for _ in range(VALUES_MAX):
        if not waiting:
            return
        here = waiting.pop()
        if isinstance(here, str):
            yield here
        elif isinstance(here, dict):
            waiting += [item for key, item in here.items() if str(key).lower() not in skip]
        elif isinstance(here, list | tuple):
            waiting += here
