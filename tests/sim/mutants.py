"""Bugs on purpose: each breaks one real code path, and a checker has to notice.

A mutant edits the syntax tree of a module as it is imported, in a process of its own, so formatting does not
matter and no file is touched. A snippet that is not found exactly once stops the hunt: the table must follow
the code. A mutant that no seed exposes means a missing checker.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import subprocess
import sys
import types
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.sim.edits import Edit, Mutant
from tests.sim.mutations import MUTANTS

ROOT = Path(__file__).parent.parent.parent


class Hunted(NamedTuple):
    """How a mutant was found: after so many seeds, by which violation; None if it was not."""

    seeds: int
    violation: str | None


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads one module with its edits in it; byte code on disk is neither read nor written."""

    def __init__(self, name: str, path: str, edits: Sequence[Edit]) -> None:
        super().__init__(name, path)
        self._edits = edits

    def get_code(self, fullname: str) -> types.CodeType:
        """The edited module's code."""
        tree = ast.parse(self.get_data(self.path))
        for edit in self._edits:
            tree = edited(tree, edit)
        return compile(ast.fix_missing_locations(tree), self.path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """A spec for the modules that the mutant edits."""
        edits = [edit for edit in self._mutant.edits if edit.module == fullname]
        spec = importlib.machinery.PathFinder.find_spec(fullname, path) if edits else None
        if spec is None or spec.origin is None:
            return None
        spec.loader = _Loader(fullname, spec.origin, edits)
        return spec


def edited(tree: ast.Module, edit: Edit) -> ast.Module:
    """The module with one edit. Raises LookupError where the code is no longer as the table says."""
    if not edit.where:
        return ast.parse(_replaced(ast.unparse(tree), edit))
    for parent in ast.walk(tree):
        found = getattr(parent, "body", None)
        body: list[ast.stmt] = found if isinstance(found, list) else []
        for n, node in enumerate(body):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == edit.where:
                body[n] = ast.parse(_replaced(ast.unparse(node), edit)).body[0]
                return tree
    raise LookupError(f"{edit.module} has no function {edit.where}")


def _replaced(text: str, edit: Edit) -> str:
    if text.count(edit.old) != 1:
        times = text.count(edit.old)
        raise LookupError(f"{edit.module}.{edit.where} holds {edit.old!r} {times} times, expected once")
    return text.replace(edit.old, edit.new)


def plantable(mutant: Mutant) -> bool:
    """Whether every edit finds what it replaces. Raises LookupError with the one that does not."""
    trees: dict[str, ast.Module] = {}
    for edit in mutant.edits:
        source = ROOT.joinpath(*edit.module.split(".")).with_suffix(".py").read_text("utf-8")
        trees[edit.module] = edited(trees.get(edit.module) or ast.parse(source), edit)
    return True


def plant(mutant: Mutant) -> None:
    """Break this process. Call it before anything of the product is imported."""
    loaded = [edit.module for edit in mutant.edits if edit.module in sys.modules]
    assert not loaded, f"{loaded} is loaded already"
    sys.meta_path.insert(0, _Finder(mutant))


def expose(mutant: Mutant, seeds: int) -> Hunted:
    """Run seeds on the broken product until one breaks an invariant."""
    plant(mutant)
    from tests.sim.many import run

    for seed in range(1, seeds + 1):
        violation = run(seed).violation
        if violation is not None:
            return Hunted(seed, violation)
    return Hunted(seeds, None)


def hunt(name: str | None, seeds: int, workers: int) -> int:
    """Hunt one mutant here, or all of them, each in a process of its own; 1 when one got away."""
    if name is not None:
        mutant = next(each for each in MUTANTS if each.name == name)
        found = expose(mutant, seeds)
        print(f"{name:<34} {_told(found)}", flush=True)
        return int(found.violation is None)
    with ThreadPoolExecutor(workers) as pool:
        codes = list(pool.map(lambda each: _spawn(each, seeds), MUTANTS))
    print(f"{codes.count(0)} of {len(codes)} mutants found")
    return int(any(codes))


def _spawn(mutant: Mutant, seeds: int) -> int:
    command = [sys.executable, "-m", "tests.sim", "--mutant", mutant.name, "--seeds", str(seeds)]
    return subprocess.run(command, check=False).returncode


def _told(found: Hunted) -> str:
    if found.violation is None:
        return f"GOT AWAY in {found.seeds} seeds"
    return f"{found.seeds:>5} seeds   {found.violation[:140]}"
