"""Runs many cases, in blocks that each begin with a fresh Switchyard, and counts what came of them.

A case is known by its seed, its block and its place in it: those three repeat it, whatever else ran.
"""

from __future__ import annotations

import resource
import time
from collections import Counter
from random import Random

from msgspec import Struct, field

from tests.fuzz.cases import Case, draw
from tests.fuzz.checks import Broken, check
from tests.fuzz.estate import Estate

BLOCK = 250
SCENES = ("idle", "deploy", "freeze", "observe", "bake", "ended")


class Report(Struct, kw_only=True):
    """What came of many cases."""

    bodies: int = 0
    bytes: int = 0
    accepted: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    cpu_seconds: float = 0.0

    @property
    def peak_bytes(self) -> int:
        """The most memory that this process ever had."""
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class Failure(AssertionError):
    """A case that broke a promise, with the line that repeats it."""


async def run(seed: str, blocks: range, *, published: bool = False, bodies_max: int | None = None) -> Report:
    """Run these blocks. Raises Failure at the first broken promise."""
    report = Report()
    begin = time.process_time()
    for block in blocks:
        await _block(seed, block, report, published, bodies_max)
    report.cpu_seconds = time.process_time() - begin
    return report


async def _block(seed: str, block: int, report: Report, published: bool, bodies_max: int | None) -> None:
    random = Random(f"{seed}/{block}")
    estate = await Estate().reach(SCENES[block % len(SCENES)])
    for _ in range(BLOCK):
        if bodies_max is not None and report.bodies >= bodies_max:
            return
        case = draw(random, published=published)
        await estate.pass_time(random)
        try:
            await _one(estate, case, report)
        except Exception as error:
            replay = f"make fuzz SEED={seed} BLOCK={block}" + (" PUBLISHED=1" if published else "")
            raise Failure(f"{error}\n{case.told()}\nreplay: {replay}") from error


async def _one(estate: Estate, case: Case, report: Report) -> None:
    seen = await estate.send(case)
    report.bodies += 1
    report.bytes += len(case.body)
    report.accepted += len(seen.inserted("i-"))
    status = "trigger" if seen.response is None else str(seen.response.status)
    report.statuses[status] += 1
    await check(estate, case, seen)


__all__ = ["BLOCK", "Broken", "Failure", "Report", "run"]
