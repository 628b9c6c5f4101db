"""Whole rollouts under faults, from seeds: no invariant may break, and a seed means the same for ever."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.sim.edits import Mutant
from tests.sim.many import run
from tests.sim.mutants import plantable
from tests.sim.mutations import MUTANTS
from tests.sim.seeds import BROKE

SEEDS = 10_000
PARTS = 50


def replay(seed: int) -> str:
    return f"make sim SEED={seed}"


@pytest.mark.parametrize("seed", BROKE)
def test_a_seed_that_once_broke_something_no_longer_does(seed: int) -> None:
    assert run(seed).violation is None, replay(seed)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_seed_breaks_an_invariant(part: int) -> None:
    broken = {}
    for seed in range(1 + part, SEEDS + 1, PARTS):
        violation = run(seed).violation
        if violation is not None:
            broken[replay(seed)] = violation
    assert broken == {}


def test_the_same_seed_gives_the_same_digest() -> None:
    assert [run(seed).digest for seed in range(1, 6)] == [run(seed).digest for seed in range(1, 6)]


def test_a_seed_does_not_depend_on_the_order_of_sets() -> None:
    script = "from tests.sim.many import run; print([run(seed).digest for seed in range(1, 6)])"
    told = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(told) == 1


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_bug_on_purpose_can_still_be_planted(mutant: Mutant) -> None:
    assert plantable(mutant), "the table of mutants must follow the code: tests/sim/mutations.py"


def test_a_planted_bug_is_found() -> None:
    command = [sys.executable, "-m", "tests.sim", "--mutant", "no thaw on abort", "--seeds", "30"]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
