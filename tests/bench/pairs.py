"""How figures are taken: two things side by side in one run, interleaved, and the median of their ratios.

A shared machine is fast in one second and slow in the next; the ratio of neighbours is what stays.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable

from msgspec import Struct


class Figure(Struct, frozen=True, kw_only=True):
    """One promise of the documents, measured. `ours` and `floor` are median milliseconds of CPU."""

    name: str
    ratios: tuple[float, ...]
    ours: float
    floor: float
    ratio_max: float | None
    against: str

    def __str__(self) -> str:
        return f"{self.name}: {statistics.median(self.ratios):.2f} x"

    @property
    def basis(self) -> str:
        """On what the figure rests, for a reader who doubts it."""
        limit = f", at most {self.ratio_max:g} x" if self.ratio_max is not None else ""
        return (
            f"{self.name}: median of {len(self.ratios)} interleaved pairs, {min(self.ratios):.2f} to "
            f"{max(self.ratios):.2f}; {self.ours:.1f} ms of CPU against {self.floor:.1f} ms for "
            f"{self.against}{limit}"
        )


async def cpu_seconds(work: Callable[[], Awaitable[object]]) -> float:
    """The processor time that this process spends on `work`."""
    start = time.process_time()
    await work()
    return time.process_time() - start


def figure(
    name: str, pairs: list[tuple[float, float]], *, against: str, ratio_max: float | None = None
) -> Figure:
    """The figure of so many pairs of seconds, ours first."""
    return Figure(
        name=name,
        ratios=tuple(ours / floor for ours, floor in pairs),
        ours=1000 * statistics.median(ours for ours, _ in pairs),
        floor=1000 * statistics.median(floor for _, floor in pairs),
        ratio_max=ratio_max,
        against=against,
    )
