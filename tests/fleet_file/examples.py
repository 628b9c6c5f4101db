"""The shipped examples, as text and as plain data that a test may change."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from shared.fleet_file.tree import read_yaml

FOLDER = Path(__file__).parents[2] / "examples"
RECORDS = ("contoso-public", "contoso-private")
BALANCERS = ("contoso-front-door", "contoso-traffic-manager", "contoso-one-gateway")
NAMES = (*RECORDS, *BALANCERS)
TEXTS = {name: (FOLDER / f"{name}.yaml").read_text(encoding="utf-8") for name in NAMES}
_DATA = {name: read_yaml(text).data for name, text in TEXTS.items()}

Path_ = tuple[str | int, ...]


def data(name: str = "contoso-public") -> dict[str, Any]:
    """An example as plain data, the caller's own copy with no parts shared."""
    document = _DATA[name]
    assert isinstance(document, dict)
    return copy.deepcopy(document)


def changed(path: Path_, value: Any, name: str = "contoso-public") -> dict[str, Any]:
    """An example with the value at `path` replaced."""
    document = data(name)
    here: Any = document
    for key in path[:-1]:
        here = here[key]
    here[path[-1]] = value
    return document


def without(path: Path_, name: str = "contoso-public") -> dict[str, Any]:
    """An example with the value at `path` left out."""
    document = data(name)
    here: Any = document
    for key in path[:-1]:
        here = here[key]
    del here[path[-1]]
    return document


def paths(value: Any, path: Path_ = ()) -> list[Path_]:
    """Every path in plain data, containers before what they hold, the whole left out."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [] if path == () else [path]
    for key, item in items:
        found += paths(item, (*path, key))
    return found
