"""Values, keys and texts that nobody should send, and JSON that no library would write.

Everything is drawn from a `random.Random`, so that a seed repeats it and Hypothesis can shrink it.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

DUPLICATE = "\ue000"
"""At the end of a key: the key is written without it, so that an object has it twice."""
_RAW = "\ue001"
_RAWS: tuple[str, ...] = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "-1e-400",
    "1" * 400,
    "9" * 5000,
    "-0",
    "0x10",
    "01",
    "1.",
    ".5",
    "+1",
    "undefined",
    "None",
    "True",
    "'x'",
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\ud83d\\ude80"',
    '"\\x41"',
    '"\t"',
    "[1,]",
    "{,}",
    "",
    "[" * 600 + "]" * 600,
    "[" * 3000,
    '{"a":' * 900 + "1" + "}" * 900,
)
_TEXTS: tuple[str, ...] = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\x1b[2J",
    "line\nbreak\r\nX-Header: 1",
    "\u202eevil",
    "\u2028",
    "\ufeff",
    "\ufffe",
    "\ud800",
    "\udfff",
    "é",
    "e\u0301" * 20,
    "\N{ROCKET}",
    "ﷺ" * 100,
    "../../etc/passwd",
    "..\\..",
    "/",
    "//",
    "'",
    "' or 1 eq 1 or '",
    '"; drop table x; --',
    "x' and PartitionKey ne '",
    "AppRequests | union *",
    "$(reboot)",
    "`id`",
    "{{7*7}}",
    "%s%s%n",
    "{resource}",
    "${jndi:ldap://x}",
    "<script>",
    "null",
    "true",
    "0",
    "-1",
    "1e999",
    "1.32.6",
    "v1.31",
    "1.32.6\n",
    "Fired",
    "Resolved",
    "Sev0",
    "Sev9",
    "2026-11-21T11:59:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.9999999-14:00",
    "2026-02-30T00:00:00Z",
    "20261121",
    "2026-W47-6",
    "now",
    "contoso",
    "contoso-public",
    "CONTOSO",
    "/subscriptions/11111111-2222-3333-4444-555555555555",
    "/subscriptions/",
    "/subscriptions//resourceGroups//providers//",
    "/SUBSCRIPTIONS/x/" + "y/" * 300,
    "a" * 2048,
    "a" * 2049,
    "é" * 5000,
    "x" * 40_000,
)
_NUMBERS = (0, 1, -1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**30, 10**300, 0.5, -0.0, 1e308, 5e-324)
_KEYS: tuple[str, ...] = (
    "",
    " ",
    "id",
    "data",
    "eventType",
    "type",
    "specversion",
    "essentials",
    "by",
    "note",
    "version",
)
_KEYS += ("__proto__", "a.b", "a[0]", "\x00", "\ud800", "é", "k" * 300, "$ref", "<<", "true", "1")


def raw(token: str) -> str:
    """A text that `encode` writes as this very token, whatever it is."""
    return f"{_RAW}{token.encode().hex()}{_RAW}"


def text(random: Random) -> str:
    """One odd text."""
    pick = random.random()
    if pick < 0.8:
        return random.choice(_TEXTS)
    length = random.choice((1, 3, 8, 30))
    return "".join(
        chr(random.choice((random.randrange(128), random.randrange(0x110000)))) for _ in range(length)
    )


def key(random: Random) -> str:
    """One odd key."""
    return random.choice(_KEYS) if random.random() < 0.8 else text(random)[:200]


def value(random: Random, depth: int = 0) -> Any:
    """One odd value; seldom a deep or a long one."""
    pick = random.random()
    if pick < 0.42:
        return text(random)
    if pick < 0.55:
        return random.choice(_NUMBERS)
    if pick < 0.68:
        return random.choice((None, None, True, False, [], {}))
    if pick < 0.80:
        return raw(random.choice(_RAWS))
    if depth > 3:
        return None
    if pick < 0.90:
        return [value(random, depth + 1) for _ in range(random.choice((1, 1, 2, 5)))]
    if pick < 0.998:
        return {key(random): value(random, depth + 1) for _ in range(random.choice((1, 1, 2, 5)))}
    return [random.choice(_NUMBERS)] * 20_000


def encode(document: Any, random: Random) -> bytes:
    """As JSON with its oddities: tokens as they are, keys twice, halves of characters as bytes or escapes."""
    ascii_only = random.random() < 0.5
    written = json.dumps(
        document, ensure_ascii=ascii_only, separators=random.choice(((",", ":"), (", ", ": ")))
    )
    if ascii_only and "\\ue00" in written:
        written = written.replace("\\ue000", "").replace("\\ue001", _RAW)
    written = written.replace(DUPLICATE, "")
    if _RAW in written:
        parts = written.split(_RAW)
        # Whatever stands between two marks is a token, and the quotes about it go.
        for at in range(1, len(parts) - 1, 2):
            parts[at - 1] = parts[at - 1].removesuffix('"')
            parts[at + 1] = parts[at + 1].removeprefix('"')
            parts[at] = _token(parts[at])
        written = "".join(parts)
    return written.encode("utf-8", "surrogatepass")


def _token(hexadecimal: str) -> str:
    try:
        return bytes.fromhex(hexadecimal).decode()
    except ValueError:
        return hexadecimal
