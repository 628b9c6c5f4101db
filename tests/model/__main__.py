"""`python -m tests.model`: every interleaving of three workers, and the shortest way to each planted bug.

Exit code 0: no promise is broken and every planted bug is found. 1: otherwise.
"""

from __future__ import annotations

import logging
import sys
import time

from tests.model.bugs import AT_THE_SWITCH, BUGS
from tests.model.explore import Search


def main() -> int:
    """Search, and print what was found."""
    logging.disable(logging.CRITICAL)
    begun = time.process_time()
    search = Search(AT_THE_SWITCH)
    search.run()
    stuck = 0 if search.broken else search.stuck()
    seconds = time.process_time() - begun
    states, edges = len(search.states), len(search.targets)
    print("three workers, one alert, one crash, one lost answer:")
    print(f"  {states:,} states, {edges:,} edges, {seconds:.1f} s of CPU, {states / seconds:,.0f} states/s")
    print(f"  {search.unreduced():,} states if workers had names; {search.rests:,} in which nothing moves;")
    print(f"  {stuck} that never get there; broken: {search.broken or 'nothing'}")
    print(*(search.trace() if search.broken else ()), sep="\n  ")
    missed = [bug.name for bug in BUGS if not _found(Search(bug.scenario), bug.name)]
    print(f"not found: {', '.join(missed)}" if missed else f"all {len(BUGS)} planted bugs are found")
    return 1 if search.broken or stuck or missed else 0


def _found(search: Search, name: str) -> bool:
    search.run(states_max=1_000_000)
    trace = list(search.trace()) if search.broken else []
    print(f"\n{name}: {search.broken or 'NOT FOUND'} ({len(trace)} events, {len(search.states):,} states)")
    for number, event in enumerate(trace, start=1):
        print(f"  {number:2} {event}")
    return bool(search.broken)


if __name__ == "__main__":
    sys.exit(main())
