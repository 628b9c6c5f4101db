"""`python -m tests.fuzz --bodies 100000 --seed 7`: bad requests to every door, until one breaks a promise.

`--block N` repeats one block of a seed. Exit code 0: every promise held. 1: one was broken; the request and
the line that repeats it are printed.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys

from tests.fuzz.estate import LOGGER
from tests.fuzz.run import BLOCK, Failure, Report, run
from tests.fuzz.samples import PAYLOADS, published


def main() -> int:
    """Run and report."""
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--bodies", type=int, default=100_000, help="how many requests to send")
    parser.add_argument("--seed", default="1", help="of every choice")
    parser.add_argument("--block", type=int, help="repeat this block of the seed and nothing else")
    parser.add_argument("--published", action="store_true", help=f"begin with the payloads in {PAYLOADS}")
    given = parser.parse_args()
    if given.published and not published("eventgrid_"):
        print(f"there are no published payloads in {PAYLOADS}", file=sys.stderr)
        return 1
    LOGGER.addHandler(logging.NullHandler())
    blocks = range(-(-given.bodies // BLOCK)) if given.block is None else range(given.block, given.block + 1)
    try:
        report = asyncio.run(run(given.seed, blocks, published=given.published, bodies_max=given.bodies))
    except Failure as failure:
        print(failure)
        return 1
    print(told(report))
    return 0


def told(report: Report) -> str:
    """What came of it, in three lines."""
    statuses = ", ".join(f"{status} {count}" for status, count in sorted(report.statuses.items()))
    rate = report.bodies / report.cpu_seconds
    return (
        f"{report.bodies} bodies of {report.bytes / 2**20:.0f} MiB in {report.cpu_seconds:.1f} CPU seconds: "
        f"{rate:.0f} a second\n"
        f"{report.accepted} signals accepted; answers: {statuses}\n"
        f"peak memory {report.peak_bytes / 2**20:.0f} MiB; no promise was broken"
    )


if __name__ == "__main__":
    sys.exit(main())
