"""`--seed N` replays a seed, `--seeds N --from M` runs many, `--mutants` plants bugs: see `make sim`."""

from __future__ import annotations

import argparse
import sys


def main() -> int:
    """Run what was asked for; 1 when a seed broke an invariant."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--seed", type=int, help="replay one seed and tell its story")
    parser.add_argument("--seeds", type=int, default=2000, help="how many seeds to run")
    parser.add_argument("--from", type=int, default=1, dest="first", help="the first of them")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--mutants", action="store_true", help="plant every bug and say how soon it is found")
    parser.add_argument("--mutant", help="plant one bug")
    asked = parser.parse_args()
    if asked.mutants or asked.mutant:
        from tests.sim import mutants

        return mutants.hunt(asked.mutant, asked.seeds, asked.workers)
    from tests.sim import many

    if asked.seed is not None:
        return many.replay(asked.seed)
    return many.run_many(range(asked.first, asked.first + asked.seeds), asked.workers)


if __name__ == "__main__":
    sys.exit(main())
