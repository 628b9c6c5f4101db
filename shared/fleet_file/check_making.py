"""Turns what a checked gate asks of a source that says yes or no into values. Decides nothing."""

from __future__ import annotations

from shared.check_rules import (
    AlertFilter,
    Check,
    ClusterCheck,
    Expect,
    Hook,
    LoadMeasure,
    LoadTest,
    Objects,
)
from shared.fleet_file.check_checks import YES_OR_NO
from shared.fleet_file.check_models import ExpectPart
from shared.fleet_file.gate_models import GatePart


def check(part: GatePart) -> Check | None:
    """What the gate asks of its source, None where the source asks for nothing of the kind."""
    if part.expect is not None:
        return _expect(part.expect)
    if part.webhook is not None:
        return Hook(url=part.webhook.url, audience=part.webhook.audience or "")
    if part.kubernetes is not None:
        found = part.kubernetes
        objects = Objects(found.check)
        return ClusterCheck(objects=objects, namespace=found.namespace or "", selector=found.selector or "")
    if part.alerts is not None:
        return AlertFilter(
            severities=tuple(part.alerts.severities or ()), rules=tuple(part.alerts.rules or ())
        )
    if part.load_test is not None:
        test = part.load_test
        return LoadTest(
            endpoint=test.endpoint.rstrip("/"),
            test_id=test.test,
            baseline_run=test.baseline_run,
            measure=LoadMeasure(test.measure),
        )
    return None


def unit(part: GatePart) -> str:
    """The unit where the file names none."""
    milliseconds = part.load_test is not None and part.load_test.measure == "p95_ms"
    return "ms" if milliseconds or part.measure == "latency_ms" else ""


def max_value(part: GatePart) -> float | None:
    """The largest tolerated value: none is tolerated of a source that says yes or no."""
    own = part.source in YES_OR_NO and part.max is None and part.min is None
    return 0.0 if own else part.max


def min_samples(part: GatePart) -> int:
    """How many samples a verdict needs: one of a source that gives one."""
    one = part.source in YES_OR_NO or part.source == "load_test"
    return 1 if one else part.min_samples


def _expect(part: ExpectPart) -> Expect:
    return Expect(
        statuses=tuple(part.status or ()),
        latency_ms=part.latency,
        body=part.body or "",
        pattern=part.pattern or "",
        fields=tuple((part.json_ or {}).items()),
        certificate_seconds=part.certificate or 0,
    )
