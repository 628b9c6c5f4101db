"""Turns text or a JSON body into plain data that remembers the line of every value.

Decides what is readable: one document of mappings, lists, text, numbers and booleans, within limits. Refuses
to know what a fleet is. Scalars follow YAML 1.2's core schema, so `no`, `on` and `9:30` stay text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from shared.errors import Mistake

SIZE_BYTES_MAX = 256 * 1024
DEPTH_MAX = 16
VALUES_MAX = 20_000
VALUE_CHARACTERS_MAX = 60
INTEGER_MAX = 10**18 - 1
SENTENCE_CHARACTERS_MAX = 700

Path = tuple[str | int, ...]

_FLEET = "a mapping with the keys of a fleet"
_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,18}|[0-9]{1,18}(\.[0-9]{0,18})?)([eE][-+]?[0-9]{1,2})?")
_HALVES = re.compile("[\ud800-\udfff]")
_NULLS = ("", "~", "null", "Null", "NULL")
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


@dataclass(slots=True)
class Tree:
    """Plain data, the line of each value by its path (none for JSON), and what could not be read.

    `origins` says where a key of the whole was written, if not under its own name: a ring's are. `packed`
    says by which pack a gate is there.
    """

    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    values: int = 0
    origins: Mapping[str, Path] = field(default_factory=dict)
    packed: dict[Path, Path] = field(default_factory=dict)

    def refuse(self, path: Path, value: str, expected: str, line: int | None = None) -> None:
        """Note a mistake at `path`."""
        line = self.line_of(path) if line is None else line
        self.mistakes.append(Mistake(self.place(path), _line(value), _line(expected), line))

    def place(self, path: Path) -> str:
        """Where a person finds in the file what lies at `path`, dotted."""
        return dotted(self._written(path))

    def line_of(self, path: Path) -> int | None:
        """The line of a value, or of the nearest thing around it."""
        path = self._written(path)
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)

    def _written(self, path: Path) -> Path:
        if (packed := self.packed.get(path[:3])) is not None:
            path = (*packed, *path[3:])
        origin = self.origins.get(str(path[0])) if path else None
        return path if origin is None else (*origin, *path[1:])

    def at(self, path: Path) -> Any:
        """The value at `path`, None where there is none."""
        found = self.data
        for key in path:
            try:
                found = found[key]
            except (KeyError, IndexError, TypeError):
                return None
        return found

    def fits(self, path: Path, line: int | None) -> bool:
        """Count one value; False, with a mistake noted once, when there are too many or they lie too deep."""
        self.values += 1
        if len(path) > DEPTH_MAX:
            self.refuse(path[:1], f"more than {DEPTH_MAX} levels", "a flatter value", line)
            return False
        if self.values == VALUES_MAX + 1:
            self.refuse((), f"more than {VALUES_MAX} values", "a smaller file with fewer aliases", line)
        return self.values <= VALUES_MAX


def dotted(path: Path) -> str:
    """`slots.green.public_ip_id`, `gates.bake[0].max`; `(file)` for the whole."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{_named(key)}"
    return text.lstrip(".") or "(file)"


def _line(text: str) -> str:
    """A part of a sentence that may hold what somebody wrote: on one line, and not endless."""
    text = (
        text
        if text.isprintable()
        else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    )
    return text if len(text) <= SENTENCE_CHARACTERS_MAX else f"{text[: SENTENCE_CHARACTERS_MAX - 1]}…"


def _named(key: str) -> str:
    return key if len(key) <= VALUE_CHARACTERS_MAX and key.isprintable() else shown(key)


def shown(value: object) -> str:
    """A value as a mistake shows it: short, on one line, in JSON's notation."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=False, default=str)
    if not text.isprintable():
        text = json.dumps(value, default=str)
    return text if len(text) <= VALUE_CHARACTERS_MAX else text[: VALUE_CHARACTERS_MAX - 2] + "…" + text[-1]


def read_yaml(text: str, whole: str = _FLEET) -> Tree:
    """Read one YAML document. What is unreadable is in `mistakes`; nothing is raised.

    `whole` says what it is expected to be.
    """
    tree = Tree()
    size_bytes = len(text.encode("utf-8", "surrogatepass"))
    if size_bytes > SIZE_BYTES_MAX:
        tree.refuse((), f"{size_bytes} bytes", f"at most {SIZE_BYTES_MAX} bytes")
        return tree
    try:
        node = _Loader(text).get_single_node()
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # PyYAML lets errors of chr() and int() through: escapes beyond Unicode, versions of 5,000 digits.
        _refuse_syntax(tree, error)
        return tree
    tree.data = _plain(tree, node, ()) if node is not None else None
    _check_top(tree, whole)
    return tree


def read_json(body: object) -> Tree:
    """Take a decoded JSON body through the same limits."""
    tree = Tree()
    tree.data = _plain_json(tree, body, ())
    _check_top(tree, _FLEET)
    return tree


class _Loader(yaml.SafeLoader):
    """Composes nodes and stops at a depth that no fleet needs, before Python's own stack does."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        if self._depth > 2 * DEPTH_MAX:
            raise yaml.composer.ComposerError(
                None,
                None,
                f"more than {DEPTH_MAX} levels",
                self.get_mark(),
            )
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


