"""`python -m tests.soak --kills 100 --seed 1`: rollouts whose hosts are killed, until enough were.

Exit code 0: every rollout ended as it must. 1: one did not; its seed, what differed and its logs are printed.
2: a wrong command line.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from tests.soak.soak import LANES, RATE, Options, soak


def options() -> Options:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="tests.soak", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--kills", type=int, default=100, help="end once so many hosts were killed")
    parser.add_argument(
        "--seed", default=f"{time.time_ns() // 1_000_000 % 1_000_000}", help="of every choice"
    )
    parser.add_argument("--rate", type=float, default=RATE, help="seconds of a rollout in a real one")
    parser.add_argument("--lanes", type=int, default=LANES, help="rollouts at the same time")
    parser.add_argument("--minutes", type=float, default=10.0, help="fail if it takes longer")
    parser.add_argument("--only", default="", help="a scenario, to play nothing else")
    parser.add_argument("--keep", action="store_true", help="keep the logs also when all is well")
    given = parser.parse_args()
    return Options(
        kills=given.kills,
        seed=given.seed,
        rate=given.rate,
        lanes=given.lanes,
        seconds_max=given.minutes * 60,
        only=given.only,
        keep=given.keep,
    )


sys.exit(asyncio.run(soak(options())))
