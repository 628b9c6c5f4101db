"""However large, deep or crowded a body is: it costs a bounded amount of memory, and none is kept.

Measured in processes of their own, because a peak is never forgotten.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
MIB = 2**20

_MONSTERS = """
import asyncio, tracemalloc
from tests.fuzz.cases import Case
from tests.fuzz.checks import check
from tests.fuzz.estate import Estate
from tests.fuzz.storms import MONSTERS

DOORS = [("POST", "/events", {}), ("POST", "/alerts", {}), ("PUT", "/fleets/{fleet}", {"fleet": "small"}),
         ("POST", "/fleets/{fleet}/rollouts", {"fleet": "contoso"})]

async def main():
    estate = await Estate().reach("idle")
    worst = 0
    bodies = [monster() for monster in MONSTERS]
    for body in bodies:
        for method, route, path in DOORS:
            case = Case(method=method, route=route, path=path, body=body)
            tracemalloc.start()
            seen = await estate.send(case)
            worst = max(worst, tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            await check(estate, case, seen)
    print(worst)

asyncio.run(main())
"""

_REPEATED = """
import asyncio, gc, tracemalloc
from tests.fuzz.run import run

async def main():
    held = []
    tracemalloc.start()
    for _ in range(3):
        await run("memory", range(2))
        gc.collect()
        held.append(tracemalloc.get_traced_memory()[0])
    print(*held[1:])

asyncio.run(main())
"""


def measured(program: str) -> list[int]:
    """What the program printed."""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [int(each) for each in done.stdout.split()]


def test_no_single_body_takes_more_than_a_hundred_mebibytes() -> None:
    (worst,) = measured(_MONSTERS)

    assert worst < 100 * MIB


def test_what_was_refused_is_not_kept() -> None:
    twice, thrice = measured(_REPEATED)

    assert thrice - twice < MIB // 4
