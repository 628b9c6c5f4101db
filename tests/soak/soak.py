"""Rollout after rollout, several at a time, until enough hosts were killed; and what is said about them.

Decides which scenario comes next and on how many hosts. A run's own seed is the
soak's and its number.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from msgspec import Struct

from sandbox.demo.scenarios import SCENARIOS
from sandbox.world.ledger import Happening
from tests.soak import checks, logs
from tests.soak.run import Ran, run

PLAYED = ("good", "alert", "slow-burn", "private", "bad-green")
RECORDS = frozenset({Happening.RECORD_WRITTEN, Happening.RECORD_DELETED})
COMPLAINTS_MAX = 40
RATE = 150.0
"""At more than this a sweep, which is once a real second at best, would come less often than a gate needs."""
LANES = 3


class Options(Struct, frozen=True, kw_only=True):
    """`seconds_max` is how long the whole may take; `rate` is of the rehearsal clock."""

    kills: int
    seed: str
    rate: float = RATE
    lanes: int = LANES
    seconds_max: float = 600.0
    only: str = ""
    keep: bool = False


class Tally:
    """What all runs together came to."""

    def __init__(self) -> None:
        self.kills = 0
        self.stalls = 0
        self.failed = 0
        self.moments: Counter[str] = Counter()
        self.complaints: Counter[str] = Counter()
        self.again = 0
        self.repeats: Counter[str] = Counter()
        self.took = logs.Took()


async def soak(options: Options) -> int:
    """Run it; the exit code."""
    began = time.monotonic()
    directory = Path(tempfile.mkdtemp(prefix="switchyard-soak-"))
    _log_to(directory / "stand-in.log")
    tally, numbers = Tally(), iter(range(1_000_000))

    async def lane() -> None:
        while tally.kills < options.kills and time.monotonic() - began < options.seconds_max:
            await _one(options, next(numbers), directory, tally)

    print(f"seed {options.seed}, logs in {directory}", flush=True)
    await asyncio.gather(*(lane() for _ in range(options.lanes)))
    seconds = time.monotonic() - began
    return _summary(options, directory, tally, seconds)


async def _one(options: Options, number: int, directory: Path, tally: Tally) -> None:
    seed = f"{options.seed}:{number}"
    scenario = SCENARIOS[options.only or PLAYED[number % len(PLAYED)]]
    hosts = 1 + number % 2
    name = f"{number:02d}-{scenario.name}-{hosts}"
    place = directory / name
    place.mkdir()
    try:
        ran = await run(scenario, seed, place, rate=options.rate, hosts=hosts)
    except Exception:  # noqa: BLE001 - one run that breaks must not hide what the others find
        tally.failed += 1
        print(f"FAILED {name}, seed {seed}\n{traceback.format_exc()}", flush=True)
        return
    paths = sorted(place.glob("*.log"))
    found = [*checks.problems(ran), *logs.problems(paths, ran.place.secrets)]
    tally.kills += ran.kills()
    tally.stalls += len(ran.blows) - ran.kills()
    tally.moments.update(blow.moment for blow in ran.blows)
    tally.complaints += logs.complaints(paths)
    tally.again += len(ran.published) - len({event["id"] for event in ran.published})
    tally.repeats += _repeats(ran)
    tally.took.read(paths)
    print(_line(name, ran, found), flush=True)
    if found:
        tally.failed += 1
        print("\n".join(f"  {sentence}" for sentence in found), flush=True)
        print(f"  seed {seed}, the logs are in {place}", flush=True)


def _repeats(ran: Ran) -> Counter[str]:
    """Orders that the world was given more than once, by kind: what a crash may cost."""
    entries = ran.place.world.ledger.until(ran.place.world.now())
    orders = Counter((entry.kind.value, entry.subject) for entry in entries if entry.kind not in RECORDS)
    return Counter({kind: times - 1 for (kind, _), times in orders.items() if times > 1})


def _line(name: str, ran: Ran, found: list[str]) -> str:
    rollout = ran.state.rollout
    ended = (rollout.outcome or f"{rollout.stage.value} {rollout.step}") if rollout else "not started"
    retried = sum(len(sent.delivery.attempts) - 1 for sent in ran.sent)
    return (
        f"{'FAILED' if found else 'ok    '} {name:15} {ended:12} "
        f"{ran.kills():3} kills {len(ran.blows) - ran.kills():2} stalls {len(ran.audit):4} claims "
        f"{len(ran.inbox):3} signals {retried:3} redeliveries {ran.seconds:4.0f} s"
    )


def _summary(options: Options, directory: Path, tally: Tally, seconds: float) -> int:
    moments = ", ".join(f"{times} at {moment}" for moment, times in tally.moments.most_common())
    hits = f"{tally.kills} kills and {tally.stalls} stalls"
    print(f"\n{hits} ({moments}) in {seconds:.0f} s, {tally.failed} rollouts failed")
    print(f"{tally.again} announcements were sent again")
    repeats = ", ".join(f"{kind} {times}" for kind, times in sorted(tally.repeats.items()))
    print(f"orders given again: {repeats or 'none'}")
    print("\n".join(tally.took.lines()))
    for sentence, times in tally.complaints.most_common(COMPLAINTS_MAX):
        print(f"{times:5} × {sentence}")
    standing = list(logs.problems([directory / "stand-in.log"], ()))
    standing += [] if seconds <= options.seconds_max else [f"it took {seconds:.0f} s"]
    standing += [] if tally.kills >= options.kills else [f"only {tally.kills} hosts were killed"]
    print("\n".join(f"FAILED {sentence}" for sentence in standing))
    if tally.failed or standing:
        print(f"seed {options.seed}, the logs are in {directory}")
        return 1
    if options.keep:
        print(f"the logs are in {directory}")
        return 0
    shutil.rmtree(directory, ignore_errors=True)
    return 0


def _log_to(path: Path) -> None:
    """The stand-in lives in this process: what it and its libraries complain about is evidence too."""
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
