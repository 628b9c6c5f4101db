"""What a bug on purpose is: a name, and what it replaces. Decides nothing."""

from __future__ import annotations

from typing import NamedTuple


class Edit(NamedTuple):
    """One replacement, in one function of one module."""

    module: str
    where: str
    old: str
    new: str


class Mutant(NamedTuple):
    """A bug with a name."""

    name: str
    edits: tuple[Edit, ...]


def mutant(name: str, *edits: tuple[str, str, str, str]) -> Mutant:
    """A bug that takes these edits, each a module, a function, what is there and what is put there."""
    return Mutant(name, tuple(Edit(*edit) for edit in edits))
