"""Decides whether kept samples are the answer to what a gate asks, by the query as it was sent.

Where that cannot be told, they are not. Refuses to know who asks.
"""

from __future__ import annotations

from shared.fleet import Gate, Measure, Source
from shared.model import Judgement


def asked_alike(gate: Gate, judgement: Judgement) -> bool:
    """Whether `judgement.source` is what `gate` asks. Its window does not matter."""
    match gate.source:
        case Source.LOGS:
            return judgement.source == gate.query
        case Source.HTTP:
            return _same_request(gate, judgement)
        case Source.METRICS:
            return _same_metric(gate, judgement.source)


def _same_request(gate: Gate, judgement: Judgement) -> bool:
    _, _, address = judgement.source.removeprefix("GET ").partition("://")
    host, _, path = address.partition("/")
    if not host or path != gate.path.lstrip("/"):
        return False
    # A query does not say which of the two was measured: a failed share has no other values than these.
    values = {each.value for each in judgement.samples if each.value is not None}
    if gate.measure is Measure.FAILED_SHARE:
        return values <= {0.0, 1.0}
    return not values & {0.0, 1.0}


def _same_metric(gate: Gate, source: str) -> bool:
    """The namespace, the metric and the aggregation are words of it; the filter follows after `where`.

    A gateway that slots share adds to the filter what splits its answer, and names the slot's pools.
    """
    head, _, filtered = source.casefold().partition(" where ")
    words = set(head.split())
    wanted = {gate.metric.casefold(), (gate.aggregation or "average").casefold()}
    if any("/" in word for word in words) and gate.namespace:
        wanted.add(gate.namespace.casefold())
    if not wanted <= words:
        return False
    own = gate.filter.casefold()
    left = filtered.removeprefix(own)
    for word in (" of ", " on "):
        left = left.partition(word)[0]
    return filtered.startswith(own) and (not left or _only_splits(left.removeprefix(" and ")))


def _only_splits(condition: str) -> bool:
    dimension, _, value = condition.partition(" eq ")
    return value == "'*'" and " " not in dimension
