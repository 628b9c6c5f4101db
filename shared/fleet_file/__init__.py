"""Reads a fleet file: YAML or JSON in, a `Fleet` out (or one for each ring), or every mistake at once.

The edge of the product, and the only importer of pydantic; whoever needs it imports it when it is needed. It
refuses to know the store, Azure and the state of any rollout.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic.json_schema import models_json_schema

from shared.errors import Invalid, Mistake
from shared.fleet import Fleet
from shared.fleet_file import branches, checks, mistakes, packing, rings
from shared.fleet_file.making import make
from shared.fleet_file.models import FleetPart
from shared.fleet_file.ring_models import ChainPart
from shared.fleet_file.tree import Tree, read_json, read_yaml

__all__ = ["Declared", "listed", "parse", "parse_json", "parse_rings", "read", "schema"]

MISTAKES_MAX = 100
SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Declared(NamedTuple):
    """What a file declares under its name: one fleet, or with `rings` the fleet of each ring in order."""

    name: str
    fleets: tuple[Fleet, ...]
    rings: bool


def read(text: str, what: str = "the fleet file") -> Declared:
    """Whatever a YAML (or JSON) text declares. Raises Invalid as `parse` does."""
    tree = read_yaml(text)
    if rings.has_rings(tree):
        fleets = _chained(tree, what)
        return Declared(tree.data["name"], fleets, rings=True)
    fleet = _fleet(tree, what)
    return Declared(fleet.name, (fleet,), rings=False)


def parse(text: str, what: str = "the fleet file") -> Fleet:
    """The fleet that a YAML (or JSON) text declares. `what` names the text in the error.

    Raises:
        Invalid: with every mistake: its line, its path such as `slots.green.public_ip_id`, the value and what
            was expected. A file with rings is one.
    """
    return _fleet(read_yaml(text), what)


def parse_rings(text: str, what: str = "the fleet file") -> Declared:
    """The rings that a YAML (or JSON) text declares. Raises Invalid; a file of one fleet is a mistake."""
    tree = read_yaml(text)
    if isinstance(tree.data, dict) and not rings.has_rings(tree):
        tree.refuse(("rings",), "nothing", "a list of rings: this file declares one fleet")
        _check(tree, what)
    fleets = _chained(tree, what)
    return Declared(tree.data["name"], fleets, rings=True)


def parse_json(body: object, what: str = "the fleet") -> Fleet:
    """The fleet that a JSON body declares, in the words of the file. Raises Invalid, without lines."""
    return _fleet(read_json(body), what)


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a fleet file, for editors. Checks across keys are not in it."""
    refs, shared = models_json_schema([(FleetPart, "validation"), (ChainPart, "validation")])
    return {
        "$schema": SCHEMA_DIALECT,
        "type": "object",
        "if": {"required": ["rings"]},
        "then": refs[(ChainPart, "validation")],
        "else": refs[(FleetPart, "validation")],
        **shared,
    }


@cache
def _fleet_schema() -> dict[str, Any]:
    return FleetPart.model_json_schema()


def _chained(tree: Tree, what: str) -> tuple[Fleet, ...]:
    fleets = rings.fleets_of(tree) if rings.has_rings(tree) else ()
    _check(tree, what)
    return fleets


def _fleet(tree: Tree, what: str) -> Fleet:
    part: FleetPart | None = None
    if rings.has_rings(tree):
        one = "nothing here: several fleets, where one is asked for; applied, each goes by its name"
        tree.refuse(("rings",), "a list", one)
        _check(tree, what)
    if isinstance(tree.data, dict):
        packing.expand(tree)
        try:
            part = FleetPart.model_validate(branches.told(tree))
        except ValidationError as error:
            mistakes.note(tree, error, _fleet_schema())
        checks.check(tree)
    _check(tree, what)
    assert part is not None, "what is no mapping, or has not the shape of a fleet, is a mistake"
    return make(part)


def _check(tree: Tree, what: str) -> None:
    """Raise Invalid with every mistake of the tree, if it has one."""
    if tree.mistakes:
        raise Invalid(what, listed(tree.mistakes))


def listed(mistakes_found: list[Mistake]) -> tuple[Mistake, ...]:
    """All of them in order, or as many as a person reads: a file of nothing but mistakes fills megabytes."""
    found = sorted(set(mistakes_found), key=lambda m: (m.line or 0, m.path, m.expected))
    more = len(found) - MISTAKES_MAX
    counted = [Mistake("(file)", f"{more} more mistakes", "a file with fewer")] if more > 0 else []
    return (*found[:MISTAKES_MAX], *counted)
