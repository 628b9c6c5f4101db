"""`make bench`: every speed that the documents promise, one line each on standard output.

Standard error says on how many runs each figure rests. Figures are ratios, so that they mean the same on any
machine; a missed limit is shown and does not fail, because a shared machine has bad minutes.
"""

from __future__ import annotations

import asyncio
import sys

from sandbox.azurite import Azurite
from tests.bench import alert, gates, indexing, transition
from tests.bench.pairs import Figure


async def main() -> None:
    """Take all figures."""
    show(indexing.measure())
    for each in gates.measure():
        show(each)
    async with Azurite() as azurite:
        show(await transition.measure(azurite))
        show(await alert.measure(azurite))


def show(figure: Figure) -> None:
    """One figure, and what it rests on."""
    print(figure, flush=True)
    print(f"# {figure.basis}", file=sys.stderr, flush=True)


asyncio.run(main())
