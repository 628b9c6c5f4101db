"""Puts the gates of the packs that a fleet file names beside those that it declares.

Decides which pack an entry means and whose gate counts: one that the file declares takes the place of a
pack's of the same name, for every question that the pack asks it for. Refuses to judge the gates: whatever
reads the file after this sees them as if they were written in it, and what is wrong is told of the pack.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from shared.fleet_file.draft import QUESTIONS
from shared.fleet_file.mistakes import one_of
from shared.fleet_file.pack_models import PACKS
from shared.fleet_file.packs import Around, Questions, gates_of
from shared.fleet_file.tree import VALUE_CHARACTERS_MAX, Path, Tree, shown

_AT: Path = ("gates", "packs")
# Stands in for what is wrong in the file, so that it is not said again of every gate.
_NOBODYS = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/unknown/providers"
_INSTEAD: dict[str, dict[str, Any]] = {
    "front-door": {"profile": f"{_NOBODYS}/Microsoft.Cdn/profiles/unknown"},
    "slo-http": {"objective": 0.99},
}


def expand(tree: Tree) -> None:
    """Add the gates of the packs to the tree's data, and what is wrong with a pack's name to its mistakes."""
    gates = tree.at(("gates",))
    if not isinstance(gates, dict) or not isinstance(gates.get("packs"), list):
        return
    packs = [_entry(tree, place, entry) for place, entry in enumerate(gates["packs"])]
    questions: dict[str, Any] = {
        question: list(gates[question])
        for question in QUESTIONS
        if isinstance(gates.get(question, []), list) and question in gates
    }
    own = _declared(questions)
    around = _around(tree)
    used: set[str] = set()
    for place, pack in enumerate(packs):
        name = pack["pack"]
        if name in used:
            if pack is gates["packs"][place] or gates["packs"][place] == name:
                tree.refuse((*_AT, place), shown(name), "each pack once")
            continue
        used.add(name)
        _add(tree, _gates(pack, around), (*_AT, place, name), questions, own)
    tree.data = {**tree.data, "gates": {**gates, **questions, "packs": packs}}


def _around(tree: Tree) -> Around:
    """What the file says of the levers and the way to 100 %; of a file with rings, of all of them."""
    rings = tree.at(("rings",))
    places = [tree.data, *(rings if isinstance(rings, list) else [])]
    parts = [place for place in places if isinstance(place, dict)]
    lists = [found for part in parts if isinstance(found := part.get("live_records"), list)]
    profiles = [lever.get("profile") for levers in lists for lever in levers if isinstance(lever, dict)]
    return Around(
        ramps=any(isinstance(part.get("shift"), dict) for part in parts),
        levers=frozenset(profile.lower() for profile in profiles if isinstance(profile, str)),
    )


def _add(tree: Tree, pack: Questions, at: Path, questions: dict[str, Any], own: dict[str, Path]) -> None:
    written = tree.at(("gates",))
    for question, gates in pack.items():
        if not gates or (question in written and question not in questions):
            continue
        there = questions.setdefault(question, [])
        for gate in gates:
            name = gate["name"]
            if any(isinstance(each, dict) and each.get("name") == name for each in there):
                continue
            tree.packed["gates", question, len(there)] = (*at, name)
            there.append(tree.at(own[name]) if name in own else gate)


def _declared(questions: dict[str, Any]) -> dict[str, Path]:
    """Where the file declares a gate first, by its name."""
    found: dict[str, Path] = {}
    for question, gates in questions.items():
        for place, gate in enumerate(gates):
            name = gate.get("name") if isinstance(gate, dict) else None
            if isinstance(name, str):
                found.setdefault(name, ("gates", question, place))
    return found


def _entry(tree: Tree, place: int, entry: Any) -> dict[str, Any]:
    """The entry as a mapping with a known name; the nearest one where it has none, which is a mistake."""
    path: Path = (*_AT, place, "pack") if isinstance(entry, dict) else (*_AT, place)
    name = entry.get("pack") if isinstance(entry, dict) else entry
    if isinstance(name, str) and name in PACKS:
        return entry if isinstance(entry, dict) else {"pack": name}
    got = "nothing" if name is None else shown(name)
    tree.refuse(path, got, one_of(PACKS, str(name)))
    word = name if isinstance(name, str) and len(name) <= VALUE_CHARACTERS_MAX else ""
    known = (get_close_matches(word, PACKS, n=1) or list(PACKS))[0]
    return {**_INSTEAD.get(known, {}), "pack": known}


def _gates(pack: dict[str, Any], around: Around) -> Questions:
    kind = PACKS[pack["pack"]]
    try:
        return gates_of(kind.model_validate(pack), around)
    except ValidationError:
        # The fleet's own shape tells what is wrong with it.
        stand_in = kind.model_validate({**_INSTEAD.get(pack["pack"], {}), "pack": pack["pack"]})
        return gates_of(stand_in, around)
