"""`make zero-downtime`: every kind of switch under real traffic, one after the other.

Exit code 0: no request failed, no session was lost, and nothing else was amiss that the lever does not
excuse. 1: something was; it is printed beside `NOT SO`. 2: a wrong command line.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from tests.zero_downtime.place import ABOVE, COMPOSITE, SWITCHES, Scale
from tests.zero_downtime.report import lines
from tests.zero_downtime.trial import tried

RATES = {
    "azure_dns": 60.0,
    "private_dns": 60.0,
    "front_door": 360.0,
    "front_door_classic": 360.0,
    "traffic_manager": 60.0,
    "application_gateway": 60.0,
    COMPOSITE: 240.0,
    ABOVE: 240.0,
}
"""Seconds of the world in a real one: what a name does in a minute takes Front Door a quarter of an hour."""


async def main() -> int:
    """Try what was asked for."""
    parser = argparse.ArgumentParser(
        prog="tests.zero_downtime", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--switch", choices=SWITCHES, help="try this one alone")
    parser.add_argument("--requests", type=int, default=20_000, help="of each switch at least")
    parser.add_argument("--per-second", type=float, default=800.0, help="requests in a real second")
    parser.add_argument(
        "--apart", action="store_true", help="each slot keeps its sessions to itself: they get lost"
    )
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    began = time.monotonic()
    requests = amiss = 0
    for switch in [options.switch] if options.switch else SWITCHES:
        scale = Scale(
            rate=RATES[switch], requests=options.requests, per_second=options.per_second, apart=options.apart
        )
        scale = msgspec.structs.replace(scale, requests_max=max(scale.requests_max, 2 * scale.requests))
        with tempfile.TemporaryDirectory(prefix="switchyard-zero-") as directory:
            story = await tried(switch, scale, Path(directory))
        print("\n".join(lines(story)), end="\n\n", flush=True)
        requests += story.requests
        amiss += len(story.problems)
    said = f"{amiss} things are not as they must be" if amiss else "all as it must be"
    print(f"{requests:,} requests in {time.monotonic() - began:.0f} s: {said}")
    return int(amiss > 0)


sys.exit(asyncio.run(main()))
