"""Which kind of lever an entry is meant to be where its `switch` does not say, so that the rest is checked.

Decides by the nearest word, then by the keys that are there. The guess is for mistakes alone: a file in which
one was needed is refused.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from shared.fleet_file.lever_models import (
    ApplicationGatewayPart,
    AzureDnsPart,
    FrontDoorClassicPart,
    FrontDoorPart,
    PrivateDnsPart,
    TrafficManagerPart,
)
from shared.fleet_file.mistakes import one_of
from shared.fleet_file.tree import VALUE_CHARACTERS_MAX, Tree, shown
from shared.levers import SwitchKind

_KEYS = {
    SwitchKind.AZURE_DNS: frozenset(AzureDnsPart.model_fields),
    SwitchKind.PRIVATE_DNS: frozenset(PrivateDnsPart.model_fields),
    SwitchKind.FRONT_DOOR: frozenset(FrontDoorPart.model_fields),
    SwitchKind.FRONT_DOOR_CLASSIC: frozenset(FrontDoorClassicPart.model_fields),
    SwitchKind.TRAFFIC_MANAGER: frozenset(TrafficManagerPart.model_fields),
    SwitchKind.APPLICATION_GATEWAY: frozenset(ApplicationGatewayPart.model_fields),
}


def told(tree: Tree) -> dict[str, Any]:
    """The data in which every lever has a switch; adds each that was wrong to the tree's mistakes."""
    levers = tree.data.get("live_records")
    if not isinstance(levers, list):
        return dict(tree.data)
    return {**tree.data, "live_records": [_told(tree, i, lever) for i, lever in enumerate(levers)]}


def _told(tree: Tree, index: int, lever: Any) -> Any:
    found = lever.get("switch") if isinstance(lever, dict) else None
    if not isinstance(lever, dict) or (isinstance(found, str) and found in SwitchKind):
        return lever
    path = ("live_records", index, "switch")
    if tree.place(path) not in {mistake.path for mistake in tree.mistakes}:
        got = shown(found) if "switch" in lever else "nothing"
        tree.refuse(path, got, one_of(SwitchKind, str(found)))
    return {**lever, "switch": _guessed(found, lever)}


def _guessed(found: Any, lever: dict[str, Any]) -> SwitchKind:
    word = found if isinstance(found, str) and len(found) <= VALUE_CHARACTERS_MAX else ""
    close = get_close_matches(word, SwitchKind, n=1)
    return (
        SwitchKind(close[0]) if close else max(SwitchKind, key=lambda kind: len(_KEYS[kind] & lever.keys()))
    )
