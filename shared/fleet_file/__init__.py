"""Reads a fleet file: YAML or JSON in, a `Fleet` out, or every mistake at once with its line.

The edge of the product, and the only importer of pydantic; whoever needs it imports it when it is needed. It
refuses to know the store, Azure and the state of any rollout.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import ValidationError

from shared.errors import Invalid, Mistake
from shared.fleet import Fleet
from shared.fleet_file import branches, checks, mistakes
from shared.fleet_file.making import make
from shared.fleet_file.models import FleetPart
from shared.fleet_file.tree import Tree, read_json, read_yaml

__all__ = ["listed", "parse", "parse_json", "schema"]

MISTAKES_MAX = 100
SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def parse(text: str, what: str = "the fleet file") -> Fleet:
    """The fleet that a YAML (or JSON) text declares. `what` names the text in the error.

    Raises:
        Invalid: with every mistake: its line, its path such as `slots.green.public_ip_id`, the value and what
            was expected.
    """
    return _fleet(read_yaml(text), what)


def parse_json(body: object, what: str = "the fleet") -> Fleet:
    """The fleet that a JSON body declares, in the words of the file. Raises Invalid, without lines."""
    return _fleet(read_json(body), what)


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a fleet file, for editors. Checks across keys are not in it."""
    return {"$schema": SCHEMA_DIALECT, **FleetPart.model_json_schema()}


def _fleet(tree: Tree, what: str) -> Fleet:
    part: FleetPart | None = None
    if isinstance(tree.data, dict):
        try:
            part = FleetPart.model_validate(branches.told(tree))
        except ValidationError as error:
            mistakes.note(tree, error, schema())
        checks.check(tree)
    if tree.mistakes or part is None:
        raise Invalid(what, listed(tree.mistakes))
    return make(part)


def listed(mistakes_found: list[Mistake]) -> tuple[Mistake, ...]:
    """All of them in order, or as many as a person reads: a file of nothing but mistakes fills megabytes."""
    found = sorted(set(mistakes_found), key=lambda m: (m.line or 0, m.path, m.expected))
    more = len(found) - MISTAKES_MAX
    counted = [Mistake("(file)", f"{more} more mistakes", "a file with fewer")] if more > 0 else []
    return (*found[:MISTAKES_MAX], *counted)
