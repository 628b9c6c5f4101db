"""Decides whether kept samples are the answer to what a gate asks, by the query as it was sent.

Where that cannot be told, they are not. Refuses to know who asks.
"""

from __future__ import annotations

from shared.fleet import SHARE_OF, Gate, Measure, Source
from shared.model import Judgement

_NAMES = ("slot", "cluster", "gateway", "host", "member")
_HOLE = "\0"
"""Where a name of the slot stands; no query holds one."""


def asked_alike(gate: Gate, judgement: Judgement) -> bool:
    """Whether `judgement.source` is what `gate` asks. Its window does not matter."""
    match gate.source:
        case Source.LOGS | Source.APP_INSIGHTS | Source.PROMETHEUS:
            return _same_query(gate.query, judgement.source)
        case Source.HTTP:
            return _same_request(gate, judgement)
        case Source.METRICS:
            return _same_metric(gate, judgement.source)
        case _:
            # A hook, a check or a test run answers for the moment in which it was asked.
            return False


def _same_query(query: str, sent: str) -> bool:
    """Whether it was sent with the slot's own names in place of what stands for them."""
    for name in _NAMES:
        query = query.replace(f"{{{name}}}", _HOLE)
    parts = query.split(_HOLE)
    if len(parts) == 1 or not sent.startswith(parts[0]):
        return sent == query
    rest = sent.removeprefix(parts[0])
    for part in parts[1:-1]:
        _, found, rest = rest.partition(part)
        if not found:
            return False
    return rest.endswith(parts[-1])


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
    # The words of a share are those of its two metrics, in the one order.
    if (SHARE_OF in head) != (SHARE_OF in gate.metric) or gate.metric.casefold() not in head:
        return False
    wanted = {*gate.metric.casefold().split(), (gate.aggregation or "average").casefold()}
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
