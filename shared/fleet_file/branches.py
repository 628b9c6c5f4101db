"""Which kind of lever an entry is meant to be where its `switch` does not say, so that the rest is checked.

Decides by the nearest word, then by the keys that are there. The guess is for mistakes alone: a file in which
one was needed is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from shared.fleet_file.lever_models import (
    ApplicationGatewayPart,
    AzureDnsPart,
    FrontDoorAbovePart,
    FrontDoorClassicAbovePart,
    FrontDoorClassicPart,
    FrontDoorPart,
    PrivateDnsPart,
    TrafficManagerPart,
)
from shared.fleet_file.mistakes import one_of
from shared.fleet_file.tree import VALUE_CHARACTERS_MAX, Path, Tree, shown
from shared.levers import SwitchKind

_KEYS = {
    SwitchKind.AZURE_DNS: frozenset(AzureDnsPart.model_fields),
    SwitchKind.PRIVATE_DNS: frozenset(PrivateDnsPart.model_fields),
    SwitchKind.FRONT_DOOR: frozenset(FrontDoorPart.model_fields),
    SwitchKind.FRONT_DOOR_CLASSIC: frozenset(FrontDoorClassicPart.model_fields),
    SwitchKind.TRAFFIC_MANAGER: frozenset(TrafficManagerPart.model_fields),
    SwitchKind.APPLICATION_GATEWAY: frozenset(ApplicationGatewayPart.model_fields),
}
_KEYS_ABOVE = {
    SwitchKind.FRONT_DOOR: frozenset(FrontDoorAbovePart.model_fields),
    SwitchKind.FRONT_DOOR_CLASSIC: frozenset(FrontDoorClassicAbovePart.model_fields),
}
_Kinds = Mapping[SwitchKind, frozenset[str]]


def told(tree: Tree) -> dict[str, Any]:
    """The data in which every lever has a switch; adds each that was wrong to the tree's mistakes."""
    levers = tree.data.get("live_records")
    if not isinstance(levers, list):
        return dict(tree.data)
    found = [_told(tree, ("live_records", i), lever, _KEYS) for i, lever in enumerate(levers)]
    return {**tree.data, "live_records": [_with_above(tree, i, lever) for i, lever in enumerate(found)]}


def _with_above(tree: Tree, index: int, lever: Any) -> Any:
    above = lever.get("above") if isinstance(lever, dict) else None
    if not isinstance(above, dict):
        return lever
    return {**lever, "above": _told(tree, ("live_records", index, "above"), above, _KEYS_ABOVE)}


def _told(tree: Tree, at: Path, part: Any, kinds: _Kinds) -> Any:
    found = part.get("switch") if isinstance(part, dict) else None
    if not isinstance(part, dict) or (isinstance(found, str) and found in kinds):
        return part
    path = (*at, "switch")
    if tree.place(path) not in {mistake.path for mistake in tree.mistakes}:
        got = shown(found) if "switch" in part else "nothing"
        tree.refuse(path, got, one_of(kinds, str(found)))
    return {**part, "switch": _guessed(found, part, kinds)}


def _guessed(found: Any, part: dict[str, Any], kinds: _Kinds) -> SwitchKind:
    word = found if isinstance(found, str) and len(found) <= VALUE_CHARACTERS_MAX else ""
    close = get_close_matches(word, kinds, n=1)
    return SwitchKind(close[0]) if close else max(kinds, key=lambda kind: len(kinds[kind] & part.keys()))
