"""What a golden history is, and how it lies in its file: rows as a store holds them, one to a line.

Decides the format, which has to stay readable for ever; so it uses none of the product's own code. A gate or
a record that is named again and again is written once, under `words`, and what two histories have in common
until their ways part is written in one of them. Everything else is kept as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

FOLDER = Path(__file__).parent / "histories"

Json = dict[str, Any]
Entity = dict[str, str | int | bool]

_CHARS = {True: 32_000, False: 16_000}
_WORDS = ("gate", "record")
_SIGN = "$"
_OURS = ("json", "since", "at")

LIKE_FLEET = "$s-fleet"
"""The document of a plan that says what the fleet's own row said then."""


class History(Struct, frozen=True, kw_only=True):
    """One fleet from its first rollout to its last end. Rows have their document, decoded, under `json`.

    Attributes:
        version, commit: of the product that wrote the rows.
        began: when the world began; `faults` are the world's.
        outcomes: how its rollouts ended, oldest first.
        directory: the fleet's row in the directory.
        kept: rows that stay for many claims (`s-fleet`, `s-plan`), with the epoch `since` which it stood.
        signals: what was accepted, as its two rows, with the time `at` which it was; `world` as in a moment.
        dispositions: the inbox rows in the end.
        world: what was done to the world, in order: actions under their epoch, and what others did to it.
        trail: the audit rows.
        moments: rows right after a claim: the state, signals that wait, announcements that are owed. `world`
            and `signals` say how much of either had happened.
        end: the state row in the end.
        begins_like: the history that has the first rows of this trail and the moments until then, and the
            number of those rows.
    """

    name: str
    story: str
    version: str
    commit: str
    began: str
    outcomes: list[str]
    begins_like: tuple[str, int] | None = None
    faults: Json
    directory: Json
    words: dict[str, Json]
    kept: list[Json]
    signals: list[Json]
    dispositions: list[Json]
    world: list[Json]
    trail: list[Json]
    moments: list[Json]
    end: Json


def names(folder: Path = FOLDER) -> tuple[str, ...]:
    """The names of all histories."""
    return tuple(sorted(path.stem for path in folder.glob("*.json")))


@cache
def read(name: str, folder: Path = FOLDER) -> History:
    """A history, with its words spelt out again and its beginning in front."""
    packed = msgspec.json.decode((folder / f"{name}.json").read_bytes(), type=History)
    trail = _unpacked(packed.trail, packed.words)
    kept = _unpacked(packed.kept, packed.words)
    for n, found in enumerate(kept):
        if found["json"] == LIKE_FLEET:
            found["json"] = next(each["json"] for each in reversed(kept[:n]) if each["RowKey"] == "s-fleet")
    if packed.begins_like is not None:
        other, rows = packed.begins_like
        trail = [*read(other, folder).trail[:rows], *trail]
    return msgspec.structs.replace(
        packed,
        kept=kept,
        world=_unpacked(packed.world, packed.words),
        trail=trail,
    )


def write(history: History, folder: Path = FOLDER) -> Path:
    """The history in a file of its own. Raises FileExistsError: a history is never written twice."""
    words: dict[str, Json] = {}
    history = _parted(history, folder)
    rows = history.begins_like[1] if history.begins_like is not None else 0
    packed = {name: getattr(history, name) for name in History.__struct_fields__}
    packed["trail"] = packed["trail"][rows:]
    for name in ("kept", "world", "trail"):
        packed[name] = _packed(packed[name], words)
    packed["words"] = dict(sorted(words.items()))
    path = folder / f"{history.name}.json"
    with path.open("xb") as file:
        file.write(b"\n".join(_lines(packed)) + b"\n")
    again = read(history.name, folder)
    assert (again.trail, again.world, again.moments) == (history.trail, history.world, history.moments), path
    return path


def entity(partition: str, row: Json) -> Entity:
    """A row as the table holds it: its document is text again, in as many properties as it needs."""
    found: Entity = {"PartitionKey": partition, **{k: v for k, v in row.items() if k not in _OURS}}
    if "json" in row:
        text = msgspec.json.encode(row["json"]).decode()
        size = _CHARS[text.isascii()]
        for n, start in enumerate(range(0, len(text), size)):
            found[f"json{n or ''}"] = text[start : start + size]
    return found


def row(found: Entity) -> Json:
    """The reverse of `entity`, which gives back every byte. Raises AssertionError where it would not."""
    parts = sorted((name for name in found if name.startswith("json")), key=lambda name: int(name[4:] or 0))
    text = "".join(str(found[name]) for name in parts)
    plain: Json = {k: v for k, v in found.items() if k != "PartitionKey" and k not in parts}
    if parts:
        plain["json"] = msgspec.json.decode(text)
    assert entity(str(found["PartitionKey"]), plain) == found, "the row does not survive its decoding"
    return plain


def _parted(history: History, folder: Path) -> History:
    """The history without what another one has already: its first rows, and the moments until then."""
    alike = {name: _alike(history.trail, read(name, folder).trail) for name in names(folder)}
    other = max(alike, key=lambda name: alike[name], default="")
    rows = alike.get(other, 0)
    if rows == 0:
        return history
    moments = [each for each in history.moments if each["epoch"] > rows]
    return msgspec.structs.replace(history, begins_like=(other, rows), moments=moments)


def _alike(one: list[Json], other: list[Json]) -> int:
    return next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    return msgspec.json.decode(msgspec.json.encode(value))


def _packed(value: Any, words: dict[str, Json]) -> Any:
    if isinstance(value, list):
        return [_packed(inner, words) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _word(name, inner, words)
        if name in _WORDS and isinstance(inner, dict)
        else _packed(inner, words)
        for name, inner in value.items()
    }


def _word(kind: str, value: Json, words: dict[str, Json]) -> str:
    name = next((known for known, meant in words.items() if _same(meant, value)), None)
    if name is None:
        alike = sum(known.startswith(f"{_SIGN}{kind}:{value['name']}") for known in words)
        name = f"{_SIGN}{kind}:{value['name']}{alike or ''}"
        words[name] = value
    return name


def _same(one: Json, other: Json) -> bool:
    # Rows of the trail have sorted keys and others do not: each has to be spelt out again as it was.
    return msgspec.json.encode(one) == msgspec.json.encode(other)


def _unpacked(value: Any, words: dict[str, Json]) -> Any:
    if isinstance(value, str) and value.startswith(_SIGN):
        return words.get(value, value)
    if isinstance(value, list):
        return [_unpacked(inner, words) for inner in value]
    if isinstance(value, dict):
        return {name: _unpacked(inner, words) for name, inner in value.items()}
    return value


def _lines(packed: Json) -> Iterator[bytes]:
    last = len(packed) - 1
    for n, (name, value) in enumerate(packed.items()):
        yield (b"{" if n == 0 else b"") + _line(name, value) + (b"}" if n == last else b",")


def _line(name: str, value: Any) -> bytes:
    label = msgspec.json.encode(name) + b": "
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return label + _block(b"[]", (msgspec.json.encode(each) for each in value))
    if isinstance(value, dict) and value and all(isinstance(each, dict) for each in value.values()):
        pairs = (msgspec.json.encode(key) + b": " + msgspec.json.encode(each) for key, each in value.items())
        return label + _block(b"{}", pairs)
    return label + msgspec.json.encode(value)


def _block(brackets: bytes, lines: Iterable[bytes]) -> bytes:
    return brackets[:1] + b"\n" + b",\n".join(lines) + b"\n" + brackets[1:]
