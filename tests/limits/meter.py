"""Counts requests against the published limits, as Azure would, and remembers how close they came.

Decides nothing about a rollout.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from msgspec import Struct

from sandbox.world.limits import Asked, Buckets, Limit, limits_of

SPANS_SECONDS = (1, 60, 300)


class Line(Struct, frozen=True, kw_only=True):
    """How close one limit came: the most requests in any 1 s, 60 s and 300 s, and the lowest level."""

    limit: Limit
    total: int
    peaks: tuple[int, ...]
    lowest: float
    refused: int


class Meter:
    """Counts the requests of one principal in one region."""

    def __init__(self, started_at: datetime) -> None:
        self._started_at = started_at
        self._buckets = Buckets()
        self._times: dict[Limit, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        self._lowest: dict[Limit, float] = {}
        self._refused: dict[Limit, int] = defaultdict(int)
        self.unlimited: list[float] = []

    def take(self, method: str, path: str, now: datetime) -> float | None:
        """Count a request. None: it went through; else the seconds after which to ask again."""
        asked = Asked(method=method, path=path, region="westeurope", principal="switchyard")
        seconds = (now - self._started_at).total_seconds()
        counted = limits_of(asked)
        refusal = self._buckets.take(asked, now)
        if refusal is not None:
            self._refused[refusal.limit] += 1
            self._lowest[refusal.limit] = 0
            return float(refusal.after_seconds)
        if not counted:
            self.unlimited.append(seconds)
        for limit in counted:
            holder = asked.path.lower() if limit.scope == "resource" else ""
            self._times[limit][holder].append(seconds)
            left = self._buckets.left(limit, asked, now)
            self._lowest[limit] = min(left, self._lowest.get(limit, limit.size))
        return None

    def lines(self) -> list[Line]:
        """Every limit that was touched, the gateway's first."""
        found = []
        for limit in self._lowest:
            times = self._times[limit].values()
            peaks = tuple(max((peak(each, span) for each in times), default=0) for span in SPANS_SECONDS)
            found.append(
                Line(
                    limit=limit,
                    total=sum(map(len, times)),
                    peaks=peaks,
                    lowest=self._lowest[limit],
                    refused=self._refused[limit],
                )
            )
        return found


def peak(times: list[float], span_seconds: float) -> int:
    """The most of these moments, in order, that lie within any span of that length."""
    most = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - span_seconds:
            first += 1
        most = max(most, last - first + 1)
    return most
