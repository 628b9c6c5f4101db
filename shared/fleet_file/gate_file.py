"""Reads a file with a gate in the fleet file's own words: one gate, or `gates` with a list and `scores`.

Every mistake is told at once. What only makes sense inside a rollout is not asked for.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

from msgspec import Struct
from pydantic import Field, ValidationError

from shared.errors import Invalid
from shared.fleet import Gate
from shared.fleet_file import listed, mistakes
from shared.fleet_file.draft import Draft
from shared.fleet_file.gate_checks import check_gate
from shared.fleet_file.gate_models import GatePart
from shared.fleet_file.making import gate
from shared.fleet_file.rule_checks import check_scores
from shared.fleet_file.rule_making import scores
from shared.fleet_file.rule_models import ScoresPart
from shared.fleet_file.tree import Tree, read_yaml
from shared.fleet_file.values import Part
from shared.gate_rules import Scores


class GateFile(Struct, frozen=True):
    """The gates of a file. `single`: it declares one gate and no list of them."""

    gates: tuple[Gate, ...]
    scores: Scores = Scores()
    single: bool = True


class _GatesPart(Part):
    """Several gates that are judged together."""

    gates: Annotated[list[GatePart], Field(min_length=1, max_length=50)] = Field(
        description="a list of one or more gates"
    )
    scores: ScoresPart = Field(default=ScoresPart(), description="when a group passes")


def parse_gates(text: str, what: str = "the gate file") -> GateFile:
    """The gates that a YAML or JSON text declares. Raises Invalid with every mistake."""
    tree = read_yaml(text, "a gate, or a mapping with gates")
    several = isinstance(tree.data, dict) and "gates" in tree.data
    if several and isinstance(tree.data["gates"], dict):
        # What else a fleet file says would be as many mistakes, and none of them tells this.
        tree.refuse(
            ("gates",), "a mapping, as in a fleet file", "a list of one or more gates, or one gate alone"
        )
        raise Invalid(what, listed(tree.mistakes))
    kind: type[GatePart | _GatesPart] = _GatesPart if several else GatePart
    part: GatePart | _GatesPart | None = None
    if isinstance(tree.data, dict):
        try:
            part = kind.model_validate(tree.data)
        except ValidationError as error:
            mistakes.note(tree, error, _schema(kind))
        _check(tree, several)
    if tree.mistakes or part is None:
        raise Invalid(what, listed(tree.mistakes))
    if isinstance(part, GatePart):
        return GateFile((gate(part),))
    return GateFile(tuple(map(gate, part.gates)), scores(part.scores), single=False)


@cache
def _schema(kind: type[Part]) -> dict[str, Any]:
    return {"$defs": {}, **kind.model_json_schema()}


def _check(tree: Tree, several: bool) -> None:
    draft = Draft(tree)
    if not several:
        check_gate(draft, ())
        return
    names: set[str] = set()
    for path in draft.items("gates"):
        check_gate(draft, path)
        name = draft.text(*path, "name")
        if name is not None and name in names:
            draft.refuse((*path, "name"), "a name that no other gate has")
        names.add(name or "")
    check_scores(draft, "scores")
