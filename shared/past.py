"""How a question about the past is asked of a source that is asked about the present: span by span.

Pure: each span is a reading as of its end. Decides that an answer with a span missing is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from shared.fleet import Gate
from shared.past_probes import GatePast
from shared.probes import Answer, GateReading, Reading, Unavailable


def parts(probe: GatePast) -> tuple[tuple[GateReading, datetime], ...]:
    """The reading of each span, and as of when it is asked."""
    return tuple(
        (GateReading(_spanning(probe, since, until), probe.slot, probe.since), until)
        for since, until in probe.spans
    )


def joined(probe: GatePast, answers: Sequence[Answer]) -> Answer:
    """One answer from those on the parts, in their order."""
    silent = [each for each in answers if not isinstance(each, Reading)]
    if silent:
        told = [each for each in silent if isinstance(each, Unavailable)]
        because = min((each.because for each in told), default="it was not observed")
        patience = [each.after_seconds for each in told if each.after_seconds is not None]
        return Unavailable(because, max(patience, default=None))
    readings = [each for each in answers if isinstance(each, Reading)]
    return Reading(
        samples=tuple(sample for each in readings for sample in each.samples),
        source=readings[-1].source if readings else "",
        since=probe.spans[0][0],
        until=probe.spans[-1][1],
    )


def _spanning(probe: GatePast, since: datetime, until: datetime) -> Gate:
    seconds = int((until - since).total_seconds())
    return msgspec.structs.replace(probe.gate, window_seconds=seconds, ingestion_seconds=0)
