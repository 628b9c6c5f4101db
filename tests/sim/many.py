"""Runs seeds, one or many, on several processes, and says what broke and how fast it went."""

from __future__ import annotations

import logging
import multiprocessing
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator

from tests.sim.simulation import Ran, Simulation
from tests.sim.swarm import draw

BROKEN_MAX = 3
"""Seeds to name for each kind of violation."""


def run(seed: int) -> Ran:
    """One seed, in this process."""
    logging.disable(logging.CRITICAL)
    return Simulation(draw(seed)).run()


def replay(seed: int) -> int:
    """Tell the story of a seed."""
    ran = run(seed)
    print("\n".join(ran.story))
    print(f"seed {seed}: {ran.violation or 'nothing broke'}; digest {ran.digest}")
    return int(ran.violation is not None)


def _timed(seed: int) -> tuple[int, str | None, tuple[str, ...], float]:
    begun = time.process_time()
    ran = run(seed)
    return seed, ran.violation, tuple(ran.outcomes), time.process_time() - begun


def _results(seeds: Iterable[int], workers: int) -> Iterator[tuple[int, str | None, tuple[str, ...], float]]:
    if workers <= 1:
        yield from map(_timed, seeds)
        return
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        yield from pool.imap_unordered(_timed, seeds, chunksize=8)


def run_many(seeds: Iterable[int], workers: int) -> int:
    """Run seeds; print one line for each that broke something, and the rate."""
    kinds, outcomes, spent, count = Counter[str](), Counter[str](), 0.0, 0
    begun = time.monotonic()
    for seed, violation, ends, seconds in _results(seeds, workers):
        count += 1
        spent += seconds
        outcomes.update(ends)
        if violation is not None:
            kind = re.sub(r"[0-9][^ ]*", "n", violation)[:70]
            kinds[kind] += 1
            if kinds[kind] <= BROKEN_MAX:
                print(f"make sim SEED={seed}    # {violation[:220]}", flush=True)
    told = ", ".join(f"{times} {outcome}" for outcome, times in sorted(outcomes.items()))
    rollouts = sum(outcomes.values())
    for kind, times in kinds.most_common():
        print(f"{times:6d} x {kind}")
    broken = kinds.total()
    print(f"{count} seeds, {broken} broken; {rollouts} rollouts ended ({told})")
    rate = f"{rollouts / spent:.0f} rollouts and {count / spent:.0f} seeds a CPU second"
    print(f"{time.monotonic() - begun:.0f} s on {workers} processes, {spent:.1f} CPU seconds: {rate}")
    return int(broken > 0)