def _refuse_syntax(tree: Tree, error: Exception) -> None:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "no YAML"
    expected = "one readable YAML document"
    if "\\t" in problem:
        problem, expected = "a tab", "spaces for indentation"
    tree.refuse((), " ".join(str(problem).split()), expected, mark.line + 1 if mark else None)


def _check_top(tree: Tree, whole: str) -> None:
    if not tree.mistakes and not isinstance(tree.data, dict):
        value = "nothing" if tree.data is None else shown(tree.data)
        tree.refuse((), value, whole)


def _plain(tree: Tree, node: yaml.Node, path: Path) -> Any:
    line = node.start_mark.line + 1
    # A key's own line is noted by its mapping, because that is where a person looks.
    tree.lines.setdefault(path, line)
    if not tree.fits(path, line):
        return None
    if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
        return dict(_pairs(tree, node, path))
    if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
        return [_plain(tree, item, (*path, i)) for i, item in enumerate(node.value)]
    if isinstance(node, yaml.ScalarNode) and _is_plain(node):
        found = _scalar(node)
        return _whole(tree, found, path, line) if isinstance(found, str) else found
    tree.refuse(path, f"the tag {node.tag.removeprefix(_TAG)}", "a value without a tag", line)
    return None


def _pairs(tree: Tree, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, Any]]:
    first: dict[str, int] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        key = _scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else None
        if not isinstance(key, str):
            got = shown(key) if isinstance(key_node, yaml.ScalarNode) else "a key that is no text"
            tree.refuse(path, f"the key {got}", "keys that are text", line)
            continue
        key = _whole(tree, key, (*path, key), line)
        if key is None:
            continue
        if key in first:
            at = (*path, key)
            tree.refuse(at, "the key a second time", f"it once (first in line {first[key]})", line)
        else:
            first[key] = line
            tree.lines[(*path, key)] = line
            yield key, _plain(tree, value_node, (*path, key))


def _is_plain(node: yaml.ScalarNode) -> bool:
    return not node.tag.startswith("!") and node.tag.removeprefix(_TAG) in _SCALARS


# PyYAML resolves by YAML 1.1; whatever it found, the text is read again by the core schema of 1.2.
_SCALARS = frozenset({"null", "bool", "int", "float", "str", "timestamp", "value", "merge"})


def _scalar(node: yaml.ScalarNode) -> str | int | float | bool | None:
    text = str(node.value)
    if node.style is not None:
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _whole(tree: Tree, text: str, path: Path, line: int | None) -> str | None:
    """The text with halves of characters joined, as JSON's escapes mean them; None where one stands alone."""
    if not _HALVES.search(text):
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        tree.refuse(path, f"{shown(text)} with half a character", "text in Unicode", line)
        return None


def _plain_json(tree: Tree, value: object, path: Path) -> Any:
    if not tree.fits(path, None):
        return None
    if isinstance(value, dict):
        keys = {key: _whole(tree, str(key), (*path, str(key)), None) for key in value}
        items = ((named, value[key]) for key, named in keys.items() if named is not None)
        return {key: _plain_json(tree, item, (*path, key)) for key, item in items}
    if isinstance(value, list | tuple):
        return [_plain_json(tree, item, (*path, i)) for i, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        tree.refuse(path, str(value), "a finite number")
        return None
    if isinstance(value, int) and not -INTEGER_MAX <= value <= INTEGER_MAX:
        tree.refuse(path, "a number of more than 18 digits", "a number of at most 18")
        return None
    if isinstance(value, str):
        return _whole(tree, value, path, None)
    if value is None or isinstance(value, int | float | bool):
        return value
    tree.refuse(path, f"a {type(value).__name__}", "JSON")
    return None
