"""Reads a file with `rings`: what is shared is put to what a ring says, and the whole checked as a fleet.

Decides which fleets such a file declares, and where in the file each of their keys was written. What a fleet
may be is decided as for any other; what rings may not have in common is in `ring_checks`.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec
from pydantic import ValidationError

from shared.fleet import FLEET_NAME, Fleet
from shared.fleet_file import branches, checks, mistakes, packing
from shared.fleet_file.draft import Draft
from shared.fleet_file.making import make
from shared.fleet_file.models import FleetPart
from shared.fleet_file.ring_checks import check_apart, check_rings
from shared.fleet_file.ring_models import EITHER, OWN, RING_NAME, ChainPart
from shared.fleet_file.tree import Path, Tree

_UNNAMED = "unnamed"
_SHARED = FleetPart.model_fields.keys() - {*OWN, "ring"}


def has_rings(tree: Tree) -> bool:
    """Whether the file declares rings, and not one fleet."""
    return isinstance(tree.data, dict) and "rings" in tree.data


def fleets_of(tree: Tree) -> tuple[Fleet, ...]:
    """The fleet of each ring, in order; none where the file has mistakes, which are added to the tree's."""
    packing.expand(tree)
    rings = _rings(tree)
    views = [_view(tree, index, ring) for index, ring in rings.items()]
    told = [branches.told(view) for view in views]
    levers = {
        index: each["live_records"] for index, each in zip(rings, told, strict=True) if "live_records" in each
    }
    _note_shape(tree, levers)
    check_rings(Draft(tree))
    parts = [_part(tree, view, data) for view, data in zip(views, told, strict=True)]
    check_apart([Draft(view) for view in views])
    for view in views:
        tree.mistakes.extend(view.mistakes)
    if tree.mistakes:
        return ()
    fleets = (make(part) for part in parts if part is not None)
    return tuple(msgspec.structs.replace(fleet, chain=tree.data["name"]) for fleet in fleets)


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of a file with rings."""
    return ChainPart.model_json_schema()


@cache
def _fleet_schema() -> dict[str, Any]:
    return FleetPart.model_json_schema()


def _rings(tree: Tree) -> dict[int, dict[str, Any]]:
    """The rings that are mappings, by their place in the list."""
    found = tree.data["rings"]
    entries = found if isinstance(found, list) else []
    return {index: ring for index, ring in enumerate(entries) if isinstance(ring, dict)}


def _view(tree: Tree, index: int, ring: dict[str, Any]) -> Tree:
    """The ring as the fleet that it becomes; what is wrong there is told where it was written."""
    at: Path = ("rings", index)
    own = {key: ring[key] for key in (*OWN, *EITHER) if key in ring}
    common = {key: value for key, value in tree.data.items() if key in _SHARED}
    name = _fleet_name(tree, index)
    data = {**common, **own, "name": name}
    if index > 0:
        before = _fleet_name(tree, index - 1)
        following = {key: ring[key] for key in ("hold", "gates") if key in ring}
        data["ring"] = {"after": before if before != name else _UNNAMED, **following}
    here = ("name", *OWN, *(key for key in EITHER if key in own or key not in common))
    origins = {"ring": at, **{key: (*at, key) for key in here}}
    # What is wrong in one ring must not hide that it is wrong in another too.
    return Tree(
        data=data, lines=tree.lines, mistakes=list(tree.mistakes), origins=origins, packed=tree.packed
    )


def _fleet_name(tree: Tree, index: int) -> str:
    """`shop-ring0`; a name that fits where that is none, because whatever is wrong with it is told once."""
    ring = tree.at(("rings", index, "name"))
    chain = tree.data.get("name")
    if isinstance(ring, str) and isinstance(chain, str) and re.fullmatch(RING_NAME, ring):
        name = f"{chain}-{ring}"
        return name if re.fullmatch(FLEET_NAME, name) else f"{_UNNAMED}-{index}"
    return f"{_UNNAMED}-{index}"


def _note_shape(tree: Tree, levers: dict[int, Any]) -> None:
    """Note what is wrong key by key. `levers` are those of each ring, all of a known kind."""
    # A fleet's own keys beside the rings are told in better words than that nobody knows them.
    data = {key: value for key, value in tree.data.items() if key not in (*OWN, "ring")}
    if isinstance(data["rings"], list):
        rings = enumerate(data["rings"])
        data["rings"] = [
            {**ring, "live_records": levers[index]} if index in levers else ring for index, ring in rings
        ]
    try:
        ChainPart.model_validate(data)
    except ValidationError as error:
        mistakes.note(tree, error, schema())


def _part(tree: Tree, view: Tree, data: dict[str, Any]) -> FleetPart | None:
    """The ring as a fleet, None where it is none; every mistake is added to the view's."""
    part: FleetPart | None = None
    view.mistakes.extend(tree.mistakes)
    try:
        part = FleetPart.model_validate(data)
    except ValidationError as error:
        mistakes.note(view, error, _fleet_schema())
    checks.check(view)
    return part
