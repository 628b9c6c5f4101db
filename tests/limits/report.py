"""What an estate asked of Azure, as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sandbox.world.limits import Limit
from tests.limits.meter import SPANS_SECONDS, Line, peak

HEADINGS = ("limit", "bucket", "refill", "requests", "in 1 s", "in 1 min", "in 5 min", "lowest", "429s")


def table(lines: Iterable[Line], unlimited: list[float]) -> Iterator[str]:
    """The lines of a Markdown table. `unlimited` are the moments of requests without a published limit."""
    yield _row(HEADINGS)
    yield _row("---" for _ in HEADINGS)
    for line in sorted(lines, key=lambda each: each.limit.name):
        limit = line.limit
        room = f"{line.lowest:.0f} ({line.lowest / limit.size:.0%})"
        numbers = (line.total, *line.peaks)
        yield _row(
            (limit.name, f"{limit.size:.0f}", _refill(limit), *map(str, numbers), room, str(line.refused))
        )
    numbers = (len(unlimited), *(peak(unlimited, span) for span in SPANS_SECONDS))
    yield _row(("Metrics batches", "–", "none is published", *map(str, numbers), "–", "0"))


def _refill(limit: Limit) -> str:
    if limit.span_seconds:
        return f"whole every {limit.span_seconds} s"
    if limit.per_second < 1:
        return f"{limit.per_second * 60:g} a minute"
    return f"{limit.per_second:g} a second"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
