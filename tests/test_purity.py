"""What decides is pure: the whole import closure of `stages` and `shared.gates` touches no world."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {"stages", "shared", "sandbox", "cli", "function_app"}
# `datetime` is a value; reading a clock through it is caught below.
ALLOWED = {
    "__future__",
    "bisect",
    "collections",
    "dataclasses",
    "datetime",
    "enum",
    "hashlib",  # a digest is a function of what it digests
    "itertools",
    "math",
    "msgspec",
    "scipy",  # numbers in, numbers out; imported where a comparison needs it
    "typing",
}
CLOCKS = {"now", "utcnow", "today"}


def source_of(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


def imports(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def closure() -> dict[str, ast.Module]:
    """Every module of ours that the pure core reaches, parsed."""
    roots = [p for folder in ("stages", "shared/gates") for p in (ROOT / folder).rglob("*.py")]
    todo = [".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for p in roots]
    found: dict[str, ast.Module] = {}
    while todo:
        module = todo.pop()
        path = source_of(module)
        if module in found or path is None:
            continue
        found[module] = ast.parse(path.read_text("utf-8"))
        todo.extend(name for name in imports(found[module]) if name.split(".")[0] in OURS)
    return found


MODULES = closure()


@pytest.mark.parametrize("module", sorted(MODULES))
def test_the_core_imports_nothing_that_knows_the_world(module: str) -> None:
    outside = {name.split(".")[0] for name in imports(MODULES[module])} - OURS
    assert outside <= ALLOWED


@pytest.mark.parametrize("module", sorted(MODULES))
def test_the_core_reads_no_clock(module: str) -> None:
    calls = [node.func for node in ast.walk(MODULES[module]) if isinstance(node, ast.Call)]
    read = [f.attr for f in calls if isinstance(f, ast.Attribute) and f.attr in CLOCKS]
    assert read == []


def test_the_walk_sees_the_whole_core() -> None:
    assert {"stages.machine", "stages.rollback", "shared.gates.judge", "shared.model"} <= set(MODULES)
