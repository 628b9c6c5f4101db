"""Holds one HTTP answer against what a gate expects of it, and says what is not met.

A sentence quotes what was expected and, of the answer, its status, its time, the end of its certificate and
the length of its body: what a host writes into a body is nobody's to put into a log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from shared.check_rules import QUOTED_CHARACTERS_MAX, Expect

LINE_CHARACTERS_MAX = 4_096
"""A pattern is held against so much of a line: what one match may cost grows with the square of it."""

PATTERN_CHARACTERS_MAX = 200
FAILED_STATUS = 400
_ESCAPED_OR_SET = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]")
_REPEATS = re.compile(r"[*+?]|\{")


class Answered(NamedTuple):
    """An HTTP answer: ms to its last byte, its body (None where it was cut), and its certificate's end."""

    status: int
    milliseconds: float
    body: bytes | None
    certificate_ends_at: datetime | None = None


def unmet(expect: Expect, answered: Answered, now: datetime) -> str:
    """What the answer does not meet, in a phrase; empty where it meets all."""
    return ", ".join(_unmet(expect, answered, now))


def is_safe(pattern: str) -> bool:
    """Whether a regular expression is valid, and cheap on any line whatever stands there.

    It has no group and no alternative, and repeats one thing at the most: nothing can be tried in many ways.
    """
    if not 0 < len(pattern) <= PATTERN_CHARACTERS_MAX:
        return False
    try:
        re.compile(pattern)
    except (re.error, OverflowError):
        return False
    bare = _ESCAPED_OR_SET.sub("x", pattern)
    return "(" not in bare and "|" not in bare and len(_REPEATS.findall(bare)) <= 1


def _unmet(expect: Expect, answered: Answered, now: datetime) -> Iterator[str]:
    status, milliseconds, body, _ = answered
    if status not in expect.statuses if expect.statuses else status >= FAILED_STATUS:
        wanted = " or ".join(map(str, expect.statuses)) or f"less than {FAILED_STATUS}"
        yield f"status {status}, expected {wanted}"
    if expect.latency_ms is not None and milliseconds > expect.latency_ms:
        yield f"{milliseconds:.0f} ms, expected {expect.latency_ms:g} ms at most"
    yield from _unmet_by_certificate(expect, answered.certificate_ends_at, now)
    if not (expect.body or expect.pattern or expect.fields):
        return
    if body is None:
        yield "a body that is longer than is read"
        return
    text = body.decode("utf-8", "replace")
    if expect.body and expect.body not in text:
        yield f"a body of {len(body)} bytes without {_shown(expect.body)}"
    if expect.pattern and not _matches(expect.pattern, text):
        yield f"a body of {len(body)} bytes in which no line matches {_shown(expect.pattern)}"
    yield from _unmet_fields(expect, body)


def _unmet_by_certificate(expect: Expect, ends_at: datetime | None, now: datetime) -> Iterator[str]:
    if not expect.certificate_seconds:
        return
    left = (ends_at - now).total_seconds() if ends_at is not None else 0
    if left < expect.certificate_seconds:
        found = f"a certificate until {ends_at:%Y-%m-%d %H:%M}" if ends_at is not None else "no certificate"
        yield f"{found}, expected one for another {expect.certificate_seconds / 86_400:g} days"


def _matches(pattern: str, text: str) -> bool:
    compiled = re.compile(pattern)
    return any(compiled.search(line[:LINE_CHARACTERS_MAX]) for line in text.splitlines())


def _unmet_fields(expect: Expect, body: bytes) -> Iterator[str]:
    if not expect.fields:
        return
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        yield f"a body of {len(body)} bytes that is not JSON"
        return
    for path, wanted in expect.fields:
        found = _at(document, path)
        # In JSON, true is no 1.
        if found != wanted or isinstance(found, bool) is not isinstance(wanted, bool):
            yield f"JSON in which {path} is not {_shown(json.dumps(wanted, ensure_ascii=False))}"


def _at(document: Any, path: str) -> Any:
    """What stands at a path such as `checks.db`, None for nothing."""
    found = document
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _shown(text: str) -> str:
    return text if len(text) <= QUOTED_CHARACTERS_MAX else text[: QUOTED_CHARACTERS_MAX - 1] + "…"
