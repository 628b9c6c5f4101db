"""Turns what arrives into signals, or refuses it in one sentence: events, alerts and people's commands.

On the way of every delivery, so its imports are light. It refuses to know the store, the clock and what a
signal leads to; fleets are known by their directory alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shared.errors import Refused
from shared.model import Signal
from shared.signals.alerts import alert_signals as parse_alert
from shared.signals.commands import command_signal as parse_command
from shared.signals.events import event_signals as parse_event
from shared.signals.explaining import explain, validation_code
from shared.signals.matching import Entry, resources_of

__all__ = [
    "Entry",
    "explain",
    "parse_alert",
    "parse_command",
    "parse_event",
    "parse_events",
    "resources_of",
    "validation_code",
]

EVENTS_MAX = 5000
"""Event Grid's largest batch."""
_SENTENCES_MAX = 3


def parse_events(body: object, received_at: datetime, directory: Sequence[Entry]) -> tuple[Signal, ...]:
    """The signals of one event or of an array of them.

    One bad event must not take the good ones of its batch along: Event Grid never delivers a refused batch
    again. Raises Refused with the first few sentences where none of them is a signal.
    """
    if not isinstance(body, list):
        return parse_event(body, received_at, directory)
    if not 0 < len(body) <= EVENTS_MAX:
        raise Refused(f"events: got {len(body)} of them, expected 1 to {EVENTS_MAX}")
    found: list[Signal] = []
    sentences: list[str] = []
    for event in body:
        try:
            found += parse_event(event, received_at, directory)
        except Refused as error:
            sentences.append(str(error))
    if not found:
        told = list(dict.fromkeys(sentences))
        more = [f"and {len(told) - _SENTENCES_MAX} more"] if len(told) > _SENTENCES_MAX else []
        raise Refused("; ".join(told[:_SENTENCES_MAX] + more))
    return tuple(found)
