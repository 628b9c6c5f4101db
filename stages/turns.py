"""Whose turn it is when more fleets are due than Azure lets one identity look at.

Decides who goes first: whoever cannot wait, without any limit; then the rollouts under way, so that what was
begun is finished under watchful eyes before more is begun; then those that are to start, of which there are
fewer in one sweep, for a start asks more than a look. Within a group the order is another one at every sweep,
so that a fleet whose tick fails again and again holds up nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import IntEnum

from shared.model import FleetState, Signal, SignalKind, Stage

VERSIONS = (SignalKind.VERSION_AVAILABLE, SignalKind.VERSION_PUBLISHED)
"""News that may start a rollout, and that nobody minds to wait for."""


_PRIME = 2_147_483_647


class Turn(IntEnum):
    """How long a fleet that is due can be kept waiting, the shortest first."""

    NOW = 0
    UNDER_WAY = 1
    TO_START = 2


def turn_of(state: FleetState, signals: Iterable[Signal]) -> Turn:
    """A rollback, a person and an alert wait for nobody."""
    rollout = state.rollout
    if rollout is not None and rollout.stage is Stage.ROLLBACK and rollout.outcome is None:
        return Turn.NOW
    kinds = {signal.kind for signal in signals}
    if kinds.difference(VERSIONS):
        return Turn.NOW
    return Turn.TO_START if kinds and (rollout is None or rollout.outcome is not None) else Turn.UNDER_WAY


def _lot(name: str, now: datetime) -> int:
    """A fleet's place in this sweep's order: another one in the next."""
    return int.from_bytes(name.encode()) * int(now.timestamp()) % _PRIME


def in_turn(
    due: Iterable[tuple[str, Turn]], fleets_max: int, starts_max: int, now: datetime
) -> tuple[str, ...]:
    """Of the fleets that are due those whose turn it is: all that cannot wait, and `fleets_max` others.

    No more than `starts_max` of these are to start.
    """
    drawn = list(due)
    if len(drawn) > 1:
        drawn.sort(key=lambda each: (each[1], _lot(each[0], now)))
    first = sum(turn is Turn.NOW for _, turn in drawn)
    begun = sum(turn is not Turn.TO_START for _, turn in drawn)
    return tuple(name for name, _ in drawn[: min(first + fleets_max, begun + starts_max)])
