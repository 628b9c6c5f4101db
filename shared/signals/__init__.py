"""Turns what arrives into signals, or refuses it in one sentence: events, alerts and people's commands.

On the way of every delivery, so its imports are light. It refuses to know the store, the clock and what a
signal leads to; fleets are known by their directory alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from shared.errors import Refused
from shared.model import Signal
from shared.resources import resources_of
from shared.signals.alerts import alert_signals as parse_alert
from shared.signals.commands import command_signal as parse_command
from shared.signals.events import event_signals as parse_event
from shared.signals.explaining import explain, validation_code
from shared.signals.matching import Entry

__all__ = [
    "Batch",
    "Entry",
    "Rejected",
    "explain",
    "parse_alert",
    "parse_command",
    "parse_event",
    "parse_events",
    "read_batch",
    "resources_of",
    "told",
    "validation_code",
]

EVENTS_MAX = 5000
"""Event Grid's largest batch."""
_SENTENCES_MAX = 3


class Rejected(Struct, frozen=True):
    """An event of a batch that is no signal: its place, counted from 0, and the sentence that says why."""

    event: int
    because: str


class Batch(Struct, frozen=True):
    """What a delivery held: the signals of its good events, and what was wrong with the others.

    `notices` are what its sender should put right, though nothing was lost by it.
    """

    signals: tuple[Signal, ...]
    refused: tuple[Rejected, ...] = ()
    notices: tuple[str, ...] = ()


def parse_events(body: object, received_at: datetime, directory: Sequence[Entry]) -> tuple[Signal, ...]:
    """The signals of one event or of an array of them. Raises Refused where there is none."""
    return read_batch(body, received_at, directory).signals


def read_batch(body: object, received_at: datetime, directory: Sequence[Entry]) -> Batch:
    """One event, or an array of them with each one's own answer.

    One bad event must not take the good ones of its batch along: Event Grid never delivers a refused batch
    again. Raises Refused with the first few sentences where none of them is a signal.
    """
    if not isinstance(body, list):
        return Batch(parse_event(body, received_at, directory))
    if not 0 < len(body) <= EVENTS_MAX:
        raise Refused(f"events: got {len(body)} of them, expected 1 to {EVENTS_MAX}")
    found: list[Signal] = []
    refused: list[Rejected] = []
    for place, event in enumerate(body):
        try:
            found += parse_event(event, received_at, directory)
        except Refused as error:
            refused.append(Rejected(place, str(error)))
    if not found:
        raise Refused(told(refused))
    return Batch(tuple(found), tuple(refused))


def told(refused: Sequence[Rejected]) -> str:
    """The first few different sentences of what was refused."""
    distinct = list(dict.fromkeys(each.because for each in refused))
    more = [f"and {len(distinct) - _SENTENCES_MAX} more"] if len(distinct) > _SENTENCES_MAX else []
    return "; ".join(distinct[:_SENTENCES_MAX] + more)
