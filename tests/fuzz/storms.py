"""Many at once, and too much of one: batches of every mixture, and bodies that are large, deep or long."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import msgspec

from shared.api.http import BODY_BYTES_MAX
from tests.fuzz import odd, samples
from tests.fuzz.damage import changed

SIZES = (2, 2, 3, 3, 5, 5, 10, 10, 40)
STORM = 1000


def batch(random: Random) -> bytes:
    """Good events, bad ones, repeats, handshakes and both schemas in one array; seldom a thousand of them."""
    size = STORM if random.random() < 0.003 else random.choice(SIZES)
    bad = random.choice((0.0, 0.1, 0.5))
    found: list[Any] = []
    for _ in range(size):
        found.append(_event(random, bad))
        if random.random() < 0.1:
            found.append(random.choice(found))
    return odd.encode(found, random)


def _event(random: Random, bad: float) -> Any:
    event = msgspec.json.decode(random.choice(samples.events()))
    if random.random() < bad:
        return random.choice((changed(event, random), odd.value(random), samples.HANDSHAKE))
    if isinstance(event, dict) and "id" in event:
        event["id"] = f"s-{random.randrange(10**6)}"
    return event


def _padded(size: int) -> bytes:
    return b" " * (size - 2) + b"{}"


MONSTERS: tuple[Callable[[], bytes], ...] = (
    lambda: _padded(BODY_BYTES_MAX),
    lambda: _padded(BODY_BYTES_MAX + 1),
    lambda: b"\xff" * (BODY_BYTES_MAX + 1),
    lambda: b"[" + b"{}," * 100_000 + b"{}]",
    lambda: b'{"id":[' + b"0," * 100_000 + b"0]}",
    lambda: b'{"' + b"k" * 900_000 + b'":1}',
    lambda: b"{" + b",".join(b'"k%d":1' % n for n in range(60_000)) + b"}",
    lambda: b'{"data":{"essentials":' + b'{"a":' * 400 + b"1" + b"}" * 402,
    lambda: b'{"schemaId":"' + b"\\u00e9" * 100_000 + b'"}',
    lambda: msgspec.json.encode(_crowded_alert()),
    lambda: b"".join(b"k%d: 1\n" % n for n in range(8_000)),
)
"""Bodies near the limits, each in the place where it costs most."""


def _crowded_alert() -> dict[str, Any]:
    """An alert whose context names thousands of clusters and ids."""
    alert = msgspec.json.decode(samples.alerts()[0])
    names = [{"name": "cluster", "value": f"c{n}"} for n in range(5000)]
    ids = [f"/subscriptions/1/resourceGroups/g/providers/a.b/c/{n}" for n in range(5000)]
    alert["data"]["essentials"]["alertTargetIDs"] = ["/subscriptions/1"]
    alert["data"]["alertContext"] = {"condition": {"allOf": [{"dimensions": names}]}, "ids": ids}
    return dict(alert)
