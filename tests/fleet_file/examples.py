"""The shipped examples, as text and as plain data that a test may change."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from shared.errors import Invalid
from shared.fleet_file import parse_json
from shared.fleet_file.tree import read_yaml

FOLDER = Path(__file__).parents[2] / "examples"
RECORDS = ("contoso-public", "contoso-private")
FRONT_DOOR, TRAFFIC_MANAGER = "contoso-front-door", "contoso-traffic-manager"
ONE_GATEWAY = "contoso-one-gateway"
NAMES = (*RECORDS, FRONT_DOOR, TRAFFIC_MANAGER, ONE_GATEWAY)
TEXTS = {name: (FOLDER / f"{name}.yaml").read_text(encoding="utf-8") for name in NAMES}
RINGS = (FOLDER / "contoso-rings.yaml").read_text(encoding="utf-8")
_DATA = {name: read_yaml(text).data for name, text in {**TEXTS, "contoso-rings": RINGS}.items()}

_SUBSCRIPTION = "/subscriptions/11111111-2222-3333-4444-555555555555"
NETWORK = f"{_SUBSCRIPTION}/resourceGroups/rg-network/providers/Microsoft.Network"
CLASSIC: dict[str, Any] = {
    "switch": "front_door_classic",
    "front_door": f"{NETWORK}/frontDoors/fd-contoso",
    "backend_pool": "aks",
    "members": {"blue": {"name": "origin-blue.contoso.com"}, "green": {"name": "203.0.113.20"}},
}

CLASSIC_ABOVE: dict[str, Any] = {
    "switch": "front_door_classic",
    "front_door": f"{NETWORK}/frontDoors/fd-contoso",
    "backend_pool": "aks",
    "backend": "aks.contoso.com",
    "members": {
        "blue": {"name": "aks-blue.contoso.com"},
        "green": {"name": "aks-green.contoso.com"},
    },
}

Path_ = tuple[str | int, ...]

ELSEWHERE = "/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups/rg/providers"
LEVER: Path_ = ("live_records", 0)


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


def composite(above: dict[str, Any] | None = None) -> dict[str, Any]:
    """The public example with the Front Door above its record, as its comment declares it, or another one."""
    text = TEXTS["contoso-public"]
    begin = text.index("    # above:")
    end = text.index("\n\n", begin)
    lines = [line.replace("    # ", "    ", 1) for line in text[begin:end].splitlines()]
    document = read_yaml(text[:begin] + "\n".join(lines) + text[end:]).data
    assert isinstance(document, dict)
    if above is not None:
        document["live_records"][0]["above"] = above
    return document


def classic(**changes: Any) -> dict[str, Any]:
    """The Front Door example with a Front Door (classic) in its place, and records of the slots' own."""
    document = changed(("live_records", 0), {**CLASSIC, **changes}, FRONT_DOOR)
    document["shift"] = "full"
    for slot in document["slots"].values():
        slot["host_record"] = {"zone": f"{NETWORK}/dnszones/contoso.com", "switch": "azure_dns"}
    return document


def mistakes(document: Any) -> list[tuple[str, str, str]]:
    """The path, the value and the expectation of every mistake in a document."""
    with pytest.raises(Invalid) as caught:
        parse_json(document)
    return [(mistake.path, mistake.value, mistake.expected) for mistake in caught.value.mistakes]


def paths(value: Any, path: Path_ = ()) -> list[Path_]:
    """Every path in plain data, containers before what they hold, the whole left out."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [] if path == () else [path]
    for key, item in items:
        found += paths(item, (*path, key))
    return found
