"""Decides whether what a recording passes on is of its last length, and not left behind by bad samples.

Refuses to know how the window was lengthened (`recorded`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from shared.fleet import Gate
from shared.gates.against_live import live_seen, short_of_live
from shared.gates.measuring import beside_live
from shared.gates.weighed import Weighed
from shared.gates.window import lacking
from shared.measured import Measurement, Phase
from shared.model import Doubt, Sample, Verdict


def of_now(
    gate: Gate,
    weighed: Weighed,
    samples: Sequence[Sample],
    told: Sequence[Measurement],
    live: Sequence[Sample] | None,
    span: tuple[datetime, datetime],
) -> Weighed:
    """What a lengthened window came to, unless it passes on too little that is of `span`.

    `told` is what each of `samples` is worth. A warning that is older than that is none of the present.
    """
    if weighed.verdict is not Verdict.PASS and weighed.doubt is not Doubt.WARNING:
        return weighed
    since = span[0]
    speaking = [each for each in weighed.within if each.at >= since]
    odd = [each for each in told if each.at >= since and each.phase is Phase.ERROR]
    lack = lacking(_needing(gate), [*speaking, *odd], samples)
    if weighed.doubt is Doubt.WARNING:
        return weighed if lack is None else replace(weighed, doubt=Doubt.AT_MOST_WARNING)
    lack = lack or _lack_of_live(gate, live, span)
    return weighed if lack is None else Weighed(*lack, weighed.value, weighed.limit)


def _lack_of_live(
    gate: Gate, live: Sequence[Sample] | None, span: tuple[datetime, datetime]
) -> tuple[Verdict, str] | None:
    """What of live's evidence is missing, None where nothing is, or where it is not judged beside it."""
    if not beside_live(gate) or live is None:
        return None
    found, odd = live_seen(gate, live, *span)
    needing = _needing(gate)
    return short_of_live(needing, len(found), odd) if len(found) < needing.min_samples else None


def _needing(gate: Gate) -> Gate:
    """The gate with as many samples as each side needs."""
    if gate.compare is None or gate.compare.samples_min <= gate.min_samples:
        return gate
    return replace(gate, min_samples=gate.compare.samples_min)
