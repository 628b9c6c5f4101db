"""Roll out an estate in virtual time, and say how close it came to Azure's limits: `make limits`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import time

from tests.limits.estate import Estate
from tests.limits.report import table


async def main() -> int:
    """0 where nothing was refused and every rollout was completed."""
    parser = argparse.ArgumentParser(prog="make limits", description=__doc__)
    parser.add_argument("--rollouts", type=int, default=500, metavar="N")
    parser.add_argument("--example", default="contoso-public", help="which of examples/ every fleet is like")
    parser.add_argument("--seed", type=int, default=1, help="how long each cluster takes")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    begun = time.process_time()
    estate = Estate(options.rollouts, example=options.example, seed=options.seed)
    await estate.run()
    lines = estate.meter.lines()
    print("\n".join(table(lines, estate.meter.unlimited)))
    hours = (estate.clock.at - estate.started_at).total_seconds() / 3600
    outcomes = await estate.outcomes()
    ends = ", ".join(f"{n} {each.value if each else 'not begun'}" for each, n in outcomes.items())
    looks = sum(estate.looks.values()) / options.rollouts
    print(f"\n{ends} in {hours:.1f} hours, at most {estate.under_way_max} under way at a time;")
    print(f"{looks:.0f} looks a rollout; {time.process_time() - begun:.0f} CPU seconds")
    return int(any(line.refused for line in lines) or len(outcomes) > 1)


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
