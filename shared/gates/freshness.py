"""Decides whether what a recording passes on is of its last length, and not left behind by bad samples.

Refuses to know how the window was lengthened (`recorded`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from shared.fleet import Gate
from shared.gates.against_live import live_seen, short_of_live
from shared.gates.measuring import beside_live, error_in
from shared.gates.weighed import Weighed
from shared.gates.window import requests_short, shortage
from shared.measured import Measurement
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
    lack = _lack(gate, weighed, samples, told, span[0])
    if weighed.doubt is Doubt.WARNING:
        return weighed if lack is None else replace(weighed, doubt=Doubt.NO_BETTER)
    lack = lack or _lack_of_live(gate, live, span)
    return weighed if lack is None else Weighed(*lack, weighed.value, weighed.limit)


def _lack(
    gate: Gate, weighed: Weighed, samples: Sequence[Sample], told: Sequence[Measurement], since: datetime
) -> tuple[Verdict, str] | None:
    """What of the candidate's evidence is missing since then, None where nothing is."""
    recent = [each for each in weighed.within if each.at >= since]
    short = shortage(_needing(gate), recent)
    odd = error_in(each for each in told if each.at >= since)
    if short is not None and odd:
        return Verdict.PROVIDER_ERROR, short if short.endswith(odd) else f"{short}: {odd}"
    short = short or requests_short(gate, recent, samples)
    return None if short is None else (Verdict.NO_DATA, short)


def _lack_of_live(
    gate: Gate, live: Sequence[Sample] | None, span: tuple[datetime, datetime]
) -> tuple[Verdict, str] | None:
    """The same of live's, where it is judged beside it."""
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
