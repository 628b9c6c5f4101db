"""Decides what requests that were sent together come to where a share of them may fail.

A reading tells of each whether it failed, as 1 or 0. Beside a limit between these two, each by itself would
be beyond it or say nothing: what is held against it is the share of those that failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from shared.fleet import Gate, Measure, Source
from shared.gates.figures import mean
from shared.gates.measuring import Limits, counted
from shared.model import Sample

_FAILED_OR_NOT = (0.0, 1.0)


def as_shares(gate: Gate, samples: Sequence[Sample], limits: Limits) -> Sequence[Sample]:
    """The samples, with the share of an instant's requests that failed in the place of whether each did.

    With a `max` of 0 each request counts by itself: `breaches_max` says how many may fail. Where the share is
    within the limit only those that went well speak for it: one that failed is no evidence for others.
    """
    by_share = gate.source is Source.HTTP and gate.measure is Measure.FAILED_SHARE
    alone = limits.alone and (gate.max_value is not None or counted(gate))
    if not by_share or not alone or not 0 < limits.high < 1:
        return samples
    together: dict[datetime, list[float]] = {}
    for each in samples:
        if _is_request(each) and each.value is not None:
            together.setdefault(each.at, []).append(each.value)
    shares = {at: mean(values) for at, values in together.items() if len(values) > 1}
    found = []
    for each in samples:
        share = shares.get(each.at) if _is_request(each) else None
        if share is None:
            found.append(each)
        else:
            speaks = share > limits.high or not each.value
            found.append(replace(each, value=share, requests=each.requests if speaks else 0.0))
    return found


def _is_request(sample: Sample) -> bool:
    return not sample.error and sample.value in _FAILED_OR_NOT and sample.requests != 0
