"""Good bodies made bad: a change of the document, or of its bytes."""

from __future__ import annotations

import gzip
import zlib
from random import Random
from typing import Any

from tests.fuzz import odd

Place = tuple[Any, Any]
"""A container, and the key or index of one value in it."""


def changed(document: Any, random: Random) -> Any:
    """The document after one to four changes; what is given is changed in place."""
    top = [document]
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        _change(random.choice(_places(top)), random)
    return top[0]


def _places(top: list[Any]) -> list[Place]:
    found: list[Place] = []
    waiting: list[Any] = [top]
    while waiting and len(found) < 400:
        here = waiting.pop()
        items = here.items() if isinstance(here, dict) else enumerate(here)
        for key, item in items:
            found.append((here, key))
            if isinstance(item, dict | list):
                waiting.append(item)
    return found


def _change(place: Place, random: Random) -> None:
    here, key = place
    how = random.randrange(10)
    if how <= 3:
        here[key] = odd.value(random)
    elif how == 4 and isinstance(here, dict):
        del here[key]
    elif how == 5 and isinstance(here, dict):
        here[odd.key(random)] = odd.value(random)
    elif how == 6 and isinstance(here, dict):
        here[f"{key}{odd.DUPLICATE}"] = odd.value(random)
    elif how == 7 and isinstance(here, dict):
        here[_respelled(str(key), random)] = here.pop(key)
    elif how == 8:
        here[key] = random.choice(([here[key]], {"value": here[key]}, str(here[key]), [here[key]] * 3))
    else:
        here[key] = _near(here[key], random)


def _respelled(key: str, random: Random) -> str:
    return random.choice((key.upper(), key.lower(), f" {key}", f"{key}s", key[1:], key[:-1] or key))


def _near(value: Any, random: Random) -> Any:
    """A value of the same kind that is almost right."""
    if isinstance(value, str):
        at = random.randrange(len(value) + 1)
        cut = value[:at] + odd.text(random)[:50] + value[at + random.choice((0, 1)) :]
        return random.choice((cut, value.swapcase(), value[:at], value * 3, f" {value} ", value[::-1]))
    if isinstance(value, bool) or value is None:
        return random.choice((True, False, None, 0, 1, "false"))
    if isinstance(value, int | float):
        return random.choice((-value, value + 1, value * 10**6, str(value), value + 0.5))
    if isinstance(value, list):
        return random.choice((value[:-1], value + value, value[::-1], [value]))
    return {k: v for k, v in value.items() if random.random() < 0.5} if isinstance(value, dict) else value


def damaged(body: bytes, random: Random) -> bytes:
    """The bytes with one thing done to them that no JSON library does."""
    return random.choice(_DAMAGES)(body, random)


def _cut(body: bytes, random: Random) -> bytes:
    return body[: random.randrange(len(body) + 1)]


def _flipped(body: bytes, random: Random) -> bytes:
    at = random.randrange(len(body) + 1)
    return body[:at] + bytes([random.randrange(256)]) + body[at + 1 :]


def _interrupted(body: bytes, random: Random) -> bytes:
    at = random.randrange(len(body) + 1)
    return body[:at] + random.choice(_INSERTED) + body[at:]


def _recoded(body: bytes, random: Random) -> bytes:
    text = body.decode("utf-8", "replace")
    return text.encode(random.choice(("utf-8-sig", "utf-16", "utf-32", "utf-16-be", "utf-7")))


def _compressed(body: bytes, random: Random) -> bytes:
    return random.choice((gzip.compress(body, 1, mtime=0), zlib.compress(body, 1)))


def _followed(body: bytes, random: Random) -> bytes:
    return body + random.choice((body, b"x", b"\x00", b"\n\n", b"]", b"}", b","))


def _dressed(body: bytes, random: Random) -> bytes:
    form = b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n" + body + b"\r\n--x--"
    return random.choice((form, b"/* x */" + body, b"data=" + body, body.replace(b'"', b"'")))


def _replaced(_body: bytes, random: Random) -> bytes:
    return random.choice(_OTHERS)


def _noise(_body: bytes, random: Random) -> bytes:
    return random.randbytes(random.choice((1, 2, 16, 300)))


_DAMAGES = (_cut, _flipped, _interrupted, _recoded, _compressed, _followed, _dressed, _replaced, _noise)
_INSERTED = (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x00", b"\\", b'"', b"{", b"]")
_OTHERS: tuple[bytes, ...] = (
    b"",
    b" ",
    b"\n",
    b"null",
    b"[]",
    b"{}",
    b'""',
    b"0",
    b"[null]",
    b"[[]]",
    b"[{}]",
    b"true",
)
_OTHERS += (b"[" * 900 + b"]" * 900, b"[" * 50_000, b'{"a":' * 20_000, b"- " * 5000, b"a: &a [*a]", b"? ")
